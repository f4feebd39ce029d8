/* Sums are whole numbers, so that a flipped sum equals the observed one exactly or not at all, and the result does not depend on
 * the order of the clusters. All 2^k signs are walked in Gray code, one addition a step. Above that, signs are drawn; clusters of
 * one size are drawn together, 64 to a random word, since only the number of flipped ones matters.
 */
#include "evals/stats/paired.h"

#include "engine/base/prng.h"

#include <math.h>
#include <stdlib.h>

static baton_i128 size_of(baton_i128 number)
{
    return number < 0 ? -number : number;
}

/* ---- flips ---- */

static int by_size(const void *a, const void *b)
{
    baton_i128 left = size_of(((const struct baton_paired_cluster *)a)->sum),
               right = size_of(((const struct baton_paired_cluster *)b)->sum);
    return (left < right) - (left > right);
}

/* All signs of so many clusters: the share of them whose sum is not smaller. */
static double flip_all(const struct baton_paired_cluster *clusters, size_t count, baton_i128 observed)
{
    uint64_t hits = 0, all = UINT64_C(1) << count, flipped = 0;
    baton_i128 sum = observed;
    for (uint64_t step = 0; step < all; step++) {
        hits += size_of(sum) >= size_of(observed);
        unsigned next = step + 1 == all ? 0 : (unsigned)__builtin_ctzll(step + 1);
        flipped ^= UINT64_C(1) << next;
        sum += (flipped >> next & 1) != 0 ? -2 * clusters[next].sum : 2 * clusters[next].sum;
    }
    return (double)hits / (double)all;
}

/* The sum of clusters of one size with signs drawn anew. */
static baton_i128 draw(struct baton_prng *prng, baton_i128 size, size_t count)
{
    size_t flipped = 0;
    for (size_t left = count; left > 0;) {
        size_t bits = left < 64 ? left : 64;
        uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        flipped += (size_t)__builtin_popcountll(baton_prng_next(prng) & mask);
        left -= bits;
    }
    return size * ((baton_i128)count - 2 * (baton_i128)flipped);
}

static double flip_drawn(const struct baton_paired_cluster *clusters, size_t count, baton_i128 observed, uint64_t seed)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, seed);
    unsigned hits = 0;
    for (unsigned i = 0; i < BATON_PAIRED_DRAWS; i++) {
        baton_i128 sum = 0;
        for (size_t at = 0, end; at < count; at = end) {
            for (end = at + 1; end < count && size_of(clusters[end].sum) == size_of(clusters[at].sum); end++) {
            }
            sum += draw(&prng, size_of(clusters[at].sum), end - at);
        }
        hits += size_of(sum) >= size_of(observed);
    }
    return (1.0 + hits) / (1.0 + BATON_PAIRED_DRAWS);
}

/* ---- Student's t ---- */

/* The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8), by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 / fmax(fabs(1 - (a + b) * x / (a + 1)), tiny), value = d;
    for (int m = 1; m < 500; m++) {
        const double steps[2] = { m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                                  -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)) };
        double last = value;
        for (int i = 0; i < 2; i++) {
            d = 1 + steps[i] * d;
            c = 1 + steps[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            value *= c * d;
        }
        if (fabs(value - last) <= 1e-16 * fabs(value)) {
            break;
        }
    }
    return value;
}

static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The regularised incomplete beta function. */
static double beta_share(double a, double b, double x)
{
    if (x <= 0 || x >= 1) {
        return x >= 1;
    }
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double baton_paired_t95(double degrees)
{
    double low = BATON_INTERVALS_Z, high = 13; /* 12.71 at one degree */
    while (high - low > 1e-10) {
        double t = (low + high) / 2;
        bool is_short = beta_share(degrees / 2, 0.5, degrees / (degrees + t * t)) > 0.05;
        *(is_short ? &low : &high) = t;
    }
    return (low + high) / 2;
}

/* ---- the test ---- */

static void difference_of(struct baton_paired_result *out, const struct baton_paired_input *input)
{
    long double sum = 0, weight = 0, residuals = 0, clusters = (long double)input->count;
    for (size_t i = 0; i < input->count; i++) {
        sum += (long double)input->clusters[i].sum;
        weight += (long double)input->clusters[i].weight;
    }
    long double mean = sum / weight;
    for (size_t i = 0; i < input->count; i++) {
        long double rest = (long double)input->clusters[i].sum - mean * (long double)input->clusters[i].weight;
        residuals += rest * rest;
    }
    out->difference = (double)mean;
    if (input->count < 2) {
        return;
    }
    long double error = sqrtl(clusters / (clusters - 1) * residuals) / weight;
    double half = baton_paired_t95((double)input->count - 1) * (double)error;
    out->ci_low = fmax(-1, out->difference - half);
    out->ci_high = fmin(1, out->difference + half);
}

struct baton_paired_result baton_paired_test_of(const struct baton_paired_input *input)
{
    struct baton_paired_result out = {
        .difference = NAN, .ci_low = NAN, .ci_high = NAN, .p = NAN, .exact_p = NAN, .test = BATON_PAIRED_FLIPS
    };
    if (input->count == 0) {
        return out;
    }
    baton_i128 observed = 0;
    qsort(input->clusters, input->count, sizeof *input->clusters, by_size);
    for (size_t i = 0; i < input->count; i++) {
        observed += input->clusters[i].sum;
        out.changed += input->clusters[i].sum != 0;
    }
    if (input->table != NULL) {
        struct baton_difference difference = baton_intervals_newcombe_paired(input->table);
        struct baton_mcnemar mcnemar = baton_intervals_mcnemar(input->table);
        out.test = BATON_PAIRED_MCNEMAR;
        out.difference = difference.value;
        out.ci_low = difference.low;
        out.ci_high = difference.high;
        out.p = mcnemar.mid;
        out.exact_p = mcnemar.exact;
        return out;
    }
    difference_of(&out, input);
    if (out.changed <= BATON_PAIRED_EXACT_MAX) {
        out.p = flip_all(input->clusters, out.changed, observed);
    } else {
        out.test = BATON_PAIRED_DRAWN_FLIPS;
        out.p = flip_drawn(input->clusters, out.changed, observed, input->seed);
    }
    return out;
}

const char *baton_paired_test_name(enum baton_paired_test test)
{
    static const char *const names[] = { "mcnemar", "sign flips", "sign flips, drawn" };
    return names[test];
}

unsigned baton_paired_least_told(enum baton_paired_test test, double alpha)
{
    double p = test == BATON_PAIRED_MCNEMAR ? 0.5 : 1;
    unsigned count = 1;
    while (p > alpha && count < 64) {
        p /= 2;
        count++;
    }
    return count;
}
