/* What the three formats' decoders share.
 *
 * An answer that comes whole is read by the same code as one that comes in pieces: a decoder gathers parts and never looks
 * back, so nothing here asks which of the two it is, but for telling a listener of text as it comes. Parts are kept apart
 * from the reply, as a stream may end badly at any moment, and half an answer must leave nothing behind. */
#include "engine/wire/decode.h"

#include "engine/base/grow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BYTES_FIRST = 64, WHERE_BYTES = 64, OK_STATUS = 200 };

/* ---- what is gathered ---- */

/* Room for so many more bytes. False when out of memory. */
static bool bytes_grow(struct baton_decoder *decoder, struct baton_bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity == 0 ? BYTES_FIRST : bytes->capacity;
    while (capacity - bytes->length < more && capacity <= BATON_DECODER_BYTES_MAX) {
        capacity *= 2;
    }
    char *data = baton_arena_alloc(decoder->life, capacity);
    if (data == NULL || capacity - bytes->length < more) {
        return false;
    }
    if (bytes->length > 0) {
        memcpy(data, bytes->data, bytes->length);
    }
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

void baton_decode_add(struct baton_decoder *decoder, struct baton_bytes *bytes, struct baton_str piece)
{
    if (piece.length > bytes->capacity - bytes->length && !bytes_grow(decoder, bytes, piece.length)) {
        decoder->is_short_of_memory = true;
        return;
    }
    if (piece.length > 0) {
        memcpy(bytes->data + bytes->length, piece.data, piece.length);
        bytes->length += piece.length;
    }
}

struct baton_str baton_bytes_str(const struct baton_bytes *bytes)
{
    return (struct baton_str){ bytes->data == NULL ? "" : bytes->data, bytes->length };
}

void baton_decode_add_once(struct baton_decoder *decoder, struct baton_bytes *bytes, struct baton_str piece)
{
    if (bytes->length == 0) {
        baton_decode_add(decoder, bytes, piece);
    }
}

void baton_decode_add_json(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *node)
{
    struct baton_text text = baton_text_with_limit(BATON_DECODER_BYTES_MAX);
    baton_json_write(&text, node);
    decoder->is_short_of_memory = decoder->is_short_of_memory || text.failed;
    baton_decode_add(decoder, bytes, baton_text_str(&text));
    baton_text_clear(&text);
}

void baton_decode_add_element(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *node)
{
    baton_decode_add(decoder, bytes, bytes->length > 0 ? BATON_STR(",") : BATON_STR(""));
    baton_decode_add_json(decoder, bytes, node);
}

void baton_decode_add_member(struct baton_decoder *decoder, struct baton_bytes *bytes, const struct baton_json *member)
{
    struct baton_text key = baton_text_with_limit(BATON_DECODER_BYTES_MAX);
    baton_text_puts(&key, bytes->length > 0 ? "," : "");
    baton_text_json_string(&key, member->key.data, member->key.length);
    baton_text_putc(&key, ':');
    decoder->is_short_of_memory = decoder->is_short_of_memory || key.failed;
    baton_decode_add(decoder, bytes, baton_text_str(&key));
    baton_text_clear(&key);
    baton_decode_add_json(decoder, bytes, member);
}

void baton_decode_text(struct baton_decoder *decoder, struct baton_str text)
{
    decoder->has_text = true;
    baton_decode_add(decoder, &decoder->text, text);
    if (decoder->is_stream && decoder->on_text != NULL && text.length > 0) {
        decoder->on_text(decoder->user, text);
    }
}

struct baton_part *baton_decode_part(struct baton_decoder *decoder, enum baton_part_kind kind, int64_t index)
{
    bool is_call = kind == BATON_PART_CALL;
    if (decoder->part_count == BATON_PARTS_MAX || (is_call && decoder->call_count == BATON_CALLS_MAX)) {
        decoder->is_short_of_memory = true;
        return NULL;
    }
    struct baton_part *parts =
        baton_grow_arena(decoder->life, decoder->parts, decoder->part_count, &decoder->part_capacity, sizeof *parts);
    if (parts == NULL) {
        decoder->is_short_of_memory = true;
        return NULL;
    }
    decoder->parts = parts;
    struct baton_part *part = &decoder->parts[decoder->part_count++];
    *part = (struct baton_part){ .kind = kind, .index = index };
    decoder->call_count += is_call;
    return part;
}

struct baton_part *baton_decode_part_find(struct baton_decoder *decoder, enum baton_part_kind kind, int64_t index)
{
    for (uint32_t i = decoder->part_count; i-- > 0;) {
        if (decoder->parts[i].kind == kind && decoder->parts[i].index == index) {
            return &decoder->parts[i];
        }
    }
    return NULL;
}

void baton_decode_restart(struct baton_decoder *decoder)
{
    decoder->part_count = decoder->call_count = 0;
    decoder->text.length = 0;
    decoder->has_text = decoder->has_more = decoder->is_refusal = false;
}

/* ---- reading ---- */

const struct baton_json *baton_decode_get(const struct baton_json *object, const char *key, enum baton_json_type type)
{
    const struct baton_json *node =
        object == NULL || object->type != BATON_JSON_OBJECT ? NULL : baton_json_get(object, key);
    return node != NULL && node->type == type ? node : NULL;
}

const struct baton_json *baton_decode_list(const struct baton_json *object, const char *key)
{
    const struct baton_json *list = baton_decode_get(object, key, BATON_JSON_ARRAY);
    return list == NULL ? NULL : list->child;
}

struct baton_str baton_decode_str(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = baton_decode_get(object, key, BATON_JSON_STRING);
    return node == NULL ? BATON_STR("") : node->text;
}

int64_t baton_decode_count(const struct baton_json *object, const char *key)
{
    const struct baton_json *node = baton_decode_get(object, key, BATON_JSON_NUMBER);
    int64_t count = 0;
    return node != NULL && baton_json_integer(node, 0, BATON_TOKENS_MAX, &count) ? count : 0;
}

enum baton_finish baton_decode_finish(const struct baton_finish_word *words, size_t count, struct baton_str text)
{
    for (size_t i = 0; i < count; i++) {
        if (baton_str_is(text, words[i].text)) {
            return words[i].finish;
        }
    }
    return BATON_FINISH_UNKNOWN;
}

void baton_decode_usage(struct baton_decoder *decoder, const struct baton_json *usage)
{
    if (usage == NULL || usage->type != BATON_JSON_OBJECT) {
        return;
    }
    bool is_chat = baton_json_get(usage, "prompt_tokens") != NULL;
    const struct baton_json *in =
        baton_decode_get(usage, is_chat ? "prompt_tokens_details" : "input_tokens_details", BATON_JSON_OBJECT);
    const struct baton_json *out =
        baton_decode_get(usage, is_chat ? "completion_tokens_details" : "output_tokens_details", BATON_JSON_OBJECT);
    int64_t input = baton_decode_count(usage, is_chat ? "prompt_tokens" : "input_tokens");
    int64_t output = baton_decode_count(usage, is_chat ? "completion_tokens" : "output_tokens");
    int64_t reasoning = baton_decode_count(out, "reasoning_tokens");
    int64_t cached = baton_decode_count(in, "cached_tokens");
    if (cached == 0) { /* DeepSeek and Moonshot have it here */
        cached = baton_decode_count(usage, "prompt_cache_hit_tokens");
        cached = cached > 0 ? cached : baton_decode_count(usage, "cached_tokens");
    }
    int64_t cache_write = baton_decode_count(in, "cache_write_tokens");
    if (reasoning > 0 && baton_decode_count(usage, "total_tokens") == input + output + reasoning) {
        output += reasoning; /* xAI counts them apart */
    }
    int64_t known = cached + cache_write;
    decoder->usage = (struct baton_usage){ .input = input > known ? input - known : 0,
                                           .output = output,
                                           .cached = cached,
                                           .cache_write = cache_write,
                                           .reasoning = reasoning,
                                           .is_known = true };
}

/* ---- errors ---- */

/* Control bytes of a provider's words do not reach a terminal. */
static void make_plain(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
}

enum baton_status baton_decode_fail(struct baton_decoder *decoder, const char *format, ...)
{
    char text[BATON_ERROR_TEXT_BYTES + 1]; /* one more, so that baton_error_set() sees what is too long, and cuts it */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    decoder->fault = BATON_FAULT_PROTOCOL;
    baton_error_set(&decoder->error, BATON_EPROVIDER, "%s: %s", decoder->codec->name, text);
    make_plain(decoder->error.text);
    return BATON_EPROVIDER;
}

const struct baton_json *baton_decode_error_in(const struct baton_json *root)
{
    const struct baton_json *error = baton_json_get(root, "error");
    if (error != NULL && (error->type == BATON_JSON_OBJECT || error->type == BATON_JSON_STRING)) {
        return error;
    }
    bool says_so = baton_str_is(baton_decode_str(root, "type"), "error") ||
                   baton_str_is(baton_decode_str(root, "object"), "error");
    return says_so ? root : NULL;
}

/* A code is a word or a number. */
static struct baton_str code_of(const struct baton_json *node)
{
    const struct baton_json *code = baton_decode_get(node, "code", BATON_JSON_NUMBER);
    return code != NULL ? code->text : baton_decode_str(node, "code");
}

enum baton_status baton_decode_error(struct baton_decoder *decoder, int http_status, const struct baton_json *node)
{
    bool is_text = node->type == BATON_JSON_STRING;
    struct baton_str type = baton_decode_str(node, "type"), code = code_of(node);
    struct baton_str message = is_text ? node->text : baton_decode_str(node, "message");
    /* OpenRouter's own words often only say that it was somebody else. */
    struct baton_str raw = baton_decode_str(baton_decode_get(node, "metadata", BATON_JSON_OBJECT), "raw");
    type = baton_str_is(type, "error") ? BATON_STR("") : type;
    message = message.length > 0 ? message : BATON_STR("without a text");
    char where[WHERE_BYTES] = "error in the answer";
    if (http_status < 200 || http_status > 299) {
        snprintf(where, sizeof where, "HTTP %d", http_status);
    } else if (decoder->is_stream) {
        snprintf(where, sizeof where, "error in the stream");
    }
    decoder->fault = baton_provider_fault_of(http_status, code, type);
    baton_error_set(&decoder->error, BATON_EPROVIDER, "%s: %s%s%.*s%s%.*s: %.*s%s%.*s", decoder->codec->name, where,
                    type.length > 0 ? ", " : "", BATON_STR_ARGS(type), code.length > 0 ? ", " : "",
                    BATON_STR_ARGS(code), BATON_STR_ARGS(message), raw.length > 0 ? " - " : "", BATON_STR_ARGS(raw));
    make_plain(decoder->error.text);
    return BATON_EPROVIDER;
}

/* ---- events ---- */

bool baton_decode_is_done(const struct baton_sse_event *event)
{
    return baton_str_is(baton_str_trim(event->data), "[DONE]");
}

enum baton_status baton_decode_json(struct baton_decoder *decoder, const struct baton_sse_event *event,
                                    const struct baton_json **out)
{
    char where[WHERE_BYTES];
    snprintf(where, sizeof where, "event %llu", (unsigned long long)decoder->event_count);
    const struct baton_source source = { .name = where, .text = event->data };
    struct baton_error inner;
    enum baton_status status = baton_json_parse(out, decoder->scratch, &source, &inner);
    if (status == BATON_EINPUT) {
        char text[BATON_ERROR_TEXT_BYTES];
        return baton_decode_fail(decoder, "%s", baton_error_format(&inner, text, sizeof text));
    }
    if (status != BATON_OK) {
        return baton_error_set(&decoder->error, status, "%s: %s", decoder->codec->name, inner.text);
    }
    if ((*out)->type != BATON_JSON_OBJECT) {
        return baton_decode_fail(decoder, "%s is %s, where an object was expected", where, baton_json_type_name(*out));
    }
    const struct baton_json *error = baton_str_is(event->type, "error") ? *out : NULL;
    error = baton_decode_error_in(*out) != NULL ? baton_decode_error_in(*out) : error;
    return error != NULL ? baton_decode_error(decoder, OK_STATUS, error) : BATON_OK;
}

enum baton_status baton_decode_by_type(struct baton_decoder *decoder, const struct baton_sse_event *event,
                                       const struct baton_event_row *rows, size_t count)
{
    bool is_known = baton_str_is(event->type, "message") || baton_str_is(event->type, "error");
    for (size_t i = 0; i < count && !is_known; i++) {
        is_known = baton_str_is(event->type, rows[i].type);
    }
    if (!is_known || baton_decode_is_done(event)) {
        return BATON_OK; /* pings, and what comes in years to come */
    }
    const struct baton_json *root;
    enum baton_status status = baton_decode_json(decoder, event, &root);
    struct baton_str type = status == BATON_OK ? baton_decode_str(root, "type") : BATON_STR("");
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        if (baton_str_is(type, rows[i].type)) {
            return rows[i].read(decoder, root);
        }
    }
    return status;
}

enum baton_status baton_decode_lacks(struct baton_decoder *decoder, const char *what)
{
    return baton_decode_fail(decoder, "event %llu has no %s", (unsigned long long)decoder->event_count, what);
}
