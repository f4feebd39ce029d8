/* Replies of OpenAI Chat Completions and of what speaks like it, OpenRouter's extras included.
 *
 * A message of a whole answer and a delta of a stream have the same members, so both are read by the same code. It is lenient,
 * as a dozen services and as many proxies write this format, each in its own way: calls without an index or an id, arguments as
 * objects, content as a list of chunks, reasoning under three names. What cannot be guessed wrongly is accepted; reasoning is
 * kept as it came, for the services that want it back with the next request. */
#include "engine/wire/chat.h"

#include <string.h>

/* What a part of kind OTHER is. */
enum tag { TAG_NONE, TAG_REASONING, TAG_DETAIL, TAG_CHUNK, TAG_THINKING };

enum { INDEX_LEGACY = -2 };

static const struct baton_finish_word finish_words[] = {
    { "stop", BATON_FINISH_STOP },
    { "eos", BATON_FINISH_STOP }, /* Together */
    { "tool_calls", BATON_FINISH_TOOL_CALLS },
    { "function_call", BATON_FINISH_TOOL_CALLS },
    { "length", BATON_FINISH_LENGTH },
    { "model_length", BATON_FINISH_LENGTH }, /* Mistral */
    { "content_filter", BATON_FINISH_CONTENT_FILTER },
    { "sensitive", BATON_FINISH_CONTENT_FILTER }, /* Z.ai */
    { "error", BATON_FINISH_ERROR },
    { "network_error", BATON_FINISH_ERROR },
    { "insufficient_system_resource", BATON_FINISH_ERROR }, /* DeepSeek */
};

static struct baton_part *last_tagged(const struct baton_decoder *decoder, enum tag tag)
{
    for (uint32_t i = decoder->part_count; i-- > 0;) {
        if (decoder->parts[i].tag == (unsigned)tag) {
            return &decoder->parts[i];
        }
    }
    return NULL;
}

/* ---- texts ---- */

/* The part of the content that is being written, if it is of that kind; else a new one. */
static struct baton_part *content_part(struct baton_decoder *decoder, enum baton_part_kind kind, enum tag tag)
{
    for (uint32_t i = decoder->part_count; i-- > 0;) {
        struct baton_part *part = &decoder->parts[i];
        if (part->kind == BATON_PART_TEXT || part->tag == TAG_CHUNK || part->tag == TAG_THINKING) {
            if (part->kind == kind && part->tag == (unsigned)tag && tag != TAG_CHUNK) {
                return part;
            }
            break;
        }
    }
    struct baton_part *part = baton_decode_part(decoder, kind, -1);
    if (part != NULL) {
        part->tag = tag;
    }
    return part;
}

static void add_text(struct baton_decoder *decoder, struct baton_str text)
{
    baton_decode_text(decoder, text);
    struct baton_part *part = content_part(decoder, BATON_PART_TEXT, TAG_NONE);
    if (part != NULL) {
        baton_decode_add(decoder, &part->body, text);
    }
}

/* Mistral's thinking, itself a list of texts. */
static void add_thinking(struct baton_decoder *decoder, const struct baton_json *chunk)
{
    struct baton_part *part = content_part(decoder, BATON_PART_OTHER, TAG_THINKING);
    const struct baton_json *piece = baton_decode_list(chunk, "thinking");
    decoder->has_more = true;
    for (; piece != NULL && part != NULL; piece = piece->next) {
        baton_decode_add(decoder, &part->body, baton_decode_str(piece, "text"));
    }
}

/* Content as a list of chunks. */
static void add_chunks(struct baton_decoder *decoder, const struct baton_json *list)
{
    for (const struct baton_json *chunk = list->child; chunk != NULL; chunk = chunk->next) {
        struct baton_str type = baton_decode_str(chunk, "type");
        if (baton_str_is(type, "text")) {
            add_text(decoder, baton_decode_str(chunk, "text"));
        } else if (baton_str_is(type, "thinking")) {
            add_thinking(decoder, chunk);
        } else if (chunk->type == BATON_JSON_OBJECT) {
            struct baton_part *part = content_part(decoder, BATON_PART_OTHER, TAG_CHUNK);
            decoder->has_more = true;
            if (part != NULL) {
                baton_decode_add_json(decoder, &part->raw, chunk);
            }
        }
    }
}

/* ---- reasoning ---- */

