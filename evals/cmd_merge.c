/* cmd_merge.c - `baton merge`: the results of shards, put together as if one run had made them. */
#include "evals/baseline.h"
#include "evals/decide.h"
#include "evals/merge.h"
#include "evals/outdir.h"
#include "evals/rows.h"
#include "evals/summarize.h"
#include "evals/verbs.h"
#include "evals/weights.h"
#include "reports/forms.h"
#include "reports/terminal.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { MERGE_BYTES_MAX = 1024 * 1024 * 1024, FAILURES_MAX = 10 };

struct merge_args {
    const char *out, *baseline;
    struct baton_arg_list reports;
    bool json, quiet, no_color;
};

static const struct baton_switch switches[] = {
    { "out", 0, BATON_SWITCH_TEXT, offsetof(struct merge_args, out), "DIR",
      "write summary.json, results.jsonl and counts.json there", 0, 0 },
    { "report", 0, BATON_SWITCH_LIST, offsetof(struct merge_args, reports), "FORM[=FILE]",
      "terminal, json, junit, tap, csv, markdown, ..., to a file; may be repeated", 0, 0 },
    { "baseline", 0, BATON_SWITCH_TEXT, offsetof(struct merge_args, baseline), "PATH",
      "compare with those results: a folder, or a summary.json with its results.jsonl beside it", 0, 0 },
    { "json", 0, BATON_SWITCH_FLAG, offsetof(struct merge_args, json), NULL, "print summary.json instead of the report",
      0, 0 },
    { "quiet", 'q', BATON_SWITCH_FLAG, offsetof(struct merge_args, quiet), NULL, "no report", 0, 0 },
    { "no-color", 0, BATON_SWITCH_FLAG, offsetof(struct merge_args, no_color), NULL, "no colours (also: NO_COLOR)", 0,
      0 },
};

struct merging {
    struct merge_args args;
    struct baton_arena *arena, *row_arena;
    struct baton_merge merge;
    struct baton_summary summary;
    struct baton_decision decision;
    struct baton_baseline baseline;
    FILE *rows; /* all rows in input order; NULL: not at hand */
    struct baton_text failures;
    uint32_t failure_count;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct merging *merging)
{
    return baton_error_set(merging->err, BATON_ENOMEM, "out of memory for the merged results");
}

/* ---- rows ---- */

/* Puts the rows together in a file of its own, or in DIR/results.jsonl. */
static enum baton_status gather_rows(struct merging *merging)
{
    struct baton_out_file out = { 0 };
    const char *folder = merging->args.out;
    if (!baton_merge_has_rows(&merging->merge, merging->arena)) {
        fputs("baton: a shard has no results.jsonl beside its counts; only the summary is merged\n", stderr);
        return BATON_OK;
    }
    if (folder == NULL) {
        merging->rows = tmpfile();
        return merging->rows == NULL
                   ? baton_error_set(merging->err, BATON_EIO, "no temporary file: %s", strerror(errno))
                   : baton_merge_rows(&merging->merge, merging->rows, merging->arena, merging->err);
    }
    enum baton_status status = baton_out_open(&out, merging->arena, folder, "results.jsonl", merging->err);
    status = status == BATON_OK ? baton_merge_rows(&merging->merge, out.file, merging->arena, merging->err) : status;
    if (status != BATON_OK) {
        baton_out_discard(&out);
        return status;
    }
    status = baton_out_commit(&out, merging->err);
    merging->rows = status == BATON_OK ? fopen(out.path, "re") : NULL;
    return status == BATON_OK && merging->rows == NULL
               ? baton_error_set(merging->err, BATON_EIO, "cannot read '%s' again: %s", out.path, strerror(errno))
               : status;
}

/* What is done with all repeats of a conversation. */
typedef void on_conversation(struct merging *merging, void *user, const struct baton_result *repeats, uint32_t count);

