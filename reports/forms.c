#include "reports/forms.h"

#include "reports/csv.h"
#include "reports/github.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/tap.h"
#include "reports/terminal.h"

#include <inttypes.h>
#include <math.h>

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

enum baton_test_outcome baton_test_outcome_of(const struct baton_result *result)
{
    bool is_labelled = result->whole.is_labelled && result->whole.is_judged, has_error = false;
    bool is_correct = !is_labelled || result->whole.is_correct;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        const struct baton_result_label *label = &result->exchanges[i].label;
        has_error = has_error || (label->is_labelled && !label->is_judged);
        if (label->is_labelled && label->is_judged) {
            is_labelled = true;
            is_correct = is_correct && label->is_correct;
        }
    }
    if (!is_correct) {
        return BATON_TEST_FAILED;
    }
    return has_error ? BATON_TEST_ERROR : is_labelled ? BATON_TEST_PASSED : BATON_TEST_SKIPPED;
}

bool baton_report_is_failure(const struct baton_result *repeats, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        enum baton_test_outcome outcome = baton_test_outcome_of(&repeats[i]);
        if (outcome == BATON_TEST_FAILED || outcome == BATON_TEST_ERROR) {
            return true;
        }
    }
    return false;
}

uint64_t baton_result_time_ns(const struct baton_result *result)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        sum += result->exchanges[i].latency_ns == BATON_RESULT_UNKNOWN ? 0 : (uint64_t)result->exchanges[i].latency_ns;
    }
    return sum;
}

static void put_reasons(struct baton_text *out, const struct baton_result_label *label, size_t start, int exchange)
{
    for (uint32_t i = 0; i < label->failed_count; i++) {
        if (out->length > start) {
            baton_text_puts(out, "; ");
        }
        if (exchange > 0 && i == 0) {
            baton_text_printf(out, "exchange %d: ", exchange);
        }
        baton_text_puts(out, label->failed[i]);
    }
}

void baton_result_reasons(struct baton_text *out, const struct baton_result *result)
{
    size_t start = out->length;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        put_reasons(out, &result->exchanges[i].label, start, result->exchange_count > 1 ? (int)i + 1 : 0);
    }
    put_reasons(out, &result->whole, start, 0);
}

uint64_t baton_report_gates(const struct baton_summary *summary, char verdict)
{
    uint64_t count = 0;
    for (size_t i = 0; i < summary->gate_count; i++) {
        count += summary->gates[i].verdict[0] == verdict;
    }
    return count;
}

void baton_gate_reason(struct baton_text *out, const struct baton_gate_result *gate)
{
    if (gate->why.length > 0) {
        baton_text_append(out, gate->why.data, gate->why.length);
        return;
    }
    baton_text_puts(out, "the value is ");
    if (isnan(gate->value)) {
        baton_text_puts(out, "undefined");
    } else {
        baton_text_double(out, round(gate->value * 1e6) / 1e6);
    }
    baton_text_printf(out, " (n %" PRIu64 ")", gate->n);
}

struct baton_str baton_report_cut(struct baton_str text, size_t bytes_max)
{
    size_t length = text.length;
    if (length > bytes_max) {
        length = bytes_max;
        while (length > 0 && ((unsigned char)text.data[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    return (struct baton_str){ text.data, length };
}

void baton_report_absorb(struct baton_text *out, struct baton_text *part,
                         void (*write)(struct baton_text *out, struct baton_str text))
{
    write(out, baton_text_str(part));
    out->failed = out->failed || part->failed;
    baton_text_clear(part);
}
