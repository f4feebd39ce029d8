/* verbs.h - the verbs of the command line; each has its cmd_<verb>.c. main.c lists them.
 */
#ifndef BATON_EVALS_CLI_VERBS_H
#define BATON_EVALS_CLI_VERBS_H

#include "evals/cli/session.h"

extern const struct baton_verb baton_verb_run, baton_verb_eval, baton_verb_record, baton_verb_import,
    baton_verb_explain, baton_verb_check, baton_verb_graph, baton_verb_merge, baton_verb_compare, baton_verb_gates;

/* What main() knows of the outside world, for the verbs. */
struct baton_world {
    bool has_colour;                                      /* standard output is a terminal that wants colours */
    bool is_ci;                                           /* the environment says CI */
    volatile int interrupted;                             /* set by Ctrl-C */
    volatile int is_prompting;                            /* somebody is to type: a wait for that ends with Ctrl-C */
    const char *(*setting)(void *user, const char *name); /* of the environment */
    char today[12];                                       /* UTC: 2026-11-21 */
    const char *step_summary;                             /* file of GITHUB_STEP_SUMMARY, or NULL */
};

extern struct baton_world baton_world;

/* The same for a session. */
static inline struct baton_session_world baton_world_outside(void)
{
    return (struct baton_session_world){ .setting = baton_world.setting,
                                         .interrupted = &baton_world.interrupted,
                                         .today = baton_world.today };
}

#endif
