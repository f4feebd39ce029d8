/* intervals.c - intervals and tests on shares.
 *
 * Closed forms throughout, each by its paper, and the exact sum where a normal limit would be off: suites are small, and a
 * gate that trusts a limit at n = 12 is wrong. Binomial terms are summed from one of them by ratios, so that nothing overflows
 * and no digits are lost.
 */
#include "evals/stats/intervals.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

static const uint64_t MCNEMAR_SUMMED_MAX = UINT64_C(1) << 30; /* discordant cases; about 600,000 steps at most */
static const double MCNEMAR_HALF_MAX = 1e290;                 /* relative to the weight at the smaller count */
static const double SQRT_HALF = 0.70710678118654752440;

/* Wilson's interval over counts that may be sums too large for an integer. */
static struct baton_interval wilson_at(double share, double n)
{
    if (!(n > 0)) {
        return (struct baton_interval){ NAN, NAN };
    }
    double z = BATON_INTERVALS_Z, scale = 1 + z * z / n, centre = share + z * z / (2 * n);
    double spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    double low = share <= 0 ? 0 : fmax(0, (centre - spread) / scale);
    double high = share >= 1 ? 1 : fmin(1, (centre + spread) / scale);
    return (struct baton_interval){ low, high };
}

struct share {
    double value;
    struct baton_interval bounds;
};

static struct share share_of(double passed, double total)
{
    return (struct share){ passed / total, wilson_at(passed / total, total) };
}

struct baton_interval baton_intervals_wilson(struct baton_proportion proportion)
{
    assert(proportion.passed <= proportion.total);
    return share_of((double)proportion.passed, (double)proportion.total).bounds;
}

/* sqrt(a^2 - 2 phi a b + b^2) of two distances; rounding must not make a root of a negative number. */
static double distance_join(double a, double b, double phi)
{
    return sqrt(fmax(0, a * a - 2 * phi * a * b + b * b));
}

static struct baton_difference newcombe(const struct share *candidate, const struct share *baseline, double phi)
{
    double value = candidate->value - baseline->value;
    double below =
        distance_join(candidate->value - candidate->bounds.low, baseline->bounds.high - baseline->value, phi);
    double above =
        distance_join(candidate->bounds.high - candidate->value, baseline->value - baseline->bounds.low, phi);
    return (struct baton_difference){ value, fmax(-1, value - below), fmin(1, value + above) };
}

/* Newcombe's phi: a positive association is lessened by n/2, but not below 0; an empty margin has none. */
static double phi_corrected(double both, double candidate_only, double baseline_only, double neither)
{
    double total = both + candidate_only + baseline_only + neither;
    double margins_root = sqrt(both + candidate_only) * sqrt(baseline_only + neither) * sqrt(both + baseline_only) *
                          sqrt(candidate_only + neither);
    double association = both * neither - candidate_only * baseline_only;
    if (margins_root <= 0) {
        return 0;
    }
    if (association > 0) {
        association = fmax(0, association - total / 2);
    }
    return association / margins_root;
}

struct baton_difference baton_intervals_newcombe_paired(const struct baton_paired *paired)
{
    double both = (double)paired->both;
    double candidate_only = (double)paired->candidate_only;
    double baseline_only = (double)paired->baseline_only;
    double neither = (double)paired->neither;
    double total = both + candidate_only + baseline_only + neither;
    if (total <= 0) {
        return (struct baton_difference){ NAN, NAN, NAN };
    }
    struct share candidate = share_of(both + candidate_only, total);
    struct share baseline = share_of(both + baseline_only, total);
    struct baton_difference difference =
        newcombe(&candidate, &baseline, phi_corrected(both, candidate_only, baseline_only, neither));
    difference.value = (candidate_only - baseline_only) / total; /* the same number with one rounding */
    return difference;
}

/* Sums the weights of Bin(n, 1/2) relative to the weight at `smaller`: downwards they are the tail, upwards the rest
 * of the lower half, and twice that half is the whole. No logarithm takes part, so no digits are lost. */
static struct baton_mcnemar mcnemar_summed(uint64_t smaller, uint64_t total)
{
    double tail = 1;
    double weight = 1;
    for (uint64_t i = smaller; i > 0 && weight > tail * 1e-20; i--) {
        weight *= (double)i / (double)(total - i + 1);
        tail += weight;
    }
    double half = tail;
    weight = 1;
    for (uint64_t i = smaller + 1; 2 * i <= total && half < MCNEMAR_HALF_MAX; i++) {
        weight *= (double)(total - i + 1) / (double)i;
        half += 2 * i == total ? weight / 2 : weight;
    }
    double exact = tail / half;
    return (struct baton_mcnemar){ fmin(1, exact), exact - 1 / (2 * half) };
}

