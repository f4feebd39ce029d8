#include "engine/core/run_defaults.h"

#include "engine/core/tool_runner.h"

struct baton_run_options baton_run_options_for(const struct baton_agents *agents)
{
    return (struct baton_run_options){
        .agents = agents,
        .entry = agents->entry,
        .limits = agents->limits,
        .loops_stop = agents->loops_stop,
        .on_handoff_stop = agents->on_handoff_stop,
        .tools = baton_tool_runner_default(),
        .clock = baton_clock_system(),
    };
}
