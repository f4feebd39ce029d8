/* joined.h - the calls of a trace and where each belongs: what join.h finds out and rebuild.h writes down.
 *
 * Owns:     nothing; all lives in the arena of the join.
 * Threads:  any, once it is joined.
 */
#ifndef BATON_SIM_IMPORT_JOINED_H
#define BATON_SIM_IMPORT_JOINED_H

#include "engine/base/map.h"
#include "sim/import/trace.h"

enum baton_outcome_kind {
    BATON_OUTCOME_NONE,   /* the recording does not tell */
    BATON_OUTCOME_RESULT, /* a tool's */
    BATON_OUTCOME_RUN,    /* an agent ran as the tool */
    BATON_OUTCOME_HANDOFF
};

struct baton_outcome {
    enum baton_outcome_kind kind;
    struct baton_str text; /* result */
    uint32_t agent;        /* run, handoff */
};

/* A call of the trace, and where it belongs. */
struct baton_joined_call {
    const struct baton_trace_call *recorded;
    uint32_t agent;
    uint32_t conversation, exchange, turn, nesting;
    bool is_dropped;                /* it failed and was asked again */
    bool starts_over;               /* a new exchange, at the entry agent */
    bool continues;                 /* the exchange goes on after a reply without calls */
    struct baton_outcome *outcomes; /* of the calls of the reply */
};

struct baton_joined_agent {
    struct baton_str instructions, name;
    uint32_t first_call;
    bool is_merged; /* with another, whose instructions it changed: no call has it */
};

struct baton_joined {
    struct baton_joined_call *calls; /* in the order of the trace */
    uint32_t count;
    struct baton_joined_agent *agents;
    uint32_t agent_count;
    uint32_t conversation_count;
};

#endif
