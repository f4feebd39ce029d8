/* html.c - the frame of the page, and the figures as JSON.
 *
 * The page is data and a script that draws it, so that a report of thousands of conversations opens at once and filters. The
 * script has no list of figures: it is given the rows of the table (reports/figures.h) that are meant for the page. The two
 * elements of JSON are kept apart, as conversations are written while the run goes on and figures at its end.
 */
#include "reports/html/html.h"

#include "reports/comparison_json.h"
#include "reports/figures.h"
#include "reports/html/assets.h"
#include "reports/summary_json.h"
#include "reports/xml.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void baton_html_put_json(struct baton_text *out, struct baton_str json)
{
    size_t start = 0;
    for (const char *at; start < json.length; start = (size_t)(at - json.data) + 1) {
        at = memchr(json.data + start, '<', json.length - start);
        if (at == NULL) {
            baton_text_append(out, json.data + start, json.length - start);
            return;
        }
        baton_text_append(out, json.data + start, (size_t)(at - json.data) - start);
        baton_text_puts(out, "\\u003c");
    }
}

/* ---- the frame ---- */

static void put_asset(struct baton_text *out, const struct baton_html_asset *asset)
{
    baton_text_append(out, (const char *)asset->bytes, asset->length);
}

void baton_html_before(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    baton_text_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
                         "form-action 'none'");
    baton_text_printf(out, "; style-src '%s'; script-src '%s'\">\n", baton_html_css.hash, baton_html_js.hash);
    baton_text_puts(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    baton_text_puts(out, summary->passed ? "PASS: " : "FAIL: ");
    baton_xml_text(out, summary->suite.name);
    baton_text_puts(out, " - baton</title>\n<style>");
    put_asset(out, &baton_html_css);
    baton_text_printf(out,
                      "</style>\n</head>\n<body>\n<div id=\"page\"></div>\n<noscript><p>%s: %" PRIu64
                      " conversations, %" PRIu64 " exchanges. This page is drawn by a script of its own, which is "
                      "switched off here.</p></noscript>\n<script type=\"application/json\" id=\"conversations\">\n",
                      summary->passed ? "PASS" : "FAIL", summary->counts.conversations, summary->counts.exchanges);
}

/* ---- the figures ---- */

static void put_optional(struct baton_json_writer *json, const char *key, const char *value)
{
    baton_jw_key(json, key);
    if (value == NULL) {
        baton_jw_null(json);
    } else {
        baton_jw_string(json, value);
    }
}

static void put_shown(struct baton_json_writer *json, const struct baton_report_shares *shown)
{
    baton_jw_key(json, "shown");
    baton_jw_open(json, '{');
    baton_jw_put_u64(json, "failed", shown->failed);
    baton_jw_put_u64(json, "failed_all", shown->failed_all);
    baton_jw_put_u64(json, "others", shown->others);
    baton_jw_put_u64(json, "others_all", shown->others_all);
    baton_jw_close(json, '}');
}

static const char *kind_name(const struct baton_figure *row)
{
    return row->kind == BATON_FIGURE_RATE ? "rate" : row->kind == BATON_FIGURE_DISTRIBUTION ? "times" : "number";
}

/* The rows of the table that are on the page; of rates and times the page takes the numbers from the summary. */
static void put_figures(struct baton_json_writer *json, const struct baton_summary *summary)
{
    baton_jw_key(json, "figures");
    baton_jw_open(json, '[');
    for (enum baton_section section = 0; section < BATON_SECTION_COUNT; section++) {
        for (const struct baton_figure *row = NULL;
             (row = baton_figure_next_on(row, section, BATON_ON_HTML)) != NULL;) {
            const void *base = baton_figure_base(row, summary);
            baton_jw_open(json, '{');
            put_optional(json, "path", row->path);
            put_optional(json, "kind", kind_name(row));
            put_optional(json, "label", row->label);
            put_optional(json, "of", row->of);
            put_optional(json, "means", row->means);
            put_optional(json, "unit", baton_unit_of(row->unit)->name);
            baton_jw_put_u64(json, "decimals", (uint64_t)baton_unit_of(row->unit)->decimals);
            baton_jw_put_ratio(json, "value", base == NULL ? NAN : baton_figure_number(row, base));
            baton_jw_put_u64(json, "n", base == NULL ? 0 : baton_figure_n(row, base));
            baton_jw_close(json, '}');
        }
    }
    baton_jw_close(json, ']');
}

void baton_html_after(struct baton_text *out, const struct baton_report_context *context)
{
    struct baton_text text = baton_text_with_limit(out->limit), summary = baton_text_with_limit(out->limit);
    struct baton_json_writer json = baton_json_writer_to(&text, 1);
    static const struct baton_comparison_limits limits = { BATON_HTML_CASES, BATON_HTML_TEXT_BYTES };
    baton_summary_write(&summary, context->summary);
    baton_jw_open(&json, '{');
    put_optional(&json, "reason", context->verdict_reason);
    put_optional(&json, "explain", context->explain);
    baton_jw_key(&json, "is_replay");
    baton_jw_bool(&json, context->is_replay);
    put_shown(&json, &context->shown);
    baton_jw_key(&json, "tests");
    baton_jw_open(&json, '{');
    baton_jw_put_u64(&json, "passed", context->summary->tests.passed);
    baton_jw_put_u64(&json, "failed", context->summary->tests.failed);
    baton_jw_put_u64(&json, "flaky", context->summary->tests.flaky);
    baton_jw_put_u64(&json, "errors", context->summary->tests.errors);
    baton_jw_put_u64(&json, "skipped", context->summary->tests.skipped);
    baton_jw_close(&json, '}');
    baton_jw_key(&json, "comparison");
    if (context->comparison == NULL) {
        baton_jw_null(&json);
    } else {
        baton_comparison_json_put(&json, context->comparison, &limits);
    }
    put_figures(&json, context->summary);
    baton_jw_key(&json, "summary");
    baton_jw_raw(&json, baton_text_str(&summary));
    baton_jw_close(&json, '}');
    out->failed = out->failed || text.failed || summary.failed;
    baton_text_puts(out, "</script>\n<script type=\"application/json\" id=\"run\">\n");
    baton_html_put_json(out, baton_text_str(&text));
    baton_text_puts(out, "\n</script>\n<script>");
    put_asset(out, &baton_html_js);
    baton_text_puts(out, "</script>\n</body>\n</html>\n");
    baton_text_clear(&text);
    baton_text_clear(&summary);
}
