/* hooks.h - what a library's user may put into a run: its own tools, context, filters and checks.
 *
 * Threads:  hooks are called on the thread of the run.
 */
#ifndef BATON_ENGINE_CORE_HOOKS_H
#define BATON_ENGINE_CORE_HOOKS_H

#include "engine/core/record.h"
#include "engine/core/tools.h"

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

#endif
