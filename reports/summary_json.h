/* summary.h - summary.json field by field (FORMATS section 6), and how a gate names a figure.
 *
 * One table (summary.c) lists every figure by its path; the JSON writer walks it in order and baton_summary_figure() looks a
 * path up in it. A figure that is undefined comes out as null.
 *
 * Units:    nanoseconds of figures.h are milliseconds in the file and for gates, pico-USD are USD.
 */
#ifndef BATON_REPORTS_SUMMARY_JSON_H
#define BATON_REPORTS_SUMMARY_JSON_H

#include "engine/base/text.h"
#include "reports/summary.h"

/* Whether the summary has a figure of that path (`routing.accuracy.value`, or short: `accuracy`, `accuracy.ci_low`,
 * `loops`, `latency.exchange.p95`, ...). */
bool baton_summary_has(struct baton_str path);

/* Whether it has one, and its value. */
bool baton_summary_figure(const struct baton_summary *summary, struct baton_str path, struct baton_figure_value *out);

/* The i-th name that a gate can use, or NULL past the end; for messages. */
const char *baton_summary_figure_name(size_t i);

/* summary.json, with line breaks and one at the end. */
void baton_summary_write(struct baton_text *out, const struct baton_summary *summary);

#endif
