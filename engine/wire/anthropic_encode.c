/* Requests of Anthropic Messages: roles take turns, results are the user's, and the user begins. */
#include "engine/core/tool_name.h"
#include "engine/wire/anthropic.h"
#include "engine/wire/encode.h"

enum { OUTPUT_TOKENS_DEFAULT = 4096 };

enum turn { TURN_NONE, TURN_USER, TURN_ASSISTANT };

struct messages {
    struct baton_encoding *encoding;
    enum turn turn; /* the message that is open */
};

static bool is_object(struct baton_arena *scratch, struct baton_str text)
{
    const struct baton_source source = { .name = "arguments", .text = text };
    const struct baton_json *root = NULL;
    struct baton_error ignored;
    struct baton_arena_mark mark = baton_arena_mark(scratch);
    bool is = text.length > 0 && baton_json_parse(&root, scratch, &source, &ignored) == BATON_OK &&
              root->type == BATON_JSON_OBJECT && text.data[0] != '\xef';
    baton_arena_rollback(scratch, mark);
    return is;
}

void baton_anthropic_write_input(struct baton_json_writer *json, struct baton_arena *scratch,
                                 struct baton_str arguments)
{
    if (arguments.length == 0) {
        baton_jw_raw(json, BATON_STR("{}"));
    } else if (is_object(scratch, arguments)) {
        baton_jw_raw(json, arguments);
    } else {
        baton_jw_open(json, '{');
        baton_jw_key(json, "invalid_arguments");
        baton_jw_str(json, arguments);
        baton_jw_close(json, '}');
    }
}

/* Takes the floor for a role; what it says goes into the message that is open if that is its own. */
static void take_turn(struct messages *messages, enum turn turn)
{
    struct baton_json_writer *json = &messages->encoding->json;
    if (messages->turn == turn) {
        return;
    }
    if (messages->turn != TURN_NONE) {
        baton_jw_close(json, ']');
        baton_jw_close(json, '}');
    }
    if (turn != TURN_NONE) {
        baton_jw_open(json, '{');
        baton_encode_pair(messages->encoding, "role", turn == TURN_USER ? BATON_STR("user") : BATON_STR("assistant"));
        baton_jw_key(json, "content");
        baton_jw_open(json, '[');
    }
    messages->turn = turn;
}

static void write_text(struct messages *messages, struct baton_str text)
{
    baton_jw_open(&messages->encoding->json, '{');
    baton_encode_pair(messages->encoding, "type", BATON_STR("text"));
    baton_encode_pair(messages->encoding, "text", text);
    baton_jw_close(&messages->encoding->json, '}');
}

static void say_as_user(struct messages *messages, struct baton_str text)
{
    take_turn(messages, TURN_USER);
    write_text(messages, text.length > 0 ? text : BATON_STR(BATON_ENCODE_NO_TEXT));
}

/* Ids of other services may hold what this one refuses. */
static void write_id(struct baton_encoding *encoding, const char *key, struct baton_str id)
{
    baton_jw_key(&encoding->json, key);
    char *safe = baton_arena_copy(encoding->request->arena, id.data, id.length);
    if (safe == NULL) {
        encoding->json.out->failed = true;
        return;
    }
    for (size_t i = 0; i < id.length; i++) {
        struct baton_str byte = { &safe[i], 1 };
        safe[i] = baton_tool_name_is_safe(byte) ? safe[i] : '_';
    }
    baton_jw_str(&encoding->json, (struct baton_str){ safe, id.length });
}

static void write_assistant(struct messages *messages, uint32_t index)
{
    struct baton_encoding *encoding = messages->encoding;
    const struct baton_message *message = &encoding->request->messages[index];
    bool is_native = baton_encode_is_native(encoding, index);
    if (!is_native && message->content.length == 0 && message->call_count == 0) {
        return; /* silence; the format has no word for it */
    }
    if (messages->turn == TURN_NONE) {
        say_as_user(messages, BATON_STR(""));
    }
    take_turn(messages, TURN_ASSISTANT);
    if (is_native) {
        baton_encode_native(encoding, index);
        return;
    }
    if (message->content.length > 0) {
        write_text(messages, message->content);
    }
    for (uint32_t i = 0; i < message->call_count; i++) {
        baton_jw_open(&encoding->json, '{');
        baton_encode_pair(encoding, "type", BATON_STR("tool_use"));
        write_id(encoding, "id", baton_encode_call_id(encoding, index, i));
        baton_encode_pair(encoding, "name", baton_encode_name(encoding, message->calls[i].name));
        baton_jw_key(&encoding->json, "input");
        baton_anthropic_write_input(&encoding->json, encoding->request->arena, message->calls[i].arguments);
        baton_jw_close(&encoding->json, '}');
    }
}

