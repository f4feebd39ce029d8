#include "evals/stats/resample.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { VALUES_MAX = 64 };

/* Equal to the six decimals that are printed; NaN equals NaN. */
static bool is_near(double got, double want)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= 5.1e-7;
}

static void add(struct baton_cluster_class *class, double value)
{
    class->weight = 1;
    class->cluster.sum += value;
    class->cluster.sum_squares += value * value;
    class->cluster.count++;
}

Test(resample, rank_is_the_nearest_rank)
{
    static const struct row {
        const char *name;
        size_t count;
        unsigned permille;
        size_t want;
    } rows[] = {
        { "p50 of 10", 10, 500, 4 },
        { "p90 of 10", 10, 900, 8 },
        { "p95 of 10", 10, 950, 9 },
        { "p99 of 10", 10, 990, 9 },
        { "p7 of 100 is not the 8th", 100, 70, 6 },
        { "low of 10000", 10000, 25, 249 },
        { "high of 10000", 10000, 975, 9749 },
        { "any of 1", 1, 1, 0 },
        { "all of 1", 1, 1000, 0 },
        { "the last of 7", 7, 1000, 6 },
        { "the first of 1000", 1000, 1, 0 },
        { "of all that can be", SIZE_MAX, 1000, SIZE_MAX - 1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(baton_resample_rank(rows[i].count, rows[i].permille), rows[i].want, "%s", rows[i].name);
    }
}

static void expect_error(const char *name, const struct baton_cluster_error *got,
                         const struct baton_cluster_error *want)
{
    cr_expect_eq(got->count, want->count, "%s: count", name);
    cr_expect(is_near(got->mean, want->mean), "%s: mean %.9f", name, got->mean);
    cr_expect(is_near(got->se_iid, want->se_iid), "%s: se_iid %.9f", name, got->se_iid);
    cr_expect(is_near(got->se_cluster, want->se_cluster), "%s: se_cluster %.9f", name, got->se_cluster);
    cr_expect(is_near(got->se_cluster_cr1, want->se_cluster_cr1), "%s: cr1 %.9f", name, got->se_cluster_cr1);
    cr_expect(is_near(got->design_effect, want->design_effect), "%s: effect %.9f", name, got->design_effect);
}

Test(resample, cluster_error_of_little_is_nan_and_not_zero)
{
    static const struct row {
        const char *name;
        size_t cluster_count;
        struct baton_cluster_class clusters[3];
        struct baton_cluster_error want;
    } rows[] = {
        { "no clusters", 0, { { { 0, 0, 0 }, 1 } }, { 0, NAN, NAN, NAN, NAN, NAN } },
        { "empty clusters", 2, { { { 0, 0, 0 }, 1 } }, { 0, NAN, NAN, NAN, NAN, NAN } },
        { "one value", 1, { { { 1, 1, 1 }, 1 } }, { 1, 1, NAN, NAN, NAN, NAN } },
        { "one cluster", 1, { { { 2, 2, 4 }, 1 } }, { 4, 0.5, 0.288675, NAN, NAN, NAN } },
        { "one cluster and an empty one",
          2,
          { { { 2, 2, 4 }, 1 }, { { 0, 0, 0 }, 1 } },
          { 4, 0.5, 0.288675, NAN, NAN, NAN } },
        { "all passed", 2, { { { 3, 3, 3 }, 1 }, { { 2, 2, 2 }, 1 } }, { 5, 1, 0, 0, 0, NAN } },
        { "all failed", 2, { { { 0, 0, 3 }, 1 }, { { 0, 0, 2 }, 1 } }, { 5, 0, 0, 0, 0, NAN } },
        { "one against one, as a class of two", 1, { { { 1, 1, 2 }, 2 } }, { 4, 0.5, 0.288675, 0, 0, 0 } },
        { "one against one", 2, { { { 1, 1, 1 }, 1 }, { { 0, 0, 1 }, 1 } }, { 2, 0.5, 0.5, 0.353553, 0.5, 0.5 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_cluster_error got = baton_resample_cluster_error(rows[i].clusters, rows[i].cluster_count);
        expect_error(rows[i].name, &got, &rows[i].want);
    }
}

Test(resample, equal_values_have_no_spread_however_their_sums_are_rounded)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 14);
    for (int round = 0; round < 2000; round++) {
        struct baton_cluster_class clusters[9] = { { { 0 }, 0 } };
        double value = (baton_prng_unit(&prng) - 0.5) * 2000;
        for (size_t i = 0; i < 2000; i++) {
            add(&clusters[i < 9 ? i : baton_prng_below(&prng, 9)], value);
        }
        struct baton_cluster_error got = baton_resample_cluster_error(clusters, 9);
        cr_assert(got.se_iid == 0 && got.se_cluster == 0 && got.se_cluster_cr1 == 0, "round %d", round);
        cr_assert(isnan(got.design_effect), "round %d", round);
    }
}

Test(resample, clusters_of_one_give_the_plain_error)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 5);
    for (int round = 0; round < 1000; round++) {
        struct baton_cluster_class clusters[VALUES_MAX] = { { { 0 }, 0 } };
        size_t count = 2 + baton_prng_below(&prng, VALUES_MAX - 1);
        for (size_t i = 0; i < count; i++) {
            add(&clusters[i], 100 + baton_prng_unit(&prng));
        }
        struct baton_cluster_error got = baton_resample_cluster_error(clusters, count);
        cr_assert(fabs(got.se_cluster_cr1 / got.se_iid - 1) < 1e-8, "round %d", round);
    }
}

