/* summarize.h - from counts to figures (METRICS sections 3.1 to 3.6).
 */
#ifndef BATON_EVALS_TALLY_SUMMARIZE_H
#define BATON_EVALS_TALLY_SUMMARIZE_H

#include "evals/tally/tally.h"
#include "reports/summary.h"

/* Fills all figures of the summary but its suite, gates and verdict. Packs the tally's counters, which can only be cleared
 * after. Arrays and texts live in the arena. BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_summarize(struct baton_summary *out, struct baton_arena *arena,
                                                   const struct baton_agents *agents, struct baton_tally *tally,
                                                   struct baton_error *err);

#endif
