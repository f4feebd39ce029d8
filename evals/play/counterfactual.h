/* counterfactual.h - what the same conversations come to under other limits: `max_turns=6,loops=stop`.
 *
 * Nothing is asked of a model again: a recording is replayed, and cut where the other limits cut it.
 */
#ifndef BATON_EVALS_PLAY_COUNTERFACTUAL_H
#define BATON_EVALS_PLAY_COUNTERFACTUAL_H

#include "evals/play/runner.h"
#include "reports/figures.h"

/* Changes how conversations are played: max_turns=N, max_handoffs=N (-1: no limit), loops=stop|report,
 * on_handoff=continue|stop, with commas between. BATON_EUSAGE. */
BATON_MUST_CHECK enum baton_status baton_counterfactual_read(struct baton_play *play, const char *text,
                                                             struct baton_error *err);

/* Plays the same conversations again under other limits and writes a table: figure, as it was, as it would be; only figures
 * that differ, or a line that says that none does. `options` are those of the run that `was` sums up, without what it gave
 * others. */
BATON_MUST_CHECK enum baton_status baton_counterfactual_run(struct baton_text *out, const char *text,
                                                            const struct baton_runner_options *options,
                                                            const struct baton_summary *was, struct baton_arena *arena,
                                                            struct baton_error *err);

#endif
