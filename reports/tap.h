/* tap.h - TAP version 14, as `prove` reads it: a test point for each conversation and repeat, then one for each gate.
 */
#ifndef BATON_REPORTS_TAP_H
#define BATON_REPORTS_TAP_H

#include "reports/forms.h"

void baton_tap_before(struct baton_text *out, const struct baton_report_context *context);
void baton_tap_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                            uint32_t count);
void baton_tap_after(struct baton_text *out, const struct baton_report_context *context);

#endif
