#include "reports/forms/csv.h"

#include "reports/tests/sample.h"
#include "reports/tests/table_reader.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024, COLUMNS = 20 };

static struct table read_back(struct baton_arena *arena, const char *form, const char *letters, struct baton_str text)
{
    struct table table;
    struct baton_text report =
        sample_report(arena, baton_report_form_find(baton_str_of(form)), letters, text, REPORT_MAX);
    struct baton_str kept = { baton_arena_copy(arena, report.data, report.length), report.length };
    baton_text_clear(&report);
    const char *problem = table_read(&table, arena, kept);
    cr_assert_null(problem, "%s: %s in\n%.2000s", form, problem, kept.data);
    return table;
}

Test(csv, hostile_texts_read_back_as_they_were)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_str text = sample_text(arena, i);
        struct table table = read_back(arena, "csv", "FP", text);
        cr_assert_eq(table.columns, (size_t)COLUMNS);
        cr_assert_eq(table.rows, 3u);
        cr_expect(baton_str_equal(table_at(&table, 1, "id"), text), "id, text %zu", i);
        cr_expect(baton_str_equal(table_at(&table, 1, "final"), text), "final, text %zu", i);
        cr_expect(baton_str_equal(table_at(&table, 1, "failed"), text), "failed, text %zu", i);
        cr_expect_eq(table_at(&table, 1, "route").length, 2 * text.length + 3, "route, text %zu", i);
        cr_expect(baton_str_is(table_at(&table, 1, "detour"), "-1"), "a number is no formula");
        cr_expect(baton_str_is(table_at(&table, 1, "latency_ms"), "1.5"));
        cr_expect_eq(table_at(&table, 1, "optimal").length, 0u);
        cr_expect(baton_str_is(table_at(&table, 2, "repeat"), "1"));
        cr_expect(baton_str_is(table_at(&table, 2, "correct"), "true"));
        baton_arena_free(arena);
    }
}

Test(csv, no_text_begins_as_a_formula_does)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        for (int form = 0; form < 2; form++) {
            struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
            struct table table = read_back(arena, form == 0 ? "csv" : "confusion", "F", sample_text(arena, i));
            for (size_t k = 0; k < table.rows * table.columns; k++) {
                struct baton_str cell = table.cells[k];
                cr_expect(cell.length == 0 || memchr("=+-@\t\r\n", cell.data[0], 7) == NULL || baton_str_is(cell, "-1"),
                          "text %zu, cell %zu: %.20s", i, k, cell.data);
            }
            baton_arena_free(arena);
        }
    }
}

Test(csv, the_confusion_matrix_has_its_labels_on_both_sides)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct table table = read_back(arena, "confusion", "F", BATON_STR("@none"));
    cr_assert(table.rows == 4 && table.columns == 4);
    cr_expect(baton_str_is(table.cells[0], "expected"));
    for (size_t i = 1; i < 4; i++) {
        cr_expect(baton_str_is(table.cells[i], "'@none") && baton_str_is(table.cells[4 * i], "'@none"));
    }
    cr_expect(baton_str_is(table.cells[4 + 1], "1") && baton_str_is(table.cells[15], "9"));
    baton_arena_free(arena);
}