static void add_reasoning(struct baton_decoder *decoder, struct baton_str text)
{
    if (text.length == 0) {
        return;
    }
    decoder->has_more = true;
    struct baton_part *part = last_tagged(decoder, TAG_REASONING);
    part = part != NULL ? part : baton_decode_part(decoder, BATON_PART_OTHER, -1);
    if (part != NULL) {
        part->tag = TAG_REASONING;
        baton_decode_add(decoder, &part->body, text);
    }
}

/* The member of a reasoning detail that comes in pieces, or NULL. */
static const char *detail_key(struct baton_str type)
{
    return baton_str_is(type, "reasoning.text") ? "text" : baton_str_is(type, "reasoning.summary") ? "summary" : NULL;
}

static void add_detail(struct baton_decoder *decoder, const struct baton_json *detail)
{
    struct baton_str type = baton_decode_str(detail, "type");
    const char *key = detail_key(type);
    int64_t index =
        baton_decode_get(detail, "index", BATON_JSON_NUMBER) == NULL ? 0 : baton_decode_count(detail, "index");
    struct baton_part *last = last_tagged(decoder, TAG_DETAIL);
    bool goes_on =
        last != NULL && key != NULL && last->index == index && baton_str_equal(baton_bytes_str(&last->name), type);
    struct baton_part *part = goes_on ? last : baton_decode_part(decoder, BATON_PART_OTHER, index);
    decoder->has_more = true;
    if (part == NULL) {
        return;
    }
    part->tag = TAG_DETAIL;
    for (const struct baton_json *member = detail->child; member != NULL; member = member->next) {
        bool is_text = member->type == BATON_JSON_STRING;
        if (key != NULL && is_text && baton_str_is(member->key, key)) {
            baton_decode_add(decoder, &part->body, member->text);
        } else if (is_text && baton_str_is(member->key, "signature")) {
            part->extra.length = 0;
            baton_decode_add(decoder, &part->extra, member->text);
        } else if (!goes_on && !(key != NULL && baton_str_is(member->key, key)) &&
                   !baton_str_is(member->key, "signature")) {
            baton_decode_add_member(decoder, &part->raw, member);
        }
    }
    baton_decode_add_once(decoder, &part->name, type);
}

static void add_details(struct baton_decoder *decoder, const struct baton_json *message)
{
    const struct baton_json *detail = baton_decode_list(message, "reasoning_details");
    for (; detail != NULL; detail = detail->next) {
        if (detail->type == BATON_JSON_OBJECT) {
            add_detail(decoder, detail);
        }
    }
}

/* ---- calls ---- */

/* The call that a piece belongs to. Some providers give every call the index 0, or none: then a new id is a new call. */
static struct baton_part *call_of(struct baton_decoder *decoder, int64_t index, struct baton_str id)
{
    struct baton_part *part = NULL;
    if (index >= 0) {
        part = baton_decode_part_find(decoder, BATON_PART_CALL, index);
    } else {
        for (uint32_t i = decoder->part_count; i-- > 0 && part == NULL;) {
            part = decoder->parts[i].kind == BATON_PART_CALL ? &decoder->parts[i] : NULL;
        }
    }
    bool is_another = part != NULL && id.length > 0 && !baton_str_equal(baton_bytes_str(&part->id), id) &&
                      (part->id.length > 0 || index < 0);
    return part == NULL || is_another ? baton_decode_part(decoder, BATON_PART_CALL, index) : part;
}

static void add_call(struct baton_decoder *decoder, int64_t index, struct baton_str id,
                     const struct baton_json *function)
{
    struct baton_part *part = call_of(decoder, index, id);
    const struct baton_json *arguments = baton_json_get(function, "arguments");
    if (part == NULL) {
        return;
    }
    baton_decode_add_once(decoder, &part->id, id);
    baton_decode_add_once(decoder, &part->name, baton_decode_str(function, "name"));
    if (arguments != NULL && arguments->type == BATON_JSON_STRING) {
        baton_decode_add(decoder, &part->body, arguments->text);
    } else if (arguments != NULL && arguments->type != BATON_JSON_NULL) {
        baton_decode_add_json(decoder, &part->body, arguments);
    }
}

static void add_calls(struct baton_decoder *decoder, const struct baton_json *message)
{
    int64_t position = 0;
    for (const struct baton_json *call = baton_decode_list(message, "tool_calls"); call != NULL;
         call = call->next, position++) {
        const struct baton_json *function = baton_decode_get(call, "function", BATON_JSON_OBJECT);
        int64_t index =
            baton_decode_get(call, "index", BATON_JSON_NUMBER) == NULL ? -1 : baton_decode_count(call, "index");
        if (function != NULL) {
            add_call(decoder, decoder->is_stream ? index : position, baton_decode_str(call, "id"), function);
        }
    }
}

