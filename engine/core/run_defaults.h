/* run_defaults.h - the options of a usual run. Stands above the run and what really runs tools. */
#ifndef BATON_ENGINE_CORE_RUN_DEFAULTS_H
#define BATON_ENGINE_CORE_RUN_DEFAULTS_H

#include "engine/core/run_options.h"

/* What the agents' file says (entry, limits, loops, on_handoff), tools that are really run, the system's clock, and nothing else:
 * the provider is for the caller, and events, hooks, marks and the conversation's id are optional. */
struct baton_run_options baton_run_options_for(const struct baton_agents *agents);

#endif
