/* One POST by libcurl, driven by our own loop.
 *
 * libcurl moves the bytes; what this file adds is what it leaves open. Each transfer has bounds of time and size. A Ctrl-C ends
 * it within 50 ms, which easy_perform() cannot promise, hence the multi interface for a single handle. Nothing of the
 * environment (proxy, netrc, cookies) and no redirect may send a key elsewhere, and plain http:// stays on this machine even
 * where a name resolves to another one: the socket callback looks at the address itself. Messages are checked for the secrets
 * that libcurl might quote. And its many codes are few failures here, as a caller only asks whether to try again. */
#include "engine/http/http.h"

#include "engine/base/text.h"
#include "engine/http/curl_library.h"
#include "engine/http/http_reply.h"
#include "engine/http/http_url.h"
#include "engine/http/wait.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { NS_PER_MS = 1000000 };

/* What the headers that we are built with may not have, and the library that is found may: its values never change. */
enum {
    CODE_TOO_LARGE = 100,         /* CURLE_TOO_LARGE, of libcurl 8.5 and later */
    OPTION_PROTOCOLS = 181,       /* CURLOPT_PROTOCOLS, before 7.85 */
    OPTION_PROTOCOLS_STR = 10318, /* CURLOPT_PROTOCOLS_STR */
    OPTION_QUICK_EXIT = 322       /* CURLOPT_QUICK_EXIT */
};

struct baton_http {
    const struct baton_curl *curl;
    CURL *easy;
    CURLM *multi; /* easy_perform() looks up once a second only; our own loop sees a Ctrl-C in time */
    struct baton_clock *clock;
    const volatile int *interrupted;
    struct baton_text body;
    struct baton_text line; /* a header on its way into curl's list */
    char detail[CURL_ERROR_SIZE];
};

/* One post. */
struct transfer {
    struct baton_http *http;
    const struct baton_http_request *request;
    struct baton_http_url url;
    struct curl_slist *headers;
    struct baton_http_reply reply;
    enum baton_http_failure stop; /* we ended it: INTERRUPTED, TIMEOUT (idle), or NONE */
    bool has_begun;               /* libcurl has it */
};

#define FAILURE_TEXT(name, text) text,
static const char *const failure_texts[] = { BATON_HTTP_FAILURE_LIST(FAILURE_TEXT) };
#undef FAILURE_TEXT

const char *baton_http_failure_text(enum baton_http_failure failure)
{
    return failure < BATON_HTTP_FAILURE_COUNT ? failure_texts[failure] : "unknown failure";
}

enum baton_status baton_http_new(struct baton_http **out, const struct baton_http_options *options,
                                 struct baton_error *err)
{
    const struct baton_curl *curl = NULL;
    *out = NULL;
    enum baton_status status = baton_curl_get(&curl, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_http *http = baton_system_take(sizeof *http);
    if (http == NULL) {
        return baton_error_no_memory(err, "a connection");
    }
    *http = (struct baton_http){ .curl = curl,
                                 .easy = curl->easy_init(),
                                 .multi = curl->multi_init(),
                                 .clock = options->clock,
                                 .interrupted = options->interrupted,
                                 .body = baton_text_with_limit(BATON_HTTP_BODY_BYTES_MAX),
                                 .line = baton_text_with_limit(BATON_HTTP_REQUEST_HEADER_BYTES_MAX + 8) };
    if (http->easy == NULL || http->multi == NULL ||
        curl->multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)BATON_HTTP_CONNECTIONS_MAX) != CURLM_OK) {
        baton_http_free(http);
        return baton_error_no_memory(err, "a connection");
    }
    *out = http;
    return BATON_OK;
}

void baton_http_free(struct baton_http *http)
{
    if (http == NULL) {
        return;
    }
    http->curl->easy_cleanup(http->easy);
    http->curl->multi_cleanup(http->multi);
    baton_text_clear(&http->body);
    baton_text_clear(&http->line);
    baton_system_give(http);
}

static size_t on_line(char *data, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;
    return baton_http_reply_line(&transfer->reply, (struct baton_str){ data, size * count }) ? size * count : 0;
}

