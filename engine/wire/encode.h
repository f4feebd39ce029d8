/* encode.h - what the encoders share: the ids of calls, the system prompt, the tools on offer. Not for others.
 *
 * Owns:     what it makes lives in the request's arena between baton_encode_begin() and baton_encode_end().
 */
#ifndef BATON_ENGINE_WIRE_ENCODE_H
#define BATON_ENGINE_WIRE_ENCODE_H

#include "engine/base/json_writer.h"
#include "engine/wire/codec.h"

/* Stands for the user's words where a format demands some and there are none. */
#define BATON_ENCODE_NO_TEXT "(no text)"

enum baton_choice_kind {
    BATON_TOOLS_UNSET,
    BATON_TOOLS_AUTO,
    BATON_TOOLS_NONE,
    BATON_TOOLS_REQUIRED,
    BATON_TOOLS_NAMED
};

/* A tool as the model sees it; baton_encode_schema() writes its parameters. */
struct baton_offer {
    struct baton_str name, description;
    const struct baton_json *schema; /* or NULL: `fallback` */
    const char *fallback;
};

struct baton_encoding {
    struct baton_json_writer json;
    const struct baton_codec *codec;
    const struct baton_request *request;
    const struct baton_encode_options *options;
    const struct baton_agent *agent;
    struct baton_str *call_ids; /* of all calls, in their order, as they are written */
    uint32_t *call_firsts; /* per message: number of its first call; of a result: number of its call, or BATON_NONE */
    enum baton_choice_kind choice;
    struct baton_arena_mark mark;
    struct baton_error *err;
};

/* Prepares and opens the body's object; always to be followed by baton_encode_end(), which closes it. */
BATON_MUST_CHECK enum baton_status baton_encode_begin(struct baton_encoding *encoding, struct baton_text *out,
                                                      const struct baton_codec *codec,
                                                      const struct baton_request *request,
                                                      const struct baton_encode_options *options,
                                                      struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_encode_end(struct baton_encoding *encoding, enum baton_status status);

/* Writes `"key":"text"`. */
void baton_encode_pair(struct baton_encoding *encoding, const char *key, struct baton_str text);

/* The agent's instructions and what a context provider added; empty = none. */
struct baton_str baton_encode_system(struct baton_encoding *encoding);

/* The i-th tool on offer: the agent's tools, then its enabled handoffs. False past the end. */
bool baton_encode_offer(const struct baton_encoding *encoding, uint32_t i, struct baton_offer *offer);
void baton_encode_schema(struct baton_encoding *encoding, const struct baton_offer *offer);

/* The id of call `i` of a message, and of the call that a result answers. */
struct baton_str baton_encode_call_id(const struct baton_encoding *encoding, uint32_t message, uint32_t i);
struct baton_str baton_encode_result_id(const struct baton_encoding *encoding, uint32_t message);

/* A tool's name as the provider APIs allow it: what a model made up need not be. */
struct baton_str baton_encode_name(struct baton_encoding *encoding, struct baton_str name);

/* The arguments as text, `{}` where there are none. */
struct baton_str baton_encode_arguments(const struct baton_tool_call *call);

/* Whether the message is sent back as its provider wrote it. */
bool baton_encode_is_native(const struct baton_encoding *encoding, uint32_t message);

/* Writes that: an object, or the elements of a list without its brackets. */
void baton_encode_native(struct baton_encoding *encoding, uint32_t message);

#endif
