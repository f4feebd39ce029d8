/* fields.h - reads an object by a table of its fields: the one strict reader of what people write and systems record.
 *
 * A table row names a key, its type, its range and where the value goes. Unknown keys are refused with the nearest known
 * one (keys that begin with `x-` are free), missing required ones, wrong types and out-of-range numbers too, each with
 * its place. A key given as null counts as absent where the row does not say otherwise.
 */
#ifndef BATON_ENGINE_BASE_FIELDS_H
#define BATON_ENGINE_BASE_FIELDS_H

#include "engine/base/json.h"

enum baton_field_type {
    BATON_FIELD_TEXT,    /* struct baton_str; the default stays when absent */
    BATON_FIELD_BOOLEAN, /* bool */
    BATON_FIELD_INT32,   /* int32_t in [low, high] */
    BATON_FIELD_INT64,   /* int64_t in [low, high] */
    BATON_FIELD_NUMBER,  /* double in [low, high] */
    BATON_FIELD_MS,      /* milliseconds >= 0, whole or not -> int64_t nanoseconds (rounded); high in milliseconds */
    BATON_FIELD_WORD,    /* one of `words` -> int32_t index */
    BATON_FIELD_OBJECT,  /* const struct baton_json *, an object */
    BATON_FIELD_ARRAY,   /* const struct baton_json *, an array */
    BATON_FIELD_ANY,     /* const struct baton_json *; null is kept as a node */
    BATON_FIELD_IGNORED  /* known, but of no use here */
};

struct baton_field {
    const char *name;
    const char *alias; /* another spelling, or NULL */
    enum baton_field_type type;
    size_t offset; /* of the value in the struct that is filled */
    bool is_required;
    int64_t low, high;        /* both 0: no bounds */
    const char *const *words; /* NULL-terminated */
};

struct baton_fields {
    const struct baton_source *source;
    const struct baton_field *rows;
    size_t row_count;
    const char *what;    /* for messages: "an agent" */
    bool allows_unknown; /* foreign data: unknown keys are passed over */
};

/* Fills `out` from `object`. Rows without a member leave their default. BATON_EINPUT with the place. */
BATON_MUST_CHECK enum baton_status baton_fields_read(const struct baton_fields *fields, const struct baton_json *object,
                                                     void *out, struct baton_error *err);

/* BATON_EINPUT at a node: `<what> must be <wanted>, not <type>`. */
enum baton_status baton_type_error(const struct baton_source *source, const struct baton_json *node, const char *what,
                                   const char *wanted, struct baton_error *err);

#define BATON_FIELD_COUNT(rows) (sizeof(rows) / sizeof *(rows))

#endif
