/* compare.h - two results of the same conversations: what got worse, and whether that is more than chance (METRICS 3.9).
 *
 * A side is a folder of `baton eval --out`, its results.jsonl, or its summary.json: the other of the two is looked for
 * beside it, `NAME.summary.json` beside `NAME.results.jsonl`. The results of the run under way may be given as they are.
 *
 * Errors:   BATON_EBASELINE where the two are not of the same conversations, questions and labels; BATON_EINPUT for what
 *           cannot be read.
 */
#ifndef BATON_EVALS_RESULTS_COMPARE_H
#define BATON_EVALS_RESULTS_COMPARE_H

#include "engine/base/json.h"
#include "reports/comparison.h"

#include <stdio.h>

#define BATON_COMPARE_ALPHA 0.05

struct baton_compare_side {
    struct baton_str name;            /* for people and files: without folders */
    const char *path, *rows_path;     /* as given; of the results */
    FILE *rows;                       /* in place of rows_path, or NULL */
    const struct baton_json *summary; /* what summary.json holds */
};

/* Finds and loads what a path stands for. */
BATON_MUST_CHECK enum baton_status baton_compare_open(struct baton_compare_side *out, struct baton_arena *arena,
                                                      const char *path, struct baton_error *err);

/* The two files behind a path, whether they are there or not. */
BATON_MUST_CHECK enum baton_status baton_compare_paths(const char *path, struct baton_arena *arena,
                                                       const char **summary_path, const char **rows_path,
                                                       struct baton_error *err);

struct baton_compare_options {
    const struct baton_compare_side *baseline, *candidate;
    double alpha;       /* level of the verdict, in (0, 1) */
    bool is_part;       /* the candidate is one shard: conversations that it lacks are no matter */
    uint64_t flip_seed; /* of the sign flips, where there are too many to try all */
};

/* What it makes lives in the arena. */
BATON_MUST_CHECK enum baton_status baton_compare(struct baton_comparison *out, struct baton_arena *arena,
                                                 const struct baton_compare_options *options, struct baton_error *err);

#endif