/* ---- messages, deltas, choices ---- */

static void add_message(struct baton_decoder *decoder, const struct baton_json *message)
{
    const struct baton_json *content = baton_json_get(message, "content");
    if (content != NULL && content->type == BATON_JSON_STRING) {
        add_text(decoder, content->text);
    } else if (content != NULL && content->type == BATON_JSON_ARRAY) {
        add_chunks(decoder, content);
    }
    const struct baton_json *refusal = baton_decode_get(message, "refusal", BATON_JSON_STRING);
    if (refusal != NULL && refusal->text.length > 0) {
        decoder->is_refusal = true;
        add_text(decoder, refusal->text);
    }
    add_reasoning(decoder, baton_decode_str(message, decoder->codec->reply->reasoning_key));
    add_details(decoder, message);
    add_calls(decoder, message);
    const struct baton_json *legacy = baton_decode_get(message, "function_call", BATON_JSON_OBJECT);
    if (legacy != NULL) {
        add_call(decoder, INDEX_LEGACY, BATON_STR(""), legacy);
    }
}

/* The choice that counts: the one of index 0, else the first. */
static const struct baton_json *choice_of(const struct baton_json *root)
{
    const struct baton_json *first = NULL;
    for (const struct baton_json *choice = baton_decode_list(root, "choices"); choice != NULL; choice = choice->next) {
        if (choice->type == BATON_JSON_OBJECT && baton_decode_count(choice, "index") == 0) {
            return choice;
        }
        first = first == NULL && choice->type == BATON_JSON_OBJECT ? choice : first;
    }
    return first;
}

/* What a choice says besides its message: how it ended, or that it failed. */
static enum baton_status read_choice(struct baton_decoder *decoder, const struct baton_json *choice)
{
    const struct baton_json *error = baton_decode_get(choice, "error", BATON_JSON_OBJECT);
    if (error != NULL) {
        return baton_decode_error(decoder, 200, error);
    }
    const struct baton_json *reason = baton_decode_get(choice, "finish_reason", BATON_JSON_STRING);
    if (reason == NULL) {
        return BATON_OK;
    }
    decoder->is_complete = true;
    decoder->finish = baton_decode_finish(finish_words, sizeof finish_words / sizeof *finish_words, reason->text);
    if (decoder->finish == BATON_FINISH_ERROR) {
        baton_decode_fail(decoder, "the answer ended with finish_reason '%.*s'", BATON_STR_ARGS(reason->text));
        decoder->fault = BATON_FAULT_SERVER;
        return BATON_EPROVIDER;
    }
    return BATON_OK;
}

static void read_usage(struct baton_decoder *decoder, const struct baton_json *root)
{
    baton_decode_usage(decoder, baton_decode_get(baton_json_get(root, "x_groq"), "usage", BATON_JSON_OBJECT));
    baton_decode_usage(decoder, baton_decode_get(root, "usage", BATON_JSON_OBJECT));
}

static enum baton_status decode_body(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *choice = choice_of(root);
    if (choice == NULL) {
        return baton_decode_fail(decoder, "the answer has no object 'choices[0]'");
    }
    enum baton_status status = read_choice(decoder, choice);
    const struct baton_json *message = baton_decode_get(choice, "message", BATON_JSON_OBJECT);
    if (status == BATON_OK && message == NULL) {
        return baton_decode_fail(decoder, "the answer has no object 'choices[0].message'");
    }
    if (status == BATON_OK) {
        add_message(decoder, message);
        read_usage(decoder, root);
    }
    return status;
}

static enum baton_status decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event)
{
    if (baton_decode_is_done(event)) {
        decoder->is_complete = decoder->has_begun;
        decoder->is_over = true;
        return BATON_OK;
    }
    const struct baton_json *root;
    enum baton_status status = baton_decode_json(decoder, event, &root);
    if (status != BATON_OK) {
        return status;
    }
    read_usage(decoder, root);
    const struct baton_json *choice = baton_decode_list(root, "choices");
    for (; choice != NULL && status == BATON_OK; choice = choice->next) {
        if (baton_decode_count(choice, "index") != 0) {
            continue; /* only one was asked for */
        }
        const struct baton_json *delta = baton_decode_get(choice, "delta", BATON_JSON_OBJECT);
        if (delta == NULL && baton_decode_get(choice, "text", BATON_JSON_STRING) != NULL) {
            return baton_decode_lacks(decoder, "object 'choices[0].delta'");
        }
        if (delta != NULL) {
            decoder->has_begun = true;
            add_message(decoder, delta);
        }
        status = read_choice(decoder, choice);
    }
    return status;
}

