/* resample.c - clusters, permutations and repeated trials.
 *
 * Draws come from one generator with a given seed and go in a fixed order, so that a figure that rests on chance has the same
 * bytes everywhere. Sums over many equal clusters are taken by class and weight, which costs what is distinct and not what
 * there is.
 */
#include "evals/stats/resample.h"

#include "engine/base/prng.h"

#include <assert.h>
#include <math.h>

enum {
    FLIP_HALF_BITS = BATON_RESAMPLE_FLIPS_EXACT_MAX / 2,
    FLIP_HALF_SUMS = 1 << FLIP_HALF_BITS,
};

static const double ROUNDING = 1e-12; /* relative; smaller differences are none */

/* ---- ranks ---- */

size_t baton_resample_rank(size_t count, unsigned permille)
{
    assert(count > 0 && permille >= 1 && permille <= 1000);
    /* count * permille / 1000 rounded up, in two parts as the product may not fit */
    size_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
    return rank - 1;
}

static void sift_down(double *values, size_t count, size_t root)
{
    while (2 * root + 1 < count) {
        size_t child = 2 * root + 1;
        if (child + 1 < count && values[child] < values[child + 1]) {
            child++;
        }
        if (values[root] >= values[child]) {
            return;
        }
        double moved = values[root];
        values[root] = values[child];
        values[child] = moved;
        root = child;
    }
}

static void sort_ascending(double *values, size_t count)
{
    for (size_t root = count / 2; root > 0; root--) {
        sift_down(values, count, root - 1);
    }
    for (size_t end = count; end > 1; end--) {
        double largest = values[0];
        values[0] = values[end - 1];
        values[end - 1] = largest;
        sift_down(values, end - 1, 0);
    }
}

/* ---- clusters ---- */

static double residual_squares_of(const struct baton_cluster_class *classes, size_t count, double mean)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        const struct baton_cluster *cluster = &classes[i].cluster;
        double residual = cluster->sum - (double)cluster->count * mean;
        squares += (double)classes[i].weight * residual * residual;
    }
    return squares;
}

struct baton_cluster_error baton_resample_cluster_error(const struct baton_cluster_class *classes, size_t class_count)
{
    struct baton_cluster_error error = { 0, NAN, NAN, NAN, NAN, NAN };
    double sum = 0;
    double sum_squares = 0;
    uint64_t used_count = 0;
    for (size_t i = 0; i < class_count; i++) {
        const struct baton_cluster *cluster = &classes[i].cluster;
        sum += (double)classes[i].weight * cluster->sum;
        sum_squares += (double)classes[i].weight * cluster->sum_squares;
        error.count += classes[i].weight * cluster->count;
        used_count += cluster->count > 0 ? classes[i].weight : 0;
    }
    if (error.count == 0) {
        return error;
    }
    double n = (double)error.count;
    error.mean = sum / n;
    double spread = sum_squares - n * error.mean * error.mean;
    bool is_constant = spread <= sum_squares * ROUNDING;
    if (error.count > 1) {
        error.se_iid = is_constant ? 0 : sqrt(spread / (n - 1) / n);
    }
    if (used_count > 1) {
        double residual_squares = is_constant ? 0 : residual_squares_of(classes, class_count, error.mean);
        error.se_cluster = sqrt(residual_squares) / n;
        error.se_cluster_cr1 = error.se_cluster * sqrt((double)used_count / (double)(used_count - 1));
        error.design_effect = is_constant ? NAN : residual_squares * (n - 1) / (n * spread);
    }
    return error;
}

/* ---- bootstrap ---- */

static struct baton_bootstrap bootstrap_summary(double *replicates, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += replicates[i];
    }
    double mean = sum / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (replicates[i] - mean) * (replicates[i] - mean);
    }
    sort_ascending(replicates, count);
    return (struct baton_bootstrap){
        .mean = mean,
        .se = count > 1 ? sqrt(squares / (double)(count - 1)) : NAN,
        .low = replicates[baton_resample_rank(count, 25)],
        .high = replicates[baton_resample_rank(count, 975)],
    };
}

static const struct baton_bootstrap BOOTSTRAP_OF_NOTHING = { NAN, NAN, NAN, NAN };

struct baton_bootstrap baton_resample_bootstrap_clusters(const struct baton_cluster *clusters, size_t cluster_count,
                                                         const struct baton_bootstrap_options *options)
{
    assert(options->replicate_count > 0);
    if (cluster_count == 0) {
        return BOOTSTRAP_OF_NOTHING;
    }
    struct baton_prng prng;
    baton_prng_seed(&prng, options->seed);
    for (size_t i = 0; i < options->replicate_count; i++) {
        double sum = 0;
        uint64_t count = 0;
        for (size_t draw = 0; draw < cluster_count; draw++) {
            const struct baton_cluster *cluster = &clusters[baton_prng_below(&prng, cluster_count)];
            assert(cluster->count > 0);
            sum += cluster->sum;
            count += cluster->count;
        }
        options->replicates[i] = sum / (double)count;
    }
    return bootstrap_summary(options->replicates, options->replicate_count);
}

/* ---- paired differences ---- */

/* sums[mask] = the sum of the values, each with the sign its bit says. */
static void signed_sums(double *sums, const double *values, size_t count)
{
    for (size_t mask = 0; mask < (size_t)1 << count; mask++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += mask >> i & 1 ? -values[i] : values[i];
        }
        sums[mask] = sum;
    }
}

