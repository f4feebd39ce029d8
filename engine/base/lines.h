/* lines.h - reads a file line by line, so that a large one is never held whole.
 *
 * Lines end with a line feed, which does not belong to them. A last line without one is reported as such (is_torn): what was
 * being written when its writer was killed ends like that.
 *
 * Owns:     its buffer and the file, until baton_lines_close().
 * Threads:  a reader belongs to one thread.
 * Limits:   BATON_LINE_BYTES_MAX for a line.
 * Errors:   BATON_EINPUT (cannot be opened, a line too long) and BATON_EIO, with the file's name.
 */
#ifndef BATON_ENGINE_BASE_LINES_H
#define BATON_ENGINE_BASE_LINES_H

#include "engine/base/source.h"
#include "engine/base/text.h"

struct baton_line {
    struct baton_str text; /* until the next one is read */
    unsigned number;       /* from 1 */
    uint64_t offset;       /* of its first byte in the file */
    bool is_torn;          /* the file ends without a line feed */
};

struct baton_lines {
    const char *path; /* private, as all below */
    int fd;
    struct baton_text buffer;
    size_t at;              /* of the next line in the buffer */
    uint64_t buffer_offset; /* of the buffer in the file */
    unsigned number;
    bool is_at_end;
};

/* The path must outlive the reader. */
BATON_MUST_CHECK enum baton_status baton_lines_open(struct baton_lines *lines, const char *path,
                                                    struct baton_error *err);
void baton_lines_close(struct baton_lines *lines);

/* The next line; *has_line is false at the end. */
BATON_MUST_CHECK enum baton_status baton_lines_next(struct baton_lines *lines, struct baton_line *line, bool *has_line,
                                                    struct baton_error *err);

#endif
