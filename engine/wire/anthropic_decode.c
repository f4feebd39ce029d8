/* Replies of Anthropic Messages.
 *
 * A block of a whole answer is read like the start of one in a stream, which then grows. Of each block all members are kept,
 * also those that are not known, as the service wants its own blocks back exactly: a thinking block without its signature, or
 * a tool that ran over there without its result, would be refused in the next request. */
#include "engine/wire/anthropic.h"

static const struct baton_finish_word finish_words[] = {
    { "end_turn", BATON_FINISH_STOP },
    { "stop_sequence", BATON_FINISH_STOP },
    { "tool_use", BATON_FINISH_TOOL_CALLS },
    { "max_tokens", BATON_FINISH_LENGTH },
    { "model_context_window_exceeded", BATON_FINISH_LENGTH },
    { "refusal", BATON_FINISH_REFUSAL },
    { "pause_turn", BATON_FINISH_PAUSE },
};

static void read_stop_reason(struct baton_decoder *decoder, const struct baton_json *object)
{
    const struct baton_json *reason = baton_decode_get(object, "stop_reason", BATON_JSON_STRING);
    if (reason != NULL) {
        decoder->finish = baton_decode_finish(finish_words, sizeof finish_words / sizeof *finish_words, reason->text);
    }
}

/* The counts of a stream come at its start and again, in part and as totals, near its end. */
static void read_usage(struct baton_decoder *decoder, const struct baton_json *object)
{
    const struct baton_json *usage = baton_decode_get(object, "usage", BATON_JSON_OBJECT);
    if (usage == NULL) {
        return;
    }
    const struct {
        const char *key;
        int64_t *to;
    } counts[] = {
        { "input_tokens", &decoder->usage.input },
        { "output_tokens", &decoder->usage.output },
        { "cache_read_input_tokens", &decoder->usage.cached },
        { "cache_creation_input_tokens", &decoder->usage.cache_write },
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (baton_decode_get(usage, counts[i].key, BATON_JSON_NUMBER) != NULL) {
            *counts[i].to = baton_decode_count(usage, counts[i].key);
        }
    }
    const struct baton_json *details = baton_decode_get(usage, "output_tokens_details", BATON_JSON_OBJECT);
    if (details != NULL) {
        decoder->usage.reasoning = baton_decode_count(details, "thinking_tokens");
    }
    decoder->usage.is_known = true;
}

/* ---- blocks ---- */

/* What of a block grows: nothing of those that are not known. */
enum tag { TAG_FIXED, TAG_TEXT, TAG_THINKING, TAG_INPUT };

static enum tag tag_of(struct baton_str type)
{
    static const struct {
        const char *type;
        enum tag tag;
    } tags[] = {
        { "text", TAG_TEXT },          { "thinking", TAG_THINKING },
        { "tool_use", TAG_INPUT },     { "server_tool_use", TAG_INPUT },
        { "mcp_tool_use", TAG_INPUT },
    };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (baton_str_is(type, tags[i].type)) {
            return tags[i].tag;
        }
    }
    return TAG_FIXED;
}

static struct baton_bytes *growing(struct baton_part *part, struct baton_str key)
{
    static const struct {
        const char *key;
        enum tag tag;
        bool is_extra;
    } keys[] = { { "text", TAG_TEXT, false },
                 { "citations", TAG_TEXT, true },
                 { "thinking", TAG_THINKING, false },
                 { "signature", TAG_THINKING, true },
                 { "input", TAG_INPUT, true } };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (keys[i].tag == part->tag && baton_str_is(key, keys[i].key)) {
            return keys[i].is_extra ? &part->extra : &part->body;
        }
    }
    return NULL;
}

/* Citations without their brackets, so that more can be added. */
static void add_citations(struct baton_decoder *decoder, struct baton_part *part, const struct baton_json *list)
{
    for (const struct baton_json *citation = list->child; citation != NULL; citation = citation->next) {
        baton_decode_add_element(decoder, &part->extra, citation);
    }
}

