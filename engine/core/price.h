/* price.h - what tokens cost, in whole pico-USD (10^-12): no floating point in a sum.
 *
 * Owns:     nothing. Threads: any.
 */
#ifndef BATON_ENGINE_CORE_PRICE_H
#define BATON_ENGINE_CORE_PRICE_H

#include "engine/core/conversation.h"

/* The price of that model in the agents file, or NULL. */
const struct baton_price *baton_price_find(const struct baton_agents *agents, struct baton_str model);

/* Pico-USD of a usage; each price is rounded to whole pico-USD per token. What does not fit counts as UINT64_MAX. */
uint64_t baton_price_pico(const struct baton_price *price, const struct baton_usage *usage);

#endif
