/* model.h - simulated models: who chooses when there is no recording and no live model.
 *
 * Built in, by name:
 *   direct     always answers itself
 *   oracle     goes the shortest declared way to the first agent of the exchange's `expect.final`, then answers; what an
 *              errorless router would do
 *   random     answers, or hands over to one of the open targets, each as likely
 *   adversary  always hands over, back to where it came from when it can: finds what stops a loop
 * and by a file of rules (name ends in .yaml, .yml or .json):
 *
 *   version: 1
 *   noise: 0.05                  # share of turns in which something else is done, drawn by the seed
 *   rules:                       # the first that fits is followed
 *     - agent: triage            # a name or a list; absent = any
 *       when: "(?i)invoice|card" # PCRE2, on the last user message; absent = always
 *       unless: "(?i)cancel"
 *       hand_to: billing         # or call: { name, arguments }, or say: text
 *       reason: money            # of a handoff
 *       latency_ms: 420          # or [low, high]: drawn by the seed
 *       repeat: false            # false: once per exchange
 *   otherwise: { say: "Done." }
 *
 * A name may carry a noise rate, as in `oracle@0.1`. Every draw is seeded by (run seed, conversation id), so that a run gives
 * the same bytes at any -j. Texts are made up: `[agent] ...`.
 *
 * Owns:     a loaded model keeps its patterns until baton_model_free(); the rest lives in the arena of the load.
 * Threads:  a struct baton_model is read-only; each conversation plays it through a struct baton_player of its own. Patterns
 *           are matched under a lock of the model.
 */
#ifndef BATON_SIM_MODEL_H
#define BATON_SIM_MODEL_H

#include "engine/base/prng.h"
#include "engine/core/provider.h"

struct baton_model;

/* Finds or loads a model. `base`: the file that names it (paths are relative to it), or NULL. BATON_EUSAGE for an unknown
 * name, BATON_EINPUT for a bad file, with its place. */
BATON_MUST_CHECK enum baton_status baton_model_load(struct baton_model **out, struct baton_arena *arena,
                                                    const struct baton_agents *agents, const char *name,
                                                    const char *base, struct baton_error *err);
void baton_model_free(struct baton_model *model);

/* The model playing in one conversation. */
struct baton_player {
    struct baton_provider provider;  /* give its address to a run */
    const struct baton_model *model; /* private, as all below */
    struct baton_prng prng;
    uint32_t goal; /* agent the label asks for, or BATON_NONE */
    uint32_t came_from;
    uint64_t used_rules; /* a bit for each of the first 64 */
    uint64_t call_count;
};

void baton_player_init(struct baton_player *player, const struct baton_model *model, uint64_t seed,
                       struct baton_str conversation_id);

/* Tells the player the label of the exchange that comes, for models that look at it. */
void baton_player_begin(struct baton_player *player, uint32_t goal);

#endif
