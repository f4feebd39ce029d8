/* Requests of Anthropic Messages: roles take turns, results are the user's, and the user begins. */
#include "engine/wire/anthropic.h"

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
        baton_jw_put_str(json, "invalid_arguments", arguments);
        baton_jw_close(json, '}');
    }
}

/* The format demands a number. */
static void head(struct baton_encoding *encoding)
{
    const int64_t tokens_max = encoding->options->output_tokens_max;
    baton_jw_put_i64(&encoding->json, "max_tokens", tokens_max > 0 ? tokens_max : BATON_ANTHROPIC_OUTPUT_TOKENS);
}

static void text(struct baton_encoding *encoding, enum baton_role role, struct baton_str content)
{
    (void)role; /* the system prompt has a member of its own */
    baton_jw_open(&encoding->json, '{');
    baton_jw_put_string(&encoding->json, "type", "text");
    baton_jw_put_str(&encoding->json, "text", content.length > 0 ? content : BATON_STR(BATON_ENCODE_NO_TEXT));
    baton_jw_close(&encoding->json, '}');
}

static void close_message(struct baton_encoding *encoding)
{
    baton_jw_close(&encoding->json, ']');
    baton_jw_close(&encoding->json, '}');
    encoding->turn = BATON_TURN_NOBODY;
}

static void open_message(struct baton_encoding *encoding, enum baton_turn turn)
{
    baton_jw_open(&encoding->json, '{');
    baton_jw_put_string(&encoding->json, "role", turn == BATON_TURN_USER ? "user" : "assistant");
    baton_jw_put_open(&encoding->json, "content", '[');
    encoding->turn = turn;
}

/* What somebody says goes into the message that is open, if that is its own. */
static void take_turn(struct baton_encoding *encoding, enum baton_turn turn)
{
    if (encoding->turn == turn) {
        return;
    }
    if (encoding->turn == BATON_TURN_NOBODY && turn == BATON_TURN_MODEL) {
        open_message(encoding, BATON_TURN_USER);
        text(encoding, BATON_ROLE_USER, BATON_STR(""));
    }
    if (encoding->turn != BATON_TURN_NOBODY) {
        close_message(encoding);
    }
    if (turn != BATON_TURN_NOBODY) {
        open_message(encoding, turn);
    }
}

static void answer(struct baton_encoding *encoding, const struct baton_message *message)
{
    if (message->content.length > 0) {
        text(encoding, BATON_ROLE_ASSISTANT, message->content);
    }
}

/* Ids of other services may hold what this one refuses. */
static void call(struct baton_encoding *encoding, const struct baton_tool_call *made)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "tool_use");
    baton_jw_put_str(json, "id", baton_encode_safe(encoding, made->id));
    baton_jw_put_str(json, "name", made->name);
    baton_jw_key(json, "input");
    baton_anthropic_write_input(json, encoding->request->arena, made->arguments);
    baton_jw_close(json, '}');
}

static void result(struct baton_encoding *encoding, struct baton_str call_id, struct baton_str content)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "tool_result");
    baton_jw_put_str(json, "tool_use_id", baton_encode_safe(encoding, call_id));
    baton_jw_put_str(json, "content", content);
    baton_jw_close(json, '}');
}

static void tool(struct baton_encoding *encoding, const struct baton_offer *offer)
{
    baton_encode_offer(encoding, offer, "input_schema");
}

/* Whether calls may be parallel is part of the choice, and must not stand beside `none`. */
static void choice(struct baton_encoding *encoding)
{
    static const char *const types[] = { [BATON_TOOLS_UNSET] = "auto",
                                         [BATON_TOOLS_AUTO] = "auto",
                                         [BATON_TOOLS_NONE] = "none",
                                         [BATON_TOOLS_REQUIRED] = "any",
                                         [BATON_TOOLS_NAMED] = "tool" };
    struct baton_json_writer *json = &encoding->json;
    const int parallel = encoding->agent->parallel_tool_calls;
    if (encoding->choice == BATON_TOOLS_UNSET && parallel != 0) {
        return;
    }
    baton_jw_put_open(json, "tool_choice", '{');
    baton_jw_put_string(json, "type", types[encoding->choice]);
    if (encoding->choice == BATON_TOOLS_NAMED) {
        baton_jw_put_str(json, "name", encoding->request->tool_choice);
    }
    if (parallel >= 0 && encoding->choice != BATON_TOOLS_NONE) {
        baton_jw_put_bool(json, "disable_parallel_tool_use", parallel == 0);
    }
    baton_jw_close(json, '}');
}

const struct baton_request_form baton_anthropic_request = {
    .system_key = "system",
    .messages_key = "messages",
    .skips_silence = true,
    .head = head,
    .take_turn = take_turn,
    .text = text,
    .answer = answer,
    .call = call,
    .result = result,
    .tool = tool,
    .choice = choice,
    .tail = baton_encode_stream,
};
