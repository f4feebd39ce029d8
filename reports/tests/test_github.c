#include "reports/forms/github.h"

#include "reports/tests/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024, GATES = 30 };

/* Commands by their level. */
struct levels {
    size_t errors, warnings, notices;
    const char *problem;
};

/* Every line is `::LEVEL key=value,key=value::message`, with no % but of the five escapes. */
static struct levels look(struct baton_arena *arena, struct baton_str text)
{
    struct levels levels = { 0 };
    for (size_t at = 0; at < text.length;) {
        const char *end = memchr(text.data + at, '\n', text.length - at);
        const char *line = baton_arena_copy(arena, text.data + at, (size_t)(end - text.data) - at);
        at += strlen(line) + 1;
        levels.errors += strncmp(line, "::error ", 8) == 0;
        levels.warnings += strncmp(line, "::warning ", 10) == 0;
        levels.notices += strncmp(line, "::notice ", 9) == 0;
        const char *message = strstr(line + 2, "::");
        bool is_good =
            strncmp(line, "::", 2) == 0 && message != NULL && strlen(line) < 3 * BATON_GITHUB_MESSAGE_BYTES_MAX;
        for (const char *p = line; is_good && *p != '\0'; p++) {
            is_good = (unsigned char)*p >= 0x20;
            if (*p == '%') {
                bool is_property = p < message;
                is_good = strncmp(p, "%25", 3) == 0 || strncmp(p, "%0D", 3) == 0 || strncmp(p, "%0A", 3) == 0 ||
                          (is_property && (strncmp(p, "%3A", 3) == 0 || strncmp(p, "%2C", 3) == 0));
            }
        }
        levels.problem = is_good ? levels.problem : line;
    }
    return levels;
}

Test(github, hostile_texts_stay_in_their_message)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_text text = sample_report(arena, baton_report_form_find(BATON_STR("github")), "FFFFFFFFFFFFPP",
                                               sample_text(arena, i), REPORT_MAX);
        struct levels levels = look(arena, baton_text_str(&text));
        cr_expect_null(levels.problem, "text %zu: %.300s", i, levels.problem);
        cr_expect_eq(levels.errors, 10u, "text %zu", i);
        cr_expect_eq(levels.notices, 1u, "text %zu", i);
        cr_expect_not_null(strstr(text.data, "::error file=a%3Ab%2Cc.jsonl,title=not as expected::"));
        cr_expect_not_null(
            strstr(text.data, "::notice title=baton::3 more expectations do not hold; see the report\n"));
        baton_text_clear(&text);
        baton_arena_free(arena);
    }
}

Test(github, a_message_is_escaped)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_text text = sample_report(arena, baton_report_form_find(BATON_STR("github")), "P",
                                           BATON_STR("100%\r\na:b,c\x1b"), REPORT_MAX);
    cr_expect_not_null(strstr(text.data, "::error title=gate::100%25%0D%0Aa:b,c : the value is 0.5 (n 2)\n"), "%s",
                       text.data);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(github, what_is_left_out_is_counted_and_a_run_that_passed_only_warns)
{
    static const struct row {
        const char *name;
        size_t failing_gates, failures;
        uint64_t failed;
        bool passed;
        struct levels want;
        const char *notice;
    } rows[] = {
        { "nothing", 0, 0, 0, true, { 0, 0, 0, NULL }, "" },
        { "a few", 1, 2, 2, false, { 3, 0, 0, NULL }, "" },
        { "gates alone", 30, 0, 0, false, { 9, 0, 1, NULL }, "::21 more gates fail; see the report\n" },
        { "both",
          30,
          10,
          55,
          false,
          { 10, 0, 1, NULL },
          "::21 more gates fail, 54 more expectations do not hold; see the report\n" },
        { "expectations, but no gate",
          0,
          10,
          12,
          true,
          { 0, 10, 1, NULL },
          "::2 more expectations do not hold; see the report\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_summary *summary = sample_summary(arena, "P", BATON_STR("x"));
        struct baton_gate_result *gates = baton_arena_zero(arena, GATES * sizeof *gates);
        char failures[64] = "";
        for (size_t k = 0; k < GATES; k++) {
            gates[k] =
                (struct baton_gate_result){ .gate = BATON_STR("g"),
                                            .verdict = k < rows[i].failing_gates ? BATON_GATE_FAIL : BATON_GATE_PASS };
        }
        for (size_t k = 0; k < rows[i].failures; k++) {
            memcpy(failures + 3 * k, "c:\n", 4);
        }
        summary->gates = gates;
        summary->gate_count = GATES;
        summary->passed = rows[i].passed;
        summary->routing.all_expectations = (struct baton_rate){ .n = rows[i].failed };
        struct baton_text text = baton_text_with_limit(REPORT_MAX);
        baton_github_write(&text, &(struct baton_report_context){ .summary = summary, .failures = failures });
        struct levels got = look(arena, baton_text_str(&text));
        cr_expect(got.errors == rows[i].want.errors && got.warnings == rows[i].want.warnings &&
                      got.notices == rows[i].want.notices,
                  "%s: %zu errors, %zu warnings, %zu notices", rows[i].name, got.errors, got.warnings, got.notices);
        cr_expect(rows[i].notice[0] == '\0' || strstr(text.data, rows[i].notice) != NULL, "%s: %s", rows[i].name,
                  text.data);
        baton_text_clear(&text);
        baton_arena_free(arena);
    }
}
