/* cmd_gates.c - `baton gates`: every figure that a gate can name, with what it is; given results, also its value.
 *
 * It prints the table that gates are read by (reports/figures.h), so it cannot tell of a figure that a gate does not know, nor
 * leave one out.
 */
#include "engine/base/document.h"
#include "engine/base/json.h"
#include "engine/base/json_writer.h"
#include "engine/base/terminal.h"
#include "evals/cli/print.h"
#include "evals/cli/switches.h"
#include "evals/cli/verbs.h"
#include "evals/results/compare.h"
#include "reports/figure_names.h"
#include "reports/report.h"

#include <math.h>

enum {
    GATES_BYTES_MAX = 256 * 1024 * 1024,
    NAME_WIDTH = 32,
    UNIT_WIDTH = 14,
    RANGE_WIDTH = 12,
    BETTER_WIDTH = 8,
    VALUE_WIDTH = 12
};

struct gates_args {
    bool json;
};

#define FORM struct gates_args

static const struct baton_switch switches[] = {
    JSON_SWITCH("print it as JSON"),
};

/* A list under way. */
struct listing {
    struct baton_text *out;
    struct baton_json_writer json;
    const struct baton_json *summary; /* NULL: without values */
    bool is_json;
    enum baton_section section; /* of the row before */
};

/* A part of a row, padded; one that is too long pushes the rest on. */
static void put_part(struct baton_text *out, struct baton_text *part, size_t width)
{
    baton_terminal_pad(out, baton_text_str(part), width);
    baton_text_putc(out, ' ');
    out->failed = out->failed || part->failed;
    baton_text_reset(part);
}

static void put_range(struct baton_text *out, const struct baton_unit_of *unit)
{
    if (isfinite(unit->low) && isfinite(unit->high)) {
        baton_text_printf(out, "%g to %g", unit->low, unit->high);
    } else if (isfinite(unit->low)) {
        baton_text_printf(out, "from %g", unit->low);
    }
}

static void write_line(struct listing *listing, const struct baton_figure_ref *ref)
{
    const struct baton_unit_of *unit = baton_unit_of(baton_figure_leaf(ref)->unit);
    struct baton_text part = baton_text_with_limit(GATES_BYTES_MAX);
    if (listing->out->length == 0 || listing->section != ref->row->section) {
        baton_text_printf(listing->out, "%s%s\n", listing->out->length == 0 ? "" : "\n",
                          baton_section_name(ref->row->section));
    }
    listing->section = ref->row->section;
    baton_text_puts(listing->out, "  ");
    baton_figure_put_name(&part, ref);
    put_part(listing->out, &part, NAME_WIDTH);
    baton_text_puts(&part, unit->name);
    put_part(listing->out, &part, UNIT_WIDTH);
    put_range(&part, unit);
    put_part(listing->out, &part, RANGE_WIDTH);
    baton_text_puts(&part, baton_better_name(baton_figure_better(ref)));
    put_part(listing->out, &part, BETTER_WIDTH);
    if (listing->summary != NULL) {
        baton_report_number(&part, baton_figure_in_file(ref, listing->summary));
        put_part(listing->out, &part, VALUE_WIDTH);
    }
    baton_figure_put_meaning(listing->out, ref);
    baton_text_putc(listing->out, '\n');
    baton_text_clear(&part);
}

static void put_text(struct listing *listing, const char *key,
                     void (*put)(struct baton_text *, const struct baton_figure_ref *),
                     const struct baton_figure_ref *ref)
{
    struct baton_text text = baton_text_with_limit(GATES_BYTES_MAX);
    put(&text, ref);
    baton_jw_put_str(&listing->json, key, baton_text_str(&text));
    listing->out->failed = listing->out->failed || text.failed;
    baton_text_clear(&text);
}

static void put_number(struct listing *listing, const char *key, double value)
{
    struct baton_text text = baton_text_with_limit(GATES_BYTES_MAX);
    baton_jw_key(&listing->json, key);
    if (isfinite(value)) {
        baton_report_number(&text, value);
        baton_jw_raw(&listing->json, baton_text_str(&text));
    } else {
        baton_jw_null(&listing->json);
    }
    listing->out->failed = listing->out->failed || text.failed;
    baton_text_clear(&text);
}

