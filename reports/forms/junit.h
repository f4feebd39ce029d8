/* junit.h - JUnit XML as Jenkins, GitLab, GitHub and Surefire read it: one test case for each conversation, one for each gate.
 *
 * A conversation without a label is skipped. Of several repeats, none passing is a failure (or an error, where the provider
 * failed in all) and the further ones are rerunFailure; where one passed, the others are flakyFailure and the test counts as
 * passed, in Surefire's way. The file holds to both schemas that readers check, Jenkins' junit-10.xsd and, from testsuite on,
 * surefire-test-report-3.0.xsd. Times are recorded latencies in seconds.
 */
#ifndef BATON_REPORTS_FORMS_JUNIT_H
#define BATON_REPORTS_FORMS_JUNIT_H

#include "reports/report.h"
#include "reports/result.h"

void baton_junit_before(struct baton_text *out, const struct baton_report_context *context);
void baton_junit_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                              uint32_t count);
void baton_junit_after(struct baton_text *out, const struct baton_report_context *context);

#endif
