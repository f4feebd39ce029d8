#include "reports/forms/forms.h"

#include "reports/tests/sample.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024, ALLOCATIONS_MAX = 10000, STEP = 97 };

Test(forms, each_is_found_by_its_name)
{
    for (size_t i = 0; baton_report_form_at(i) != NULL; i++) {
        const struct baton_report_form *form = baton_report_form_at(i);
        cr_expect_eq(baton_report_form_find(baton_str_of(form->name)), form, "%s", form->name);
        cr_expect(form->before != NULL || form->conversation != NULL || form->after != NULL, "%s", form->name);
    }
    cr_expect_null(baton_report_form_find(BATON_STR("jun")));
}

Test(forms, a_report_is_whole_or_says_that_memory_ran_out)
{
    for (size_t i = 0; baton_report_form_at(i) != NULL; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        const struct baton_report_form *form = baton_report_form_at(i);
        struct baton_text whole = sample_report(arena, form, "FEPF", BATON_STR("a \"#\" <b>"), REPORT_MAX);
        cr_assert(!whole.failed && whole.length > 0, "%s", form->name);
        struct baton_report_context context = { .summary = sample_summary(arena, "FEPF", BATON_STR("a \"#\" <b>")) };
        const struct baton_result *repeats = sample_repeats(arena, "FEPF", BATON_STR("a \"#\" <b>"));
        bool is_through = false;
        struct baton_text want = { 0 };
        for (uint64_t n = 0; n < ALLOCATIONS_MAX && !is_through; n++) { /* the first time none fails */
            struct baton_text text = baton_text_with_limit(REPORT_MAX);
            baton_arena_fail_after(n);
            if (form->before != NULL) {
                form->before(&text, &context);
            }
            if (form->conversation != NULL) {
                form->conversation(&text, BATON_STR("suite"), repeats, 4);
            }
            if (form->after != NULL) {
                form->after(&text, &context);
            }
            baton_arena_fail_after(0);
            if (n == 0) {
                want = text;
                continue;
            }
            is_through = !text.failed;
            cr_expect(text.failed || baton_str_equal(baton_text_str(&text), baton_text_str(&want)),
                      "%s is cut and does not say so when allocation %llu fails", form->name, (unsigned long long)n);
            baton_text_clear(&text);
        }
        cr_expect(is_through, "%s", form->name);
        baton_text_clear(&want);
        baton_text_clear(&whole);
        baton_arena_free(arena);
    }
}

Test(forms, a_report_is_whole_or_says_that_it_is_over_its_limit)
{
    for (size_t i = 0; baton_report_form_at(i) != NULL; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        const struct baton_report_form *form = baton_report_form_at(i);
        struct baton_text whole = sample_report(arena, form, "FEPF", BATON_STR("a b"), REPORT_MAX);
        for (size_t limit = whole.length % STEP; limit <= whole.length; limit += STEP) {
            struct baton_text text = sample_report(arena, form, "FEPF", BATON_STR("a b"), limit);
            cr_expect(text.failed == (limit < whole.length), "%s of %zu bytes at a limit of %zu", form->name,
                      whole.length, limit);
            baton_text_clear(&text);
        }
        baton_text_clear(&whole);
        baton_arena_free(arena);
    }
}

Test(forms, hostile_texts_leave_no_control_byte_but_line_breaks_and_tabs)
{
    for (size_t i = 0; baton_report_form_at(i) != NULL; i++) {
        const struct baton_report_form *form = baton_report_form_at(i);
        if (form->file_name != NULL && strstr(form->file_name, ".csv") != NULL) {
            continue; /* holds what it was given */
        }
        for (size_t t = 0; t < SAMPLE_TEXTS; t++) {
            struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
            struct baton_text text = sample_report(arena, form, "FP", sample_text(arena, t), REPORT_MAX);
            size_t bad = 0;
            for (size_t k = 0; k < text.length; k++) {
                unsigned char c = (unsigned char)text.data[k];
                bad += c < 0x20 && c != '\n' && c != '\t';
            }
            cr_expect(!text.failed && bad == 0, "%s of text %zu", form->name, t);
            baton_text_clear(&text);
            baton_arena_free(arena);
        }
    }
}
