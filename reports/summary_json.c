/* summary_json.c - writes the table of figures as nested objects.
 *
 * Rows are in the order of the file, so writing is one walk: between two rows it closes what the next path is not in and opens
 * what it is in. Numbers are exact (integers as integers, money and times by their digits), because others compare the bytes.
 */
#include "reports/summary_json.h"

#include "engine/base/json_writer.h"
#include "reports/comparison.h"
#include "reports/figures.h"

#include <stdio.h>
#include <string.h>

enum { SCHEMA = 1, BREAK_DEPTH = 3, PATH_PARTS_MAX = 4 };

/* Pico-USD as USD, exactly. */
static void write_usd(struct baton_json_writer *writer, uint64_t pico)
{
    char text[40];
    int length = snprintf(text, sizeof text, "%llu.%012llu", (unsigned long long)(pico / 1000000000000U),
                          (unsigned long long)(pico % 1000000000000U));
    while (text[length - 1] == '0' && text[length - 2] != '.') {
        length--;
    }
    baton_jw_raw(writer, (struct baton_str){ text, (size_t)length });
}

static void write_texts(struct baton_json_writer *writer, const struct baton_str *texts, uint64_t count)
{
    baton_jw_open(writer, '[');
    for (uint64_t i = 0; i < count; i++) {
        baton_jw_str(writer, texts[i]);
    }
    baton_jw_close(writer, ']');
}

static void write_matrix(struct baton_json_writer *writer, const uint64_t *cells, uint64_t count)
{
    baton_jw_open(writer, '[');
    for (uint64_t row = 0; row < count; row++) {
        baton_jw_open(writer, '[');
        for (uint64_t column = 0; column < count; column++) {
            baton_jw_u64(writer, cells[row * count + column]);
        }
        baton_jw_close(writer, ']');
    }
    baton_jw_close(writer, ']');
}

static void write_histogram(struct baton_json_writer *writer, const struct baton_depth_count *counts, uint64_t count)
{
    baton_jw_open(writer, '{');
    for (uint64_t i = 0; i < count; i++) {
        char key[24];
        snprintf(key, sizeof key, "%llu", (unsigned long long)counts[i].depth);
        baton_jw_put_u64(writer, key, counts[i].count);
    }
    baton_jw_close(writer, '}');
}

static void write_plain(struct baton_json_writer *writer, const struct baton_figure *row, const void *base);

static void write_members(struct baton_json_writer *writer, const struct baton_figure_shape *shape, const void *base)
{
    baton_jw_open(writer, '{');
    for (size_t i = 0; i < shape->row_count; i++) {
        baton_jw_key(writer, shape->rows[i].path);
        write_plain(writer, &shape->rows[i], base);
    }
    baton_jw_close(writer, '}');
}

/* A number or a text; null where it is undefined. */
static void write_plain(struct baton_json_writer *writer, const struct baton_figure *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    const struct baton_str *text = place;
    const uint64_t *count = place;
    const int64_t *number = place;
    const enum baton_comparison_verdict *verdict = place;
    bool is_null =
        (row->kind == BATON_FIGURE_TEXT && text->data == NULL) ||
        ((row->kind == BATON_FIGURE_OPTIONAL || row->kind == BATON_FIGURE_TIME) && *number == BATON_FIGURE_NONE);
    if (is_null) {
        baton_jw_null(writer);
        return;
    }
    switch (row->kind) {
    case BATON_FIGURE_TEXT:
        baton_jw_str(writer, *text);
        return;
    case BATON_FIGURE_COUNT:
        baton_jw_u64(writer, *count);
        return;
    case BATON_FIGURE_SIGNED:
    case BATON_FIGURE_OPTIONAL:
        baton_jw_i64(writer, *number);
        return;
    case BATON_FIGURE_TIME:
        baton_jw_ms(writer, *count);
        return;
    case BATON_FIGURE_MONEY:
        write_usd(writer, *count);
        return;
    case BATON_FIGURE_VERDICT:
        baton_jw_string(writer, baton_comparison_verdict_name(*verdict));
        return;
    default:
        baton_jw_ratio(writer, baton_figure_number(row, base));
    }
}

