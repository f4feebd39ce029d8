/* rates.h - the sums behind every rate: how many labels, what they come to, and how they fall together in clusters.
 *
 * A rate is a weighted mean of values from 0 to 1 (METRICS section 4). What its value and its interval need are a few sums over
 * labels and over clusters; all are whole numbers, so parts of a run add up to the whole in any order, to the last bit.
 * Values count in parts of BATON_RATE_ONE, which is divisible by 1 to 20, 24, 25, 32, 50 and 100, so that a share of so many
 * trials is exact; weights in millionths, times BATON_RATE_ONE.
 *
 * A cluster is what is drawn independently. Most are one conversation: baton_rates_close() ends them. Named ones may go on in
 * any other conversation and stay open, in memory, until baton_rates_finish().
 *
 * Owns:     its tables, until baton_rates_clear().
 * Threads:  one at a time.
 * Limits:   some 250 bytes for each rate, and 80 for each rate that a named cluster has labels of.
 * Errors:   out of memory and sums above 2^128 set `failed`, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_RATES_H
#define BATON_EVALS_TALLY_RATES_H

#include "evals/stats/wide.h"
#include "evals/tally/table.h"

#define BATON_RATE_ONE UINT64_C(18623404800) /* 2^8 3^2 5^2 7 11 13 17 19 */
#define BATON_RATE_WEIGHT_ONE UINT64_C(1000000)

enum baton_rate_kind {
    BATON_RATE_ACCURACY,
    BATON_RATE_FIRST_HOP,
    BATON_RATE_ROUTE,
    BATON_RATE_ALL,
    BATON_RATE_FACTS,
    BATON_RATE_OVER_ROUTING,
    BATON_RATE_UNDER_ROUTING,
    BATON_RATE_MISROUTING,
    BATON_RATE_POSITION, /* id: enum baton_position */
    BATON_RATE_RECALL,   /* id: agent */
    BATON_RATE_SLICE,    /* id: of the slice (slices.h) */
    BATON_RATE_KINDS
};

/* Which of the rates of that kind; 0 where there is one only. */
struct baton_rate_key {
    enum baton_rate_kind kind;
    uint64_t id;
};

struct baton_rate_sums {
    struct baton_wide squares, products, weight_squares; /* over clusters: of S, of S and W, of W */
    baton_u128 weight;                                   /* W, in BATON_RATE_ONE millionths */
    baton_u128 sum;   /* S: of weights times values, in BATON_RATE_ONE of the above */
    baton_u128 plain; /* of values alone */
    uint64_t n, clusters;
    uint64_t low, high; /* values: BATON_RATE_ONE - the least; the greatest */
};

struct baton_rates {
    struct baton_table sums;    /* struct baton_rate_sums by kind and id */
    struct baton_table open;    /* what named clusters have so far, by cluster and rate */
    struct baton_table current; /* what the conversation under way has so far, by rate */
    bool failed;
};

struct baton_rates baton_rates_of(void);
void baton_rates_clear(struct baton_rates *rates);
void baton_rates_merge(struct baton_rates *into, const struct baton_rates *from);
bool baton_rates_failed(const struct baton_rates *rates);

/* A label, or its share in a rate. */
struct baton_rate_item {
    uint64_t cluster; /* hash of its name; 0: that of the conversation under way */
    baton_u128 weight;
    uint64_t value;
};

void baton_rates_add(struct baton_rates *rates, struct baton_rate_key key, const struct baton_rate_item *item);

/* Ends the cluster of the conversation under way. */
void baton_rates_close(struct baton_rates *rates);

/* Ends all named clusters. Nothing can be added or merged after. */
void baton_rates_finish(struct baton_rates *rates);

/* NULL where no label was counted. */
const struct baton_rate_sums *baton_rates_find(const struct baton_rates *rates, struct baton_rate_key key);

/* What the sums come to. NaN where there is no label. */
struct baton_rate_value {
    uint64_t n;
    double correct, value, n_eff, ci_low, ci_high;
};

/* The weighted mean; the variance of it over clusters (CR1: Cameron & Miller 2015), which makes the labels worth n_eff
 * independent ones; and Wilson's interval at that (METRICS 4.3). `sums` may be NULL. */
struct baton_rate_value baton_rate_value_of(const struct baton_rate_sums *sums);

#endif
