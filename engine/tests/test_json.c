#include "engine/base/document.h"
#include "engine/base/json.h"
#include "engine/base/json_writer.h"
#include "engine/base/prng.h"
#include "engine/base/utf8.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* ---- what is refused, and where ---- */

static const struct refusal {
    const char *name, *text;
    size_t length; /* 0: up to the NUL */
    const char *want;
} refusals[] = {
    { "nothing at all", "", 0, "file:1:1: empty, where JSON was expected" },
    { "only white space", " \n ", 0, "file:1:1: empty, where JSON was expected" },
    { "only a byte order mark", "\xef\xbb\xbf", 0, "file:1:1: empty, where JSON was expected" },
    { "two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf[]", 0, "file:1:4: not valid JSON here: expected a value" },
    { "a byte order mark further on", "[\xef\xbb\xbf]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "duplicate keys", "{\"a\":1,\n \"b\":2, \"a\":1}", 0, "file:2:9: the key 'a' stands here twice; remove one" },
    { "duplicate keys below", "[{\"x\":{\"k\":1,\"k\":2}}]", 0,
      "file:1:14: the key 'k' stands here twice; remove one" },
    { "keys equal once unescaped", "{\"a\\u0062\":1,\"\\u0061b\":2}", 0,
      "file:1:14: the key 'ab' stands here twice; remove one" },
    { "two empty keys", "{\"\":1,\"\":2}", 0, "file:1:7: the key '' stands here twice; remove one" },
    { "1e999", "[1e999]", 0, "file:1:2: the number is too large" },
    { "-1e999", "{\"a\":\n-1e999}", 0, "file:2:1: the number is too large" },
    { "01", "[01]", 0, "file:1:2: not a JSON number" },
    { "-01", "[-01]", 0, "file:1:2: not a JSON number" },
    { "1.", "[1.]", 0, "file:1:2: not a JSON number" },
    { "1.e5", "[1.e5]", 0, "file:1:2: not a JSON number" },
    { "1e", "[1e]", 0, "file:1:2: not a JSON number" },
    { "1e+", "[1e+]", 0, "file:1:2: not a JSON number" },
    { "-", "[-]", 0, "file:1:2: not a JSON number" },
    { ".5", "[.5]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "+1", "[+1]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "NaN", "[NaN]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "Infinity", "[-Infinity]", 0, "file:1:2: not a JSON number" },
    { "hex", "[0x10]", 0, "file:1:3: not valid JSON here: expected a value" },
    { "two numbers side by side", "[1-2]", 0,
      "file:1:3: not valid JSON here; look for a missing comma, quote or bracket" },
    { "a bare continuation byte", "[\"a\x80\"]", 0, "file:1:4: not UTF-8: byte 0x80" },
    { "overlong slash", "[\"\xc0\xaf\"]", 0, "file:1:3: not UTF-8: byte 0xc0" },
    { "overlong in three bytes", "[\"\xe0\x80\xaf\"]", 0, "file:1:3: not UTF-8: byte 0xe0" },
    { "overlong in four bytes", "[\"\xf0\x80\x80\xaf\"]", 0, "file:1:3: not UTF-8: byte 0xf0" },
    { "raw surrogate", "[\"\xed\xa0\x80\"]", 0, "file:1:3: not UTF-8: byte 0xed" },
    { "past U+10FFFF", "[\"\xf4\x90\x80\x80\"]", 0, "file:1:3: not UTF-8: byte 0xf4" },
    { "five-byte form", "[\"\xf8\x88\x80\x80\x80\"]", 0, "file:1:3: not UTF-8: byte 0xf8" },
    { "cut by the quote", "[\"\xe2\x82\"]", 0, "file:1:3: not UTF-8: byte 0xe2" },
    { "cut by the end", "[\"\xe2\x82", 0, "file:1:3: not UTF-8: byte 0xe2" },
    { "bad UTF-8 in a key", "{\"\xff\":1}", 0, "file:1:3: not UTF-8: byte 0xff" },
    { "UTF-8 outside a string", "[\xc3\xa9]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "\\u0000 in a value", "[\"a\\u0000b\"]", 0, "file:1:4: \\u0000 is not allowed in a text" },
    { "\\u0000 in a key", "{\"\\u0000\":1}", 0, "file:1:3: \\u0000 is not allowed in a text" },
    { "raw NUL in a string", "[\"a\0b\"]", 7,
      "file:1:4: control byte 0x00 in a string; write it as an escape such as \\n" },
    { "raw NUL between tokens", "[\0]", 3, "file:1:2: not valid JSON here: expected a value" },
    { "raw NUL after the end", "[]\0", 3, "file:1:3: not valid JSON here: expected a value" },
    { "raw NUL after an escape", "[\"\\\0\"]", 6, "file:1:3: unknown escape in a string; use \\\\ for a backslash" },
    { "raw newline in a string", "[\"a\nb\"]", 0,
      "file:1:4: control byte 0x0a in a string; write it as an escape such as \\n" },
    { "raw tab in a string", "[\"a\tb\"]", 0,
      "file:1:4: control byte 0x09 in a string; write it as an escape such as \\n" },
    { "raw 0x1f in a key", "{\"\x1f\":0}", 0,
      "file:1:3: control byte 0x1f in a string; write it as an escape such as \\n" },
    { "form feed as white space", "[\f1]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "control byte as white space", "[1,\x01 2]", 0, "file:1:4: not valid JSON here: expected a value" },
    { "no-break space as white space", "[\xc2\xa0]", 0, "file:1:2: not valid JSON here: expected a value" },
    { "high surrogate alone", "[\"\\ud800\"]", 0, "file:1:3: half of a surrogate pair alone" },
    { "high surrogate, then text", "[\"\\ud800abcdef\"]", 0, "file:1:3: half of a surrogate pair alone" },
    { "two high surrogates", "[\"\\ud800\\ud800\"]", 0, "file:1:3: half of a surrogate pair alone" },
    { "low surrogate alone", "[\"x\\udc00\"]", 0, "file:1:4: half of a surrogate pair alone" },
    { "pair the wrong way round", "[\"\\udc00\\ud800\"]", 0, "file:1:3: half of a surrogate pair alone" },
    { "trailing text", "{} x", 0, "file:1:4: not valid JSON here: expected a value" },
    { "a second value", "{}\n[]", 0, "file:2:1: text after the end of the JSON value" },
    { "a bracket too many", "[1]]", 0, "file:1:4: text after the end of the JSON value" },
    { "a string never closed", "{\n  \"a\": \"open,\n}", 0,
      "file:2:14: control byte 0x0a in a string; write it as an escape such as \\n" },
    { "a string open to the end", "{\n  \"a\": \"open}", 0, "file:2:8: a string that starts here is never closed" },
    { "an escape at the end", "[\"abc\\", 0, "file:1:6: an escape \\u needs four hex digits" },
    { "a short \\u", "[\"\\u12\"]", 0, "file:1:3: an escape \\u needs four hex digits" },
    { "an unknown escape", "[\"\\x41\"]", 0, "file:1:3: unknown escape in a string; use \\\\ for a backslash" },
    { "a single quote", "['a']", 0, "file:1:2: not valid JSON here: expected a value" },
    { "a comment", "[1, // one\n 2]", 0, "file:1:5: not valid JSON here: expected a value" },
    { "a comma at the end", "[1,\n2,\n]", 0,
      "file:3:1: not valid JSON here; look for a missing comma, quote or bracket" },
    { "no comma", "{\"a\":1\n\"b\":2}", 0,
      "file:2:1: not valid JSON here; look for a missing comma, quote or bracket" },
    { "no colon", "{\"a\" 1}", 0, "file:1:6: not valid JSON here; look for a missing comma, quote or bracket" },
    { "the wrong bracket", "[1}", 0, "file:1:3: not valid JSON here; look for a missing comma, quote or bracket" },
    { "an array never closed", "[1,\n 2", 0, "file:2:3: ends too early: a bracket is still open" },
    { "an object never closed", "{\"a\":1", 0, "file:1:7: ends too early: a bracket is still open" },
    { "a colon and no value", "{\"a\":", 0, "file:1:6: ends too early: a bracket is still open" },
    { "a key and no more", "{\"a\"", 0, "file:1:5: ends too early: a bracket is still open" },
    { "an open bracket", "[", 0, "file:1:2: ends too early: a bracket is still open" },
    { "a comma before all else", "[,1]", 0,
      "file:1:2: not valid JSON here; look for a missing comma, quote or bracket" },
    { "a number for a key", "{1:2}", 0, "file:1:3: not valid JSON here; look for a missing comma, quote or bracket" },
    { "capitals", "[True]", 0, "file:1:2: not valid JSON here: expected a value" },
};

Test(json, refuses_what_the_library_would_let_pass_and_names_the_place)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct tree tree =
            tree_read(baton_json_parse, arena, row->text, row->length == 0 ? strlen(row->text) : row->length);
        cr_expect_eq(tree.status, BATON_EINPUT, "%s", row->name);
        cr_expect_str_eq(tree_error(arena, &tree), row->want, "%s: %s", row->name, tree_error(arena, &tree));
    }
    baton_arena_free(arena);
}

/* ---- what is read, and comes out again ---- */

static const struct reading {
    const char *name, *text, *want;
} readings[] = {
    { "a lone number", "42", "42" },
    { "white space all round", " \t\r\n[ 1 ,\n 2 ]\r\n ", "[1,2]" },
    { "a byte order mark once", "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}" },
    { "2^53", "[9007199254740991,9007199254740992,9007199254740993]",
      "[9007199254740991,9007199254740992,9007199254740993]" },
    { "2^64", "[18446744073709551615,18446744073709551616]", "[18446744073709551615,18446744073709551616]" },
    { "the way a number was written", "[1.0,1E2,-0,-0.0,1e-5,743.0046525419457]",
      "[1.0,1E2,-0,-0.0,1e-5,743.0046525419457]" },
    { "number of 81 bytes", "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]",
      "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]" },
    { "long number among others",
      "{\"a\":1000000000000000000000000000000000000000000000000000000000000000000000000000000,\"b\":[2,\"3\"]}",
      "{\"a\":1000000000000000000000000000000000000000000000000000000000000000000000000000000,\"b\":[2,\"3\"]}" },
    { "a number too small", "[1e-999]", "[1e-999]" },
    { "escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9\"]", "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\xc3\xa9\"]" },
    { "a surrogate pair", "[\"\\ud83d\\ude00\",\"\\uDBFF\\uDFFF\"]", "[\"\xf0\x9f\x98\x80\",\"\xf4\x8f\xbf\xbf\"]" },
    { "an empty key and an empty text", "{\"\":\"\"}", "{\"\":\"\"}" },
    { "keys that differ in case", "{\"name\":1,\"Name\":2}", "{\"name\":1,\"Name\":2}" },
    { "empty containers", "[[],{},[{}]]", "[[],{},[{}]]" },
    { "DEL and non-characters", "[\"\x7f\xef\xbf\xbf\"]", "[\"\x7f\xef\xbf\xbf\"]" },
};

Test(json, reads_and_writes_the_same_value)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(readings); i++) {
        struct tree tree = tree_json(arena, readings[i].text);
        cr_assert_eq(tree.status, BATON_OK, "%s: %s", readings[i].name, tree_error(arena, &tree));
        cr_expect_str_eq(tree_text(arena, tree.root), readings[i].want, "%s: %s", readings[i].name,
                         tree_text(arena, tree.root));
    }
    baton_arena_free(arena);
}

