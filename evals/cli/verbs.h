/* verbs.h - the verbs of the command line; each has its cmd_<verb>.c, and main.c lists them.
 */
#ifndef BATON_EVALS_CLI_VERBS_H
#define BATON_EVALS_CLI_VERBS_H

#include "evals/cli/args.h"
#include "evals/cli/environment.h"

extern const struct baton_verb baton_verb_run, baton_verb_eval, baton_verb_record, baton_verb_import,
    baton_verb_explain, baton_verb_check, baton_verb_graph, baton_verb_merge, baton_verb_compare, baton_verb_gates;

#endif
