/* schema.h - checks a value (a tool's arguments) against a JSON Schema.
 *
 * A schema is a tree as json.h reads it: an object of keywords, or true (anything) or false (nothing). Supported, with the
 * meaning of draft 2020-12:
 *
 *     any value     type (a word or a list of words), enum, const, not, anyOf, allOf, oneOf, if with then and else
 *     numbers       minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
 *     strings       minLength, maxLength (in code points), pattern
 *     arrays        items, prefixItems, minItems, maxItems, uniqueItems; as in draft 7, items as a list with
 *                   additionalItems
 *     objects       properties, patternProperties, additionalProperties, propertyNames, required, minProperties,
 *                   maxProperties, dependentRequired
 *     references    $ref to `#` or `#/...`, a JSON pointer into the same schema; what stands beside it counts too
 *
 * All other keywords are ignored (title, description, default, examples, format, nullable, $schema, $id, $defs,
 * contains, unevaluatedProperties, ...). 1.0 is an integer. Numbers are compared exactly up to 19 digits, as doubles past
 * that. Lengths, equality and uniqueness are of decoded values: 1 equals 1.0, the order of keys does not matter.
 *
 * Patterns: PCRE2 with UTF, in the way of ECMAScript (\uXXXX works, $ is the very end, \d is ASCII; but \p{L}, not
 *           \p{Letter}). A text over a limit of pattern.h does not match, and the reason says so.
 * Owns:     nothing; the arena is for working space and is as it was when a check returns.
 * Threads:  any number may check at once against one schema, each with its own arena.
 * Limits:   BATON_SCHEMA_... in limits.h. A schema whose references never end fits no value.
 */
#ifndef BATON_ENGINE_SCHEMA_SCHEMA_H
#define BATON_ENGINE_SCHEMA_SCHEMA_H

#include "engine/base/json.h"

/* Whether the value fits. Where it does not, `reason` gets the first thing found in the order of the schema's keywords, as
 * in `at /id: must be a string, not a number`, cut at a character's end; reason_bytes is at least 1. A schema that
 * baton_schema_validate() would refuse is safe, but its faulty keywords are ignored. */
bool baton_schema_check(const struct baton_json *schema, const struct baton_json *value, struct baton_arena *arena,
                        char *reason, size_t reason_bytes);

/* For loading: BATON_EINPUT with the place of the first keyword that is not as it should be (a type, a pattern that does
 * not compile, a reference that leads nowhere). */
BATON_MUST_CHECK enum baton_status baton_schema_validate(const struct baton_json *schema,
                                                         const struct baton_source *source, struct baton_error *err);

#endif
