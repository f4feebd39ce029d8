/* rows.h - reads results.jsonl line by line: as plain lines for merging, or as results for comparing and reporting.
 *
 * Owns:     its file and its line, until baton_rows_close(). A line or a result that was given out lives until the next call
 *           (a result also needs the arena that it was read into).
 * Threads:  one at a time.
 * Limits:   BATON_LINE_BYTES_MAX for a line.
 */
#ifndef BATON_EVALS_RESULTS_ROWS_H
#define BATON_EVALS_RESULTS_ROWS_H

#include "engine/base/source.h"
#include "reports/result.h"

#include <stdio.h>

struct baton_rows {
    FILE *file;
    const char *name;
    struct baton_str line; /* of the last call, with its line break; empty at the end */
    unsigned line_number;
    uint64_t offset;      /* where that line begins */
    uint64_t next_offset; /* private, as are those below */
    char *buffer;
    size_t capacity;
    bool owns_file;
};

/* Opens a file; or takes one that is open, from its start, and leaves it open. BATON_EINPUT. */
BATON_MUST_CHECK enum baton_status baton_rows_open(struct baton_rows *rows, const char *path, struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_rows_open_file(struct baton_rows *rows, FILE *file, const char *name,
                                                        struct baton_error *err);
void baton_rows_close(struct baton_rows *rows);

/* Goes on to the next line; rows->line is empty at the end. BATON_EINPUT for a line without a break or one that is too
 * long; BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_rows_next(struct baton_rows *rows, struct baton_error *err);

/* The line that begins at an offset given before. */
BATON_MUST_CHECK enum baton_status baton_rows_at(struct baton_rows *rows, uint64_t offset, struct baton_error *err);

/* Whether the line is the first one of its conversation: its repeat is 0. */
bool baton_rows_is_first(const struct baton_rows *rows);

/* Reads the line into the arena. BATON_EINPUT with the place where it is no line of ours. */
BATON_MUST_CHECK enum baton_status baton_rows_read(const struct baton_rows *rows, struct baton_result *out,
                                                   struct baton_arena *arena, struct baton_error *err);

#endif
