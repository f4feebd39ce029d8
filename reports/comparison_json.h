/* comparison_json.h - a comparison as JSON.
 */
#ifndef BATON_REPORTS_COMPARISON_JSON_H
#define BATON_REPORTS_COMPARISON_JSON_H

#include "reports/comparison.h"

/* One object with line breaks and one at the end; all changed conversations are named. */
void baton_comparison_json_write(struct baton_text *out, const struct baton_comparison *comparison);

#endif
