#include "engine/wire/sse.h"

#include "engine/base/number.h"

enum { MARK_BYTES = 3, MEBIBYTE = 1024 * 1024 };

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct reading {
    struct baton_sse *sse;
    baton_sse_handler *on_event;
    void *user;
    struct baton_error *err;
};

void baton_sse_init(struct baton_sse *sse)
{
    *sse = (struct baton_sse){ .line = baton_text_with_limit(BATON_SSE_LINE_BYTES_MAX),
                               .data = baton_text_with_limit(BATON_SSE_EVENT_BYTES_MAX),
                               .type = baton_text_with_limit(BATON_SSE_LINE_BYTES_MAX),
                               .id = baton_text_with_limit(BATON_SSE_LINE_BYTES_MAX),
                               .retry_ms = -1 };
}

void baton_sse_reset(struct baton_sse *sse)
{
    baton_text_reset(&sse->line);
    baton_text_reset(&sse->data);
    baton_text_reset(&sse->type);
    baton_text_reset(&sse->id);
    sse->has_data = sse->is_after_cr = false;
    sse->mark_bytes = 0;
    sse->retry_ms = -1;
}

void baton_sse_clear(struct baton_sse *sse)
{
    baton_text_clear(&sse->line);
    baton_text_clear(&sse->data);
    baton_text_clear(&sse->type);
    baton_text_clear(&sse->id);
}

/* Appends, and tells a limit from a lack of memory. */
static enum baton_status put(const struct reading *reading, struct baton_text *text, struct baton_str piece,
                             const char *what)
{
    if (piece.length > text->limit - text->length) {
        return baton_error_set(reading->err, BATON_EPROVIDER, "%s of the event stream is larger than %zu MiB", what,
                               text->limit / MEBIBYTE);
    }
    baton_text_append(text, piece.data, piece.length);
    return text->failed ? baton_error_no_memory(reading->err, "an event stream") : BATON_OK;
}

static enum baton_status replace(const struct reading *reading, struct baton_text *text, struct baton_str value)
{
    baton_text_reset(text);
    return put(reading, text, value, "a line");
}

static enum baton_status dispatch(const struct reading *reading)
{
    struct baton_sse *sse = reading->sse;
    enum baton_status status = BATON_OK;
    if (sse->has_data) {
        struct baton_sse_event event = { .type =
                                             sse->type.length > 0 ? baton_text_str(&sse->type) : BATON_STR("message"),
                                         .data = baton_text_str(&sse->data),
                                         .id = baton_text_str(&sse->id) };
        status = reading->on_event(reading->user, &event, reading->err);
    }
    baton_text_reset(&sse->data);
    baton_text_reset(&sse->type);
    sse->has_data = false;
    return status;
}

static void set_retry(struct baton_sse *sse, struct baton_str value)
{
    uint64_t retry_ms = 0;
    if (value.length <= BATON_SSE_RETRY_DIGITS_MAX && baton_number_u64(value, &retry_ms)) {
        sse->retry_ms = (int64_t)retry_ms;
    }
}

static enum baton_status field(const struct reading *reading, struct baton_str name, struct baton_str value)
{
    struct baton_sse *sse = reading->sse;
    if (baton_str_is(name, "data")) {
        enum baton_status status =
            sse->has_data ? put(reading, &sse->data, BATON_STR("\n"), "the data of an event") : BATON_OK;
        sse->has_data = true;
        return status == BATON_OK ? put(reading, &sse->data, value, "the data of an event") : status;
    }
    if (baton_str_is(name, "event")) {
        return replace(reading, &sse->type, value);
    }
    if (baton_str_is(name, "id") && baton_str_find(value, '\0') == value.length) {
        return replace(reading, &sse->id, value);
    }
    if (baton_str_is(name, "retry")) {
        set_retry(sse, value);
    }
    return BATON_OK;
}

static enum baton_status line(const struct reading *reading, struct baton_str text)
{
    if (text.length == 0) {
        return dispatch(reading);
    }
    const struct baton_str name = { text.data, baton_str_find(text, ':') };
    if (name.length == 0) {
        return BATON_OK; /* a comment */
    }
    struct baton_str value = baton_str_after(text, name.length + 1);
    if (baton_str_starts(value, " ")) {
        value = baton_str_after(value, 1);
    }
    return field(reading, name, value);
}

/* Steps over the byte order mark at the very start; what only began like one belongs to the first line. */
static enum baton_status skip_mark(const struct reading *reading, struct baton_str *bytes)
{
    struct baton_sse *sse = reading->sse;
    while (sse->mark_bytes < MARK_BYTES && bytes->length > 0) {
        if (bytes->data[0] != byte_order_mark[sse->mark_bytes]) {
            struct baton_str begun = { byte_order_mark, sse->mark_bytes };
            sse->mark_bytes = MARK_BYTES;
            return put(reading, &sse->line, begun, "a line");
        }
        sse->mark_bytes++;
        bytes->data++;
        bytes->length--;
    }
    return BATON_OK;
}

static size_t line_length(struct baton_str bytes)
{
    size_t length = 0;
    while (length < bytes.length && bytes.data[length] != '\n' && bytes.data[length] != '\r') {
        length++;
    }
    return length;
}

enum baton_status baton_sse_feed(struct baton_sse *sse, struct baton_str bytes, baton_sse_handler *on_event, void *user,
                                 struct baton_error *err)
{
    const struct reading reading = { .sse = sse, .on_event = on_event, .user = user, .err = err };
    enum baton_status status = skip_mark(&reading, &bytes);
    while (status == BATON_OK && bytes.length > 0) {
        if (sse->is_after_cr && bytes.data[0] == '\n') {
            sse->is_after_cr = false;
            bytes = baton_str_after(bytes, 1);
            continue;
        }
        sse->is_after_cr = false;
        size_t length = line_length(bytes);
        struct baton_str text = { bytes.data, length };
        if (length == bytes.length) {
            return put(&reading, &sse->line, text, "a line");
        }
        sse->is_after_cr = bytes.data[length] == '\r';
        bytes = baton_str_after(bytes, length + 1);
        if (sse->line.length > 0 || text.length > BATON_SSE_LINE_BYTES_MAX) { /* the rest of a line begun before */
            status = put(&reading, &sse->line, text, "a line");
            text = baton_text_str(&sse->line);
        }
        if (status == BATON_OK) {
            status = line(&reading, text);
        }
        baton_text_reset(&sse->line);
    }
    return status;
}
