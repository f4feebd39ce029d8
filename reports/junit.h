/* junit.h - JUnit XML as Jenkins, GitLab, GitHub and Surefire read it: one test case for each conversation, one for each gate.
 *
 * A conversation without a label is skipped. Of several repeats, all failing is a failure, some failing is flaky, written in
 * Surefire's way (flakyFailure). Times are recorded latencies in seconds.
 */
#ifndef BATON_REPORTS_JUNIT_H
#define BATON_REPORTS_JUNIT_H

#include "reports/forms.h"

void baton_junit_before(struct baton_text *out, const struct baton_report_context *context);
void baton_junit_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                              uint32_t count);
void baton_junit_after(struct baton_text *out, const struct baton_report_context *context);

#endif
