/* evaluation.h - one evaluation from its switches to the exit code: plays every conversation of a suite, judges it, writes the
 * results, holds the gates against them. `baton record` is the same with the answers kept.
 */
#ifndef BATON_EVALS_CLI_EVALUATION_H
#define BATON_EVALS_CLI_EVALUATION_H

#include "evals/cli/session.h"

struct baton_evaluation_args {
    struct baton_session_args session;
    const char *out, *shard, *filter, *tag, *baseline, *stop_early, *only_failed, *counterfactual;
    struct baton_arg_list gates, reports;
    int64_t threads; /* 0: as many as there are cores */
    bool json, quiet, no_color, strict, update_baseline;
};

/* None given. */
struct baton_evaluation_args baton_evaluation_args_unset(void);

/* Runs it. suite_path NULL: only the switches. *exit_code is that of the verdict; a status other than BATON_OK has its own. */
BATON_MUST_CHECK enum baton_status baton_evaluation_run(const struct baton_evaluation_args *args,
                                                        const char *suite_path,
                                                        const struct baton_environment *environment, int *exit_code,
                                                        struct baton_error *err);

#endif
