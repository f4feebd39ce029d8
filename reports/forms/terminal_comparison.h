/* terminal_comparison.h - a comparison for people on a terminal.
 */
#ifndef BATON_REPORTS_FORMS_TERMINAL_COMPARISON_H
#define BATON_REPORTS_FORMS_TERMINAL_COMPARISON_H

#include "reports/comparison.h"

/* The sentence first, then the numbers behind it, then what changed. */
void baton_terminal_comparison_write(struct baton_text *out, const struct baton_comparison *comparison,
                                     bool has_colour);

#endif
