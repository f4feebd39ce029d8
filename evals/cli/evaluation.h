/* evaluation.h - one evaluation from its switches to the exit code: plays every conversation of a suite, judges it, writes the
 * results, holds the gates against them. `baton record` is the same with the answers kept.
 */
#ifndef BATON_EVALS_CLI_EVALUATION_H
#define BATON_EVALS_CLI_EVALUATION_H

#include "evals/cli/evaluation_setup.h"

/* Runs it. suite_path NULL: only the switches. *exit_code is that of the verdict; a status other than BATON_OK has its own. */
BATON_MUST_CHECK enum baton_status baton_evaluation_run(const struct baton_evaluation_args *args,
                                                        const char *suite_path,
                                                        const struct baton_environment *environment, int *exit_code,
                                                        struct baton_error *err);

#endif