/* All 2^count sign assignments as pairs out of two tables of at most 2^10 sums: fast, and rounding cannot pile up. */
static double flip_exact(const double *values, size_t count, double bar)
{
    double low[FLIP_HALF_SUMS];
    double high[FLIP_HALF_SUMS];
    size_t low_count = count / 2;
    size_t high_count = count - low_count;
    signed_sums(low, values, low_count);
    signed_sums(high, values + low_count, high_count);
    uint32_t hits = 0;
    for (size_t i = 0; i < (size_t)1 << high_count; i++) {
        for (size_t j = 0; j < (size_t)1 << low_count; j++) {
            hits += fabs(high[i] + low[j]) >= bar;
        }
    }
    return (double)hits / (double)(UINT32_C(1) << count);
}

static double flip_sampled(const double *values, size_t count, double bar,
                           const struct baton_sign_flip_options *options)
{
    assert(options->sample_count > 0);
    struct baton_prng prng;
    baton_prng_seed(&prng, options->seed);
    uint32_t hits = 0;
    for (uint32_t sample = 0; sample < options->sample_count; sample++) {
        double sum = 0;
        uint64_t signs = 0;
        for (size_t i = 0; i < count; i++) {
            signs = i % 64 == 0 ? baton_prng_next(&prng) : signs >> 1;
            sum += signs & 1 ? -values[i] : values[i];
        }
        hits += fabs(sum) >= bar;
    }
    return (1 + (double)hits) / (1 + (double)options->sample_count);
}

struct baton_sign_flip baton_resample_sign_flip(const double *differences, size_t count,
                                                const struct baton_sign_flip_options *options)
{
    double signed_values[BATON_RESAMPLE_FLIPS_EXACT_MAX];
    size_t signed_count = 0;
    double sum = 0;
    double size = 0;
    for (size_t i = 0; i < count; i++) {
        sum += differences[i];
        size += fabs(differences[i]);
        if (differences[i] < 0 || differences[i] > 0) {
            if (signed_count < BATON_RESAMPLE_FLIPS_EXACT_MAX) {
                signed_values[signed_count] = differences[i];
            }
            signed_count++;
        }
    }
    if (count == 0 || isnan(sum)) {
        return (struct baton_sign_flip){ NAN, NAN, true };
    }
    bool is_exact = signed_count <= BATON_RESAMPLE_FLIPS_EXACT_MAX;
    double bar = fabs(sum) - size * ROUNDING;
    double p_value =
        is_exact ? flip_exact(signed_values, signed_count, bar) : flip_sampled(differences, count, bar, options);
    return (struct baton_sign_flip){ sum / (double)count, p_value, is_exact };
}

/* ---- repeated trials of one case ---- */

/* C(hits, k) / C(n, k) as a product of k ratios, none above 1. */
static double all_among(uint32_t hits, uint32_t n, uint32_t k)
{
    if (hits < k) {
        return 0;
    }
    double chance = 1;
    for (uint32_t i = 0; i < k && chance > 0; i++) {
        chance *= (double)(hits - i) / (double)(n - i);
    }
    return chance;
}

double baton_resample_pass_at(struct baton_trials trials, uint32_t k)
{
    assert(trials.passed <= trials.count);
    return k > trials.count ? NAN : 1 - all_among(trials.count - trials.passed, trials.count, k);
}

double baton_resample_pass_hat(struct baton_trials trials, uint32_t k)
{
    assert(trials.passed <= trials.count);
    return k > trials.count ? NAN : all_among(trials.passed, trials.count, k);
}

/* ---- stopping early ---- */

static bool plan_is_valid(const struct baton_sprt_plan *plan)
{
    return plan->rate_good < 1 && plan->rate_bad > 0 && plan->rate_bad < plan->rate_good && plan->alpha > 0 &&
           plan->alpha < 0.5 && plan->beta > 0 && plan->beta < 0.5;
}

/* Steps of this size until the bound is reached; rates very near each other would need more than can be counted. */
static uint64_t steps_to(double bound, double step)
{
    return (uint64_t)fmin(fmax(1, ceil(bound / step)), 0x1p63);
}

bool baton_resample_sprt_init(struct baton_sprt *sprt, const struct baton_sprt_plan *plan)
{
    *sprt = (struct baton_sprt){ 0 };
    if (!plan_is_valid(plan)) {
        return false;
    }
    sprt->step_pass = log(plan->rate_bad / plan->rate_good);
    sprt->step_fail = log((1 - plan->rate_bad) / (1 - plan->rate_good));
    sprt->accept = log(plan->beta / (1 - plan->alpha));
    sprt->reject = log((1 - plan->beta) / plan->alpha);
    sprt->passes_to_accept = steps_to(sprt->accept, sprt->step_pass);
    sprt->failures_to_reject = steps_to(sprt->reject, sprt->step_fail);
    return true;
}

enum baton_sprt_verdict baton_resample_sprt_decide(const struct baton_sprt *sprt, struct baton_trials trials)
{
    assert(trials.passed <= trials.count);
    uint32_t failed = trials.count - trials.passed;
    double score = (double)trials.passed * sprt->step_pass + (double)failed * sprt->step_fail;
    if (score <= sprt->accept) {
        return BATON_SPRT_ACCEPT;
    }
    return score >= sprt->reject ? BATON_SPRT_REJECT : BATON_SPRT_CONTINUE;
}
