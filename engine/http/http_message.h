/* http_message.h - a request over HTTP, its reply, and how a transfer can fail: the types of http.h.
 *
 * Owns:     nothing; types only.
 */
#ifndef BATON_ENGINE_HTTP_HTTP_MESSAGE_H
#define BATON_ENGINE_HTTP_HTTP_MESSAGE_H

#include "engine/base/str.h"
#include "engine/http/limits.h"

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

#endif
