/* repeats.h - the repeats of one conversation under way: how often it passed, and how its labelled exchanges, which fall
 * together, count as one cluster.
 *
 * Owns:     nothing; what they come to goes into the tally.
 */
#ifndef BATON_EVALS_TALLY_REPEATS_H
#define BATON_EVALS_TALLY_REPEATS_H

#include "evals/stats/resample.h"
#include "evals/tally/tally.h"
#include "reports/result.h"

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
