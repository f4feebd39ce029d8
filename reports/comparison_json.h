/* comparison_json.h - a comparison as JSON.
 */
#ifndef BATON_REPORTS_COMPARISON_JSON_H
#define BATON_REPORTS_COMPARISON_JSON_H

#include "engine/base/json_writer.h"
#include "reports/comparison.h"

/* Where it has to stay small: so many cases of each list, beside which the number of all is written, and so many bytes of a
 * text. */
struct baton_comparison_limits {
    size_t cases, text_bytes;
};

/* One object; limits NULL: all changed conversations are named. */
void baton_comparison_json_put(struct baton_json_writer *writer, const struct baton_comparison *comparison,
                               const struct baton_comparison_limits *limits);

/* The same with line breaks, and one at the end. */
void baton_comparison_json_write(struct baton_text *out, const struct baton_comparison *comparison);

#endif
