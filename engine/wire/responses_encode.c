/* Requests of OpenAI Responses. */
#include "engine/wire/encode.h"
#include "engine/wire/responses.h"

static void write_text_item(struct baton_encoding *encoding, const char *role, struct baton_str content)
{
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "type", BATON_STR("message"));
    baton_encode_pair(encoding, "role", baton_str_of(role));
    baton_encode_pair(encoding, "content", content);
    baton_jw_close(&encoding->json, '}');
}

static void write_assistant(struct baton_encoding *encoding, uint32_t index)
{
    const struct baton_message *message = &encoding->request->messages[index];
    if (baton_encode_is_native(encoding, index)) {
        baton_encode_native(encoding, index);
        return;
    }
    if (message->content.length > 0 || message->call_count == 0) {
        write_text_item(encoding, "assistant", message->content);
    }
    for (uint32_t i = 0; i < message->call_count; i++) {
        const struct baton_tool_call *call = &message->calls[i];
        baton_jw_open(&encoding->json, '{');
        baton_encode_pair(encoding, "type", BATON_STR("function_call"));
        baton_encode_pair(encoding, "call_id", baton_encode_call_id(encoding, index, i));
        baton_encode_pair(encoding, "name", baton_encode_name(encoding, call->name));
        baton_encode_pair(encoding, "arguments", baton_encode_arguments(call));
        baton_jw_close(&encoding->json, '}');
    }
}

static void write_result(struct baton_encoding *encoding, uint32_t index)
{
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "type", BATON_STR("function_call_output"));
    baton_encode_pair(encoding, "call_id", baton_encode_result_id(encoding, index));
    baton_encode_pair(encoding, "output", encoding->request->messages[index].content);
    baton_jw_close(&encoding->json, '}');
}

static void write_input(struct baton_encoding *encoding)
{
    const struct baton_request *request = encoding->request;
    bool is_empty = true;
    baton_jw_key(&encoding->json, "input");
    baton_jw_open(&encoding->json, '[');
    for (uint32_t i = 0; i < request->message_count; i++) {
        enum baton_role role = request->messages[i].role;
        is_empty = is_empty && role == BATON_ROLE_SYSTEM;
        if (role == BATON_ROLE_USER) {
            write_text_item(encoding, "user", request->messages[i].content);
        } else if (role == BATON_ROLE_ASSISTANT) {
            write_assistant(encoding, i);
        } else if (role == BATON_ROLE_TOOL) {
            write_result(encoding, i);
        }
    }
    if (is_empty) {
        write_text_item(encoding, "user", BATON_STR(BATON_ENCODE_NO_TEXT));
    }
    baton_jw_close(&encoding->json, ']');
}

/* Unless told otherwise the service makes every schema strict, which changes it. */
static void write_tools(struct baton_encoding *encoding)
{
    struct baton_json_writer *json = &encoding->json;
    struct baton_offer offer;
    baton_jw_key(json, "tools");
    baton_jw_open(json, '[');
    for (uint32_t i = 0; baton_encode_offer(encoding, i, &offer); i++) {
        baton_jw_open(json, '{');
        baton_encode_pair(encoding, "type", BATON_STR("function"));
        baton_encode_pair(encoding, "name", offer.name);
        if (offer.description.length > 0) {
            baton_encode_pair(encoding, "description", offer.description);
        }
        baton_jw_key(json, "parameters");
        baton_encode_schema(encoding, &offer);
        baton_jw_key(json, "strict");
        baton_jw_bool(json, false);
        baton_jw_close(json, '}');
    }
    baton_jw_close(json, ']');
}

static void write_choice(struct baton_encoding *encoding)
{
    struct baton_json_writer *json = &encoding->json;
    if (encoding->choice == BATON_TOOLS_NAMED) {
        baton_jw_key(json, "tool_choice");
        baton_jw_open(json, '{');
        baton_encode_pair(encoding, "type", BATON_STR("function"));
        baton_encode_pair(encoding, "name", encoding->request->tool_choice);
        baton_jw_close(json, '}');
    } else if (encoding->choice != BATON_TOOLS_UNSET) {
        baton_encode_pair(encoding, "tool_choice", encoding->request->tool_choice);
    }
    if (encoding->agent->parallel_tool_calls >= 0) {
        baton_jw_key(json, "parallel_tool_calls");
        baton_jw_bool(json, encoding->agent->parallel_tool_calls > 0);
    }
}

static void write_rest(struct baton_encoding *encoding)
{
    const struct baton_encode_options *options = encoding->options;
    struct baton_json_writer *json = &encoding->json;
    if (options->output_tokens_max > 0) {
        baton_jw_key(json, "max_output_tokens");
        baton_jw_i64(json, options->output_tokens_max);
    }
    if (options->is_stateless) {
        baton_jw_key(json, "store");
        baton_jw_bool(json, false);
        baton_jw_key(json, "include");
        baton_jw_open(json, '[');
        baton_jw_string(json, "reasoning.encrypted_content");
        baton_jw_close(json, ']');
    }
    if (options->is_stream && !options->is_normal_form) {
        baton_jw_key(json, "stream");
        baton_jw_bool(json, true);
    }
}

enum baton_status baton_responses_encode(struct baton_text *out, const struct baton_request *request,
                                         const struct baton_encode_options *options, struct baton_error *err)
{
    struct baton_encoding encoding;
    struct baton_offer offer;
    enum baton_status status = baton_encode_begin(&encoding, out, &baton_codec_responses, request, options, err);
    if (status == BATON_OK) {
        struct baton_str system = baton_encode_system(&encoding);
        if (system.length > 0) {
            baton_encode_pair(&encoding, "instructions", system);
        }
        write_input(&encoding);
        if (baton_encode_offer(&encoding, 0, &offer)) {
            write_tools(&encoding);
            write_choice(&encoding);
        }
        write_rest(&encoding);
    }
    return baton_encode_end(&encoding, status);
}
