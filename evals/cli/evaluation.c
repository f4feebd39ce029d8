/* evaluation.c - the order of one evaluation: set up (evaluation_setup.c), play, conclude.
 *
 * Once the first conversation is played an error leaves results that can be used: rows up to where it
 * happened, answers that --resume goes on from, and never a summary of other rows beside them.
 */
#include "evals/cli/evaluation.h"

#include "evals/cli/print.h"
#include "evals/cli/progress.h"
#include "evals/cli/recordings.h"
#include "evals/gates/decide.h"
#include "evals/play/counterfactual.h"
#include "evals/results/tally_file.h"
#include "evals/tally/summarize.h"
#include "reports/out_file.h"
#include "reports/step_summary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LIVE_THREADS = 8, REPORT_BYTES_MAX = 1024 * 1024 * 1024 };

/* Notes where the rows can be read again; those that go nowhere else go to a file without a name. */
static enum baton_status keep_rows(struct baton_evaluation *eval)
{
    if (eval->baseline.path == NULL) {
        return BATON_OK;
    }
    eval->rows.path = baton_report_sinks_rows(&eval->sinks);
    if (eval->rows.path != NULL) {
        return BATON_OK;
    }
    eval->rows.file = tmpfile();
    return eval->rows.file != NULL ? baton_report_sinks_add_rows(&eval->sinks, eval->rows.file, eval->err)
                                   : baton_error_set(eval->err, BATON_EIO, "no temporary file: %s", strerror(errno));
}

/* ---- the run ---- */

static bool is_live(const struct baton_evaluation *eval)
{
    return eval->session.play.sources.kind == BATON_SOURCE_LIVE;
}

