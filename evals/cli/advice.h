/* advice.h - what is legal in an agents file but probably not meant (`baton check`).
 */
#ifndef BATON_EVALS_CLI_ADVICE_H
#define BATON_EVALS_CLI_ADVICE_H

#include "engine/base/text.h"
#include "engine/core/agents.h"

/* Appends a line for each piece of advice, `advice: PATH: ...`, fit for a terminal; returns how many. Looks for unreachable agents,
 * handoffs that no conversation can take, agents four or more hops from the entry, targets without a description or with
 * nearly the same one, agents without instructions, tools that no agent uses, an entry that costs more than its targets. */
size_t baton_advise(struct baton_text *out, const char *path, const struct baton_agents *agents);

#endif
