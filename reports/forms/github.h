/* github.h - workflow commands of GitHub Actions, which show as annotations: failed gates first, then the first conversations that
 * failed: as errors, or as warnings where the run passed all the same.
 *
 * GitHub keeps ten errors of a step and drops the rest silently; this writes at most ten and says how many it left out.
 */
#ifndef BATON_REPORTS_FORMS_GITHUB_H
#define BATON_REPORTS_FORMS_GITHUB_H

#include "reports/report.h"

enum { BATON_GITHUB_ERRORS_MAX = 10, BATON_GITHUB_MESSAGE_BYTES_MAX = 2000 };

void baton_github_write(struct baton_text *out, const struct baton_report_context *context);

#endif
