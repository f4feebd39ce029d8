#include "engine/base/text.h"

#include "engine/base/json_writer.h"
#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { LIMIT = 1024 * 1024 };

Test(text, grows_and_stays_terminated)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    cr_expect_str_eq(baton_text_str(&text).data, "", "also before anything was written");
    for (unsigned i = 0; i < 10000; i++) {
        baton_text_puts(&text, "ab");
        baton_text_putc(&text, 'c');
        baton_text_append(&text, "defg", 1);
    }
    cr_expect_not(text.failed);
    cr_expect_eq(text.length, 40000);
    cr_expect_eq(strlen(text.data), 40000);
    cr_expect_eq(memcmp(text.data + 39992, "abcdabcd", 9), 0);
    baton_text_clear(&text);
    cr_expect_null(text.data);
    baton_text_puts(&text, "again");
    cr_expect_str_eq(text.data, "again", "the limit is kept");
    baton_text_clear(&text);
}

Test(text, appends_all_or_nothing)
{
    struct baton_text text = baton_text_with_limit(5);
    baton_text_puts(&text, "abc");
    baton_text_puts(&text, "def");
    cr_expect(text.failed);
    cr_expect_str_eq(text.data, "abc");
    baton_text_puts(&text, "d");
    cr_expect_str_eq(text.data, "abc", "and nothing more after that");
    baton_text_reset(&text);
    cr_expect_not(text.failed);
    cr_expect_str_eq(text.data, "");
    baton_text_puts(&text, "12345");
    cr_expect_not(text.failed, "the limit itself fits");
    baton_text_printf(&text, "%d", 6);
    cr_expect(text.failed);
    cr_expect_str_eq(text.data, "12345");
    baton_text_clear(&text);
}

Test(text, says_when_memory_ends)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    baton_arena_fail_after(1);
    baton_text_puts(&text, "a");
    cr_expect(text.failed);
    cr_expect_eq(text.length, 0);
    cr_expect_str_eq(baton_text_str(&text).data, "");
    baton_arena_fail_after(0);
    baton_text_reset(&text);
    baton_text_puts(&text, "a");
    cr_expect_not(text.failed);
    baton_arena_fail_after(1);
    for (unsigned i = 0; i < 300; i++) {
        baton_text_putc(&text, 'b');
    }
    baton_arena_fail_after(0);
    cr_expect(text.failed);
    cr_expect_eq(strlen(text.data), text.length);
    baton_text_clear(&text);
}

Test(text, prints_long_formats)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    baton_text_printf(&text, "%0*d|", 5000, 7);
    baton_text_printf(&text, "%s", "");
    cr_expect_eq(text.length, 5001);
    cr_expect_str_eq(text.data + 4998, "07|");
    baton_text_clear(&text);
}

/* ---- numbers ---- */

Test(text, prints_integers_in_full)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    static const uint64_t sizes[] = { 0, 9, 10, 9007199254740993, UINT64_MAX };
    static const int64_t whole[] = { 0, -1, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        baton_text_u64(&text, sizes[i]);
        baton_text_putc(&text, ' ');
    }
    for (size_t i = 0; i < COUNT(whole); i++) {
        baton_text_i64(&text, whole[i]);
        baton_text_putc(&text, ' ');
    }
    cr_expect_str_eq(text.data,
                     "0 9 10 9007199254740993 18446744073709551615 0 -1 9223372036854775807 -9223372036854775808 ");
    baton_text_clear(&text);
}

static const struct {
    double number;
    const char *want;
} doubles[] = {
    { 0, "0" },
    { 1, "1" },
    { -42, "-42" },
    { 100, "100" },
    { 0.1, "0.1" },
    { 743.0046525419457, "743.0046525419457" },
    { 1.0 / 3, "0.3333333333333333" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 9007199254740991.0, "9007199254740991" },
    { 9007199254740992.0, "9007199254740992" },
    { 1e15, "1000000000000000" },
    { 1e22, "1e+22" },
    { 1.7976931348623157e308, "1.7976931348623157e+308" },
    { 2.2250738585072014e-308, "2.2250738585072014e-308" },
    { 5e-324, "5e-324" },
    { 1.5e-310, "1.5e-310" },
    { -1e-5, "-1e-05" },
    { INFINITY, "null" },
    { -INFINITY, "null" },
};

