/* cmd_eval.c - `baton eval`: the main job. Plays every conversation, judges it, writes the results, checks the gates. */
#include "engine/base/suggest.h"
#include "evals/cli/progress.h"
#include "evals/cli/recordings.h"
#include "evals/cli/session.h"
#include "evals/cli/verbs.h"
#include "evals/judge/decide.h"
#include "evals/play/counterfactual.h"
#include "evals/play/runner.h"
#include "evals/results/baseline.h"
#include "evals/results/failed_ids.h"
#include "evals/results/tally_file.h"
#include "evals/suite/cases.h"
#include "evals/tally/summarize.h"
#include "evals/tally/weights.h"
#include "reports/out_file.h"
#include "reports/sinks.h"
#include "reports/step_summary.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIVE_THREADS = 8, REPORT_BYTES_MAX = 1024 * 1024 * 1024 };

struct eval_args {
    struct baton_session_args session;
    const char *out, *shard, *filter, *tag, *baseline, *stop_early, *only_failed, *counterfactual;
    struct baton_arg_list gates, reports;
    int64_t threads;
    bool json, quiet, no_color, strict, update_baseline;
};

static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(eval_args, session),
    BATON_LIVE_SWITCHES(eval_args, session),
    { "out", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, out), "DIR", "write summary.json and results.jsonl there",
      0, 0 },
    { "report", 0, BATON_SWITCH_LIST, offsetof(struct eval_args, reports), "FORM[=FILE]",
      "one more report, to a file, into --out or to standard output; may be repeated", 0, 0 },
    { "gate", 0, BATON_SWITCH_LIST, offsetof(struct eval_args, gates), "EXPR",
      "one more gate, as 'accuracy >= 0.9'; may be repeated", 0, 0 },
    { "baseline", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, baseline), "PATH",
      "compare with those results: a folder, or a summary.json with its results.jsonl beside it", 0, 0 },
    { "update-baseline", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, update_baseline), NULL,
      "make this run the baseline; never where CI is set", 0, 0 },
    { "stop-early", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, stop_early), "GOOD,BAD",
      "repeat a conversation only until it is told which of these pass rates it has: 0.95,0.8", 0, 0 },
    { "filter", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, filter), "REGEX",
      "only conversations whose id matches", 0, 0 },
    { "only-failed", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, only_failed), "RESULT",
      "only conversations that failed in that folder of results", 0, 0 },
    { "counterfactual", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, counterfactual), "LIMITS",
      "also under other limits: max_turns=N,max_handoffs=N,loops=stop,on_handoff=stop", 0, 0 },
    { "tag", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, tag), "TAG", "only conversations with that tag", 0, 0 },
    { "shard", 0, BATON_SWITCH_TEXT, offsetof(struct eval_args, shard), "I/N", "the I-th of N parts, by hash of the id",
      0, 0 },
    { "jobs", 'j', BATON_SWITCH_NUMBER, offsetof(struct eval_args, threads), "N",
      "threads (all cores); live: calls in flight (8)", 1, BATON_THREADS_MAX },
    { "strict", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, strict), NULL,
      "exit 6 when a replay diverged or a recording is past its expiry", 0, 0 },
    { "resume", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, session.resumes), NULL,
      "live: go on with a run that was stopped; what was answered is not asked again", 0, 0 },
    { "refresh-missing", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, session.refreshes), NULL,
      "record: add what the cassette does not hold, and leave what it holds", 0, 0 },
    { "json", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, json), NULL, "print summary.json instead of the report",
      0, 0 },
    { "quiet", 'q', BATON_SWITCH_FLAG, offsetof(struct eval_args, quiet), NULL, "no progress, no report", 0, 0 },
    { "no-color", 0, BATON_SWITCH_FLAG, offsetof(struct eval_args, no_color), NULL, "no colours (also: NO_COLOR)", 0,
      0 },
};

