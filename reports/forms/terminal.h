/* terminal.h - the report on the terminal: the verdict first, then the gates, then what to look at.
 */
#ifndef BATON_REPORTS_FORMS_TERMINAL_H
#define BATON_REPORTS_FORMS_TERMINAL_H

#include "reports/report.h"

void baton_terminal_write(struct baton_text *out, const struct baton_report_context *context);

#endif
