/* limits.h - how much of what comes from outside the wire formats take, each limit once.
 */
#ifndef BATON_ENGINE_WIRE_LIMITS_H
#define BATON_ENGINE_WIRE_LIMITS_H

enum {
    BATON_REQUEST_BYTES_MAX = 64 * 1024 * 1024,   /* of a request's body */
    BATON_DECODER_BYTES_MAX = 128 * 1024 * 1024,  /* of what is gathered of a reply, and of one tree of JSON */
    BATON_PARTS_MAX = 4096,                       /* texts, calls and other items of a reply */
    BATON_SSE_LINE_BYTES_MAX = 16 * 1024 * 1024,  /* of a line of an event stream */
    BATON_SSE_EVENT_BYTES_MAX = 16 * 1024 * 1024, /* of an event's data */
    BATON_SSE_RETRY_DIGITS_MAX = 15,              /* of `retry:`; more are not looked at */
    BATON_ANTHROPIC_OUTPUT_TOKENS = 4096, /* of an answer, where nobody sets a maximum: the format demands one */
    BATON_ERROR_BODY_BYTES = 200          /* shown of a body that is in no known format */
};

#define BATON_TOKENS_MAX INT64_C(1000000000000) /* a count of tokens over this is no count */

#endif
