/* tap_reader.h - a strict reader of TAP 13 and 14 for tests.
 */
#ifndef BATON_REPORTS_TESTS_TAP_READER_H
#define BATON_REPORTS_TESTS_TAP_READER_H

#include "engine/base/json.h"

struct tap_point {
    struct baton_str description, skip; /* unescaped; skip data NULL: no directive */
    const struct baton_json *diagnosis; /* NULL: none */
    bool is_ok;
};

struct tap {
    struct tap_point *points;
    size_t count;
};

/* Reads a whole report: version, plan, points with their YAML. NULL, or what is wrong. Points that are not ok must have a
 * diagnosis with a message, others none. */
const char *tap_read(struct tap *out, struct baton_arena *arena, struct baton_str text);

#endif