/* All kinds: those that have parts, and the plain ones. */
static void write_row(struct baton_json_writer *writer, const struct baton_figure *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    const void *const *list = place;
    switch (row->kind) {
    case BATON_FIGURE_RATE:
    case BATON_FIGURE_DISTRIBUTION:
        write_members(writer, row->shape, place);
        return;
    case BATON_FIGURE_LIST:
        baton_jw_open(writer, '[');
        for (uint64_t i = 0; i < baton_figure_n(row, base); i++) {
            write_members(writer, row->shape, (const char *)*list + i * row->shape->bytes);
        }
        baton_jw_close(writer, ']');
        return;
    case BATON_FIGURE_TEXTS:
        write_texts(writer, *list, baton_figure_n(row, base));
        return;
    case BATON_FIGURE_HISTOGRAM:
        write_histogram(writer, *list, baton_figure_n(row, base));
        return;
    case BATON_FIGURE_MATRIX:
        write_matrix(writer, *list, baton_figure_n(row, base));
        return;
    default:
        write_plain(writer, row, base);
    }
}

const char *baton_gate_verdict_name(enum baton_gate_verdict verdict)
{
    static const char *const names[] = { "fail", "pass", "skip" };
    return names[verdict];
}

static void write_gates(struct baton_json_writer *writer, const struct baton_summary *summary)
{
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < summary->gate_count; i++) {
        const struct baton_gate_result *gate = &summary->gates[i];
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "gate", gate->gate);
        baton_jw_put_ratio(writer, "value", gate->value);
        baton_jw_put_u64(writer, "n", gate->n);
        baton_jw_key(writer, "verdict");
        baton_jw_string(writer, baton_gate_verdict_name(gate->verdict));
        if (gate->why.length > 0) {
            baton_jw_put_str(writer, "why", gate->why);
        }
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

/* ---- the whole ---- */

/* The objects that are open, by the parts of their path. */
struct open_path {
    struct baton_str parts[PATH_PARTS_MAX];
    size_t count;
};

/* Splits a path at its dots; returns the number of parts. */
static size_t split(const char *path, struct baton_str parts[PATH_PARTS_MAX])
{
    size_t count = 0;
    for (;;) {
        const char *dot = strchr(path, '.');
        size_t length = dot == NULL ? strlen(path) : (size_t)(dot - path);
        parts[count++] = (struct baton_str){ path, length };
        if (dot == NULL || count == PATH_PARTS_MAX) {
            return count;
        }
        path = dot + 1;
    }
}

/* Closes what the path is not in, opens what it is in, and writes its last part as a key. */
static void go_to(struct baton_json_writer *writer, struct open_path *open, const char *path)
{
    struct baton_str parts[PATH_PARTS_MAX];
    size_t count = split(path, parts), same = 0;
    while (same < open->count && same + 1 < count && baton_str_equal(open->parts[same], parts[same])) {
        same++;
    }
    for (; open->count > same; open->count--) {
        baton_jw_close(writer, '}');
    }
    for (; open->count + 1 < count; open->count++) {
        open->parts[open->count] = parts[open->count];
        baton_jw_key_str(writer, parts[open->count]);
        baton_jw_open(writer, '{');
    }
    baton_jw_key_str(writer, parts[count - 1]);
}

/* All rows in turn; a block that is not there is null in place of its first row. */
static void write_figures(struct baton_json_writer *writer, struct open_path *open, const struct baton_summary *summary)
{
    enum baton_block missing = BATON_ALWAYS;
    const struct baton_figure *row;
    for (size_t i = 0; (row = baton_figure_at(i)) != NULL; i++) {
        const void *base = baton_figure_base(row, summary);
        if (base != NULL && row->kind != BATON_FIGURE_ONE_SIDED) {
            go_to(writer, open, row->path);
            write_row(writer, row, base);
        } else if (base == NULL && row->block != missing) {
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(row->path, "."), row->path);
            go_to(writer, open, name);
            baton_jw_null(writer);
            missing = row->block;
        }
    }
}

void baton_summary_write(struct baton_text *out, const struct baton_summary *summary)
{
    struct baton_json_writer writer = baton_json_writer_to(out, BREAK_DEPTH);
    struct open_path open = { .count = 0 };
    baton_jw_open(&writer, '{');
    go_to(&writer, &open, "baton.version");
    baton_jw_string(&writer, BATON_VERSION);
    go_to(&writer, &open, "baton.schema");
    baton_jw_u64(&writer, SCHEMA);
    write_figures(&writer, &open, summary);
    go_to(&writer, &open, "gates");
    write_gates(&writer, summary);
    go_to(&writer, &open, "verdict");
    baton_jw_string(&writer, summary->passed ? "pass" : "fail");
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}
