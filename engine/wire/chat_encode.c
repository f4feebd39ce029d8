/* Requests of OpenAI Chat Completions and OpenRouter. */
#include "engine/wire/chat.h"
#include "engine/wire/encode.h"

void baton_chat_write_call(struct baton_json_writer *json, const struct baton_tool_call *call)
{
    baton_jw_open(json, '{');
    baton_jw_key(json, "id");
    baton_jw_str(json, call->id);
    baton_jw_key(json, "type");
    baton_jw_string(json, "function");
    baton_jw_key(json, "function");
    baton_jw_open(json, '{');
    baton_jw_key(json, "name");
    baton_jw_str(json, call->name);
    baton_jw_key(json, "arguments");
    baton_jw_str(json, call->arguments);
    baton_jw_close(json, '}');
    baton_jw_close(json, '}');
}

static void write_text_message(struct baton_encoding *encoding, const char *role, struct baton_str content)
{
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "role", baton_str_of(role));
    baton_encode_pair(encoding, "content", content);
    baton_jw_close(&encoding->json, '}');
}

static void write_assistant(struct baton_encoding *encoding, uint32_t index)
{
    struct baton_json_writer *json = &encoding->json;
    const struct baton_message *message = &encoding->request->messages[index];
    if (baton_encode_is_native(encoding, index)) {
        baton_encode_native(encoding, index);
        return;
    }
    baton_jw_open(json, '{');
    baton_encode_pair(encoding, "role", BATON_STR("assistant"));
    baton_jw_key(json, "content");
    if (message->content.length > 0 || message->call_count == 0) {
        baton_jw_str(json, message->content);
    } else {
        baton_jw_null(json);
    }
    if (message->call_count > 0) {
        baton_jw_key(json, "tool_calls");
        baton_jw_open(json, '[');
        for (uint32_t i = 0; i < message->call_count; i++) {
            struct baton_tool_call call = { .id = baton_encode_call_id(encoding, index, i),
                                            .name = baton_encode_name(encoding, message->calls[i].name),
                                            .arguments = baton_encode_arguments(&message->calls[i]) };
            baton_chat_write_call(json, &call);
        }
        baton_jw_close(json, ']');
    }
    baton_jw_close(json, '}');
}

static void write_result(struct baton_encoding *encoding, uint32_t index)
{
    baton_jw_open(&encoding->json, '{');
    baton_encode_pair(encoding, "role", BATON_STR("tool"));
    baton_encode_pair(encoding, "tool_call_id", baton_encode_result_id(encoding, index));
    baton_encode_pair(encoding, "content", encoding->request->messages[index].content);
    baton_jw_close(&encoding->json, '}');
}

static void write_messages(struct baton_encoding *encoding)
{
    const struct baton_request *request = encoding->request;
    struct baton_str system = baton_encode_system(encoding);
    bool is_empty = true;
    baton_jw_key(&encoding->json, "messages");
    baton_jw_open(&encoding->json, '[');
    if (system.length > 0) {
        write_text_message(encoding, "system", system);
    }
    for (uint32_t i = 0; i < request->message_count; i++) {
        enum baton_role role = request->messages[i].role;
        is_empty = is_empty && role == BATON_ROLE_SYSTEM;
        if (role == BATON_ROLE_USER) {
            write_text_message(encoding, "user", request->messages[i].content);
        } else if (role == BATON_ROLE_ASSISTANT) {
            write_assistant(encoding, i);
        } else if (role == BATON_ROLE_TOOL) {
            write_result(encoding, i);
        }
    }
    if (is_empty) {
        write_text_message(encoding, "user", BATON_STR(BATON_ENCODE_NO_TEXT));
    }
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
        baton_encode_pair(encoding, "type", BATON_STR("function"));
        baton_jw_key(json, "function");
        baton_jw_open(json, '{');
        baton_encode_pair(encoding, "name", offer.name);
        if (offer.description.length > 0) {
            baton_encode_pair(encoding, "description", offer.description);
        }
        baton_jw_key(json, "parameters");
        baton_encode_schema(encoding, &offer);
        baton_jw_close(json, '}');
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
        baton_jw_key(json, "function");
        baton_jw_open(json, '{');
        baton_encode_pair(encoding, "name", encoding->request->tool_choice);
        baton_jw_close(json, '}');
        baton_jw_close(json, '}');
    } else if (encoding->choice != BATON_TOOLS_UNSET) {
        baton_encode_pair(encoding, "tool_choice", encoding->request->tool_choice);
    }
    if (encoding->agent->parallel_tool_calls >= 0) {
        baton_jw_key(json, "parallel_tool_calls");
        baton_jw_bool(json, encoding->agent->parallel_tool_calls > 0);
    }
}

/* Usage is asked for in a way of each one's own. */
static void write_stream(struct baton_encoding *encoding)
{
    struct baton_json_writer *json = &encoding->json;
    bool is_openrouter = encoding->codec == &baton_codec_openrouter;
    if (encoding->options->is_normal_form) {
        return;
    }
    if (encoding->options->is_stream) {
        baton_jw_key(json, "stream");
        baton_jw_bool(json, true);
    }
    if (is_openrouter || encoding->options->is_stream) {
        baton_jw_key(json, is_openrouter ? "usage" : "stream_options");
        baton_jw_open(json, '{');
        baton_jw_key(json, is_openrouter ? "include" : "include_usage");
        baton_jw_bool(json, true);
        baton_jw_close(json, '}');
    }
}

static enum baton_status encode(const struct baton_codec *codec, struct baton_text *out,
                                const struct baton_request *request, const struct baton_encode_options *options,
                                struct baton_error *err)
{
    struct baton_encoding encoding;
    struct baton_offer offer;
    enum baton_status status = baton_encode_begin(&encoding, out, codec, request, options, err);
    if (status == BATON_OK) {
        write_messages(&encoding);
        if (baton_encode_offer(&encoding, 0, &offer)) {
            write_tools(&encoding);
            write_choice(&encoding);
        }
        if (options->output_tokens_max > 0) {
            baton_jw_key(&encoding.json, codec == &baton_codec_openrouter ? "max_tokens" : "max_completion_tokens");
            baton_jw_i64(&encoding.json, options->output_tokens_max);
        }
        write_stream(&encoding);
    }
    return baton_encode_end(&encoding, status);
}

enum baton_status baton_chat_encode(struct baton_text *out, const struct baton_request *request,
                                    const struct baton_encode_options *options, struct baton_error *err)
{
    return encode(&baton_codec_chat, out, request, options, err);
}

enum baton_status baton_openrouter_encode(struct baton_text *out, const struct baton_request *request,
                                          const struct baton_encode_options *options, struct baton_error *err)
{
    return encode(&baton_codec_openrouter, out, request, options, err);
}
