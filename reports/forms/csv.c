#include "reports/forms/csv.h"

#include "reports/figure_names.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void field(struct baton_text *out, struct baton_str text)
{
    bool is_formula = text.length > 0 && memchr("=+-@\t\r\n'", text.data[0], 8) != NULL;
    bool needs_quotes = is_formula;
    for (size_t i = 0; i < text.length && !needs_quotes; i++) {
        needs_quotes = memchr(",\"\r\n", text.data[i], 4) != NULL;
    }
    if (!needs_quotes) {
        baton_text_append(out, text.data, text.length);
        return;
    }
    baton_text_puts(out, is_formula ? "\"'" : "\"");
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"') {
            baton_text_putc(out, '"');
        }
        baton_text_putc(out, text.data[i]);
    }
    baton_text_putc(out, '"');
}

static void names(struct baton_text *out, const struct baton_str *list, uint32_t count, const char *between)
{
    struct baton_text joined = baton_text_with_limit(out->limit);
    for (uint32_t i = 0; i < count; i++) {
        baton_text_puts(&joined, i == 0 ? "" : between);
        baton_text_append(&joined, list[i].data, list[i].length);
    }
    baton_report_absorb(out, &joined, field);
}

static void ms(struct baton_text *out, int64_t ns)
{
    if (ns != BATON_RESULT_UNKNOWN) {
        baton_text_ms(out, (uint64_t)ns);
    }
}

void baton_csv_before(struct baton_text *out, const struct baton_report_context *context)
{
    (void)context;
    baton_text_puts(
        out, "id,repeat,exchange,start,route,final,status,turns,depth,optimal,detour,looped,invalid_handoffs,revisit,"
             "loop,expected,correct,failed,latency_ms,ttft_ms\r\n");
}

static void row(struct baton_text *out, const struct baton_result *result, uint32_t index)
{
    const struct baton_result_exchange *exchange = &result->exchanges[index];
    const struct baton_result_label *label = &exchange->label;
    field(out, result->id);
    baton_text_printf(out, ",%" PRIu32 ",%" PRIu32 ",", result->repeat, index);
    field(out, exchange->start);
    baton_text_putc(out, ',');
    names(out, exchange->route, exchange->route_count, " > ");
    baton_text_putc(out, ',');
    field(out, exchange->final);
    baton_text_printf(out, ",%s,%" PRIu32 ",%" PRIu32 ",", exchange->status, exchange->turns, exchange->route_count);
    if (exchange->optimal != BATON_RESULT_UNKNOWN) {
        baton_text_i64(out, exchange->optimal);
    }
    baton_text_putc(out, ',');
    if (exchange->has_detour) {
        baton_text_i64(out, exchange->detour);
    }
    baton_text_printf(out, ",%" PRIu32 ",%" PRIu32 ",%s,%s,", exchange->looped, exchange->invalid_handoffs,
                      exchange->is_revisit ? "true" : "false", exchange->loop.kind == NULL ? "" : exchange->loop.kind);
    names(out, label->expected, label->is_labelled ? label->expected_count : 0, " | ");
    baton_text_puts(out, !label->is_labelled || !label->is_judged ? ",," : label->is_correct ? ",true," : ",false,");
    struct baton_text reasons = baton_text_with_limit(out->limit);
    for (uint32_t i = 0; i < label->failed_count; i++) {
        baton_text_puts(&reasons, i == 0 ? "" : "; ");
        baton_text_puts(&reasons, label->failed[i]);
    }
    baton_report_absorb(out, &reasons, field);
    baton_text_putc(out, ',');
    ms(out, exchange->latency_ns);
    baton_text_putc(out, ',');
    ms(out, exchange->ttft_ns);
    baton_text_puts(out, "\r\n");
}

void baton_csv_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count)
{
    (void)suite;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < repeats[i].exchange_count; k++) {
            row(out, &repeats[i], k);
        }
    }
}

void baton_csv_confusion(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    size_t count = summary->routing.label_count;
    baton_text_puts(out, "expected");
    for (size_t i = 0; i < count; i++) {
        baton_text_putc(out, ',');
        field(out, summary->routing.labels[i]);
    }
    baton_text_puts(out, "\r\n");
    for (size_t r = 0; r < count; r++) {
        field(out, summary->routing.labels[r]);
        for (size_t c = 0; c < count; c++) {
            baton_text_printf(out, ",%" PRIu64, summary->routing.cells[r * count + c]);
        }
        baton_text_puts(out, "\r\n");
    }
}

/* ---- figures ---- */

static void figure_row(struct baton_text *out, struct baton_text *scratch, const struct baton_figure_ref *ref,
                       const struct baton_summary *summary)
{
    static void (*const texts[])(struct baton_text *, const struct baton_figure_ref *) = { baton_figure_put_name,
                                                                                           baton_figure_put_path,
                                                                                           baton_figure_put_meaning };
    struct baton_figure_value figure = baton_figure_value(ref, summary);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        baton_text_reset(scratch);
        texts[i](scratch, ref);
        field(out, baton_text_str(scratch));
        baton_text_putc(out, ',');
    }
    baton_text_printf(out, "%s,%s,", baton_unit_of(baton_figure_leaf(ref)->unit)->name,
                      baton_better_name(baton_figure_better(ref)));
    if (!isnan(figure.value)) {
        baton_report_number(out, figure.value);
    }
    baton_text_printf(out, ",%" PRIu64 "\r\n", figure.n);
    out->failed = out->failed || scratch->failed;
}

void baton_csv_figures(struct baton_text *out, const struct baton_report_context *context)
{
    struct baton_text scratch = baton_text_with_limit(out->limit), key = baton_text_with_limit(out->limit);
    baton_text_puts(out, "figure,path,meaning,unit,better,value,n\r\n");
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref);) {
        struct baton_figure_ref one = ref;
        if (ref.element == NULL) {
            figure_row(out, &scratch, &ref, context->summary);
        }
        for (uint64_t i = 0; ref.element != NULL && baton_figure_put_key_at(&key, &ref, context->summary, i); i++) {
            one.key = baton_text_str(&key);
            figure_row(out, &scratch, &one, context->summary);
            baton_text_reset(&key);
        }
    }
    baton_text_clear(&scratch);
    baton_text_clear(&key);
}
