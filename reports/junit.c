#include "reports/junit.h"

#include "reports/xml.h"

#include <inttypes.h>
#include <math.h>
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

static uint64_t failed_gates(const struct baton_summary *summary)
{
    uint64_t count = 0;
    for (size_t i = 0; i < summary->gate_count; i++) {
        count += summary->gates[i].verdict[0] == 'f';
    }
    return count;
}

static uint64_t skipped_gates(const struct baton_summary *summary)
{
    uint64_t count = 0;
    for (size_t i = 0; i < summary->gate_count; i++) {
        count += summary->gates[i].verdict[0] == 's';
    }
    return count;
}

void baton_junit_before(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    const struct baton_test_counts *tests = &summary->tests;
    uint64_t all = tests->passed + tests->failed + tests->flaky + tests->errors + tests->skipped + summary->gate_count;
    int64_t sum = summary->latency.conversation.sum == BATON_FIGURE_NONE ? 0 : summary->latency.conversation.sum;
    char counts[160];
    snprintf(counts, sizeof counts,
             " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64 "\"", all,
             tests->failed + failed_gates(summary), tests->errors, tests->skipped + skipped_gates(summary));
    baton_text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(out, "name", BATON_STR("baton"));
    baton_text_puts(out, counts);
    seconds(out, (uint64_t)sum);
    baton_text_puts(out, ">\n<testsuite");
    attribute(out, "name", summary->suite.name);
    baton_text_puts(out, counts);
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

/* <failure message="..." type="..."/> and its like. */
static void problem(struct baton_text *out, const char *element, const char *type, const struct baton_result *result)
{
    struct baton_text reasons = baton_text_with_limit(out->limit);
    baton_result_reasons(&reasons, result);
    baton_text_printf(out, "<%s", element);
    attribute(out, "message", reasons.length > 0 ? baton_text_str(&reasons) : baton_str_of(result->status));
    attribute(out, "type", baton_str_of(type));
    baton_text_puts(out, "/>\n");
    baton_text_clear(&reasons);
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

void baton_junit_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                              uint32_t count)
{
    enum baton_test_outcome first = baton_test_outcome_of(&repeats[0]);
    uint32_t failed = 0, passed = 0;
    uint64_t time_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        enum baton_test_outcome outcome = baton_test_outcome_of(&repeats[i]);
        failed += outcome == BATON_TEST_FAILED;
        passed += outcome == BATON_TEST_PASSED;
        time_ns += baton_result_time_ns(&repeats[i]);
    }
    baton_text_puts(out, "<testcase");
    attribute(out, "classname", suite);
    attribute(out, "name", repeats[0].id);
    seconds(out, time_ns);
    baton_text_puts(out, ">\n");
    for (uint32_t i = 0, shown = 0; shown < failed && i < count; i++) {
        if (baton_test_outcome_of(&repeats[i]) == BATON_TEST_FAILED) {
            problem(out,
                    passed > 0   ? "flakyFailure"
                    : shown == 0 ? "failure"
                                 : "rerunFailure",
                    "expectation", &repeats[i]);
            shown++;
        }
    }
    if (failed == 0 && first == BATON_TEST_ERROR) {
        problem(out, "error", "provider", &repeats[0]);
    } else if (failed == 0 && passed == 0 && first == BATON_TEST_SKIPPED) {
        baton_text_puts(out, "<skipped message=\"no expectation\"/>\n");
    }
    if (failed > 0) {
        route(out, &repeats[0]);
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
        if (gate->verdict[0] == 'f') {
            struct baton_text message = baton_text_with_limit(out->limit);
            baton_text_puts(&message, "the value is ");
            if (isnan(gate->value)) {
                baton_text_puts(&message, "undefined");
            } else {
                baton_text_double(&message, round(gate->value * 1e6) / 1e6);
            }
            baton_text_puts(out, "<failure");
            attribute(out, "message", baton_text_str(&message));
            attribute(out, "type", BATON_STR("gate"));
            baton_text_puts(out, "/>");
            baton_text_clear(&message);
        } else if (gate->verdict[0] == 's') {
            baton_text_puts(out, "<skipped");
            attribute(out, "message", gate->why);
            baton_text_puts(out, "/>");
        }
        baton_text_puts(out, "</testcase>\n");
    }
    baton_text_puts(out, "</testsuite>\n</testsuites>\n");
}
