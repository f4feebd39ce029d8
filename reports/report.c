#include "reports/report.h"

#include <inttypes.h>
#include <math.h>

enum { MARK_BYTES = 4 };

uint64_t baton_report_gates(const struct baton_summary *summary, enum baton_gate_verdict verdict)
{
    uint64_t count = 0;
    for (size_t i = 0; i < summary->gate_count; i++) {
        count += summary->gates[i].verdict == verdict;
    }
    return count;
}

void baton_report_gate_reason(struct baton_text *out, const struct baton_gate_result *gate)
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

void baton_report_absorb(struct baton_text *out, struct baton_text *part,
                         void (*write)(struct baton_text *out, struct baton_str text))
{
    write(out, baton_text_str(part));
    out->failed = out->failed || part->failed;
    baton_text_clear(part);
}

void baton_report_put_short(struct baton_json_writer *json, struct baton_str text, size_t bytes_max)
{
    struct baton_str cut = baton_str_cut(text, bytes_max);
    if (cut.length == text.length) {
        baton_jw_str(json, text);
        return;
    }
    struct baton_text marked = baton_text_with_limit(bytes_max + MARK_BYTES);
    baton_text_append(&marked, cut.data, cut.length);
    baton_text_puts(&marked, "\xe2\x80\xa6");
    baton_jw_str(json, baton_text_str(&marked));
    json->out->failed = json->out->failed || marked.failed;
    baton_text_clear(&marked);
}

void baton_report_number(struct baton_text *out, double value)
{
    if (isnan(value)) {
        baton_text_puts(out, "n/a");
    } else {
        baton_text_double(out, round(value * 1e6) / 1e6);
    }
}

void baton_report_chance(struct baton_text *out, double p)
{
    if (p < 0.0001) {
        baton_text_puts(out, "< 0.0001");
    } else {
        baton_report_number(out, p);
    }
}

void baton_report_points(struct baton_text *out, double value)
{
    if (isnan(value)) {
        baton_text_puts(out, "n/a");
    } else {
        double rounded = round(value * 1000) / 10;
        baton_text_printf(out, "%+.1f", rounded == 0 ? 0 : rounded); /* no -0.0 */
    }
}
