#include "engine/base/fields.h"

#include "engine/base/utf8.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

struct sample {
    struct baton_str name;
    bool is_on;
    int32_t narrow, bounded, word;
    int64_t wide, wait_ns;
    double number, share;
    const struct baton_json *object, *array, *any;
};

static const char *const colours[] = { "red", "green", "blue", NULL };

#define AT(member) offsetof(struct sample, member)
static const struct baton_field sample_rows[] = {
    { .name = "name", .type = BATON_FIELD_TEXT, .offset = AT(name), .is_required = true },
    { .name = "on", .alias = "enabled", .type = BATON_FIELD_BOOLEAN, .offset = AT(is_on) },
    { .name = "narrow", .type = BATON_FIELD_INT32, .offset = AT(narrow) },
    { .name = "bounded", .type = BATON_FIELD_INT32, .offset = AT(bounded), .low = 1, .high = 64 },
    { .name = "wide", .type = BATON_FIELD_INT64, .offset = AT(wide) },
    { .name = "number", .type = BATON_FIELD_NUMBER, .offset = AT(number) },
    { .name = "share", .type = BATON_FIELD_NUMBER, .offset = AT(share), .low = 0, .high = 1 },
    { .name = "wait_ms", .type = BATON_FIELD_MS, .offset = AT(wait_ns), .high = 60000 },
    { .name = "colour", .type = BATON_FIELD_WORD, .offset = AT(word), .words = colours },
    { .name = "object", .type = BATON_FIELD_OBJECT, .offset = AT(object) },
    { .name = "array", .type = BATON_FIELD_ARRAY, .offset = AT(array) },
    { .name = "any", .type = BATON_FIELD_ANY, .offset = AT(any) },
    { .name = "note", .type = BATON_FIELD_IGNORED },
};

static const struct sample defaults = { .name = { "none", 4 }, .narrow = -7, .bounded = 8, .word = 2, .share = 0.5 };

static enum baton_status read_text(struct baton_arena *arena, const char *text, bool allows_unknown, struct sample *out,
                                   struct baton_error *err)
{
    const struct baton_source source = { .name = "file", .text = baton_str_of(text) };
    const struct baton_json *root;
    enum baton_status status = baton_json_parse(&root, arena, &source, err);
    const struct baton_fields fields = { .source = &source,
                                         .rows = sample_rows,
                                         .row_count = BATON_FIELD_COUNT(sample_rows),
                                         .what = "a sample",
                                         .allows_unknown = allows_unknown };
    *out = defaults;
    return status == BATON_OK ? baton_fields_read(&fields, root, out, err) : status;
}

Test(fields, reads_each_type)
{
    struct baton_arena *arena = tree_arena();
    struct sample sample;
    struct baton_error err;
    cr_assert_eq(read_text(arena,
                           "{\"name\":\"n\",\"on\":true,\"narrow\":-2147483648,\"bounded\":64,"
                           "\"wide\":-9223372036854775808,\"number\":2.5e3,\"share\":1,\"wait_ms\":1.5,"
                           "\"colour\":\"green\",\"object\":{\"a\":1},\"array\":[1,2],\"any\":\"x\",\"note\":{}}",
                           false, &sample, &err),
                 BATON_OK, "%s", err.text);
    cr_expect(baton_str_is(sample.name, "n"));
    cr_expect(sample.is_on);
    cr_expect_eq(sample.narrow, INT32_MIN);
    cr_expect_eq(sample.bounded, 64);
    cr_expect_eq(sample.wide, INT64_MIN);
    cr_expect(sample.number == 2500);
    cr_expect(sample.share == 1);
    cr_expect_eq(sample.wait_ns, 1500000);
    cr_expect_eq(sample.word, 1);
    cr_expect_eq(sample.object->count, 1);
    cr_expect_eq(sample.array->count, 2);
    cr_expect(baton_str_is(sample.any->text, "x"));
    baton_arena_free(arena);
}

Test(fields, absent_and_null_keep_the_default)
{
    struct baton_arena *arena = tree_arena();
    struct sample sample;
    struct baton_error err;
    cr_assert_eq(read_text(arena, "{\"name\":\"n\",\"narrow\":null,\"colour\":null,\"share\":null,\"any\":null}", false,
                           &sample, &err),
                 BATON_OK, "%s", err.text);
    cr_expect_eq(sample.narrow, -7);
    cr_expect_eq(sample.bounded, 8);
    cr_expect_eq(sample.word, 2);
    cr_expect(sample.share == 0.5);
    cr_expect_eq(sample.any->type, BATON_JSON_NULL, "where any value goes, null is one");
    cr_expect_null(sample.object);
    baton_arena_free(arena);
}

Test(fields, keys_that_begin_with_x_are_free)
{
    struct baton_arena *arena = tree_arena();
    struct sample sample;
    struct baton_error err;
    cr_expect_eq(read_text(arena, "{\"name\":\"n\",\"x-mine\":[1]}", false, &sample, &err), BATON_OK, "%s", err.text);
    cr_expect_eq(read_text(arena, "{\"name\":\"n\",\"mine\":[1]}", true, &sample, &err), BATON_OK, "%s", err.text);
    baton_arena_free(arena);
}

