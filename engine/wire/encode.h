/* encode.h - the inside of an encoder, for the codecs: what a format has to say of itself, and what it may call. Not for
 * others.
 *
 * encoder.c walks over a request once: settings, system prompt, messages, tools, settings again. A format is a table of what
 * it writes at each step, so that what goes for all (which messages are sent, under which ids and names, what the provider
 * itself wrote) is decided in one place.
 *
 * Owns:     what is made on the way lives in the request's arena until the body is written.
 * Errors:   none are returned; a lack of memory shows in the `failed` of the text that is written.
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

/* A tool as the model sees it. */
struct baton_offer {
    struct baton_str name, description;
    const struct baton_json *schema; /* of its parameters; or NULL: `fallback` */
    const char *fallback;
};

/* Who speaks, in formats where the two take turns. */
enum baton_turn { BATON_TURN_NOBODY, BATON_TURN_USER, BATON_TURN_MODEL };

struct baton_encoding {
    struct baton_json_writer json;
    const struct baton_codec *codec;
    const struct baton_request *request;
    const struct baton_encode_options *options;
    const struct baton_agent *agent;
    enum baton_choice_kind choice;
    enum baton_turn turn;       /* whose message is open; for the format's take_turn() */
    struct baton_str *call_ids; /* private, as all below: of all calls, in their order, as they are written */
    uint32_t *call_firsts; /* per message: number of its first call; of a result: number of its call, or BATON_NONE */
    struct baton_error *err;
};

/* How a format writes a request. Steps that are NULL are left out. */
struct baton_request_form {
    const char *system_key;       /* of the system prompt; NULL: it is the first of the messages */
    const char *messages_key;     /* of their list */
    const char *output_limit_key; /* of the answer's tokens, when one is set; NULL: the format says it by itself */
    bool skips_silence;           /* a message of the model's without a text and calls is not sent */

    void (*head)(struct baton_encoding *encoding); /* between the model and the messages */
    void (*take_turn)(struct baton_encoding *encoding,
                      enum baton_turn turn); /* before what it says; NOBODY at the end */
    void (*text)(struct baton_encoding *encoding, enum baton_role role, struct baton_str text); /* system or user */
    void (*answer)(struct baton_encoding *encoding,
                   const struct baton_message *message); /* the model's, up to its calls */
    void (*call)(struct baton_encoding *encoding, const struct baton_tool_call *call); /* as it is to be written */
    void (*answer_end)(struct baton_encoding *encoding, const struct baton_message *message);
    void (*result)(struct baton_encoding *encoding, struct baton_str call_id, struct baton_str text);
    void (*tool)(struct baton_encoding *encoding, const struct baton_offer *offer);
    void (*choice)(struct baton_encoding *encoding); /* what the model may do with the tools */
    void (*tail)(struct baton_encoding *encoding);   /* after all else */
};

/* Writes name, description (if there is one) and the schema of the parameters, under that key. */
void baton_encode_offer(struct baton_encoding *encoding, const struct baton_offer *offer, const char *schema_key);

/* tool_choice and parallel_tool_calls of OpenAI's formats. `inside` is the member that holds a tool's name; NULL: none. */
void baton_encode_choice(struct baton_encoding *encoding, const char *inside);

/* `"stream":true` where one is asked for. */
void baton_encode_stream(struct baton_encoding *encoding);

/* A tree, as it was read. */
void baton_encode_node(struct baton_encoding *encoding, const struct baton_json *node);

/* A copy with `_` for each byte that names and ids of the provider APIs may not hold. */
struct baton_str baton_encode_safe(struct baton_encoding *encoding, struct baton_str text);

#endif
