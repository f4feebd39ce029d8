#include "reports/forms/tap.h"

#include "reports/tests/sample.h"
#include "reports/tests/tap_reader.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024, GATES = 3 };

static struct tap read_back(struct baton_arena *arena, const char *letters, struct baton_str text)
{
    struct tap tap;
    struct baton_text report =
        sample_report(arena, baton_report_form_find(BATON_STR("tap")), letters, text, REPORT_MAX);
    const char *problem = tap_read(&tap, arena, baton_text_str(&report));
    cr_assert_null(problem, "%s in\n%.2000s", problem, report.data);
    baton_text_clear(&report);
    return tap;
}

Test(tap, a_point_for_each_repeat_and_gate)
{
    static const bool oks[] = { true, false, false, true, false, true, true };
    static const char letters[] = "PFES";
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct tap tap = read_back(arena, letters, BATON_STR("a"));
    cr_assert_eq(tap.count, strlen(letters) + GATES);
    for (size_t i = 0; i < tap.count; i++) {
        cr_expect_eq(tap.points[i].is_ok, oks[i], "point %zu", i);
        cr_expect_eq(tap.points[i].skip.data != NULL, i == 3 || i == 5, "point %zu", i);
    }
    cr_expect(baton_str_is(tap.points[1].description, "a repeat 1"));
    cr_expect(baton_str_is(tap.points[3].skip, "no expectation"));
    cr_expect(baton_str_is(tap.points[4].description, "gate a"));
    cr_expect(baton_str_is(baton_json_get(tap.points[2].diagnosis, "message")->text, "provider_error"));
    cr_expect(baton_str_is(baton_json_get(tap.points[4].diagnosis, "message")->text, "the value is 0.5 (n 2)"));
    baton_arena_free(arena);
}

/* Control bytes become blanks in a description. */
static struct baton_str one_line(struct baton_arena *arena, struct baton_str text)
{
    char *copy = baton_arena_copy(arena, text.data, text.length);
    for (size_t i = 0; i < text.length; i++) {
        copy[i] = (unsigned char)copy[i] < 0x20 || copy[i] == 0x7f ? ' ' : copy[i];
    }
    return (struct baton_str){ copy, text.length };
}

Test(tap, hostile_texts_read_back_as_they_were)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_str text = sample_text(arena, i);
        struct tap tap = read_back(arena, "F", text);
        struct baton_str message = baton_json_get(tap.points[0].diagnosis, "message")->text;
        cr_expect(baton_str_equal(tap.points[0].description, one_line(arena, text)), "text %zu", i);
        if (text.length <= BATON_TAP_MESSAGE_BYTES_MAX) {
            cr_expect(baton_str_equal(message, text), "text %zu: %.200s", i, message.data);
        } else {
            cr_expect_leq(message.length, (size_t)BATON_TAP_MESSAGE_BYTES_MAX + 3, "text %zu", i);
            cr_expect_eq(memcmp(message.data, text.data, message.length - 3), 0, "text %zu", i);
            cr_expect_eq(memcmp(message.data + message.length - 3, "...", 3), 0, "text %zu", i);
        }
        baton_arena_free(arena);
    }
}