static struct baton_mcnemar mcnemar_normal(double smaller, double larger)
{
    double sigma = sqrt(smaller + larger) / 2;
    double distance = (larger - smaller) / 2;
    return (struct baton_mcnemar){ erfc((distance - 0.5) / sigma * SQRT_HALF), erfc(distance / sigma * SQRT_HALF) };
}

struct baton_mcnemar baton_intervals_mcnemar(const struct baton_paired *paired)
{
    uint64_t smaller = paired->candidate_only;
    uint64_t larger = paired->baseline_only;
    if (smaller > larger) {
        smaller = paired->baseline_only;
        larger = paired->candidate_only;
    }
    if (smaller == larger) {
        return (struct baton_mcnemar){ 1, 1 };
    }
    if (larger > MCNEMAR_SUMMED_MAX || smaller + larger > MCNEMAR_SUMMED_MAX) {
        return mcnemar_normal((double)smaller, (double)larger);
    }
    return mcnemar_summed(smaller, smaller + larger);
}

/* Halves the range until it cannot be halved: erfc is monotone, and this needs no table of coefficients. */
static double normal_quantile(double probability)
{
    double low = -40;
    double high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle * SQRT_HALF) / 2 < probability) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high;
}

static bool is_inside(double value, double low, double high)
{
    return value > low && value < high;
}

static bool plan_is_valid(const struct baton_power *plan)
{
    return plan->discordant > 0 && plan->discordant <= 1 && is_inside(plan->alpha, 0, 1) &&
           is_inside(plan->power, 0, 1);
}

double baton_intervals_pairs_needed(const struct baton_power *plan, double difference)
{
    double delta = fabs(difference);
    if (!plan_is_valid(plan) || !(delta > 0 && delta <= plan->discordant)) {
        return NAN;
    }
    double z_alpha = normal_quantile(1 - plan->alpha / 2);
    double z_beta = normal_quantile(plan->power);
    double noise = z_alpha * sqrt(plan->discordant) + z_beta * sqrt(plan->discordant - delta * delta);
    double root = fmax(0, noise) / delta;
    return fmax(1, ceil(root * root));
}

double baton_intervals_difference_detectable(const struct baton_power *plan, uint64_t pair_count)
{
    if (!plan_is_valid(plan) || pair_count == 0) {
        return NAN;
    }
    double n = (double)pair_count;
    double z_alpha = normal_quantile(1 - plan->alpha / 2);
    double z_beta = normal_quantile(plan->power);
    double slack = n - z_alpha * z_alpha + z_beta * z_beta; /* below 0 for very few pairs: delta is then NaN */
    double delta = sqrt(plan->discordant) * (z_alpha * sqrt(n) + z_beta * sqrt(slack)) / (n + z_beta * z_beta);
    return delta > 0 && delta <= plan->discordant ? delta : NAN;
}

/* A total order: equal values keep the order they came in. */
static bool comes_before(const double *values, size_t a, size_t b)
{
    return values[a] < values[b] || (values[a] == values[b] && a < b);
}

static void sift_down(size_t *order, size_t count, size_t root, const double *values)
{
    while (2 * root + 1 < count) {
        size_t child = 2 * root + 1;
        if (child + 1 < count && comes_before(values, order[child], order[child + 1])) {
            child++;
        }
        if (!comes_before(values, order[root], order[child])) {
            return;
        }
        size_t moved = order[root];
        order[root] = order[child];
        order[child] = moved;
        root = child;
    }
}

static void order_ascending(size_t *order, size_t count, const double *values)
{
    for (size_t root = count / 2; root > 0; root--) {
        sift_down(order, count, root - 1, values);
    }
    for (size_t end = count; end > 1; end--) {
        size_t largest = order[0];
        order[0] = order[end - 1];
        order[end - 1] = largest;
        sift_down(order, end - 1, 0, values);
    }
}

void baton_intervals_holm(double *p_values, size_t *order, size_t count)
{
    size_t test_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(p_values[i])) {
            order[test_count++] = i;
        }
    }
    order_ascending(order, test_count, p_values);
    double largest = 0;
    for (size_t rank = 0; rank < test_count; rank++) {
        double adjusted = fmin(1, (double)(test_count - rank) * p_values[order[rank]]);
        largest = fmax(largest, adjusted);
        p_values[order[rank]] = largest;
    }
}