static size_t on_piece(char *data, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;
    return baton_http_reply_body(&transfer->reply, (struct baton_str){ data, size * count }) ? size * count : 0;
}

/* Sockets are not for the children of `exec` tools; and whatever a name stands for, plain http stays on this machine. */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct transfer *transfer = user;
    (void)purpose;
    if (transfer->url.must_be_local && !baton_address_is_local(&address->addr)) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* RFC 9110: a name is a token; a value must not end its line. */
static bool header_is_sound(const struct baton_http_header *header)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    size_t length = strspn(header->name, token);
    for (const char *byte = header->value; *byte != '\0'; byte++) {
        if ((*byte >= 0 && *byte < 0x20 && *byte != '\t') || *byte == 0x7f) {
            return false;
        }
    }
    return length > 0 && header->name[length] == '\0' &&
           length + strlen(header->value) <= BATON_HTTP_REQUEST_HEADER_BYTES_MAX;
}

/* What frames the message is for libcurl to say, or two servers in a row might disagree on where it ends. */
static bool header_is_framing(const char *name)
{
    static const char *const names[] = { "content-length", "transfer-encoding", "connection", "expect" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum baton_status request_check(const struct baton_http_request *request, struct baton_error *err)
{
    if (request->header_count > BATON_HTTP_REQUEST_HEADERS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "a request has %zu headers, and at most %d are sent",
                               request->header_count, BATON_HTTP_REQUEST_HEADERS_MAX);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        if (!header_is_sound(&request->headers[i])) {
            return baton_error_set(err, BATON_EUSAGE,
                                   "header %zu of a request cannot be sent: its name has to be a word, its value one "
                                   "line, and both together at most %d bytes",
                                   i + 1, BATON_HTTP_REQUEST_HEADER_BYTES_MAX);
        }
        if (header_is_framing(request->headers[i].name)) {
            return baton_error_set(err, BATON_EUSAGE, "header '%s' is not for a provider's settings; leave it out",
                                   request->headers[i].name);
        }
    }
    return BATON_OK;
}

static bool header_add(struct transfer *transfer, const char *name, const char *value)
{
    struct baton_http *http = transfer->http;
    baton_text_reset(&http->line);
    baton_text_printf(&http->line, value[0] == '\0' ? "%s;" : "%s: %s", name, value); /* `name;` sends an empty value */
    if (http->line.failed) {
        return false;
    }
    struct curl_slist *longer = http->curl->slist_append(transfer->headers, http->line.data);
    transfer->headers = longer != NULL ? longer : transfer->headers;
    return longer != NULL;
}

static bool has_header(const struct baton_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool headers_add(struct transfer *transfer)
{
    const struct baton_http_request *request = transfer->request;
    const struct baton_curl *curl = transfer->http->curl;
    transfer->headers = curl->slist_append(NULL, "Expect:"); /* a body over 1 MB must not wait for a 100 */
    bool is_added = transfer->headers != NULL;
    if (is_added && !has_header(request, "content-type")) {
        is_added = header_add(transfer, "Content-Type", "application/json");
    }
    if (is_added && !has_header(request, "user-agent")) {
        is_added = header_add(transfer, "User-Agent", "baton/" BATON_VERSION);
    }
    for (size_t i = 0; is_added && i < request->header_count; i++) {
        is_added = header_add(transfer, request->headers[i].name, request->headers[i].value);
    }
    return is_added;
}

static long timeout_ms(uint64_t timeout_ns)
{
    uint64_t ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0);
    return ms < BATON_HTTP_TIMEOUT_MS_MAX ? (long)ms : (long)BATON_HTTP_TIMEOUT_MS_MAX;
}

static CURLcode first_of(CURLcode failed, CURLcode next)
{
    return failed != CURLE_OK ? failed : next;
}

#define SET(option, value) (code = first_of(code, curl->easy_setopt(easy, (option), (value))))

/* Who may be called, and how. */
static CURLcode connection_set(const struct transfer *transfer)
{
    const struct baton_curl *curl = transfer->http->curl;
    CURL *easy = transfer->http->easy;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_CURLU, transfer->url.parsed);
    if (curl->version >= BATON_CURL_VERSION_PROTOCOLS_STR) { /* which hosts may have http was decided with the URL */
        SET((CURLoption)OPTION_PROTOCOLS_STR, "http,https");
    } else {
        SET((CURLoption)OPTION_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    }
    if (curl->version >= BATON_CURL_VERSION_QUICK_EXIT) { /* else a Ctrl-C waits for a name server that is silent */
        SET((CURLoption)OPTION_QUICK_EXIT, 1L);
    }
    SET(CURLOPT_UNIX_SOCKET_PATH, transfer->request->unix_socket);
    SET(CURLOPT_PROXY, ""); /* not that of the environment */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)BATON_HTTP_CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, timeout_ms(transfer->request->timeout_ns));
    return code;
}

