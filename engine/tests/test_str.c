#include "engine/base/str.h"

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

Test(str, compares)
{
    struct baton_str text = BATON_STR("Transfer_to_a");
    const struct baton_str none = { NULL, 0 };
    cr_expect(baton_str_is(text, "Transfer_to_a") && !baton_str_is(text, "Transfer_to_") && baton_str_is(none, ""));
    cr_expect(baton_str_equal(none, BATON_STR("")));
    cr_expect(baton_str_is_caseless(text, "tRANSFER_TO_A") && !baton_str_is_caseless(text, "transfer_to_b"));
    cr_expect(baton_str_starts(text, "Trans") && baton_str_starts(text, "") && !baton_str_starts(text, "trans"));
    cr_expect(baton_str_ends(text, "_a") && baton_str_ends(text, "") && !baton_str_ends(text, "x"));
    cr_expect_not(baton_str_starts(BATON_STR("ab"), "abc"), "longer than the text");
    cr_expect_not(baton_str_ends(BATON_STR("ab"), "xab"));
    cr_expect(baton_str_has(text, BATON_STR("to")) && baton_str_has(text, none) && !baton_str_has(none, text));
    cr_expect_eq(baton_str_find(text, '_'), 8);
    cr_expect_eq(baton_str_find(text, '?'), text.length);
    cr_expect_eq(baton_str_find(none, '?'), 0);
}

Test(str, takes_parts)
{
    static const struct {
        const char *text, *trimmed;
    } rows[] = {
        { " a b ", "a b" }, { "\t\r\nx", "x" }, { "x\n", "x" }, { " ", "" }, { "", "" }, { "\va\f", "\va\f" }
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect(baton_str_is(baton_str_trim(baton_str_of(rows[i].text)), rows[i].trimmed), "'%s'", rows[i].text);
    }
    cr_expect(baton_str_is(baton_str_after(BATON_STR("abc"), 2), "c"));
    cr_expect(baton_str_is(baton_str_after(BATON_STR("abc"), 9), ""));
    cr_expect(baton_str_is(baton_str_cut(BATON_STR("abc"), 3), "abc"));
    cr_expect(baton_str_is(baton_str_cut(BATON_STR("abc"), 2), "ab"));
    cr_expect(baton_str_is(baton_str_cut(BATON_STR("a\xc3\xa9"), 2), "a"), "whole characters");
    cr_expect(baton_str_is(baton_str_cut(BATON_STR("\xf0\x9f\x98\x80"), 3), ""));
}

/* ---- utf8 ---- */

