/* html.h - one page to look at: verdict, figures, heat map, handoff graph, timelines. A single file that asks nothing of
 * a network: its content policy lets in only its own style and script, by their hashes.
 *
 * The page is a frame, a line of JSON for each conversation (html_line.c), and the figures as JSON; reports/html/page.js
 * draws it. Data reaches the page as JSON in which no `<` stands, and the script puts it there as text, never as markup.
 *
 * Limits:   texts are cut at BATON_HTML_TEXT_BYTES and a line holds at most BATON_HTML_LINE_BYTES of them, so that no
 *           line, escapes and all, is longer than 1 MB; what is left out is said in the page.
 */
#ifndef BATON_REPORTS_HTML_HTML_H
#define BATON_REPORTS_HTML_HTML_H

#include "engine/base/json_writer.h"
#include "reports/report.h"
#include "reports/result.h"

enum {
    BATON_HTML_TEXT_BYTES = 2048,      /* of one text */
    BATON_HTML_LINE_BYTES = 64 * 1024, /* of all texts of one conversation */
    BATON_HTML_NAME_BYTES = 200,       /* of an id or a name */
    BATON_HTML_RUNS = 8,               /* repeats of a conversation, failing ones first; all are counted */
    BATON_HTML_EXCHANGES = 100,        /* of one conversation, over its repeats */
    BATON_HTML_STEPS = 400,            /* likewise */
    BATON_HTML_HOPS = 2000,            /* likewise */
    BATON_HTML_OFFERED = 32,           /* agents offered in one step, or expected */
    BATON_HTML_CASES = 300             /* of each list of a comparison */
};

void baton_html_before(struct baton_text *out, const struct baton_report_context *context);
void baton_html_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                             uint32_t count);
void baton_html_after(struct baton_text *out, const struct baton_report_context *context);

/* Adds JSON so that it can stand in a script element: every `<` becomes \u003c. */
void baton_html_put_json(struct baton_text *out, struct baton_str json);

#endif
