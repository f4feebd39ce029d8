#include "reports/github.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* % CR LF are escaped in messages, and : , in properties too. */
static void escaped(struct baton_text *out, struct baton_str text, bool is_property)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ','))) {
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
    escaped(out, message, false);
    baton_text_putc(out, '\n');
}

static unsigned write_gates(struct baton_text *out, const struct baton_report_context *context)
{
    unsigned written = 0;
    for (size_t i = 0; i < context->summary->gate_count && written < BATON_GITHUB_ERRORS_MAX - 1; i++) {
        const struct baton_gate_result *gate = &context->summary->gates[i];
        if (gate->verdict[0] != 'f') {
            continue;
        }
        struct baton_text message = baton_text_with_limit(out->limit);
        baton_text_append(&message, gate->gate.data, gate->gate.length);
        baton_text_puts(&message, ": the value is ");
        if (isnan(gate->value)) {
            baton_text_puts(&message, "undefined");
        } else {
            baton_text_double(&message, round(gate->value * 1e6) / 1e6);
        }
        baton_text_printf(&message, " (n %" PRIu64 ")", gate->n);
        command(out, "error", NULL, "gate", baton_text_str(&message));
        baton_text_clear(&message);
        written++;
    }
    return written;
}

void baton_github_write(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    uint64_t failed = summary->routing.all_expectations.n - summary->routing.all_expectations.correct, shown = 0;
    unsigned written = write_gates(out, context);
    const char *line = context->failures == NULL ? "" : context->failures;
    for (; *line != '\0' && written < BATON_GITHUB_ERRORS_MAX; written++, shown++) {
        const char *end = strchr(line, '\n');
        command(out, "error", context->source, "not as expected", (struct baton_str){ line, (size_t)(end - line) });
        line = end + 1;
    }
    if (failed > shown) {
        char text[80];
        snprintf(text, sizeof text, "%" PRIu64 " more expectations do not hold; see the report", failed - shown);
        command(out, "notice", NULL, "baton", baton_str_of(text));
    }
}
