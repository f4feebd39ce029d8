/* schema_shape.h - which keywords of JSON Schema are known and what they must look like. Private to schema.c and
 * schema_shape.c, which also holds baton_schema_validate().
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

/* Which keyword the member of a schema is: COUNT when it is not known, or its value's type makes no sense. */
enum baton_schema_keyword baton_schema_keyword_of(const struct baton_json *member);

/* Whether the keyword says something about values of this type. */
bool baton_schema_keyword_is_about(enum baton_schema_keyword keyword, enum baton_json_type type);

enum { BATON_SCHEMA_INTEGER = BATON_JSON_OBJECT + 1, BATON_SCHEMA_TYPE_COUNT };

/* The number of a type's name, as in enum baton_json_type, or BATON_SCHEMA_INTEGER; TYPE_COUNT when unknown. */
unsigned baton_schema_type(struct baton_str name);
const char *baton_schema_type_article(unsigned type); /* `an array` */

/* What a reference `#...` points at in the schema, or NULL. */
const struct baton_json *baton_schema_reference(const struct baton_json *root, struct baton_str reference);

#endif
