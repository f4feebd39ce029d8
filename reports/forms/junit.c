#include "reports/forms/junit.h"

#include "reports/xml.h"

#include <inttypes.h>
#include <stdio.h>

static void attribute(struct baton_text *out, const char *name, struct baton_str value)
{
    baton_text_printf(out, " %s=\"", name);
    baton_xml_text(out, value);
    baton_text_putc(out, '"');
}

static void seconds(struct baton_text *out, uint64_t ns)
{
    baton_text_printf(out, " time=\"%.3f\"", (double)ns / 1e9);
}

void baton_junit_before(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    const struct baton_test_counts *tests = &summary->tests;
    uint64_t all = tests->passed + tests->failed + tests->flaky + tests->errors + tests->skipped + summary->gate_count;
    int64_t sum = summary->latency.conversation.sum == BATON_FIGURE_NONE ? 0 : summary->latency.conversation.sum;
    char counts[160];
    snprintf(counts, sizeof counts, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\"", all,
             tests->failed + baton_report_gates(summary, BATON_GATE_FAIL), tests->errors);
    baton_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(out, "name", BATON_STR("baton"));
    baton_text_puts(out, counts);
    seconds(out, (uint64_t)sum);
    baton_text_puts(out, ">\n<testsuite");
    attribute(out, "name", summary->suite.name);
    baton_text_printf(out, "%s skipped=\"%" PRIu64 "\"", counts,
                      tests->skipped + baton_report_gates(summary, BATON_GATE_SKIP));
    seconds(out, (uint64_t)sum);
    baton_text_puts(out, ">\n<properties>\n");
    const struct {
        const char *name;
        struct baton_str value;
    } properties[] = { { "fingerprint", summary->suite.fingerprint },
                       { "agents_digest", summary->suite.agents_digest },
                       { "conversations_digest", summary->suite.conversations_digest },
                       { "provider", summary->suite.provider },
                       { "profile", summary->suite.profile } };
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
        baton_text_puts(out, "<property");
        attribute(out, "name", baton_str_of(properties[i].name));
        attribute(out, "value", properties[i].value);
        baton_text_puts(out, "/>\n");
    }
    baton_text_puts(out, "</properties>\n");
}

static void route(struct baton_text *out, const struct baton_result *result)
{
    baton_text_puts(out, "<system-out>");
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        const struct baton_result_exchange *exchange = &result->exchanges[i];
        baton_xml_text(out, exchange->start);
        for (uint32_t k = 0; k < exchange->route_count; k++) {
            baton_text_puts(out, " &gt; ");
            baton_xml_text(out, exchange->route[k]);
        }
        baton_text_printf(out, ": %s\n", exchange->status);
    }
    baton_text_puts(out, "</system-out>\n");
}

/* <failure message="..." type="...">...</failure> and its like; those of repeats have children. */
static void problem(struct baton_text *out, const char *element, const char *type, bool is_of_repeat,
                    const struct baton_result *result)
{
    struct baton_text reasons = baton_text_with_limit(out->limit);
    baton_result_reasons(&reasons, result);
    struct baton_str text = reasons.length > 0 ? baton_text_str(&reasons) : baton_str_of(result->status);
    baton_text_printf(out, "<%s", element);
    attribute(out, "message", text);
    attribute(out, "type", baton_str_of(type));
    baton_text_putc(out, '>');
    if (is_of_repeat) {
        baton_text_puts(out, "<stackTrace>");
    }
    baton_xml_text(out, text);
    if (is_of_repeat) {
        baton_text_puts(out, "</stackTrace>\n");
        route(out, result);
    }
    baton_text_printf(out, "</%s>\n", element);
    out->failed = out->failed || reasons.failed;
    baton_text_clear(&reasons);
}

/* Surefire's names for a problem: of a test that fails, of its later repeats, of a test that passed in some repeat. */
struct problem_names {
    const char *first, *rerun, *flaky, *type;
};
static const struct problem_names failure_names = { "failure", "rerunFailure", "flakyFailure", "expectation" };
static const struct problem_names error_names = { "error", "rerunError", "flakyError", "provider" };

/* All repeats that came out so. Where no repeat passed and nothing stands for the test yet, the first of them does; it is
 * given back. */
static const struct baton_result *problems(struct baton_text *out, const struct baton_result *repeats, uint32_t count,
                                           enum baton_test_outcome outcome, bool is_flaky,
                                           const struct baton_result *first)
{
    const struct problem_names *names = outcome == BATON_TEST_FAILED ? &failure_names : &error_names;
    for (uint32_t i = 0; i < count; i++) {
        if (baton_result_outcome(&repeats[i]) != outcome) {
            continue;
        }
        bool is_first = !is_flaky && first == NULL;
        first = is_first ? &repeats[i] : first;
        problem(out,
                is_first   ? names->first
                : is_flaky ? names->flaky
                           : names->rerun,
                names->type, !is_first, &repeats[i]);
    }
    return first;
}

void baton_junit_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                              uint32_t count)
{
    uint32_t counts[BATON_TEST_OUTCOME_COUNT] = { 0 };
    uint64_t time_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        counts[baton_result_outcome(&repeats[i])]++;
        time_ns += baton_result_time_ns(&repeats[i]);
    }
    baton_text_puts(out, "<testcase");
    attribute(out, "classname", suite);
    attribute(out, "name", repeats[0].id);
    seconds(out, time_ns);
    baton_text_puts(out, ">\n");
    bool is_flaky = counts[BATON_TEST_PASSED] > 0;
    const struct baton_result *first = problems(out, repeats, count, BATON_TEST_FAILED, is_flaky, NULL);
    first = problems(out, repeats, count, BATON_TEST_ERROR, is_flaky, first);
    if (counts[BATON_TEST_SKIPPED] == count) {
        baton_text_puts(out, "<skipped message=\"no expectation\"/>\n");
    }
    if (first != NULL) {
        route(out, first);
    }
    baton_text_puts(out, "</testcase>\n");
}

void baton_junit_after(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    for (size_t i = 0; i < summary->gate_count; i++) {
        const struct baton_gate_result *gate = &summary->gates[i];
        baton_text_puts(out, "<testcase classname=\"gates\"");
        attribute(out, "name", gate->gate);
        baton_text_puts(out, " time=\"0\">");
        if (gate->verdict == BATON_GATE_FAIL) {
            struct baton_text message = baton_text_with_limit(out->limit);
            baton_report_gate_reason(&message, gate);
            baton_text_puts(out, "<failure message=\"");
            baton_report_absorb(out, &message, baton_xml_text);
            baton_text_puts(out, "\" type=\"gate\"/>");
        } else if (gate->verdict == BATON_GATE_SKIP) {
            baton_text_puts(out, "<skipped");
            attribute(out, "message", gate->why);
            baton_text_puts(out, "/>");
        }
        baton_text_puts(out, "</testcase>\n");
    }
    baton_text_puts(out, "</testsuite>\n</testsuites>\n");
}
