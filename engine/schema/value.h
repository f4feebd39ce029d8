/* value.h - compares JSON values by what they mean: 1 equals 1.0 and 10e-1, the order of keys does not matter.
 *
 * Numbers are compared exactly where both have at most 19 digits (20 below 2^64), else as the doubles nearest to them.
 *
 * Owns:     nothing.
 * Threads:  any.
 * Errors:   none but the one of baton_value_twins().
 * Limits:   recursion ends at BATON_JSON_DEPTH_MAX, which the readers of values keep.
 */
#ifndef BATON_ENGINE_SCHEMA_VALUE_H
#define BATON_ENGINE_SCHEMA_VALUE_H

#include "engine/base/json.h"

bool baton_value_equal(const struct baton_json *a, const struct baton_json *b);

/* Below 0, 0 or above 0, as number a is less than, equal to or more than number b. */
int baton_value_order(const struct baton_json *a, const struct baton_json *b);

/* Whether a number has no fraction; 1.0 and 1e300 have none. */
bool baton_value_is_whole(const struct baton_json *number);

/* Whether number is divisor times a whole number, in decimal: 0.3 is a multiple of 0.1. False for a divisor of 0. */
bool baton_value_is_multiple(const struct baton_json *number, const struct baton_json *divisor);

/* Two equal elements of an array; the first pair that is found, the same one each time. */
struct baton_value_twins {
    bool is_found;
    bool is_out_of_memory; /* then nothing is known */
    uint32_t first, second;
};

/* Time: n log n. The arena is for working space and is as it was on return. */
struct baton_value_twins baton_value_twins(const struct baton_json *array, struct baton_arena *arena);

#endif