Test(resample, the_same_values_twice_in_each_cluster_have_a_design_effect_near_two)
{
    struct baton_cluster_class clusters[VALUES_MAX] = { { { 0 }, 0 } };
    struct baton_prng prng;
    baton_prng_seed(&prng, 6);
    for (size_t i = 0; i < VALUES_MAX; i++) {
        double value = baton_prng_unit(&prng);
        add(&clusters[i], value);
        add(&clusters[i], value);
    }
    struct baton_cluster_error got = baton_resample_cluster_error(clusters, VALUES_MAX);
    double n = 2 * VALUES_MAX;
    cr_expect(fabs(got.design_effect - 2 * (n - 1) / n) < 1e-9, "%.12f", got.design_effect);
}

Test(resample, bootstrap_depends_on_its_seed_alone)
{
    double replicates[2000];
    struct baton_bootstrap_options options = { 42, replicates, COUNT_OF(replicates) };
    static const struct baton_cluster clusters[] = { { 3, 3, 4 }, { 2, 2, 2 }, { 0, 0, 3 }, { 5, 5, 5 } };
    struct baton_bootstrap first = baton_resample_bootstrap_clusters(clusters, 4, &options);
    struct baton_bootstrap again = baton_resample_bootstrap_clusters(clusters, 4, &options);
    options.seed = 43;
    struct baton_bootstrap other = baton_resample_bootstrap_clusters(clusters, 4, &options);
    cr_expect(first.mean == again.mean && first.se == again.se && first.low == again.low && first.high == again.high);
    cr_expect(first.mean != other.mean);
}

Test(resample, bootstrap_of_nothing_is_nan_and_of_one_thing_that_thing)
{
    double replicates[100];
    struct baton_bootstrap_options options = { 1, replicates, COUNT_OF(replicates) };
    static const struct baton_cluster cluster = { 3, 3, 4 };
    struct baton_bootstrap none = baton_resample_bootstrap_clusters(NULL, 0, &options);
    struct baton_bootstrap one = baton_resample_bootstrap_clusters(&cluster, 1, &options);
    cr_expect(isnan(none.mean) && isnan(none.se) && isnan(none.low) && isnan(none.high));
    cr_expect(one.mean == 0.75 && one.se == 0 && one.low == 0.75 && one.high == 0.75);
    options.replicate_count = 1;
    struct baton_bootstrap single = baton_resample_bootstrap_clusters(&cluster, 1, &options);
    cr_expect(single.low == 0.75 && single.high == 0.75 && isnan(single.se), "one replicate has no spread");
}

