/* rows.c - lines of results.jsonl, and results out of them.
 *
 * Merging only copies lines and must tell where a conversation begins, so that is read off the line's own bytes (baton wrote
 * it, in one form); comparing needs the whole, and gets it strictly: the first thing that is not as baton writes it is told
 * with its place, and reading goes on with empty values up to the end of the line, so that no step needs to look at errors.
 */
#include "evals/results/rows.h"

#include "engine/base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

enum baton_status baton_rows_open(struct baton_rows *rows, const char *path, struct baton_error *err)
{
    *rows = (struct baton_rows){ .file = fopen(path, "re"), .name = path, .owns_file = true };
    return rows->file != NULL
               ? BATON_OK
               : baton_error_set(err, BATON_EINPUT, "cannot open the results '%s': %s", path, strerror(errno));
}

enum baton_status baton_rows_open_file(struct baton_rows *rows, FILE *file, const char *name, struct baton_error *err)
{
    *rows = (struct baton_rows){ .file = file, .name = name };
    return fflush(file) == 0 && fseeko(file, 0, SEEK_SET) == 0
               ? BATON_OK
               : baton_error_set(err, BATON_EIO, "cannot read '%s' again: %s", name, strerror(errno));
}

void baton_rows_close(struct baton_rows *rows)
{
    if (rows->owns_file && rows->file != NULL) {
        fclose(rows->file);
    }
    free(rows->buffer);
    *rows = (struct baton_rows){ 0 };
}

enum baton_status baton_rows_next(struct baton_rows *rows, struct baton_error *err)
{
    rows->offset = rows->next_offset;
    rows->line = BATON_STR("");
    ssize_t length = getline(&rows->buffer, &rows->capacity, rows->file);
    if (length < 0) {
        return ferror(rows->file) ? baton_error_set(err, BATON_EIO, "cannot read '%s'", rows->name) : BATON_OK;
    }
    rows->line_number++;
    if (length > BATON_LINE_BYTES_MAX || rows->buffer[length - 1] != '\n') {
        baton_error_set(err, BATON_EINPUT, "%s",
                        length > BATON_LINE_BYTES_MAX ? "a line of over 16 MiB" : "the last line is not complete");
        baton_error_at(err, rows->name, rows->line_number, 0);
        return BATON_EINPUT;
    }
    rows->line = (struct baton_str){ rows->buffer, (size_t)length };
    rows->next_offset += (uint64_t)length;
    return BATON_OK;
}

enum baton_status baton_rows_at(struct baton_rows *rows, uint64_t offset, struct baton_error *err)
{
    if (fseeko(rows->file, (off_t)offset, SEEK_SET) != 0) {
        return baton_error_set(err, BATON_EIO, "cannot read '%s' again: %s", rows->name, strerror(errno));
    }
    rows->next_offset = offset;
    return baton_rows_next(rows, err);
}

bool baton_rows_is_first(const struct baton_rows *rows)
{
    static const char after_id[] = ",\"repeat\":0,";
    const char *end = rows->line.data + rows->line.length;
    const char *at = memchr(rows->line.data, ':', rows->line.length);
    if (at == NULL || end - at < 2) {
        return true;
    }
    for (at += 2; at < end && *at != '"'; at++) { /* behind {"id":" to the quote that ends it */
        at += *at == '\\' && at + 1 < end;
    }
    return (size_t)(end - at) > sizeof after_id && memcmp(at + 1, after_id, sizeof after_id - 1) == 0;
}

/* ---- results ---- */

struct reading {
    struct baton_arena *arena;
    const struct baton_source *source;
    struct baton_error *err;
    enum baton_status status; /* the first thing that went wrong */
};

static const struct baton_json nothing = { .type = BATON_JSON_NULL };

static void complain(struct reading *reading, const struct baton_json *node, const char *what)
{
    if (reading->status == BATON_OK) {
        reading->status =
            baton_source_error(reading->source, node->offset, reading->err, "not a line of results: %s", what);
    }
}

