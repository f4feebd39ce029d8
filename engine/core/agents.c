/* Looks things up in agents that are loaded. */
#include "engine/core/agents.h"
#include "engine/base/suggest.h"
#include "engine/core/path.h"

uint32_t baton_agents_find(const struct baton_agents *agents, struct baton_str name)
{
    return baton_map_get(&agents->by_name, name);
}

enum baton_status baton_agents_unknown(const struct baton_agents *agents, struct baton_str name,
                                       const struct baton_source *source, size_t offset, struct baton_error *err)
{
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, name);
    for (uint32_t i = 0; i < agents->count; i++) {
        baton_suggest_offer(&suggest, agents->list[i].name);
    }
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    return baton_source_error(source, offset, err, "%s", baton_suggest_unknown(&suggest, "agent", "", text));
}

uint32_t baton_agents_distance(const struct baton_agents *agents, uint32_t from, uint32_t to)
{
    uint16_t hops = agents->distances[(size_t)from * agents->count + to];
    return hops == BATON_DISTANCE_NONE ? BATON_PATH_UNKNOWN : hops;
}

const struct baton_handoff *baton_agent_handoff(const struct baton_agent *agent, struct baton_str tool_name)
{
    uint32_t value = baton_map_get(&agent->callables, tool_name);
    return value == BATON_NONE || value < agent->tool_count ? NULL : &agent->handoffs[value - agent->tool_count];
}

struct baton_str baton_agent_name(const struct baton_agents *agents, uint32_t agent)
{
    return agent < agents->count ? agents->list[agent].name : (struct baton_str){ "@none", 5 };
}
