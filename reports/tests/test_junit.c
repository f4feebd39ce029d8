#include "reports/forms/junit.h"

#include "reports/tests/junit_reader.h"
#include "reports/tests/sample.h"
#include "reports/xml.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024 };

static const struct xml_node *read_back(struct baton_arena *arena, const char *letters, struct baton_str text)
{
    const char *problem;
    struct baton_text report =
        sample_report(arena, baton_report_form_find(BATON_STR("junit")), letters, text, REPORT_MAX);
    cr_assert(!report.failed);
    struct baton_str kept = { baton_arena_copy(arena, report.data, report.length), report.length };
    baton_text_clear(&report);
    const struct xml_node *root = xml_read(arena, kept, &problem);
    cr_assert_not_null(root, "%s: %s", letters, problem);
    problem = junit_problem(arena, root);
    cr_expect_null(problem, "%s: %s", letters, problem);
    return root;
}

static const struct xml_node *first_test(const struct xml_node *root)
{
    return xml_child(xml_child(root, "testsuite"), "testcase");
}

Test(junit, repeats_are_written_as_surefire_does)
{
    static const struct row {
        const char *letters, *children;
    } rows[] = {
        { "P", "" },
        { "F", "failure system-out " },
        { "E", "error system-out " },
        { "S", "skipped " },
        { "PP", "" },
        { "FF", "failure rerunFailure system-out " },
        { "EE", "error rerunError system-out " },
        { "SS", "skipped " },
        { "PF", "flakyFailure " },
        { "FPF", "flakyFailure flakyFailure " },
        { "EP", "flakyError " },
        { "PE", "flakyError " },
        { "EPF", "flakyFailure flakyError " },
        { "EF", "failure rerunError system-out " },
        { "FEF", "failure rerunFailure rerunError system-out " },
        { "SE", "error system-out " },
        { "SP", "" },
        { "SF", "failure system-out " },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        char children[128] = "";
        size_t length = 0;
        const struct xml_node *root = read_back(arena, rows[i].letters, BATON_STR("a"));
        for (const struct xml_node *child = first_test(root)->child; child != NULL; child = child->next) {
            length += (size_t)snprintf(children + length, sizeof children - length, "%.*s ", (int)child->name.length,
                                       child->name.data);
        }
        cr_expect_str_eq(children, rows[i].children, "%s: %s", rows[i].letters, children);
        baton_arena_free(arena);
    }
}

/* What XML 1.0 lets through: written apart from the product's code. */
static struct baton_str allowed(struct baton_arena *arena, struct baton_str text)
{
    char *copy = baton_arena_copy(arena, text.data, text.length);
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (strncmp(text.data + i, "\xef\xbf\xbe", 3) == 0 || strncmp(text.data + i, "\xef\xbf\xbf", 3) == 0) {
            i += 2;
        } else if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r') {
            copy[length++] = (char)c;
        }
    }
    return (struct baton_str){ copy, length };
}

Test(junit, hostile_texts_read_back_as_they_were)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_str text = sample_text(arena, i), want = allowed(arena, text);
        const struct xml_node *root = read_back(arena, "FEF", text), *test = first_test(root);
        cr_expect(baton_str_equal(xml_attribute(xml_child(root, "testsuite"), "name"), want), "suite, text %zu", i);
        cr_expect(baton_str_equal(xml_attribute(test, "name"), want), "id, text %zu", i);
        cr_expect(baton_str_equal(xml_attribute(xml_child(test, "failure"), "message"), want), "failure, text %zu", i);
        cr_expect(baton_str_equal(xml_child(xml_child(test, "rerunFailure"), "stackTrace")->text, want), "text %zu", i);
        baton_arena_free(arena);
    }
}

