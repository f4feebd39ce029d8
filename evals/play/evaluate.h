/* evaluate.h - plays and judges one conversation: run, expectations, counts, its line of results.
 *
 * An evaluator belongs to one worker; conversations, agents and models are shared and read-only. The arena given with each
 * conversation is the conversation's own and holds all that is made for it.
 */
#ifndef BATON_EVALS_PLAY_EVALUATE_H
#define BATON_EVALS_PLAY_EVALUATE_H

#include "evals/play/binding.h"
#include "evals/tally/tally.h"
#include "reports/result.h"

/* How conversations are to be played; shared by all workers. */
struct baton_play {
    const struct baton_agents *agents;
    struct baton_sources sources;
    struct baton_str model; /* one for all agents, paid for by its price; empty: each its own */
    uint64_t seed;
    uint32_t repeat_count;
    struct baton_limits limits;
    bool loops_stop, on_handoff_stop;
    bool wants_steps; /* results with their turns, for timelines */
};

struct baton_evaluator {
    const struct baton_play *play;
    struct baton_tally *tally;
    struct baton_binding binding;
    struct baton_loop_marks marks;
    struct baton_event_sink events; /* usually empty */
};

/* Memory for the marks comes from the arena, which must outlive the evaluator; so must `play`. The caller clears it. */
BATON_MUST_CHECK enum baton_status baton_evaluator_init(struct baton_evaluator *evaluator, struct baton_arena *arena,
                                                        const struct baton_play *play, struct baton_tally *tally,
                                                        struct baton_error *err);

void baton_evaluator_clear(struct baton_evaluator *evaluator);

/* Plays the conversation once (repeat counts from 0) and counts it. *exchanges gets the engine's record of each exchange. */
BATON_MUST_CHECK enum baton_status baton_evaluate(struct baton_evaluator *evaluator, struct baton_result *out,
                                                  struct baton_exchange ***exchanges, struct baton_arena *arena,
                                                  const struct baton_conversation *conversation, uint32_t repeat,
                                                  struct baton_error *err);

/* Whether a limit ended an exchange, perhaps short of its recording: then the next one begins where the recording stands. */
bool baton_is_cut_short(enum baton_run_status status);

/* A conversation that was run elsewhere. */
struct baton_played {
    struct baton_run *run;
    struct baton_exchange *const *exchanges;
    uint32_t count;
};

/* Judges and counts it as it went: the k-th user message of `labels` is the label of the k-th exchange, and there are as
 * many of either. The run has the play's agents. */
BATON_MUST_CHECK enum baton_status baton_evaluate_played(struct baton_evaluator *evaluator, struct baton_result *out,
                                                         struct baton_exchange ***exchanges, struct baton_arena *arena,
                                                         const struct baton_conversation *labels,
                                                         const struct baton_played *played, struct baton_error *err);

#endif
