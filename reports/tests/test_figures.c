/* The table of figures is whole, and names find its rows. */
#include "reports/figure_names.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { TEXT_MAX = 4096, FIGURES_MIN = 100 };

static bool same(const struct baton_figure_ref *a, const struct baton_figure_ref *b)
{
    return a->row == b->row && a->element == b->element && a->member == b->member;
}

Test(figures, every_one_is_found_by_its_name_and_by_its_path)
{
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    size_t count = 0;
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref); count++) {
        struct baton_figure_ref got, with_key = ref;
        with_key.key = ref.element == NULL ? BATON_STR("") : BATON_STR("8"); /* an agent may be called so, too */
        baton_text_reset(&text);
        baton_figure_put_name(&text, &with_key);
        cr_assert(baton_figure_find(baton_text_str(&text), &got), "%s", text.data);
        cr_expect(same(&ref, &got), "%s", text.data);
        if (ref.element == NULL && ref.row->kind != BATON_FIGURE_ONE_SIDED) {
            baton_text_reset(&text);
            baton_figure_put_path(&text, &ref);
            cr_assert(baton_figure_find(baton_text_str(&text), &got), "%s", text.data);
            cr_expect(same(&ref, &got), "%s", text.data);
        }
    }
    cr_expect_geq(count, (size_t)FIGURES_MIN);
    baton_text_clear(&text);
}

Test(figures, every_one_says_what_it_means_and_what_it_can_be)
{
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref);) {
        const struct baton_unit_of *unit = baton_unit_of(baton_figure_leaf(&ref)->unit);
        baton_text_reset(&text);
        baton_figure_put_meaning(&text, &ref);
        cr_expect_gt(text.length, 3u, "%s", ref.row->path);
        cr_expect(strpbrk(text.data, "\r\n") == NULL, "one line: %s", text.data);
        cr_expect(unit->name[0] != '\0' && unit->low < unit->high, "%s", ref.row->path);
        cr_expect_neq(baton_figure_better(&ref), BATON_AS_WHOLE, "%s", ref.row->path);
    }
    baton_text_clear(&text);
}

Test(figures, what_is_on_a_report_has_a_label_for_it)
{
    const unsigned shown = BATON_ON_TERMINAL | BATON_ON_MARKDOWN | BATON_ON_HTML;
    const struct baton_figure *row;
    for (size_t i = 0; (row = baton_figure_at(i)) != NULL; i++) {
        cr_expect((row->on & shown) == 0 || row->label != NULL, "%s", row->path);
        cr_expect((row->on & BATON_ON_HTML) == 0 || row->means != NULL, "%s", row->path);
        cr_expect(strlen(baton_section_name(row->section)) > 0, "%s", row->path);
    }
}

Test(figures, keys_hold_any_character)
{
    static const struct row {
        const char *key, *written;
    } rows[] = {
        { "billing", "billing" },
        { "a>=b", "\"a>=b\"" },
        { "x]y", "\"x]y\"" },
        { "tech support", "\"tech support\"" },
        { "\"q\"", "\"\\\"q\\\"\"" },
        { "back\\slash", "\"back\\\\slash\"" },
        { "]", "\"]\"" },
        { "a.b", "a.b" },
        { "\xc3\xa9", "\xc3\xa9" },
        { "] >= 1", "\"] >= 1\"" },
    };
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_figure_ref ref;
        baton_text_reset(&text);
        baton_text_puts(&text, "recall[");
        baton_figure_put_key(&text, baton_str_of(rows[i].key));
        cr_expect_str_eq(text.data + strlen("recall["), rows[i].written);
        baton_text_putc(&text, ']');
        cr_assert(baton_figure_find(baton_text_str(&text), &ref), "%s", text.data);
        cr_expect(baton_figure_key_is(ref.key, baton_str_of(rows[i].key)), "%s", text.data);
        cr_expect(!baton_figure_key_is(ref.key, BATON_STR("another")), "%s", text.data);
    }
    baton_text_clear(&text);
}

Test(figures, are_shown_in_their_unit)
{
    static const struct row {
        const char *name;
        double value;
        const char *want;
    } rows[] = {
        { "accuracy", 0.925, "92.5 %" },     { "kappa", -0.25, "-0.250" },
        { "counts.turns", 12, "12" },        { "depth.mean", 1.5, "1.50" },
        { "latency.hop.p50", 689.4, "689" }, { "cost_usd.total", 0.18612, "0.1861 USD" },
        { "cost_usd.mean", NAN, "n/a" },
    };
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_figure_ref ref;
        cr_assert(baton_figure_find(baton_str_of(rows[i].name), &ref));
        baton_text_reset(&text);
        baton_figure_put(&text, baton_figure_leaf(&ref), rows[i].value);
        cr_expect_str_eq(text.data, rows[i].want);
    }
    baton_text_clear(&text);
}