/* One evaluation, from the command line to the exit code. */
struct eval {
    struct eval_args args;
    const char *suite_path;
    struct baton_session session;
    struct baton_baseline baseline;
    struct baton_baseline_rows rows;
    struct baton_gate *gates;
    size_t gate_count;
    struct baton_weights weights;
    struct baton_selection selection;
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
    const struct eval_args *args = &eval->args;
    eval->selection = (struct baton_selection){ .filter = baton_str_of(args->filter),
                                                .tag = baton_str_of(args->tag),
                                                .only = args->only_failed == NULL ? NULL : &eval->only };
    enum baton_status status = baton_selection_read_shard(&eval->selection, args->shard, eval->err);
    return status == BATON_OK && args->only_failed != NULL
               ? baton_failed_ids_read(&eval->only, eval->session.arena, args->only_failed, eval->err)
               : status;
}

/* Wald's test at 5 % both ways. */
static enum baton_status read_stop_early(const struct eval *eval, struct baton_sprt *sprt)
{
    struct baton_sprt_plan plan = { .alpha = 0.05, .beta = 0.05 };
    const char *text = eval->args.stop_early;
    char *comma = NULL, *end = NULL;
    if (text == NULL) {
        return BATON_OK;
    }
    plan.rate_good = strtod(text, &comma);
    plan.rate_bad = *comma == ',' ? strtod(comma + 1, &end) : 0;
    if (*comma != ',' || end == comma + 1 || *end != '\0' || !baton_resample_sprt_init(sprt, &plan)) {
        return baton_error_set(eval->err, BATON_EUSAGE,
                               "--stop-early must be two pass rates, the good one first, as 0.95,0.8, not '%s'", text);
    }
    return BATON_OK;
}

static enum baton_status check_args(struct eval *eval)
{
    const struct baton_report_choice choice = { .folder = eval->args.out,
                                                .reports = &eval->args.reports,
                                                .has_rows = true,
                                                .has_steps = true,
                                                .is_json = eval->args.json,
                                                .is_quiet = eval->args.quiet };
    enum baton_status status = baton_report_sinks_choose(&eval->sinks, eval->session.arena, &choice, eval->err);
    if (status == BATON_OK && eval->session.suite.conversation_count == 0) {
        status =
            baton_error_set(eval->err, BATON_EUSAGE, "no conversations: name a suite, or give --conversations FILE");
    }
    return status;
}

