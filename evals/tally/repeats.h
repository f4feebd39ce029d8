/* repeats.h - what the repeats of a conversation came to together: how often it passed, whether it is flaky, and how its
 * labelled exchanges, which fall together, count as one cluster.
 *
 * Histograms and a bounded list in a total order: parts of a run add up to the whole in any order.
 *
 * Owns:     the list owns its ids, until baton_flaky_clear().
 * Errors:   out of memory sets `failed`, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_REPEATS_H
#define BATON_EVALS_TALLY_REPEATS_H

#include "evals/stats/resample.h"
#include "evals/tally/counter.h"
#include "reports/result.h"

enum { BATON_FLAKY_MAX = 50 };

/* A case that passed sometimes. */
struct baton_flaky {
    struct baton_str id;
    uint32_t n, passed, flips; /* repeats judged; flips: neighbours in order that differ */
};

/* The flakiest, the nearest to a coin first; then by flips, then by id. */
struct baton_flaky_list {
    struct baton_flaky list[BATON_FLAKY_MAX];
    uint32_t count;
    bool failed;
};

/* Adds a case, and drops the steadiest one where there are too many. */
void baton_flaky_add(struct baton_flaky_list *flaky, const struct baton_flaky *one);
void baton_flaky_merge(struct baton_flaky_list *into, const struct baton_flaky_list *from);
void baton_flaky_clear(struct baton_flaky_list *flaky);

struct baton_tally;

/* The repeats of one conversation under way. */
struct baton_repeats {
    uint64_t final_n, final_correct; /* of the tally before */
    uint32_t n, passed, flips;
    bool last_passed;
};

struct baton_repeats baton_repeats_begin(const struct baton_tally *tally);
void baton_repeats_add(struct baton_repeats *repeats, const struct baton_result *result);

/* Whether the repeats so far are enough to tell: never without a plan. */
bool baton_repeats_decided(const struct baton_repeats *repeats, const struct baton_sprt *plan);

/* Counts the conversation. */
void baton_repeats_end(const struct baton_repeats *repeats, struct baton_tally *tally, struct baton_str id);

#endif
