/* baseline.h - a run held against an earlier one: loaded before, compared at the end, replaced only when asked to.
 *
 * A baseline is what compare.h calls a side: a folder of results, or a summary.json with its results.jsonl beside it.
 *
 * The results are opened when it is loaded, so that a run may write its own in their place.
 *
 * Owns:     the open results, until baton_baseline_close(); what it makes lives in the arena.
 */
#ifndef BATON_EVALS_RESULTS_BASELINE_H
#define BATON_EVALS_RESULTS_BASELINE_H

#include "evals/results/compare.h"
#include "reports/summary.h"

struct baton_baseline {
    const char *path; /* NULL: there is none */
    struct baton_compare_side side;
    bool is_loaded;
};

/* Loads the baseline of that path; NULL is none. One that is not there is an error but where it may be missing. */
BATON_MUST_CHECK enum baton_status baton_baseline_open(struct baton_baseline *out, struct baton_arena *arena,
                                                       const char *path, bool may_be_missing, struct baton_error *err);

void baton_baseline_close(struct baton_baseline *baseline);

/* Where the results of this run can be read again. */
struct baton_baseline_rows {
    const char *path; /* or NULL, and then: */
    FILE *file;
};

/* Compares a summarised run with the baseline and hangs the comparison into the summary; nothing where there is none.
 * `is_part`: the run is one shard. */
BATON_MUST_CHECK enum baton_status baton_baseline_compare(const struct baton_baseline *baseline,
                                                          struct baton_summary *summary,
                                                          const struct baton_baseline_rows *rows, bool is_part,
                                                          struct baton_arena *arena, struct baton_error *err);

/* Puts this run in the baseline's place: its results and its summary, without what was compared. */
BATON_MUST_CHECK enum baton_status baton_baseline_update(const struct baton_baseline *baseline,
                                                         const struct baton_summary *summary,
                                                         const struct baton_baseline_rows *rows,
                                                         struct baton_arena *arena, struct baton_error *err);

#endif
