#include "evals/suite/csv.h"

#include "engine/base/prng.h"
#include "engine/base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 64 * 1024 * 1024, MESSAGE_BYTES = 1024, TEXT_MAX = 64 };

static size_t record(const char *text)
{
    return baton_csv_record_length(baton_str_of(text), ',');
}

static size_t records_end(const char *text)
{
    return baton_csv_records_end(baton_str_of(text), ',');
}

/* ---- where records end ---- */

Test(csv, a_record_ends_at_a_line_break_outside_quotes)
{
    static const struct row {
        const char *name, *first, *rest;
    } rows[] = {
        { "plain", "a,b\n", "c,d\n" },
        { "CRLF", "a,b\r\n", "c,d\r\n" },
        { "an empty line", "\n", "a,b\n" },
        { "a line break in quotes", "\"a\nb\",c\n", "d,e\n" },
        { "a CRLF in quotes", "a,\"b\r\nc\"\r\n", "d,e\n" },
        { "doubled quotes", "\"say \"\"hi\"\"\",b\n", "c,d\n" },
        { "a doubled quote before a line break", "\"a\"\"\nb\",c\n", "d,e\n" },
        { "nothing but doubled quotes", "\"\"\"\",b\n", "c,d\n" },
        { "an empty quoted field", "\"\",b\n", "c,d\n" },
        { "a separator in quotes", "\"a,\nb\",c\n", "d,e\n" },
        { "a quote inside a plain field is a letter", "5\" pipe,b\n", "c,\"d\n\"\n" },
        { "two quotes inside a plain field are letters", "5\"\" pipe,b\n", "c,d\n" },
        { "two quotes at the end of a plain field", "pipe\"\",b\n", "c,d\n" },
        { "a quoted field after one with letters behind its quotes", "\"a\"b,\"c\nd\"\n", "e,f\n" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[TEXT_MAX * 2];
        snprintf(text, sizeof text, "%s%s", rows[i].first, rows[i].rest);
        cr_expect_eq(record(text), strlen(rows[i].first), "%s: %zu", rows[i].name, record(text));
        cr_expect_eq(records_end(text), strlen(text), "%s: the last one", rows[i].name);
    }
}

Test(csv, a_record_without_an_end_is_the_rest_and_ends_nowhere)
{
    static const struct row {
        const char *name, *text;
        size_t length, end;
    } rows[] = {
        { "empty", "", 0, 0 },
        { "no line break", "a,b", 3, 0 },
        { "an open quote", "\"a\nb", 4, 0 },
        { "one whole, one open", "a,b\n\"c\nd", 4, 4 },
        { "one whole, one cut", "a,b\nc,", 4, 4 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(record(rows[i].text), rows[i].length, "%s", rows[i].name);
        cr_expect_eq(records_end(rows[i].text), rows[i].end, "%s", rows[i].name);
    }
}

/* ---- rows ---- */

/* The tree of a row under the header `text,final,id,cluster,tag,weight`; or NULL and the message of its refusal. */
static const struct baton_json *row_tree(struct baton_arena *arena, struct baton_str text, char separator,
                                         const char **message)
{
    static const struct baton_csv_columns columns = { 0, 1, 2, 3, 4, 5, 6 };
    struct baton_source source = { .name = "a.csv", .line_first = 7, .text = text };
    const struct baton_json *tree;
    struct baton_error err;
    char *buffer = baton_arena_alloc(arena, MESSAGE_BYTES);
    enum baton_status status = baton_csv_read_row(&tree, arena, &source, &columns, separator, &err);
    *message = status == BATON_OK ? NULL : baton_error_format(&err, buffer, MESSAGE_BYTES);
    return tree;
}

/* The same as JSON, or the message. */
static const char *row_json(struct baton_arena *arena, struct baton_str text, char separator)
{
    const char *message;
    const struct baton_json *tree = row_tree(arena, text, separator, &message);
    if (tree == NULL) {
        return message;
    }
    struct baton_text json = baton_text_with_limit(MEMORY_MAX);
    baton_json_write(&json, tree);
    const char *copy = baton_arena_copy(arena, json.data, json.length);
    baton_text_clear(&json);
    return copy;
}

Test(csv, a_row_becomes_a_conversation)
{
    static const struct row {
        const char *name, *text;
        char separator;
        const char *want;
    } rows[] = {
        { "all columns", "Hello,billing,x1,money,hard,2.5\n", ',',
          "{\"id\":\"x1\",\"cluster\":\"money\",\"tags\":[\"hard\"],\"weight\":2.5,\"messages\":[{\"role\":\"user\","
          "\"content\":\"Hello\",\"expect\":{\"final\":[\"billing\"]}}]}" },
        { "the fewest", "Hello,,,,,\n", ',', "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}" },
        { "several agents", "Hello,billing|sales,,,,", ',',
          "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\",\"expect\":{\"final\":[\"billing\",\"sales\"]}}]}" },
        { "quotes, separators and line breaks", "\"say \"\"hi\"\",\nthen go\",\"billing\",,,,\r\n", ',',
          "{\"messages\":[{\"role\":\"user\",\"content\":\"say \\\"hi\\\",\\nthen go\",\"expect\":{\"final\":[\"billing\"]}}]}" },
        { "a quote inside a plain field", "5\"\" pipe,,,,,\n", ',',
          "{\"messages\":[{\"role\":\"user\",\"content\":\"5\\\"\\\" pipe\"}]}" },
        { "tabs", "a,b\tbilling\t\t\t\t\n", '\t',
          "{\"messages\":[{\"role\":\"user\",\"content\":\"a,b\",\"expect\":{\"final\":[\"billing\"]}}]}" },
        { "CRLF", "Hello,billing,,,,1\r\n", ',',
          "{\"weight\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\",\"expect\":{\"final\":[\"billing\"]}}]}" },
        { "spaces are kept", " Hello ,,,,,\n", ',', "{\"messages\":[{\"role\":\"user\",\"content\":\" Hello \"}]}" },
        { "an empty text", ",,,,,\n", ',', "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = row_json(arena, baton_str_of(rows[i].text), rows[i].separator);
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
    }
    baton_arena_free(arena);
}

Test(csv, a_bad_row_is_refused_with_its_place)
{
#define BYTES(text)              \
    {                            \
        (text), sizeof(text) - 1 \
    }
    static const struct row {
        const char *name;
        struct baton_str text;
        const char *want;
    } rows[] = {
        { "too few fields", BYTES("Hello,billing\n"), "a.csv:7:1: a row of 2 fields where the header has 6" },
        { "too many fields", BYTES("a,b,c,d,e,1,g\n"), "a.csv:7:1: a row of 7 fields where the header has 6" },
        { "a quote that is never closed", BYTES("a,\"b,c\n"),
          "a.csv:7:3: a quoted field that starts here is never closed" },
        { "text behind a quote", BYTES("\"a\"b,,,,,\n"), "a.csv:7:4: text after the closing quote of a field" },
        { "not UTF-8", BYTES("a,\xff,,,,\n"), "a.csv:7:3: not UTF-8: byte 0xff" },
        { "not UTF-8 on the second line", BYTES("\"a\nb\xff\",,,,,\n"), "a.csv:8:2: not UTF-8: byte 0xff" },
        { "a zero byte", BYTES("a\0b,,,,,\n"), "a.csv:7:2: a zero byte, which no text may hold" },
        { "a weight past all numbers", BYTES("a,,,,,1e999\n"), "a.csv:7:7: the weight '1e999' is not a number" },
        { "a weight that is no number", BYTES("a,,,,,heavy\n"), "a.csv:7:7: the weight 'heavy' is not a number" },
        { "a weight that would bring more keys", BYTES("a,,,,,\"1,\"\"entry\"\":\"\"sales\"\"\"\n"),
          "a.csv:7:8: the weight '1,\"entry\":\"sales\"' is not a number" },
    };
#undef BYTES
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = row_json(arena, rows[i].text, ',');
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
    }
    baton_arena_free(arena);
}

/* ---- the header ---- */

struct header {
    struct baton_csv_columns columns;
    size_t bytes;
    char message[MESSAGE_BYTES];
};

static struct header header_of(const char *text, char separator)
{
    struct header header = { .message = "" };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_source source = { .name = "a.csv", .line_first = 1, .text = baton_str_of(text) };
    struct baton_error err;
    if (baton_csv_read_header(&header.columns, &header.bytes, arena, &source, separator, &err) != BATON_OK) {
        baton_error_format(&err, header.message, sizeof header.message);
    }
    baton_arena_free(arena);
    return header;
}

Test(csv, a_header_says_which_column_is_which)
{
    static const struct row {
        const char *name, *text;
        char separator;
        size_t bytes;
        struct baton_csv_columns want;
    } rows[] = {
        { "the least", "text,final\na,b\n", ',', 11, { 0, 1, -1, -1, -1, -1, 2 } },
        { "any order", "weight,tag,cluster,id,final,text\n", ',', 33, { 5, 4, 3, 2, 1, 0, 6 } },
        { "CRLF", "text,final\r\n", ',', 12, { 0, 1, -1, -1, -1, -1, 2 } },
        { "quoted", "\"text\",\"final\"\n", ',', 15, { 0, 1, -1, -1, -1, -1, 2 } },
        { "tabs", "final\ttext\n", '\t', 11, { 1, 0, -1, -1, -1, -1, 2 } },
        { "a byte order mark", "\xef\xbb\xbftext,final\n", ',', 14, { 0, 1, -1, -1, -1, -1, 2 } },
        { "a byte order mark and quotes", "\xef\xbb\xbf\"text\",final\n", ',', 16, { 0, 1, -1, -1, -1, -1, 2 } },
        { "nothing behind it", "text,final", ',', 10, { 0, 1, -1, -1, -1, -1, 2 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct header got = header_of(rows[i].text, rows[i].separator);
        cr_expect_str_eq(got.message, "", "%s", rows[i].name);
        cr_expect_eq(got.bytes, rows[i].bytes, "%s: %zu bytes", rows[i].name, got.bytes);
        cr_expect_eq(memcmp(&got.columns, &rows[i].want, sizeof rows[i].want), 0, "%s", rows[i].name);
    }
}

Test(csv, a_bad_header_is_refused)
{
    static const struct row {
        const char *name, *text, *want;
    } rows[] = {
        { "empty", "", "a.csv:1:1: unknown column ''" },
        { "no final", "text,id\n", "a.csv:1:1: the header needs the columns 'text' and 'final'" },
        { "no text", "final\n", "a.csv:1:1: the header needs the columns 'text' and 'final'" },
        { "an unknown column", "text,finals\n", "a.csv:1:1: unknown column 'finals'; did you mean 'final'?" },
        { "a column twice", "text,final,text\n", "a.csv:1:1: the column 'text' is given twice" },
        { "the other separator", "text\tfinal\n", "a.csv:1:1: unknown column 'text\tfinal'" },
        { "not UTF-8", "text,fin\xc3\n", "a.csv:1:9: not UTF-8: byte 0xc3" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct header got = header_of(rows[i].text, ',');
        cr_expect_str_eq(got.message, rows[i].want, "%s: %s", rows[i].name, got.message);
    }
}

/* ---- splitting and reading agree ---- */

/* A field as RFC 4180 writes it, with or without quotes where it needs none. */
static void put_field(struct baton_text *text, struct baton_str field, bool quotes)
{
    bool needs = memchr(field.data, ',', field.length) != NULL || memchr(field.data, '"', field.length) != NULL ||
                 memchr(field.data, '\n', field.length) != NULL || memchr(field.data, '\r', field.length) != NULL;
    if (!needs && !quotes) {
        baton_text_append(text, field.data, field.length);
        return;
    }
    baton_text_putc(text, '"');
    for (size_t i = 0; i < field.length; i++) {
        if (field.data[i] == '"') {
            baton_text_putc(text, '"');
        }
        baton_text_putc(text, field.data[i]);
    }
    baton_text_putc(text, '"');
}

Test(csv, any_text_that_is_written_by_the_rules_reads_back)
{
    static const char letters[] = { 'a', 'b', ',', '"', '\n', '\r', ' ', '"' };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_prng prng;
    baton_prng_seed(&prng, 5);
    for (int round = 0; round < 2000; round++) {
        struct baton_text text = baton_text_with_limit(MEMORY_MAX);
        char field[TEXT_MAX];
        size_t length = baton_prng_below(&prng, 12);
        for (size_t i = 0; i < length; i++) {
            field[i] = letters[baton_prng_below(&prng, sizeof letters)];
        }
        put_field(&text, (struct baton_str){ field, length }, baton_prng_below(&prng, 2) == 0);
        baton_text_puts(&text, ",,,,,\n");
        size_t first = text.length;
        baton_text_puts(&text, "\"next\",,,,,\n");
        cr_assert_eq(baton_csv_record_length(baton_text_str(&text), ','), first, "%s", text.data);
        cr_assert_eq(baton_csv_records_end(baton_text_str(&text), ','), text.length, "%s", text.data);
        const char *message;
        const struct baton_json *root = row_tree(arena, (struct baton_str){ text.data, first }, ',', &message);
        cr_assert_not_null(root, "%s", message);
        const struct baton_json *content = baton_json_get(baton_json_get(root, "messages")->child, "content");
        cr_assert(baton_str_equal(content->text, (struct baton_str){ field, length }), "%s", text.data);
        baton_text_clear(&text);
        baton_arena_reset(arena);
    }
    baton_arena_free(arena);
}
