/* run.h - the run loop: one conversation between a user and a set of agents (SEMANTICS section 4).
 *
 * A run holds the history and the active agent. Each exchange takes one user message and asks the provider, turn by turn,
 * until an agent answers, a limit trips or something fails; it always ends with a status and a record, never a crash.
 *
 * Owns:     nothing that outlives the arena it was given: reset the arena and the run and its exchanges are gone.
 * Threads:  a run belongs to one thread; agents, profiles and clocks may be shared.
 * Errors:   baton_run_new() refuses options without agents, provider or limits (BATON_EUSAGE); baton_run_exchange() returns an
 *           error only for our own trouble (out of memory): a provider's failure is an exchange with status `error`.
 */
#ifndef BATON_ENGINE_CORE_RUN_H
#define BATON_ENGINE_CORE_RUN_H

#include "engine/core/run_options.h"

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

#endif
