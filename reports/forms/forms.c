#include "reports/forms/forms.h"

#include "reports/forms/csv.h"
#include "reports/forms/github.h"
#include "reports/forms/junit.h"
#include "reports/forms/markdown.h"
#include "reports/forms/tap.h"
#include "reports/forms/terminal.h"
#include "reports/html/html.h"
#include "reports/summary_json.h"

static void write_json(struct baton_text *out, const struct baton_report_context *context)
{
    baton_summary_write(out, context->summary);
}

static void write_jsonl(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                        uint32_t count)
{
    (void)suite;
    for (uint32_t i = 0; i < count; i++) {
        baton_result_write(out, &repeats[i]);
    }
}

/* With the page itself the report stays under 5 MB. */
enum { HTML_FAILED_BYTES = 3000000, HTML_OTHERS_BYTES = 1500000 };

#define ALL 0, 0, false /* every conversation, in input order */

static const struct baton_report_form forms[] = {
    { "terminal", NULL, "for people, as on the terminal", baton_terminal_write, NULL, NULL, ALL },
    { "json", "summary.json", "all figures", write_json, NULL, NULL, ALL },
    { "jsonl", "results.jsonl", "a line for each conversation and repeat", NULL, write_jsonl, NULL, ALL },
    { "junit", "junit.xml", "JUnit XML, for CI systems", baton_junit_before, baton_junit_conversation,
      baton_junit_after, ALL },
    { "tap", "results.tap", "TAP, for prove and other test harnesses", baton_tap_before, baton_tap_conversation,
      baton_tap_after, ALL },
    { "csv", "results.csv", "a row for each exchange", baton_csv_before, baton_csv_conversation, NULL, ALL },
    { "figures", "figures.csv", "a row for each figure, as CSV", baton_csv_figures, NULL, NULL, ALL },
    { "confusion", "confusion.csv", "the confusion matrix as CSV", baton_csv_confusion, NULL, NULL, ALL },
    { "markdown", "summary.md", "Markdown with the graph, for a step summary or a comment", baton_markdown_write, NULL,
      NULL, ALL },
    { "html", "report.html", "one page to look at: figures, graph, timelines", baton_html_before,
      baton_html_conversation, baton_html_after, HTML_FAILED_BYTES, HTML_OTHERS_BYTES, true },
    { "github", NULL, "annotations of GitHub Actions, and the step summary", baton_github_write, NULL, NULL, ALL },
};

const struct baton_report_form *baton_report_form_at(size_t i)
{
    return i < sizeof forms / sizeof *forms ? &forms[i] : NULL;
}

const struct baton_report_form *baton_report_form_find(struct baton_str name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (baton_str_is(name, forms[i].name)) {
            return &forms[i];
        }
    }
    return NULL;
}