Test(str, knows_the_characters_of_utf8)
{
    static const struct {
        const char *text;
        size_t length;
        uint32_t point;
    } rows[] = {
        { "a", 1, 'a' },
        { "\xc3\xa9", 2, 0xe9 },
        { "\xe2\x82\xac", 3, 0x20ac },
        { "\xf0\x9f\x98\x80", 4, 0x1f600 },
        { "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
        { "\xc0\x80", 0, 0 },         /* overlong */
        { "\xed\xa0\x80", 0, 0 },     /* a surrogate */
        { "\xf4\x90\x80\x80", 0, 0 }, /* past the last one */
        { "\xe2\x82", 0, 0 },         /* cut off */
        { "\x80", 0, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[4];
        size_t length = baton_utf8_length(rows[i].text, strlen(rows[i].text));
        cr_expect_eq(length, rows[i].length, "row %zu", i);
        if (length == 0) {
            continue;
        }
        cr_expect_eq(baton_utf8_point(rows[i].text, length), rows[i].point, "row %zu", i);
        cr_expect_eq(baton_utf8_write(out, rows[i].point), length, "row %zu", i);
        cr_expect_eq(memcmp(out, rows[i].text, length), 0, "row %zu", i);
    }
    cr_expect_eq(baton_utf8_count("a\xc3\xa9\xf0\x9f\x98\x80", 7), 3);
}

Test(str, finishes_a_text_that_was_cut)
{
    static const struct {
        const char *cut, *want;
    } rows[] = { { "", "" },
                 { "abc", "abc" },
                 { "ab\xc3", "ab" },
                 { "ab\xc3\xa9", "ab\xc3\xa9" },
                 { "a\xf0\x9f\x98", "a" },
                 { "\xe2\x82", "" },
                 { "\xc3\xa9\xe2", "\xc3\xa9" } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[8];
        memcpy(text, rows[i].cut, strlen(rows[i].cut) + 1);
        baton_utf8_finish(text);
        cr_expect_str_eq(text, rows[i].want, "row %zu", i);
    }
}

/* ---- number ---- */

Test(str, reads_whole_numbers)
{
    static const struct {
        const char *text;
        bool is_number;
        uint64_t want;
    } rows[] = {
        { "0", true, 0 },   { "007", true, 7 },  { "18446744073709551615", true, UINT64_MAX },
        { "", false, 0 },   { "-1", false, 0 },  { "18446744073709551616", false, 0 },
        { " 1", false, 0 }, { "1 ", false, 0 },  { "+1", false, 0 },
        { "1x", false, 0 }, { "0x1", false, 0 }, { "99999999999999999999", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t got = 42;
        cr_expect_eq(baton_number_u64(baton_str_of(rows[i].text), &got), rows[i].is_number, "'%s'", rows[i].text);
        cr_expect_eq(got, rows[i].is_number ? rows[i].want : 42, "'%s'", rows[i].text);
    }
    struct baton_str rest = BATON_STR("12/34");
    uint64_t number = 0;
    cr_expect(baton_number_take_u64(&rest, &number) && number == 12 && baton_str_is(rest, "/34"));
    cr_expect_not(baton_number_take_u64(&rest, &number));
    cr_expect(number == 12 && baton_str_is(rest, "/34"), "all stays as it was");
}

Test(str, reads_doubles)
{
    static const struct {
        const char *text;
        bool is_number;
        double want;
    } rows[] = {
        { "0.1", true, 0.1 },  { "-2", true, -2 },  { "1e3", true, 1000 }, { "5e-324", true, 5e-324 },
        { "1e400", false, 0 }, { "1.", false, 0 },  { ".5", false, 0 },    { "01", false, 0 },
        { "nan", false, 0 },   { "inf", false, 0 }, { "0x1p3", false, 0 }, { "1,5", false, 0 },
        { "1 ", false, 0 },    { "1e", false, 0 },  { "", false, 0 },      { "--1", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        double got = 42;
        cr_expect_eq(baton_number_double(baton_str_of(rows[i].text), &got), rows[i].is_number, "'%s'", rows[i].text);
        cr_expect(got == (rows[i].is_number ? rows[i].want : 42), "'%s' is %g", rows[i].text, got);
    }
    struct baton_str rest = BATON_STR("0.25%");
    double number = 0;
    cr_expect(baton_number_take_double(&rest, &number) && number == 0.25 && baton_str_is(rest, "%"));
    cr_expect_eq(baton_number_hex_digit('f') + baton_number_hex_digit('A') + baton_number_hex_digit('9'), 34);
    cr_expect_eq(baton_number_hex_digit('g'), -1);
}

/* ---- decimal ---- */

Test(str, compares_decimals_exactly)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {
        { "1", "1.0", 0 },      { "10e-1", "1", 0 },         { "0.3", "0.300000000000000001", -1 },
        { "-0", "0", 0 },       { "-1", "1", -1 },           { "9007199254740993", "9007199254740992", 1 },
        { "1e300", "1e-9", 1 }, { "-1e300", "-1e-300", -1 }, { "1e99999999999", "2", 1 },
        { "0.1", "0.01", 1 },   { "1000000", "1e6", 0 },     { "-2", "-1", -1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct baton_decimal a = baton_decimal_of(baton_str_of(rows[i].a)),
                             b = baton_decimal_of(baton_str_of(rows[i].b));
        cr_assert(a.is_exact && b.is_exact, "%s, %s", rows[i].a, rows[i].b);
        int order = baton_decimal_order(a, b), back = baton_decimal_order(b, a);
        cr_expect_eq((order > 0) - (order < 0), rows[i].want, "%s, %s", rows[i].a, rows[i].b);
        cr_expect_eq(back, -order, "%s, %s", rows[i].b, rows[i].a);
    }
    cr_expect_not(baton_decimal_of(BATON_STR("1.00000000000000000000000001")).is_exact, "too many digits");
}

Test(str, knows_whole_decimals)
{
    static const struct {
        const char *text;
        bool is_whole;
        uint64_t want;
    } rows[] = {
        { "0", true, 0 },
        { "-12.50e1", true, 125 },
        { "18446744073709551615", true, UINT64_MAX },
        { "1e2", true, 100 },
        { "0.5", false, 0 },
        { "18446744073709551616", false, 0 },
        { "1e19", true, UINT64_C(10000000000000000000) },
        { "1e20", false, 0 },
        { "1e999999999999", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t got = 0;
        cr_expect_eq(baton_decimal_whole(baton_decimal_of(baton_str_of(rows[i].text)), &got), rows[i].is_whole, "%s",
                     rows[i].text);
        cr_expect(!rows[i].is_whole || got == rows[i].want, "%s", rows[i].text);
    }
}
