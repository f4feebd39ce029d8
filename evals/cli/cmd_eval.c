/* cmd_eval.c - `baton eval`, the main job, and `baton record`, the same with the answers kept: their switches and help. What
 * they do is in evaluation.c.
 */
#include "evals/cli/evaluation.h"
#include "evals/cli/verbs.h"
#include "evals/play/runner.h"

#define FORM struct baton_evaluation_args

/* clang-format off */
static const struct baton_switch switches[] = {
    BATON_SESSION_SWITCHES(session),
    BATON_LIVE_SWITCHES(session.sources),
    TEXT("out", 0, out, "DIR", "write summary.json and results.jsonl there"),
    REPORT_SWITCH,
    LIST("gate", 0, gates, "EXPR", "one more gate, as 'accuracy >= 0.9'; may be repeated"),
    BASELINE_SWITCH,
    FLAG("update-baseline", 0, update_baseline, "make this run the baseline; never where CI is set"),
    TEXT("stop-early", 0, stop_early, "GOOD,BAD", "repeat a conversation only until it is clear which of these pass rates it has: 0.95,0.8"),
    TEXT("filter", 0, filter, "REGEX", "only conversations whose id matches"),
    TEXT("only-failed", 0, only_failed, "RESULT", "only conversations that failed in that folder of results"),
    TEXT("counterfactual", 0, counterfactual, "LIMITS", "also under other limits: max_turns=N,max_handoffs=N,loops=stop,on_handoff=stop"),
    TEXT("tag", 0, tag, "TAG", "only conversations with that tag"),
    TEXT("shard", 0, shard, "I/N", "the I-th of N parts, by hash of the id"),
    NUMBER("jobs", 'j', threads, "N", 1, BATON_THREADS_MAX, "threads (all cores); live: calls in flight (8)"),
    FLAG("strict", 0, strict, "exit 6 when a replay diverged or a recording is past its expiry"),
    FLAG("resume", 0, session.sources.resumes, "live: go on with a run that was stopped; what was answered is not asked again"),
    FLAG("refresh-missing", 0, session.sources.refreshes, "record: add what the cassette does not hold, and leave what it holds"),
    JSON_SWITCH("print summary.json instead of the report"),
    QUIET_SWITCH("no progress, no report"),
    NO_COLOR_SWITCH,
};
/* clang-format on */

static enum baton_status eval_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new(BATON_ARGS_BYTES_MAX);
    struct baton_evaluation_args args = baton_evaluation_args_unset();
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(line, arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        args.session.sources.records = line->verb == &baton_verb_record;
        args.session.sources.journal_folder = args.out;
        status =
            baton_evaluation_run(&args, plain.count > 0 ? plain.items[0] : NULL, line->environment, exit_code, err);
    }
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
