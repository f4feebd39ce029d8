/* schema_check.h - one check on its way through a schema, keyword by keyword. Private to this folder: schema.c begins a check
 * and holds the keywords for any value, schema_parts.c those for numbers, strings, arrays and objects.
 *
 * Owns:     nothing; all of it lives on the stack of baton_schema_check().
 * Threads:  a check belongs to one thread.
 */
#ifndef BATON_ENGINE_SCHEMA_SCHEMA_CHECK_H
#define BATON_ENGINE_SCHEMA_SCHEMA_CHECK_H

#include "engine/schema/schema_shape.h"

/* Where in the value a check stands: a chain on the stack, from the leaf to the root. */
struct baton_schema_location {
    const struct baton_schema_location *up;
    const struct baton_json *value;
    size_t index; /* among the elements of an array */
};

struct baton_schema_run;
struct baton_schema_use;

/* Whether the value fits the keyword. */
typedef bool baton_schema_fits(struct baton_schema_run *run, const struct baton_schema_use *use,
                               const struct baton_schema_location *at);

struct baton_schema_run {
    baton_schema_fits *const *fits; /* by keyword; NULL for those that others read */
    const struct baton_json *root;  /* for references */
    struct baton_arena *arena;
    char *reason;
    size_t reason_bytes;
    const struct baton_schema_location *base; /* needs no naming in the reason */
    bool is_quiet;                            /* whether, not why */
    const char *stopped;                      /* a limit was reached: no, whatever `not` would make of it */
    unsigned depth, references;
};

/* One keyword in use. */
struct baton_schema_use {
    enum baton_schema_keyword keyword;
    const struct baton_json *schema; /* the object it stands in */
    const struct baton_json *node;   /* its value */
};

/* Checks the value at a location against a schema. */
bool baton_schema_apply(struct baton_schema_run *run, const struct baton_json *schema,
                        const struct baton_schema_location *at);

/* Writes the reason, where it is wanted, and returns false. */
bool baton_schema_fail(struct baton_schema_run *run, const struct baton_schema_location *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Ends the whole check and returns false. */
bool baton_schema_stop(struct baton_schema_run *run, const char *why);

#endif
