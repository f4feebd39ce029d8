#include "evals/judge/route_match.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MODE_COUNT = BATON_ROUTE_MATCH_SUBSET + 1, SHORT_MAX = 7 };

struct pair {
    uint32_t observed[SHORT_MAX], expected[SHORT_MAX];
    size_t observed_count, expected_count;
};

static struct pair random_pair(struct baton_prng *prng)
{
    struct pair pair = { .observed_count = baton_prng_below(prng, SHORT_MAX + 1),
                         .expected_count = baton_prng_below(prng, SHORT_MAX + 1) };
    uint64_t alphabet = 1 + baton_prng_below(prng, 4);
    for (size_t i = 0; i < SHORT_MAX; i++) {
        pair.observed[i] = (uint32_t)baton_prng_below(prng, alphabet);
        pair.expected[i] = (uint32_t)baton_prng_below(prng, alphabet);
    }
    return pair;
}

/* The longest of all 2^n subsequences of the observed route that also is one of the expected route. */
static size_t lcs_by_trial(const struct pair *pair)
{
    size_t best = 0;
    for (unsigned mask = 0; mask < 1U << pair->observed_count; mask++) {
        size_t at = 0, length = 0;
        bool is_found = true;
        for (size_t i = 0; i < pair->observed_count && is_found; i++) {
            if (mask >> i & 1) {
                while (at < pair->expected_count && pair->expected[at] != pair->observed[i]) {
                    at++;
                }
                is_found = at++ < pair->expected_count;
                length++;
            }
        }
        best = is_found && length > best ? length : best;
    }
    return best;
}

static size_t common_by_counting(const struct pair *pair)
{
    size_t common = 0;
    for (uint32_t agent = 0; agent < 4; agent++) {
        size_t observed = 0, expected = 0;
        for (size_t i = 0; i < pair->observed_count; i++) {
            observed += pair->observed[i] == agent;
        }
        for (size_t i = 0; i < pair->expected_count; i++) {
            expected += pair->expected[i] == agent;
        }
        common += observed < expected ? observed : expected;
    }
    return common;
}

static bool matches(enum baton_route_match mode, const struct pair *pair)
{
    return baton_route_matches(mode, pair->observed, pair->observed_count, pair->expected, pair->expected_count);
}

Test(route_match, modes_agree_with_brute_force)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 31);
    for (int round = 0; round < 50000; round++) {
        struct pair pair = random_pair(&prng);
        size_t common = common_by_counting(&pair);
        size_t bytes = pair.expected_count * sizeof *pair.expected;
        bool is_same = pair.observed_count == pair.expected_count && memcmp(pair.observed, pair.expected, bytes) == 0;
        bool has_all = common == pair.expected_count;
        bool has_only = common == pair.observed_count;
        cr_assert_eq(matches(BATON_ROUTE_MATCH_EXACT, &pair), is_same, "round %d", round);
        cr_assert_eq(matches(BATON_ROUTE_MATCH_IN_ORDER, &pair), lcs_by_trial(&pair) == pair.expected_count);
        cr_assert_eq(matches(BATON_ROUTE_MATCH_UNORDERED, &pair), has_all && has_only, "round %d", round);
        cr_assert_eq(matches(BATON_ROUTE_MATCH_SUPERSET, &pair), has_all, "round %d", round);
        cr_assert_eq(matches(BATON_ROUTE_MATCH_SUBSET, &pair), has_only, "round %d", round);
    }
}

Test(route_match, the_longest_routes_fit)
{
    static uint32_t observed[BATON_ROUTE_MAX * 4];
    static uint32_t expected[BATON_ROUTE_MAX];
    for (uint32_t i = 0; i < COUNT_OF(observed); i++) {
        observed[i] = UINT32_MAX - i / 4; /* each agent four times */
    }
    for (uint32_t i = 0; i < COUNT_OF(expected); i++) {
        expected[i] = UINT32_MAX - i;
    }
    static const bool want[MODE_COUNT] = { false, true, false, true, false };
    for (int mode = 0; mode < MODE_COUNT; mode++) {
        cr_expect_eq(baton_route_matches((enum baton_route_match)mode, observed, COUNT_OF(observed), expected,
                                         COUNT_OF(expected)),
                     want[mode], "mode %d", mode);
        cr_expect(baton_route_matches((enum baton_route_match)mode, expected, COUNT_OF(expected), expected,
                                      COUNT_OF(expected)),
                  "mode %d of itself", mode);
    }
}
