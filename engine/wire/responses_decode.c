/* Replies of OpenAI Responses.
 *
 * A stream says everything twice: its text in pieces, then each item and at last the whole answer. Text is passed on as it
 * comes; what counts in the end is the whole answer, or the items where it has none, as pieces may have been lost on the way
 * and only whole items have the ids and encrypted reasoning that the next request has to give back. */
#include "engine/wire/responses.h"

enum { INDEX_TEXT = -1 };

/* ---- items ---- */

static bool is_given(const struct baton_json *item, const char *key)
{
    const struct baton_json *node = baton_json_get(item, key);
    return node != NULL && node->type != BATON_JSON_NULL;
}

/* Adds the text of a message to what is kept; it is not passed on. */
static void add_message(struct baton_decoder *decoder, struct baton_part *part, const struct baton_json *item)
{
    for (const struct baton_json *piece = baton_decode_list(item, "content"); piece != NULL; piece = piece->next) {
        struct baton_str type = baton_decode_str(piece, "type");
        bool is_refusal = baton_str_is(type, "refusal");
        if (is_refusal || baton_str_is(type, "output_text")) {
            baton_decode_add(decoder, &part->body, baton_decode_str(piece, is_refusal ? "refusal" : "text"));
            decoder->has_text = true;
        }
        decoder->is_refusal = decoder->is_refusal || is_refusal;
    }
    decoder->has_more = decoder->has_more || is_given(item, "phase");
}

/* Adds an item that is finished; gives back its text. */
static struct baton_str add_item(struct baton_decoder *decoder, const struct baton_json *item)
{
    struct baton_str type = baton_decode_str(item, "type");
    bool is_message = baton_str_is(type, "message"), is_call = baton_str_is(type, "function_call");
    struct baton_part *part = baton_decode_part(decoder,
                                                is_message ? BATON_PART_TEXT
                                                : is_call  ? BATON_PART_CALL
                                                           : BATON_PART_OTHER,
                                                INDEX_TEXT);
    if (part == NULL || item->type != BATON_JSON_OBJECT) {
        return BATON_STR("");
    }
    baton_decode_add_json(decoder, &part->raw, item);
    if (is_message) {
        add_message(decoder, part, item);
        return baton_bytes_str(&part->body);
    }
    if (is_call) {
        baton_decode_add(decoder, &part->id, baton_decode_str(item, "call_id"));
        baton_decode_add(decoder, &part->name, baton_decode_str(item, "name"));
        baton_decode_add(decoder, &part->body, baton_decode_str(item, "arguments"));
    }
    decoder->has_more = decoder->has_more || !is_call || is_given(item, "namespace");
    return BATON_STR("");
}

/* The whole list of items, in place of those that were gathered. */
static void add_output(struct baton_decoder *decoder, const struct baton_json *output)
{
    baton_decode_restart(decoder);
    for (const struct baton_json *item = output->child; item != NULL; item = item->next) {
        baton_decode_add(decoder, &decoder->text, add_item(decoder, item));
    }
}

/* ---- answers ---- */

static enum baton_finish finish_of(const struct baton_decoder *decoder, const struct baton_json *response)
{
    static const struct baton_finish_word reasons[] = {
        { "max_output_tokens", BATON_FINISH_LENGTH },
        { "max_tokens", BATON_FINISH_LENGTH },
        { "content_filter", BATON_FINISH_CONTENT_FILTER },
    };
    struct baton_str status = baton_decode_str(response, "status");
    if (baton_str_is(status, "incomplete")) {
        const struct baton_json *details = baton_decode_get(response, "incomplete_details", BATON_JSON_OBJECT);
        enum baton_finish finish =
            baton_decode_finish(reasons, sizeof reasons / sizeof *reasons, baton_decode_str(details, "reason"));
        return finish == BATON_FINISH_UNKNOWN ? BATON_FINISH_LENGTH : finish;
    }
    return decoder->call_count > 0 ? BATON_FINISH_TOOL_CALLS : BATON_FINISH_STOP;
}