static enum baton_status open_baseline(struct eval *eval)
{
    const struct eval_args *args = &eval->args;
    const char *path = args->baseline != NULL ? args->baseline : eval->session.suite.baseline;
    bool is_selection = args->filter != NULL || args->tag != NULL || args->only_failed != NULL;
    if (args->update_baseline && (path == NULL || baton_world.is_ci || is_selection || args->shard != NULL)) {
        return baton_error_set(eval->err, BATON_EUSAGE, "%s",
                               path == NULL ? "--update-baseline needs --baseline PATH, or `baseline:` in the suite"
                               : baton_world.is_ci
                                   ? "--update-baseline is refused where CI is set: a baseline is changed "
                                     "by people, in a commit that others read"
                                   : "--update-baseline takes whole runs, not a selection or a shard");
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
    if (eval->args.threads > 0) {
        return (uint32_t)eval->args.threads;
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
    struct baton_runner_options options = {
        .play = &eval->session.play,
        .cases = cases,
        .thread_count = thread_count(eval),
        .selection = eval->selection,
        .failures = &eval->failures,
        .sinks = &eval->sinks,
        .suite = eval->session.suite.name,
        .phantom_patterns = eval->session.suite.phantom_patterns,
        .order = eval->args.shard == NULL || eval->args.out == NULL ? NULL : &eval->order,
        .interrupted = &baton_world.interrupted,
        .on_progress = eval->args.quiet ? NULL : baton_progress_update,
        .user = &line,
    };
    eval->session.play.wants_steps = eval->sinks.wants_steps;
    if (is_live(eval)) {
        baton_cases_one_by_one(cases);
    }
    struct baton_sprt sprt;
    enum baton_status status = read_stop_early(eval, &sprt);
    options.stop_early = eval->args.stop_early == NULL ? NULL : &sprt;
    status = status == BATON_OK ? baton_runner_run(&eval->ran, &eval->tally, &options, eval->err) : status;
    baton_progress_end(&line);
    return status;
}

/* What was written before an error or Ctrl-C stays, under its name; a summary of other results must not stand beside it. */
static void keep_partial(struct eval *eval, enum baton_status status)
{
    const char *path;
    baton_report_sinks_keep(&eval->sinks, &path);
    if (path == NULL) {
        return;
    }
    if (eval->args.out != NULL) {
        baton_out_remove(eval->session.arena, eval->args.out, "summary.json");
        baton_out_remove(eval->session.arena, eval->args.out, "counts.json");
    }
    fprintf(stderr, "baton: %s; the results before that are in '%s'\n",
            status == BATON_EINTERRUPTED ? "stopped early" : "the run stopped", path);
}

/* A shard that hash left without conversations: its counts are still wanted, or merge would miss it. */
static bool is_empty_shard(const struct eval *eval)
{
    return eval->ran.selected == 0 && eval->args.shard != NULL && eval->args.out != NULL &&
           (eval->ran.fingerprint.low | eval->ran.fingerprint.high) != 0;
}

static enum baton_status play(struct eval *eval)
{
    struct baton_cases *cases = NULL;
    enum baton_status status = baton_cases_new(&cases, eval->session.arena, eval->session.suite.conversations,
                                               eval->session.suite.conversation_count, eval->err);
    status = status == BATON_OK && eval->args.out != NULL ? baton_outdir_make(eval->args.out, eval->err) : status;
    status = status == BATON_OK ? keep_rows(eval) : status;
    status = status == BATON_OK ? baton_report_sinks_open(&eval->sinks, eval->err) : status;
    if (status == BATON_OK) {
        status = play_all(eval, cases);
        if (status == BATON_EUSAGE || (status == BATON_OK && eval->ran.selected == 0 && !is_empty_shard(eval))) {
            baton_report_sinks_discard(&eval->sinks); /* nothing was played: results of before stay */
        } else if (status != BATON_OK) {
            keep_partial(eval, status);
        } else {
            status = baton_report_sinks_settle(&eval->sinks, eval->err);
        }
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
    summary->suite.shard = baton_str_of(eval->args.shard);
}

static enum baton_status decide(struct eval *eval, int *exit_code)
{
    struct baton_decision decision;
    enum baton_status status = baton_decide(&decision, &eval->summary, eval->gates, eval->gate_count, eval->args.strict,
                                            eval->session.arena, eval->err);
    eval->verdict_reason = decision.reason;
    *exit_code = decision.exit_code;
    return status;
}

static enum baton_status put_counts(struct eval *eval)
{
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    struct baton_tally_about about = { .agents = eval->session.agents,
                                       .summary = &eval->summary,
                                       .play = &eval->session.play,
                                       .is_strict = eval->args.strict,
                                       .stop_early = eval->args.stop_early,
                                       .weights = eval->session.suite.weights,
                                       .order =
                                           eval->order.length == 0 ? BATON_STR("") : baton_text_str(&eval->order) };
    baton_tally_write(&text, &eval->tally, &about);
    enum baton_status status = text.failed ? baton_error_set(eval->err, BATON_ENOMEM, "out of memory for counts.json")
                                           : baton_out_write(eval->session.arena, eval->args.out, "counts.json",
                                                             baton_text_str(&text), eval->err);
    baton_text_clear(&text);
    return status;
}

/* Who asks for annotations is on GitHub, and has a page for the rest there. */
static void add_step_summary(const struct eval *eval, const struct baton_report_context *context)
{
    char note[BATON_STEP_SUMMARY_NOTE_BYTES];
    const char *path = baton_world.step_summary;
    bool is_wanted = false;
    for (size_t i = 0; i < eval->sinks.count; i++) {
        is_wanted = is_wanted || strcmp(eval->sinks.list[i].form->name, "github") == 0;
    }
    if (is_wanted && path != NULL && path[0] != '\0' && baton_step_summary_add(path, context, note) != NULL) {
        fprintf(stderr, "baton: %s\n", note);
    }
}

static enum baton_status report(struct eval *eval)
{
    struct baton_report_context context = {
        .summary = &eval->summary,
        .has_colour = baton_world.has_colour && !eval->args.no_color,
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
    enum baton_status status = eval->args.out == NULL ? BATON_OK : put_counts(eval);
    status = status == BATON_OK ? baton_report_sinks_finish(&eval->sinks, &context, eval->err) : status;
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
    bool all_played = eval->args.filter == NULL && eval->args.tag == NULL && eval->args.shard == NULL;
    enum baton_status status = baton_recordings_review(&found, &eval->session, baton_world.today, all_played,
                                                       eval->args.quiet ? NULL : stderr, eval->err);
    if (status == BATON_OK && found.expired > 0 && (eval->args.strict || eval->session.suite.expires_is_error)) {
        fail(eval, exit_code, BATON_EMISS, "recordings are past their expiry; record them again");
    }
    if (status == BATON_OK && eval->ran.misses > 0) {
        fail(eval, exit_code, BATON_EMISS, "the cassette does not hold every answer that was asked for");
    }
    if (status == BATON_OK && is_live(eval) && eval->summary.counts.errors > 0 && !has_gate_on_errors(eval)) {
        fail(eval, exit_code, BATON_EPROVIDER, "a provider failed, and no gate says how often it may ('errors <= N')");
    }
    return status;
}

/* What was recorded is put in place once the run is whole; before that it is kept, to be gone on with. */
static enum baton_status put_recording(struct eval *eval, enum baton_status status)
{
    if (eval->session.recorder == NULL) {
        return status;
    }
    if (status == BATON_OK && eval->ran.selected == 0) {
        return status; /* nothing was asked: what was recorded before stays as it is */
    }
    if (status == BATON_OK) {
        return baton_recordings_finish(&eval->session, eval->args.session.records && !eval->args.quiet ? stderr : NULL,
                                       eval->err);
    }
    if (baton_recorder_count(eval->session.recorder) > 0) {
        fprintf(stderr, "baton: what was answered is kept in '%s.part'; --resume goes on from there\n",
                eval->session.record_path);
    }
    return status;
}

static void warn(const struct eval *eval)
{
    if (eval->session.play.sources.kind == BATON_SOURCE_TRANSCRIPT && eval->ran.answers_recorded == 0) {
        fputs(
            "baton: none of these conversations holds a recorded answer; to play them, choose a model: --provider sim:oracle\n",
            stderr);
    }
}

/* Plays the same conversations again as they would go under other limits, and says what differs. */
static enum baton_status imagine(struct eval *eval)
{
    struct baton_cases *cases = NULL;
    struct baton_play play = eval->session.play;
    struct baton_tally tally = { 0 };
    struct baton_runner_result ran;
    struct baton_summary summary;
    struct baton_text text = baton_text_with_limit(REPORT_BYTES_MAX);
    struct baton_runner_options options = { .play = &play,
                                            .thread_count = thread_count(eval),
                                            .selection = eval->selection,
                                            .interrupted = &baton_world.interrupted };
    enum baton_status status = baton_counterfactual_read(&play, eval->args.counterfactual, eval->err);
    status = status == BATON_OK ? baton_cases_new(&cases, eval->session.arena, eval->session.suite.conversations,
                                                  eval->session.suite.conversation_count, eval->err)
                                : status;
    options.cases = cases;
    status = status == BATON_OK ? baton_runner_run(&ran, &tally, &options, eval->err) : status;
    status = status == BATON_OK
                 ? baton_summarize(&summary, eval->session.arena, eval->session.agents, &tally, eval->err)
                 : status;
    if (status == BATON_OK) {
        baton_counterfactual_write(&text, eval->args.counterfactual, &eval->summary, &summary);
        fwrite(text.data, 1, text.length, eval->args.json || eval->args.quiet ? stderr : stdout);
    }
    baton_text_clear(&text);
    baton_tally_clear(&tally);
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
                                                      eval->args.shard != NULL, eval->session.arena, eval->err);
    if (status == BATON_EBASELINE && eval->args.update_baseline) {
        fputs("baton: the baseline was of other conversations and is replaced without being compared\n", stderr);
        return BATON_OK;
    }
    if (status != BATON_OK && eval->args.out != NULL) { /* those there are of another run */
        baton_out_remove(eval->session.arena, eval->args.out, "summary.json");
        baton_out_remove(eval->session.arena, eval->args.out, "counts.json");
    }
    return status;
}

static enum baton_status conclude(struct eval *eval, int *exit_code)
{
    if (eval->ran.selected == 0 && !is_empty_shard(eval)) {
        return nothing_selected(eval);
    }
    enum baton_status status =
        baton_summarize(&eval->summary, eval->session.arena, eval->session.agents, &eval->tally, eval->err);
    if (status == BATON_OK) {
        describe_suite(eval);
        baton_weights_apply(&eval->weights, &eval->summary);
        status = compare(eval);
    }
    status = status == BATON_OK ? decide(eval, exit_code) : status;
    status = status == BATON_OK ? judge_sources(eval, exit_code) : status;
    if (status == BATON_OK && is_empty_shard(eval)) {
        baton_out_remove(eval->session.arena, eval->args.out, "summary.json");
        status = put_counts(eval);
        return status == BATON_OK ? nothing_selected(eval) : status;
    }
    warn(eval);
    status = status == BATON_OK ? report(eval) : status;
    status = status == BATON_OK && eval->args.counterfactual != NULL ? imagine(eval) : status;
    return status == BATON_OK && eval->args.update_baseline
               ? baton_baseline_update(&eval->baseline, &eval->summary, &eval->rows, eval->session.arena, eval->err)
               : status;
}

static enum baton_status eval_run(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                                  struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(1024 * 1024);
    struct eval eval = { .args = { .session = baton_session_args_unset() }, .err = err };
    struct baton_arg_list plain;
    bool is_done = false;
    eval.failures = baton_failures_none();
    eval.order = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    enum baton_status status = baton_args_begin(verb, argc, argv, arena, &eval.args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        eval.suite_path = plain.count > 0 ? plain.items[0] : NULL;
        eval.args.session.records = verb == &baton_verb_record;
        eval.args.session.journal_folder = eval.args.out;
        const struct baton_session_world world = baton_world_outside();
        status = baton_session_open(&eval.session, eval.suite_path, &eval.args.session, &world, err);
        status = status == BATON_OK ? check_args(&eval) : status;
        status = status == BATON_OK
                     ? baton_session_gates(&eval.session, &eval.args.gates, &eval.gates, &eval.gate_count, err)
                     : status;
        status = status == BATON_OK ? open_baseline(&eval) : status;
        if (status == BATON_OK && eval.args.counterfactual != NULL) {
            struct baton_play other = eval.session.play; /* a mistake in it is told before the run */
            status = baton_counterfactual_read(&other, eval.args.counterfactual, err);
        }
        status = status == BATON_OK ? read_selection(&eval) : status;
        status = status == BATON_OK ? baton_weights_read(&eval.weights, eval.session.arena, eval.session.agents,
                                                         &eval.session.suite.source, eval.session.suite.weights, err)
                                    : status;
        status = status == BATON_OK ? put_recording(&eval, play(&eval)) : status;
        status = status == BATON_OK ? conclude(&eval, exit_code) : status;
    }
    baton_report_sinks_discard(&eval.sinks);
    baton_baseline_close(&eval.baseline);
    if (eval.rows.file != NULL) {
        fclose(eval.rows.file);
    }
    baton_counter_clear(&eval.only);
    baton_tally_clear(&eval.tally);
    baton_failures_clear(&eval.failures);
    baton_text_clear(&eval.order);
    baton_session_clear(&eval.session);
    baton_arena_free(arena);
    return status;
}

const struct baton_verb baton_verb_eval = {
    .name = "eval",
    .summary = "replay or run every conversation of a suite, judge it, check the gates",
    .usage = "SUITE | --agents FILE --conversations FILE",
    .examples = "  baton eval fixtures/suites/support.yaml\n"
                "  baton eval --agents agents.yaml --conversations 'recorded/*.jsonl' --gate 'accuracy >= 0.9'\n"
                "  baton eval suite.yaml --provider sim:random --seed 7 --repeat 20 --out build/results",
    .more = "Without gates, every expectation in the conversations must hold. Exit codes: see 'baton --help'.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 0,
    .most = 1,
    .run = eval_run,
};

const struct baton_verb baton_verb_record = {
    .name = "record",
    .summary = "the same against live providers, and keep all that they answer in a cassette",
    .usage = "SUITE | --agents FILE --conversations FILE --cassette FILE",
    .examples = "  baton record suite.yaml\n"
                "  baton record suite.yaml --refresh-missing       only what the cassette does not hold\n"
                "  baton record suite.yaml --resume                go on after Ctrl-C or a crash",
    .more =
        "A cassette that is there is never recorded over. Keys, and what else must not be kept, are taken out before "
        "anything\nis written. Replay with: baton eval suite.yaml --provider cassette",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 0,
    .most = 1,
    .run = eval_run,
};
