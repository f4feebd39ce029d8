/* paired.h - two runs over the same labels: by how much they differ, and whether chance explains it (METRICS 4.4).
 *
 * What is drawn independently is a cluster, so each cluster brings one number: the sum of its labels' weighted differences,
 * candidate minus baseline. Where every cluster has one label of weight 1 that either holds or does not, that is McNemar's
 * table, and its mid-p and Newcombe's paired interval are taken. Elsewhere the signs of the sums are flipped: if the two runs
 * were alike, each sum might as well have come out the other way round (Fisher 1935).
 *
 * Owns:     nothing. Threads: any. Errors: none; what has no value is NaN.
 */
#ifndef BATON_EVALS_STATS_PAIRED_H
#define BATON_EVALS_STATS_PAIRED_H

#include "evals/stats/intervals.h"

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef __int128 baton_i128;

enum { BATON_PAIRED_EXACT_MAX = 20, BATON_PAIRED_DRAWS = 100000 };

struct baton_paired_cluster {
    baton_i128 sum;    /* of weights times differences, in any unit */
    baton_i128 weight; /* in the same unit: a label that goes from failing to passing adds as much to both */
};

struct baton_paired_input {
    struct baton_paired_cluster *clusters; /* brought into another order */
    size_t count;
    uint64_t labels;
    const struct baton_paired *table; /* where each cluster is one label of weight 1, 0 or 1 in both runs; else NULL */
    uint64_t seed;                    /* of the draws */
};

enum baton_paired_test { BATON_PAIRED_MCNEMAR, BATON_PAIRED_FLIPS, BATON_PAIRED_DRAWN_FLIPS };

struct baton_paired_result {
    enum baton_paired_test test;
    double difference, ci_low, ci_high; /* of the weighted mean; [-1, 1] at most; NaN with one cluster */
    double p, exact_p;                  /* two-sided; p is mid-p of McNemar; exact_p NaN elsewhere */
    size_t changed;                     /* clusters whose sum is not 0 */
};

struct baton_paired_result baton_paired_test_of(const struct baton_paired_input *input);

/* `mcnemar`, `sign flips`, `sign flips, drawn` */
const char *baton_paired_test_name(enum baton_paired_test test);

/* The least number of labels, each in a cluster of its own, that all get worse and are told at that level. */
unsigned baton_paired_least_told(enum baton_paired_test test, double alpha);

/* The two-sided quantile of Student's t: P(|T| <= t) = 0.95, to 1e-9. */
double baton_paired_t95(double degrees);

#endif
