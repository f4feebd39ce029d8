/* evaluation.c - the order of one evaluation: open everything that can be refused, play, conclude.
 *
 * Whatever is wrong with the command line, the suite or the places for results is said before the first conversation is
 * played, as a run may take hours and money. After that an error leaves results that can be used: rows up to where it
 * happened, answers that --resume goes on from, and never a summary of other rows beside them.
 */
#include "evals/cli/evaluation.h"

#include "engine/base/number.h"
#include "evals/cli/print.h"
#include "evals/cli/progress.h"
#include "evals/cli/recordings.h"
#include "evals/judge/decide.h"
#include "evals/play/counterfactual.h"
#include "evals/results/baseline.h"
#include "evals/results/failed_ids.h"
#include "evals/results/tally_file.h"
#include "evals/tally/summarize.h"
#include "evals/tally/weights.h"
#include "reports/out_file.h"
#include "reports/step_summary.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LIVE_THREADS = 8, REPORT_BYTES_MAX = 1024 * 1024 * 1024 };

/* One evaluation, from the command line to the exit code. */
struct eval {
    const struct baton_evaluation_args *args;
    const struct baton_environment *environment;
    const char *suite_path;
    struct baton_session session;
    struct baton_baseline baseline;
    struct baton_baseline_rows rows;
    struct baton_gate *gates;
    size_t gate_count;
    struct baton_weights weights;
    struct baton_selection selection;
    struct baton_sprt sprt;    /* of --stop-early */
    struct baton_counter only; /* conversations of --only-failed */
    struct baton_tally tally;
    struct baton_failures failures;
    struct baton_text order;
    struct baton_runner_result ran;
    struct baton_summary summary;
    const char *verdict_reason;
    struct baton_report_sinks sinks;
    struct baton_error *err;
};

/* ---- before ---- */

static enum baton_status read_selection(struct eval *eval)
{
    const struct baton_evaluation_args *args = eval->args;
    eval->selection = (struct baton_selection){ .filter = baton_str_of(args->filter),
                                                .tag = baton_str_of(args->tag),
                                                .only = args->only_failed == NULL ? NULL : &eval->only };
    enum baton_status status = baton_selection_read_shard(&eval->selection, args->shard, eval->err);
    return status == BATON_OK && args->only_failed != NULL
               ? baton_failed_ids_read(&eval->only, eval->session.arena, args->only_failed, eval->err)
               : status;
}

/* Wald's test at 5 % both ways. */
static enum baton_status read_stop_early(struct eval *eval)
{
    struct baton_sprt_plan plan = { .alpha = 0.05, .beta = 0.05 };
    struct baton_str rest = baton_str_of(eval->args->stop_early);
    if (eval->args->stop_early == NULL) {
        return BATON_OK;
    }
    bool is_read = baton_number_take_double(&rest, &plan.rate_good) && baton_str_starts(rest, ",") &&
                   baton_number_double(baton_str_after(rest, 1), &plan.rate_bad);
    return is_read && baton_resample_sprt_init(&eval->sprt, &plan)
               ? BATON_OK
               : baton_error_set(eval->err, BATON_EUSAGE,
                                 "--stop-early must be two pass rates, the good one first, as 0.95,0.8, not '%s'",
                                 eval->args->stop_early);
}

/* A mistake in it is said before the run. */
static enum baton_status check_counterfactual(struct eval *eval)
{
    struct baton_play other = eval->session.play;
    return eval->args->counterfactual == NULL
               ? BATON_OK
               : baton_counterfactual_read(&other, eval->args->counterfactual, eval->err);
}

static enum baton_status choose_reports(struct eval *eval)
{
    const struct baton_report_choice choice = { .folder = eval->args->out,
                                                .reports = eval->args->reports.items,
                                                .report_count = eval->args->reports.count,
                                                .has_rows = true,
                                                .has_steps = true,
                                                .is_json = eval->args->json,
                                                .is_quiet = eval->args->quiet };
    enum baton_status status = baton_report_sinks_choose(&eval->sinks, eval->session.arena, &choice, eval->err);
    if (status == BATON_OK && eval->session.suite.conversation_count == 0) {
        status =
            baton_error_set(eval->err, BATON_EUSAGE, "no conversations: name a suite, or give --conversations FILE");
    }
    return status;
}

