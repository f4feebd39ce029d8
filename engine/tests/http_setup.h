/* http_setup.h - a client, the server that it calls, and what came of the last call.
 *
 * Each call carries a secret at every point that can hold one, and each error text is searched for them.
 *
 * Owns:     http_setup_open() takes, http_setup_close() gives back.
 * Threads:  one; `interrupted` may be set by another.
 */
#ifndef BATON_ENGINE_TESTS_HTTP_SETUP_H
#define BATON_ENGINE_TESTS_HTTP_SETUP_H

#include "engine/base/text.h"
#include "engine/http/http.h"
#include "engine/http/retry.h"
#include "engine/tests/misbehave.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)

#define JSON "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
#define SSE "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
#define ERROR(status) "HTTP/1.1 " status " Oh\r\ncontent-type: application/json\r\n"
#define CHUNK "data: {\"choices\":[{\"delta\":{\"content\":\"h\xc3\xa9\"}}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define ERROR_EVENT "event: error\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n"
#define OK_STEP                   \
    {                             \
        .body = "{\"answer\":42}" \
    }
#define OK_BODY "{\"answer\":42}"

struct http_setup {
    struct misbehave *server;
    struct baton_http *http;
    volatile int interrupted;
    char url[160]; /* of the server, with user and query */
    struct baton_http_request request;
    struct baton_http_response response;
    struct baton_error err;
    enum baton_status status;
    struct baton_text streamed, seen_headers; /* the latter as `name=value;` each */
    size_t stop_after;                        /* on_data says so after this many bytes; 0: never */
    unsigned attempts;
    uint64_t waited_ns; /* for retries; only added up */
    char reason[BATON_RETRY_REASON_BYTES];
};

enum { BY_TCP = 1, STREAMS = 2, BY_TLS = 4 };

void http_setup_open(struct http_setup *setup, const struct misbehave_step *steps, size_t count, unsigned how);
void http_setup_close(struct http_setup *setup);

/* Posts the request once, or as often as the usual policy says. */
void http_setup_post(struct http_setup *setup);
void http_setup_post_with_retries(struct http_setup *setup);

#endif
