#include "engine/base/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

enum baton_status baton_lines_open(struct baton_lines *lines, const char *path, struct baton_error *err)
{
    struct stat info;
    *lines = (struct baton_lines){ .path = path,
                                   .fd = open(path, O_RDONLY | O_CLOEXEC),
                                   .buffer = baton_text_with_limit(BATON_LINE_BYTES_MAX + 2 * (size_t)PIECE_BYTES) };
    if (lines->fd < 0) {
        return baton_error_set(err, BATON_EINPUT, "cannot open '%s': %s", path, strerror(errno));
    }
    if (fstat(lines->fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        baton_lines_close(lines);
        return baton_error_set(err, BATON_EINPUT, "'%s' is a folder, not a file", path);
    }
    return BATON_OK;
}

void baton_lines_close(struct baton_lines *lines)
{
    if (lines->fd >= 0) {
        close(lines->fd);
    }
    lines->fd = -1;
    baton_text_clear(&lines->buffer);
}

/* Drops what was handed out and reads on behind the rest. */
static enum baton_status read_on(struct baton_lines *lines, struct baton_error *err)
{
    char piece[PIECE_BYTES];
    struct baton_text *buffer = &lines->buffer;
    if (lines->at > 0) {
        memmove(buffer->data, buffer->data + lines->at, buffer->length - lines->at);
        buffer->length -= lines->at;
        lines->buffer_offset += lines->at;
        lines->at = 0;
    }
    ssize_t got = read(lines->fd, piece, sizeof piece);
    while (got < 0 && errno == EINTR) {
        got = read(lines->fd, piece, sizeof piece);
    }
    if (got < 0) {
        return baton_error_set(err, BATON_EIO, "cannot read '%s': %s", lines->path, strerror(errno));
    }
    lines->is_at_end = got == 0;
    baton_text_append(buffer, piece, (size_t)got);
    return buffer->failed ? baton_error_set(err, BATON_ENOMEM, "out of memory while reading '%s'", lines->path)
                          : BATON_OK;
}

static enum baton_status too_long(const struct baton_lines *lines, struct baton_error *err)
{
    enum baton_status status =
        baton_error_set(err, BATON_EINPUT, "a line of more than %d MiB, the limit for one", BATON_LINE_BYTES_MAX >> 20);
    baton_error_at(err, lines->path, lines->number + 1, 1);
    return status;
}

enum baton_status baton_lines_next(struct baton_lines *lines, struct baton_line *line, bool *has_line,
                                   struct baton_error *err)
{
    const char *end = NULL;
    size_t looked_at = 0; /* of the line that is wanted */
    *has_line = false;
    for (;;) {
        size_t left = lines->buffer.length - lines->at;
        if (left > looked_at) {
            end = memchr(lines->buffer.data + lines->at + looked_at, '\n', left - looked_at);
        }
        if (end != NULL || lines->is_at_end) {
            break;
        }
        if (left > BATON_LINE_BYTES_MAX) {
            return too_long(lines, err);
        }
        looked_at = left;
        enum baton_status status = read_on(lines, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    size_t left = lines->buffer.length - lines->at;
    if (end == NULL && left == 0) {
        return BATON_OK;
    }
    const char *start = lines->buffer.data + lines->at;
    size_t length = end == NULL ? left : (size_t)(end - start);
    if (length > BATON_LINE_BYTES_MAX) {
        return too_long(lines, err);
    }
    *line = (struct baton_line){ .text = { start, length },
                                 .number = ++lines->number,
                                 .offset = lines->buffer_offset + lines->at,
                                 .is_torn = end == NULL };
    lines->at += length + (end != NULL);
    *has_line = true;
    return BATON_OK;
}
