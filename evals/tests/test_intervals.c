#include "evals/stats/intervals.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* Equal to the six decimals that are printed; NaN equals NaN. */
static bool is_near(double got, double want)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= 5.1e-7;
}

static bool is_close(double got, double want, double relative)
{
    return fabs(got - want) <= fabs(want) * relative;
}

static struct baton_interval wilson(uint64_t passed, uint64_t total)
{
    return baton_intervals_wilson((struct baton_proportion){ passed, total });
}

Test(intervals, wilson_bounds_are_exact_where_none_or_all_passed)
{
    static const uint64_t totals[] = { 1, 2, 3, 7, 10, 1000, UINT32_MAX, UINT64_MAX };
    for (size_t i = 0; i < COUNT_OF(totals); i++) {
        cr_expect(wilson(0, totals[i]).low == 0, "none of %llu", (unsigned long long)totals[i]);
        cr_expect(wilson(totals[i], totals[i]).high == 1, "all of %llu", (unsigned long long)totals[i]);
    }
}

/* A bound b is where the observed share lies z standard errors of b away: an equation without Wilson's formula. */
static void expect_score_bound(double bound, uint64_t passed, uint64_t total)
{
    double share = (double)passed / (double)total;
    double distance = BATON_INTERVALS_Z * sqrt(bound * (1 - bound) / (double)total);
    cr_assert(fabs(fabs(share - bound) - distance) < 1e-12, "%llu of %llu", (unsigned long long)passed,
              (unsigned long long)total);
}

Test(intervals, wilson_bounds_solve_the_score_equation_and_grow_with_the_passes)
{
    for (uint64_t total = 1; total <= 300; total++) {
        struct baton_interval before = { -1, -1 };
        for (uint64_t passed = 0; passed <= total; passed++) {
            struct baton_interval got = wilson(passed, total);
            double share = (double)passed / (double)total;
            cr_assert(0 <= got.low && got.low <= share && share <= got.high && got.high <= 1);
            cr_assert(got.low > before.low && got.high > before.high);
            expect_score_bound(got.low, passed, total);
            expect_score_bound(got.high, passed, total);
            before = got;
        }
    }
}

Test(intervals, wilson_narrows_to_the_share_at_huge_counts)
{
    static const uint64_t totals[] = { 1000000, UINT32_MAX, UINT64_MAX };
    for (size_t i = 0; i < COUNT_OF(totals); i++) {
        struct baton_interval got = wilson(totals[i] / 2, totals[i]);
        double half_width = BATON_INTERVALS_Z / 2 / sqrt((double)totals[i]);
        cr_expect(is_close(got.high - got.low, 2 * half_width, 1e-5), "%llu", (unsigned long long)totals[i]);
    }
}

static void expect_difference(const char *name, const struct baton_difference *got, const struct baton_difference *want)
{
    cr_expect(is_near(got->value, want->value), "%s: value %.9f", name, got->value);
    cr_expect(is_near(got->low, want->low), "%s: low %.9f", name, got->low);
    cr_expect(is_near(got->high, want->high), "%s: high %.9f", name, got->high);
}

Test(intervals, newcombe_paired_gives_the_worked_and_the_published_numbers)
{
    static const struct row {
        const char *name;
        struct baton_paired in;
        struct baton_difference want;
    } rows[] = {
        { "180 3 11 6", { 180, 3, 11, 6 }, { -0.04, -0.082828, -0.001749 } },
        { "36 12 2 0, Newcombe 1998", { 36, 12, 2, 0 }, { 0.2, 0.056930, 0.340428 } },
        { "no pairs", { 0, 0, 0, 0 }, { NAN, NAN, NAN } },
        { "an empty margin has no phi", { 10, 0, 0, 0 }, { 0, -0.277533, 0.277533 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_difference got = baton_intervals_newcombe_paired(&rows[i].in);
        expect_difference(rows[i].name, &got, &rows[i].want);
    }
}

Test(intervals, newcombe_paired_changes_sign_when_the_runs_change_places)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 2);
    for (int i = 0; i < 20000; i++) {
        struct baton_paired there = { baton_prng_below(&prng, 60), baton_prng_below(&prng, 20),
                                      baton_prng_below(&prng, 20), 1 + baton_prng_below(&prng, 30) };
        struct baton_paired back = { there.both, there.baseline_only, there.candidate_only, there.neither };
        struct baton_difference a = baton_intervals_newcombe_paired(&there);
        struct baton_difference b = baton_intervals_newcombe_paired(&back);
        cr_assert(fabs(a.value + b.value) < 1e-14 && fabs(a.low + b.high) < 1e-14 && fabs(a.high + b.low) < 1e-14);
        cr_assert(-1 <= a.low && a.low <= a.value && a.value <= a.high && a.high <= 1);
    }
}

