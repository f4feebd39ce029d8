/* schema_shape.h - which keywords of JSON Schema are known and what they must look like. Private to this folder: read by
 * schema_check.c on the way through a schema, and by schema_validate.c before.
 *
 * Owns:     nothing.
 * Threads:  any.
 */
#ifndef BATON_ENGINE_SCHEMA_SCHEMA_SHAPE_H
#define BATON_ENGINE_SCHEMA_SCHEMA_SHAPE_H

#include "engine/base/json.h"

/* identifier, name, shape of its value, type of the values it speaks about (ANY: all) */
#define BATON_SCHEMA_KEYWORDS(X)                                     \
    X(TYPE, "type", TYPE, ANY)                                       \
    X(ENUM, "enum", LIST, ANY)                                       \
    X(CONST, "const", ANY, ANY)                                      \
    X(MINIMUM, "minimum", NUMBER, NUMBER)                            \
    X(MAXIMUM, "maximum", NUMBER, NUMBER)                            \
    X(EXCLUSIVE_MINIMUM, "exclusiveMinimum", NUMBER, NUMBER)         \
    X(EXCLUSIVE_MAXIMUM, "exclusiveMaximum", NUMBER, NUMBER)         \
    X(MULTIPLE_OF, "multipleOf", POSITIVE, NUMBER)                   \
    X(MIN_LENGTH, "minLength", COUNT, STRING)                        \
    X(MAX_LENGTH, "maxLength", COUNT, STRING)                        \
    X(PATTERN, "pattern", PATTERN, STRING)                           \
    X(ITEMS, "items", SCHEMA_OR_LIST, ARRAY)                         \
    X(PREFIX_ITEMS, "prefixItems", SCHEMA_LIST, ARRAY)               \
    X(ADDITIONAL_ITEMS, "additionalItems", SCHEMA, ARRAY)            \
    X(MIN_ITEMS, "minItems", COUNT, ARRAY)                           \
    X(MAX_ITEMS, "maxItems", COUNT, ARRAY)                           \
    X(UNIQUE_ITEMS, "uniqueItems", BOOLEAN, ARRAY)                   \
    X(PROPERTIES, "properties", SCHEMA_MAP, OBJECT)                  \
    X(PATTERN_PROPERTIES, "patternProperties", PATTERN_MAP, OBJECT)  \
    X(ADDITIONAL_PROPERTIES, "additionalProperties", SCHEMA, OBJECT) \
    X(PROPERTY_NAMES, "propertyNames", SCHEMA, OBJECT)               \
    X(REQUIRED, "required", NAMES, OBJECT)                           \
    X(DEPENDENT_REQUIRED, "dependentRequired", NAMES_MAP, OBJECT)    \
    X(MIN_PROPERTIES, "minProperties", COUNT, OBJECT)                \
    X(MAX_PROPERTIES, "maxProperties", COUNT, OBJECT)                \
    X(NOT, "not", SCHEMA, ANY)                                       \
    X(ANY_OF, "anyOf", SCHEMA_LIST, ANY)                             \
    X(ALL_OF, "allOf", SCHEMA_LIST, ANY)                             \
    X(ONE_OF, "oneOf", SCHEMA_LIST, ANY)                             \
    X(IF, "if", SCHEMA, ANY)                                         \
    X(THEN, "then", SCHEMA, ANY)                                     \
    X(ELSE, "else", SCHEMA, ANY)                                     \
    X(REF, "$ref", REFERENCE, ANY)                                   \
    X(DEFS, "$defs", SCHEMA_MAP, ANY)                                \
    X(DEFINITIONS, "definitions", SCHEMA_MAP, ANY)

#define BATON_SCHEMA_KEYWORD_ENUM(id, name, shape, about) BATON_SCHEMA_##id,
enum baton_schema_keyword { BATON_SCHEMA_KEYWORDS(BATON_SCHEMA_KEYWORD_ENUM) BATON_SCHEMA_KEYWORD_COUNT };
#undef BATON_SCHEMA_KEYWORD_ENUM

/* What a keyword's value may look like, and what follows from that for what stands below it. */
enum baton_schema_shape {
    BATON_SHAPE_ANY,
    BATON_SHAPE_BOOLEAN,
    BATON_SHAPE_NUMBER,
    BATON_SHAPE_POSITIVE,
    BATON_SHAPE_COUNT,
    BATON_SHAPE_LIST,
    BATON_SHAPE_TYPE,
    BATON_SHAPE_NAMES,
    BATON_SHAPE_NAMES_MAP,
    BATON_SHAPE_PATTERN,
    BATON_SHAPE_REFERENCE,
    BATON_SHAPE_SCHEMA,
    BATON_SHAPE_SCHEMA_LIST,
    BATON_SHAPE_SCHEMA_OR_LIST,
    BATON_SHAPE_SCHEMA_MAP,
    BATON_SHAPE_PATTERN_MAP
};

extern const struct baton_schema_shape_row {
    unsigned types; /* a bit per enum baton_json_type */
    const char *wanted;
} baton_schema_shapes[];

extern const struct baton_schema_keyword_row {
    const char *name;
    uint8_t length;
    uint8_t shape; /* enum baton_schema_shape */
    uint8_t about; /* a bit per type */
} baton_schema_keywords[BATON_SCHEMA_KEYWORD_COUNT];

/* Which keyword has that name; COUNT when none. */
enum baton_schema_keyword baton_schema_keyword_named(struct baton_str name);

/* Which keyword the member of a schema is: COUNT when it is not known, or its value's type makes no sense. */
enum baton_schema_keyword baton_schema_keyword_of(const struct baton_json *member);

/* Whether the keyword says something about values of this type. */
bool baton_schema_keyword_is_about(enum baton_schema_keyword keyword, enum baton_json_type type);

enum { BATON_SCHEMA_INTEGER = BATON_JSON_OBJECT + 1, BATON_SCHEMA_TYPE_COUNT };

extern const struct baton_schema_type_row {
    const char *name;
    size_t length;
    const char *article;                           /* `an array` */
} baton_schema_types[BATON_SCHEMA_TYPE_COUNT + 1]; /* the last one stands for an unknown type */

/* The number of a type's name, as in enum baton_json_type, or BATON_SCHEMA_INTEGER; TYPE_COUNT when unknown. */
unsigned baton_schema_type(struct baton_str name);

/* What a reference `#...` points at in the schema, or NULL. */
const struct baton_json *baton_schema_reference(const struct baton_json *root, struct baton_str reference);

#endif
