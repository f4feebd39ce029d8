/* tally_records.h - what is counted from the engine's records of a conversation beside its exchanges: money, made-up targets.
 */
#ifndef BATON_EVALS_TALLY_TALLY_RECORDS_H
#define BATON_EVALS_TALLY_TALLY_RECORDS_H

#include "evals/tally/tally.h"

/* Counts what the calls cost, by agent and by handoff, where some call has a price and all with tokens do; and transfers to
 * targets that nobody declared to the agent. `model`: one for all agents; empty: each its own. */
void baton_tally_records(struct baton_tally *tally, const struct baton_agents *agents, struct baton_str model,
                         struct baton_exchange *const *exchanges, uint32_t count);

#endif
