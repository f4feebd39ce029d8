/* expect.h - what a conversation's author says should happen (`expect`, FORMATS section 2), read out of a file.
 *
 * Owns:     nothing; an expectation lives in the arena it was read into and points into the conversation's source.
 * Errors:   BATON_EINPUT with the place: unknown keys, agents, statuses, patterns that do not compile.
 */
#ifndef BATON_EVALS_JUDGE_EXPECT_H
#define BATON_EVALS_JUDGE_EXPECT_H

#include "engine/base/pattern.h"
#include "engine/core/agents.h"
#include "evals/judge/route_match.h"

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

#endif