static void *take(struct reading *reading, size_t count, size_t bytes)
{
    void *piece = baton_arena_zero(reading->arena, (count + 1) * bytes);
    if (piece == NULL && reading->status == BATON_OK) {
        reading->status = baton_error_set(reading->err, BATON_ENOMEM, "out of memory for '%s'", reading->source->name);
    }
    return piece;
}

/* A member of that type; null counts as absent where `is_optional`. */
static const struct baton_json *member(struct reading *reading, const struct baton_json *object, const char *key,
                                       enum baton_json_type type, bool is_optional)
{
    const struct baton_json *node = object->type == BATON_JSON_OBJECT ? baton_json_get(object, key) : NULL;
    if (node != NULL && node->type == type) {
        return node;
    }
    if (!is_optional || (node != NULL && node->type != BATON_JSON_NULL)) {
        complain(reading, node == NULL ? object : node, key);
    }
    return &nothing;
}

static struct baton_str text(struct reading *reading, const struct baton_json *object, const char *key)
{
    const struct baton_json *node = member(reading, object, key, BATON_JSON_STRING, false);
    return node->type == BATON_JSON_STRING ? node->text : BATON_STR("");
}

static const char *word(struct reading *reading, struct baton_str value)
{
    const char *copy = baton_arena_copy(reading->arena, value.data, value.length);
    if (copy == NULL && reading->status == BATON_OK) {
        reading->status = baton_error_set(reading->err, BATON_ENOMEM, "out of memory for '%s'", reading->source->name);
    }
    return copy == NULL ? "" : copy;
}

static int64_t integer(struct reading *reading, const struct baton_json *object, const char *key, int64_t otherwise)
{
    const struct baton_json *node = member(reading, object, key, BATON_JSON_NUMBER, true);
    int64_t value = otherwise;
    if (node->type == BATON_JSON_NUMBER && !baton_json_integer(node, -INT32_MAX, INT64_MAX, &value)) {
        complain(reading, node, key);
    }
    return value;
}

