/* forms.h - every way to write results down, as a table of forms.
 *
 * A form has a part for each conversation, written as the conversations come, and parts before and after it that need the
 * figures of the whole run. Forms without a part for conversations are made from the summary alone.
 *
 * Threads:  parts for conversations are written by many threads, each into a text of its own; they are put together in input
 *           order, so that a report has the same bytes at any number of threads.
 */
#ifndef BATON_REPORTS_FORMS_FORMS_H
#define BATON_REPORTS_FORMS_FORMS_H

#include "reports/report.h"
#include "reports/result.h"

struct baton_report_form {
    const char *name;
    const char *file_name; /* in the folder of --out; NULL: only where asked for */
    const char *what;      /* one line for the help */
    void (*before)(struct baton_text *out, const struct baton_report_context *context);
    /* All repeats of one conversation, in order; NULL: none. */
    void (*conversation)(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                         uint32_t count);
    void (*after)(struct baton_text *out, const struct baton_report_context *context);
    /* At most so many bytes of conversations: the first that failed, then the first others; 0: all, in input order. A form
     * with such a limit writes one line for each conversation; the first that does not fit ends it. */
    size_t bytes_failed_max, bytes_others_max;
    bool wants_steps; /* results with their turns */
};

/* The form of that name, or NULL; the i-th form, or NULL past the end. */
const struct baton_report_form *baton_report_form_find(struct baton_str name);
const struct baton_report_form *baton_report_form_at(size_t i);

#endif