static char *nested(struct baton_arena *arena, unsigned depth)
{
    char *text = baton_arena_alloc(arena, 2 * (size_t)depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

Test(json, bounds_nesting)
{
    struct baton_arena *arena = tree_arena();
    cr_expect_eq(tree_json(arena, nested(arena, BATON_JSON_DEPTH_MAX)).status, BATON_OK);
    static const unsigned deep[] = { BATON_JSON_DEPTH_MAX + 1, 1000, 1001, 100000 };
    for (size_t i = 0; i < COUNT(deep); i++) {
        struct tree tree = tree_json(arena, nested(arena, deep[i]));
        cr_expect_str_eq(tree_error(arena, &tree), "file:1:65: nested deeper than 64 levels", "%u", deep[i]);
    }
    struct tree objects = tree_json(arena, "{\"a\":{\"a\":{\"a\":[{\"a\":1}]}}}");
    cr_expect_eq(objects.status, BATON_OK);
    baton_arena_free(arena);
}

/* {"k0":0, ...} of that many keys, the last one named last */
static const char *wide(struct baton_arena *arena, unsigned count, const char *last)
{
    struct baton_text text = baton_text_with_limit(1024 * 1024);
    baton_text_putc(&text, '{');
    for (unsigned i = 0; i + 1 < count; i++) {
        baton_text_printf(&text, "\"k%u\":%u,", i, i);
    }
    baton_text_printf(&text, "\"%s\":0}", last);
    const char *copy = baton_arena_copy(arena, text.data, text.length);
    baton_text_clear(&text);
    return copy;
}

Test(json, finds_a_duplicate_among_many_keys)
{
    struct baton_arena *arena = tree_arena();
    static const unsigned counts[] = { 2, 15, 16, 17, 18, 100, 4096 };
    for (size_t i = 0; i < COUNT(counts); i++) {
        cr_expect_eq(tree_json(arena, wide(arena, counts[i], "other")).status, BATON_OK, "%u", counts[i]);
        struct tree twice = tree_json(arena, wide(arena, counts[i], "k0"));
        cr_expect_neq(strstr(tree_error(arena, &twice), "the key 'k0' stands here twice"), NULL, "%u", counts[i]);
        struct tree escaped = tree_json(arena, wide(arena, counts[i], "\\u006b0"));
        cr_expect_neq(strstr(tree_error(arena, &escaped), "the key 'k0' stands here twice"), NULL, "%u", counts[i]);
    }
    baton_arena_free(arena);
}

Test(json, caps_the_keys_of_an_object)
{
    struct baton_arena *arena = tree_arena();
    cr_expect_eq(tree_json(arena, wide(arena, BATON_JSON_KEYS_MAX, "z")).status, BATON_OK);
    struct tree tree = tree_json(arena, wide(arena, BATON_JSON_KEYS_MAX + 1, "z"));
    cr_expect_str_eq(tree_error(arena, &tree), "file:1:1: an object of 4097 keys; the limit is 4096");
    baton_arena_free(arena);
}

Test(json, names_the_line_of_a_jsonl_file)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_source source = { .name = "x.jsonl", .line_first = 12, .text = BATON_STR("{\"a\":\n tru}") };
    struct baton_error err;
    const struct baton_json *root;
    char text[256];
    cr_assert_eq(baton_json_parse(&root, arena, &source, &err), BATON_EINPUT);
    cr_expect_str_eq(baton_error_format(&err, text, sizeof text),
                     "x.jsonl:13:2: not valid JSON here: expected a value");
    baton_arena_free(arena);
}

Test(json, looks_keys_up_with_their_case)
{
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_json(arena, "{\"Name\":1,\"name\":2,\"\":3}");
    cr_assert_eq(tree.status, BATON_OK);
    cr_expect_eq(baton_json_get(tree.root, "name")->number, 2);
    cr_expect_eq(baton_json_get(tree.root, "Name")->number, 1);
    cr_expect_eq(baton_json_get(tree.root, "")->number, 3);
    cr_expect_null(baton_json_get(tree.root, "NAME"));
    cr_expect_null(baton_json_get(tree.root, "nam"));
    baton_arena_free(arena);
}

Test(json, keeps_types_counts_and_places)
{
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_json(arena, "{\"a\": [null, true, false, 1, \"x\", {}]}");
    cr_assert_eq(tree.status, BATON_OK);
    static const char *const names[] = { "null", "a boolean", "a boolean", "a number", "a string", "an object" };
    static const uint32_t offsets[] = { 7, 13, 19, 26, 29, 34 };
    const struct baton_json *list = baton_json_get(tree.root, "a");
    cr_expect_eq(tree.root->count, 1);
    cr_expect_eq(list->count, 6);
    cr_expect_eq(list->key_offset, 1);
    cr_expect_eq(list->offset, 6);
    size_t i = 0;
    for (const struct baton_json *child = list->child; child != NULL; child = child->next, i++) {
        cr_expect_str_eq(baton_json_type_name(child), names[i]);
        cr_expect_eq(child->offset, offsets[i], "%zu is at %u", i, child->offset);
    }
    cr_expect_eq(i, 6);
    baton_arena_free(arena);
}

/* ---- numbers ---- */

static const struct whole {
    const char *text;
    bool is_integer;
    int64_t want;
} wholes[] = {
    { "0", true, 0 },
    { "-0", true, 0 },
    { "-0.0e5", true, 0 },
    { "1.0", true, 1 },
    { "1e2", true, 100 },
    { "1.50e1", true, 15 },
    { "1500e-2", true, 15 },
    { "4294967296", true, 4294967296 }, /* where valueint stops at 2147483647 */
    { "-2147483649", true, -2147483649 },
    { "9007199254740993", true, 9007199254740993 },
    { "9007199254740993.0", true, 9007199254740993 },
    { "9223372036854775806", true, INT64_MAX - 1 },
    { "9223372036854775807", true, INT64_MAX },
    { "9223372036854775808", false, 0 },
    { "-9223372036854775808", true, INT64_MIN },
    { "-9223372036854775809", false, 0 },
    { "1e18", true, 1000000000000000000 },
    { "1e19", false, 0 },
    { "18446744073709551616", false, 0 },
    { "1e308", false, 0 },
    { "0e99999999999", true, 0 },
    { "0.5", false, 0 },
    { "1.0000000000000000000000001", false, 0 },
    { "1e-999", false, 0 },
    { "123456789.000000000000000000000000000000000000000000000000000000000000000000000", true, 123456789 },
};

Test(json, reads_integers_exactly)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(wholes); i++) {
        struct tree tree = tree_json(arena, wholes[i].text);
        int64_t value = 0;
        cr_assert_eq(tree.status, BATON_OK, "%s", wholes[i].text);
        cr_expect_eq(baton_json_integer(tree.root, INT64_MIN, INT64_MAX, &value), wholes[i].is_integer, "%s",
                     wholes[i].text);
        cr_expect(!wholes[i].is_integer || value == wholes[i].want, "%s is %lld", wholes[i].text, (long long)value);
    }
    int64_t value = 0;
    struct tree seven = tree_json(arena, "[7,\"7\"]");
    cr_expect(baton_json_integer(seven.root->child, 7, 7, &value));
    cr_expect_not(baton_json_integer(seven.root->child, 8, 9, &value));
    cr_expect_not(baton_json_integer(seven.root->child, 1, 6, &value));
    cr_expect_not(baton_json_integer(seven.root->child->next, 0, 9, &value), "a string is no number");
    baton_arena_free(arena);
}

