/* callbacks.h - what the host puts into a run: tools, context, filters, guards, and an ear for events.
 *
 * Every one may be NULL. Zero the struct before you fill it: `struct baton_callbacks callbacks = { 0 };` or
 * baton_run_setup_for(), which does.
 *
 * Owns:     nothing; `user` is handed to each and must outlive the run.
 * Threads:  called on the thread that called baton_run_say(), never two at once for one run. Runs in other threads may call
 *           the same functions at the same time.
 * Limits:   a callback must not call baton_run_say() or baton_run_close() on its own run; another run it may.
 */
#ifndef BATON_API_CALLBACKS_H
#define BATON_API_CALLBACKS_H

#include <baton/call.h>
#include <baton/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_callbacks {
    void *user;

    /* Hears every event. */
    void (*event)(void *user, const struct baton_run_event *event);

    /* Runs a tool. 0: not one of mine; then the tool's own `result`, `agent`, or, where the setup has runs_commands, its
     * command or service answers, and an error result where there is none of these. Not asked in replays. */
    int (*tool)(void *user, struct baton_call *call);

    /* Adds instructions for the agent that a handoff goes to. 0: none from me; then the handoff's own context provider. */
    int (*context)(void *user, struct baton_call *call);

    /* Chooses what the agent that a handoff goes to sees of the conversation. 0: as the handoff's `history` says. */
    int (*filter)(void *user, struct baton_call *call);

    /* Whether a handoff is open to `from` now; asked before each of its turns. 0: it is not offered. */
    int (*handoff_enabled)(void *user, const char *from, const char *to);

    /* Whether a handoff that was chosen may be taken. 0: the model gets to read that it was refused, and goes on. */
    int (*handoff)(void *user, const char *from, const char *to, const char *arguments);

    /* Whether the user's text may come in, and the final answer go out. 0: the exchange ends with status `error`. */
    int (*guard_input)(void *user, const char *agent, const char *text);
    int (*guard_output)(void *user, const char *agent, const char *text);

    /* The last words when max_turns or max_handoffs ends an exchange. 0: none. */
    int (*limit)(void *user, struct baton_call *call);

    void *reserved[4]; /* 0 */
};

#ifdef __cplusplus
}
#endif

#endif
