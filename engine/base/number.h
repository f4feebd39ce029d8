/* number.h - numbers out of text, whole and exact: no sign where none belongs, no white space, no overflow, no locale.
 *
 * The forms are those of JSON (RFC 8259 section 6). `take` reads one at the start of a text, which then begins behind it.
 *
 * Owns:     nothing.
 * Errors:   false, with *out and the text as they were.
 */
#ifndef BATON_ENGINE_BASE_NUMBER_H
#define BATON_ENGINE_BASE_NUMBER_H

#include "engine/base/str.h"

#include <stdint.h>

/* The length of the JSON number that the text starts with, or 0. */
size_t baton_number_length(struct baton_str text);

/* The whole text is a number. Digits only for u64, up to 2^64-1; i64 may begin with a minus sign; a double is finite. */
bool baton_number_u64(struct baton_str text, uint64_t *out);
bool baton_number_i64(struct baton_str text, int64_t *out);
bool baton_number_double(struct baton_str text, double *out);

bool baton_number_take_u64(struct baton_str *text, uint64_t *out);
bool baton_number_take_double(struct baton_str *text, double *out);

/* The value of a hexadecimal digit, or -1. */
int baton_number_hex_digit(char digit);

#endif