static void begin_block(struct baton_decoder *decoder, int64_t index, const struct baton_json *block)
{
    struct baton_str type = baton_decode_str(block, "type");
    bool is_text = baton_str_is(type, "text"), is_call = baton_str_is(type, "tool_use");
    struct baton_part *part = baton_decode_part(decoder,
                                                is_text   ? BATON_PART_TEXT
                                                : is_call ? BATON_PART_CALL
                                                          : BATON_PART_OTHER,
                                                index);
    decoder->has_more = decoder->has_more || (!is_text && !is_call);
    if (part == NULL) {
        return;
    }
    part->tag = tag_of(type);
    if (is_call) {
        baton_decode_add(decoder, &part->id, baton_decode_str(block, "id"));
        baton_decode_add(decoder, &part->name, baton_decode_str(block, "name"));
    }
    for (const struct baton_json *member = block->child; member != NULL; member = member->next) {
        struct baton_bytes *grown = growing(part, member->key);
        if (grown == NULL) {
            baton_decode_add_member(decoder, &part->raw, member);
        } else if (baton_str_is(member->key, "citations") && member->type == BATON_JSON_ARRAY) {
            add_citations(decoder, part, member);
        } else if (baton_str_is(member->key, "input") && member->type == BATON_JSON_OBJECT) {
            baton_decode_add_json(decoder, grown, member);
        } else if (member->type == BATON_JSON_STRING) {
            baton_decode_add(decoder, grown, member->text);
        }
    }
    if (is_text) {
        baton_decode_text(decoder, baton_decode_str(block, "text"));
    }
}

static enum baton_status decode_body(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *content = baton_decode_get(root, "content", BATON_JSON_ARRAY);
    if (content == NULL) {
        return baton_decode_fail(decoder, "the answer has no list 'content'");
    }
    int64_t index = 0;
    for (const struct baton_json *block = content->child; block != NULL; block = block->next, index++) {
        if (block->type != BATON_JSON_OBJECT) {
            return baton_decode_fail(decoder, "'content[%lld]' of the answer is %s, where an object was expected",
                                     (long long)index, baton_json_type_name(block));
        }
        begin_block(decoder, index, block);
    }
    read_stop_reason(decoder, root);
    read_usage(decoder, root);
    return BATON_OK;
}

/* ---- streams ---- */

/* A proxy that tried again behind our back begins anew; what is on a screen already cannot be taken back. */
static enum baton_status message_start(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *message = baton_decode_get(root, "message", BATON_JSON_OBJECT);
    if (message == NULL) {
        return baton_decode_lacks(decoder, "object 'message'");
    }
    if (decoder->text.length > 0) {
        return baton_decode_fail(decoder, "a second 'message_start' in the middle of an answer");
    }
    baton_decode_restart(decoder);
    read_usage(decoder, message);
    decoder->has_begun = true;
    return BATON_OK;
}

static enum baton_status content_block_start(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *block = baton_decode_get(root, "content_block", BATON_JSON_OBJECT);
    if (block == NULL) {
        return baton_decode_lacks(decoder, "object 'content_block'");
    }
    begin_block(decoder, baton_decode_count(root, "index"), block);
    return BATON_OK;
}