/* Why this run cannot become the baseline, or NULL. */
static const char *why_no_update(const struct eval *eval, const char *path, bool is_selection)
{
    if (path == NULL) {
        return "--update-baseline needs --baseline PATH, or `baseline:` in the suite";
    }
    if (eval->environment->is_ci) {
        return "--update-baseline is refused where CI is set: a baseline is changed by people, in a commit that others "
               "read";
    }
    return is_selection || eval->args->shard != NULL ? "--update-baseline takes whole runs, not a selection or a shard"
                                                     : NULL;
}

static enum baton_status open_baseline(struct eval *eval)
{
    const struct baton_evaluation_args *args = eval->args;
    const char *path = args->baseline != NULL ? args->baseline : eval->session.suite.baseline;
    bool is_selection = args->filter != NULL || args->tag != NULL || args->only_failed != NULL;
    const char *why = args->update_baseline ? why_no_update(eval, path, is_selection) : NULL;
    if (why != NULL) {
        return baton_error_set(eval->err, BATON_EUSAGE, "%s", why);
    }
    if (args->baseline == NULL && path != NULL && is_selection) {
        fputs("baton: a selection of the conversations is not compared with the suite's baseline\n", stderr);
        return BATON_OK;
    }
    return baton_baseline_open(&eval->baseline, eval->session.arena, path, args->update_baseline, eval->err);
}

/* Notes where the rows can be read again; those that go nowhere else go to a file without a name. */
static enum baton_status keep_rows(struct eval *eval)
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

static bool is_live(const struct eval *eval)
{
    return eval->session.play.sources.kind == BATON_SOURCE_LIVE;
}

/* A live call is waiting, not work: more of them than cores. */
static uint32_t thread_count(const struct eval *eval)
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

static enum baton_status play_all(struct eval *eval, struct baton_cases *cases)
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
static void remove_figures(struct eval *eval)
{
    if (eval->args->out != NULL) {
        baton_out_remove(eval->session.arena, eval->args->out, "summary.json");
        baton_out_remove(eval->session.arena, eval->args->out, "counts.json");
    }
}

/* What was written before an error or Ctrl-C stays, under its name. */
static void keep_partial(struct eval *eval, enum baton_status status)
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
static bool is_empty_shard(const struct eval *eval)
{
    return eval->ran.selected == 0 && eval->args->shard != NULL && eval->args->out != NULL &&
           (eval->ran.fingerprint.low | eval->ran.fingerprint.high) != 0;
}

static enum baton_status play_and_keep(struct eval *eval, struct baton_cases *cases)
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

static enum baton_status open_places(struct eval *eval)
{
    enum baton_status status = eval->args->out == NULL ? BATON_OK : baton_out_folder_make(eval->args->out, eval->err);
    if (status != BATON_OK) {
        return status;
    }
    status = keep_rows(eval);
    return status == BATON_OK ? baton_report_sinks_open(&eval->sinks, eval->err) : status;
}

static enum baton_status open_cases(const struct eval *eval, struct baton_cases **out)
{
    const struct baton_suite *suite = &eval->session.suite;
    return baton_cases_new(out, eval->session.arena, suite->conversations, suite->conversation_count, eval->err);
}

static enum baton_status play(struct eval *eval)
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

static struct baton_str hex(const struct eval *eval, struct baton_hash hash)
{
    char digits[BATON_HASH_HEX_BYTES];
    baton_hash_hex(hash, digits);
    char *copy = baton_arena_copy(eval->session.arena, digits, sizeof digits - 1);
    return baton_str_of(copy == NULL ? "" : copy);
}

static void describe_suite(struct eval *eval)
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

static enum baton_status decide(struct eval *eval, int *exit_code)
{
    struct baton_decision decision;
    enum baton_status status = baton_decide(&decision, &eval->summary, eval->gates, eval->gate_count,
                                            eval->args->strict, eval->session.arena, eval->err);
    eval->verdict_reason = decision.reason;
    *exit_code = decision.exit_code;
    return status;
}

static enum baton_status put_counts(struct eval *eval)
{
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    const struct baton_tally_about about = {
        .agents = eval->session.agents,
        .summary = &eval->summary,
        .play = &eval->session.play,
        .is_strict = eval->args->strict,
        .stop_early = eval->args->stop_early,
        .weights = eval->session.suite.weights,
        .order = eval->order.length == 0 ? BATON_STR("") : baton_text_str(&eval->order),
    };
    baton_tally_write(&text, &eval->tally, &about);
    enum baton_status status = text.failed ? baton_error_no_memory(eval->err, "counts.json")
                                           : baton_out_write(eval->session.arena, eval->args->out, "counts.json",
                                                             baton_text_str(&text), eval->err);
    baton_text_clear(&text);
    return status;
}

