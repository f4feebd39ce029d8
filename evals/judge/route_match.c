#include "evals/judge/route_match.h"

#include <assert.h>

const char *const baton_route_match_names[] = {
    [BATON_ROUTE_MATCH_EXACT] = "exact",         [BATON_ROUTE_MATCH_IN_ORDER] = "in_order",
    [BATON_ROUTE_MATCH_UNORDERED] = "unordered", [BATON_ROUTE_MATCH_SUPERSET] = "superset",
    [BATON_ROUTE_MATCH_SUBSET] = "subset",       NULL,
};

enum { WORD_BITS = 64 };

static bool is_equal(const uint32_t *observed, size_t observed_count, const uint32_t *expected, size_t expected_count)
{
    if (observed_count != expected_count) {
        return false;
    }
    for (size_t i = 0; i < observed_count; i++) {
        if (observed[i] != expected[i]) {
            return false;
        }
    }
    return true;
}

static bool is_subsequence(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                           size_t expected_count)
{
    size_t met_count = 0;
    for (size_t i = 0; i < observed_count && met_count < expected_count; i++) {
        met_count += observed[i] == expected[met_count];
    }
    return met_count == expected_count;
}

/* Size of the multiset intersection: each observed agent takes one equal expected entry that is still free. With
 * equality alone any free one will do, so taking the first is not a greedy mistake. */
static size_t common_count(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                           size_t expected_count)
{
    uint64_t taken[BATON_ROUTE_MAX / WORD_BITS] = { 0 };
    size_t taken_count = 0;
    for (size_t i = 0; i < observed_count && taken_count < expected_count; i++) {
        for (size_t j = 0; j < expected_count; j++) {
            uint64_t bit = UINT64_C(1) << j % WORD_BITS;
            if (expected[j] == observed[i] && (taken[j / WORD_BITS] & bit) == 0) {
                taken[j / WORD_BITS] |= bit;
                taken_count++;
                break;
            }
        }
    }
    return taken_count;
}

bool baton_route_matches(enum baton_route_match mode, const uint32_t *observed, size_t observed_count,
                         const uint32_t *expected, size_t expected_count)
{
    assert(expected_count <= BATON_ROUTE_MAX);
    switch (mode) {
    case BATON_ROUTE_MATCH_EXACT:
        return is_equal(observed, observed_count, expected, expected_count);
    case BATON_ROUTE_MATCH_IN_ORDER:
        return is_subsequence(observed, observed_count, expected, expected_count);
    case BATON_ROUTE_MATCH_UNORDERED:
        return observed_count == expected_count &&
               common_count(observed, observed_count, expected, expected_count) == expected_count;
    case BATON_ROUTE_MATCH_SUPERSET:
        return observed_count >= expected_count &&
               common_count(observed, observed_count, expected, expected_count) == expected_count;
    case BATON_ROUTE_MATCH_SUBSET:
        return observed_count <= expected_count &&
               common_count(observed, observed_count, expected, expected_count) == observed_count;
    }
    assert(false);
    return false;
}