/* ---- the message as it is sent back ---- */

static void write_detail(struct baton_json_writer *json, const struct baton_part *part)
{
    const char *key = detail_key(baton_bytes_str(&part->name));
    baton_jw_open(json, '{');
    if (part->raw.length > 0) {
        baton_jw_raw(json, baton_bytes_str(&part->raw));
    }
    if (key != NULL) {
        baton_jw_put_str(json, key, baton_bytes_str(&part->body));
    }
    if (part->extra.length > 0) {
        baton_jw_put_str(json, "signature", baton_bytes_str(&part->extra));
    }
    baton_jw_close(json, '}');
}

static void write_details(struct baton_json_writer *json, const struct baton_decoder *decoder)
{
    if (last_tagged(decoder, TAG_DETAIL) == NULL) {
        return;
    }
    baton_jw_put_open(json, "reasoning_details", '[');
    for (uint32_t i = 0; i < decoder->part_count; i++) {
        if (decoder->parts[i].tag == TAG_DETAIL) {
            write_detail(json, &decoder->parts[i]);
        }
    }
    baton_jw_close(json, ']');
}

static void write_text_chunk(struct baton_json_writer *json, const struct baton_part *part)
{
    baton_jw_open(json, '{');
    baton_jw_put_string(json, "type", "text");
    baton_jw_put_str(json, "text", baton_bytes_str(&part->body));
    baton_jw_close(json, '}');
}

static void write_chunks(struct baton_json_writer *json, const struct baton_decoder *decoder)
{
    baton_jw_open(json, '[');
    for (uint32_t i = 0; i < decoder->part_count; i++) {
        const struct baton_part *part = &decoder->parts[i];
        if (part->kind == BATON_PART_TEXT && part->body.length > 0) {
            write_text_chunk(json, part);
        } else if (part->tag == TAG_THINKING) {
            baton_jw_open(json, '{');
            baton_jw_put_string(json, "type", "thinking");
            baton_jw_put_open(json, "thinking", '[');
            write_text_chunk(json, part);
            baton_jw_close(json, ']');
            baton_jw_close(json, '}');
        } else if (part->tag == TAG_CHUNK) {
            baton_jw_raw(json, baton_bytes_str(&part->raw));
        }
    }
    baton_jw_close(json, ']');
}

static void write_calls(struct baton_json_writer *json, const struct baton_decoder *decoder)
{
    if (decoder->call_count == 0) {
        return;
    }
    baton_jw_put_open(json, "tool_calls", '[');
    for (uint32_t i = 0; i < decoder->part_count; i++) {
        const struct baton_part *part = &decoder->parts[i];
        if (part->kind == BATON_PART_CALL) {
            struct baton_tool_call call = { .id = baton_bytes_str(&part->id),
                                            .name = baton_bytes_str(&part->name),
                                            .arguments = baton_bytes_str(&part->body) };
            baton_chat_write_call(json, &call);
        }
    }
    baton_jw_close(json, ']');
}

static void write_native(const struct baton_decoder *decoder, struct baton_text *out)
{
    const struct baton_part *reasoning = last_tagged(decoder, TAG_REASONING);
    struct baton_json_writer json = baton_json_writer_to(out, 0);
    baton_jw_open(&json, '{');
    baton_jw_put_string(&json, "role", "assistant");
    baton_jw_key(&json, "content");
    if (last_tagged(decoder, TAG_CHUNK) != NULL || last_tagged(decoder, TAG_THINKING) != NULL) {
        write_chunks(&json, decoder);
    } else if (decoder->text.length > 0 || decoder->call_count == 0) {
        baton_jw_str(&json, baton_bytes_str(&decoder->text));
    } else {
        baton_jw_null(&json);
    }
    if (reasoning != NULL) {
        baton_jw_put_str(&json, decoder->codec->reply->reasoning_key, baton_bytes_str(&reasoning->body));
    }
    write_details(&json, decoder);
    write_calls(&json, decoder);
    baton_jw_close(&json, '}');
}

const struct baton_reply_form baton_chat_reply = {
    .body = decode_body,
    .event = decode_event,
    .native = write_native,
    .reasoning_key = "reasoning_content",
};

const struct baton_reply_form baton_openrouter_reply = {
    .body = decode_body,
    .event = decode_event,
    .native = write_native,
    .reasoning_key = "reasoning",
};