Test(junit, gates_are_tests_of_their_own)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    const struct xml_node *suite = xml_child(read_back(arena, "P", BATON_STR("g")), "testsuite");
    static const char *const want[] = { "failure", "skipped", NULL };
    const struct xml_node *test = first_test(suite->parent)->next;
    for (size_t i = 0; i < 3; i++, test = test->next) {
        cr_expect(baton_str_is(xml_attribute(test, "classname"), "gates"));
        cr_expect(want[i] == NULL ? test->child == NULL : xml_child(test, want[i]) != NULL, "gate %zu", i);
    }
    cr_expect_null(test);
    cr_expect(baton_str_is(xml_attribute(first_test(suite->parent)->next->child, "message"), "the value is 0.5 (n 2)"));
    baton_arena_free(arena);
}

Test(junit, bytes_that_are_no_utf8_become_the_replacement_character)
{
    static const struct row {
        const char *text, *want;
    } rows[] = {
        { "a\xff"
          "b",
          "a\xef\xbf\xbd"
          "b" },
        { "\xc3", "\xef\xbf\xbd" },
        { "\xed\xa0\x80<", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd&lt;" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_text text = baton_text_with_limit(REPORT_MAX);
        baton_xml_text(&text, baton_str_of(rows[i].text));
        baton_text_putc(&text, '.');
        cr_expect(text.length == strlen(rows[i].want) + 1 && strncmp(text.data, rows[i].want, text.length - 1) == 0,
                  "row %zu: %s", i, text.data);
        baton_text_clear(&text);
    }
}

Test(junit, the_reader_of_these_tests_refuses_what_is_not_valid)
{
#define DOCUMENT(inside)                                                                                        \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"a\" tests=\"1\" failures=\"0\" " \
    "errors=\"0\" skipped=\"0\">" inside "</testsuite></testsuites>\n"
    static const struct row {
        const char *name, *text;
        bool is_good;
    } rows[] = {
        { "a good one", DOCUMENT("<testcase name=\"a\" time=\"0\"/>"), true },
        { "no time", DOCUMENT("<testcase name=\"a\"/>"), false },
        { "a time of too many digits", DOCUMENT("<testcase name=\"a\" time=\"0.1234\"/>"), false },
        { "a wrong count", DOCUMENT(""), false },
        { "a failure not counted", DOCUMENT("<testcase name=\"a\" time=\"0\"><failure type=\"x\"/></testcase>"),
          false },
        { "a flaky failure without its trace",
          DOCUMENT("<testcase name=\"a\" time=\"0\"><flakyFailure type=\"x\"/></testcase>"), false },
        { "a flaky failure",
          DOCUMENT("<testcase name=\"a\" time=\"0\"><flakyFailure type=\"x\"><stackTrace/></flakyFailure></testcase>"),
          true },
        { "output before a failure",
          DOCUMENT("<testcase name=\"a\" time=\"0\"><system-out/><flakyFailure type=\"x\"><stackTrace/></flakyFailure>"
                   "</testcase>"),
          false },
        { "an unknown attribute", DOCUMENT("<testcase name=\"a\" time=\"0\" line=\"1\"/>"), false },
        { "a raw line break in an attribute", DOCUMENT("<testcase name=\"\n\" time=\"0\"/>"), false },
        { "an attribute twice", DOCUMENT("<testcase name=\"a\" time=\"0\" name=\"b\"/>"), false },
        { "a tag that is not closed", DOCUMENT("<testcase name=\"a\" time=\"0\">"), false },
        { "a lone ampersand", DOCUMENT("<testcase name=\"&\" time=\"0\"/>"), false },
        { "a noncharacter", DOCUMENT("<testcase name=\"\xef\xbf\xbf\" time=\"0\"/>"), false },
        { "two roots", DOCUMENT("<testcase name=\"a\" time=\"0\"/>") "<a/>", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        const char *problem;
        const struct xml_node *root = xml_read(arena, baton_str_of(rows[i].text), &problem);
        problem = root == NULL ? problem : junit_problem(arena, root);
        cr_expect_eq(problem == NULL, rows[i].is_good, "%s: %s", rows[i].name, problem == NULL ? "taken" : problem);
        baton_arena_free(arena);
    }
}