static const struct {
    const char *text, *want;
} refusals[] = {
    { "[]", "file:1:1: a sample must be an object, not an array" },
    { "{}", "file:1:1: a sample needs a key 'name'" },
    { "{\"name\":null}", "file:1:1: a sample needs a key 'name'" },
    { "{\"name\":1}", "file:1:9: 'name' must be a text; put it in quotes, not a number" },
    { "{\"nmae\":\"n\"}", "file:1:2: unknown key 'nmae' in a sample; did you mean 'name'?" },
    { "{\"name\":\"n\",\n\"enable\":true}", "file:2:1: unknown key 'enable' in a sample; did you mean 'enabled'?" },
    { "{\"name\":\"n\",\"Name\":\"n\"}", "file:1:13: unknown key 'Name' in a sample; did you mean 'name'?" },
    { "{\"name\":\"n\",\"x-\":1}", "file:1:13: unknown key 'x-' in a sample" },
    { "{\"name\":\"n\",\"quite else\":1}", "file:1:13: unknown key 'quite else' in a sample" },
    { "{\"name\":\"n\",\"on\":\"yes\"}", "file:1:18: 'on' must be true or false, not a string" },
    { "{\"name\":\"n\",\"on\":true,\"enabled\":true}",
      "file:1:23: 'on' and 'enabled' are two spellings of one key; remove one" },
    { "{\"name\":\"n\",\"on\":null,\"enabled\":true}",
      "file:1:23: 'on' and 'enabled' are two spellings of one key; remove one" },
    { "{\"name\":\"n\",\"narrow\":2147483648}",
      "file:1:22: 'narrow' must be a whole number from -2147483648 to 2147483647, not 2147483648" },
    { "{\"name\":\"n\",\"narrow\":1.5}",
      "file:1:22: 'narrow' must be a whole number from -2147483648 to 2147483647, not 1.5" },
    { "{\"name\":\"n\",\"narrow\":\"1\"}", "file:1:22: 'narrow' must be a whole number, not a string" },
    { "{\"name\":\"n\",\"bounded\":0}", "file:1:23: 'bounded' must be a whole number from 1 to 64, not 0" },
    { "{\"name\":\"n\",\"bounded\":65}", "file:1:23: 'bounded' must be a whole number from 1 to 64, not 65" },
    { "{\"name\":\"n\",\"wide\":9223372036854775808}",
      "file:1:20: 'wide' must be a whole number from -9223372036854775808 to 9223372036854775807, not "
      "9223372036854775808" },
    { "{\"name\":\"n\",\"share\":1.01}", "file:1:21: 'share' must be from 0 to 1, not 1.01" },
    { "{\"name\":\"n\",\"share\":-0.5}", "file:1:21: 'share' must be from 0 to 1, not -0.5" },
    { "{\"name\":\"n\",\"number\":[]}", "file:1:22: 'number' must be a number, not an array" },
    { "{\"name\":\"n\",\"wait_ms\":-1}", "file:1:23: 'wait_ms' must be from 0 to 60000, not -1" },
    { "{\"name\":\"n\",\"wait_ms\":60000.5}", "file:1:23: 'wait_ms' must be from 0 to 60000, not 60000.5" },
    { "{\"name\":\"n\",\"wait_ms\":\"1s\"}", "file:1:23: 'wait_ms' must be a number, not a string" },
    { "{\"name\":\"n\",\"colour\":\"gren\"}",
      "file:1:22: 'colour' must be one of red, green, blue, not 'gren'; did you mean 'green'?" },
    { "{\"name\":\"n\",\"colour\":1}", "file:1:22: 'colour' must be a word, not a number" },
    { "{\"name\":\"n\",\"object\":[]}", "file:1:22: 'object' must be an object, not an array" },
    { "{\"name\":\"n\",\"array\":{}}", "file:1:21: 'array' must be a list, not an object" },
};

Test(fields, refuses_with_the_place_and_what_would_do)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct sample sample;
        struct baton_error err;
        char said[1024];
        cr_assert_eq(read_text(arena, refusals[i].text, false, &sample, &err), BATON_EINPUT, "%s", refusals[i].text);
        baton_error_format(&err, said, sizeof said);
        cr_expect_str_eq(said, refusals[i].want, "%s", said);
    }
    baton_arena_free(arena);
}

Test(fields, every_allocation_may_fail)
{
    static const char text[] = "{\"name\":\"n\",\"on\":true,\"colour\":\"green\",\"object\":{\"a\":{\"b\":[]}},"
                               "\"array\":[1,2,3,\"x\"],\"any\":{\"p\":1,\"q\":2},\"x-free\":{\"z\":null}}";
    struct baton_arena *arena = tree_arena();
    enum baton_status status = BATON_ELIMIT;
    uint64_t n = 0;
    while (status != BATON_OK) {
        struct sample sample;
        struct baton_error err;
        baton_arena_fail_after(++n);
        status = read_text(arena, text, false, &sample, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ELIMIT, "allocation %llu", (unsigned long long)n);
        cr_assert_eq(status == BATON_OK, baton_str_is(sample.name, "n"), "all or nothing");
        cr_assert_lt(n, 1000);
    }
    cr_expect_gt(n, 20);
    baton_arena_free(arena);
}

Test(fields, a_long_unknown_key_is_cut_at_a_character)
{
    struct baton_arena *arena = tree_arena();
    char text[3000] = "{\"";
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text + 2, 'x', shift);
        size_t at = 2 + shift;
        for (; at < 2700; at += 3) {
            memcpy(text + at, "\xe2\x82\xac", 3);
        }
        memcpy(text + at, "\":1}", 5);
        struct sample sample;
        struct baton_error err;
        size_t bad = 0;
        cr_assert_eq(read_text(arena, text, false, &sample, &err), BATON_EINPUT);
        cr_expect(baton_utf8_valid(err.text, strlen(err.text), &bad), "%zu", shift);
        cr_expect_gt(strlen(err.text), 600);
    }
    baton_arena_free(arena);
}
