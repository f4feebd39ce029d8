/* misbehave.h - a server on this machine that answers each request as a test wrote down, however badly.
 *
 * It listens on a unix socket and on a port of 127.0.0.1. The k-th request, over whichever connection, gets the k-th
 * step; the last step serves all that follow. The greeting of a TLS client counts as a request, and gets its step in plain.
 * Where requests come in no certain order a function chooses the step by what a request says.
 *
 * Owns:     what it recorded, until misbehave_stop(); steps and their texts outlive it.
 * Threads:  it serves in a thread of its own. What was recorded may be read once the replies have arrived.
 */
#ifndef BATON_ENGINE_TESTS_MISBEHAVE_H
#define BATON_ENGINE_TESTS_MISBEHAVE_H

#include <stdbool.h>
#include <stddef.h>

enum { MISBEHAVE_REQUESTS_MAX = 64, MISBEHAVE_CONNECTIONS_MAX = 64 };

enum misbehave_framing {
    MISBEHAVE_LENGTH,  /* content-length is added */
    MISBEHAVE_CHUNKED, /* the body goes out in chunks of chunk_bytes */
    MISBEHAVE_UNTIL_CLOSE,
    MISBEHAVE_RAW /* `head` is all there is, sent as it stands */
};

enum misbehave_end {
    MISBEHAVE_KEEP,
    MISBEHAVE_CLOSE,
    MISBEHAVE_RESET, /* TCP RST; on the unix socket the same as CLOSE */
    MISBEHAVE_HANG   /* keeps the connection open and silent, until the client closes it */
};

struct misbehave_step {
    unsigned times;      /* how many requests it serves; 0: one */
    unsigned delay_ms;   /* before the first byte */
    const char *interim; /* raw bytes before the head, or NULL */
    const char *head;    /* status line and headers, each with its CRLF, no blank line; NULL: 200 with JSON */
    const char *body;    /* NULL: empty */
    size_t header_filler, body_filler; /* this many bytes more, in a header `x-filler`, and after the body */
    enum misbehave_framing framing;
    size_t chunk_bytes;      /* 0: 16 */
    size_t piece_bytes;      /* written at a time; 0: all at once */
    unsigned piece_pause_us; /* between two pieces */
    bool is_cut;             /* only `cut_after` bytes of all this are sent */
    size_t cut_after;
    enum misbehave_end end;
};

struct misbehave_request {
    char *bytes; /* all of it; NUL-terminated */
    size_t length, head_length;
};

struct misbehave;

struct misbehave *misbehave_start(const struct misbehave_step *steps, size_t step_count);

/* The step for a request; called by the server's thread, before the answer goes out. */
typedef const struct misbehave_step *misbehave_choose(void *user, const struct misbehave_request *request);

struct misbehave *misbehave_start_choosing(misbehave_choose *choose, void *user);
void misbehave_stop(struct misbehave *server);

const char *misbehave_socket(const struct misbehave *server);
unsigned misbehave_port(const struct misbehave *server);

unsigned misbehave_request_count(const struct misbehave *server);
unsigned misbehave_connection_count(const struct misbehave *server);

/* The k-th request, from 0, of the first MISBEHAVE_REQUESTS_MAX. */
const struct misbehave_request *misbehave_request(const struct misbehave *server, unsigned index);

#endif