/* Who asks for annotations is on GitHub, and has a page for the rest there. */
static void add_step_summary(const struct eval *eval, const struct baton_report_context *context)
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

static enum baton_status report(struct eval *eval)
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

static bool has_gate_on_errors(const struct eval *eval)
{
    for (size_t i = 0; i < eval->gate_count; i++) {
        if (baton_str_is(eval->gates[i].figure, "errors") || baton_str_is(eval->gates[i].figure, "counts.errors")) {
            return true;
        }
    }
    return false;
}

static void fail(struct eval *eval, int *exit_code, enum baton_status status, const char *reason)
{
    eval->summary.passed = false;
    eval->verdict_reason = reason;
    *exit_code = baton_status_exit_code(status);
}

/* What the gates cannot know: answers that were missing in a cassette or did not come, and old recordings. */
static enum baton_status judge_sources(struct eval *eval, int *exit_code)
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
static enum baton_status put_recording(struct eval *eval, enum baton_status status)
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

static void warn(const struct eval *eval)
{
    if (eval->session.play.sources.kind == BATON_SOURCE_TRANSCRIPT && eval->ran.answers_recorded == 0) {
        fputs(
            "baton: none of these conversations holds a recorded answer; to play them, choose a model: --provider sim:oracle\n",
            stderr);
    }
}

/* What the same conversations come to under other limits. */
static enum baton_status imagine(struct eval *eval)
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

static enum baton_status nothing_selected(const struct eval *eval)
{
    return baton_error_set(eval->err, BATON_EEMPTY, "no conversation selected out of %llu%s",
                           (unsigned long long)eval->ran.seen,
                           eval->ran.seen > 0 ? "; look at --filter, --tag and --shard" : "");
}

/* Against the baseline. One of other conversations is no hindrance to putting this run in its place. */
static enum baton_status compare(struct eval *eval)
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
static enum baton_status judge(struct eval *eval, int *exit_code)
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

static enum baton_status conclude_empty_shard(struct eval *eval)
{
    baton_out_remove(eval->session.arena, eval->args->out, "summary.json");
    enum baton_status status = put_counts(eval);
    return status == BATON_OK ? nothing_selected(eval) : status;
}

static enum baton_status conclude(struct eval *eval, int *exit_code)
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

struct baton_evaluation_args baton_evaluation_args_unset(void)
{
    return (struct baton_evaluation_args){ .session = baton_session_args_unset() };
}

static enum baton_status open_session(struct eval *eval)
{
    const struct baton_session_options options = { .suite_path = eval->suite_path,
                                                   .args = &eval->args->session,
                                                   .environment = eval->environment };
    return baton_session_open(&eval->session, &options, eval->err);
}

static enum baton_status read_gates(struct eval *eval)
{
    return baton_session_gates(&eval->session, &eval->args->gates, &eval->gates, &eval->gate_count, eval->err);
}

static enum baton_status read_weights(struct eval *eval)
{
    return baton_weights_read(&eval->weights, eval->session.arena, eval->session.agents, &eval->session.suite.source,
                              eval->session.suite.weights, eval->err);
}

/* All that can be refused, in the order in which people look for mistakes. */
static enum baton_status prepare(struct eval *eval)
{
    static enum baton_status (*const steps[])(struct eval * eval) = {
        open_session,         choose_reports, read_gates,      open_baseline,
        check_counterfactual, read_selection, read_stop_early, read_weights,
    };
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == BATON_OK; i++) {
        status = steps[i](eval);
    }
    return status;
}

static void clear(struct eval *eval)
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
    struct eval eval = {
        .args = args,
        .environment = environment,
        .suite_path = suite_path,
        .failures = baton_failures_none(),
        .order = baton_text_with_limit(BATON_FILE_BYTES_MAX),
        .err = err,
    };
    enum baton_status status = prepare(&eval);
    if (status == BATON_OK) {
        status = put_recording(&eval, play(&eval));
    }
    if (status == BATON_OK) {
        status = conclude(&eval, exit_code);
    }
    clear(&eval);
    return status;
}