Test(json, reads_doubles_as_the_nearest)
{
    static const struct {
        const char *text;
        double want;
    } rows[] = {
        { "743.0046525419457", 743.0046525419457 },
        { "1E2", 100 },
        { "-1e-2", -0.01 },
        { "5e-324", 5e-324 },
        { "1.7976931348623157e308", 1.7976931348623157e308 },
        { "0.1000000000000000055511151231257827021181583404541015625", 0.1 },
        { "0.10000000000000000555111512312578270211815834045410156250000000000000000000001", 0.1 },
        { "9007199254740993", 9007199254740992.0 },
    };
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tree tree = tree_json(arena, rows[i].text);
        cr_assert_eq(tree.status, BATON_OK, "%s", rows[i].text);
        cr_expect(tree.root->number == rows[i].want, "%s", rows[i].text);
    }
    baton_arena_free(arena);
}

Test(json, does_not_depend_on_the_locale)
{
    struct baton_arena *arena = tree_arena();
    cr_expect_str_eq(localeconv()->decimal_point, ".", "nothing of ours has called setlocale");
    cr_expect_str_eq(setlocale(LC_ALL, NULL), "C");
    cr_expect(tree_json(arena, "1.5").root->number == 1.5);
    baton_arena_free(arena);
}

Test(json, knows_valid_utf8)
{
    static const struct {
        const char *text;
        size_t bad; /* SIZE_MAX: valid */
    } rows[] = {
        { "", SIZE_MAX },
        { "plain", SIZE_MAX },
        { "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", SIZE_MAX },
        { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", SIZE_MAX },
        { "ab\xc2", 2 },
        { "ab\xc1\x80", 2 },
        { "\xe0\x9f\xbf", 0 },
        { "a\xed\xa0\x80", 1 },
        { "\xf0\x8f\xbf\xbf", 0 },
        { "\xf4\x90\x80\x80", 0 },
        { "\xf5\x80\x80\x80", 0 },
        { "\xe2\x82x", 0 },
        { "\x80", 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t bad = 0;
        bool is_valid = baton_utf8_valid(rows[i].text, strlen(rows[i].text), &bad);
        cr_expect_eq(is_valid, rows[i].bad == SIZE_MAX, "row %zu", i);
        cr_expect(is_valid || bad == rows[i].bad, "row %zu", i);
    }
}

/* ---- the corpus of JSONTestSuite ---- */

/* Valid JSON that we refuse all the same. */
static const struct {
    const char *name, *why;
} stricter[] = {
    { "y_object_duplicated_key_and_value.json", "stands here twice" },
    { "y_string_null_escape.json", "\\u0000 is not allowed" },
};

static const char *refused_because(const char *name)
{
    for (size_t i = 0; i < COUNT(stricter); i++) {
        if (strcmp(stricter[i].name, name) == 0) {
            return stricter[i].why;
        }
    }
    return NULL;
}

Test(json, agrees_with_the_test_suite)
{
    struct baton_arena *arena = tree_arena();
    size_t refused = 0;
    const char **names = tree_folder(arena, "fixtures/corpus/json", "json", 150);
    for (; *names != NULL; names++) {
        struct baton_str text = tree_file(arena, baton_arena_printf(arena, "fixtures/corpus/json/%s", *names));
        struct tree tree = tree_read(baton_json_parse, arena, text.data, text.length);
        const char *why = refused_because(*names);
        if (why != NULL) {
            refused++;
            cr_expect_neq(strstr(tree_error(arena, &tree), why), NULL, "%s: %s", *names, tree_error(arena, &tree));
        } else if ((*names)[0] != 'i') {
            cr_expect_eq(tree.status == BATON_OK, (*names)[0] == 'y', "%s: %s", *names, tree_error(arena, &tree));
        }
    }
    cr_expect_eq(refused, COUNT(stricter), "each listed file is there");
    baton_arena_free(arena);
}

/* ---- properties ---- */

Test(json, random_trees_come_back_the_same)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 1);
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(16 * 1024 * 1024);
    size_t refused = 0;
    for (unsigned i = 0; i < 3000; i++) {
        baton_text_reset(&text);
        baton_arena_reset(arena);
        tree_random(&text, &prng);
        struct tree tree = tree_read(baton_json_parse, arena, text.data, text.length);
        if (tree.status != BATON_OK) { /* a double of more than 1e308 is all that can be wrong with it */
            cr_assert_neq(strstr(tree_error(arena, &tree), "too large"), NULL, "%s", text.data);
            refused++;
            continue;
        }
        const char *once = tree_text(arena, tree.root);
        struct tree again = tree_json(arena, once);
        cr_assert_eq(again.status, BATON_OK, "%s", once);
        cr_assert_str_eq(tree_text(arena, again.root), once);
    }
    cr_expect_lt(refused, 300, "%zu", refused);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

/* Without white space a tree's text is what was written, but for the line breaks that the writer may put in. */
Test(json, writes_what_the_writer_wrote)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 2);
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(16 * 1024 * 1024);
    size_t same = 0;
    for (unsigned i = 0; i < 3000; i++) {
        baton_text_reset(&text);
        baton_arena_reset(arena);
        tree_random(&text, &prng);
        struct tree tree = tree_read(baton_json_parse, arena, text.data, text.length);
        if (tree.status == BATON_OK && strchr(text.data, '\n') == NULL) {
            cr_assert_str_eq(tree_text(arena, tree.root), text.data);
            same++;
        }
    }
    cr_expect_gt(same, 1000, "%zu", same);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

