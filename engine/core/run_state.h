/* run_state.h - the inside of a run, shared by run.c (the loop), turn.c (one response) and history.c (what is seen), and the
 * steps that each of them takes: to tell an event, to end the exchange, to run out of memory. Not installed, not for others.
 */
#ifndef BATON_ENGINE_CORE_RUN_STATE_H
#define BATON_ENGINE_CORE_RUN_STATE_H

#include "engine/core/run_options.h"

struct baton_messages {
    struct baton_message *list;
    uint32_t count, capacity;
};

struct baton_run {
    struct baton_run_options options;
    const struct baton_profile *profile;
    struct baton_arena *arena;
    struct baton_messages history; /* the record */
    struct baton_messages seen;    /* what the active agent sees, where a filter made that differ */
    bool has_seen;
    uint32_t active;
    struct baton_str extra_instructions;
    uint32_t exchange_count;
    uint32_t progress; /* raised by a user message and by each successful tool result */
    uint64_t seq, origin_ns;
    uint64_t *seq_next;    /* of the next event: own, or that of the run whose tool this one is */
    uint32_t *turns_all;   /* of the exchange, with those of agents that run as tools in it */
    uint32_t turns_own;    /* where turns_all points in a run that is nobody's tool */
    bool *tool_used;       /* per agent; NULL until an agent with a tool_choice has used one */
    bool *handoff_enabled; /* of the agent asked in this turn */
    /* of the exchange under way */
    struct baton_exchange *exchange;
    uint32_t path_capacity, turn_capacity;
    struct baton_loop_marks own_marks; /* where the options gave none */
    struct baton_loop loop;
    bool is_over;
    const struct baton_message *user_message;
};

/* The time on the run's clock since the conversation began. */
uint64_t baton_run_now(const struct baton_run *run);

/* Sends an event with its running number, place and time filled in. */
void baton_run_emit(struct baton_run *run, struct baton_event event);

/* Ends the exchange. */
void baton_run_end(struct baton_run *run, enum baton_run_status status);

enum baton_status baton_run_no_memory(const struct baton_run *run, struct baton_error *err);

#endif
