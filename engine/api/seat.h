/* seat.h - how a provider of the API takes part in a run: a handle is shared by all runs, a seat in it is one run's. Not
 * installed, not for others than the API.
 *
 * Owns:     a seat's own things come from the run's arena, or are given back by `rise`.
 */
#ifndef BATON_ENGINE_API_SEAT_H
#define BATON_ENGINE_API_SEAT_H

#include "engine/base/clock.h"
#include "engine/core/provider.h"
#include "engine/core/tools.h"

struct baton_talk; /* talk.h */

/* A run's place at a provider; what `sit` finds filled in is of the run. */
struct baton_seat {
    struct baton_arena *arena; /* of the conversation */
    struct baton_arena *told;  /* for what callbacks are told; to be left as it was found */
    struct baton_str conversation_id;
    const struct baton_agents *agents;
    const volatile int *aborted; /* set when calls under way are to end */
    bool runs_commands;

    struct baton_provider *provider; /* filled by `sit`; answers this run */
    struct baton_tool_runner *tools; /* comes as the default runner */
    struct baton_clock *clock;       /* comes as the system's */
    void *inside;                    /* the provider's own */
};

/* What the address that the API gives out as a provider is that of. */
struct baton_host_provider {
    struct baton_provider handle; /* first; nobody calls it */
    const struct baton_host_provider_kind *kind;
};

struct baton_host_provider_kind {
    enum baton_status (*sit)(struct baton_host_provider *provider, struct baton_seat *seat, struct baton_error *err);
    /* Before each exchange; may be NULL. */
    enum baton_status (*begin)(struct baton_talk *talk, struct baton_error *err);
    void (*rise)(struct baton_seat *seat); /* after a `sit` that went well; may be NULL */
    void (*free)(struct baton_host_provider *provider);
};

#endif