Test(text, prints_doubles_in_the_shortest_form)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (size_t i = 0; i < COUNT(doubles); i++) {
        baton_text_reset(&text);
        baton_text_double(&text, doubles[i].number);
        cr_expect_str_eq(text.data, doubles[i].want, "%s, not %s", doubles[i].want, text.data);
    }
    baton_text_reset(&text);
    baton_text_double(&text, (double)NAN);
    cr_expect_str_eq(text.data, "null");
    baton_text_clear(&text);
}

/* Bit patterns, so that all sizes come up; also numbers near whole ones and short decimals. */
static double random_double(struct baton_prng *prng)
{
    uint64_t bits = baton_prng_next(prng);
    double number;
    switch (baton_prng_below(prng, 4)) {
    case 0:
        return (double)(bits >> baton_prng_below(prng, 64));
    case 1:
        return (double)(bits % 1000000) / 1000;
    case 2:
        return baton_prng_unit(prng) * 1e-300 * 1e-10;
    default:
        memcpy(&number, &bits, sizeof number);
        return isfinite(number) ? number : 0;
    }
}

Test(text, doubles_read_back_as_they_were)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 4);
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (unsigned i = 0; i < 200000; i++) {
        double number = random_double(&prng);
        baton_text_reset(&text);
        baton_text_double(&text, number);
        cr_assert(strtod(text.data, NULL) == number, "%.17g came out as %s", number, text.data);
        cr_assert_leq(text.length, 24);
        char fewer[40];
        int digits = 0;
        for (const char *at = text.data; *at != '\0' && *at != 'e'; at++) {
            digits += *at >= '0' && *at <= '9' && (digits > 0 || *at != '0');
        }
        if (digits > 1 && digits <= 17 && strchr(text.data, '.') != NULL) {
            snprintf(fewer, sizeof fewer, "%.*g", digits - 1, number);
            cr_assert(strtod(fewer, NULL) != number, "%s is shorter than %s", fewer, text.data);
        }
    }
    baton_text_clear(&text);
}

Test(text, prints_nanoseconds_as_milliseconds)
{
    static const struct {
        uint64_t ns;
        const char *want;
    } rows[] = {
        { 0, "0" },
        { 1, "0.000001" },
        { 1500000, "1.5" },
        { 1000000, "1" },
        { 10, "0.00001" },
        { 123456789, "123.456789" },
        { UINT64_MAX, "18446744073709.551615" },
    };
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        baton_text_reset(&text);
        baton_text_ms(&text, rows[i].ns);
        cr_expect_str_eq(text.data, rows[i].want, "%s", text.data);
    }
    baton_text_clear(&text);
}

/* ---- strings ---- */

Test(text, escapes_what_json_must)
{
    struct baton_text text = baton_text_with_limit(LIMIT);
    baton_text_json_string(&text, "", 0);
    baton_text_json_string(&text, "a\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9", 14);
    cr_expect_str_eq(text.data, "\"\"\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\"", "%s", text.data);
    baton_text_reset(&text);
    baton_text_json_string(&text, "\0", 1);
    cr_expect_str_eq(text.data, "\"\\u0000\"");
    baton_text_reset(&text);
    baton_text_json_string(&text, "\n\nxx\n", 5);
    cr_expect_str_eq(text.data, "\"\\n\\nxx\\n\"");
    baton_text_clear(&text);
}

/* ---- json_writer ---- */