/* Replaces, drops, doubles or cuts at random places. */
static void mutate(struct baton_prng *prng, char *text, size_t *length)
{
    static const char likely[] = "\"\\{}[]:,0-.eEu \n\x00\x1f\x80\xc3\xed\xf4\xff";
    for (uint64_t i = baton_prng_below(prng, 4) + 1; i > 0 && *length > 0; i--) {
        size_t at = (size_t)baton_prng_below(prng, *length);
        switch (baton_prng_below(prng, 5)) {
        case 0:
            text[at] = (char)baton_prng_below(prng, 256);
            break;
        case 1:
            text[at] = likely[baton_prng_below(prng, sizeof likely)];
            break;
        case 2:
            memmove(text + at, text + at + 1, *length - at - 1);
            *length -= 1;
            break;
        case 3:
            memmove(text + at + 1, text + at, *length - at);
            *length += 1;
            break;
        default:
            *length = baton_prng_below(prng, 8) == 0 ? at : *length;
            break;
        }
    }
}

Test(json, survives_any_change_of_bytes)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 3);
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(16 * 1024 * 1024);
    size_t loaded = 0, refused = 0;
    for (unsigned i = 0; i < 20000; i++) {
        baton_text_reset(&text);
        baton_arena_reset(arena);
        tree_random(&text, &prng);
        if (text.length > 2000) {
            continue;
        }
        char bytes[2100];
        size_t length = text.length;
        memcpy(bytes, text.data, length);
        mutate(&prng, bytes, &length);
        struct tree tree = tree_read(baton_json_parse, arena, bytes, length);
        *(tree.status == BATON_OK ? &loaded : &refused) += 1;
        cr_assert(tree.status == BATON_OK || tree.status == BATON_EINPUT);
        cr_assert(tree.status == BATON_OK || (tree.err.line > 0 && tree.err.column > 0));
    }
    cr_expect(loaded > 500 && refused > 500, "%zu loaded, %zu refused", loaded, refused);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(json, every_allocation_may_fail)
{
    struct baton_arena *arena = tree_arena();
    struct baton_str text = tree_file(arena, "fixtures/corpus/conversations/ok-every-expect.jsonl");
    text.length = (size_t)((const char *)memchr(text.data, '\n', text.length) - text.data);
    const struct baton_source plain = { .name = "file", .text = text };
    const struct baton_source odd = {
        .name = "odd",
        .text = BATON_STR("{\"a\":[0.0000000000000000000000000000000000000000000000000000000000000000000001,1],"
                          "\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
                          "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":{\"r\":[]}}")
    };
    const struct baton_source *sources[] = { &plain, &odd };
    for (size_t i = 0; i < COUNT(sources); i++) {
        const struct baton_json *root = NULL;
        struct baton_error err;
        enum baton_status status = BATON_ELIMIT;
        uint64_t n = 0;
        while (status != BATON_OK) {
            struct baton_arena_mark mark = baton_arena_mark(arena);
            baton_arena_fail_after(++n);
            status = baton_json_parse(&root, arena, sources[i], &err);
            baton_arena_fail_after(0);
            cr_assert(status == BATON_OK || (status == BATON_ELIMIT && root == NULL), "%s, allocation %llu",
                      sources[i]->name, (unsigned long long)n);
            if (status != BATON_OK) {
                baton_arena_rollback(arena, mark);
            }
            cr_assert_lt(n, 100000);
        }
        cr_expect_gt(n, 20);
        const char *written = tree_text(arena, root);
        cr_expect_str_eq(
            written,
            tree_text(arena, tree_read(baton_json_parse, arena, sources[i]->text.data, sources[i]->text.length).root));
    }
    baton_arena_free(arena);
}

Test(json, an_arena_that_is_too_small_is_a_limit)
{
    struct baton_arena *arena = baton_arena_new(4096);
    struct tree tree = { .status = BATON_OK };
    const struct baton_source source = { .name = "big",
                                         .text = BATON_STR("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]") };
    tree.status = baton_json_parse(&tree.root, arena, &source, &tree.err);
    cr_expect_eq(tree.status, BATON_ELIMIT);
    cr_expect_str_eq(tree.err.text, "'big' needs more memory than is allowed");
    baton_arena_free(arena);
}

Test(json, loads_documents_by_their_ending)
{
    struct baton_arena *arena = tree_arena();
    struct baton_source source;
    struct baton_error err;
    const struct baton_json *root;
    cr_expect_eq(baton_document_load(&root, &source, arena, "fixtures/corpus/json/y_array_heterogeneous.json", &err),
                 BATON_OK);
    cr_expect_eq(root->count, 4);
    cr_expect_eq(baton_document_load(&root, &source, arena, "fixtures/agents/support.yaml", &err), BATON_OK, "%s",
                 err.text);
    cr_expect_eq(root->type, BATON_JSON_OBJECT);
    cr_expect_eq(baton_document_load(&root, &source, arena, "fixtures/no-such-file.json", &err), BATON_EINPUT);
    cr_expect_null(root);
    baton_arena_free(arena);
}
