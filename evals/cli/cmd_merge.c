/* cmd_merge.c - `baton merge`: the results of shards, put together as if one run had made them.
 *
 * The counts of shards add up exactly, so the figures are those of one run. Rows are first brought back into input order in a
 * file without a name, as the reports want them in that order and may be larger than memory.
 */
#include "engine/base/terminal.h"
#include "evals/cli/switches.h"
#include "evals/cli/verbs.h"
#include "evals/gates/decide.h"
#include "evals/results/baseline.h"
#include "evals/results/merge.h"
#include "evals/results/rows.h"
#include "evals/tally/summarize.h"
#include "evals/tally/weights.h"
#include "reports/out_file.h"
#include "reports/sinks.h"

#include <errno.h>
#include <string.h>

enum { MERGE_BYTES_MAX = 1024 * 1024 * 1024, FAILURES_MAX = 10 };

struct merge_args {
    const char *out, *baseline;
    struct baton_arg_list reports;
    bool json, quiet, no_color;
};

#define FORM struct merge_args

/* clang-format off */
static const struct baton_switch switches[] = {
    TEXT("out", 0, out, "DIR", "write summary.json, results.jsonl and counts.json there"),
    REPORT_SWITCH,
    BASELINE_SWITCH,
    JSON_SWITCH("print summary.json instead of the report"),
    QUIET_SWITCH("no report"),
    NO_COLOR_SWITCH,
};
/* clang-format on */

struct merging {
    struct merge_args args;
    bool has_colour;
    struct baton_arena *arena, *row_arena;
    struct baton_merge merge;
    struct baton_summary summary;
    struct baton_decision decision;
    struct baton_baseline baseline;
    struct baton_report_sinks sinks;
    struct baton_report_part parts[BATON_SINKS_MAX];
    bool has_rows;
    FILE *rows; /* all rows in input order; NULL: not at hand */
    struct baton_text failures;
    uint32_t failure_count;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct merging *merging)
{
    return baton_error_no_memory(merging->err, "the merged results");
}

/* ---- rows ---- */

/* Puts the rows together in a file without a name. */
static enum baton_status gather_rows(struct merging *merging)
{
    if (!merging->has_rows) {
        fputs("baton: a shard has no results.jsonl beside its counts; only the summary is merged\n", stderr);
        return BATON_OK;
    }
    merging->rows = tmpfile();
    return merging->rows == NULL ? baton_error_set(merging->err, BATON_EIO, "no temporary file: %s", strerror(errno))
                                 : baton_merge_rows(&merging->merge, merging->rows, merging->arena, merging->err);
}

static void note_failure(struct baton_text *out, const struct baton_result *result)
{
    struct baton_text reasons = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_result_reasons(&reasons, result);
    baton_terminal_put(out, result->id);
    baton_text_puts(out, ": ");
    baton_terminal_put(out, baton_text_str(&reasons));
    baton_text_putc(out, '\n');
    baton_text_clear(&reasons);
}

static void note_failures(struct merging *merging, const struct baton_result *repeats, uint32_t count)
{
    for (uint32_t i = 0; i < count && merging->failure_count < FAILURES_MAX; i++) {
        if (baton_result_outcome(&repeats[i]) == BATON_TEST_FAILED) {
            merging->failure_count++;
            note_failure(&merging->failures, &repeats[i]);
        }
    }
}

static enum baton_status take_conversation(struct merging *merging, const struct baton_result *repeats, uint32_t count)
{
    struct baton_report_part *parts = merging->parts;
    baton_report_parts_reset(parts, merging->sinks.count);
    note_failures(merging, repeats, count);
    enum baton_status status = baton_report_parts_write(parts, &merging->sinks, merging->merge.whole.suite.suite.name,
                                                        repeats, count, merging->err);
    return status == BATON_OK ? baton_report_sinks_take(&merging->sinks, parts, merging->err) : status;
}