static void write_sample(struct baton_json_writer *writer)
{
    baton_jw_open(writer, '{');
    baton_jw_key(writer, "a");
    baton_jw_open(writer, '[');
    baton_jw_u64(writer, UINT64_MAX);
    baton_jw_i64(writer, -1);
    baton_jw_open(writer, '[');
    baton_jw_close(writer, ']');
    baton_jw_open(writer, '{');
    baton_jw_key_str(writer, BATON_STR("k"));
    baton_jw_null(writer);
    baton_jw_close(writer, '}');
    baton_jw_close(writer, ']');
    baton_jw_key(writer, "b");
    baton_jw_bool(writer, true);
    baton_jw_put_string(writer, "c", "x\"y");
    baton_jw_put_ms(writer, "d", 2500000);
    baton_jw_put_ratio(writer, "e", 2.0 / 3);
    baton_jw_put_raw(writer, "f", BATON_STR("[1]"));
    baton_jw_put_open(writer, "g", '{');
    baton_jw_put_i64(writer, "h", -2);
    baton_jw_put_bool(writer, "i", false);
    baton_jw_close(writer, '}');
    baton_jw_close(writer, '}');
}

Test(text, the_json_writer_minds_commas_and_lines)
{
    static const char *const want[] = {
        "{\"a\":[18446744073709551615,-1,[],{\"k\":null}],\"b\":true,\"c\":\"x\\\"y\",\"d\":2.5,\"e\":0.666667,\"f\":[1],"
        "\"g\":{\"h\":-2,\"i\":false}}",
        "{\n \"a\":[18446744073709551615,-1,[],{\"k\":null}],\n \"b\":true,\n \"c\":\"x\\\"y\",\n \"d\":2.5,\n"
        " \"e\":0.666667,\n \"f\":[1],\n \"g\":{\"h\":-2,\"i\":false}\n}",
        "{\n \"a\":[\n  18446744073709551615,\n  -1,\n  [],\n  {\"k\":null}\n ],\n \"b\":true,\n \"c\":\"x\\\"y\",\n"
        " \"d\":2.5,\n \"e\":0.666667,\n \"f\":[1],\n \"g\":{\n  \"h\":-2,\n  \"i\":false\n }\n}",
    };
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (unsigned depth = 0; depth < COUNT(want); depth++) {
        baton_text_reset(&text);
        struct baton_json_writer writer = baton_json_writer_to(&text, depth);
        write_sample(&writer);
        cr_expect_str_eq(text.data, want[depth], "%s", text.data);
    }
    baton_text_clear(&text);
}

Test(text, the_json_writer_has_no_odd_ratios)
{
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        { 0, "0.000000" },      { -0.0, "0.000000" },      { -1e-9, "0.000000" }, { 1, "1.000000" },
        { -0.25, "-0.250000" }, { 0.0000005, "0.000000" }, { INFINITY, "null" },  { -INFINITY, "null" },
    };
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (size_t i = 0; i < COUNT(rows); i++) {
        baton_text_reset(&text);
        struct baton_json_writer writer = baton_json_writer_to(&text, 0);
        baton_jw_ratio(&writer, rows[i].value);
        cr_expect_str_eq(text.data, rows[i].want, "%s, not %s", rows[i].want, text.data);
    }
    baton_text_clear(&text);
}

/* Byte by byte, as the RFC has it. */
static size_t escaped(char *out, const char *data, size_t length)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        const char *named = memchr(bytes, byte, sizeof bytes - 1);
        if (named != NULL) {
            out[at++] = '\\';
            out[at++] = letters[named - bytes];
        } else if (byte < 0x20) {
            at += (size_t)snprintf(out + at, 7, "\\u%04x", byte);
        } else {
            out[at++] = (char)byte;
        }
    }
    out[at++] = '"';
    return at;
}

Test(text, json_strings_escape_any_byte_at_any_place)
{
    enum { LENGTH_MAX = 20 };
    char data[LENGTH_MAX], want[LENGTH_MAX * 6 + 3];
    struct baton_text text = baton_text_with_limit(LIMIT);
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t length = 0; length <= LENGTH_MAX; length++) {
            for (size_t place = 0; place < length; place++) {
                memset(data, 'x', length);
                data[place] = (char)byte;
                data[length - 1 - place] = (char)(0x80 | byte);
                baton_text_reset(&text);
                baton_text_json_string(&text, data, length);
                size_t want_length = escaped(want, data, length);
                cr_assert(text.length == want_length && memcmp(text.data, want, want_length) == 0, "%u at %zu of %zu",
                          byte, place, length);
            }
        }
    }
    baton_text_clear(&text);
}
