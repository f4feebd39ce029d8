/* evaluation_setup.h - what one evaluation is asked for and holds while it goes, and its first half: reading and opening all of
 * it.
 */
#ifndef BATON_EVALS_CLI_EVALUATION_SETUP_H
#define BATON_EVALS_CLI_EVALUATION_SETUP_H

#include "evals/cli/session.h"
#include "evals/play/runner.h"
#include "evals/results/baseline.h"
#include "evals/tally/repeats.h"
#include "evals/tally/weights.h"

struct baton_evaluation_args {
    struct baton_session_args session;
    const char *out, *shard, *filter, *tag, *baseline, *stop_early, *only_failed, *counterfactual;
    struct baton_arg_list gates, reports;
    int64_t threads; /* 0: as many as there are cores */
    bool json, quiet, no_color, strict, update_baseline;
};

/* None given. */
struct baton_evaluation_args baton_evaluation_args_unset(void);

/* From the command line to the exit code. */
struct baton_evaluation {
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

/* Fills in what comes from the command line and the suite. The caller clears it all, also on errors. */
BATON_MUST_CHECK enum baton_status baton_evaluation_set_up(struct baton_evaluation *eval);

#endif