/* What is sent, and where the reply goes. */
static CURLcode message_set(const struct transfer *transfer)
{
    const struct baton_curl *curl = transfer->http->curl;
    const struct baton_str body = transfer->request->body;
    CURL *easy = transfer->http->easy;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length);
    SET(CURLOPT_POSTFIELDS, body.length == 0 ? "" : body.data);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_HEADERFUNCTION, on_line);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_piece);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_ERRORBUFFER, transfer->http->detail);
    return code;
}

#undef SET

static bool is_idle(struct transfer *transfer, curl_off_t *sent)
{
    const struct baton_http *http = transfer->http;
    const uint64_t limit_ns =
        transfer->request->idle_ns != 0 ? transfer->request->idle_ns : (uint64_t)BATON_HTTP_IDLE_MS * NS_PER_MS;
    uint64_t now = http->clock->now_ns(http->clock);
    curl_off_t sent_now = 0;
    http->curl->easy_getinfo(http->easy, CURLINFO_SIZE_UPLOAD_T, &sent_now);
    if (sent_now != *sent) {
        *sent = sent_now;
        transfer->reply.activity_ns = now;
    }
    return now - transfer->reply.activity_ns >= limit_ns;
}

/* Until the transfer ends by itself (libcurl holds the total time), by a Ctrl-C, or for want of a byte. */
static CURLcode transfer_drive(struct transfer *transfer)
{
    const struct baton_http *http = transfer->http;
    const struct baton_curl *curl = http->curl;
    curl_off_t sent = 0;
    for (int running = 1, left = 0;;) {
        CURLMcode code = curl->multi_perform(http->multi, &running);
        if (code == CURLM_OK && running == 0) {
            const CURLMsg *message = curl->multi_info_read(http->multi, &left);
            return message == NULL ? CURLE_FAILED_INIT : message->data.result;
        }
        if (baton_is_interrupted(http->interrupted)) {
            transfer->stop = BATON_HTTP_INTERRUPTED;
        } else if (is_idle(transfer, &sent)) {
            transfer->stop = BATON_HTTP_TIMEOUT;
        } else if (code == CURLM_OK) {
            code = curl->multi_poll(http->multi, NULL, 0, BATON_HTTP_INTERRUPT_MS, NULL);
        }
        if (code != CURLM_OK || transfer->stop != BATON_HTTP_NONE) {
            return code == CURLM_OUT_OF_MEMORY ? CURLE_OUT_OF_MEMORY : CURLE_ABORTED_BY_CALLBACK;
        }
    }
}

static CURLcode transfer_run(struct transfer *transfer)
{
    const struct baton_http *http = transfer->http;
    const struct baton_curl *curl = http->curl;
    CURLcode code = headers_add(transfer) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    code = first_of(code, connection_set(transfer));
    code = first_of(code, message_set(transfer));
    if (code != CURLE_OK) {
        return code;
    }
    if (curl->multi_add_handle(http->multi, http->easy) != CURLM_OK) {
        return CURLE_OUT_OF_MEMORY;
    }
    transfer->has_begun = true;
    code = transfer_drive(transfer);
    long opened = 0;
    if (curl->easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &opened) == CURLE_OK) {
        transfer->reply.response->connections_opened = (unsigned)opened;
    }
    curl->multi_remove_handle(http->multi, http->easy);
    return code;
}

