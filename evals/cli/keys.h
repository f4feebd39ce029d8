/* keys.h - the values of the environment that must never be written or shown: API keys, and what headers are made of.
 */
#ifndef BATON_EVALS_CLI_KEYS_H
#define BATON_EVALS_CLI_KEYS_H

#include "engine/core/agents.h"
#include "evals/cli/environment.h"
#include "sim/redact/known_values.h"

/* Gathers those of the providers and, with agents, of the variables that their file names. *out is NULL where none is set.
 * They live in the arena. BATON_ELIMIT when there are too many. */
BATON_MUST_CHECK enum baton_status baton_keys_gather(struct baton_known_values **out, struct baton_arena *arena,
                                                     const struct baton_agents *agents,
                                                     const struct baton_environment *environment,
                                                     struct baton_error *err);

#endif
