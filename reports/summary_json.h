/* summary_json.h - summary.json: all figures by the table of figures.h, then the gates and the verdict.
 */
#ifndef BATON_REPORTS_SUMMARY_JSON_H
#define BATON_REPORTS_SUMMARY_JSON_H

#include "engine/base/text.h"
#include "reports/summary.h"

/* With line breaks, and one at the end. What is undefined is null. */
void baton_summary_write(struct baton_text *out, const struct baton_summary *summary);

/* `fail`, `pass`, `skip`. */
const char *baton_gate_verdict_name(enum baton_gate_verdict verdict);

#endif
