/* merge.h - puts the results of shards together: the same bytes as one run over all would have left.
 *
 * Counts add up exactly (tally.h); rows are dealt back into input order by what each shard noted of it.
 *
 * Owns:     the counts of all shards, until baton_merge_clear().
 * Errors:   BATON_EUSAGE where the shards are not all the parts of one run: one missing, twice, or of another run.
 */
#ifndef BATON_EVALS_RESULTS_MERGE_H
#define BATON_EVALS_RESULTS_MERGE_H

#include "evals/results/tally_file.h"

#include <stdio.h>

enum { BATON_MERGE_SHARDS_MAX = 512 }; /* open files */

struct baton_merge {
    struct baton_tally_file *shards; /* in their order, 1/n first */
    size_t count;
    struct baton_tally_file whole; /* counts of all; the rest as in every shard */
};

/* Loads the counts of folders or counts.json files, checks that they are the parts of one run, and adds them up. The caller
 * clears it, also on errors. */
BATON_MUST_CHECK enum baton_status baton_merge_load(struct baton_merge *out, struct baton_arena *arena,
                                                    const char *const *paths, size_t count, struct baton_error *err);
void baton_merge_clear(struct baton_merge *merge);

/* Whether every shard that has conversations has its results.jsonl beside its counts. */
bool baton_merge_has_rows(const struct baton_merge *merge, struct baton_arena *arena);

/* Writes the rows of all shards in input order. BATON_EINPUT where rows and counts do not go together; BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_merge_rows(const struct baton_merge *merge, FILE *out,
                                                    struct baton_arena *arena, struct baton_error *err);

#endif
