/* A server that does what no library for servers would let it do.
 *
 * It cuts, stalls, resets, sends two heads or none: so it writes bytes to sockets itself, in one thread with poll(), and knows
 * just enough of HTTP to find the end of a request. What it got is recorded whole, for tests of what is sent. */
#include "engine/tests/misbehave.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK_BYTES = 16, READ_BYTES = 65536, FIXED_FDS = 3, TLS_HANDSHAKE = 0x16 };

struct connection {
    int fd;
    bool is_silent; /* it hangs; only its end is waited for */
    char *bytes;    /* read so far of the next request */
    size_t length, capacity;
};

struct misbehave {
    const struct misbehave_step *steps;
    size_t step_count;
    misbehave_choose *choose; /* NULL: by their number */
    void *user;
    char folder[32], path[64];
    unsigned port;
    int stop[2], unix_fd, tcp_fd;
    pthread_t thread;
    struct connection connections[MISBEHAVE_CONNECTIONS_MAX];
    size_t connection_count;
    struct misbehave_request requests[MISBEHAVE_REQUESTS_MAX];
    atomic_uint requests_seen, connections_seen;
};

struct reply {
    char *bytes;
    size_t length;
};

static void put(struct reply *reply, const void *bytes, size_t length)
{
    if (length > 0) {
        reply->bytes = realloc(reply->bytes, reply->length + length);
        assert(reply->bytes != NULL);
        memcpy(reply->bytes + reply->length, bytes, length);
        reply->length += length;
    }
}

static void put_text(struct reply *reply, const char *text)
{
    put(reply, text, strlen(text));
}

static void put_filler(struct reply *reply, size_t length)
{
    char *filler = malloc(length + 1);
    assert(filler != NULL);
    memset(filler, 'x', length);
    put(reply, filler, length);
    free(filler);
}

static void put_chunked(struct reply *reply, const struct reply *body, size_t chunk_bytes)
{
    for (size_t at = 0; at < body->length; at += chunk_bytes) {
        size_t length = body->length - at < chunk_bytes ? body->length - at : chunk_bytes;
        char size[32];
        snprintf(size, sizeof size, "%zx\r\n", length);
        put_text(reply, size);
        put(reply, body->bytes + at, length);
        put_text(reply, "\r\n");
    }
    put_text(reply, "0\r\n\r\n");
}

static struct reply reply_of(const struct misbehave_step *step)
{
    struct reply reply = { NULL, 0 }, body = { NULL, 0 };
    char line[64];
    put_text(&reply, step->interim == NULL ? "" : step->interim);
    put_text(&reply, step->head == NULL ? "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" : step->head);
    if (step->framing == MISBEHAVE_RAW) {
        return reply;
    }
    put_text(&body, step->body == NULL ? "" : step->body);
    put_filler(&body, step->body_filler);
    if (step->header_filler > 0) {
        put_text(&reply, "x-filler: ");
        put_filler(&reply, step->header_filler);
        put_text(&reply, "\r\n");
    }
    if (step->framing == MISBEHAVE_LENGTH) {
        snprintf(line, sizeof line, "content-length: %zu\r\n", body.length);
        put_text(&reply, line);
    } else if (step->framing == MISBEHAVE_CHUNKED) {
        put_text(&reply, "transfer-encoding: chunked\r\n");
    }
    put_text(&reply, "\r\n");
    if (step->framing == MISBEHAVE_CHUNKED) {
        put_chunked(&reply, &body, step->chunk_bytes == 0 ? CHUNK_BYTES : step->chunk_bytes);
    } else {
        put(&reply, body.bytes, body.length);
    }
    free(body.bytes);
    return reply;
}

/* Whether the time passed without a word to stop. */
static bool pause_us(const struct misbehave *server, unsigned us)
{
    struct pollfd stop = { .fd = server->stop[0], .events = POLLIN };
    struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000 };
    return us == 0 || ppoll(&stop, 1, &time, NULL) == 0;
}

