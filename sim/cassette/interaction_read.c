/* interaction_read.c - reads lines of a cassette, by a table of fields for each kind.
 *
 * A large cassette has a hundred thousand lines, so what is kept is small: requests are passed over (they are read again for a
 * message about a miss), texts that are the same as in the line before are kept once, and the tree of a line is dropped with
 * it. Replies are decoded here and now, by the decoder of live calls, so that a replay only hands them out and a bad line is
 * found at loading, with its place.
 */
#include "engine/base/fields.h"
#include "engine/base/grow.h"
#include "engine/base/number.h"
#include "engine/wire/codecs.h"
#include "engine/wire/decoder.h"
#include "engine/wire/sse.h"
#include "sim/cassette/interaction.h"
#include "sim/cassette/limits.h"

#include <string.h>

enum { STATUS_LOW = 100, STATUS_HIGH = 599, KEY_DIGITS = 32, DAY_BYTES = 10 };

struct line_form {
    struct baton_str key, redacted_key, conversation, agent, provider, model, recorded_at;
    struct baton_str name, arguments, run_by, handoff, target;
    int32_t kind, exchange, turn, nesting, call;
    int64_t duration_ns;
    bool is_error, continues;
    const struct baton_json *request, *response, *timing, *result, *instructions;
};

struct response_form {
    int32_t status;
    const struct baton_json *headers, *body, *events;
};