/* A live call is waiting, not work: more of them than cores. */
static uint32_t thread_count(const struct baton_evaluation *eval)
{
    if (eval->args->threads > 0) {
        return (uint32_t)eval->args->threads;
    }
    if (is_live(eval)) {
        return LIVE_THREADS;
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > BATON_THREADS_MAX ? BATON_THREADS_MAX : (uint32_t)cores;
}

static enum baton_status play_all(struct baton_evaluation *eval, struct baton_cases *cases)
{
    struct baton_progress_line line;
    baton_progress_init(&line, stderr);
    const struct baton_runner_options options = {
        .play = &eval->session.play,
        .cases = cases,
        .thread_count = thread_count(eval),
        .selection = eval->selection,
        .failures = &eval->failures,
        .sinks = &eval->sinks,
        .suite = eval->session.suite.name,
        .phantom_patterns = eval->session.suite.phantom_patterns,
        .stop_early = eval->args->stop_early == NULL ? NULL : &eval->sprt,
        .order = eval->args->shard == NULL || eval->args->out == NULL ? NULL : &eval->order,
        .interrupted = &eval->environment->interrupted,
        .on_progress = eval->args->quiet ? NULL : baton_progress_update,
        .user = &line,
    };
    eval->session.play.wants_steps = eval->sinks.wants_steps;
    if (is_live(eval)) {
        baton_cases_one_by_one(cases);
    }
    enum baton_status status = baton_runner_run(&eval->ran, &eval->tally, &options, eval->err);
    baton_progress_end(&line);
    return status;
}

/* Figures of other results must not stand beside these. */
static void remove_figures(struct baton_evaluation *eval)
{
    if (eval->args->out != NULL) {
        baton_out_remove(eval->session.arena, eval->args->out, "summary.json");
        baton_out_remove(eval->session.arena, eval->args->out, "counts.json");
    }
}

/* What was written before an error or Ctrl-C stays, under its name. */
static void keep_partial(struct baton_evaluation *eval, enum baton_status status)
{
    const char *path;
    baton_report_sinks_keep(&eval->sinks, &path);
    if (path != NULL) {
        remove_figures(eval);
        baton_print_line(stderr, "baton: %s; the results before that are in '%s'",
                         status == BATON_EINTERRUPTED ? "stopped early" : "the run stopped", path);
    }
}

/* A shard that hash left without conversations: its counts are still wanted, or merge would miss it. */
static bool is_empty_shard(const struct baton_evaluation *eval)
{
    return eval->ran.selected == 0 && eval->args->shard != NULL && eval->args->out != NULL &&
           (eval->ran.fingerprint.low | eval->ran.fingerprint.high) != 0;
}

static enum baton_status play_and_keep(struct baton_evaluation *eval, struct baton_cases *cases)
{
    enum baton_status status = play_all(eval, cases);
    if (status == BATON_EUSAGE || (status == BATON_OK && eval->ran.selected == 0 && !is_empty_shard(eval))) {
        baton_report_sinks_discard(&eval->sinks); /* nothing was played: results of before stay */
        return status;
    }
    if (status != BATON_OK) {
        keep_partial(eval, status);
        return status;
    }
    return baton_report_sinks_settle(&eval->sinks, eval->err);
}

static enum baton_status open_places(struct baton_evaluation *eval)
{
    enum baton_status status = eval->args->out == NULL ? BATON_OK : baton_out_folder_make(eval->args->out, eval->err);
    if (status != BATON_OK) {
        return status;
    }
    status = keep_rows(eval);
    return status == BATON_OK ? baton_report_sinks_open(&eval->sinks, eval->err) : status;
}

static enum baton_status open_cases(const struct baton_evaluation *eval, struct baton_cases **out)
{
    const struct baton_suite *suite = &eval->session.suite;
    return baton_cases_new(out, eval->session.arena, suite->conversations, suite->conversation_count, eval->err);
}

static enum baton_status play(struct baton_evaluation *eval)
{
    struct baton_cases *cases = NULL;
    enum baton_status status = open_cases(eval, &cases);
    if (status == BATON_OK) {
        status = open_places(eval);
    }
    if (status == BATON_OK) {
        status = play_and_keep(eval, cases);
    }
    baton_cases_free(cases);
    return status;
}

/* ---- after ---- */

static struct baton_str hex(const struct baton_evaluation *eval, struct baton_hash hash)
{
    char digits[BATON_HASH_HEX_BYTES];
    baton_hash_hex(hash, digits);
    char *copy = baton_arena_copy(eval->session.arena, digits, sizeof digits - 1);
    return baton_str_of(copy == NULL ? "" : copy);
}

static void describe_suite(struct baton_evaluation *eval)
{
    struct baton_summary *summary = &eval->summary;
    summary->suite.name = eval->session.suite.name;
    summary->suite.fingerprint = hex(eval, eval->ran.fingerprint);
    summary->suite.agents_digest = hex(eval, eval->session.agents->digest);
    summary->suite.conversations_digest = hex(eval, eval->ran.conversations);
    summary->suite.provider = eval->session.suite.provider;
    summary->suite.profile = baton_str_of(eval->session.agents->profile->name);
    summary->suite.seed = eval->session.play.seed;
    summary->suite.repeat = eval->session.play.repeat_count;
    summary->suite.shard = baton_str_of(eval->args->shard);
}

static enum baton_status decide(struct baton_evaluation *eval, int *exit_code)
{
    struct baton_decision decision;
    enum baton_status status = baton_decide(&decision, &eval->summary, eval->gates, eval->gate_count,
                                            eval->args->strict, eval->session.arena, eval->err);
    eval->verdict_reason = decision.reason;
    *exit_code = decision.exit_code;
    return status;
}

/* What shards of one run must have in common, beside the suite. */
static struct baton_str describe_play(const struct baton_evaluation *eval)
{
    const struct baton_play *play = &eval->session.play;
    const char *text = baton_arena_printf(
        eval->session.arena, "max_turns=%d max_handoffs=%d loops=%s on_handoff=%s stop_early=%.64s",
        play->limits.max_turns, play->limits.max_handoffs, play->loops_stop ? "stop" : "report",
        play->on_handoff_stop ? "stop" : "continue", eval->args->stop_early == NULL ? "no" : eval->args->stop_early);
    return baton_str_of(text);
}

static enum baton_status put_counts(struct baton_evaluation *eval)
{
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    const struct baton_tally_about about = {
        .agents = eval->session.agents,
        .summary = &eval->summary,
        .play = describe_play(eval),
        .is_strict = eval->args->strict,
        .weights = eval->session.suite.weights,
        .order = eval->order.length == 0 ? BATON_STR("") : baton_text_str(&eval->order),
    };
    baton_tally_write(&text, &eval->tally, &about);
    enum baton_status status =
        text.failed || about.play.data == NULL
            ? baton_error_no_memory(eval->err, "counts.json")
            : baton_out_write(eval->session.arena, eval->args->out, "counts.json", baton_text_str(&text), eval->err);
    baton_text_clear(&text);
    return status;
}

/* Who asks for annotations is on GitHub, and has a page for the rest there. */
static void add_step_summary(const struct baton_evaluation *eval, const struct baton_report_context *context)
{
    char note[BATON_STEP_SUMMARY_NOTE_BYTES];
    const char *path = eval->environment->step_summary;
    bool is_wanted = false;
    for (size_t i = 0; i < eval->sinks.count; i++) {
        is_wanted = is_wanted || strcmp(eval->sinks.list[i].form->name, "github") == 0;
    }
    if (is_wanted && path != NULL && path[0] != '\0' && baton_step_summary_add(path, context, note) != NULL) {
        baton_print_line(stderr, "baton: %s", note);
    }
}

static enum baton_status report(struct baton_evaluation *eval)
{
    struct baton_report_context context = {
        .summary = &eval->summary,
        .has_colour = eval->environment->has_colour && !eval->args->no_color,
        .is_replay = eval->session.play.sources.kind == BATON_SOURCE_TRANSCRIPT ||
                     eval->session.play.sources.kind == BATON_SOURCE_CASSETTE,
        .failures = eval->failures.lines.data,
        .verdict_reason = eval->verdict_reason,
        .comparison = eval->summary.baseline,
        .explain = eval->suite_path == NULL
                       ? NULL
                       : baton_arena_printf(eval->session.arena, "baton explain %s", eval->suite_path),
        .source = eval->session.suite.conversation_count == 1 ? eval->session.suite.conversations[0] : NULL,
    };
    enum baton_status status = eval->args->out == NULL ? BATON_OK : put_counts(eval);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_report_sinks_finish(&eval->sinks, &context, eval->err);
    if (status == BATON_OK) {
        add_step_summary(eval, &context);
    }
    return status;
}

/* ---- recordings ---- */

static bool has_gate_on_errors(const struct baton_evaluation *eval)
{
    for (size_t i = 0; i < eval->gate_count; i++) {
        if (strcmp(eval->gates[i].figure.row->path, "counts.errors") == 0) {
            return true;
        }
    }
    return false;
}

static void fail(struct baton_evaluation *eval, int *exit_code, enum baton_status status, const char *reason)
{
    eval->summary.passed = false;
    eval->verdict_reason = reason;
    *exit_code = baton_status_exit_code(status);
}

/* What the gates cannot know: answers that were missing in a cassette or did not come, and old recordings. */
static enum baton_status judge_sources(struct baton_evaluation *eval, int *exit_code)
{
    struct baton_recordings_found found;
    const struct baton_evaluation_args *args = eval->args;
    bool all_played = args->filter == NULL && args->tag == NULL && args->shard == NULL;
    enum baton_status status = baton_recordings_review(&found, &eval->session, eval->environment->today, all_played,
                                                       args->quiet ? NULL : stderr, eval->err);
    if (status != BATON_OK) {
        return status;
    }
    if (found.expired > 0 && (args->strict || eval->session.suite.expires_is_error)) {
        fail(eval, exit_code, BATON_EMISS, "recordings are past their expiry; record them again");
    }
    if (eval->ran.misses > 0) {
        fail(eval, exit_code, BATON_EMISS, "the cassette does not hold every answer that was asked for");
    }
    if (is_live(eval) && eval->summary.counts.errors > 0 && !has_gate_on_errors(eval)) {
        fail(eval, exit_code, BATON_EPROVIDER, "a provider failed, and no gate says how often it may ('errors <= N')");
    }
    return BATON_OK;
}

/* What was recorded is put in place once the run is whole; before that it is kept, to be gone on with. */
static enum baton_status put_recording(struct baton_evaluation *eval, enum baton_status status)
{
    bool is_recording = eval->session.sources.recorder != NULL;
    if (is_recording && status != BATON_OK && baton_recorder_count(eval->session.sources.recorder) > 0) {
        baton_print_line(stderr, "baton: what was answered is kept in '%s.part'; --resume goes on from there",
                         eval->session.sources.record_path);
    }
    if (!is_recording || status != BATON_OK || eval->ran.selected == 0) {
        return status; /* where nothing was asked, what was recorded before stays as it is */
    }
    bool is_asked_for = eval->args->session.sources.records && !eval->args->quiet;
    return baton_recordings_finish(&eval->session, is_asked_for ? stderr : NULL, eval->err);
}

static void warn(const struct baton_evaluation *eval)
{
    if (eval->session.play.sources.kind == BATON_SOURCE_TRANSCRIPT && eval->ran.answers_recorded == 0) {
        fputs(
            "baton: none of these conversations holds a recorded answer; to play them, choose a model: --provider sim:oracle\n",
            stderr);
    }
}

/* What the same conversations come to under other limits. */
static enum baton_status imagine(struct baton_evaluation *eval)
{
    struct baton_cases *cases = NULL;
    enum baton_status status = open_cases(eval, &cases);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    const struct baton_runner_options options = { .play = &eval->session.play,
                                                  .cases = cases,
                                                  .thread_count = thread_count(eval),
                                                  .selection = eval->selection,
                                                  .interrupted = &eval->environment->interrupted };
    status = baton_counterfactual_run(&text, eval->args->counterfactual, &options, &eval->summary, eval->session.arena,
                                      eval->err);
    if (status == BATON_OK) {
        baton_print_text(eval->args->json || eval->args->quiet ? stderr : stdout, &text);
    }
    baton_text_clear(&text);
    baton_cases_free(cases);
    return status;
}

static enum baton_status nothing_selected(const struct baton_evaluation *eval)
{
    return baton_error_set(eval->err, BATON_EEMPTY, "no conversation selected out of %llu%s",
                           (unsigned long long)eval->ran.seen,
                           eval->ran.seen > 0 ? "; look at --filter, --tag and --shard" : "");
}

/* Against the baseline. One of other conversations is no hindrance to putting this run in its place. */
static enum baton_status compare(struct baton_evaluation *eval)
{
    enum baton_status status = baton_baseline_compare(&eval->baseline, &eval->summary, &eval->rows,
                                                      eval->args->shard != NULL, eval->session.arena, eval->err);
    if (status == BATON_EBASELINE && eval->args->update_baseline) {
        fputs("baton: the baseline was of other conversations and is replaced without being compared\n", stderr);
        return BATON_OK;
    }
    if (status != BATON_OK) {
        remove_figures(eval);
    }
    return status;
}

/* The figures, and what they are judged to be. */
static enum baton_status judge(struct baton_evaluation *eval, int *exit_code)
{
    enum baton_status status =
        baton_summarize(&eval->summary, eval->session.arena, eval->session.agents, &eval->tally, eval->err);
    if (status != BATON_OK) {
        return status;
    }
    describe_suite(eval);
    baton_weights_apply(&eval->weights, &eval->summary);
    status = compare(eval);
    if (status != BATON_OK) {
        return status;
    }
    status = decide(eval, exit_code);
    return status == BATON_OK ? judge_sources(eval, exit_code) : status;
}

static enum baton_status conclude_empty_shard(struct baton_evaluation *eval)
{
    baton_out_remove(eval->session.arena, eval->args->out, "summary.json");
    enum baton_status status = put_counts(eval);
    return status == BATON_OK ? nothing_selected(eval) : status;
}

static enum baton_status conclude(struct baton_evaluation *eval, int *exit_code)
{
    if (eval->ran.selected == 0 && !is_empty_shard(eval)) {
        return nothing_selected(eval);
    }
    enum baton_status status = judge(eval, exit_code);
    if (status == BATON_OK && is_empty_shard(eval)) {
        return conclude_empty_shard(eval);
    }
    warn(eval);
    if (status != BATON_OK) {
        return status;
    }
    status = report(eval);
    if (status == BATON_OK && eval->args->counterfactual != NULL) {
        status = imagine(eval);
    }
    return status == BATON_OK && eval->args->update_baseline
               ? baton_baseline_update(&eval->baseline, &eval->summary, &eval->rows, eval->session.arena, eval->err)
               : status;
}

/* ---- the whole ---- */

static void clear(struct baton_evaluation *eval)
{
    baton_report_sinks_discard(&eval->sinks);
    baton_baseline_close(&eval->baseline);
    if (eval->rows.file != NULL) {
        fclose(eval->rows.file);
    }
    baton_counter_clear(&eval->only);
    baton_tally_clear(&eval->tally);
    baton_failures_clear(&eval->failures);
    baton_text_clear(&eval->order);
    baton_session_clear(&eval->session);
}

enum baton_status baton_evaluation_run(const struct baton_evaluation_args *args, const char *suite_path,
                                       const struct baton_environment *environment, int *exit_code,
                                       struct baton_error *err)
{
    struct baton_evaluation eval = {
        .args = args,
        .environment = environment,
        .suite_path = suite_path,
        .failures = baton_failures_none(),
        .order = baton_text_with_limit(BATON_FILE_BYTES_MAX),
        .err = err,
    };
    enum baton_status status = baton_evaluation_set_up(&eval);
    if (status == BATON_OK) {
        status = put_recording(&eval, play(&eval));
    }
    if (status == BATON_OK) {
        status = conclude(&eval, exit_code);
    }
    clear(&eval);
    return status;
}