/* A client that has gone away is no failure here. */
static void deliver(const struct misbehave *server, const struct misbehave_step *step, int fd)
{
    struct reply reply = reply_of(step);
    size_t wanted = step->is_cut && step->cut_after < reply.length ? step->cut_after : reply.length;
    bool goes_on = pause_us(server, step->delay_ms * 1000);
    for (size_t at = 0; goes_on && at < wanted;) {
        size_t piece = step->piece_bytes == 0 || step->piece_bytes > wanted - at ? wanted - at : step->piece_bytes;
        ssize_t sent = send(fd, reply.bytes + at, piece, MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        goes_on =
            sent > 0 && pause_us(server, step->piece_pause_us); /* the last too: a reset throws away what is unread */
    }
    free(reply.bytes);
}

static void connection_close(struct misbehave *server, size_t index, bool is_reset)
{
    struct connection *connection = &server->connections[index];
    if (is_reset) {
        struct linger now = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(connection->fd);
    free(connection->bytes);
    *connection = server->connections[--server->connection_count];
}

static const struct misbehave_step *step_for(const struct misbehave *server, unsigned request)
{
    size_t at = 0;
    for (unsigned left = request; at + 1 < server->step_count; at++) {
        unsigned times = server->steps[at].times == 0 ? 1 : server->steps[at].times;
        if (left < times) {
            break;
        }
        left -= times;
    }
    return &server->steps[at];
}

/* The length of the whole request that the bytes begin with, or 0 while it is not all there. */
static size_t request_length(const struct connection *connection, size_t *head_length)
{
    const char *end = memmem(connection->bytes, connection->length, "\r\n\r\n", 4);
    if (connection->length > 0 && connection->bytes[0] == TLS_HANDSHAKE) {
        return *head_length = connection->length;
    }
    if (end == NULL) {
        return 0;
    }
    *head_length = (size_t)(end - connection->bytes) + 4;
    const char *field = strcasestr(connection->bytes, "\r\ncontent-length:");
    size_t body_length = field == NULL || field > end ? 0 : strtoul(field + strlen("\r\ncontent-length:"), NULL, 10);
    return connection->length - *head_length < body_length ? 0 : *head_length + body_length;
}

/* Notes the request, of which the first ones are kept, and gives its step. */
static const struct misbehave_step *request_take(struct misbehave *server, const struct connection *connection,
                                                 size_t length, size_t head_length)
{
    unsigned index = atomic_load(&server->requests_seen);
    struct misbehave_request request = { .bytes = malloc(length + 1), .length = length, .head_length = head_length };
    assert(request.bytes != NULL);
    memcpy(request.bytes, connection->bytes, length);
    request.bytes[length] = '\0';
    const struct misbehave_step *step =
        server->choose == NULL ? step_for(server, index) : server->choose(server->user, &request);
    if (index < MISBEHAVE_REQUESTS_MAX) {
        server->requests[index] = request;
    } else {
        free(request.bytes);
    }
    atomic_store(&server->requests_seen, index + 1);
    return step;
}

/* Answers the requests that are there. False: the connection has been closed. */
static bool connection_answer(struct misbehave *server, size_t index)
{
    struct connection *connection = &server->connections[index];
    size_t head_length = 0, length = 0;
    while (!connection->is_silent && (length = request_length(connection, &head_length)) != 0) {
        const struct misbehave_step *step = request_take(server, connection, length, head_length);
        memmove(connection->bytes, connection->bytes + length, connection->length - length + 1);
        connection->length -= length;
        deliver(server, step, connection->fd);
        if (step->end == MISBEHAVE_CLOSE || step->end == MISBEHAVE_RESET) {
            connection_close(server, index, step->end == MISBEHAVE_RESET);
            return false;
        }
        connection->is_silent = step->end == MISBEHAVE_HANG;
    }
    return true;
}

/* False: the connection has been closed. */
static bool connection_read(struct misbehave *server, size_t index)
{
    struct connection *connection = &server->connections[index];
    if (connection->capacity - connection->length < READ_BYTES + 1) {
        connection->capacity = connection->capacity * 2 + READ_BYTES + 1;
        connection->bytes = realloc(connection->bytes, connection->capacity);
        assert(connection->bytes != NULL);
    }
    ssize_t got = read(connection->fd, connection->bytes + connection->length, READ_BYTES);
    if (got <= 0) {
        connection_close(server, index, false);
        return false;
    }
    connection->length += (size_t)got;
    connection->bytes[connection->length] = '\0';
    return connection_answer(server, index);
}

static void connection_accept(struct misbehave *server, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
    if (fd < 0) {
        return;
    }
    assert(server->connection_count < MISBEHAVE_CONNECTIONS_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    server->connections[server->connection_count++] = (struct connection){ .fd = fd };
    atomic_fetch_add(&server->connections_seen, 1);
}

static void *serve(void *user)
{
    struct misbehave *server = user;
    for (;;) {
        struct pollfd fds[FIXED_FDS + MISBEHAVE_CONNECTIONS_MAX] = { { .fd = server->stop[0], .events = POLLIN },
                                                                     { .fd = server->unix_fd, .events = POLLIN },
                                                                     { .fd = server->tcp_fd, .events = POLLIN } };
        const size_t count = server->connection_count;
        for (size_t i = 0; i < count; i++) {
            fds[FIXED_FDS + i] = (struct pollfd){ .fd = server->connections[i].fd, .events = POLLIN };
        }
        if (poll(fds, FIXED_FDS + count, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (fds[0].revents != 0) {
            return NULL;
        }
        for (size_t i = count; i > 0; i--) { /* from the end, as the last takes the index of a closed one */
            if (fds[FIXED_FDS + i - 1].revents != 0) {
                connection_read(server, i - 1);
            }
        }
        for (size_t i = 1; i < FIXED_FDS; i++) {
            if (fds[i].revents != 0) {
                connection_accept(server, fds[i].fd);
            }
        }
    }
}

static void listen_unix(struct misbehave *server)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(server->folder, sizeof server->folder, "/tmp/misbehave-XXXXXX");
    bool is_made = mkdtemp(server->folder) != NULL;
    assert(is_made);
    snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
    memcpy(address.sun_path, server->path, strlen(server->path) + 1);
    server->unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = bind(server->unix_fd, (const struct sockaddr *)&address, sizeof address);
    failed |= listen(server->unix_fd, MISBEHAVE_CONNECTIONS_MAX);
    assert(failed == 0);
}

static void listen_tcp(struct misbehave *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    server->tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = bind(server->tcp_fd, (const struct sockaddr *)&address, sizeof address);
    failed |= listen(server->tcp_fd, MISBEHAVE_CONNECTIONS_MAX);
    failed |= getsockname(server->tcp_fd, (struct sockaddr *)&address, &length);
    assert(failed == 0);
    server->port = ntohs(address.sin_port);
}

static struct misbehave *start(const struct misbehave *what)
{
    struct misbehave *server = calloc(1, sizeof *server);
    assert(server != NULL);
    server->steps = what->steps;
    server->step_count = what->step_count;
    server->choose = what->choose;
    server->user = what->user;
    listen_unix(server);
    listen_tcp(server);
    int failed = pipe2(server->stop, O_CLOEXEC);
    failed |= pthread_create(&server->thread, NULL, serve, server);
    assert(failed == 0);
    return server;
}

struct misbehave *misbehave_start(const struct misbehave_step *steps, size_t step_count)
{
    assert(step_count > 0);
    return start(&(struct misbehave){ .steps = steps, .step_count = step_count });
}

struct misbehave *misbehave_start_choosing(misbehave_choose *choose, void *user)
{
    return start(&(struct misbehave){ .choose = choose, .user = user });
}

void misbehave_stop(struct misbehave *server)
{
    ssize_t written = write(server->stop[1], "s", 1);
    assert(written == 1);
    pthread_join(server->thread, NULL);
    while (server->connection_count > 0) {
        connection_close(server, server->connection_count - 1, false);
    }
    const int fds[] = { server->unix_fd, server->tcp_fd, server->stop[0], server->stop[1] };
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        close(fds[i]);
    }
    for (size_t i = 0; i < MISBEHAVE_REQUESTS_MAX; i++) {
        free(server->requests[i].bytes);
    }
    unlink(server->path);
    rmdir(server->folder);
    free(server);
}

const char *misbehave_socket(const struct misbehave *server)
{
    return server->path;
}

unsigned misbehave_port(const struct misbehave *server)
{
    return server->port;
}

unsigned misbehave_request_count(const struct misbehave *server)
{
    return atomic_load(&server->requests_seen);
}

unsigned misbehave_connection_count(const struct misbehave *server)
{
    return atomic_load(&server->connections_seen);
}

const struct misbehave_request *misbehave_request(const struct misbehave *server, unsigned index)
{
    assert(index < misbehave_request_count(server) && index < MISBEHAVE_REQUESTS_MAX);
    return &server->requests[index];
}
