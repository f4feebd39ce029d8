/* tally_file.h - exact counts of a run on disk (counts.json), so that shards can be added up later.
 *
 * Beside summary.json, which holds figures, a run with --out leaves its counts: all that baton_summarize() needs, with the
 * names of the agents and the declared handoffs, so that neither agents nor conversations are needed again. Keys of counters
 * are agents by their position in the file; a counter is a text of `step` or `step:count`, a step being the distance to
 * the key before.
 */
#ifndef BATON_EVALS_RESULTS_TALLY_FILE_H
#define BATON_EVALS_RESULTS_TALLY_FILE_H

#include "engine/base/json.h"
#include "engine/core/agents.h"
#include "evals/tally/tally.h"
#include "reports/summary.h"

/* What decides figures beside the counts. */
struct baton_tally_about {
    const struct baton_agents *agents;
    const struct baton_summary *summary; /* its suite block and the texts of its gates */
    struct baton_str play;               /* limits and the like, as one text */
    const struct baton_json *weights;    /* of the suite, or NULL */
    bool is_strict;
    struct baton_str order; /* of a shard: see struct baton_runner_options; data NULL: none */
};

/* Writes the counts of a run. */
void baton_tally_write(struct baton_text *out, const struct baton_tally *tally, const struct baton_tally_about *about);

/* What a counts file holds; texts live in the arena. */
struct baton_tally_file {
    const char *path;
    struct baton_tally tally;
    struct baton_agents *agents;   /* names and handoffs only */
    struct baton_summary suite;    /* its suite block only */
    const struct baton_str *gates; /* texts */
    size_t gate_count;
    uint32_t shard_index, shard_count; /* 0 and 1 for a whole run */
    struct baton_str play;             /* limits and the like, as one text */
    bool is_strict;
    const struct baton_json *weights; /* or NULL */
    struct baton_str order;           /* data NULL: of a whole run */
};

/* Reads a counts file; the caller clears out->tally, also on errors. BATON_EINPUT with the place. */
BATON_MUST_CHECK enum baton_status baton_tally_read(struct baton_tally_file *out, struct baton_arena *arena,
                                                    const char *path, struct baton_error *err);

/* Writes what was read, or merged, again; without a shard and an order where is_whole. */
void baton_tally_file_write(struct baton_text *out, const struct baton_tally_file *file, bool is_whole);

#endif
