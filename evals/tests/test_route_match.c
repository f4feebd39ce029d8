#include "evals/judge/route_match.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MODE_COUNT = BATON_ROUTE_MATCH_SUBSET + 1, SHORT_MAX = 7 };

/* One letter an agent. */
static size_t route_of(uint32_t *route, const char *letters)
{
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++) {
        route[i] = (uint32_t)letters[i];
    }
    return count;
}

static const struct row {
    const char *name, *observed, *expected;
    bool matches[MODE_COUNT]; /* exact, in_order, unordered, superset, subset */
} ROWS[] = {
    { "m1: one agent more", "stn", "sn", { 0, 1, 0, 1, 0 } },
    { "m2: the wrong order", "bt", "tb", { 0, 0, 1, 1, 1 } },
    { "m3: stopped short", "b", "br", { 0, 0, 0, 0, 1 } },
    { "m4: direct as expected", "", "", { 1, 1, 1, 1, 1 } },
    { "m5: direct was expected", "b", "", { 0, 1, 0, 1, 0 } },
    { "m6: an agent was expected", "", "b", { 0, 0, 0, 0, 1 } },
    { "m7: went back", "aba", "ab", { 0, 1, 0, 1, 0 } },
    { "the same route", "abc", "abc", { 1, 1, 1, 1, 1 } },
    { "twice for once is no subset", "aa", "a", { 0, 1, 0, 1, 0 } },
    { "once for twice is no superset", "a", "aa", { 0, 0, 0, 0, 1 } },
    { "other agents of the same number", "ab", "cd", { 0, 0, 0, 0, 0 } },
    { "equal sets, unequal multisets", "aab", "abb", { 0, 0, 0, 0, 0 } },
};

Test(route_match, modes_give_the_worked_numbers)
{
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        uint32_t observed[8], expected[8];
        size_t observed_count = route_of(observed, ROWS[i].observed);
        size_t expected_count = route_of(expected, ROWS[i].expected);
        for (int mode = 0; mode < MODE_COUNT; mode++) {
            bool got =
                baton_route_matches((enum baton_route_match)mode, observed, observed_count, expected, expected_count);
            cr_expect_eq(got, ROWS[i].matches[mode], "%s: %s", ROWS[i].name, baton_route_match_names[mode]);
        }
    }
}

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
