/* loop.h - tells, handoff by handoff, when a conversation is going round in circles.
 *
 * It is fed the path of an exchange, first the agent it starts with (index 0), then each agent entered, and sees
 *   cycles:     a suffix of the path is one word of k agents `repeats` times over, k up to `max_cycle`;
 *   revisits:   an agent occurs a second time, cycle or not;
 *   standstill: a revisit while nothing came of it: the progress counter, which the caller raises with each new user
 *               message, successful tool result or filled slot, is what it was when the agent was here before.
 * It only reports; what to do about it is the caller's.
 *
 * Owns:     nothing; the marks of the agents are the caller's and must outlive the detector.
 * Threads:  a detector and its marks belong to one exchange at a time; starting the next one ends this one.
 * Errors:   none; an agent without a mark or options outside their limits are mistakes of the caller and asserted.
 */
#ifndef BATON_ENGINE_CORE_LOOP_H
#define BATON_ENGINE_CORE_LOOP_H

#include "engine/base/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BATON_LOOP_REPEATS_MIN = 2,
    BATON_LOOP_REPEATS_DEFAULT = 2,
    BATON_LOOP_CYCLE_MIN = 1,
    BATON_LOOP_CYCLE_DEFAULT = 4,
    BATON_LOOP_PATH_MAX = 256, /* agents remembered: a power of two that holds the longest repeated stretch */
};

struct baton_loop_options {
    uint32_t repeats;   /* times a word must stand in a row, the first one included */
    uint32_t max_cycle; /* longest word looked for, in agents */
};

/* The mark of one agent; private. */
struct baton_loop_mark {
    uint32_t epoch; /* exchange that set it; any other leaves it without meaning, so none need be wiped */
    uint32_t first_index;
    uint32_t progress;
};

/* The marks of all agents, kept from exchange to exchange. */
struct baton_loop_marks {
    struct baton_loop_mark *of_agent;
    uint32_t agent_count;
    uint32_t epoch;
};

enum baton_loop_kind {
    BATON_LOOP_NONE,
    BATON_LOOP_SELF,      /* k = 1 */
    BATON_LOOP_PING_PONG, /* k = 2 */
    BATON_LOOP_CYCLE,     /* k >= 3 */
};

/* A cycle; indices into the path. Detected at the handoff, before the model call of the agent entered. */
struct baton_loop_cycle {
    enum baton_loop_kind kind;
    uint32_t k;        /* agents in the word */
    uint32_t onset;    /* first agent of the second repetition */
    uint32_t detected; /* last agent of the last one: onset + (repeats - 1) k - 1 */
};

/* A revisit without progress; detected where it happens. */
struct baton_loop_standstill {
    bool is_found;
    uint32_t onset;
    uint32_t first_visit; /* where the agent was first with the same progress */
};

struct baton_loop {
    struct baton_loop_cycle cycle;           /* the first seen; kind NONE until then */
    struct baton_loop_standstill standstill; /* the first seen */
    bool is_revisit;                         /* an agent has occurred twice */
    uint32_t path_count;                     /* agents noted so far */
    struct baton_loop_options options;       /* private, as all below */
    struct baton_loop_marks *marks;
    uint32_t path[BATON_LOOP_PATH_MAX];
};

/* Makes an array of agent_count marks ready for its first exchange; once for a whole run. Time: agent_count. */
void baton_loop_marks_init(struct baton_loop_marks *marks, struct baton_loop_mark *of_agent, uint32_t agent_count);

/* Begins an exchange. Takes the same short time for any number of agents, but once in 2^32 exchanges. */
void baton_loop_init(struct baton_loop *loop, struct baton_loop_marks *marks, const struct baton_loop_options *options);

/* Notes the next agent of the path with the progress counter as it is on entry. Returns k while the path ends in a
 * k-cycle, the smallest if there are several, and 0 while it does not. Time: repeats * max_cycle^2 at worst, one
 * comparison for each length when nothing repeats. */
uint32_t baton_loop_note(struct baton_loop *loop, uint32_t agent, uint32_t progress);

/* "none", "self", "ping_pong", "cycle" */
const char *baton_loop_kind_name(enum baton_loop_kind kind);

/* Turns of an exchange, counted from 0; where each agent of the path took one turn they are its indices. */
struct baton_loop_turns {
    uint32_t max_turns; /* limit, or the turns that were taken, if it ran on */
    uint32_t onset;
    uint32_t detected;
};

struct baton_loop_cost {
    uint32_t wasted_with;    /* turns from the onset until the detector stops it: its latency */
    uint32_t wasted_without; /* turns from the onset until max_turns does */
    uint32_t saved;          /* the difference */
};

/* What a loop costs in turns with the detector and without. Nothing is wasted beyond max_turns. */
struct baton_loop_cost baton_loop_cost(const struct baton_loop_turns *turns);

#endif