static enum baton_status content_block_delta(struct baton_decoder *decoder, const struct baton_json *root)
{
    int64_t index = baton_decode_count(root, "index");
    const struct baton_json *delta = baton_decode_get(root, "delta", BATON_JSON_OBJECT);
    struct baton_part *part = NULL;
    for (uint32_t i = decoder->part_count; i-- > 0 && part == NULL;) {
        part = decoder->parts[i].index == index ? &decoder->parts[i] : NULL;
    }
    if (delta == NULL) {
        return baton_decode_lacks(decoder, "object 'delta'");
    }
    if (part == NULL) {
        return baton_decode_fail(decoder, "event %llu goes on with block %lld, which never began",
                                 (unsigned long long)decoder->event_count, (long long)index);
    }
    struct baton_str type = baton_decode_str(delta, "type");
    const struct baton_json *citation = baton_decode_get(delta, "citation", BATON_JSON_OBJECT);
    if (baton_str_is(type, "text_delta") && part->kind == BATON_PART_TEXT) {
        baton_decode_add(decoder, &part->body, baton_decode_str(delta, "text"));
        baton_decode_text(decoder, baton_decode_str(delta, "text"));
    } else if (baton_str_is(type, "thinking_delta")) {
        baton_decode_add(decoder, &part->body, baton_decode_str(delta, "thinking"));
    } else if (baton_str_is(type, "signature_delta")) {
        baton_decode_add(decoder, &part->extra, baton_decode_str(delta, "signature"));
    } else if (baton_str_is(type, "input_json_delta")) {
        baton_decode_add(decoder, &part->body, baton_decode_str(delta, "partial_json"));
    } else if (baton_str_is(type, "citations_delta") && citation != NULL) {
        baton_decode_add_element(decoder, &part->extra, citation);
    }
    return BATON_OK;
}

static enum baton_status message_delta(struct baton_decoder *decoder, const struct baton_json *root)
{
    read_stop_reason(decoder, baton_decode_get(root, "delta", BATON_JSON_OBJECT));
    read_usage(decoder, root);
    return BATON_OK;
}

static enum baton_status message_stop(struct baton_decoder *decoder, const struct baton_json *root)
{
    (void)root;
    if (!decoder->has_begun) {
        return baton_decode_fail(decoder, "'message_stop' of an answer that never began");
    }
    decoder->is_complete = decoder->is_over = true;
    return BATON_OK;
}

static enum baton_status decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event)
{
    static const struct baton_event_row rows[] = {
        { "content_block_delta", content_block_delta },
        { "content_block_start", content_block_start },
        { "message_start", message_start },
        { "message_delta", message_delta },
        { "message_stop", message_stop },
    };
    return baton_decode_by_type(decoder, event, rows, sizeof rows / sizeof *rows);
}

/* ---- the content as it is sent back ---- */

static void write_block(struct baton_json_writer *json, const struct baton_decoder *decoder,
                        const struct baton_part *part)
{
    struct baton_str body = baton_bytes_str(&part->body), extra = baton_bytes_str(&part->extra);
    baton_jw_open(json, '{');
    if (part->raw.length > 0) {
        baton_jw_raw(json, baton_bytes_str(&part->raw));
    }
    if (part->tag == TAG_TEXT) {
        baton_jw_put_str(json, "text", body);
    }
    if (part->tag == TAG_TEXT && extra.length > 0) {
        baton_jw_put_open(json, "citations", '[');
        baton_jw_raw(json, extra);
        baton_jw_close(json, ']');
    }
    if (part->tag == TAG_THINKING) {
        baton_jw_put_str(json, "thinking", body);
        baton_jw_put_str(json, "signature", extra);
    }
    if (part->tag == TAG_INPUT) {
        baton_jw_key(json, "input");
        baton_anthropic_write_input(json, decoder->scratch, body.length > 0 ? body : extra);
    }
    baton_jw_close(json, '}');
}

static void write_native(const struct baton_decoder *decoder, struct baton_text *out)
{
    struct baton_json_writer json = baton_json_writer_to(out, 0);
    baton_jw_open(&json, '[');
    for (uint32_t i = 0; i < decoder->part_count; i++) {
        const struct baton_part *part = &decoder->parts[i];
        if (part->kind != BATON_PART_TEXT || part->body.length > 0) { /* an empty text is refused over there */
            write_block(&json, decoder, part);
        }
    }
    baton_jw_close(&json, ']');
}

const struct baton_reply_form baton_anthropic_reply = {
    .body = decode_body,
    .event = decode_event,
    .native = write_native,
};
