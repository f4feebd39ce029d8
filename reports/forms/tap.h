/* tap.h - the Test Anything Protocol: a test point for each conversation and repeat, then one for each gate.
 *
 * Written in what versions 13 and 14 share, and announced as 13: the `prove` that systems ship refuses the number 14, while
 * readers of 14 take 13.
 */
#ifndef BATON_REPORTS_FORMS_TAP_H
#define BATON_REPORTS_FORMS_TAP_H

#include "reports/report.h"
#include "reports/result.h"

enum { BATON_TAP_MESSAGE_BYTES_MAX = 4000 }; /* of a diagnosis; a longer one ends in `...` */

void baton_tap_before(struct baton_text *out, const struct baton_report_context *context);
void baton_tap_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count);
void baton_tap_after(struct baton_text *out, const struct baton_report_context *context);

#endif
