/* http.h - one POST to a live provider: sent whole, answered whole or in a stream, within named limits.
 *
 * A worker thread has one baton_http and reuses it: connections stay open between calls. A reply with any status is a
 * success here (its status is for retry.h and the codecs to judge); what fails is the transfer, and `failure` says how.
 * Certificates are always verified. Plain http:// goes to this machine (127.0.0.0/8, ::1, localhost) or a unix socket
 * only, redirects are not followed, and no proxy, cookie or netrc of the environment is used.
 *
 * Owns:     its connections, and the body of the last reply until the next post or baton_http_free().
 * Threads:  one at a time; nothing is shared between two of them.
 * Secrets:  values of headers, and user and query of a URL, never stand in an error text.
 * Ends:     a body with neither a length nor chunks ends with its connection, and whether that was in good order cannot be
 *           told; a decoder has to know what a whole answer looks like.
 * Again:    a call whose kept connection turns out closed before any byte of a reply is sent once more by libcurl itself.
 */
#ifndef BATON_ENGINE_HTTP_HTTP_H
#define BATON_ENGINE_HTTP_HTTP_H

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/error.h"

enum {
    BATON_HTTP_CONNECT_MS = 10000,                  /* to connect, TLS included */
    BATON_HTTP_IDLE_MS = 300000,                    /* without a byte either way, before and in a reply */
    BATON_HTTP_TIMEOUT_MS_MAX = 24 * 3600 * 1000,   /* longer times count as this */
    BATON_HTTP_INTERRUPT_MS = 50,                   /* a Ctrl-C is seen after at most this long */
    BATON_HTTP_HEADER_BYTES_MAX = 64 * 1024,        /* all headers of a reply, interim replies and trailers included */
    BATON_HTTP_BODY_BYTES_MAX = 64 * 1024 * 1024,   /* of a reply, streamed or not */
    BATON_HTTP_REQUEST_HEADERS_MAX = 64,            /* of a request */
    BATON_HTTP_REQUEST_HEADER_BYTES_MAX = 8 * 1024, /* name and value of one of them */
    BATON_HTTP_CONNECTIONS_MAX = 4,                 /* kept open */
    BATON_HTTP_VALUE_BYTES = 128                    /* a kept header's value; longer ones are cut */
};

/* How a transfer failed. name, short text */
#define BATON_HTTP_FAILURE_LIST(X)                                                         \
    X(NONE, "none")                                                                        \
    X(CONNECT, "no connection")                                                            \
    X(TIMEOUT, "time is up")                                                               \
    X(CUT, "the connection broke") /* before or in a reply */                              \
    X(TOO_LARGE, "the reply is too large")                                                 \
    X(TLS, "no secure connection") /* a certificate or version that will not get better */ \
    X(PROTOCOL, "the reply is not HTTP")                                                   \
    X(INTERRUPTED, "interrupted")                                                          \
    X(STOPPED, "stopped by its reader")    /* on_data said so; no error */                 \
    X(REFUSED, "the request was not sent") /* URL or header not allowed */                 \
    X(MEMORY, "out of memory")

#define BATON_HTTP_FAILURE_ENUM(name, text) BATON_HTTP_##name,
enum baton_http_failure { BATON_HTTP_FAILURE_LIST(BATON_HTTP_FAILURE_ENUM) BATON_HTTP_FAILURE_COUNT };
#undef BATON_HTTP_FAILURE_ENUM

struct baton_http;

struct baton_http_options {
    struct baton_clock *clock;
    const volatile int *interrupted; /* set by a signal handler or another thread; NULL: never */
};

struct baton_http_header {
    const char *name, *value;
};

/* All of it is borrowed until the post returns. */
struct baton_http_request {
    const char *url;
    const struct baton_http_header *headers; /* content-type is application/json where none says otherwise */
    size_t header_count;
    struct baton_str body;
    uint64_t timeout_ns;     /* from the start of the post to the last byte; 0 is up at once */
    uint64_t idle_ns;        /* without a byte; 0: BATON_HTTP_IDLE_MS */
    const char *unix_socket; /* connects there, whatever host the URL names; NULL: to the host */
    size_t body_bytes_max;   /* of the reply; 0: BATON_HTTP_BODY_BYTES_MAX */

    /* Each header of the reply in turn (not of interim replies), and each piece of the body of a reply with status 2xx.
     * When the first piece comes, the response has its status and headers. A body that went to on_data is not collected;
     * that of another status is. on_data says whether to go on: `false` closes the connection, so read to the end where
     * the end is near. Either may be NULL. */
    void (*on_header)(void *user, struct baton_str name, struct baton_str value);
    bool (*on_data)(void *user, struct baton_str piece);
    void *user;
};

struct baton_http_response {
    enum baton_http_failure failure;
    unsigned status;             /* 0: no reply came */
    struct baton_str body;       /* collected; what there is of it also after a failure */
    uint64_t body_bytes;         /* received, streamed ones too */
    uint64_t first_byte_ns;      /* from the start of the post to the reply's first byte; 0: none came */
    uint64_t total_ns;           /* to its end */
    unsigned connections_opened; /* 0: a kept one served */

    /* Headers, empty where absent; the first of a name counts. Control characters and bytes over 0x7e read as '?'. */
    char content_type[BATON_HTTP_VALUE_BYTES];
    char request_id[BATON_HTTP_VALUE_BYTES]; /* request-id or x-request-id */
    char retry_after[BATON_HTTP_VALUE_BYTES];
    char retry_after_ms[BATON_HTTP_VALUE_BYTES];
    char x_should_retry[BATON_HTTP_VALUE_BYTES];
    char openai_processing_ms[BATON_HTTP_VALUE_BYTES];
    char date[BATON_HTTP_VALUE_BYTES];
};

/* BATON_EPROVIDER when libcurl cannot be loaded, with what to install. */
BATON_MUST_CHECK enum baton_status baton_http_new(struct baton_http **out, const struct baton_http_options *options,
                                                  struct baton_error *err);
void baton_http_free(struct baton_http *http);

/* Posts and waits for the reply. BATON_OK: a whole reply of any status came, or on_data stopped it. Else `failure` tells,
 * and the status is BATON_EINTERRUPTED, BATON_ENOMEM, BATON_EUSAGE (a URL or header that is not allowed) or BATON_EPROVIDER
 * (all others). */
BATON_MUST_CHECK enum baton_status baton_http_post(struct baton_http_response *out, struct baton_http *http,
                                                   const struct baton_http_request *request, struct baton_error *err);

/* `no connection`, `time is up`, ... */
const char *baton_http_failure_text(enum baton_http_failure failure);

#endif