/* A handshake that the other side broke off is a broken connection, not a certificate that will never do. */
static enum baton_http_failure handshake_failure(const char *detail)
{
    static const char *const broken[] = { "SSL_ERROR_SYSCALL", "Connection reset", "unexpected eof", "Broken pipe" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        if (strstr(detail, broken[i]) != NULL) {
            return BATON_HTTP_CONNECT;
        }
    }
    return BATON_HTTP_TLS;
}

static enum baton_http_failure failure_of(const struct transfer *transfer, CURLcode code)
{
    if (transfer->stop != BATON_HTTP_NONE) {
        return transfer->stop;
    }
    switch ((int)code) {
    case CURLE_OK:
        return transfer->reply.is_head_complete ? BATON_HTTP_NONE : BATON_HTTP_CUT; /* libcurl lets half a head pass */
    case CURLE_WRITE_ERROR:
        return transfer->reply.stop;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return BATON_HTTP_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return BATON_HTTP_TIMEOUT;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return BATON_HTTP_CUT;
    case CURLE_SSL_CONNECT_ERROR:
        return handshake_failure(transfer->http->detail);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
        return BATON_HTTP_TLS;
    case CURLE_OUT_OF_MEMORY: /* also what libcurl before 8.5 says of a header of over 100 KB */
        return transfer->has_begun && !transfer->reply.is_head_complete ? BATON_HTTP_TOO_LARGE : BATON_HTTP_MEMORY;
    case CODE_TOO_LARGE:
        return BATON_HTTP_TOO_LARGE;
    default:
        return transfer->has_begun ? BATON_HTTP_PROTOCOL : BATON_HTTP_REFUSED;
    }
}

/* libcurl's messages name hosts, numbers and lines of a reply; should one ever quote the request, it is not shown. */
static bool detail_is_safe(const struct transfer *transfer, const char *detail)
{
    const struct baton_http_request *request = transfer->request;
    for (size_t i = 0; i < request->header_count; i++) {
        const char *value = request->headers[i].value, *space = strrchr(value, ' ');
        const char *last_word = space == NULL ? value : space + 1; /* of `Bearer ...` */
        if (strlen(last_word) >= BATON_HTTP_SECRET_BYTES_MIN && strstr(detail, last_word) != NULL) {
            return false;
        }
    }
    return !baton_http_url_shows(&transfer->url, transfer->http->curl, detail);
}

