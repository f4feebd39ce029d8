#include "evals/tally/tally_records.h"

#include "engine/core/price.h"

/* Who is asked, and paid. */
struct priced {
    const struct baton_agents *agents;
    struct baton_str model; /* of all agents; empty: each its own */
};

static const struct baton_price *price_of(const struct priced *priced, uint32_t agent)
{
    return baton_price_find(priced->agents,
                            priced->model.length > 0 ? priced->model : priced->agents->list[agent].model);
}

/* Whether some call has tokens, and every one that has is of a model with a price. */
static bool has_cost(const struct priced *priced, struct baton_exchange *const *exchanges, uint32_t count)
{
    bool has_some = false;
    for (uint32_t i = 0; priced->agents->price_count > 0 && i < count; i++) {
        for (uint32_t k = 0; k < exchanges[i]->turn_count; k++) {
            const struct baton_turn *turn = &exchanges[i]->turns[k];
            if (turn->usage.is_known && price_of(priced, turn->agent) == NULL) {
                return false;
            }
            has_some = has_some || turn->usage.is_known;
        }
    }
    return has_some;
}

static void count_cost(struct baton_tally *tally, const struct priced *priced, const struct baton_turn *turn)
{
    if (!turn->usage.is_known) {
        return;
    }
    uint64_t pico = baton_price_pico(price_of(priced, turn->agent), &turn->usage);
    tally->counts.cost_pico += pico;
    baton_counter_add(&tally->cost_agents, turn->agent, pico);
    if (turn->handoff_to != BATON_NONE) {
        tally->counts.cost_routing_pico += pico;
        baton_counter_add(&tally->cost_edges, (uint64_t)turn->agent << 32 | turn->handoff_to, pico);
    }
}

/* Whether the agent has a handoff of that name, even one that is off. */
static bool is_declared(const struct baton_agents *agents, const struct baton_turn *turn)
{
    const struct baton_agent *agent = &agents->list[turn->agent];
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (baton_str_equal(agent->handoffs[i].tool_name, turn->wanted)) {
            return true;
        }
    }
    return false;
}

void baton_tally_records(struct baton_tally *tally, const struct baton_agents *agents, struct baton_str model,
                         struct baton_exchange *const *exchanges, uint32_t count)
{
    const struct priced priced = { .agents = agents, .model = model };
    bool is_priced = has_cost(&priced, exchanges, count);
    tally->counts.cost_n += is_priced;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < exchanges[i]->turn_count; k++) {
            const struct baton_turn *turn = &exchanges[i]->turns[k];
            if (is_priced) {
                count_cost(tally, &priced, turn);
            }
            tally->counts.hallucinated_targets += turn->wanted.length > 0 && !is_declared(agents, turn);
        }
    }
}
