/* talk.h - the inside of a run of the API: the engine's run with the host's callbacks, its seat at a provider, and what was
 * recorded so far. Not installed, not for others than the API.
 *
 * The handle that the host has is the engine's own struct baton_run; the hooks' `user` leads from there to the talk. Agents
 * that run as tools are runs with the same hooks, and so in the same talk.
 *
 * Owns:     its arenas, and the seat.
 * Threads:  the run's; `aborted` is set by any.
 */
#ifndef BATON_ENGINE_API_TALK_H
#define BATON_ENGINE_API_TALK_H

#include "engine/api/call.h"
#include "engine/api/seat.h"
#include "engine/base/text.h"
#include "engine/core/run.h"

#include <baton/callbacks.h>

struct baton_talk {
    struct baton_callbacks callbacks;
    struct baton_arena *arena, *told; /* of the conversation; of one callback */
    const struct baton_agents *agents;
    struct baton_str conversation_id;
    struct baton_run *run;
    struct baton_exchange **exchanges; /* that came to an end, in order */
    uint32_t exchange_count, exchange_capacity;
    uint32_t said; /* messages; more than exchanges where one ended in an error of our own */
    volatile int aborted;
    struct baton_error trouble; /* of a hook, which has no status to return; ends the next model call */
    bool runs_commands;
    struct baton_host_provider *host; /* whose seat is taken; NULL: none */
    struct baton_seat seat;
    struct baton_provider provider;       /* between the run and the seat */
    struct baton_tool_runner tools;       /* likewise */
    const struct baton_tool_batch *batch; /* under way, of the innermost run */
    struct baton_hooks hooks;
    struct baton_text transcript, line;
};

/* The talk of a run, or of an agent that runs as a tool in it. */
struct baton_talk *baton_talk_of(const struct baton_run *run);

/* Puts the host's callbacks into the engine's hooks, and the talk between the run and its seat. */
void baton_talk_connect(struct baton_talk *talk);

/* Tells the trouble, and forgets it. */
enum baton_status baton_talk_take_trouble(struct baton_talk *talk, struct baton_error *err);

/* An ear for events, or none where the host has none. */
struct baton_event_sink baton_talk_events(struct baton_talk *talk);

#endif
