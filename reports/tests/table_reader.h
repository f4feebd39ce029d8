/* table_reader.h - a strict reader of CSV (RFC 4180) for tests: records end in CRLF, all have as many fields as the first.
 */
#ifndef BATON_REPORTS_TESTS_TABLE_READER_H
#define BATON_REPORTS_TESTS_TABLE_READER_H

#include "engine/base/arena.h"

struct table {
    struct baton_str *cells; /* row by row, the header first */
    size_t rows, columns;
};

/* NULL, or what is wrong. Cells are as they are written; table_plain() takes off what keeps a spreadsheet from reading a
 * formula. */
const char *table_read(struct table *out, struct baton_arena *arena, struct baton_str text);
struct baton_str table_plain(struct baton_str cell);

/* The cell of a row (from 1; 0 is the header) under a name of the header, plain; data NULL: no such column. */
struct baton_str table_at(const struct table *table, size_t row, const char *column);

#endif
