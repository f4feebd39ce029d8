/* utf8.h - characters in bytes (RFC 3629: no surrogates, no overlong forms).
 *
 * Owns:     nothing.
 * Errors:   none; what is not UTF-8 has length 0.
 */
#ifndef BATON_ENGINE_BASE_UTF8_H
#define BATON_ENGINE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BATON_UTF8_REPLACEMENT = 0xfffd };

/* Bytes of the character that the text starts with, 1 to 4; 0 where it starts with none. `left` is at least 1. */
size_t baton_utf8_length(const char *text, size_t left);

/* Whether all of it is UTF-8; *bad gets the place of the first bad byte where not. */
bool baton_utf8_valid(const char *data, size_t length, size_t *bad);

/* The code point of a character of so many bytes, as baton_utf8_length() told. */
uint32_t baton_utf8_point(const char *text, size_t length);

/* Writes a code point, at most 0x10ffff, and returns its bytes; `out` has room for 4. */
size_t baton_utf8_write(char *out, uint32_t point);

/* The largest place not after `at` where a character begins. text[at] is read: it is within the text. */
size_t baton_utf8_floor(const char *text, size_t at);

/* Characters of a text that is UTF-8. */
size_t baton_utf8_count(const char *text, size_t length);

/* Takes away the part of a character that a text ends with, as one does that was cut to fit a buffer. */
void baton_utf8_finish(char *text);

#endif
