/* source.h - where a text came from, so that an error can name its place.
 *
 * A source is a whole file, or one line of a JSONL file (then line_first is that line's number). It owns nothing: name
 * and text must outlive it and all that is parsed from it.
 */
#ifndef BATON_ENGINE_BASE_SOURCE_H
#define BATON_ENGINE_BASE_SOURCE_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"

struct baton_source {
    const char *name;    /* as the user wrote it */
    unsigned line_first; /* the number of its first line; 0 counts as 1 */
    struct baton_str text;
};

/* BATON_EINPUT with a text and the place of a byte offset: line and column, in bytes, both from 1. */
enum baton_status baton_source_error(const struct baton_source *source, size_t offset, struct baton_error *err,
                                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads a whole file (`-` = standard input) into the arena. Errors: BATON_EINPUT when it cannot be opened, is a folder or
 * is larger than limit_bytes; BATON_EIO when reading fails; BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_source_load(struct baton_source *out, struct baton_arena *arena,
                                                     const char *path, size_t limit_bytes, struct baton_error *err);

/* path as seen from the folder of base: absolute paths and `-` stay as they are. NULL when out of memory. */
const char *baton_path_beside(struct baton_arena *arena, const char *base, struct baton_str path);

/* The file's name without folders, and without its last ending. */
struct baton_str baton_path_stem(const char *path);

/* Whether the path ends in `.ending`, case-blind. */
bool baton_path_ends(const char *path, const char *ending);

#endif
