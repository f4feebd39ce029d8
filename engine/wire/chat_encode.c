/* Requests of OpenAI Chat Completions and OpenRouter. */
#include "engine/wire/chat.h"

void baton_chat_write_call(struct baton_json_writer *json, const struct baton_tool_call *call)
{
    baton_jw_open(json, '{');
    baton_jw_put_str(json, "id", call->id);
    baton_jw_put_string(json, "type", "function");
    baton_jw_put_open(json, "function", '{');
    baton_jw_put_str(json, "name", call->name);
    baton_jw_put_str(json, "arguments", call->arguments);
    baton_jw_close(json, '}');
    baton_jw_close(json, '}');
}

static void text(struct baton_encoding *encoding, enum baton_role role, struct baton_str content)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "role", role == BATON_ROLE_SYSTEM ? "system" : "user");
    baton_jw_put_str(json, "content", content);
    baton_jw_close(json, '}');
}

static void answer(struct baton_encoding *encoding, const struct baton_message *message)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "role", "assistant");
    if (message->content.length > 0 || message->call_count == 0) {
        baton_jw_put_str(json, "content", message->content);
    } else {
        baton_jw_key(json, "content");
        baton_jw_null(json);
    }
    if (message->call_count > 0) {
        baton_jw_put_open(json, "tool_calls", '[');
    }
}

static void call(struct baton_encoding *encoding, const struct baton_tool_call *made)
{
    baton_chat_write_call(&encoding->json, made);
}

static void answer_end(struct baton_encoding *encoding, const struct baton_message *message)
{
    if (message->call_count > 0) {
        baton_jw_close(&encoding->json, ']');
    }
    baton_jw_close(&encoding->json, '}');
}

static void result(struct baton_encoding *encoding, struct baton_str call_id, struct baton_str content)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "role", "tool");
    baton_jw_put_str(json, "tool_call_id", call_id);
    baton_jw_put_str(json, "content", content);
    baton_jw_close(json, '}');
}

static void tool(struct baton_encoding *encoding, const struct baton_offer *offer)
{
    baton_jw_put_string(&encoding->json, "type", "function");
    baton_jw_put_open(&encoding->json, "function", '{');
    baton_encode_offer(encoding, offer, "parameters");
    baton_jw_close(&encoding->json, '}');
}

static void choice(struct baton_encoding *encoding)
{
    baton_encode_choice(encoding, "function");
}

/* Usage is asked for in a way of each one's own. */
static void ask_usage(struct baton_encoding *encoding, const char *key, const char *switch_key)
{
    baton_jw_put_open(&encoding->json, key, '{');
    baton_jw_put_bool(&encoding->json, switch_key, true);
    baton_jw_close(&encoding->json, '}');
}

static void chat_tail(struct baton_encoding *encoding)
{
    baton_encode_stream(encoding);
    if (encoding->options->is_stream && !encoding->options->is_normal_form) {
        ask_usage(encoding, "stream_options", "include_usage");
    }
}

static void openrouter_tail(struct baton_encoding *encoding)
{
    baton_encode_stream(encoding);
    if (!encoding->options->is_normal_form) {
        ask_usage(encoding, "usage", "include");
    }
}

const struct baton_request_form baton_chat_request = {
    .messages_key = "messages",
    .output_limit_key = "max_completion_tokens",
    .text = text,
    .answer = answer,
    .call = call,
    .answer_end = answer_end,
    .result = result,
    .tool = tool,
    .choice = choice,
    .tail = chat_tail,
};

const struct baton_request_form baton_openrouter_request = {
    .messages_key = "messages",
    .output_limit_key = "max_tokens",
    .text = text,
    .answer = answer,
    .call = call,
    .answer_end = answer_end,
    .result = result,
    .tool = tool,
    .choice = choice,
    .tail = openrouter_tail,
};
