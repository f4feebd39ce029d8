#include "evals/judge/route_match.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const NAMES[] = {
    [BATON_ROUTE_MATCH_EXACT] = "exact",         [BATON_ROUTE_MATCH_IN_ORDER] = "in_order",
    [BATON_ROUTE_MATCH_UNORDERED] = "unordered", [BATON_ROUTE_MATCH_SUPERSET] = "superset",
    [BATON_ROUTE_MATCH_SUBSET] = "subset",
};

enum { NAME_COUNT = sizeof NAMES / sizeof *NAMES, WORD_BITS = 64 };

bool baton_route_match_parse(enum baton_route_match *out, const char *text, size_t length)
{
    *out = BATON_ROUTE_MATCH_EXACT;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (strlen(NAMES[i]) == length && memcmp(NAMES[i], text, length) == 0) {
            *out = (enum baton_route_match)i;
            return true;
        }
    }
    return false;
}

const char *baton_route_match_name(enum baton_route_match mode)
{
    assert((size_t)mode < NAME_COUNT);
    return NAMES[mode];
}

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

/* One row over the expected route is enough: `diagonal` keeps what the step overwrites. */
static size_t lcs_length(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                         size_t expected_count)
{
    size_t row[BATON_ROUTE_MAX + 1] = { 0 };
    for (size_t i = 0; i < observed_count; i++) {
        size_t diagonal = 0;
        for (size_t j = 0; j < expected_count; j++) {
            size_t above = row[j + 1];
            if (observed[i] == expected[j]) {
                row[j + 1] = diagonal + 1;
            } else if (row[j] > above) {
                row[j + 1] = row[j];
            }
            diagonal = above;
        }
    }
    return row[expected_count];
}

static size_t edit_distance(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                            size_t expected_count)
{
    size_t row[BATON_ROUTE_MAX + 1];
    for (size_t j = 0; j <= expected_count; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < observed_count; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < expected_count; j++) {
            size_t above = row[j + 1];
            size_t best = above < row[j] ? above + 1 : row[j] + 1;
            size_t replaced = diagonal + (observed[i] != expected[j]);
            row[j + 1] = replaced < best ? replaced : best;
            diagonal = above;
        }
    }
    return row[expected_count];
}

struct baton_route_score baton_route_score(const uint32_t *observed, size_t observed_count, const uint32_t *expected,
                                           size_t expected_count)
{
    assert(expected_count <= BATON_ROUTE_MAX);
    if (observed_count == 0 && expected_count == 0) {
        return (struct baton_route_score){ true, true, 1, 1, 0, 1, 1, 0, 1 };
    }
    bool has_both = observed_count > 0 && expected_count > 0;
    size_t common = common_count(observed, observed_count, expected, expected_count);
    size_t lcs = lcs_length(observed, observed_count, expected, expected_count);
    size_t edit = edit_distance(observed, observed_count, expected, expected_count);
    size_t longer = observed_count > expected_count ? observed_count : expected_count;
    return (struct baton_route_score){
        .first_hop = has_both && observed[0] == expected[0],
        .final = has_both && observed[observed_count - 1] == expected[expected_count - 1],
        .precision = observed_count == 0 ? NAN : (double)common / (double)observed_count,
        .recall = expected_count == 0 ? NAN : (double)common / (double)expected_count,
        .lcs = lcs,
        .lcs_over_expected = expected_count == 0 ? 0 : (double)lcs / (double)expected_count,
        .lcs_dice = 2 * (double)lcs / (double)(observed_count + expected_count),
        .edit = edit,
        .edit_sim = 1 - (double)edit / (double)longer,
    };
}