static enum baton_status each_conversation(struct merging *merging, on_conversation *act, void *user)
{
    struct baton_rows rows;
    uint32_t repeat_max = (uint32_t)merging->summary.suite.repeat, count = 0;
    struct baton_result *repeats = baton_arena_array(merging->arena, repeat_max + 1, sizeof *repeats);
    if (repeats == NULL) {
        return no_memory(merging);
    }
    enum baton_status status = baton_rows_open_file(&rows, merging->rows, "results.jsonl", merging->err);
    while (status == BATON_OK) {
        status = baton_rows_next(&rows, merging->err);
        bool is_at_end = rows.line.length == 0;
        if (status == BATON_OK && count > 0 && (is_at_end || baton_rows_is_first(&rows) || count == repeat_max)) {
            act(merging, user, repeats, count);
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

static void note_failures(struct merging *merging, void *user, const struct baton_result *repeats, uint32_t count)
{
    (void)user;
    for (uint32_t i = 0; i < count && merging->failure_count < FAILURES_MAX; i++) {
        if (baton_test_outcome_of(&repeats[i]) == BATON_TEST_FAILED) {
            merging->failure_count++;
            baton_text_append(&merging->failures, repeats[i].id.data, repeats[i].id.length);
            baton_text_puts(&merging->failures, ": ");
            baton_result_reasons(&merging->failures, &repeats[i]);
            baton_text_putc(&merging->failures, '\n');
        }
    }
}

/* ---- figures ---- */

static enum baton_status make_summary(struct merging *merging)
{
    struct baton_tally_file *whole = &merging->merge.whole;
    struct baton_gate *gates = baton_arena_array(merging->arena, whole->gate_count + 1, sizeof *gates);
    if (gates == NULL) {
        return no_memory(merging);
    }
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < whole->gate_count && status == BATON_OK; i++) {
        status = baton_gate_read(&gates[i], whole->gates[i], whole->agents, NULL, 0, merging->err);
    }
    status = status == BATON_OK
                 ? baton_summarize(&merging->summary, merging->arena, whole->agents, &whole->tally, merging->err)
                 : status;
    if (status != BATON_OK) {
        return status;
    }
    struct baton_weights weights;
    status = baton_weights_read(&weights, merging->arena, whole->agents, &whole->agents->source, whole->weights,
                                merging->err);
    if (status != BATON_OK) {
        return status;
    }
    baton_weights_apply(&weights, &merging->summary);
    merging->summary.suite = whole->suite.suite;
    merging->summary.suite.shard = (struct baton_str){ NULL, 0 };
    struct baton_baseline_rows rows = { .file = merging->rows };
    if (merging->baseline.is_loaded && merging->rows == NULL) {
        return baton_error_set(merging->err, BATON_EUSAGE, "--baseline needs the results.jsonl of every shard");
    }
    status = baton_baseline_compare(&merging->baseline, &merging->summary, &rows, false, merging->arena, merging->err);
    if (status != BATON_OK) {
        return status;
    }
    return baton_decide(&merging->decision, &merging->summary, gates, whole->gate_count, whole->is_strict,
                        merging->arena, merging->err);
}

/* ---- reports ---- */

static enum baton_status find_form(const struct merging *merging, const char *text,
                                   const struct baton_report_form **form, const char **file)
{
    const char *equals = strchr(text, '=');
    struct baton_str name = { text, equals == NULL ? strlen(text) : (size_t)(equals - text) };
    *file = equals == NULL ? NULL : equals + 1;
    *form = baton_report_form_find(name);
    if (*form == NULL) {
        return baton_error_set(merging->err, BATON_EUSAGE, "unknown report form '%.*s'; see 'baton merge --help'",
                               (int)name.length, name.data);
    }
    if ((*form)->wants_steps || (*form)->bytes_failed_max > 0) {
        return baton_error_set(merging->err, BATON_EUSAGE,
                               "the form '%s' needs the conversations themselves, which results do not hold; make it "
                               "with baton eval",
                               (*form)->name);
    }
    return BATON_OK;
}

static enum baton_status check_args(const struct merging *merging)
{
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < merging->args.reports.count && status == BATON_OK; i++) {
        const struct baton_report_form *form;
        const char *file;
        status = find_form(merging, merging->args.reports.items[i], &form, &file);
    }
    return status;
}

struct form_writing {
    const struct baton_report_form *form;
    struct baton_text *out;
};

static void write_conversation(struct merging *merging, void *user, const struct baton_result *repeats, uint32_t count)
{
    struct form_writing *writing = user;
    writing->form->conversation(writing->out, merging->summary.suite.name, repeats, count);
}

static enum baton_status put_form(struct merging *merging, const struct baton_report_form *form, const char *file)
{
    struct baton_text text = baton_text_with_limit(MERGE_BYTES_MAX);
    struct form_writing writing = { .form = form, .out = &text };
    struct baton_report_context context = {
        .summary = &merging->summary,
        .has_colour = file == NULL && baton_world.has_colour && !merging->args.no_color,
        .is_replay = baton_str_is(merging->summary.suite.provider, "transcript"),
        .failures = merging->failures.data,
        .verdict_reason = merging->decision.reason,
        .comparison = merging->summary.baseline,
    };
    enum baton_status status = BATON_OK;
    if (form->before != NULL) {
        form->before(&text, &context);
    }
    if (form->conversation != NULL) {
        status = merging->rows == NULL
                     ? baton_error_set(merging->err, BATON_EUSAGE,
                                       "the form '%s' needs the results.jsonl of every shard", form->name)
                     : each_conversation(merging, write_conversation, &writing);
    }
    if (form->after != NULL) {
        form->after(&text, &context);
    }
    if (status == BATON_OK && text.failed) {
        status = no_memory(merging);
    } else if (status == BATON_OK && file == NULL) {
        fwrite(text.data, 1, text.length, stdout); /* a failure shows when main() flushes */
    } else if (status == BATON_OK) {
        status = baton_out_write(merging->arena, NULL, file, baton_text_str(&text), merging->err);
    }
    baton_text_clear(&text);
    return status;
}

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

static enum baton_status put_named(struct merging *merging, const char *name, const char *file)
{
    return put_form(merging, baton_report_form_find(baton_str_of(name)), file);
}

static enum baton_status put_reports(struct merging *merging)
{
    enum baton_status status = BATON_OK;
    if (merging->args.out != NULL) {
        const char *path = baton_arena_printf(merging->arena, "%s/summary.json", merging->args.out);
        status = path == NULL ? no_memory(merging) : put_counts(merging);
        status = status == BATON_OK ? put_named(merging, "json", path) : status;
    }
    for (size_t i = 0; i < merging->args.reports.count && status == BATON_OK; i++) {
        const struct baton_report_form *form;
        const char *file;
        status = find_form(merging, merging->args.reports.items[i], &form, &file);
        status = status == BATON_OK ? put_form(merging, form, file) : status;
    }
    if (status == BATON_OK && merging->args.json) {
        return put_named(merging, "json", NULL);
    }
    return status == BATON_OK && !merging->args.quiet && merging->args.reports.count == 0
               ? put_named(merging, "terminal", NULL)
               : status;
}

/* ---- the verb ---- */

static enum baton_status merge_all(struct merging *merging, const struct baton_arg_list *paths)
{
    enum baton_status status = check_args(merging);
    status = status == BATON_OK
                 ? baton_merge_load(&merging->merge, merging->arena, paths->items, paths->count, merging->err)
                 : status;
    status =
        status == BATON_OK && merging->args.out != NULL ? baton_outdir_make(merging->args.out, merging->err) : status;
    status = status == BATON_OK
                 ? baton_baseline_open(&merging->baseline, merging->arena, merging->args.baseline, false, merging->err)
                 : status;
    status = status == BATON_OK ? gather_rows(merging) : status;
    status = status == BATON_OK ? make_summary(merging) : status;
    status = status == BATON_OK && merging->rows != NULL ? each_conversation(merging, note_failures, NULL) : status;
    status = status == BATON_OK ? put_reports(merging) : status;
    return status;
}

static enum baton_status merge_run(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                                   struct baton_error *err)
{
    struct merging merging = { .arena = baton_arena_new(MERGE_BYTES_MAX),
                               .row_arena = baton_arena_new(MERGE_BYTES_MAX),
                               .failures = baton_text_with_limit(BATON_FILE_BYTES_MAX),
                               .err = err };
    struct baton_arg_list plain;
    bool wants_help = false;
    enum baton_status status =
        merging.arena == NULL || merging.row_arena == NULL
            ? no_memory(&merging)
            : baton_args_read(verb, argc, argv, merging.arena, &merging.args, &plain, &wants_help, err);
    if (status == BATON_OK && wants_help) {
        baton_args_help(stdout, verb);
    } else if (status == BATON_OK) {
        status = merge_all(&merging, &plain);
        *exit_code = merging.decision.exit_code;
    }
    if (merging.rows != NULL) {
        fclose(merging.rows);
    }
    baton_baseline_close(&merging.baseline);
    baton_merge_clear(&merging.merge);
    baton_text_clear(&merging.failures);
    baton_arena_free(merging.row_arena);
    baton_arena_free(merging.arena);
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
