/* environment.h - what the program finds around it: the terminal, Ctrl-C, variables of the environment, the day.
 *
 * main() fills it in and hands it to the verb; nothing else asks the system for these.
 *
 * Threads:  `interrupted` and `is_prompting` are shared with a signal handler; all else is only read.
 */
#ifndef BATON_EVALS_CLI_ENVIRONMENT_H
#define BATON_EVALS_CLI_ENVIRONMENT_H

#include <stdbool.h>

struct baton_environment {
    bool has_colour;                                      /* standard output is a terminal that wants colours */
    bool is_ci;                                           /* CI is set */
    volatile int interrupted;                             /* set by Ctrl-C */
    volatile int is_prompting;                            /* somebody is to type: a wait for that ends with Ctrl-C */
    const char *(*setting)(void *user, const char *name); /* a variable's value, or NULL */
    char today[12];                                       /* UTC: 2026-11-21 */
    const char *step_summary;                             /* file of GITHUB_STEP_SUMMARY, or NULL */
};

#endif