Test(resample, sign_flip_gives_the_worked_numbers)
{
    static const struct row {
        const char *name;
        size_t count;
        double differences[8];
        double mean, p_value;
    } rows[] = {
        { "eight cases", 8, { -.25, -.5, 0, .25, -.75, 0, -.25, -1 }, -0.3125, 0.125 },
        { "the other way round", 8, { .25, .5, 0, -.25, .75, 0, .25, 1 }, 0.3125, 0.125 },
        { "one case", 1, { 0.5 }, 0.5, 1 },
        { "five of five", 5, { 1, 1, 1, 1, 1 }, 1, 0.0625 },
        { "no difference anywhere", 3, { 0, 0, 0 }, 0, 1 },
        { "one against one", 2, { 1, -1 }, 0, 1 },
        { "thirds, which have rounding", 4, { 1 / 3., 1 / 3., 1 / 3., -1 / 3. }, 0.166667, 0.625 },
        { "no cases", 0, { 0 }, NAN, NAN },
        { "a case without a mean", 3, { 1, NAN, 1 }, NAN, NAN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_sign_flip got = baton_resample_sign_flip(rows[i].differences, rows[i].count, NULL);
        cr_expect(is_near(got.mean, rows[i].mean), "%s: mean %.9f", rows[i].name, got.mean);
        cr_expect(is_near(got.p_value, rows[i].p_value), "%s: p %.9f", rows[i].name, got.p_value);
        cr_expect(got.is_exact, "%s", rows[i].name);
    }
}

/* Integers, so that no sum has a rounding error, one mask after the other. */
static double flip_by_enumeration(const int *differences, size_t count)
{
    long observed = 0;
    size_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        observed += differences[i];
    }
    for (size_t mask = 0; mask < (size_t)1 << count; mask++) {
        long sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += mask >> i & 1 ? -differences[i] : differences[i];
        }
        hits += labs(sum) >= labs(observed);
    }
    return (double)hits / (double)((size_t)1 << count);
}

Test(resample, sign_flip_agrees_with_enumeration_over_all_differences)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 9);
    for (int round = 0; round < 500; round++) {
        int integers[12];
        double differences[12];
        size_t count = 1 + baton_prng_below(&prng, COUNT_OF(integers));
        for (size_t i = 0; i < count; i++) {
            integers[i] = (int)baton_prng_below(&prng, 9) - 4;
            differences[i] = integers[i] * 0.1; /* ties in the integers are rounded apart here */
        }
        double want = flip_by_enumeration(integers, count);
        cr_assert(baton_resample_sign_flip(differences, count, NULL).p_value == want, "round %d", round);
    }
}

Test(resample, sign_flip_is_exact_up_to_twenty_differences_and_sampled_above)
{
    enum { SAMPLES = 100000 };
    double differences[VALUES_MAX * 3] = { 0 }; /* more than one draw's worth of bits */
    struct baton_sign_flip_options options = { 11, SAMPLES };
    for (size_t i = 0; i < BATON_RESAMPLE_FLIPS_EXACT_MAX; i++) {
        differences[i * 7] = 1;
    }
    struct baton_sign_flip exact = baton_resample_sign_flip(differences, COUNT_OF(differences), &options);
    cr_expect(exact.is_exact);
    cr_expect(exact.p_value == 2.0 / (1 << BATON_RESAMPLE_FLIPS_EXACT_MAX), "%g", exact.p_value);

    /* 14 against 7 of 21: P = 2 P(Bin(21, 1/2) <= 7) = 0.189247 */
    for (size_t i = 0; i <= BATON_RESAMPLE_FLIPS_EXACT_MAX; i++) {
        differences[i * 7] = i % 3 == 0 ? -1 : 1;
    }
    struct baton_sign_flip sampled = baton_resample_sign_flip(differences, COUNT_OF(differences), &options);
    struct baton_sign_flip again = baton_resample_sign_flip(differences, COUNT_OF(differences), &options);
    cr_expect(!sampled.is_exact);
    cr_expect(fabs(sampled.p_value - 0.189247) < 5 * sqrt(0.19 * 0.81 / SAMPLES), "%g", sampled.p_value);
    cr_expect(sampled.p_value == again.p_value, "one seed, one answer");
}

