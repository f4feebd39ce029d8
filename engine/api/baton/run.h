/* run.h - one conversation between a user and a set of agents.
 *
 *     struct baton_run_setup setup = baton_run_setup_for(agents);
 *     setup.provider = provider;
 *     struct baton_run *run = baton_run_open(&setup, &error);
 *     baton_run_say(run, "I was charged twice", &answer, &error);
 *     baton_run_close(run);
 *
 * A message begins an exchange: the active agent is asked, turn by turn, its tools run and its handoffs are taken, until an
 * agent answers in text, or a limit or an error ends it. It always ends with a status, an event `done` and a record:
 *
 *   answered       by answer.agent
 *   handoff        the setup has stops_at_handoff, and answer.agent is the target; the next message is its
 *   max_turns, max_handoffs, loop     a limit; answer.agent would have spoken next
 *   unanswered     the provider said nothing
 *   error          the provider failed, a guard refused, or the host aborted; answer.text says why
 *
 * Owns:     a run owns all of its conversation, until baton_run_close(). What it gives out (answers, transcripts) lives as
 *           long where nothing else is said. Agents, provider and the callbacks' `user` must outlive it.
 * Threads:  a run belongs to one thread at a time, but for baton_run_abort(), which any may call.
 * Errors:   those of the functions are the host's mistakes and memory; a provider's failure is a status, as above. After an
 *           error the run may be used on: what was recorded before it stays.
 * Process:  nothing is printed, no signal handler set, and no process started but those of tools, where runs_commands is set.
 */
#ifndef BATON_API_RUN_H
#define BATON_API_RUN_H

#include <baton/agents.h>
#include <baton/callbacks.h>
#include <baton/provider.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_run;

struct baton_run_setup {
    const struct baton_agents *agents;
    struct baton_provider *provider;  /* who answers; the one field without a default */
    const char *conversation;         /* its id; NULL: "run" */
    const char *entry;                /* the agent it begins with; NULL: the agents' own */
    int32_t max_turns;                /* model calls of an exchange; -1: any number up to 10000 */
    int32_t max_handoffs;             /* of an exchange; -1: any number */
    int64_t tool_timeout_ms;          /* of each command or service */
    uint64_t memory_bytes_max;        /* of the whole conversation */
    int stops_at_handoff;             /* on_handoff: stop */
    int stops_at_loop;                /* loops.action: stop */
    int runs_commands;                /* the agents file may start its commands and call its services; 0: it may not */
    struct baton_callbacks callbacks; /* all NULL */
    void *reserved[8];                /* 0 */
};

/* With every default: what the agents file says, 256 MiB of memory, no commands, no callbacks. `agents` NULL gives a setup
 * that baton_run_open() refuses. */
BATON_API struct baton_run_setup baton_run_setup_for(const struct baton_agents *agents);

/* Begins a conversation. NULL on an error; a limit of 0 is BATON_ERROR_USAGE, not a limit that nothing
 * passes, but for a max_turns or max_handoffs that is 0 in the agents file. */
BATON_API struct baton_run *baton_run_open(const struct baton_run_setup *setup, struct baton_error_info *error);

/* NULL is allowed. */
BATON_API void baton_run_close(struct baton_run *run);

struct baton_answer {
    const char *status;       /* as above */
    const char *text;         /* the final text; with status `error` what went wrong */
    const char *agent;        /* who has the floor now */
    const char *start;        /* who had it when the message came */
    const char *const *route; /* the agents entered, in order */
    uint32_t depth;           /* how many those are */
    uint32_t turns, tool_calls, invalid_handoffs;
    const char *loop;                    /* self, ping_pong, cycle; "": none */
    int is_revisit;                      /* an agent was there twice */
    int64_t input_tokens, output_tokens; /* -1: the provider did not say */
    uint64_t duration_ns;
};

/* One exchange. `answer` may be NULL. BATON_ERROR_LIMIT where the conversation has outgrown its memory. */
BATON_API int baton_run_say(struct baton_run *run, const char *text, struct baton_answer *answer,
                            struct baton_error_info *error);

/* From any thread, or a callback: the exchange under way ends before its next model call, a live call at once, with status
 * `error`. Without one it does nothing. */
BATON_API void baton_run_abort(struct baton_run *run);

/* Who has the floor. */
BATON_API const char *baton_run_agent(const struct baton_run *run);

/* Gives it to another agent, between exchanges and without a handoff. BATON_ERROR_USAGE for an unknown one. */
BATON_API int baton_run_give_floor(struct baton_run *run, const char *agent, struct baton_error_info *error);

/* The conversation so far as one line of JSON, in the form of the README's "Conversations", without a line break: fit for a
 * .jsonl file, for `baton eval`, for <baton/replay.h> and <baton/score.h>. Lives until the next call; NULL on an error. */
BATON_API const char *baton_run_transcript(struct baton_run *run, struct baton_error_info *error);

#ifdef __cplusplus
}
#endif

#endif