static enum baton_status take_rows(struct merging *merging)
{
    struct baton_rows rows;
    uint32_t repeat_max = (uint32_t)merging->merge.whole.suite.suite.repeat, count = 0;
    struct baton_result *repeats = baton_arena_array(merging->arena, repeat_max + 1, sizeof *repeats);
    if (repeats == NULL) {
        return no_memory(merging);
    }
    enum baton_status status = baton_rows_open_file(&rows, merging->rows, "results.jsonl", merging->err);
    while (status == BATON_OK) {
        status = baton_rows_next(&rows, merging->err);
        bool is_at_end = rows.line.length == 0;
        if (status == BATON_OK && count > 0 && (is_at_end || baton_rows_is_first(&rows) || count == repeat_max)) {
            status = take_conversation(merging, repeats, count);
            baton_arena_reset(merging->row_arena);
            count = 0;
        }
        if (status != BATON_OK || is_at_end) {
            break;
        }
        char *line = baton_arena_copy(merging->row_arena, rows.line.data, rows.line.length); /* numbers point into it */
        struct baton_rows copy = rows;
        copy.line.data = line;
        status = line == NULL ? no_memory(merging)
                              : baton_rows_read(&copy, &repeats[count++], merging->row_arena, merging->err);
    }
    baton_rows_close(&rows);
    return status;
}

/* ---- figures ---- */

static enum baton_status read_gates(struct merging *merging, struct baton_gate **out)
{
    const struct baton_tally_file *whole = &merging->merge.whole;
    *out = baton_arena_array(merging->arena, whole->gate_count + 1, sizeof **out);
    enum baton_status status = *out == NULL ? no_memory(merging) : BATON_OK;
    for (size_t i = 0; i < whole->gate_count && status == BATON_OK; i++) {
        status = baton_gate_read(&(*out)[i], whole->gates[i], whole->agents, NULL, 0, merging->err);
    }
    return status;
}

