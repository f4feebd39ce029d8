/* json.h - strict JSON: the one door for what comes from outside.
 *
 * cJSON decodes; this file makes it strict. Refused beyond RFC 8259: duplicate keys, `\u0000` and raw NUL, depth over
 * BATON_JSON_DEPTH_MAX, objects of more than BATON_JSON_KEYS_MAX keys, numbers that no finite double holds. A byte order
 * mark is accepted once, at the start. YAML (yaml.h) is read into the same tree.
 *
 * Owns:     nothing; the tree lives in the arena. Texts of numbers point into the source, which must outlive the tree.
 * Threads:  any number may parse at once, each with its own arena.
 * Process:  cJSON's hooks are set before main(). A program that this is linked into may use cJSON as if it were alone: outside
 *           a parse they are malloc and free. It may set hooks of its own, but not while a thread is here; parsing is slower
 *           then, and a lack of their memory is reported as a mistake in the text.
 * Errors:   file:line:column of the place.
 */
#ifndef BATON_ENGINE_BASE_JSON_H
#define BATON_ENGINE_BASE_JSON_H

#include "engine/base/limits.h"
#include "engine/base/source.h"

enum baton_json_type {
    BATON_JSON_NULL,
    BATON_JSON_BOOLEAN,
    BATON_JSON_NUMBER,
    BATON_JSON_STRING,
    BATON_JSON_ARRAY,
    BATON_JSON_OBJECT
};

struct baton_json {
    const struct baton_json *next;  /* the next element or member, or NULL */
    const struct baton_json *child; /* first element or member of an array or object */
    struct baton_str key;           /* of a member */
    struct baton_str text;          /* decoded string; a number as it was written */
    double number;
    uint32_t count;              /* elements or members */
    uint32_t offset, key_offset; /* bytes from the start of the source */
    uint8_t type;                /* enum baton_json_type */
    bool boolean;
    bool is_binary; /* a string that YAML tagged !!binary: base64, as it was written (baton_yaml_parse_with_binary()) */
};

BATON_MUST_CHECK enum baton_status baton_json_parse(const struct baton_json **out, struct baton_arena *arena,
                                                    const struct baton_source *source, struct baton_error *err);

/* The member of that name, case counting, or NULL. */
const struct baton_json *baton_json_get(const struct baton_json *object, const char *key);

/* Whether the number is an integer in [low, high], exactly, also past 2^53; 1.0 and 1e2 are integers. */
bool baton_json_integer(const struct baton_json *node, int64_t low, int64_t high, int64_t *out);

/* `a string`, `an object`, ... */
const char *baton_json_type_name(const struct baton_json *node);

/* Refuses two members of one name. For the readers that build trees. */
BATON_MUST_CHECK enum baton_status baton_json_check_keys(const struct baton_json *object,
                                                         const struct baton_source *source, struct baton_arena *arena,
                                                         struct baton_error *err);

struct baton_text;

/* Writes the tree as JSON without white space; numbers as they were written. Depth is bounded by the reader. */
void baton_json_write(struct baton_text *out, const struct baton_json *node);

#endif