static uint32_t count(struct reading *reading, const struct baton_json *object, const char *key)
{
    int64_t value = integer(reading, object, key, 0);
    return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

static bool flag(struct reading *reading, const struct baton_json *object, const char *key)
{
    return member(reading, object, key, BATON_JSON_BOOLEAN, false)->boolean;
}

static int64_t milliseconds(struct reading *reading, const struct baton_json *object, const char *key)
{
    const struct baton_json *node = member(reading, object, key, BATON_JSON_NUMBER, true);
    return node->type == BATON_JSON_NUMBER && fabs(node->number) < 9e12 ? llround(node->number * 1e6)
                                                                        : BATON_RESULT_UNKNOWN;
}

static const struct baton_str *names(struct reading *reading, const struct baton_json *list, uint32_t *total)
{
    struct baton_str *all = take(reading, list->count, sizeof *all);
    *total = 0;
    for (const struct baton_json *node = list->child; node != NULL && all != NULL; node = node->next) {
        if (node->type != BATON_JSON_STRING) {
            complain(reading, node, "a name that is not a text");
        }
        all[(*total)++] = node->text;
    }
    return all;
}

static struct baton_result_label label(struct reading *reading, const struct baton_json *object)
{
    struct baton_result_label out = { 0 };
    const struct baton_json *correct = member(reading, object, "correct", BATON_JSON_BOOLEAN, true);
    const struct baton_json *failed = member(reading, object, "failed", BATON_JSON_ARRAY, false);
    const char **texts = take(reading, failed->count, sizeof *texts);
    out.expected = names(reading, member(reading, object, "expected", BATON_JSON_ARRAY, true), &out.expected_count);
    for (const struct baton_json *node = failed->child; node != NULL && texts != NULL; node = node->next) {
        texts[out.failed_count++] = word(reading, node->text);
    }
    out.failed = texts;
    out.is_judged = correct->type == BATON_JSON_BOOLEAN;
    out.is_correct = correct->boolean;
    out.is_labelled = out.is_judged || out.expected_count > 0 || out.failed_count > 0;
    return out;
}

static void read_exchange(struct reading *reading, const struct baton_json *node, struct baton_result_exchange *out)
{
    const struct baton_json *detour = member(reading, node, "detour", BATON_JSON_NUMBER, true);
    const struct baton_json *loop = member(reading, node, "loop", BATON_JSON_OBJECT, true);
    const struct baton_json *tokens = member(reading, node, "tokens", BATON_JSON_OBJECT, true);
    *out = (struct baton_result_exchange){
        .start = text(reading, node, "start"),
        .final = text(reading, node, "final"),
        .is_answered = flag(reading, node, "answered"),
        .is_revisit = flag(reading, node, "revisit"),
        .status = word(reading, text(reading, node, "status")),
        .turns = count(reading, node, "turns"),
        .invalid_handoffs = count(reading, node, "invalid_handoffs"),
        .looped = count(reading, node, "looped"),
        .optimal = integer(reading, node, "optimal", BATON_RESULT_UNKNOWN),
        .has_detour = detour->type == BATON_JSON_NUMBER,
        .detour = integer(reading, node, "detour", 0),
        .label = label(reading, node),
        .latency_ns = milliseconds(reading, node, "latency_ms"),
        .ttft_ns = milliseconds(reading, node, "ttft_ms"),
        .text = text(reading, node, "text"),
    };
    out->route = names(reading, member(reading, node, "route", BATON_JSON_ARRAY, false), &out->route_count);
    if (loop->type == BATON_JSON_OBJECT) {
        out->loop = (struct baton_result_loop){ .kind = word(reading, text(reading, loop, "kind")),
                                                .k = count(reading, loop, "k"),
                                                .onset = count(reading, loop, "onset"),
                                                .detected = count(reading, loop, "detected") };
    }
    if (tokens->type == BATON_JSON_OBJECT) {
        out->tokens = (struct baton_result_tokens){ .input = integer(reading, tokens, "input", 0),
                                                    .output = integer(reading, tokens, "output", 0),
                                                    .cached = integer(reading, tokens, "cached", 0),
                                                    .cache_write = integer(reading, tokens, "cache_write", 0),
                                                    .is_known = true };
    }
}

static void read_result(struct reading *reading, const struct baton_json *root, struct baton_result *out)
{
    const struct baton_json *list = member(reading, root, "exchanges", BATON_JSON_ARRAY, false);
    const struct baton_json *diverged = member(reading, root, "diverged", BATON_JSON_OBJECT, true);
    const struct baton_json *whole = member(reading, root, "whole", BATON_JSON_OBJECT, true);
    struct baton_result_exchange *exchanges = take(reading, list->count, sizeof *exchanges);
    *out = (struct baton_result){ .id = text(reading, root, "id"),
                                  .repeat = count(reading, root, "repeat"),
                                  .status = word(reading, text(reading, root, "status")),
                                  .exchanges = exchanges };
    for (const struct baton_json *node = list->child; node != NULL && exchanges != NULL; node = node->next) {
        read_exchange(reading, node, &exchanges[out->exchange_count++]);
    }
    if (diverged->type == BATON_JSON_OBJECT) {
        out->divergence = (struct baton_result_divergence){ .happened = true,
                                                            .exchange = count(reading, diverged, "exchange"),
                                                            .turn = count(reading, diverged, "turn"),
                                                            .recorded = text(reading, diverged, "recorded"),
                                                            .asked = text(reading, diverged, "asked") };
    }
    if (whole->type == BATON_JSON_OBJECT) {
        out->whole = label(reading, whole);
        out->whole.is_labelled = true; /* it is written for no other reason */
    }
}

enum baton_status baton_rows_read(const struct baton_rows *rows, struct baton_result *out, struct baton_arena *arena,
                                  struct baton_error *err)
{
    struct baton_source source = { .name = rows->name, .line_first = rows->line_number, .text = rows->line };
    struct reading reading = { .arena = arena, .source = &source, .err = err };
    const struct baton_json *root;
    source.text.length--; /* without the line break */
    enum baton_status status = baton_json_parse(&root, arena, &source, err);
    if (status != BATON_OK) {
        return status;
    }
    read_result(&reading, root, out);
    return reading.status;
}
