#include "engine/base/str.h"

#include "engine/base/utf8.h"

#include <string.h>
#include <strings.h>

struct baton_str baton_str_of(const char *text)
{
    return (struct baton_str){ text, text == NULL ? 0 : strlen(text) };
}

bool baton_str_equal(struct baton_str a, struct baton_str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool baton_str_is(struct baton_str a, const char *b)
{
    return baton_str_equal(a, baton_str_of(b));
}

bool baton_str_is_caseless(struct baton_str a, const char *b)
{
    return a.length == strlen(b) && (a.length == 0 || strncasecmp(a.data, b, a.length) == 0);
}

bool baton_str_starts(struct baton_str text, const char *start)
{
    size_t length = strlen(start);
    return text.length >= length && (length == 0 || memcmp(text.data, start, length) == 0);
}

bool baton_str_ends(struct baton_str text, const char *end)
{
    size_t length = strlen(end);
    return text.length >= length && (length == 0 || memcmp(text.data + text.length - length, end, length) == 0);
}

struct baton_str baton_str_after(struct baton_str text, size_t bytes)
{
    if (text.length == 0) {
        return text; /* perhaps NULL, to which nothing may be added, not even 0 */
    }
    bytes = bytes < text.length ? bytes : text.length;
    return (struct baton_str){ text.data + bytes, text.length - bytes };
}

size_t baton_str_find(struct baton_str text, char byte)
{
    const char *at = text.length == 0 ? NULL : memchr(text.data, byte, text.length);
    return at == NULL ? text.length : (size_t)(at - text.data);
}

bool baton_str_has(struct baton_str text, struct baton_str part)
{
    return part.length == 0 || (text.length > 0 && memmem(text.data, text.length, part.data, part.length) != NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct baton_str baton_str_trim(struct baton_str text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

struct baton_str baton_str_cut(struct baton_str text, size_t bytes_max)
{
    return text.length <= bytes_max ? text : (struct baton_str){ text.data, baton_utf8_floor(text.data, bytes_max) };
}
