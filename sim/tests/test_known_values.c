#include "sim/redact/known_values.h"

#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/tests/trees.h"
#include "sim/redact/redact.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static const char *without(struct baton_arena *arena, const char *value, const char *text)
{
    const struct baton_str values[] = { baton_str_of(value) };
    struct baton_known_values *known;
    struct baton_text out = baton_text_with_limit(100000);
    cr_assert_eq(baton_known_values_new(&known, arena, values, 1, NULL), BATON_OK);
    baton_redact_text(&out, known, baton_str_of(text));
    cr_assert(!out.failed);
    const char *kept = baton_arena_copy(arena, baton_text_str(&out).data, out.length);
    baton_text_clear(&out);
    return kept;
}

static const struct spelling {
    const char *name, *value, *text, *want;
} spellings[] = {
    { "as it is", "correct horse", "a correct horse b", "a REDACTED b" },
    { "within a word", "correct horse", "xcorrect horsey", "xREDACTEDy" },
    { "with white space around it", " correct horse\n", "a correct horse b", "a REDACTED b" },
    { "in a JSON string", "pa\"ss\\wo/rd", "say \"pa\\\"ss\\\\wo/rd\"", "say \"REDACTED\"" },
    { "with an escaped slash", "pa\"ss\\wo/rd", "say pa\\\"ss\\\\wo\\/rd", "say REDACTED" },
    { "in a string in a string", "pa\"ss\\wo/rd", "say pa\\\\\\\"ss\\\\\\\\wo/rd", "say REDACTED" },
    { "with escaped letters", "pass\xc3\xb6\xf0\x9f\x98\x80word", "say pass\\u00f6\\ud83d\\ude00word", "say REDACTED" },
    { "with escaped letters in capitals", "pass\xc3\xb6word", "say pass\\u00F6word", "say REDACTED" },
    { "for HTML", "pass<&>word", "say pass\\u003c\\u0026\\u003eword", "say REDACTED" },
    { "with a line break", "pass\nword", "say pass\\nword", "say REDACTED" },
    { "percent-encoded", "pa ss/wo+rd", "?k=pa%20ss%2Fwo%2Brd&x", "?k=REDACTED&x" },
    { "percent-encoded in small letters", "pa ss/wo+rd", "?k=pa%20ss%2fwo%2brd&x", "?k=REDACTED&x" },
    { "percent-encoded in a form", "pa ss/wo+rd", "?k=pa+ss%2Fwo%2Brd&x", "?k=REDACTED&x" },
    { "percent-encoded in a path", "pa ss/wo+rd", "/k/pa%20ss/wo%2Brd/x", "/k/REDACTED/x" },
    { "in base64", "correct horse", "Y29ycmVjdCBob3JzZQ==", "REDACTED" },
    { "in base64 without its end", "correct horse", "'Y29ycmVjdCBob3JzZQ'", "'REDACTED'" },
    { "in base64 after a name", "correct horse", "Basic bWlhOmNvcnJlY3QgaG9yc2U=", "Basic bWlhOmREDACTEDU=" },
    { "in base64 after two bytes", "correct horse", "Ojpjb3JyZWN0IGhvcnNlISE=", "OjpREDACTEDISE=" },
    { "in base64 for URLs", "\xfb\xff\xfe\xfb\xff\xfe\xfb\xff\xfe", "-__--__--__-", "REDACTED" },
    { "overlapping", "abcabcabc", "xabcabcabcabcy", "xREDACTEDy" },
    { "one after another", "abcabcabc", "abcabcabcabcabcabc", "REDACTED" },
    { "nearly", "correct horse", "a correct hors b", "a correct hors b" },
    { "too short to be looked for", "horse", "a horse", "a horse" },
    { "across what looks like a string", "ab\"cd\"efgh", "[x] ab\"cd\"efgh", "[x] REDACTED" },
    { "with a shape around it", "hunter2hunter2", "sk-ant-api03-hunter2hunter2-Ab1Cd2Ef3Gh4Ij5", "REDACTED" },
};

Test(known_values, are_found_in_every_spelling)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(spellings); i++) {
        const struct spelling *row = &spellings[i];
        const char *got = without(arena, row->value, row->text);
        cr_expect_str_eq(got, row->want, "%s: %s", row->name, got);
    }
    baton_arena_free(arena);
}