static void write_result(struct messages *messages, uint32_t index)
{
    struct baton_encoding *encoding = messages->encoding;
    take_turn(messages, TURN_USER);
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "type", BATON_STR("tool_result"));
    write_id(encoding, "tool_use_id", baton_encode_result_id(encoding, index));
    baton_encode_pair(encoding, "content", encoding->request->messages[index].content);
    baton_jw_close(&encoding->json, '}');
}

static void write_messages(struct baton_encoding *encoding)
{
    const struct baton_request *request = encoding->request;
    struct messages messages = { .encoding = encoding };
    baton_jw_key(&encoding->json, "messages");
    baton_jw_open(&encoding->json, '[');
    for (uint32_t i = 0; i < request->message_count; i++) {
        enum baton_role role = request->messages[i].role;
        if (role == BATON_ROLE_USER) {
            say_as_user(&messages, request->messages[i].content);
        } else if (role == BATON_ROLE_ASSISTANT) {
            write_assistant(&messages, i);
        } else if (role == BATON_ROLE_TOOL) {
            write_result(&messages, i);
        }
    }
    if (messages.turn == TURN_NONE) {
        say_as_user(&messages, BATON_STR(""));
    }
    take_turn(&messages, TURN_NONE);
    baton_jw_close(&encoding->json, ']');
}

static void write_tools(struct baton_encoding *encoding)
{
    struct baton_json_writer *json = &encoding->json;
    struct baton_offer offer;
    baton_jw_key(json, "tools");
    baton_jw_open(json, '[');
    for (uint32_t i = 0; baton_encode_offer(encoding, i, &offer); i++) {
        baton_jw_open(json, '{');
        baton_encode_pair(encoding, "name", offer.name);
        if (offer.description.length > 0) {
            baton_encode_pair(encoding, "description", offer.description);
        }
        baton_jw_key(json, "input_schema");
        baton_encode_schema(encoding, &offer);
        baton_jw_close(json, '}');
    }
    baton_jw_close(json, ']');
}

/* Whether calls may be parallel is part of the choice, and must not stand beside `none`. */
static void write_choice(struct baton_encoding *encoding)
{
    static const char *const types[] = { [BATON_TOOLS_UNSET] = "auto",
                                         [BATON_TOOLS_AUTO] = "auto",
                                         [BATON_TOOLS_NONE] = "none",
                                         [BATON_TOOLS_REQUIRED] = "any",
                                         [BATON_TOOLS_NAMED] = "tool" };
    struct baton_json_writer *json = &encoding->json;
    bool is_none = encoding->choice == BATON_TOOLS_NONE;
    bool says_parallel = encoding->agent->parallel_tool_calls >= 0 && !is_none;
    if (encoding->choice == BATON_TOOLS_UNSET && encoding->agent->parallel_tool_calls != 0) {
        return;
    }
    baton_jw_key(json, "tool_choice");
    baton_jw_open(json, '{');
    baton_encode_pair(encoding, "type", baton_str_of(types[encoding->choice]));
    if (encoding->choice == BATON_TOOLS_NAMED) {
        baton_encode_pair(encoding, "name", encoding->request->tool_choice);
    }
    if (says_parallel) {
        baton_jw_key(json, "disable_parallel_tool_use");
        baton_jw_bool(json, encoding->agent->parallel_tool_calls == 0);
    }
    baton_jw_close(json, '}');
}

enum baton_status baton_anthropic_encode(struct baton_text *out, const struct baton_request *request,
                                         const struct baton_encode_options *options, struct baton_error *err)
{
    struct baton_encoding encoding;
    struct baton_offer offer;
    enum baton_status status = baton_encode_begin(&encoding, out, &baton_codec_anthropic, request, options, err);
    if (status == BATON_OK) {
        struct baton_str system = baton_encode_system(&encoding);
        baton_jw_key(&encoding.json, "max_tokens");
        baton_jw_i64(&encoding.json,
                     options->output_tokens_max > 0 ? options->output_tokens_max : OUTPUT_TOKENS_DEFAULT);
        if (system.length > 0) {
            baton_encode_pair(&encoding, "system", system);
        }
        write_messages(&encoding);
        if (baton_encode_offer(&encoding, 0, &offer)) {
            write_tools(&encoding);
            write_choice(&encoding);
        }
        if (options->is_stream && !options->is_normal_form) {
            baton_jw_key(&encoding.json, "stream");
            baton_jw_bool(&encoding.json, true);
        }
    }
    return baton_encode_end(&encoding, status);
}
