/* wire.h - what the tests of the wire formats share: replies as texts to compare, requests to encode, request bodies read
 * back into messages.
 *
 * Owns:     wire_open() takes memory, wire_close() gives it back; what the other functions return lives until then.
 */
#ifndef BATON_ENGINE_TESTS_WIRE_H
#define BATON_ENGINE_TESTS_WIRE_H

#include "engine/wire/codecs.h"
#include "engine/wire/decoder.h"
#include "engine/wire/sse.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

struct wire {
    struct baton_arena *arena;
    struct baton_decoder *decoder;
    struct baton_text streamed; /* what went to on_text in the last decoding */
    const struct baton_codec *codec;
};

struct wire_result {
    enum baton_status status;
    enum baton_provider_fault fault;
    const char *error; /* text; "" when all is well */
    struct baton_reply reply;
};

void wire_open(struct wire *wire);
void wire_close(struct wire *wire);

/* Decodes a whole answer with the codec `wire->codec`. */
struct wire_result wire_body(struct wire *wire, int http_status, struct baton_str body);

/* Decodes a stream in pieces of so many bytes; in two, cut at a byte; event by event, each data alone in a line. */
struct wire_result wire_pieces(struct wire *wire, struct baton_str bytes, size_t piece_bytes);
struct wire_result wire_cut(struct wire *wire, struct baton_str bytes, size_t at);
struct wire_result wire_chunks(struct wire *wire, struct baton_str lines);

/* The reply as `text | name(arguments)#id ... | finish | input+cached+cache_write>output(reasoning) | native`, or `fault:
 * error`. What was streamed is checked against the text, the native form for being JSON. */
const char *wire_show(struct wire *wire, const struct wire_result *result);

/* The agents of the conformance scenarios: triage, billing, tech. `more` are further lines of triage. */
const struct baton_agents *wire_agents(struct wire *wire, const char *more);

struct wire_ask {
    const struct baton_agents *agents;
    const char *agent; /* name; NULL: the entry */
    const struct baton_message *messages;
    uint32_t message_count;
    const char *extra, *tool_choice;
    bool disables_handoffs;
    struct baton_encode_options options;
};

/* The body, or `error: ...`. Encoded twice, and parsed. */
const char *wire_ask(struct wire *wire, const struct wire_ask *ask);

/* The messages inside a request's body, and its system prompt and the names of its tools. */
struct wire_request {
    struct baton_message messages[64];
    uint32_t count;
    struct baton_str system;
    const char *tools; /* sorted, with spaces between */
};
void wire_read(struct wire *wire, const char *body, struct wire_request *out);

/* The messages as one line: `user:text assistant:text+name(arguments)#id result#id:text`. */
const char *wire_talk(struct wire *wire, const struct baton_message *messages, uint32_t count);

/* A member, asserted to be there; its text, or "" where it is null or absent. */
const struct baton_json *wire_get(const struct baton_json *object, const char *key);
struct baton_str wire_str(const struct baton_json *object, const char *key);

#endif