/* An answer that failed, or is not finished. */
static enum baton_status check_status(struct baton_decoder *decoder, const struct baton_json *response)
{
    static const char *const unfinished[] = { "failed", "cancelled", "queued", "in_progress" };
    const struct baton_json *error = baton_decode_get(response, "error", BATON_JSON_OBJECT);
    struct baton_str status = baton_decode_str(response, "status");
    if (error != NULL) {
        return baton_decode_error(decoder, 200, error);
    }
    for (size_t i = 0; i < sizeof unfinished / sizeof *unfinished; i++) {
        if (baton_str_is(status, unfinished[i])) {
            baton_decode_fail(decoder, "the answer has the status '%s'", unfinished[i]);
            decoder->fault = i == 0 ? BATON_FAULT_SERVER : BATON_FAULT_PROTOCOL;
            return BATON_EPROVIDER;
        }
    }
    return BATON_OK;
}

static enum baton_status decode_body(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *output = baton_decode_get(root, "output", BATON_JSON_ARRAY);
    enum baton_status status = check_status(decoder, root);
    if (status == BATON_OK && output == NULL) {
        return baton_decode_fail(decoder, "the answer has no list 'output'");
    }
    if (status == BATON_OK) {
        add_output(decoder, output);
        decoder->finish = finish_of(decoder, root);
        baton_decode_usage(decoder, baton_decode_get(root, "usage", BATON_JSON_OBJECT));
    }
    return status;
}

/* ---- streams ---- */

static enum baton_status text_delta(struct baton_decoder *decoder, const struct baton_json *root)
{
    baton_decode_text(decoder, baton_decode_str(root, "delta"));
    decoder->has_piece = true;
    return BATON_OK;
}

static enum baton_status refusal_delta(struct baton_decoder *decoder, const struct baton_json *root)
{
    decoder->is_refusal = true;
    return text_delta(decoder, root);
}

/* A message of which no piece came is passed on whole. */
static enum baton_status item_done(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *item = baton_decode_get(root, "item", BATON_JSON_OBJECT);
    if (item == NULL) {
        return baton_decode_lacks(decoder, "object 'item'");
    }
    struct baton_str text = add_item(decoder, item);
    if (!decoder->has_piece && text.length > 0) {
        baton_decode_text(decoder, text);
    }
    if (baton_str_is(baton_decode_str(item, "type"), "message")) {
        decoder->has_piece = false;
    }
    return BATON_OK;
}

static enum baton_status completed(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *response = baton_decode_get(root, "response", BATON_JSON_OBJECT);
    if (response == NULL) {
        return baton_decode_lacks(decoder, "object 'response'");
    }
    enum baton_status status = check_status(decoder, response);
    if (status != BATON_OK) {
        return status;
    }
    const struct baton_json *output = baton_decode_get(response, "output", BATON_JSON_ARRAY);
    if (output != NULL && output->count > 0) {
        add_output(decoder, output);
    }
    decoder->finish = finish_of(decoder, response);
    baton_decode_usage(decoder, baton_decode_get(response, "usage", BATON_JSON_OBJECT));
    decoder->is_complete = decoder->is_over = true;
    return BATON_OK;
}

static enum baton_status failed(struct baton_decoder *decoder, const struct baton_json *root)
{
    const struct baton_json *response = baton_decode_get(root, "response", BATON_JSON_OBJECT);
    enum baton_status status = response == NULL ? BATON_OK : check_status(decoder, response);
    if (status == BATON_OK) {
        status = baton_decode_fail(decoder, "the answer failed, without a reason");
        decoder->fault = BATON_FAULT_SERVER;
    }
    return status;
}

static enum baton_status decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event)
{
    static const struct baton_event_row rows[] = {
        { "response.output_text.delta", text_delta },
        { "response.refusal.delta", refusal_delta },
        { "response.output_item.done", item_done },
        { "response.completed", completed },
        { "response.incomplete", completed },
        { "response.failed", failed },
        { "response.cancelled", failed },
    };
    return baton_decode_by_type(decoder, event, rows, sizeof rows / sizeof *rows);
}

/* ---- the items as they are sent back ---- */

static void write_native(const struct baton_decoder *decoder, struct baton_text *out)
{
    struct baton_json_writer json = baton_json_writer_to(out, 0);
    baton_jw_open(&json, '[');
    for (uint32_t i = 0; i < decoder->part_count; i++) {
        if (decoder->parts[i].raw.length > 0) {
            baton_jw_raw(&json, baton_bytes_str(&decoder->parts[i].raw));
        }
    }
    baton_jw_close(&json, ']');
}

const struct baton_reply_form baton_responses_reply = {
    .body = decode_body,
    .event = decode_event,
    .native = write_native,
};