Test(resample, sign_flip_sampled_is_never_zero)
{
    double differences[64];
    struct baton_sign_flip_options options = { 12, 999 };
    for (size_t i = 0; i < COUNT_OF(differences); i++) {
        differences[i] = 1;
    }
    struct baton_sign_flip got = baton_resample_sign_flip(differences, COUNT_OF(differences), &options);
    cr_expect(got.p_value == 0.001, "%g", got.p_value);
}

/* Counts the k-subsets of n trials, the first c of which passed. */
Test(resample, repeats_agree_with_counting_subsets)
{
    for (uint32_t n = 1; n <= 10; n++) {
        for (uint32_t c = 0; c <= n; c++) {
            double all[11] = { 0 }, any[11] = { 0 }, subsets[11] = { 0 };
            for (unsigned mask = 0; mask < 1U << n; mask++) {
                int k = __builtin_popcount(mask);
                unsigned passed_mask = (1U << c) - 1;
                subsets[k]++;
                all[k] += (mask & ~passed_mask) == 0;
                any[k] += (mask & passed_mask) != 0;
            }
            for (uint32_t k = 1; k <= n; k++) {
                struct baton_trials trials = { n, c };
                cr_assert(fabs(baton_resample_pass_hat(trials, k) - all[k] / subsets[k]) < 1e-14);
                cr_assert(fabs(baton_resample_pass_at(trials, k) - any[k] / subsets[k]) < 1e-14);
            }
        }
    }
}

Test(resample, repeats_have_no_value_for_more_trials_than_there_were)
{
    cr_expect(isnan(baton_resample_pass_hat((struct baton_trials){ 3, 3 }, 4)));
    cr_expect(isnan(baton_resample_pass_at((struct baton_trials){ 3, 3 }, 4)));
    cr_expect(isnan(baton_resample_pass_hat((struct baton_trials){ 0, 0 }, 1)));
    struct baton_trials most = { UINT32_MAX, UINT32_MAX - 1 };
    cr_expect(baton_resample_pass_at(most, UINT32_MAX) == 1);
    cr_expect(baton_resample_pass_hat(most, UINT32_MAX) == 0);
    cr_expect(fabs(baton_resample_pass_hat(most, 1) - 1) < 1e-9);
}

Test(resample, sprt_gives_the_worked_numbers)
{
    struct baton_sprt sprt;
    struct baton_sprt_plan plan = { 0.95, 0.80, 0.05, 0.05 };
    cr_assert(baton_resample_sprt_init(&sprt, &plan));
    cr_expect(is_near(sprt.reject, 2.944439), "%.9f", sprt.reject);
    cr_expect(is_near(sprt.accept, -2.944439), "%.9f", sprt.accept);
    cr_expect(is_near(sprt.step_pass, -0.171850), "%.9f", sprt.step_pass);
    cr_expect(is_near(sprt.step_fail, 1.386294), "%.9f", sprt.step_fail);
    cr_expect_eq(sprt.passes_to_accept, 18);
    cr_expect_eq(sprt.failures_to_reject, 3);
}