Test(intervals, newcombe_paired_bears_the_largest_counts)
{
    struct baton_paired huge = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    struct baton_difference got = baton_intervals_newcombe_paired(&huge);
    cr_expect(got.value == 0 && got.low < 0 && got.low > -1e-4 && got.high > 0 && got.high < 1e-4);
    struct baton_paired most = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
    got = baton_intervals_newcombe_paired(&most);
    cr_expect(isfinite(got.low) && isfinite(got.high));
}

static struct baton_mcnemar mcnemar(uint64_t candidate_only, uint64_t baseline_only)
{
    struct baton_paired paired = { .candidate_only = candidate_only, .baseline_only = baseline_only };
    return baton_intervals_mcnemar(&paired);
}

Test(intervals, mcnemar_gives_the_worked_numbers)
{
    static const struct row {
        const char *name;
        uint64_t candidate_only, baseline_only;
        double exact, mid;
    } rows[] = {
        { "3 and 11", 3, 11, 0.057373, 0.035156 },
        { "0 and 5", 0, 5, 0.0625, 0.03125 },
        { "0 and 6", 0, 6, 0.03125, 0.015625 },
        { "1 and 8", 1, 8, 0.039062, 0.021484 },
        { "as many each way, 10", 10, 10, 1, 1 },
        { "as many each way, 2", 2, 2, 1, 1 },
        { "no discordant case", 0, 0, 1, 1 },
        { "one discordant case", 0, 1, 1, 0.5 },
        { "candidate is the better", 8, 1, 0.039062, 0.021484 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_mcnemar got = mcnemar(rows[i].candidate_only, rows[i].baseline_only);
        cr_expect(is_near(got.exact, rows[i].exact), "%s: exact %.9f", rows[i].name, got.exact);
        cr_expect(is_near(got.mid, rows[i].mid), "%s: mid %.9f", rows[i].name, got.mid);
    }
}

/* P(Bin(n, 1/2) = i), straight from Pascal's rule. */
static long double binomial_half(unsigned n, unsigned i)
{
    long double chance = 1;
    for (unsigned j = 0; j < i; j++) {
        chance = chance * (n - j) / (j + 1);
    }
    for (unsigned j = 0; j < n; j++) {
        chance /= 2;
    }
    return chance;
}

Test(intervals, mcnemar_agrees_with_direct_summation_up_to_60_discordant_cases)
{
    for (unsigned n = 0; n <= 60; n++) {
        for (unsigned b = 0; b <= n; b++) {
            unsigned smaller = b < n - b ? b : n - b;
            long double tail = 0;
            for (unsigned i = 0; i <= smaller; i++) {
                tail += binomial_half(n, i);
            }
            double exact = 2 * tail < 1 ? (double)(2 * tail) : 1;
            double mid = (double)(2 * tail - binomial_half(n, smaller));
            struct baton_mcnemar got = mcnemar(b, n - b);
            cr_assert(is_close(got.exact, exact, 1e-14), "%u of %u: exact %.17g for %.17g", b, n, got.exact, exact);
            cr_assert(is_close(got.mid, mid, 1e-14), "%u of %u: mid %.17g for %.17g", b, n, got.mid, mid);
        }
    }
}

Test(intervals, mcnemar_keeps_its_digits_at_large_counts)
{
    static const struct row {
        uint64_t candidate_only, baseline_only;
        double exact, mid; /* from integers of any length */
    } rows[] = {
        { 40, 60, 0.056887933640980791, 0.046044066929342806 },
        { 450, 550, 0.0017305360849763176, 0.001561138839699202 },
        { 10, 1000, 5.3595748746247271e-281, 2.7065313400862328e-281 },
        { 1000, 1001, 1, 0.98216989944912358 },
        { 20000, 21000, 8.0585780267929587e-07, 7.8595678466890045e-07 },
        { 49000, 51000, 2.5887160383468979e-10, 2.5367694462480047e-10 },
        { 99000, 101000, 7.824328515380865e-06, 7.74333895675285e-06 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_mcnemar got = mcnemar(rows[i].candidate_only, rows[i].baseline_only);
        cr_expect(is_close(got.exact, rows[i].exact, 1e-11), "row %zu: exact %.17g", i, got.exact);
        cr_expect(is_close(got.mid, rows[i].mid, 1e-11), "row %zu: mid %.17g", i, got.mid);
    }
}

Test(intervals, mcnemar_beyond_any_number_is_almost_zero_and_not_below)
{
    static const uint64_t rows[][2] = {
        { 0, 1000 }, { 0, 2000 }, { 5, 1000000 }, { 0, 1073741824 }, { 0, UINT32_MAX }, { 1, UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_mcnemar got = mcnemar(rows[i][0], rows[i][1]);
        cr_expect(got.exact >= 0 && got.exact < 1e-279, "row %zu: %g", i, got.exact);
        cr_expect(got.mid >= 0 && got.mid <= got.exact, "row %zu: %g", i, got.mid);
    }
}

/* One more discordant case on the larger side moves p as much as the one before did, to all digits that matter. */
Test(intervals, mcnemar_has_no_step_where_it_goes_over_to_the_normal_limit)
{
    const uint64_t half = UINT64_C(1) << 29;
    static const uint64_t distances[] = { 1, 7, 1000, 16384, 32768, 65536, 81920 };
    for (size_t i = 0; i < COUNT_OF(distances); i++) {
        struct baton_mcnemar before = mcnemar(half - distances[i], half + distances[i] - 1);
        struct baton_mcnemar last_summed = mcnemar(half - distances[i], half + distances[i]);
        struct baton_mcnemar first_normal = mcnemar(half - distances[i], half + distances[i] + 1);
        double exact_step = before.exact - 2 * last_summed.exact + first_normal.exact;
        double mid_step = before.mid - 2 * last_summed.mid + first_normal.mid;
        cr_expect(fabs(exact_step) < 4e-9, "exact at %llu: %g", (unsigned long long)distances[i], exact_step);
        cr_expect(fabs(mid_step) < 4e-9, "mid at %llu: %g", (unsigned long long)distances[i], mid_step);
    }
    struct baton_mcnemar equal = mcnemar(UINT64_MAX, UINT64_MAX);
    cr_expect(equal.exact == 1 && equal.mid == 1);
}

Test(intervals, pairs_needed_gives_the_worked_numbers)
{
    static const struct row {
        const char *name;
        struct baton_power plan;
        double difference, want;
    } rows[] = {
        { "10 % discordant, 5 points", { 0.1, 0.05, 0.8 }, 0.05, 312 },
        { "6 % discordant, 2 points", { 0.06, 0.05, 0.8 }, 0.02, 1175 },
        { "the sign does not matter", { 0.1, 0.05, 0.8 }, -0.05, 312 },
        { "power 0.9", { 0.2, 0.05, 0.9 }, 0.05, 837 },
        { "alpha 0.01", { 0.1, 0.01, 0.8 }, 0.03, 1295 },
        { "1 point", { 0.05, 0.05, 0.8 }, 0.01, 3923 },
        { "power under a half", { 0.1, 0.05, 0.3 }, 0.05, 84 },
        { "all discordance one way", { 0.1, 0.05, 0.8 }, 0.1, 77 },
        { "each case changes", { 1, 0.05, 0.8 }, 1, 4 },
        { "no difference", { 0.1, 0.05, 0.8 }, 0, NAN },
        { "more than the discordant share", { 0.1, 0.05, 0.8 }, 0.11, NAN },
        { "no number", { 0.1, 0.05, 0.8 }, NAN, NAN },
        { "nothing discordant", { 0, 0.05, 0.8 }, 0.05, NAN },
        { "more than all discordant", { 1.1, 0.05, 0.8 }, 0.05, NAN },
        { "alpha 0", { 0.1, 0, 0.8 }, 0.05, NAN },
        { "power 1", { 0.1, 0.05, 1 }, 0.05, NAN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double got = baton_intervals_pairs_needed(&rows[i].plan, rows[i].difference);
        cr_expect(isnan(rows[i].want) ? isnan(got) : got == rows[i].want, "%s: %g", rows[i].name, got);
    }
}

Test(intervals, difference_detectable_is_the_smallest_that_so_many_pairs_show)
{
    static const struct row {
        const char *name;
        struct baton_power plan;
        uint64_t pairs;
        double want;
    } rows[] = {
        { "312 pairs", { 0.1, 0.05, 0.8 }, 312, 0.049967 },
        { "1175 pairs", { 0.06, 0.05, 0.8 }, 1175, 0.020000 },
        { "100 pairs", { 0.1, 0.05, 0.8 }, 100, 0.087553 },
        { "1000 pairs", { 0.1, 0.05, 0.8 }, 1000, 0.027983 },
        { "power 0.9", { 0.2, 0.05, 0.9 }, 200, 0.101449 },
        { "power under a half", { 0.1, 0.05, 0.3 }, 312, 0.025732 },
        { "too few pairs for any", { 0.1, 0.05, 0.8 }, 76, NAN },
        { "just enough", { 0.1, 0.05, 0.8 }, 77, 0.099424 },
        { "one pair", { 0.1, 0.05, 0.8 }, 1, NAN },
        { "no pairs", { 0.1, 0.05, 0.8 }, 0, NAN },
        { "alpha 1", { 0.1, 1, 0.8 }, 100, NAN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double got = baton_intervals_difference_detectable(&rows[i].plan, rows[i].pairs);
        cr_expect(is_near(got, rows[i].want), "%s: %.9f", rows[i].name, got);
    }
}

Test(intervals, pairs_needed_and_difference_detectable_undo_each_other)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 3);
    for (int i = 0; i < 5000; i++) {
        struct baton_power plan = { 0.01 + 0.99 * baton_prng_unit(&prng), 0.001 + 0.2 * baton_prng_unit(&prng),
                                    0.5 + 0.49 * baton_prng_unit(&prng) };
        uint64_t pairs = 1 + baton_prng_below(&prng, 100000);
        double difference = baton_intervals_difference_detectable(&plan, pairs);
        if (!isnan(difference)) {
            cr_assert(fabs(baton_intervals_pairs_needed(&plan, difference) - (double)pairs) <= 1);
            cr_assert(baton_intervals_pairs_needed(&plan, difference * 0.9) > (double)pairs);
        }
    }
}

Test(intervals, holm_gives_the_worked_numbers)
{
    static const struct row {
        const char *name;
        size_t count;
        double p_values[5], want[5];
    } rows[] = {
        { "four agents", 4, { 0.01, 0.04, 0.03, 0.005 }, { 0.03, 0.06, 0.06, 0.02 } },
        { "none", 0, { 0 }, { 0 } },
        { "one stays as it is", 1, { 0.03 }, { 0.03 } },
        { "capped at 1", 3, { 0.5, 0.9, 1 }, { 1, 1, 1 } },
        { "equal ones stay equal", 3, { 0.01, 0.01, 0.01 }, { 0.03, 0.03, 0.03 } },
        { "NaN is no test", 5, { NAN, 0.01, 0.04, NAN, 0.03 }, { NAN, 0.03, 0.06, NAN, 0.06 } },
        { "nothing but NaN", 2, { NAN, NAN }, { NAN, NAN } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double p_values[5];
        size_t order[5];
        for (size_t j = 0; j < rows[i].count; j++) {
            p_values[j] = rows[i].p_values[j];
        }
        baton_intervals_holm(p_values, order, rows[i].count);
        for (size_t j = 0; j < rows[i].count; j++) {
            cr_expect(is_near(p_values[j], rows[i].want[j]), "%s: [%zu] %.9f", rows[i].name, j, p_values[j]);
        }
    }
}

/* The definition without a sort: the largest (tests not below this one) * p over all p up to one's own. */
static double holm_by_definition(const double *p_values, size_t count, size_t which)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before_count = 0;
        for (size_t j = 0; j < count; j++) {
            before_count += p_values[j] < p_values[i];
        }
        if (p_values[i] <= p_values[which]) {
            largest = fmax(largest, (double)(count - before_count) * p_values[i]);
        }
    }
    return fmin(1, largest);
}

Test(intervals, holm_follows_its_definition_for_random_values_with_ties)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 4);
    for (int round = 0; round < 5000; round++) {
        double given[40];
        double adjusted[40];
        size_t order[40];
        size_t count = baton_prng_below(&prng, 41);
        for (size_t i = 0; i < count; i++) {
            given[i] = (double)baton_prng_below(&prng, 50) / 500;
            adjusted[i] = given[i];
        }
        baton_intervals_holm(adjusted, order, count);
        for (size_t i = 0; i < count; i++) {
            cr_assert(adjusted[i] == holm_by_definition(given, count, i), "round %d, [%zu]", round, i);
        }
    }
}
