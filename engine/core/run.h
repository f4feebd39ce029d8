/* run.h - the run loop: one conversation between a user and a set of agents (SEMANTICS section 4).
 *
 * A run holds the history and the active agent. Each exchange takes one user message and asks the provider, turn by turn,
 * until an agent answers, a limit trips or something fails; it always ends with a status and a record, never a crash.
 *
 * Owns:     nothing that outlives the arena it was given: reset the arena and the run and its exchanges are gone.
 * Threads:  a run belongs to one thread; agents, profiles and clocks may be shared.
 * Errors:   baton_run_exchange() returns one only for our own trouble (out of memory); a provider's failure is an exchange
 *           with status `error`.
 */
#ifndef BATON_ENGINE_CORE_RUN_H
#define BATON_ENGINE_CORE_RUN_H

#include "engine/base/clock.h"
#include "engine/core/events.h"
#include "engine/core/loop.h"
#include "engine/core/provider.h"
#include "engine/core/tools.h"

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

/* What a library's user may put in; every field may be NULL. */
struct baton_hooks {
    void *user;
    /* Runs a tool: true when handled. Sets result (in the arena or longer lived) and is_error. */
    bool (*tool)(void *user, struct baton_tool_job *job, struct baton_arena *arena);
    bool (*handoff_enabled)(void *user, uint32_t from, const struct baton_handoff *handoff);
    /* Called once for an accepted handoff, before it takes effect; false refuses it with `message`. */
    bool (*on_handoff)(void *user, uint32_t from, const struct baton_handoff *handoff, struct baton_str arguments,
                       struct baton_str *message);
    /* Adds instructions for the target; false when it has none. */
    bool (*context)(void *user, struct baton_context_job *job);
    /* Replaces what the target sees; false leaves it to the handoff's own filter. */
    bool (*filter)(void *user, const struct baton_handoff *handoff, const struct baton_message *messages,
                   uint32_t count, struct baton_arena *arena, struct baton_message **out, uint32_t *out_count);
    /* Checks the user's text at the start and the answer at the end; false ends the exchange with status error. */
    bool (*guard_input)(void *user, uint32_t agent, struct baton_str text);
    bool (*guard_output)(void *user, uint32_t agent, struct baton_str text);
    /* A last text when a limit trips; false for none. */
    bool (*on_limit)(void *user, uint32_t agent, enum baton_run_status status, struct baton_str *text);
};

struct baton_run_options {
    const struct baton_agents *agents;
    struct baton_provider *provider;
    struct baton_clock *clock;
    struct baton_tool_runner *tools; /* NULL: the default runner */
    struct baton_limits limits;      /* usually agents->limits */
    bool loops_stop, on_handoff_stop;
    struct baton_loop_marks *marks; /* for agents->count agents; kept from run to run */
    struct baton_str conversation_id;
    uint32_t entry;
    uint32_t nesting;
    struct baton_run *parent; /* the run whose tool this one is: they share the numbers and the clock of events */
    uint32_t history_hint;    /* messages to make room for at once; 0 = few */
    struct baton_event_sink events;
    const struct baton_hooks *hooks;
};

struct baton_run;

/* Begins a conversation. */
BATON_MUST_CHECK enum baton_status baton_run_new(struct baton_run **out, struct baton_arena *arena,
                                                 const struct baton_run_options *options, struct baton_error *err);

/* One exchange. `starts_over`: begin at the entry agent whoever held the conversation. *out lives in the run's arena. */
BATON_MUST_CHECK enum baton_status baton_run_exchange(struct baton_run *run, struct baton_str user_text,
                                                      bool starts_over, struct baton_exchange **out,
                                                      struct baton_error *err);

uint32_t baton_run_active(const struct baton_run *run);

/* Gives the floor to an agent between exchanges, without a handoff and with the whole history in its sight. For a replay
 * that a limit cut short, which goes on from where the recording stands. */
void baton_run_hold(struct baton_run *run, uint32_t agent);

/* The whole record so far. */
const struct baton_message *baton_run_history(const struct baton_run *run, uint32_t *count);

/* Puts a message into the record without a model call; for what a recording holds before its first user message. */
BATON_MUST_CHECK enum baton_status baton_run_append(struct baton_run *run, const struct baton_message *message,
                                                    struct baton_error *err);

const struct baton_run_options *baton_run_options_of(const struct baton_run *run);

const char *baton_run_status_name(enum baton_run_status status);

/* The status of that name, or BATON_RUN_ERROR + 1. */
enum baton_run_status baton_run_status_find(struct baton_str name);

const char *baton_choice_name(enum baton_choice choice);

#endif
