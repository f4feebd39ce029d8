/* run_options.h - who takes part in a run, who answers, and what limits it.
 *
 * agents, provider and limits are needed; the rest may be NULL or 0. baton_run_options_for() (run_defaults.h) fills in all but
 * the provider.
 *
 * Owns:     nothing; all that it points to must outlive the run.
 */
#ifndef BATON_ENGINE_CORE_RUN_OPTIONS_H
#define BATON_ENGINE_CORE_RUN_OPTIONS_H

#include "engine/base/clock.h"
#include "engine/core/events.h"
#include "engine/core/hooks.h"
#include "engine/core/loop.h"
#include "engine/core/provider.h"

struct baton_run_options {
    const struct baton_agents *agents;
    struct baton_provider *provider;
    struct baton_clock *clock;       /* NULL: the system's */
    struct baton_tool_runner *tools; /* usually baton_tool_runner_default(); NULL: every call gets an error result */
    struct baton_limits limits;      /* usually agents->limits */
    bool loops_stop, on_handoff_stop;
    struct baton_loop_marks *marks; /* for agents->count agents, kept from run to run; NULL: made for this one */
    struct baton_str conversation_id;
    uint32_t entry;
    uint32_t nesting;
    struct baton_run *parent; /* the run whose tool this one is: they share the numbers and the clock of events */
    uint32_t history_hint;    /* messages to make room for at once; 0 = few */
    struct baton_event_sink events;
    const struct baton_hooks *hooks;
};

#endif