/* The figures of the whole, as one run would have got them. */
static enum baton_status make_summary(struct merging *merging)
{
    struct baton_tally_file *whole = &merging->merge.whole;
    struct baton_weights weights;
    enum baton_status status =
        baton_summarize(&merging->summary, merging->arena, whole->agents, &whole->tally, merging->err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_weights_read(&weights, merging->arena, whole->agents, &whole->agents->source, whole->weights,
                                merging->err);
    if (status != BATON_OK) {
        return status;
    }
    baton_weights_apply(&weights, &merging->summary);
    merging->summary.suite = whole->suite.suite;
    merging->summary.suite.shard = (struct baton_str){ NULL, 0 };
    return BATON_OK;
}

static enum baton_status compare(struct merging *merging)
{
    struct baton_baseline_rows rows = { .file = merging->rows };
    if (merging->baseline.is_loaded && merging->rows == NULL) {
        return baton_error_set(merging->err, BATON_EUSAGE, "--baseline needs the results.jsonl of every shard");
    }
    return baton_baseline_compare(&merging->baseline, &merging->summary, &rows, false, merging->arena, merging->err);
}

static enum baton_status judge(struct merging *merging)
{
    struct baton_gate *gates;
    enum baton_status status = read_gates(merging, &gates);
    if (status != BATON_OK) {
        return status;
    }
    status = make_summary(merging);
    if (status != BATON_OK) {
        return status;
    }
    status = compare(merging);
    if (status != BATON_OK) {
        return status;
    }
    const struct baton_tally_file *whole = &merging->merge.whole;
    return baton_decide(&merging->decision, &merging->summary, gates, whole->gate_count, whole->is_strict,
                        merging->arena, merging->err);
}

/* ---- reports ---- */

static enum baton_status put_counts(struct merging *merging)
{
    struct baton_text text = baton_text_with_limit(MERGE_BYTES_MAX);
    baton_tally_file_write(&text, &merging->merge.whole, true);
    enum baton_status status = text.failed ? no_memory(merging)
                                           : baton_out_write(merging->arena, merging->args.out, "counts.json",
                                                             baton_text_str(&text), merging->err);
    baton_text_clear(&text);
    return status;
}

static enum baton_status put_reports(struct merging *merging)
{
    struct baton_report_context context = {
        .summary = &merging->summary,
        .has_colour = merging->has_colour,
        .is_replay = baton_str_is(merging->summary.suite.provider, "transcript") ||
                     baton_str_is(merging->summary.suite.provider, "cassette"),
        .failures = merging->failures.data,
        .verdict_reason = merging->decision.reason,
        .comparison = merging->summary.baseline,
    };
    enum baton_status status = merging->args.out == NULL ? BATON_OK : put_counts(merging);
    return status == BATON_OK ? baton_report_sinks_finish(&merging->sinks, &context, merging->err) : status;
}

static enum baton_status open_sinks(struct merging *merging)
{
    const struct baton_report_choice choice = { .folder = merging->args.out,
                                                .reports = merging->args.reports.items,
                                                .report_count = merging->args.reports.count,
                                                .has_rows = merging->has_rows,
                                                .is_json = merging->args.json,
                                                .is_quiet = merging->args.quiet };
    enum baton_status status = baton_report_sinks_choose(&merging->sinks, merging->arena, &choice, merging->err);
    if (status == BATON_OK && merging->args.out != NULL) {
        status = baton_out_folder_make(merging->args.out, merging->err);
    }
    baton_report_parts_init(merging->parts, BATON_SINKS_MAX);
    return status == BATON_OK ? baton_report_sinks_open(&merging->sinks, merging->err) : status;
}

/* ---- the verb ---- */

static enum baton_status load(struct merging *merging, const struct baton_arg_list *paths)
{
    enum baton_status status =
        baton_merge_load(&merging->merge, merging->arena, paths->items, paths->count, merging->err);
    if (status != BATON_OK) {
        return status;
    }
    merging->has_rows = baton_merge_has_rows(&merging->merge, merging->arena);
    return baton_baseline_open(&merging->baseline, merging->arena, merging->args.baseline, false, merging->err);
}

static enum baton_status merge_all(struct merging *merging, const struct baton_arg_list *paths)
{
    enum baton_status status = load(merging, paths);
    if (status != BATON_OK) {
        return status;
    }
    status = open_sinks(merging);
    if (status != BATON_OK) {
        return status;
    }
    status = gather_rows(merging);
    if (status == BATON_OK && merging->rows != NULL) {
        status = take_rows(merging);
    }
    if (status != BATON_OK) {
        return status;
    }
    status = judge(merging);
    return status == BATON_OK ? put_reports(merging) : status;
}

static void clear(struct merging *merging)
{
    if (merging->rows != NULL) {
        fclose(merging->rows);
    }
    baton_baseline_close(&merging->baseline);
    baton_report_sinks_discard(&merging->sinks);
    baton_report_parts_clear(merging->parts, BATON_SINKS_MAX);
    baton_merge_clear(&merging->merge);
    baton_text_clear(&merging->failures);
    baton_arena_free(merging->row_arena);
    baton_arena_free(merging->arena);
}

static enum baton_status merge_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct merging merging = { .arena = baton_arena_new(MERGE_BYTES_MAX),
                               .row_arena = baton_arena_new(MERGE_BYTES_MAX),
                               .failures = baton_text_with_limit(BATON_FILE_BYTES_MAX),
                               .err = err };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = merging.row_arena == NULL
                                   ? no_memory(&merging)
                                   : baton_args_begin(line, merging.arena, &merging.args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        merging.has_colour = line->environment->has_colour && !merging.args.no_color;
        status = merge_all(&merging, &plain);
        *exit_code = merging.decision.exit_code;
    }
    clear(&merging);
    return status;
}

const struct baton_verb baton_verb_merge = {
    .name = "merge",
    .summary = "the results of shards, put together as if one run had made them",
    .usage = "SHARD...",
    .examples = "  baton merge build/shard-1 build/shard-2 --out build/results\n"
                "  baton merge build/shard-*/counts.json --json",
    .more =
        "A shard is a folder of 'baton eval --shard I/N --out DIR', or its counts.json. All N must be there, each once.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = BATON_MERGE_SHARDS_MAX,
    .run = merge_run,
};
