#include "reports/forms/github.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* % CR LF are escaped in messages, and : , in properties too. */
static void escaped(struct baton_text *out, struct baton_str text, bool is_property)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if ((unsigned char)c < 0x20 && c != '\r' && c != '\n') {
            baton_text_putc(out, ' ');
        } else if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','))) {
            baton_text_printf(out, "%%%02X", (unsigned char)c);
        } else {
            baton_text_putc(out, c);
        }
    }
}

static void command(struct baton_text *out, const char *level, const char *file, const char *title,
                    struct baton_str message)
{
    baton_text_printf(out, "::%s ", level);
    if (file != NULL) {
        baton_text_puts(out, "file=");
        escaped(out, baton_str_of(file), true);
        baton_text_putc(out, ',');
    }
    baton_text_puts(out, "title=");
    escaped(out, baton_str_of(title), true);
    baton_text_puts(out, "::");
    struct baton_str cut = baton_str_cut(message, BATON_GITHUB_MESSAGE_BYTES_MAX);
    escaped(out, cut, false);
    baton_text_puts(out, cut.length < message.length ? "...\n" : "\n");
}

static unsigned write_gates(struct baton_text *out, const struct baton_report_context *context)
{
    unsigned written = 0;
    for (size_t i = 0; i < context->summary->gate_count && written < BATON_GITHUB_ERRORS_MAX - 1; i++) {
        const struct baton_gate_result *gate = &context->summary->gates[i];
        if (gate->verdict != BATON_GATE_FAIL) {
            continue;
        }
        struct baton_text message = baton_text_with_limit(out->limit);
        baton_text_append(&message, gate->gate.data, gate->gate.length);
        baton_text_puts(&message, ": ");
        baton_report_gate_reason(&message, gate);
        command(out, "error", NULL, "gate", baton_text_str(&message));
        out->failed = out->failed || message.failed;
        baton_text_clear(&message);
        written++;
    }
    return written;
}

static void write_left_out(struct baton_text *out, uint64_t gates, uint64_t expectations)
{
    char text[160] = "";
    size_t length = 0;
    if (gates > 0) {
        length = (size_t)snprintf(text, sizeof text, "%" PRIu64 " more gates fail%s", gates,
                                  expectations > 0 ? ", " : "; see the report");
    }
    if (expectations > 0) {
        snprintf(text + length, sizeof text - length, "%" PRIu64 " more expectations do not hold; see the report",
                 expectations);
    }
    if (text[0] != '\0') {
        command(out, "notice", NULL, "baton", baton_str_of(text));
    }
}

void baton_github_write(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    uint64_t failed = summary->routing.all_expectations.n - summary->routing.all_expectations.correct, shown = 0;
    unsigned gates = write_gates(out, context), written = gates;
    const char *line = context->failures == NULL ? "" : context->failures;
    for (; *line != '\0' && written < BATON_GITHUB_ERRORS_MAX; written++, shown++) {
        const char *end = strchrnul(line, '\n');
        command(out, summary->passed ? "warning" : "error", context->source, "not as expected",
                (struct baton_str){ line, (size_t)(end - line) });
        line = *end == '\0' ? end : end + 1;
    }
    write_left_out(out, baton_report_gates(summary, BATON_GATE_FAIL) - gates, failed > shown ? failed - shown : 0);
}
