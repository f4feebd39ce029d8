/* csv.h - labels without recordings (FORMATS section 3): RFC 4180 fields, separated by commas or tabs.
 *
 * The first record is the header: `text` and `final` are needed, `id`, `cluster`, `tag` and `weight` may be there, others
 * are refused with the nearest known name. A quoted field may hold separators, quotes (doubled) and line breaks.
 */
#ifndef BATON_EVALS_SUITE_CSV_H
#define BATON_EVALS_SUITE_CSV_H

#include "engine/base/json.h"

enum { BATON_CSV_COLUMNS_MAX = 64 };

/* The number of each column, or -1 where the header does not name it. */
struct baton_csv_columns {
    int text, final, id, cluster, tag, weight;
    int count;
};

/* Length of the first record with its line break; the whole text when it does not end. */
size_t baton_csv_record_length(struct baton_str text, char separator);

/* Where the last record that ends in the text ends; 0 when none does. The text starts at a record's start. */
size_t baton_csv_records_end(struct baton_str text, char separator);

/* Reads the header at the start of the source; *bytes gets its length. */
BATON_MUST_CHECK enum baton_status baton_csv_read_header(struct baton_csv_columns *out, size_t *bytes,
                                                         struct baton_arena *arena, const struct baton_source *source,
                                                         char separator, struct baton_error *err);

/* Reads one record as the tree of the conversation it stands for (FORMATS section 2): one user message with its label. The
 * tree and its texts live in the arena; places point into the row. `final` may hold several names joined by `|`; an empty
 * one is no label. */
BATON_MUST_CHECK enum baton_status baton_csv_read_row(const struct baton_json **out, struct baton_arena *arena,
                                                      const struct baton_source *row,
                                                      const struct baton_csv_columns *columns, char separator,
                                                      struct baton_error *err);

#endif
