#include "reports/report.h"

#include <criterion/criterion.h>

enum { TEXT_MAX = 100 };

Test(report, a_text_is_cut_at_a_characters_end_and_marked)
{
    static const struct row {
        const char *text;
        size_t most;
        const char *want;
    } rows[] = {
        { "", 0, "\"\"" },
        { "abc", 3, "\"abc\"" },
        { "abc", 2, "\"ab\xe2\x80\xa6\"" },
        { "a\xc3\xa4", 2, "\"a\xe2\x80\xa6\"" },
        { "a\xc3\xa4", 3, "\"a\xc3\xa4\"" },
        { "\xe2\x80\xa6", 2, "\"\xe2\x80\xa6\"" },
        { "\xf0\x9f\x92\xa5!", 4, "\"\xf0\x9f\x92\xa5\xe2\x80\xa6\"" },
        { "\xf0\x9f\x92\xa5!", 3, "\"\xe2\x80\xa6\"" },
        { "ab\xc3\xa9\xf0\x9f\x98\x80", 7, "\"ab\xc3\xa9\xe2\x80\xa6\"" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_text text = baton_text_with_limit(TEXT_MAX);
        struct baton_json_writer json = baton_json_writer_to(&text, 0);
        baton_report_put_short(&json, baton_str_of(rows[i].text), rows[i].most);
        cr_expect_str_eq(text.data, rows[i].want, "row %zu: %s", i, text.data);
        baton_text_clear(&text);
    }
}
