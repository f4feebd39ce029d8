/* out_file.h - files that are either old or whole: written under a temporary name beside them, then renamed.
 *
 * A run killed at any instant leaves the old file untouched and a readable beginning in `NAME.part`. A path that is there
 * and no ordinary file (/dev/stdout, a fifo, a link) is written to as it is.
 */
#ifndef BATON_REPORTS_OUT_FILE_H
#define BATON_REPORTS_OUT_FILE_H

#include "engine/base/arena.h"
#include "engine/base/error.h"

#include <stdio.h>

struct baton_out_file {
    FILE *file;
    const char *path, *part; /* in the arena */
    bool is_broken;          /* private: writing failed; the part is still there */
};

/* Makes the folder and those above it. BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_out_folder_make(const char *folder, struct baton_error *err);

/* Opens folder/name (folder NULL: name is a path) for writing. */
BATON_MUST_CHECK enum baton_status baton_out_open(struct baton_out_file *out, struct baton_arena *arena,
                                                  const char *folder, const char *name, struct baton_error *err);

/* Closes and puts it in place; on an error the old file stays, and what was written until baton_out_discard(). A file that
 * was not opened is fine. */
BATON_MUST_CHECK enum baton_status baton_out_commit(struct baton_out_file *out, struct baton_error *err);

/* Writes a whole text to folder/name in one go. */
BATON_MUST_CHECK enum baton_status baton_out_write(struct baton_arena *arena, const char *folder, const char *name,
                                                   struct baton_str text, struct baton_error *err);

/* Closes and removes what was written; the old file stays. A file that was not opened is fine. */
void baton_out_discard(struct baton_out_file *out);

/* Removes folder/name where it is there. */
void baton_out_remove(struct baton_arena *arena, const char *folder, const char *name);

#endif
