#include "engine/base/terminal.h"

#include "engine/base/utf8.h"

enum { MALFORMED = UINT32_MAX >> 1 };

void baton_terminal_colour(struct baton_text *out, bool has_colour, enum baton_colour colour)
{
    static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m" };
    if (has_colour) {
        baton_text_puts(out, codes[colour]);
    }
}

/* The character at the start; one byte of MALFORMED where it is none. */
static uint32_t next_point(struct baton_str text, size_t *length)
{
    *length = baton_utf8_length(text.data, text.length);
    if (*length == 0) {
        *length = 1;
        return MALFORMED;
    }
    return baton_utf8_point(text.data, *length);
}

/* What stands in place of a character, or NULL where it may stay. */
static const char *instead_of(uint32_t point, bool keeps_lines)
{
    if (keeps_lines && (point == '\n' || point == '\t')) {
        return NULL;
    }
    if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029) {
        return " ";
    }
    bool is_bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
    return is_bidi || point == MALFORMED ? "\xef\xbf\xbd" : NULL;
}

static void put(struct baton_text *out, struct baton_str text, bool keeps_lines)
{
    size_t start = 0;
    for (size_t i = 0, length; i < text.length; i += length) {
        unsigned char byte = (unsigned char)text.data[i];
        length = 1;
        if (byte >= 0x20 && byte < 0x7f) {
            continue;
        }
        const char *instead = instead_of(next_point(baton_str_after(text, i), &length), keeps_lines);
        if (instead != NULL) {
            baton_text_append(out, text.data + start, i - start);
            baton_text_puts(out, instead);
            start = i + length;
        }
    }
    baton_text_append(out, text.data + start, text.length - start);
}

void baton_terminal_put(struct baton_text *out, struct baton_str text)
{
    put(out, text, false);
}

void baton_terminal_lines(struct baton_text *out, struct baton_str text)
{
    put(out, text, true);
}

void baton_terminal_pad(struct baton_text *out, struct baton_str text, size_t columns)
{
    baton_terminal_put(out, text);
    for (size_t at = baton_terminal_columns(text); at < columns; at++) {
        baton_text_putc(out, ' ');
    }
}

/* Blocks of characters that take no column or two (Unicode 15, EastAsianWidth.txt and the combining blocks); rarer ones
 * count as one. */
static const struct {
    uint32_t first, last;
    unsigned columns;
} widths[] = {
    { 0x0300, 0x036f, 0 },   { 0x0483, 0x0489, 0 },   { 0x0591, 0x05bd, 0 },   { 0x0610, 0x061a, 0 },
    { 0x064b, 0x065f, 0 },   { 0x1100, 0x115f, 2 },   { 0x1ab0, 0x1aff, 0 },   { 0x1dc0, 0x1dff, 0 },
    { 0x200b, 0x200f, 0 },   { 0x20d0, 0x20ff, 0 },   { 0x231a, 0x231b, 2 },   { 0x23e9, 0x23ec, 2 },
    { 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },   { 0xa960, 0xa97f, 2 },   { 0xac00, 0xd7a3, 2 },
    { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },   { 0xfe20, 0xfe2f, 0 },   { 0xfe30, 0xfe6f, 2 },
    { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
    { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
};

static size_t columns_of(uint32_t point)
{
    for (size_t i = 0; point >= widths[0].first && i < sizeof widths / sizeof *widths; i++) {
        if (point <= widths[i].last) {
            return point >= widths[i].first ? widths[i].columns : 1;
        }
    }
    return 1;
}

size_t baton_terminal_columns(struct baton_str text)
{
    size_t columns = 0;
    for (size_t at = 0, length; at < text.length; at += length) {
        columns += columns_of(next_point(baton_str_after(text, at), &length));
    }
    return columns;
}