static void write_object(struct listing *listing, const struct baton_figure_ref *ref)
{
    const struct baton_unit_of *unit = baton_unit_of(baton_figure_leaf(ref)->unit);
    baton_jw_open(&listing->json, '{');
    put_text(listing, "figure", baton_figure_put_name, ref);
    put_text(listing, "path", baton_figure_put_path, ref);
    baton_jw_put_str(&listing->json, "section", baton_str_of(baton_section_name(ref->row->section)));
    baton_jw_put_str(&listing->json, "unit", baton_str_of(unit->name));
    put_number(listing, "low", unit->low);
    put_number(listing, "high", unit->high);
    baton_jw_put_str(&listing->json, "better", baton_str_of(baton_better_name(baton_figure_better(ref))));
    if (listing->summary != NULL) {
        put_number(listing, "value", baton_figure_in_file(ref, listing->summary));
    }
    put_text(listing, "means", baton_figure_put_meaning, ref);
    baton_jw_close(&listing->json, '}');
}

static void write_ref(struct listing *listing, const struct baton_figure_ref *ref)
{
    if (listing->is_json) {
        write_object(listing, ref);
    } else {
        write_line(listing, ref);
    }
}

/* A list's figures of each element that the results have; without results, of none in particular. */
static void write_elements(struct listing *listing, struct baton_figure_ref ref)
{
    const struct baton_json *list = baton_json_at(listing->summary, baton_str_of(ref.row->path));
    const char *key_name = ref.row->shape->rows[0].path;
    struct baton_text key = baton_text_with_limit(GATES_BYTES_MAX);
    if (listing->summary == NULL) {
        write_ref(listing, &ref);
    }
    for (const struct baton_json *one = list == NULL ? NULL : list->child; one != NULL; one = one->next) {
        const struct baton_json *node = baton_json_get(one, key_name);
        if (node != NULL) {
            baton_text_reset(&key);
            baton_figure_put_key(&key, node->text);
            ref.key = baton_text_str(&key);
            write_ref(listing, &ref);
        }
    }
    listing->out->failed = listing->out->failed || key.failed;
    baton_text_clear(&key);
}

static void write_all(struct listing *listing)
{
    if (listing->is_json) {
        baton_jw_open(&listing->json, '{');
        baton_jw_key(&listing->json, "figures");
        baton_jw_open(&listing->json, '[');
    }
    for (enum baton_section section = 0; section < BATON_SECTION_COUNT; section++) {
        for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref);) {
            if (ref.row->section == section && ref.element != NULL) {
                write_elements(listing, ref);
            } else if (ref.row->section == section) {
                write_ref(listing, &ref);
            }
        }
    }
    if (listing->is_json) {
        baton_jw_close(&listing->json, ']');
        baton_jw_close(&listing->json, '}');
        baton_text_putc(listing->out, '\n');
    }
}

static enum baton_status list(const struct gates_args *args, const char *results, struct baton_arena *arena,
                              struct baton_error *err)
{
    enum { BREAK_DEPTH = 2 };
    struct baton_text text = baton_text_with_limit(GATES_BYTES_MAX);
    struct listing listing = { .out = &text, .json = baton_json_writer_to(&text, BREAK_DEPTH), .is_json = args->json };
    const char *summary_path, *rows_path;
    struct baton_source source;
    enum baton_status status = BATON_OK;
    if (results != NULL) {
        status = baton_compare_paths(results, arena, &summary_path, &rows_path, err);
        status = status == BATON_OK ? baton_document_load(&listing.summary, &source, arena, summary_path, err) : status;
    }
    if (status == BATON_OK) {
        write_all(&listing);
        status = text.failed ? baton_error_no_memory(err, "the list of figures") : BATON_OK;
    }
    if (status == BATON_OK) {
        baton_print_text(stdout, &text);
    }
    baton_text_clear(&text);
    return status;
}

static enum baton_status gates_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(GATES_BYTES_MAX);
    struct gates_args args = { 0 };
    struct baton_arg_list plain;
    bool is_done = false;
    (void)exit_code;
    enum baton_status status = baton_args_begin(line, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        status = list(&args, plain.count > 0 ? plain.items[0] : NULL, arena, err);
    }
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_gates = {
    .name = "gates",
    .summary = "every figure that a gate can name: unit, range, which way is better; given results, its value",
    .usage = "[RESULTS]",
    .examples = "  baton gates\n"
                "  baton gates build/results | grep latency\n"
                "  baton gates build/results --json",
    .more =
        "RESULTS is a folder of 'baton eval --out', or its summary.json. A gate is FIGURE OP NUMBER [if n >= K], with OP one\n"
        "of >= > <= < == !=. A figure can also be named by its path in summary.json (routing.accuracy.value). An agent whose\n"
        "name has brackets or operators in it stands in quotes: recall[\"a>=b\"].",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 0,
    .most = 1,
    .run = gates_run,
};
