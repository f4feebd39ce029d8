/* forms.h - the forms in which recordings arrive, one table row each; forms.c is where a new one is added.
 *
 * Owns:     nothing; rows are constants, what is read lives in the arena.
 * Threads:  any.
 */
#ifndef BATON_SIM_IMPORT_FORMS_H
#define BATON_SIM_IMPORT_FORMS_H

#include "engine/base/source.h"
#include "sim/import/trace.h"

struct baton_recorded_calls;

struct baton_import_form {
    const char *name, *what;

    /* private: reads the HTTP calls of a file, for the forms that record these */
    enum baton_status (*read_http)(struct baton_recorded_calls *out, struct baton_arena *arena,
                                   const struct baton_source *source, struct baton_error *err);
};

/* The i-th row, or NULL past the end. */
const struct baton_import_form *baton_import_form_at(size_t i);

/* Reads a file. BATON_EINPUT with file:line:column, or where nothing in it can be imported, with the first reason;
 * BATON_ELIMIT, BATON_EIO, BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_import_read(struct baton_trace *out, struct baton_arena *arena,
                                                     const struct baton_import_form *form, const char *path,
                                                     const struct baton_import_options *options,
                                                     struct baton_error *err);

#endif
