#include "reports/tap.h"

#include <inttypes.h>

/* A description: `#` would begin a directive, a line break would end it. Points carry no numbers, which TAP allows: they are
 * written by many threads and put together in order. */
static void describe(struct baton_text *out, struct baton_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '#' || c == '\\') {
            baton_text_putc(out, '\\');
        }
        baton_text_putc(out, (unsigned char)c < 0x20 ? ' ' : c);
    }
}

void baton_tap_before(struct baton_text *out, const struct baton_report_context *context)
{
    uint64_t points = context->summary->counts.conversations + context->summary->gate_count;
    baton_text_printf(out, "TAP version 13\n1..%" PRIu64 "\n", points);
}

static void diagnose(struct baton_text *out, const struct baton_result *result)
{
    struct baton_text reasons = baton_text_with_limit(out->limit);
    baton_result_reasons(&reasons, result);
    baton_text_puts(out, "  ---\n  message: ");
    struct baton_str text = reasons.length > 0 ? baton_text_str(&reasons) : baton_str_of(result->status);
    baton_text_json_string(out, text.data, text.length); /* a JSON string is YAML */
    baton_text_puts(out, "\n  severity: fail\n  ...\n");
    baton_text_clear(&reasons);
}

void baton_tap_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count)
{
    (void)suite;
    for (uint32_t i = 0; i < count; i++) {
        enum baton_test_outcome outcome = baton_test_outcome_of(&repeats[i]);
        bool is_bad = outcome == BATON_TEST_FAILED || outcome == BATON_TEST_ERROR;
        baton_text_puts(out, is_bad ? "not ok - " : "ok - ");
        describe(out, repeats[i].id);
        if (count > 1) {
            baton_text_printf(out, " repeat %" PRIu32, repeats[i].repeat);
        }
        baton_text_puts(out, outcome == BATON_TEST_SKIPPED ? " # SKIP no expectation\n" : "\n");
        if (is_bad) {
            diagnose(out, &repeats[i]);
        }
    }
}

void baton_tap_after(struct baton_text *out, const struct baton_report_context *context)
{
    for (size_t i = 0; i < context->summary->gate_count; i++) {
        const struct baton_gate_result *gate = &context->summary->gates[i];
        baton_text_puts(out, gate->verdict[0] == 'f' ? "not ok - gate " : "ok - gate ");
        describe(out, gate->gate);
        if (gate->verdict[0] == 's') {
            baton_text_puts(out, " # SKIP ");
            describe(out, gate->why);
        }
        baton_text_putc(out, '\n');
    }
}
