/* sse.h - reads an event stream (text/event-stream, WHATWG HTML 9.2.6) as its bytes come, in pieces of any size.
 *
 * A piece may end anywhere: inside a character, between CR and LF, inside the byte order mark. Lines end with CR, LF or
 * CRLF; comments are passed over; an event that no blank line ends is never reported. Bytes are passed on as they came:
 * whether they are UTF-8 is for the reader of the data to judge.
 *
 * Owns:     its buffers, until baton_sse_clear(); baton_sse_reset() keeps them for the next stream.
 * Threads:  a reader belongs to one thread.
 * Limits:   BATON_SSE_LINE_BYTES_MAX for a line, BATON_SSE_EVENT_BYTES_MAX for the data of an event.
 */
#ifndef BATON_ENGINE_WIRE_SSE_H
#define BATON_ENGINE_WIRE_SSE_H

#include "engine/base/error.h"
#include "engine/base/text.h"
#include "engine/wire/limits.h"

/* All of it is borrowed until the callback returns. */
struct baton_sse_event {
    struct baton_str type; /* "message" where the stream gives none */
    struct baton_str data; /* its `data:` lines, joined by LF */
    struct baton_str id;   /* the last one that was given, in this event or before */
};

/* Anything but BATON_OK stops the reading and is what baton_sse_feed() returns. */
typedef enum baton_status baton_sse_handler(void *user, const struct baton_sse_event *event, struct baton_error *err);

struct baton_sse {
    struct baton_text line, data, type, id; /* private */
    bool has_data, is_after_cr;             /* private */
    unsigned mark_bytes;                    /* private: bytes of a byte order mark seen so far; 3 once it is decided */
    int64_t retry_ms;                       /* the last `retry:` that was a number, or -1 */
};

void baton_sse_init(struct baton_sse *sse);
void baton_sse_reset(struct baton_sse *sse);
void baton_sse_clear(struct baton_sse *sse);

/* Reads the next bytes and reports the events that they complete. BATON_EPROVIDER over a limit, BATON_ENOMEM, or what the
 * handler returned. */
BATON_MUST_CHECK enum baton_status baton_sse_feed(struct baton_sse *sse, struct baton_str bytes,
                                                  baton_sse_handler *on_event, void *user, struct baton_error *err);

#endif
