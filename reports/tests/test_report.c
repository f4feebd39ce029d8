#include "reports/report.h"

#include <criterion/criterion.h>

Test(report, a_text_is_cut_at_a_characters_end)
{
    struct baton_str text = BATON_STR("ab\xc3\xa9\xf0\x9f\x98\x80");
    static const size_t want[] = { 0, 1, 2, 2, 4, 4, 4, 4, 8, 8 };
    for (size_t max = 0; max < sizeof want / sizeof *want; max++) {
        cr_expect_eq(baton_report_cut(text, max).length, want[max], "%zu", max);
    }
}
