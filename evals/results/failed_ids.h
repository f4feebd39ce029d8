/* failed_ids.h - which conversations failed in an earlier result, for running only those again.
 */
#ifndef BATON_EVALS_RESULTS_FAILED_IDS_H
#define BATON_EVALS_RESULTS_FAILED_IDS_H

#include "engine/base/error.h"
#include "evals/tally/counter.h"

#include <stdint.h>

struct baton_arena;
struct baton_str;

/* Puts the keys of all that failed, or could not be judged, in some repeat. `path` is a folder of results, or one of its
 * files. The caller clears the counter, also on errors. */
BATON_MUST_CHECK enum baton_status baton_failed_ids_read(struct baton_counter *out, struct baton_arena *arena,
                                                         const char *path, struct baton_error *err);

/* The key of an id in it. */
uint64_t baton_failed_ids_key(struct baton_str id);

#endif
