/* live_state.h - the inside of a live provider, shared by live.c (who is asked where) and live_call.c (one call). Not
 * installed, not for others.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_STATE_H
#define BATON_ENGINE_PROVIDERS_LIVE_STATE_H

#include "engine/providers/live_endpoint.h"

#include <stdatomic.h>

/* How an agent is asked. */
struct baton_live_binding {
    const struct baton_live_endpoint *endpoint;
    struct baton_str model;
    const struct baton_price *price; /* or NULL */
};

struct baton_live {
    struct baton_live_options options;
    struct baton_arena *arena;
    struct baton_live_endpoint endpoints[BATON_LIVE_ENDPOINTS_MAX];
    size_t endpoint_count;
    struct baton_live_binding *bindings; /* per agent */
    struct baton_limiter *budget;        /* of money only, over all endpoints */
    _Atomic uint64_t calls, attempts, tokens;
};

#endif
