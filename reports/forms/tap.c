#include "reports/forms/tap.h"

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
        baton_text_putc(out, (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

void baton_tap_before(struct baton_text *out, const struct baton_report_context *context)
{
    uint64_t points = context->summary->counts.conversations + context->summary->gate_count;
    baton_text_printf(out, "TAP version 13\n1..%" PRIu64 "\n", points);
}

/* Characters that YAML takes for line breaks or refuses when they are not escaped: U+0080 to U+009F, U+2028, U+2029,
 * U+FEFF, U+FFFE, U+FFFF. 0: none is there. */
static unsigned odd_character(const char *p, size_t left, size_t *length)
{
    const unsigned char *b = (const unsigned char *)p;
    unsigned code = 0;
    *length = left >= 2 && b[0] == 0xc2 ? 2 : 3;
    if (left >= 2 && b[0] == 0xc2) {
        code = b[1];
    } else if (left >= 3 && (b[0] & 0xf0) == 0xe0) {
        code = (b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
    }
    bool is_odd = (code >= 0x80 && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe;
    return is_odd ? code : 0;
}

/* A JSON string is YAML but for some characters. Long ones are cut: prove's reader fails at 32 KiB. */
static void yaml_string(struct baton_text *out, struct baton_str text)
{
    struct baton_str cut = baton_str_cut(text, BATON_TAP_MESSAGE_BYTES_MAX);
    struct baton_text quoted = baton_text_with_limit(out->limit);
    baton_text_json_string(&quoted, cut.data, cut.length);
    for (size_t i = 0, length = 1; i < quoted.length; i += length) {
        unsigned code = quoted.data[i] == 0x7f ? 0x7f : odd_character(quoted.data + i, quoted.length - i, &length);
        length = code > 0x7f ? length : 1;
        if (code != 0) {
            baton_text_printf(out, "\\u%04x", code);
        } else if (i + 1 == quoted.length && cut.length < text.length) {
            baton_text_puts(out, "...\"");
        } else {
            baton_text_putc(out, quoted.data[i]);
        }
    }
    out->failed = out->failed || quoted.failed;
    baton_text_clear(&quoted);
}

/* The part is cleared. */
static void diagnose(struct baton_text *out, struct baton_text *message)
{
    baton_text_puts(out, "  ---\n  message: ");
    baton_report_absorb(out, message, yaml_string);
    baton_text_puts(out, "\n  severity: fail\n  ...\n");
}

void baton_tap_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count)
{
    (void)suite;
    for (uint32_t i = 0; i < count; i++) {
        enum baton_test_outcome outcome = baton_result_outcome(&repeats[i]);
        bool is_bad = outcome == BATON_TEST_FAILED || outcome == BATON_TEST_ERROR;
        baton_text_puts(out, is_bad ? "not ok - " : "ok - ");
        describe(out, repeats[i].id);
        if (count > 1) {
            baton_text_printf(out, " repeat %" PRIu32, repeats[i].repeat);
        }
        baton_text_puts(out, outcome == BATON_TEST_SKIPPED ? " # SKIP no expectation\n" : "\n");
        if (is_bad) {
            struct baton_text reasons = baton_text_with_limit(out->limit);
            baton_result_reasons(&reasons, &repeats[i]);
            baton_text_puts(&reasons, reasons.length > 0 ? "" : repeats[i].status);
            diagnose(out, &reasons);
        }
    }
}

void baton_tap_after(struct baton_text *out, const struct baton_report_context *context)
{
    for (size_t i = 0; i < context->summary->gate_count; i++) {
        const struct baton_gate_result *gate = &context->summary->gates[i];
        baton_text_puts(out, gate->verdict == BATON_GATE_FAIL ? "not ok - gate " : "ok - gate ");
        describe(out, gate->gate);
        if (gate->verdict == BATON_GATE_SKIP) {
            baton_text_puts(out, " # SKIP ");
            describe(out, gate->why);
        }
        baton_text_putc(out, '\n');
        if (gate->verdict == BATON_GATE_FAIL) {
            struct baton_text reason = baton_text_with_limit(out->limit);
            baton_report_gate_reason(&reason, gate);
            diagnose(out, &reason);
        }
    }
}
