/* csv.h - results for spreadsheets (RFC 4180, lines end in CRLF): a row for each exchange, a row for each figure, and
 * the confusion matrix.
 *
 * A text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a line break) gets a ' before it, as
 * OWASP advises; so does one that begins with ', so that a first ' is always ours and is taken off when reading. Numbers are
 * as they are. Labels of whole conversations are in results.jsonl only.
 */
#ifndef BATON_REPORTS_FORMS_CSV_H
#define BATON_REPORTS_FORMS_CSV_H

#include "reports/report.h"
#include "reports/result.h"

void baton_csv_before(struct baton_text *out, const struct baton_report_context *context);
void baton_csv_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count);
void baton_csv_figures(struct baton_text *out, const struct baton_report_context *context);
void baton_csv_confusion(struct baton_text *out, const struct baton_report_context *context);

#endif