struct timing_form {
    int64_t ttft_ns, total_ns;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__
#define IN_ALL                                                                                                   \
    { "key", NULL, BATON_FIELD_TEXT, ROW(line_form, key, .is_required = true) },                                 \
        { "redacted_key", NULL, BATON_FIELD_TEXT, ROW(line_form, redacted_key, 0) },                             \
        { "kind", NULL, BATON_FIELD_WORD, ROW(line_form, kind, .words = kind_words) },                           \
        { "conversation", NULL, BATON_FIELD_TEXT, ROW(line_form, conversation, .is_required = true) },           \
        { "exchange", NULL, BATON_FIELD_INT32,                                                                   \
          ROW(line_form, exchange, .is_required = true, .high = BATON_INTERACTION_EXCHANGES_MAX) },              \
        { "turn", NULL, BATON_FIELD_INT32, ROW(line_form, turn, .is_required = true, .high = BATON_TURNS_MAX) }, \
        { "nesting", NULL, BATON_FIELD_INT32, ROW(line_form, nesting, .high = BATON_INTERACTION_NESTING_MAX) },  \
        { "recorded_at", NULL, BATON_FIELD_TEXT, ROW(line_form, recorded_at, 0) },                               \
    {                                                                                                            \
        "agent", NULL, BATON_FIELD_TEXT, ROW(line_form, agent, 0)                                                \
    }

static const char *const kind_words[] = { "model", "tool", "context", NULL };

static const struct baton_field model_rows[] = {
    IN_ALL,
    { "provider", NULL, BATON_FIELD_TEXT, ROW(line_form, provider, .is_required = true) },
    { "model", NULL, BATON_FIELD_TEXT, ROW(line_form, model, 0) },
    { "request", NULL, BATON_FIELD_ANY, ROW(line_form, request, .is_required = true) },
    { "response", NULL, BATON_FIELD_OBJECT, ROW(line_form, response, .is_required = true) },
    { "timing", NULL, BATON_FIELD_OBJECT, ROW(line_form, timing, 0) },
    { "continues", NULL, BATON_FIELD_BOOLEAN, ROW(line_form, continues, 0) },
};

static const struct baton_field tool_rows[] = {
    IN_ALL,
    { "name", NULL, BATON_FIELD_TEXT, ROW(line_form, name, .is_required = true) },
    { "call", NULL, BATON_FIELD_INT32, ROW(line_form, call, .high = BATON_CALLS_MAX) },
    { "arguments", NULL, BATON_FIELD_TEXT, ROW(line_form, arguments, 0) },
    { "result", NULL, BATON_FIELD_ANY, ROW(line_form, result, 0) },
    { "run_by", NULL, BATON_FIELD_TEXT, ROW(line_form, run_by, 0) },
    { "is_error", NULL, BATON_FIELD_BOOLEAN, ROW(line_form, is_error, 0) },
    { "duration_ms", NULL, BATON_FIELD_MS, ROW(line_form, duration_ns, 0) },
};

static const struct baton_field context_rows[] = {
    IN_ALL,
    { "handoff", NULL, BATON_FIELD_TEXT, ROW(line_form, name, .is_required = true) },
    { "target", NULL, BATON_FIELD_TEXT, ROW(line_form, target, .is_required = true) },
    { "instructions", NULL, BATON_FIELD_ANY, ROW(line_form, instructions, 0) },
    { "result", NULL, BATON_FIELD_ANY, ROW(line_form, result, 0) },
    { "is_error", NULL, BATON_FIELD_BOOLEAN, ROW(line_form, is_error, 0) },
};

static const struct baton_field response_rows[] = {
    { "status", NULL, BATON_FIELD_INT32,
      ROW(response_form, status, .is_required = true, .low = STATUS_LOW, .high = STATUS_HIGH) },
    { "headers", NULL, BATON_FIELD_OBJECT, ROW(response_form, headers, 0) },
    { "body", NULL, BATON_FIELD_ANY, ROW(response_form, body, 0) },
    { "events", NULL, BATON_FIELD_ARRAY, ROW(response_form, events, 0) },
};

static const struct baton_field timing_rows[] = {
    { "ttft_ms", NULL, BATON_FIELD_MS, ROW(timing_form, ttft_ns, 0) },
    { "total_ms", NULL, BATON_FIELD_MS, ROW(timing_form, total_ns, 0) },
};

struct reading {
    struct baton_interaction *out;
    struct baton_interaction_reader *reader;
    const struct baton_source *source;
    const struct baton_json *root;
    struct baton_error *err;
    uint32_t *pieces;
    uint32_t piece_count, piece_capacity;
    bool is_out_of_memory;
};

static enum baton_status no_memory(const struct reading *reading)
{
    return baton_error_over_limit(reading->err, "'%s'", reading->source->name);
}

static enum baton_status read_form(const struct reading *reading, const struct baton_field *rows, size_t count,
                                   const char *what, const struct baton_json *node, void *out)
{
    const struct baton_fields fields = { .source = reading->source, .rows = rows, .row_count = count, .what = what };
    return baton_fields_read(&fields, node, out, reading->err);
}

/* Where a member stands, for messages; the object itself where it has none of that name. */
static size_t place_of(const struct reading *reading, const char *key)
{
    const struct baton_json *node = baton_json_get(reading->root, key);
    return node == NULL ? reading->root->offset : node->offset;
}

/* ---- texts ---- */

/* A text of a line in the arena; the one of the last line where it is the same. */
static bool keep(const struct reading *reading, struct baton_str text, struct baton_str last, struct baton_str *out)
{
    if (last.data != NULL && baton_str_equal(text, last)) {
        *out = last;
        return true;
    }
    char *copy = baton_arena_copy(reading->reader->arena, text.data, text.length);
    *out = (struct baton_str){ copy, copy == NULL ? 0 : text.length };
    return copy != NULL;
}

static enum baton_status read_key(const struct reading *reading, const char *name, struct baton_str text,
                                  struct baton_hash *out)
{
    *out = (struct baton_hash){ 0 };
    bool is_good = text.length == KEY_DIGITS;
    for (size_t i = 0; i < KEY_DIGITS && is_good; i++) {
        int digit = baton_number_hex_digit(text.data[i]);
        uint64_t *half = i < KEY_DIGITS / 2 ? &out->high : &out->low;
        is_good = digit >= 0 && (text.data[i] < 'A' || text.data[i] > 'F');
        *half = *half << 4 | (uint64_t)(digit & 15);
    }
    return is_good ? BATON_OK
                   : baton_source_error(reading->source, place_of(reading, name), reading->err,
                                        "'%s' must be %d lower-case hex digits", name, KEY_DIGITS);
}

/* ---- replies ---- */

static void note_piece(void *user, struct baton_str delta)
{
    struct reading *reading = user;
    uint32_t *pieces = baton_grow_arena(reading->reader->scratch, reading->pieces, reading->piece_count,
                                        &reading->piece_capacity, sizeof *pieces);
    if (pieces == NULL) {
        reading->is_out_of_memory = true;
        return;
    }
    reading->pieces = pieces;
    reading->pieces[reading->piece_count++] = (uint32_t)delta.length;
}

static enum baton_status decode_event(struct reading *reading, const struct baton_json *node)
{
    const struct baton_json *at = node->child, *name = at == NULL ? NULL : at->next,
                            *data = name == NULL ? NULL : name->next;
    if (node->type != BATON_JSON_ARRAY || data == NULL || data->next != NULL || at->type != BATON_JSON_NUMBER ||
        at->number < 0 || name->type != BATON_JSON_STRING || data->type != BATON_JSON_STRING) {
        return baton_source_error(reading->source, node->offset, reading->err,
                                  "an event must be [milliseconds, \"event\", \"data\"]");
    }
    const struct baton_sse_event event = { .type = name->text.length > 0 ? name->text : BATON_STR("message"),
                                           .data = data->text,
                                           .id = { "", 0 } };
    enum baton_status status = baton_decoder_event(reading->reader->decoder, &event, reading->err);
    return status == BATON_EPROVIDER ? BATON_OK : status; /* the end tells again */
}

static enum baton_status decode_stream(struct reading *reading, const struct baton_json *events)
{
    struct baton_interaction *out = reading->out;
    enum baton_status status = BATON_OK;
    if (events->count > BATON_INTERACTION_EVENTS_MAX) {
        return baton_source_error(reading->source, events->offset, reading->err, "more than %d events",
                                  BATON_INTERACTION_EVENTS_MAX);
    }
    for (const struct baton_json *event = events->child; event != NULL && status == BATON_OK; event = event->next) {
        status = decode_event(reading, event);
    }
    if (status == BATON_OK) {
        status = baton_decoder_end(reading->reader->decoder, &out->reply, reading->err);
    }
    size_t length = 0;
    for (uint32_t i = 0; i < reading->piece_count; i++) {
        length += reading->pieces[i];
    }
    if (status == BATON_OK && length == out->reply.text.length && reading->piece_count > 1) {
        uint32_t *pieces = baton_arena_array(reading->reader->arena, reading->piece_count, sizeof *pieces);
        if (pieces == NULL) {
            return no_memory(reading);
        }
        memcpy(pieces, reading->pieces, reading->piece_count * sizeof *pieces);
        out->pieces = pieces;
        out->piece_count = reading->piece_count;
    }
    return status;
}

static enum baton_status decode_body(struct reading *reading, int32_t http_status, const struct baton_json *body)
{
    struct baton_text written = baton_text_with_limit(BATON_INTERACTION_BODY_BYTES_MAX);
    struct baton_str text = body->text;
    if (body->type != BATON_JSON_STRING) {
        baton_json_write(&written, body);
        text = baton_text_str(&written);
    }
    enum baton_status status = written.failed ? no_memory(reading)
                                              : baton_decoder_body(reading->reader->decoder, http_status, text,
                                                                   &reading->out->reply, reading->err);
    baton_text_clear(&written);
    return status;
}

/* What the provider got wrong is what was recorded; our own trouble is an error. */
static enum baton_status keep_failure(struct reading *reading)
{
    reading->out->is_failure = true;
    reading->out->error = baton_arena_copy(reading->reader->arena, reading->err->text, strlen(reading->err->text));
    *reading->err = (struct baton_error){ .status = BATON_OK };
    return reading->out->error == NULL ? no_memory(reading) : BATON_OK;
}

static enum baton_status read_response(struct reading *reading, const struct line_form *line)
{
    struct baton_interaction *out = reading->out;
    struct response_form form = { 0 };
    enum baton_status status =
        read_form(reading, response_rows, BATON_FIELD_COUNT(response_rows), "a response", line->response, &form);
    if (status != BATON_OK) {
        return status;
    }
    if ((form.body == NULL) == (form.events == NULL)) {
        return baton_source_error(reading->source, line->response->offset, reading->err,
                                  "a response needs either 'body' or 'events'");
    }
    const struct baton_request request = { .arena = reading->reader->arena, .on_text = note_piece, .user = reading };
    baton_decoder_begin(reading->reader->decoder, out->codec, &request);
    status = form.events != NULL ? decode_stream(reading, form.events) : decode_body(reading, form.status, form.body);
    if (status == BATON_EPROVIDER) {
        status = keep_failure(reading);
    }
    out->reply.was_streamed = false;
    return reading->is_out_of_memory ? no_memory(reading) : status;
}

static enum baton_status read_model(struct reading *reading, const struct line_form *line)
{
    struct baton_interaction *out = reading->out;
    struct timing_form timing = { BATON_TIME_UNKNOWN, BATON_TIME_UNKNOWN };
    enum baton_status status = BATON_OK;
    out->codec = baton_codec_find(line->provider);
    if (out->codec == NULL) {
        return baton_source_error(reading->source, place_of(reading, "provider"), reading->err,
                                  "unknown provider '%.*s'", BATON_STR_ARGS(line->provider));
    }
    if (line->timing != NULL) {
        status = read_form(reading, timing_rows, BATON_FIELD_COUNT(timing_rows), "'timing'", line->timing, &timing);
    }
    if (status != BATON_OK) {
        return status;
    }
    status = read_response(reading, line);
    out->reply.latency_ns = timing.total_ns;
    out->reply.ttft_ns = timing.ttft_ns;
    out->reply.continues = line->continues;
    return status;
}

/* ---- tools and context providers ---- */

static enum baton_status keep_text(struct reading *reading, const char *name, const struct baton_json *node,
                                   struct baton_str *out)
{
    if (node->type != BATON_JSON_STRING) {
        return baton_source_error(reading->source, node->offset, reading->err, "'%s' must be a text, not %s", name,
                                  baton_json_type_name(node));
    }
    return keep(reading, node->text, BATON_STR(""), out) ? BATON_OK : no_memory(reading);
}

static enum baton_status read_tool(struct reading *reading, const struct line_form *line)
{
    struct baton_interaction *out = reading->out;
    const struct baton_interaction *last = &reading->reader->last;
    if ((line->result == NULL) == (line->run_by.length == 0)) {
        return baton_source_error(reading->source, reading->root->offset, reading->err,
                                  "a tool's result needs either 'result' or 'run_by'");
    }
    bool fits = keep(reading, line->name, last->name, &out->name) &&
                keep(reading, line->arguments, BATON_STR(""), &out->arguments) &&
                keep(reading, line->run_by, last->run_by, &out->run_by);
    out->call = (uint32_t)line->call;
    out->duration_ns = line->duration_ns;
    out->is_error = line->is_error;
    out->result = (struct baton_str){ "", 0 };
    if (!fits) {
        return no_memory(reading);
    }
    return line->result == NULL ? BATON_OK : keep_text(reading, "result", line->result, &out->result);
}

static enum baton_status read_context(struct reading *reading, const struct line_form *line)
{
    struct baton_interaction *out = reading->out;
    const struct baton_interaction *last = &reading->reader->last;
    const struct baton_json *given = line->is_error ? line->result : line->instructions;
    if (given == NULL || (line->result != NULL && line->instructions != NULL)) {
        return baton_source_error(reading->source, reading->root->offset, reading->err,
                                  "a context provider's answer needs 'instructions', or 'result' with is_error");
    }
    if (!keep(reading, line->name, last->name, &out->name) ||
        !keep(reading, line->target, last->target, &out->target)) {
        return no_memory(reading);
    }
    out->is_error = line->is_error;
    return keep_text(reading, line->is_error ? "result" : "instructions", given, &out->result);
}

/* ---- lines ---- */

static const struct {
    const struct baton_field *rows;
    size_t count;
    const char *what;
    enum baton_status (*read)(struct reading *reading, const struct line_form *line); /* what is not common to all */
} forms[] = {
    [BATON_INTERACTION_MODEL] = { model_rows, BATON_FIELD_COUNT(model_rows), "a model call", read_model },
    [BATON_INTERACTION_TOOL] = { tool_rows, BATON_FIELD_COUNT(tool_rows), "a tool's result", read_tool },
    [BATON_INTERACTION_CONTEXT] = { context_rows, BATON_FIELD_COUNT(context_rows), "a context provider's answer",
                                    read_context },
};

/* By `kind`, which is read before the rest as it says what else there may be. */
static enum baton_interaction_kind kind_of(const struct baton_json *root)
{
    const struct baton_json *node = baton_json_get(root, "kind");
    for (unsigned i = 0; node != NULL && node->type == BATON_JSON_STRING && kind_words[i] != NULL; i++) {
        if (baton_str_is(node->text, kind_words[i])) {
            return (enum baton_interaction_kind)i;
        }
    }
    return BATON_INTERACTION_MODEL; /* a wrong one is told of by the reader of fields */
}

static enum baton_status read_common(struct reading *reading, const struct line_form *line)
{
    struct baton_interaction *out = reading->out;
    const struct baton_interaction *last = &reading->reader->last;
    enum baton_status status = read_key(reading, "key", line->key, &out->key);
    out->has_redacted_key = line->redacted_key.length > 0;
    if (status == BATON_OK && out->has_redacted_key) {
        status = read_key(reading, "redacted_key", line->redacted_key, &out->redacted_key);
    }
    int64_t day;
    if (status == BATON_OK && line->recorded_at.length > 0 && !baton_day_parse(line->recorded_at, &day)) {
        status = baton_source_error(reading->source, place_of(reading, "recorded_at"), reading->err,
                                    "'recorded_at' must begin with a day, as in 2026-11-21");
    }
    if (status != BATON_OK) {
        return status;
    }
    out->position.exchange = (uint32_t)line->exchange;
    out->position.turn = (uint32_t)line->turn;
    out->position.nesting = (uint32_t)line->nesting;
    bool fits = keep(reading, line->conversation, last->position.conversation, &out->position.conversation) &&
                keep(reading, line->agent, last->agent, &out->agent) &&
                keep(reading, line->provider, last->provider, &out->provider) &&
                keep(reading, line->model, last->model, &out->model) &&
                keep(reading, line->recorded_at, last->recorded_at, &out->recorded_at);
    return fits ? BATON_OK : no_memory(reading);
}

static void remember(struct baton_interaction *last, const struct baton_interaction *out)
{
    last->position = out->position;
    last->agent = out->agent;
    last->provider = out->provider;
    last->model = out->model;
    last->recorded_at = out->recorded_at;
    last->name = out->kind == BATON_INTERACTION_MODEL ? last->name : out->name;
    last->target = out->kind == BATON_INTERACTION_CONTEXT ? out->target : last->target;
    last->run_by = out->kind == BATON_INTERACTION_TOOL ? out->run_by : last->run_by;
}

enum baton_status baton_interaction_read(struct baton_interaction *out, struct baton_interaction_reader *reader,
                                         const struct baton_source *source, struct baton_error *err)
{
    struct baton_error local = { .status = BATON_OK };
    struct reading reading = { .out = out, .reader = reader, .source = source, .err = err != NULL ? err : &local };
    struct line_form line = { .duration_ns = BATON_TIME_UNKNOWN };
    memset(out, 0, sizeof *out);
    baton_arena_reset(reader->scratch);
    enum baton_status status = baton_json_parse(&reading.root, reader->scratch, source, reading.err);
    if (status != BATON_OK) {
        return status;
    }
    if (reading.root->type != BATON_JSON_OBJECT) {
        return baton_type_error(source, reading.root, "an interaction", "an object", reading.err);
    }
    out->kind = kind_of(reading.root);
    status =
        read_form(&reading, forms[out->kind].rows, forms[out->kind].count, forms[out->kind].what, reading.root, &line);
    if (status != BATON_OK) {
        return status;
    }
    status = read_common(&reading, &line);
    if (status != BATON_OK) {
        return status;
    }
    status = forms[out->kind].read(&reading, &line);
    if (status == BATON_OK) {
        remember(&reader->last, out);
    }
    return status;
}

/* ---- days ---- */

static bool number_of(struct baton_str text, size_t at, size_t digits, int64_t *out)
{
    uint64_t number = 0;
    bool is_good = baton_number_u64((struct baton_str){ text.data + at, digits }, &number);
    *out = (int64_t)number;
    return is_good;
}

bool baton_day_parse(struct baton_str text, int64_t *out)
{
    static const int64_t days_in[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t year, month, day;
    *out = 0;
    if (text.length < DAY_BYTES || text.data[4] != '-' || text.data[7] != '-' || !number_of(text, 0, 4, &year) ||
        !number_of(text, 5, 2, &month) || !number_of(text, 8, 2, &day) || month < 1 || month > 12) {
        return false;
    }
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > days_in[month - 1] + (month == 2 && is_leap)) {
        return false;
    }
    /* Days of the civil calendar, with the year beginning in March. */
    int64_t y = month <= 2 ? year - 1 : year, shifted = (month + 9) % 12;
    *out = 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719468;
    return true;
}
