/* tally_file.h - exact counts of a run on disk (counts.json), so that shards can be added up later.
 *
 * Beside summary.json, which holds figures, a run with --out leaves its counts: all that baton_summarize() needs, with the
 * names of the agents and the declared handoffs, so that neither agents nor conversations are needed again. Keys of counters
 * are agents by their position in the file.
 */
#ifndef BATON_EVALS_TALLY_FILE_H
#define BATON_EVALS_TALLY_FILE_H

#include "evals/tally.h"
#include "reports/summary.h"

/* Writes the counts of a run with the suite block and the gates of its summary. Packs no counters: the tally stays usable. */
void baton_tally_write(struct baton_text *out, const struct baton_tally *tally, const struct baton_agents *agents,
                       const struct baton_summary *summary);

/* What a counts file holds. */
struct baton_tally_file {
    struct baton_tally tally;
    struct baton_agents *agents;   /* names and handoffs only */
    struct baton_summary suite;    /* its suite block only */
    const struct baton_str *gates; /* texts */
    size_t gate_count;
    uint32_t shard_index, shard_count; /* 0 and 1 for a whole run */
};

/* Reads a counts file; the caller clears out->tally. BATON_EINPUT with the place. */
BATON_MUST_CHECK enum baton_status baton_tally_read(struct baton_tally_file *out, struct baton_arena *arena,
                                                    const char *path, struct baton_error *err);

#endif
