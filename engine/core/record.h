/* record.h - what a run leaves behind: each exchange with its route, its turns and how it ended.
 *
 * Owns:     nothing; a record lives in the arena of its run.
 * Units:    times are nanoseconds on the run's clock.
 */
#ifndef BATON_ENGINE_CORE_RECORD_H
#define BATON_ENGINE_CORE_RECORD_H

#include "engine/core/conversation.h"
#include "engine/core/loop.h"

enum baton_run_status {
    BATON_RUN_ANSWERED,
    BATON_RUN_HANDOFF, /* on_handoff: stop */
    BATON_RUN_MAX_TURNS,
    BATON_RUN_MAX_HANDOFFS,
    BATON_RUN_LOOP, /* loops.action: stop */
    BATON_RUN_UNANSWERED,
    BATON_RUN_ERROR
};

/* What the asked agent chose to do in a turn, for the decision log. */
enum baton_choice {
    BATON_CHOICE_ANSWER,
    BATON_CHOICE_TOOLS,
    BATON_CHOICE_HANDOFF,
    BATON_CHOICE_REJECTED, /* it tried a handoff that was refused */
    BATON_CHOICE_NOTHING   /* no text, no calls, or no reply */
};

struct baton_turn {
    uint32_t agent;
    enum baton_choice choice;
    uint32_t handoff_to; /* or BATON_NONE */
    uint32_t call_count;
    struct baton_str wanted; /* the first transfer it called, taken or not; empty = none */
    struct baton_str reason; /* argument of that name, or why it was refused */
    struct baton_str text;
    uint64_t start_ns, end_ns; /* of the model call, on the run's clock */
    int64_t first_text_ns;     /* on the run's clock, or BATON_TIME_UNKNOWN */
    bool is_timed;             /* its latency is known */
    struct baton_usage usage;
    const struct baton_message *seen; /* what the agent was shown */
    uint32_t seen_count;
    struct baton_str extra_instructions;
};

struct baton_divergence {
    bool happened;
    uint32_t exchange, turn, recorded, asked; /* agents */
};

/* The record of one exchange. */
struct baton_exchange {
    uint32_t index, start, final; /* agents; final: who would speak next */
    enum baton_run_status status;
    struct baton_str text; /* final text; an error's message with status error */
    uint32_t *path;        /* start, then each agent entered */
    uint32_t depth;        /* handoffs taken: path holds depth + 1 agents */
    struct baton_turn *turns;
    uint32_t turn_count;
    uint32_t message_first, message_end; /* its messages in the run's history, the user's first */
    uint32_t tool_calls;                 /* all calls that are no transfers, of known tools and unknown ones */
    uint32_t invalid_handoffs, ignored_handoffs;
    bool ended_rejected; /* the last turn's transfer was refused */
    bool is_revisit;
    struct baton_loop_cycle cycle;
    struct baton_loop_standstill standstill;
    struct baton_divergence divergence;
    struct baton_usage usage;
    uint64_t start_ns, end_ns; /* on the run's clock */
};

const char *baton_run_status_name(enum baton_run_status status);
const char *baton_choice_name(enum baton_choice choice);

#endif
