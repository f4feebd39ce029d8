/* summary_blocks.h - the blocks of summary.json that a run need not have: null where there is none, and then a gate on
 * their figures fails and says what is missing.
 */
#ifndef BATON_REPORTS_SUMMARY_BLOCKS_H
#define BATON_REPORTS_SUMMARY_BLOCKS_H

#include "engine/base/json_writer.h"
#include "reports/summary.h"

/* Whether such a block has a figure of that path (`baseline.mid_p`, `regressions`), and its value. */
bool baton_summary_block_figure(const struct baton_summary *summary, struct baton_str path,
                                struct baton_figure_value *out);

/* The i-th path, or NULL past the end. */
const char *baton_summary_block_name(size_t i);

/* The values of the keys `repeats` and `baseline`. */
void baton_summary_write_repeats(struct baton_json_writer *writer, const struct baton_summary *summary);
void baton_summary_write_baseline(struct baton_json_writer *writer, const struct baton_summary *summary);

#endif
