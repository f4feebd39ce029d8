/* resample.h - spread and tests where cases are not independent or are run more than once.
 *
 * Turns of one conversation and paraphrases of one intent fall together, so their errors are counted by cluster.
 * Draws come from SplitMix64 seeded as told and nothing else: the same seed gives the same bytes everywhere.
 * What has no value (nothing to count, a spread of one) is NaN; callers print it as null and n/a.
 *
 * Owns:     nothing; scratch is the caller's, its size is said where it is asked for.
 * Threads:  any, each with its own scratch.
 * Errors:   none but where a function returns false; broken preconditions are asserted.
 */
#ifndef BATON_EVALS_STATS_RESAMPLE_H
#define BATON_EVALS_STATS_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BATON_RESAMPLE_REPLICATES_DEFAULT = 10000,
    BATON_RESAMPLE_FLIPS_EXACT_MAX = 20, /* differences other than 0 whose 2^n signs are all tried */
};

/* ---- ranks ---- */

/* Position in an ascending array of the nearest-rank percentile, ceil(permille / 1000 * count) - 1, in integers.
 * 1 <= permille <= 1000; count is not 0. */
size_t baton_resample_rank(size_t count, unsigned permille);

/* ---- clusters ---- */

/* What a cluster comes to. All zero is an empty one: the error passes over it, the bootstrap must not be given any. */
struct baton_cluster {
    double sum;
    double sum_squares;
    uint64_t count;
};

/* Clusters that are alike, by their number. */
struct baton_cluster_class {
    struct baton_cluster cluster;
    uint64_t weight;
};

struct baton_cluster_error {
    uint64_t count; /* values, not clusters */
    double mean;
    double se_iid;         /* as if the values were independent: sqrt(sum (x - mean)^2 / (n (n - 1))) */
    double se_cluster;     /* sqrt(sum over clusters (sum over its values (x - mean))^2) / n */
    double se_cluster_cr1; /* that times sqrt(G / (G - 1)), for G clusters that are few */
    double design_effect;  /* (se_cluster / se_iid)^2: how many times too many the cases seem */
};

/* Cluster-robust standard error of the mean (Miller 2024, arXiv 2411.00640; CR1 after Cameron & Miller 2015). One
 * cluster tells nothing of the spread between clusters: the cluster figures are then NaN. The design effect is NaN
 * where all values are equal. */
struct baton_cluster_error baton_resample_cluster_error(const struct baton_cluster_class *classes, size_t class_count);

/* ---- bootstrap ---- */

struct baton_bootstrap_options {
    uint64_t seed;
    double *replicates; /* scratch for replicate_count values; ascending afterwards */
    size_t replicate_count;
};

struct baton_bootstrap {
    double mean; /* of the replicates */
    double se;   /* their standard deviation, with replicate_count - 1 */
    double low;  /* nearest rank 2.5 % */
    double high; /* nearest rank 97.5 % */
};

/* Percentile bootstrap (Efron 1979). A replicate draws as many clusters as there are, with replacement:
 * index = (u64 * count) >> 64, one u64 a draw, replicate after replicate from one stream; it is the sum of sums / the sum
 * of counts. Without clusters all figures are NaN. */
struct baton_bootstrap baton_resample_bootstrap_clusters(const struct baton_cluster *clusters, size_t cluster_count,
                                                         const struct baton_bootstrap_options *options);

/* ---- paired differences ---- */

struct baton_sign_flip_options {
    uint64_t seed;         /* for sampling only */
    uint32_t sample_count; /* for sampling only, and then at least 1 */
};

struct baton_sign_flip {
    double mean;
    double p_value; /* two-sided */
    bool is_exact;  /* every assignment of signs was tried */
};

/* Sign-flip permutation test of the mean of per-case differences (Fisher 1935): the share of sign assignments whose
 * |sum| is not below the observed one. Differences of 0 have no sign; with at most BATON_RESAMPLE_FLIPS_EXACT_MAX
 * others all assignments are tried, above that a seeded sample, p = (1 + hits) / (1 + samples) (Phipson & Smyth
 * 2010), where bit j % 64 of draw j / 64 of a sample flips the j-th difference. Sums within 1e-12 of each other are
 * equal, relative to the sum of all sizes. Mean and p are NaN without differences or when one is NaN; p is 1 when all
 * are 0. */
struct baton_sign_flip baton_resample_sign_flip(const double *differences, size_t count,
                                                const struct baton_sign_flip_options *options);

/* ---- repeated trials of one case ---- */

struct baton_trials {
    uint32_t count;
    uint32_t passed;
};

/* Chance that at least one of k trials passes: 1 - C(n-c, k) / C(n, k) (Chen et al. 2021, arXiv 2107.03374).
 * NaN when k is more than the trials there are. */
double baton_resample_pass_at(struct baton_trials trials, uint32_t k);

/* Chance that all of k trials pass, pass^k: C(c, k) / C(n, k) (Yao et al. 2024, arXiv 2406.12045); the plain
 * (c/n)^k is biased upwards. NaN when k is more than the trials there are. */
double baton_resample_pass_hat(struct baton_trials trials, uint32_t k);

/* ---- stopping early ---- */

struct baton_sprt_plan {
    double rate_good; /* p0: accept at this pass rate, in (0, 1) */
    double rate_bad;  /* p1: reject at this one, in (0, rate_good) */
    double alpha;     /* chance to reject at rate_good, in (0, 0.5) */
    double beta;      /* chance to accept at rate_bad, in (0, 0.5) */
};

/* The table of Wald's sequential test (Wald 1945) over S = passes * step_pass + failures * step_fail. */
struct baton_sprt {
    double step_pass; /* log(p1 / p0), below 0 */
    double step_fail; /* log((1 - p1) / (1 - p0)), above 0 */
    double accept;    /* log(beta / (1 - alpha)): as good as p0 once S is not above it */
    double reject;    /* log((1 - beta) / alpha): as bad as p1 once S is not below it */
    uint64_t passes_to_accept;
    uint64_t failures_to_reject; /* straight ones, from the first trial on */
};

enum baton_sprt_verdict { BATON_SPRT_CONTINUE, BATON_SPRT_ACCEPT, BATON_SPRT_REJECT };

/* False when the plan is out of range, and the table then all zero. */
bool baton_resample_sprt_init(struct baton_sprt *sprt, const struct baton_sprt_plan *plan);

enum baton_sprt_verdict baton_resample_sprt_decide(const struct baton_sprt *sprt, struct baton_trials trials);

#endif
