/* expect.h - what a conversation's author says should happen (`expect`, FORMATS section 2), and whether it did.
 *
 * Owns:     nothing; an expectation lives in the arena it was read into and points into the conversation's source.
 * Errors:   BATON_EINPUT with the place: unknown keys, agents, statuses, patterns that do not compile.
 */
#ifndef BATON_EVALS_JUDGE_EXPECT_H
#define BATON_EVALS_JUDGE_EXPECT_H

#include "engine/base/pattern.h"
#include "engine/core/run.h"
#include "evals/judge/route_match.h"
#include "reports/result.h"

/* In place of an agent: the one that holds the conversation when the exchange begins. */
#define BATON_DIRECT (UINT32_MAX - 1)

struct baton_expected_route {
    const uint32_t *agents;
    uint32_t count;
};

struct baton_expected_text {
    struct baton_pattern *pattern; /* or NULL: `literal` as it is */
    struct baton_str literal;      /* for messages: the pattern's text */
};

struct baton_expected_texts {
    const struct baton_expected_text *list;
    uint32_t count;
};

struct baton_expected_names {
    const struct baton_str *list;
    uint32_t count;
};

struct baton_expect {
    const uint32_t *final; /* agents or BATON_DIRECT; the first is the label of the confusion matrix */
    uint32_t final_count;  /* 0: says nothing of it */
    uint32_t first;        /* agent, BATON_DIRECT, or BATON_NONE: says nothing of it */
    const struct baton_expected_route *routes;
    uint32_t route_count; /* 0: says nothing of it */
    enum baton_route_match match;
    int32_t max_depth, max_turns; /* -1: says nothing of it */
    int32_t loop;                 /* -1: says nothing of it, 0, 1 */
    int32_t status;               /* enum baton_run_status, or -1 */
    struct baton_expected_texts says, not_says, facts;
    struct baton_expected_names called, not_called;
};

/* Reads an `expect` object. *out is NULL where node is NULL or null: unlabelled. */
BATON_MUST_CHECK enum baton_status baton_expect_read(const struct baton_expect **out, struct baton_arena *arena,
                                                     const struct baton_agents *agents,
                                                     const struct baton_source *source, const struct baton_json *node,
                                                     struct baton_error *err);

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
