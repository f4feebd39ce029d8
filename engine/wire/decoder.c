/* A reply, from its bytes to what the run loop gets.
 *
 * The formats only gather (decode.h); what must hold for all is here, once: the first error stays, whatever is fed after it;
 * an error of ours is not the provider's; a stream that does not say that it has ended has not; and the reply is copied into
 * the conversation's memory only when it is whole, so that an attempt that failed costs the conversation nothing. */
#include "engine/wire/decoder.h"

#include "engine/base/utf8.h"
#include "engine/wire/decode.h"

struct baton_decoder *baton_decoder_new(void)
{
    struct baton_decoder *decoder = baton_system_take(sizeof *decoder);
    if (decoder == NULL) {
        return NULL;
    }
    decoder->life = baton_arena_new(BATON_DECODER_BYTES_MAX);
    decoder->scratch = baton_arena_new(BATON_DECODER_BYTES_MAX);
    baton_sse_init(&decoder->sse);
    if (decoder->life == NULL || decoder->scratch == NULL) {
        baton_decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

void baton_decoder_free(struct baton_decoder *decoder)
{
    if (decoder != NULL) {
        baton_arena_free(decoder->life);
        baton_arena_free(decoder->scratch);
        baton_sse_clear(&decoder->sse);
        baton_system_give(decoder);
    }
}

void baton_decoder_begin(struct baton_decoder *decoder, const struct baton_codec *codec,
                         const struct baton_request *request)
{
    baton_arena_reset(decoder->life);
    baton_sse_reset(&decoder->sse);
    *decoder = (struct baton_decoder){ .codec = codec,
                                       .arena = request->arena,
                                       .life = decoder->life,
                                       .scratch = decoder->scratch,
                                       .sse = decoder->sse,
                                       .on_text = request->on_text,
                                       .user = request->user };
}

/* ---- errors: the first one stays ---- */

static enum baton_status settle(struct baton_decoder *decoder, enum baton_status status)
{
    if (status == BATON_OK && decoder->is_short_of_memory) {
        status = baton_error_set(&decoder->error, BATON_ELIMIT,
                                 "%s: the answer has more parts or bytes than is allowed", decoder->codec->name);
    }
    if (status == BATON_EPROVIDER && decoder->fault == BATON_FAULT_NONE) {
        decoder->fault = BATON_FAULT_PROTOCOL;
    }
    decoder->status = status;
    return status;
}

static enum baton_status report(const struct baton_decoder *decoder, struct baton_error *err)
{
    if (decoder->status != BATON_OK && err != NULL) {
        *err = decoder->error;
    }
    return decoder->status;
}

bool baton_decoder_is_over(const struct baton_decoder *decoder)
{
    return decoder->is_over;
}

enum baton_provider_fault baton_decoder_fault(const struct baton_decoder *decoder)
{
    return decoder->fault;
}

/* ---- the reply ---- */

static bool copy(struct baton_decoder *decoder, struct baton_str from, struct baton_str *to)
{
    char *data = baton_arena_copy(decoder->arena, from.data, from.length);
    *to = (struct baton_str){ data == NULL ? "" : data, data == NULL ? 0 : from.length };
    return data != NULL;
}

static enum baton_status over_limit(struct baton_decoder *decoder)
{
    return baton_error_over_limit(&decoder->error, "%s: the answer", decoder->codec->name);
}

static enum baton_status copy_calls(struct baton_decoder *decoder, struct baton_reply *reply)
{
    struct baton_tool_call *calls = baton_arena_array(decoder->arena, decoder->call_count, sizeof *calls);
    bool fits = calls != NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < decoder->part_count && fits; i++) {
        const struct baton_part *part = &decoder->parts[i];
        if (part->kind != BATON_PART_CALL) {
            continue;
        }
        if (part->name.length == 0) {
            return baton_decode_fail(decoder, "tool call %u of the answer has no name", count + 1);
        }
        const struct baton_bytes *arguments = part->body.length > 0 ? &part->body : &part->extra;
        struct baton_tool_call *call = &calls[count++];
        fits = copy(decoder, baton_bytes_str(&part->id), &call->id) &&
               copy(decoder, baton_bytes_str(&part->name), &call->name) &&
               copy(decoder, baton_bytes_str(arguments), &call->arguments);
    }
    reply->calls = calls;
    reply->call_count = count;
    return fits ? BATON_OK : over_limit(decoder);
}

static enum baton_status copy_native(struct baton_decoder *decoder, struct baton_reply *reply)
{
    struct baton_text json = baton_text_with_limit(BATON_DECODER_BYTES_MAX);
    decoder->codec->reply->native(decoder, &json);
    bool fits = !json.failed && copy(decoder, baton_text_str(&json), &reply->native.json);
    baton_text_clear(&json);
    reply->native.format = decoder->codec->name;
    return fits ? BATON_OK : over_limit(decoder);
}

static enum baton_status fill(struct baton_decoder *decoder, struct baton_reply *reply)
{
    reply->kind = BATON_REPLY_MESSAGE;
    enum baton_status status = decoder->call_count > 0 ? copy_calls(decoder, reply) : BATON_OK;
    if (status == BATON_OK && !copy(decoder, baton_bytes_str(&decoder->text), &reply->text)) {
        status = over_limit(decoder);
    }
    if (status == BATON_OK && decoder->has_more) {
        status = copy_native(decoder, reply);
    }
    /* An empty text beside calls is how some write that there is none. */
    reply->has_text = decoder->has_text && (reply->text.length > 0 || reply->call_count == 0);
    reply->was_streamed = decoder->is_stream && decoder->on_text != NULL;
    bool says_stop = decoder->finish == BATON_FINISH_STOP || decoder->finish == BATON_FINISH_UNKNOWN;
    reply->finish = decoder->is_refusal && says_stop ? BATON_FINISH_REFUSAL : decoder->finish;
    reply->usage = decoder->usage;
    return settle(decoder, status);
}

/* ---- whole ---- */

/* A refusal that is not in the format, often a page of some machine on the way. */
static enum baton_status refuse(struct baton_decoder *decoder, int http_status, struct baton_str body)
{
    struct baton_str shown = baton_str_cut(body, BATON_ERROR_BODY_BYTES);
    baton_utf8_valid(shown.data, shown.length, &shown.length); /* no further than it is text */
    enum baton_status status = baton_decode_fail(decoder, "HTTP %d%s%.*s", http_status,
                                                 shown.length > 0 ? ": " : " without a text", BATON_STR_ARGS(shown));
    decoder->fault = baton_provider_fault_of(http_status, BATON_STR(""), BATON_STR(""));
    return status;
}

static enum baton_status read_body(struct baton_decoder *decoder, int http_status, struct baton_str body)
{
    bool is_refused = http_status < 200 || http_status > 299;
    const struct baton_source source = { .name = "the answer", .text = body };
    const struct baton_json *root;
    struct baton_error inner;
    enum baton_status status = baton_json_parse(&root, decoder->scratch, &source, &inner);
    if (status != BATON_OK && status != BATON_EINPUT) {
        return baton_error_set(&decoder->error, status, "%s: %s", decoder->codec->name, inner.text);
    }
    bool is_object = status == BATON_OK && root->type == BATON_JSON_OBJECT;
    const struct baton_json *error = is_object ? baton_decode_error_in(root) : NULL;
    if (error == NULL && is_object && is_refused && baton_json_get(root, "message") != NULL) {
        error = root; /* as gateways write it */
    }
    if (error != NULL) {
        return baton_decode_error(decoder, http_status, error);
    }
    if (is_refused) {
        return refuse(decoder, http_status, body);
    }
    if (status != BATON_OK) {
        char text[BATON_ERROR_TEXT_BYTES];
        return baton_decode_fail(decoder, "%s", baton_error_format(&inner, text, sizeof text));
    }
    if (!is_object) {
        return baton_decode_fail(decoder, "the answer is %s, where an object was expected", baton_json_type_name(root));
    }
    return decoder->codec->reply->body(decoder, root);
}

enum baton_status baton_decoder_body(struct baton_decoder *decoder, int http_status, struct baton_str body,
                                     struct baton_reply *reply, struct baton_error *err)
{
    if (decoder->status == BATON_OK) {
        baton_arena_reset(decoder->scratch);
        settle(decoder, read_body(decoder, http_status, body));
    }
    if (decoder->status == BATON_OK) {
        fill(decoder, reply);
    }
    return report(decoder, err);
}

/* ---- streams ---- */

enum baton_status baton_decoder_event(struct baton_decoder *decoder, const struct baton_sse_event *event,
                                      struct baton_error *err)
{
    decoder->is_stream = true;
    if (decoder->status == BATON_OK && !decoder->is_over && event->data.length > 0) {
        decoder->event_count++;
        baton_arena_reset(decoder->scratch);
        settle(decoder, decoder->codec->reply->event(decoder, event));
    }
    return report(decoder, err);
}

static enum baton_status on_event(void *user, const struct baton_sse_event *event, struct baton_error *err)
{
    (void)err;
    return baton_decoder_event(user, event, NULL);
}

enum baton_status baton_decoder_bytes(struct baton_decoder *decoder, struct baton_str bytes, struct baton_error *err)
{
    decoder->is_stream = true;
    if (decoder->status == BATON_OK && !decoder->is_over) {
        settle(decoder, baton_sse_feed(&decoder->sse, bytes, on_event, decoder, &decoder->error));
    }
    return report(decoder, err);
}

enum baton_status baton_decoder_end(struct baton_decoder *decoder, struct baton_reply *reply, struct baton_error *err)
{
    decoder->is_stream = true;
    if (decoder->status == BATON_OK && !decoder->is_complete) {
        decoder->fault = BATON_FAULT_CUT;
        settle(decoder,
               baton_error_set(&decoder->error, BATON_EPROVIDER,
                               "%s: the stream ended after %llu events, before its end; the answer is not whole",
                               decoder->codec->name, (unsigned long long)decoder->event_count));
    }
    if (decoder->status == BATON_OK) {
        fill(decoder, reply);
    }
    return report(decoder, err);
}