/* Base64 of a text around the value, at each place within a group: none holds more than two of its letters in a row. */
Test(known_values, are_found_within_base64)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct baton_arena *arena = tree_arena();
    static const char value[] = "Tr0ub4dor&3-zebra";
    for (size_t before = 0; before < 7; before++) {
        for (size_t after = 0; after < 7; after++) {
            struct baton_text plain = baton_text_with_limit(1000), encoded = baton_text_with_limit(1000);
            baton_text_printf(&plain, "%.*s%s%.*s", (int)before, "mia:x:y", value, (int)after, "#######");
            for (size_t i = 0; i * 6 < plain.length * 8; i++) {
                unsigned bits = 0;
                for (size_t k = i * 6; k < i * 6 + 6; k++) {
                    unsigned byte = k / 8 < plain.length ? (unsigned char)plain.data[k / 8] : 0;
                    bits = bits << 1 | (byte >> (7 - k % 8) & 1U);
                }
                baton_text_putc(&encoded, letters[bits]);
            }
            size_t first = (before * 8 + 5) / 6, last = (before + strlen(value)) * 8 / 6;
            const char *got = without(arena, value, encoded.data);
            cr_expect_null(memmem(got, strlen(got), encoded.data + first, last - first), "%s", got);
            cr_expect_not_null(strstr(got, BATON_REDACTED), "%s", got);
            baton_text_clear(&plain);
            baton_text_clear(&encoded);
        }
    }
    baton_arena_free(arena);
}

Test(known_values, have_limits)
{
    struct baton_arena *arena = tree_arena();
    struct baton_known_values *known;
    struct baton_error err;
    struct baton_str *values = baton_arena_array(arena, BATON_KNOWN_VALUES_MAX + 1, sizeof *values);
    for (size_t i = 0; i <= BATON_KNOWN_VALUES_MAX; i++) {
        values[i] = baton_str_of("value-value");
    }
    cr_expect_eq(baton_known_values_new(&known, arena, values, BATON_KNOWN_VALUES_MAX + 1, &err), BATON_EUSAGE);
    cr_expect_null(known);
    cr_expect_eq(baton_known_values_new(&known, arena, values, BATON_KNOWN_VALUES_MAX, &err), BATON_OK);
    char *large = baton_arena_alloc(arena, BATON_KNOWN_VALUE_MAX + 1);
    memset(large, 'x', BATON_KNOWN_VALUE_MAX + 1);
    values[0] = (struct baton_str){ large, BATON_KNOWN_VALUE_MAX + 1 };
    cr_expect_eq(baton_known_values_new(&known, arena, values, 1, &err), BATON_EUSAGE);
    values[0].length--;
    cr_expect_eq(baton_known_values_new(&known, arena, values, 1, &err), BATON_OK);
    struct baton_arena *small = baton_arena_new(64);
    cr_expect_eq(baton_known_values_new(&known, small, values, 1, &err), BATON_ELIMIT);
    cr_expect_eq(baton_known_values_new(&known, arena, NULL, 0, &err), BATON_OK);
    struct baton_known_search search = baton_known_search_in(known, BATON_STR("value-value"));
    size_t start, end;
    cr_expect(!baton_known_search_next(&search, &start, &end));
    baton_arena_free(small);
    baton_arena_free(arena);
}

/* Whatever the texts and values: all that a plain search finds is covered, and nothing else. */
Test(known_values, agree_with_a_plain_search)
{
    struct baton_arena *arena = tree_arena();
    struct baton_prng prng;
    baton_prng_seed(&prng, 11);
    for (unsigned round = 0; round < 400; round++) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        struct baton_str values[4];
        char bytes[4][16], text[200];
        bool covered[200] = { false }, wanted[200] = { false };
        for (size_t v = 0; v < 4; v++) {
            size_t length = 8 + baton_prng_below(&prng, 8);
            for (size_t i = 0; i < length; i++) {
                bytes[v][i] = (char)('a' + baton_prng_below(&prng, 2));
            }
            values[v] = (struct baton_str){ bytes[v], length };
        }
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = (char)('a' + baton_prng_below(&prng, 2));
        }
        for (size_t v = 0; v < 4; v++) {
            for (size_t i = 0; i + values[v].length <= sizeof text; i++) {
                if (memcmp(text + i, bytes[v], values[v].length) == 0) {
                    memset(wanted + i, 1, values[v].length);
                }
            }
        }
        struct baton_known_values *known;
        cr_assert_eq(baton_known_values_new(&known, arena, values, 4, NULL), BATON_OK);
        struct baton_known_search search = baton_known_search_in(known, (struct baton_str){ text, sizeof text });
        size_t start, end, last = 0;
        while (baton_known_search_next(&search, &start, &end)) {
            cr_assert(start >= last && end > start && end <= sizeof text);
            memset(covered + start, 1, end - start);
            last = end;
        }
        for (size_t i = 0; i < sizeof text; i++) {
            cr_assert(!wanted[i] || covered[i], "round %u, byte %zu", round, i);
        }
        cr_expect(memchr(wanted, 1, sizeof wanted) != NULL || memchr(covered, 1, sizeof covered) == NULL);
        baton_arena_rollback(arena, mark);
    }
    baton_arena_free(arena);
}
