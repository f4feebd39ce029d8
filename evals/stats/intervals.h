/* intervals.h - how sure a share, a difference or a comparison is.
 *
 * Every interval is two-sided at 95 %, z = BATON_INTERVALS_Z. What has no value (a share of nothing, a plan that no
 * number of cases can meet) is NaN; callers print NaN as null in JSON and as n/a in text. Counts are exact to 2^53.
 *
 * Owns:     nothing; pure functions over numbers, no allocation.
 * Threads:  any.
 * Errors:   none; more passed than there were trials is a mistake of the caller and asserted.
 */
#ifndef BATON_EVALS_STATS_INTERVALS_H
#define BATON_EVALS_STATS_INTERVALS_H

#include <stddef.h>
#include <stdint.h>

#define BATON_INTERVALS_Z 1.959963984540054 /* quantile 0.975 of the standard normal distribution */

struct baton_interval {
    double low;
    double high;
};

struct baton_proportion {
    uint64_t passed;
    uint64_t total;
};

/* Two runs over the same cases, each case counted once. */
struct baton_paired {
    uint64_t both;
    uint64_t candidate_only;
    uint64_t baseline_only;
    uint64_t neither;
};

/* Share of the candidate minus share of the baseline; above 0 the candidate is better. */
struct baton_difference {
    double value;
    double low;
    double high;
};

struct baton_mcnemar {
    double exact; /* never too small, and conservative for it */
    double mid;   /* the one to gate on (Fagerland, Lydersen & Laake 2013) */
};

/* What a paired comparison is planned for. */
struct baton_power {
    double discordant; /* expected share of cases that pass in one run only, in (0, 1] */
    double alpha;      /* two-sided level of the test, in (0, 1): 0.05 */
    double power;      /* chance to see a difference that is there, in (0, 1): 0.8 */
};

/* Wilson's score interval (Wilson 1927), p = passed / total:
 *     ((p + z^2/2n) -+ z sqrt(p (1-p) / n + z^2/4n^2)) / (1 + z^2/n)
 * Low is exactly 0 when none passed, high exactly 1 when all did. NaN for both when total is 0. */
struct baton_interval baton_intervals_wilson(struct baton_proportion proportion);

/* Difference of paired shares, Newcombe's method 10 with the continuity-corrected phi (Newcombe 1998, Stat. Med.
 * 17:2635). It may exclude 0 where the exact McNemar test does not reach 0.05: print both, gate on mid-p. NaN when
 * there are no pairs. */
struct baton_difference baton_intervals_newcombe_paired(const struct baton_paired *paired);

/* McNemar's test on the discordant cases alone, n = candidate_only + baseline_only, X ~ Bin(n, 1/2):
 *     exact = min(1, 2 P(X <= min)),    mid = 2 P(X <= min) - P(X = min)
 * Both are 1 when the two counts are equal, also when both are 0. Up to 2^30 discordant cases the binomial is summed
 * (a value under 1e-280 is given as an upper bound); above, the normal limit is used, off by less than 1e-9. */
struct baton_mcnemar baton_intervals_mcnemar(const struct baton_paired *paired);

/* For tests, as the inverse of the next: pairs needed to see a difference d of the two shares (Connor 1987):
 *     n = ceil(((z_a sqrt(discordant) + z_b sqrt(discordant - d^2)) / d)^2)
 * The sign of the difference does not matter. NaN when it is 0 or more than the discordant share, which no run can
 * show, or when the plan is out of range. */
double baton_intervals_pairs_needed(const struct baton_power *plan, double difference);

/* The smallest difference that so many pairs can show: the formula above solved for d. NaN when even a difference of
 * the whole discordant share needs more pairs, or when the plan is out of range. */
double baton_intervals_difference_detectable(const struct baton_power *plan, uint64_t pair_count);

/* Holm's step-down adjustment (Holm 1979), in place: the i-th smallest of m values becomes the largest so far of
 * min(1, (m - i + 1) p). order is scratch for count entries. A NaN is no test: it stays and does not count in m. */
void baton_intervals_holm(double *p_values, size_t *order, size_t count);

#endif
