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

enum { BATON_ROUTE_MAX = 1024 }; /* agents of an expected route; a bit for each lies on the stack */

enum baton_route_match {
    BATON_ROUTE_MATCH_EXACT,     /* the same agents in the same order */
    BATON_ROUTE_MATCH_IN_ORDER,  /* the expected ones in their order, others may lie between */
    BATON_ROUTE_MATCH_UNORDERED, /* the same agents as often, in any order */
    BATON_ROUTE_MATCH_SUPERSET,  /* at least the expected ones as often, in any order */
    BATON_ROUTE_MATCH_SUBSET,    /* no others than the expected ones and none more often, in any order */
};

/* Their names in that order, with NULL behind the last: for files and messages. */
extern const char *const baton_route_match_names[];

/* The modes are those of agentevals' trajectory match. In_order and superset always hold when nothing is expected:
 * a case that expects a direct answer wants exact. */
bool baton_route_matches(enum baton_route_match mode, const uint32_t *observed, size_t observed_count,
                         const uint32_t *expected, size_t expected_count);

#endif
