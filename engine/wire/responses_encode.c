/* Requests of OpenAI Responses: messages, calls and results are items of one list. */
#include "engine/wire/responses.h"

static void write_message(struct baton_encoding *encoding, const char *role, struct baton_str content)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "message");
    baton_jw_put_string(json, "role", role);
    baton_jw_put_str(json, "content", content);
    baton_jw_close(json, '}');
}

static void text(struct baton_encoding *encoding, enum baton_role role, struct baton_str content)
{
    (void)role; /* the system prompt has a member of its own */
    write_message(encoding, "user", content);
}

static void answer(struct baton_encoding *encoding, const struct baton_message *message)
{
    if (message->content.length > 0 || message->call_count == 0) {
        write_message(encoding, "assistant", message->content);
    }
}

static void call(struct baton_encoding *encoding, const struct baton_tool_call *made)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "function_call");
    baton_jw_put_str(json, "call_id", made->id);
    baton_jw_put_str(json, "name", made->name);
    baton_jw_put_str(json, "arguments", made->arguments);
    baton_jw_close(json, '}');
}

static void result(struct baton_encoding *encoding, struct baton_str call_id, struct baton_str content)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "function_call_output");
    baton_jw_put_str(json, "call_id", call_id);
    baton_jw_put_str(json, "output", content);
    baton_jw_close(json, '}');
}

/* Unless told otherwise the service makes every schema strict, which changes it. */
static void tool(struct baton_encoding *encoding, const struct baton_offer *offer)
{
    baton_jw_put_string(&encoding->json, "type", "function");
    baton_encode_offer(encoding, offer, "parameters");
    baton_jw_put_bool(&encoding->json, "strict", false);
}

static void choice(struct baton_encoding *encoding)
{
    baton_encode_choice(encoding, NULL);
}

static void tail(struct baton_encoding *encoding)
{
    struct baton_json_writer *json = &encoding->json;
    if (encoding->options->is_stateless) {
        baton_jw_put_bool(json, "store", false);
        baton_jw_put_open(json, "include", '[');
        baton_jw_string(json, "reasoning.encrypted_content");
        baton_jw_close(json, ']');
    }
    baton_encode_stream(encoding);
}

const struct baton_request_form baton_responses_request = {
    .system_key = "instructions",
    .messages_key = "input",
    .output_limit_key = "max_output_tokens",
    .text = text,
    .answer = answer,
    .call = call,
    .result = result,
    .tool = tool,
    .choice = choice,
    .tail = tail,
};
