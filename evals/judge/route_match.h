/* route_match.h - how the route of an exchange compares with the one its case expects.
 *
 * A route is the agents entered, in order, as indices; the agent an exchange starts with is not part of it. A case
 * with several acceptable routes takes the best of them.
 *
 * Owns:     nothing; routes are borrowed for the call.
 * Threads:  any.
 * Errors:   none. An observed route may have any length; an expected one at most BATON_ROUTE_MAX agents, which the
 *           loader of cases refuses and these functions assert.
 */
#ifndef BATON_EVALS_JUDGE_ROUTE_MATCH_H
#define BATON_EVALS_JUDGE_ROUTE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BATON_ROUTE_MAX = 1024 }; /* agents of an expected route; a row of its length lies on the stack */

enum baton_route_match {
    BATON_ROUTE_MATCH_EXACT,     /* the same agents in the same order */
    BATON_ROUTE_MATCH_IN_ORDER,  /* the expected ones in their order, others may lie between */
    BATON_ROUTE_MATCH_UNORDERED, /* the same agents as often, in any order */
    BATON_ROUTE_MATCH_SUPERSET,  /* at least the expected ones as often, in any order */
    BATON_ROUTE_MATCH_SUBSET,    /* no others than the expected ones and none more often, in any order */
};

/* False when the text is not a mode's name; *out is then EXACT. */
bool baton_route_match_parse(enum baton_route_match *out, const char *text, size_t length);

/* "exact", "in_order", "unordered", "superset", "subset" */
const char *baton_route_match_name(enum baton_route_match mode);

/* The modes are those of agentevals' trajectory match. In_order and superset always hold when nothing is expected:
 * a case that expects a direct answer wants exact. */
bool baton_route_matches(enum baton_route_match mode, const uint32_t *observed, size_t observed_count,
                         const uint32_t *expected, size_t expected_count);

/* P observed, E expected; |P n E| counts agents as often as both have them. Two empty routes score 1 in each ratio. */
struct baton_route_score {
    bool first_hop;           /* P1 = E1, or both are empty */
    bool final;               /* last of P = last of E, or both are empty */
    double precision;         /* |P n E| / |P|, NaN when P alone is empty (Vertex AI trajectory_precision) */
    double recall;            /* |P n E| / |E|, NaN when E alone is empty (Vertex AI trajectory_recall) */
    size_t lcs;               /* longest common subsequence */
    double lcs_over_expected; /* lcs / |E|, 0 when E alone is empty (deepeval, ordered) */
    double lcs_dice;          /* 2 lcs / (|P| + |E|) */
    size_t edit;              /* Levenshtein distance: agents inserted, left out or replaced */
    double edit_sim;          /* 1 - edit / max(|P|, |E|) */
};

/* Time: |P| * |E|. */
struct baton_route_score baton_route_score(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                                           size_t expected_count);

#endif
