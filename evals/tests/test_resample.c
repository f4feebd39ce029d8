#include "evals/stats/resample.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { VALUES_MAX = 64, REPLICATES = BATON_RESAMPLE_REPLICATES_DEFAULT };

/* Equal to the six decimals that are printed; NaN equals NaN. */
static bool is_near(double got, double want)
{
    return isnan(want) ? isnan(got) : fabs(got - want) <= 5.1e-7;
}

/* The eight clusters of the worked numbers, one after the other; a cluster ends where the number changes. */
static const struct {
    unsigned cluster;
    double value;
} EIGHT[] = {
    { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 0 }, { 1, 1 }, { 1, 1 }, { 2, 0 }, { 2, 0 }, { 2, 0 },
    { 3, 1 }, { 3, 1 }, { 3, 1 }, { 3, 1 }, { 3, 1 }, { 4, 1 }, { 4, 0 }, { 5, 1 }, { 5, 1 },
    { 5, 1 }, { 6, 0 }, { 6, 1 }, { 7, 1 }, { 7, 1 }, { 7, 1 }, { 7, 1 },
};

static void eight_clusters(struct baton_cluster clusters[8])
{
    for (size_t i = 0; i < 8; i++) {
        clusters[i] = (struct baton_cluster){ 0 };
    }
    for (size_t i = 0; i < COUNT_OF(EIGHT); i++) {
        baton_resample_cluster_add(&clusters[EIGHT[i].cluster], EIGHT[i].value);
    }
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

Test(resample, cluster_error_gives_the_worked_numbers)
{
    struct baton_cluster clusters[8];
    eight_clusters(clusters);
    struct baton_cluster_error got = baton_resample_cluster_error(clusters, 8);
    struct baton_cluster_error want = { 25, 0.76, 0.087178, 0.119004, 0.127220, 1.863411 };
    expect_error("eight clusters", &got, &want);
}

Test(resample, cluster_error_of_little_is_nan_and_not_zero)
{
    static const struct row {
        const char *name;
        size_t cluster_count;
        struct baton_cluster clusters[3];
        struct baton_cluster_error want;
    } rows[] = {
        { "no clusters", 0, { { 0, 0, 0 } }, { 0, NAN, NAN, NAN, NAN, NAN } },
        { "empty clusters", 2, { { 0, 0, 0 } }, { 0, NAN, NAN, NAN, NAN, NAN } },
        { "one value", 1, { { 1, 1, 1 } }, { 1, 1, NAN, NAN, NAN, NAN } },
        { "one cluster", 1, { { 2, 2, 4 } }, { 4, 0.5, 0.288675, NAN, NAN, NAN } },
        { "one cluster and an empty one", 2, { { 2, 2, 4 }, { 0, 0, 0 } }, { 4, 0.5, 0.288675, NAN, NAN, NAN } },
        { "all passed", 2, { { 3, 3, 3 }, { 2, 2, 2 } }, { 5, 1, 0, 0, 0, NAN } },
        { "all failed", 2, { { 0, 0, 3 }, { 0, 0, 2 } }, { 5, 0, 0, 0, 0, NAN } },
        { "one against one", 2, { { 1, 1, 1 }, { 0, 0, 1 } }, { 2, 0.5, 0.5, 0.353553, 0.5, 0.5 } },
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
        struct baton_cluster clusters[9] = { { 0 } };
        double value = (baton_prng_unit(&prng) - 0.5) * 2000;
        for (size_t i = 0; i < 2000; i++) {
            baton_resample_cluster_add(&clusters[i < 9 ? i : baton_prng_below(&prng, 9)], value);
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
        struct baton_cluster clusters[VALUES_MAX] = { { 0 } };
        size_t count = 2 + baton_prng_below(&prng, VALUES_MAX - 1);
        for (size_t i = 0; i < count; i++) {
            baton_resample_cluster_add(&clusters[i], 100 + baton_prng_unit(&prng));
        }
        struct baton_cluster_error got = baton_resample_cluster_error(clusters, count);
        cr_assert(fabs(got.se_cluster_cr1 / got.se_iid - 1) < 1e-8, "round %d", round);
    }
}

Test(resample, the_same_values_twice_in_each_cluster_have_a_design_effect_near_two)
{
    struct baton_cluster clusters[VALUES_MAX] = { { 0 } };
    struct baton_prng prng;
    baton_prng_seed(&prng, 6);
    for (size_t i = 0; i < VALUES_MAX; i++) {
        double value = baton_prng_unit(&prng);
        baton_resample_cluster_add(&clusters[i], value);
        baton_resample_cluster_add(&clusters[i], value);
    }
    struct baton_cluster_error got = baton_resample_cluster_error(clusters, VALUES_MAX);
    double n = 2 * VALUES_MAX;
    cr_expect(fabs(got.design_effect - 2 * (n - 1) / n) < 1e-9, "%.12f", got.design_effect);
}

Test(resample, bootstrap_gives_the_worked_numbers_bit_for_bit)
{
    static double replicates[REPLICATES];
    uint32_t draws[10];
    struct baton_bootstrap_options options = { 42, replicates, REPLICATES, draws };

    struct baton_cluster clusters[8];
    eight_clusters(clusters);
    struct baton_bootstrap got = baton_resample_bootstrap_clusters(clusters, 8, &options);
    cr_expect(is_near(got.mean, 0.753696), "clusters: mean %.9f", got.mean);
    cr_expect(is_near(got.se, 0.120205), "clusters: se %.9f", got.se);
    cr_expect(got.low == 13.0 / 27, "clusters: low %.9f", got.low);    /* 0.481481 */
    cr_expect(got.high == 23.0 / 24, "clusters: high %.9f", got.high); /* 0.958333 */

    double values[COUNT_OF(EIGHT)];
    for (size_t i = 0; i < COUNT_OF(EIGHT); i++) {
        values[i] = EIGHT[i].value;
    }
    got = baton_resample_bootstrap_mean(values, COUNT_OF(EIGHT), &options);
    cr_expect(is_near(got.mean, 0.759364), "values: mean %.9f", got.mean);
    cr_expect(is_near(got.se, 0.085399), "values: se %.9f", got.se);
    cr_expect(got.low == 15.0 / 25 && got.high == 23.0 / 25, "values: [%.9f, %.9f]", got.low, got.high);

    static const double latency_ms[] = { 380, 420, 450, 495, 515, 530, 610, 700, 1210, 2300 };
    options.seed = 7;
    got = baton_resample_bootstrap_percentile(latency_ms, COUNT_OF(latency_ms), 950, &options);
    cr_expect(got.low == 610 && got.high == 2300, "p95: [%.9f, %.9f]", got.low, got.high);
}

Test(resample, bootstrap_leaves_its_replicates_ascending)
{
    static const double values[] = { 3, 1, 2, 9, 4 };
    double replicates[999];
    struct baton_bootstrap_options options = { 8, replicates, COUNT_OF(replicates), NULL };
    struct baton_bootstrap got = baton_resample_bootstrap_mean(values, COUNT_OF(values), &options);
    for (size_t i = 1; i < COUNT_OF(replicates); i++) {
        cr_assert(replicates[i - 1] <= replicates[i]);
    }
    cr_expect(got.low == replicates[24] && got.high == replicates[974]);
}

Test(resample, bootstrap_depends_on_its_seed_alone)
{
    double replicates[2000];
    struct baton_bootstrap_options options = { 42, replicates, COUNT_OF(replicates), NULL };
    struct baton_cluster clusters[8];
    eight_clusters(clusters);
    struct baton_bootstrap first = baton_resample_bootstrap_clusters(clusters, 8, &options);
    struct baton_bootstrap again = baton_resample_bootstrap_clusters(clusters, 8, &options);
    options.seed = 43;
    struct baton_bootstrap other = baton_resample_bootstrap_clusters(clusters, 8, &options);
    cr_expect(first.mean == again.mean && first.se == again.se && first.low == again.low && first.high == again.high);
    cr_expect(first.mean != other.mean);
}

Test(resample, bootstrap_of_nothing_is_nan_and_of_one_thing_that_thing)
{
    double replicates[100];
    uint32_t draws[1];
    struct baton_bootstrap_options options = { 1, replicates, COUNT_OF(replicates), draws };
    static const struct baton_cluster cluster = { 3, 3, 4 };
    static const double value = 0.75;
    struct baton_bootstrap of_nothing[] = {
        baton_resample_bootstrap_clusters(NULL, 0, &options),
        baton_resample_bootstrap_mean(NULL, 0, &options),
        baton_resample_bootstrap_percentile(NULL, 0, 950, &options),
    };
    struct baton_bootstrap of_one[] = {
        baton_resample_bootstrap_clusters(&cluster, 1, &options),
        baton_resample_bootstrap_mean(&value, 1, &options),
        baton_resample_bootstrap_percentile(&value, 1, 950, &options),
    };
    for (size_t i = 0; i < 3; i++) {
        struct baton_bootstrap none = of_nothing[i], one = of_one[i];
        cr_expect(isnan(none.mean) && isnan(none.se) && isnan(none.low) && isnan(none.high), "nothing, %zu", i);
        cr_expect(one.mean == 0.75 && one.se == 0 && one.low == 0.75 && one.high == 0.75, "one, %zu", i);
    }
    options.replicate_count = 1;
    struct baton_bootstrap single = baton_resample_bootstrap_mean(&value, 1, &options);
    cr_expect(single.low == 0.75 && single.high == 0.75 && isnan(single.se), "one replicate has no spread");
}

static size_t drawn_by_sorting(const uint64_t *indices, size_t count, size_t rank)
{
    for (size_t i = 0; i < count; i++) {
        size_t below_count = 0;
        size_t equal_count = 0;
        for (size_t j = 0; j < count; j++) {
            below_count += indices[j] < indices[i];
            equal_count += indices[j] == indices[i];
        }
        if (below_count <= rank && rank < below_count + equal_count) {
            return (size_t)indices[i];
        }
    }
    return SIZE_MAX;
}

Test(resample, bootstrap_percentile_is_that_of_the_values_drawn)
{
    static const unsigned permilles[] = { 1, 250, 500, 950, 1000 };
    double ascending[23];
    for (size_t i = 0; i < COUNT_OF(ascending); i++) {
        ascending[i] = (double)(i * i);
    }
    for (size_t p = 0; p < COUNT_OF(permilles); p++) {
        for (uint64_t seed = 0; seed < 200; seed++) {
            double replicate;
            uint32_t draws[COUNT_OF(ascending)];
            struct baton_bootstrap_options options = { seed, &replicate, 1, draws };
            struct baton_prng prng;
            uint64_t indices[COUNT_OF(ascending)];
            baton_prng_seed(&prng, seed);
            for (size_t i = 0; i < COUNT_OF(ascending); i++) {
                indices[i] = baton_prng_below(&prng, COUNT_OF(ascending));
            }
            size_t rank = baton_resample_rank(COUNT_OF(ascending), permilles[p]);
            size_t want = drawn_by_sorting(indices, COUNT_OF(ascending), rank);
            baton_resample_bootstrap_percentile(ascending, COUNT_OF(ascending), permilles[p], &options);
            cr_assert(replicate == ascending[want], "permille %u, seed %llu", permilles[p], (unsigned long long)seed);
        }
    }
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

Test(resample, repeats_give_the_worked_numbers)
{
    static const struct baton_trials tasks[] = { { 8, 8 }, { 8, 7 }, { 8, 4 }, { 8, 0 } };
    static const struct row {
        uint32_t k;
        double pass_hat, pass_at, plugin;
    } rows[] = {
        { 1, 0.593750, 0.593750, 0.593750 },
        { 2, 0.491071, 0.696429, 0.503906 },
        { 4, 0.378571, 0.746429, 0.412170 },
        { 8, 0.250000, 0.750000, 0.336879 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double pass_hat = 0;
        double pass_at = 0;
        double plugin = 0;
        for (size_t j = 0; j < COUNT_OF(tasks); j++) {
            pass_hat += baton_resample_pass_hat(tasks[j], rows[i].k) / COUNT_OF(tasks);
            pass_at += baton_resample_pass_at(tasks[j], rows[i].k) / COUNT_OF(tasks);
            plugin += pow((double)tasks[j].passed / tasks[j].count, rows[i].k) / COUNT_OF(tasks);
        }
        cr_expect(is_near(pass_hat, rows[i].pass_hat), "k %u: pass^ %.9f", rows[i].k, pass_hat);
        cr_expect(is_near(pass_at, rows[i].pass_at), "k %u: pass@ %.9f", rows[i].k, pass_at);
        cr_expect(is_near(plugin, rows[i].plugin), "k %u: plugin %.9f", rows[i].k, plugin);
        cr_expect(plugin >= pass_hat, "the plain power is biased upwards");
    }
    cr_expect(baton_resample_pass_hat((struct baton_trials){ 4, 3 }, 2) == 0.5, "and not 0.5625");
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

Test(resample, flakiness_gives_the_worked_numbers)
{
    static const struct row {
        const char *outcomes;
        double pass_rate, flip_rate, entropy_bits;
        bool is_flaky;
    } rows[] = {
        { "PPFPPPFP", 0.75, 0.571429, 0.811278, true },
        { "PFPF", 0.5, 1, 1, true },
        { "PPPP", 1, 0, 0, false },
        { "FF", 0, 0, 0, false },
        { "P", 1, NAN, 0, false },
        { "", NAN, NAN, NAN, false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool outcomes[8];
        uint32_t count = 0;
        for (; rows[i].outcomes[count] != '\0'; count++) {
            outcomes[count] = rows[i].outcomes[count] == 'P';
        }
        struct baton_flakiness got = baton_resample_flakiness(outcomes, count);
        cr_expect(is_near(got.pass_rate, rows[i].pass_rate), "'%s': %.9f", rows[i].outcomes, got.pass_rate);
        cr_expect(is_near(got.flip_rate, rows[i].flip_rate), "'%s': %.9f", rows[i].outcomes, got.flip_rate);
        cr_expect(is_near(got.entropy_bits, rows[i].entropy_bits), "'%s': %.9f", rows[i].outcomes, got.entropy_bits);
        cr_expect_eq(got.is_flaky, rows[i].is_flaky, "'%s'", rows[i].outcomes);
        cr_expect_eq(got.trials.count, count, "'%s'", rows[i].outcomes);
        cr_expect(!signbit(got.entropy_bits) && !signbit(got.pass_rate), "'%s': no -0", rows[i].outcomes);
    }
}

Test(resample, all_green_gives_the_worked_numbers)
{
    cr_expect(is_near(baton_resample_all_green(0.95, 10), 0.598737));
    cr_expect(is_near(1 - baton_resample_all_green(0.95, 100), 0.994079));
    cr_expect(baton_resample_all_green(0.5, 0) == 1 && baton_resample_all_green(0, 1) == 0);
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
