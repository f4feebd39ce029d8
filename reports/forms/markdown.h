/* markdown.h - the run as GitHub-flavoured Markdown: verdict, gates, figures, confusions, the handoff graph, failures.
 *
 * Limits: GitHub drops a whole step summary over 1024 KiB and cuts a comment at 65,536 characters, so lists are bounded and say
 * what they leave out, long texts are cut, and a graph of more than BATON_MARKDOWN_EDGES_MAX edges is left out. The whole is
 * never longer than BATON_MARKDOWN_BYTES_MAX.
 */
#ifndef BATON_REPORTS_FORMS_MARKDOWN_H
#define BATON_REPORTS_FORMS_MARKDOWN_H

#include "reports/report.h"

enum {
    BATON_MARKDOWN_EDGES_MAX = 80,
    BATON_MARKDOWN_ROWS_MAX = 20,
    BATON_MARKDOWN_CASES_MAX = 50,       /* of each list of a comparison */
    BATON_MARKDOWN_TEXT_BYTES_MAX = 500, /* of a name or a reason; a longer one ends in an ellipsis */
    BATON_MARKDOWN_BYTES_MAX = 60000
};

void baton_markdown_write(struct baton_text *out, const struct baton_report_context *context);

/* A section of Markdown, its heading first. */
void baton_markdown_write_comparison(struct baton_text *out, const struct baton_comparison *comparison);

#endif