Test(resample, sprt_decides_as_soon_as_a_bound_is_reached)
{
    static const struct row {
        const char *name;
        struct baton_trials trials;
        enum baton_sprt_verdict want;
    } rows[] = {
        { "no trial", { 0, 0 }, BATON_SPRT_CONTINUE },
        { "17 straight passes", { 17, 17 }, BATON_SPRT_CONTINUE },
        { "18 straight passes", { 18, 18 }, BATON_SPRT_ACCEPT },
        { "2 straight failures", { 2, 0 }, BATON_SPRT_CONTINUE },
        { "3 straight failures", { 3, 0 }, BATON_SPRT_REJECT },
        { "a failure costs 8 passes", { 26, 25 }, BATON_SPRT_CONTINUE },
        { "and a little", { 27, 26 }, BATON_SPRT_ACCEPT },
        { "half and half", { 6, 3 }, BATON_SPRT_REJECT },
        { "passes without end", { UINT32_MAX, UINT32_MAX }, BATON_SPRT_ACCEPT },
        { "failures without end", { UINT32_MAX, 0 }, BATON_SPRT_REJECT },
    };
    struct baton_sprt sprt;
    struct baton_sprt_plan plan = { 0.95, 0.80, 0.05, 0.05 };
    cr_assert(baton_resample_sprt_init(&sprt, &plan));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(baton_resample_sprt_decide(&sprt, rows[i].trials), rows[i].want, "%s", rows[i].name);
    }
}

Test(resample, sprt_counts_to_its_bounds_are_the_first_that_decide)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 13);
    for (int round = 0; round < 2000; round++) {
        double good = 0.1 + 0.89 * baton_prng_unit(&prng);
        struct baton_sprt_plan plan = { good, good * (0.05 + 0.9 * baton_prng_unit(&prng)),
                                        0.001 + 0.4 * baton_prng_unit(&prng), 0.001 + 0.4 * baton_prng_unit(&prng) };
        struct baton_sprt sprt;
        cr_assert(baton_resample_sprt_init(&sprt, &plan));
        uint32_t passes = (uint32_t)sprt.passes_to_accept;
        uint32_t failures = (uint32_t)sprt.failures_to_reject;
        struct baton_trials enough = { passes, passes }, short_of = { passes - 1, passes - 1 };
        cr_assert_eq(baton_resample_sprt_decide(&sprt, enough), BATON_SPRT_ACCEPT);
        cr_assert_eq(baton_resample_sprt_decide(&sprt, short_of), BATON_SPRT_CONTINUE);
        cr_assert_eq(baton_resample_sprt_decide(&sprt, (struct baton_trials){ failures, 0 }), BATON_SPRT_REJECT);
        cr_assert_eq(baton_resample_sprt_decide(&sprt, (struct baton_trials){ failures - 1, 0 }), BATON_SPRT_CONTINUE);
    }
}

Test(resample, sprt_refuses_a_plan_out_of_range)
{
    static const struct row {
        const char *name;
        struct baton_sprt_plan plan;
    } rows[] = {
        { "good is 1", { 1, 0.8, 0.05, 0.05 } },
        { "bad is 0", { 0.95, 0, 0.05, 0.05 } },
        { "equal rates", { 0.8, 0.8, 0.05, 0.05 } },
        { "rates the wrong way", { 0.8, 0.95, 0.05, 0.05 } },
        { "alpha is 0", { 0.95, 0.8, 0, 0.05 } },
        { "alpha is a half", { 0.95, 0.8, 0.5, 0.05 } },
        { "beta is 0", { 0.95, 0.8, 0.05, 0 } },
        { "beta is a half", { 0.95, 0.8, 0.05, 0.5 } },
        { "a rate that is none", { NAN, 0.8, 0.05, .05 } },
        { "an error that is none", { 0.95, 0.8, NAN, 0.05 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_sprt sprt = { .accept = 1 };
        cr_expect(!baton_resample_sprt_init(&sprt, &rows[i].plan), "%s", rows[i].name);
        cr_expect(sprt.accept == 0 && sprt.reject == 0, "%s", rows[i].name);
    }
    struct baton_sprt sprt;
    struct baton_sprt_plan near = { nextafter(0.9, 1), 0.9, 0.05, 0.05 };
    cr_expect(baton_resample_sprt_init(&sprt, &near), "rates that can hardly be told apart");
    cr_expect(sprt.passes_to_accept > UINT64_C(1) << 50);
    struct baton_sprt_plan tiny = { 2e-300, 1e-300, 0.05, 0.05 };
    cr_expect(baton_resample_sprt_init(&sprt, &tiny), "rates near 0, where a failure tells nothing");
    cr_expect_eq(sprt.failures_to_reject, UINT64_C(1) << 63);
}
