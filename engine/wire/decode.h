/* decode.h - the inside of a decoder, for the codecs: what has come of a reply so far, and how to add to it. Not for
 * others.
 *
 * A reply is gathered as parts in the order in which they began, whether it comes whole or in pieces: texts, calls, and
 * all else that a provider wants to see again (thinking, encrypted reasoning). Adding never fails visibly; a lack of memory
 * is remembered and reported once, after the event. Errors go into decoder->error.
 */
#ifndef BATON_ENGINE_WIRE_DECODE_H
#define BATON_ENGINE_WIRE_DECODE_H

#include "engine/base/json_writer.h"
#include "engine/wire/codec.h"
#include "engine/wire/fault.h"
#include "engine/wire/sse.h"

struct baton_decoder;

/* How a format's replies are read. */
struct baton_reply_form {
    enum baton_status (*body)(struct baton_decoder *decoder, const struct baton_json *root);
    enum baton_status (*event)(struct baton_decoder *decoder, const struct baton_sse_event *event);
    void (*native)(const struct baton_decoder *decoder, struct baton_text *out); /* what is to be sent back, as JSON */
    const char *reasoning_key; /* Chat: the member that holds reasoning as a text */
};

/* Bytes in the decoder's own arena, gathered piece by piece; they are all given back at once. */
struct baton_bytes {
    char *data;
    size_t length, capacity;
};

enum baton_part_kind { BATON_PART_TEXT, BATON_PART_CALL, BATON_PART_OTHER };

struct baton_part {
    enum baton_part_kind kind;
    unsigned tag;  /* the codec's own mark */
    int64_t index; /* the provider's number, or -1 */
    struct baton_bytes id, name;
    struct baton_bytes body;  /* a text; the arguments of a call */
    struct baton_bytes extra; /* what else grows in pieces: a signature, citations, arguments given at the start */
    struct baton_bytes raw;   /* JSON: a whole item, or members without their braces */
};

struct baton_decoder {
    const struct baton_codec *codec;
    struct baton_arena *arena;   /* of the reply */
    struct baton_arena *life;    /* of what is gathered */
    struct baton_arena *scratch; /* of the tree of a body or an event */
    struct baton_sse sse;
    void (*on_text)(void *user, struct baton_str delta);
    void *user;
    struct baton_part *parts;
    uint32_t part_count, part_capacity, call_count;
    struct baton_bytes text; /* all of it, in the order in which it came */
    bool has_text;           /* there was a text, perhaps an empty one */
    bool has_more;           /* than text and calls */
    bool is_refusal;         /* the text is one */
    bool is_stream;
    bool has_begun;   /* the stream has said something of the answer */
    bool has_piece;   /* and, Responses, of the message under way */
    bool is_complete; /* the stream may end here */
    bool is_over;     /* nothing more will come */
    bool is_short_of_memory;
    uint64_t event_count;
    enum baton_finish finish;
    struct baton_usage usage;
    enum baton_status status; /* the first error */
    enum baton_provider_fault fault;
    struct baton_error error;
};

/* Empty where nothing came. */
struct baton_str baton_bytes_str(const struct baton_bytes *bytes);

void baton_decode_add(struct baton_decoder *decoder, struct baton_bytes *bytes, struct baton_str piece);

/* The same, once: what is there already stays. */
void baton_decode_add_once(struct baton_decoder *decoder, struct baton_bytes *bytes, struct baton_str piece);

/* Appends a tree as JSON. */
void baton_decode_add_json(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *node);

/* Appends a tree to the elements of a list without its brackets; a member to those of an object without its braces. */
void baton_decode_add_element(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *node);
void baton_decode_add_member(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *member);

/* Text of the answer: kept, and passed on to whoever listens to a stream. */
void baton_decode_text(struct baton_decoder *decoder, struct baton_str text);

/* A new part; NULL over the limits. Valid until the next one. */
struct baton_part *baton_decode_part(struct baton_decoder *decoder, enum baton_part_kind kind, int64_t index);

/* The last part of that kind and index, or NULL. */
struct baton_part *baton_decode_part_find(struct baton_decoder *decoder, enum baton_part_kind kind, int64_t index);

/* Forgets parts and text; what was passed on cannot be taken back. */
void baton_decode_restart(struct baton_decoder *decoder);

/* An answer that is not in the format: BATON_EPROVIDER and BATON_FAULT_PROTOCOL. */
enum baton_status baton_decode_fail(struct baton_decoder *decoder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The error that a node tells of (an object or a text), with the HTTP status that came with it (200: none of its own). */
enum baton_status baton_decode_error(struct baton_decoder *decoder, int http_status, const struct baton_json *node);

/* The node of the error inside a body, or NULL: `error`, or the object itself where it says that it is one. */
const struct baton_json *baton_decode_error_in(const struct baton_json *root);

/* Whether the event only says that it was the last. */
bool baton_decode_is_done(const struct baton_sse_event *event);

/* The object in an event's data, until the next event. One that tells of an error is an error. */
BATON_MUST_CHECK enum baton_status baton_decode_json(struct baton_decoder *decoder, const struct baton_sse_event *event,
                                                     const struct baton_json **out);

/* Reads an event of a format whose events have types, by a table; those that are not in it are passed over. */
struct baton_event_row {
    const char *type;
    enum baton_status (*read)(struct baton_decoder *decoder, const struct baton_json *root);
};
BATON_MUST_CHECK enum baton_status baton_decode_by_type(struct baton_decoder *decoder,
                                                        const struct baton_sse_event *event,
                                                        const struct baton_event_row *rows, size_t count);

/* An event that lacks what it is about. */
enum baton_status baton_decode_lacks(struct baton_decoder *decoder, const char *what);

/* The usage of Chat Completions and Responses. */
void baton_decode_usage(struct baton_decoder *decoder, const struct baton_json *usage);

/* The member if it has that type, else NULL; also where the object is none. */
const struct baton_json *baton_decode_get(const struct baton_json *object, const char *key, enum baton_json_type type);

/* The first element of a list; NULL where there is none. */
const struct baton_json *baton_decode_list(const struct baton_json *object, const char *key);

/* A member as text, empty where there is none; as a count of tokens, 0 where there is none. */
struct baton_str baton_decode_str(const struct baton_json *object, const char *key);
int64_t baton_decode_count(const struct baton_json *object, const char *key);

/* The number of that name in a table of words, else BATON_FINISH_UNKNOWN. */
struct baton_finish_word {
    const char *text;
    enum baton_finish finish;
};
enum baton_finish baton_decode_finish(const struct baton_finish_word *words, size_t count, struct baton_str text);

#endif
