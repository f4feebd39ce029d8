/* judge.h - whether what happened in an exchange, or in a conversation as a whole, is what its label expects.
 *
 * Each field of the label is checked, and each that fails says what was expected and what was got.
 *
 * Owns:     nothing; texts for the results live in the arena that is given.
 * Threads:  one at a time for one expectation, as its patterns.
 */
#ifndef BATON_EVALS_JUDGE_JUDGE_H
#define BATON_EVALS_JUDGE_JUDGE_H

#include "engine/core/run.h"
#include "evals/judge/expect.h"
#include "reports/result.h"

/* What happened: in an exchange, or in a conversation as a whole. */
struct baton_observation {
    const struct baton_agents *agents;
    const uint32_t *path; /* start, then each agent entered */
    uint32_t depth;
    uint32_t final; /* who holds the conversation at the end */
    enum baton_run_status status;
    bool ended_rejected; /* unanswered, right after a refused handoff */
    uint32_t turns;
    bool has_loop;
    struct baton_str text;
    const struct baton_message *messages; /* of the exchange, from the record */
    uint32_t message_count;
    const struct baton_turn *final_first; /* the final agent's first turn after the last handoff, or NULL */
};

/* Outcomes that are not an agent, as confusion labels. */
enum baton_outcome {
    BATON_OUTCOME_AGENT,
    BATON_OUTCOME_NONE,
    BATON_OUTCOME_EXHAUSTED,
    BATON_OUTCOME_INVALID,
    BATON_OUTCOME_ERROR
};

/* Whether the exchange came to an end that a user would call one: an answer, or a handoff where the run is to stop at it. */
bool baton_is_completed(enum baton_run_status status);

enum baton_outcome baton_outcome_of(const struct baton_observation *observation);

/* `@none`, `@exhausted`, `@invalid`; NULL for the others. */
const char *baton_outcome_label(enum baton_outcome outcome);

struct baton_verdict {
    bool final_holds, first_holds, route_holds; /* meaningful where the expectation has that field */
    bool is_correct;                            /* completed (or with the status asked for), and every field holds */
    uint32_t facts_kept;                        /* of the facts, those that reached the final agent */
    uint32_t label;                             /* the first final agent, BATON_DIRECT resolved, or BATON_NONE */
};

/* Judges, and fills `label` for the result's line; texts in the arena. BATON_ELIMIT; BATON_EINPUT for a pattern that takes
 * too many steps. */
BATON_MUST_CHECK enum baton_status baton_expect_judge(struct baton_verdict *out, struct baton_result_label *label,
                                                      const struct baton_expect *expect,
                                                      const struct baton_observation *observation,
                                                      struct baton_arena *arena, struct baton_error *err);

#endif