/* Which of the times was up. */
static const char *what_was_late(const struct transfer *transfer)
{
    const struct baton_http *http = transfer->http;
    curl_off_t connected_us = 0;
    if (transfer->stop == BATON_HTTP_TIMEOUT && transfer->has_begun) {
        return "no byte came for a while";
    }
    http->curl->easy_getinfo(http->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    return transfer->has_begun && connected_us == 0 ? "no connection was there" : "time was up";
}

static enum baton_status failure_report(const struct transfer *transfer, enum baton_http_failure failure, CURLcode code,
                                        struct baton_error *err)
{
    const struct baton_http_response *response = transfer->reply.response;
    const char *where = transfer->url.where, *detail = transfer->http->detail;
    unsigned long long got = response->body_bytes, after_ms = response->total_ns / NS_PER_MS;
    if (code == CURLE_OK) {
        detail = "its head is not complete";
    } else if (detail[0] == '\0' || !detail_is_safe(transfer, detail)) {
        detail = transfer->http->curl->easy_strerror(code);
    }
    switch (failure) {
    case BATON_HTTP_NONE:
    case BATON_HTTP_STOPPED:
        return BATON_OK;
    case BATON_HTTP_MEMORY:
        return baton_error_no_memory(err, "a call of '%s'", where);
    case BATON_HTTP_INTERRUPTED:
        return baton_error_set(err, BATON_EINTERRUPTED, "interrupted while calling '%s'", where);
    case BATON_HTTP_REFUSED:
        return baton_error_set(err, BATON_EPROVIDER, "cannot call '%s' with this libcurl: %s", where, detail);
    case BATON_HTTP_CONNECT:
        return baton_error_set(err, BATON_EPROVIDER, "cannot connect to '%s': %s", where, detail);
    case BATON_HTTP_TIMEOUT:
        return baton_error_set(err, BATON_EPROVIDER, "'%s' took too long: %s after %llu ms, with %llu bytes received",
                               where, what_was_late(transfer), after_ms, got);
    case BATON_HTTP_CUT:
        return baton_error_set(err, BATON_EPROVIDER, "'%s' broke off after %llu bytes: %s", where, got, detail);
    case BATON_HTTP_TOO_LARGE:
        return baton_error_set(err, BATON_EPROVIDER, "the reply of '%s' is too large: over %zu bytes of %s", where,
                               transfer->reply.is_head_complete ? transfer->reply.body_bytes_max
                                                                : (size_t)BATON_HTTP_HEADER_BYTES_MAX,
                               transfer->reply.is_head_complete ? "body" : "headers");
    case BATON_HTTP_TLS:
        return baton_error_set(err, BATON_EPROVIDER, "no secure connection to '%s': %s", where, detail);
    default:
        return baton_error_set(err, BATON_EPROVIDER, "what '%s' answers is not a reply: %s", where, detail);
    }
}

/* Nothing is sent where there is no more time, or somebody has already said to stop. */
static bool is_over_before(struct transfer *transfer)
{
    if (baton_is_interrupted(transfer->http->interrupted)) {
        transfer->stop = BATON_HTTP_INTERRUPTED;
    } else if (transfer->request->timeout_ns == 0) {
        transfer->stop = BATON_HTTP_TIMEOUT;
    }
    return transfer->stop != BATON_HTTP_NONE;
}

static enum baton_status transfer_finish(struct transfer *transfer, CURLcode code, struct baton_error *err)
{
    struct baton_http *http = transfer->http;
    struct baton_http_response *response = transfer->reply.response;
    response->total_ns = http->clock->now_ns(http->clock) - transfer->reply.start_ns;
    response->failure = failure_of(transfer, code);
    response->body = baton_text_str(&http->body);
    response->status = response->status >= 200 ? response->status : 0; /* an interim reply is none */
    return failure_report(transfer, response->failure, code, err);
}

enum baton_status baton_http_post(struct baton_http_response *out, struct baton_http *http,
                                  const struct baton_http_request *request, struct baton_error *err)
{
    const uint64_t now = http->clock->now_ns(http->clock);
    const size_t body_bytes_max = request->body_bytes_max;
    struct transfer transfer = {
        .http = http,
        .request = request,
        .reply = { .request = request,
                   .response = out,
                   .body = &http->body,
                   .clock = http->clock,
                   .start_ns = now,
                   .activity_ns = now,
                   .body_bytes_max = body_bytes_max == 0 || body_bytes_max > BATON_HTTP_BODY_BYTES_MAX
                                         ? (size_t)BATON_HTTP_BODY_BYTES_MAX
                                         : body_bytes_max },
    };
    *out = (struct baton_http_response){ .failure = BATON_HTTP_REFUSED };
    http->detail[0] = '\0';
    if (http->body.length >
        BATON_HTTP_BODY_BYTES_KEPT) { /* one large reply is no reason to keep so much for every thread */
        baton_text_clear(&http->body);
        http->body = baton_text_with_limit(BATON_HTTP_BODY_BYTES_MAX);
    }
    baton_text_reset(&http->body);
    enum baton_status status = request_check(request, err);
    if (status == BATON_OK) {
        status = baton_http_url_parse(&transfer.url, http->curl, request->url, request->unix_socket, err);
    }
    if (status != BATON_OK) {
        out->failure = status == BATON_ENOMEM ? BATON_HTTP_MEMORY : BATON_HTTP_REFUSED;
        return status;
    }
    CURLcode code = is_over_before(&transfer) ? CURLE_ABORTED_BY_CALLBACK : transfer_run(&transfer);
    status = transfer_finish(&transfer, code, err);
    http->curl->easy_reset(http->easy); /* it forgets what it was told, but keeps its connections */
    http->curl->slist_free_all(transfer.headers);
    baton_http_url_clear(&transfer.url, http->curl);
    return status;
}
