/* summarize_repeats.h - the figures about conversations as clusters and about cases as repeated trials.
 *
 * Part of summarize.h, which calls both.
 */
#ifndef BATON_EVALS_TALLY_SUMMARIZE_REPEATS_H
#define BATON_EVALS_TALLY_SUMMARIZE_REPEATS_H

#include "evals/tally/tally.h"
#include "reports/summary.h"

/* Both pack counters of the tally; what they make lives in the arena. BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_summarize_clusters(struct baton_summary *out, struct baton_arena *arena,
                                                            struct baton_tally *tally, struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_summarize_repeats(struct baton_summary *out, struct baton_arena *arena,
                                                           struct baton_tally *tally, struct baton_error *err);

#endif
