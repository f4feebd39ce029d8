/* tools.h - what a model calls, and who runs it: ordinary tools and context providers.
 *
 * The run loop hands over all ordinary calls of one response at once, so that they can run side by side. In a replay the
 * recording stands in for all of this (sim/transcript.h) and nothing is executed.
 */
#ifndef BATON_ENGINE_CORE_TOOLS_H
#define BATON_ENGINE_CORE_TOOLS_H

#include "engine/base/clock.h"
#include "engine/core/conversation.h"

/* One call, and what came of it. */
struct baton_tool_job {
    const struct baton_tool_call *call;
    const struct baton_tool *tool;
    struct baton_str result; /* in the batch's arena */
    bool is_error;
    bool is_worded;       /* an error result that is complete: the profile's words are not put around it */
    uint64_t duration_ns; /* from the start of the batch */
};

struct baton_run;

struct baton_tool_batch {
    struct baton_run *run;
    const struct baton_agents *agents;
    uint32_t agent, exchange, turn;
    struct baton_tool_job *jobs;
    uint32_t count;
    struct baton_arena *arena;
};

struct baton_context_job {
    struct baton_run *run;
    const struct baton_handoff *handoff;
    uint32_t exchange, turn;
    const struct baton_message *messages;
    uint32_t message_count;
    struct baton_arena *arena;
    struct baton_str instructions; /* out: what is added for the target */
};

struct baton_tool_runner {
    /* A tool that fails is a job with is_error, not an error; errors are out of memory and the like. */
    enum baton_status (*run_tools)(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                   struct baton_error *err);
    /* An error here refuses the handoff. */
    enum baton_status (*provide_context)(struct baton_tool_runner *runner, struct baton_context_job *job,
                                         struct baton_error *err);
};

/* The runner of a run that was given none: every call gets an error result. One for the process. */
struct baton_tool_runner *baton_tool_runner_none(void);

/* Reads what a context provider answered, `{"additional_instructions": "..."}` or nothing, into job->instructions. BATON_EINPUT. */
BATON_MUST_CHECK enum baton_status baton_context_read(struct baton_context_job *job, struct baton_str output,
                                                      struct baton_error *err);

/* The messages as a JSON array in FORMATS form; for context providers. */
void baton_messages_write(struct baton_text *out, const struct baton_message *messages, uint32_t count,
                          const struct baton_agents *agents);

#endif
