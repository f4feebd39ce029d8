/* str.h - borrowed text: a pointer and a length.
 *
 * Owns:     nothing; a str is as long lived as what it points into, and not always NUL-terminated.
 * Errors:   none.
 */
#ifndef BATON_ENGINE_BASE_STR_H
#define BATON_ENGINE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

struct baton_str {
    const char *data;
    size_t length;
};

/* For static initialisers, where BATON_STR() may not stand. */
#define BATON_STR_INIT(literal)        \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define BATON_STR(literal) ((struct baton_str){ (literal), sizeof(literal) - 1 })

/* For printf: "%.*s" with BATON_STR_ARGS(text). */
#define BATON_STR_ARGS(text) (int)(text).length, (text).data

/* NULL is empty. */
struct baton_str baton_str_of(const char *text);

bool baton_str_equal(struct baton_str a, struct baton_str b);
bool baton_str_is(struct baton_str a, const char *b);

/* The same but for the case of A to Z. */
bool baton_str_is_caseless(struct baton_str a, const char *b);

bool baton_str_starts(struct baton_str text, const char *start);
bool baton_str_ends(struct baton_str text, const char *end);

/* What follows the first `bytes` bytes; empty where there is no more. */
struct baton_str baton_str_after(struct baton_str text, size_t bytes);

/* Where a byte first stands, or the text's length. */
size_t baton_str_find(struct baton_str text, char byte);

/* Whether the one stands somewhere in the other. */
bool baton_str_has(struct baton_str text, struct baton_str part);

/* Without the spaces, tabs and line breaks at both ends. */
struct baton_str baton_str_trim(struct baton_str text);

/* The start of the text: at most so many bytes, and whole characters. */
struct baton_str baton_str_cut(struct baton_str text, size_t bytes_max);

#endif
