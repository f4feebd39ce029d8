/* http_reply.h - what comes in of a reply: heads, headers and body, each within its limit. A part of http.c.
 *
 * Threads:  as the baton_http it belongs to.
 */
#ifndef BATON_ENGINE_HTTP_HTTP_REPLY_H
#define BATON_ENGINE_HTTP_HTTP_REPLY_H

#include "engine/base/clock.h"
#include "engine/http/http_message.h"

struct baton_text;

struct baton_http_reply {
    const struct baton_http_request *request;
    struct baton_http_response *response;
    struct baton_text *body; /* collects what is not streamed */
    struct baton_clock *clock;
    uint64_t start_ns;    /* of the post */
    uint64_t activity_ns; /* when the last byte came */
    size_t header_bytes;  /* of all heads so far */
    size_t body_bytes_max;
    bool is_head_complete;        /* of the final reply; what looks like a header after it is a trailer */
    enum baton_http_failure stop; /* why it took no more: TOO_LARGE, STOPPED, MEMORY, or NONE */
};

/* Takes one line of a head. False: no more, see `stop`. */
bool baton_http_reply_line(struct baton_http_reply *reply, struct baton_str line);

/* Takes a piece of the body. False: no more, see `stop`. */
bool baton_http_reply_body(struct baton_http_reply *reply, struct baton_str piece);

#endif
