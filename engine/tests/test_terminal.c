#include "engine/base/terminal.h"

#include <criterion/criterion.h>

enum { LIMIT = 4096 };

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* What stands for U+FFFD. */
#define BAD "\xef\xbf\xbd"

Test(terminal, makes_texts_harmless)
{
    static const struct {
        const char *name, *text, *put, *lines;
    } rows[] = {
        { "plain", "ab c\xc3\xa9", "ab c\xc3\xa9", "ab c\xc3\xa9" },
        { "an escape sequence", "a\x1b[31mb", "a [31mb", "a [31mb" },
        { "line feed and tab", "a\nb\tc", "a b c", "a\nb\tc" },
        { "carriage return", "a\rb", "a b", "a b" },
        { "DEL and C1",
          "a\x7f\xc2\x9b"
          "b",
          "a  b", "a  b" },
        { "line separator",
          "a\xe2\x80\xa8"
          "b",
          "a b", "a b" },
        { "right to left override",
          "a\xe2\x80\xae"
          "b",
          "a" BAD "b", "a" BAD "b" },
        { "isolate", "\xe2\x81\xa6", BAD, BAD },
        { "no UTF-8",
          "a\xff"
          "b",
          "a" BAD "b", "a" BAD "b" },
    };
    struct baton_text out = baton_text_with_limit(LIMIT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        baton_text_reset(&out);
        baton_terminal_put(&out, baton_str_of(rows[i].text));
        cr_expect_str_eq(out.data, rows[i].put, "%s", rows[i].name);
        baton_text_reset(&out);
        baton_terminal_lines(&out, baton_str_of(rows[i].text));
        cr_expect_str_eq(out.data, rows[i].lines, "%s, in lines", rows[i].name);
    }
    baton_text_clear(&out);
}

Test(terminal, measures_pads_and_fits)
{
    static const struct {
        const char *text;
        size_t columns;
    } rows[] = {
        { "", 0 },          { "abc", 3 }, { "\xc3\xa9", 1 }, { "\xe6\xbc\xa2", 2 }, { "\xf0\x9f\x98\x80", 2 },
        { "e\xcc\x81", 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect_eq(baton_terminal_columns(baton_str_of(rows[i].text)), rows[i].columns, "'%s'", rows[i].text);
    }
    struct baton_text out = baton_text_with_limit(LIMIT);
    baton_terminal_pad(&out, BATON_STR("\xe6\xbc\xa2"), 4);
    baton_terminal_pad(&out, BATON_STR("long"), 2);
    cr_expect_str_eq(out.data, "\xe6\xbc\xa2  long");
    baton_text_clear(&out);
}

Test(terminal, colours_where_there_are_colours)
{
    struct baton_text out = baton_text_with_limit(LIMIT);
    baton_terminal_colour(&out, false, BATON_RED);
    cr_expect_eq(out.length, 0);
    baton_terminal_colour(&out, true, BATON_RED);
    baton_terminal_colour(&out, true, BATON_PLAIN);
    cr_expect_str_eq(out.data, "\x1b[31m\x1b[0m");
    baton_text_clear(&out);
}
