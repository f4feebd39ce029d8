/* terminal.h - the report on the terminal: the verdict first, then the gates, then what to look at.
 */
#ifndef BATON_REPORTS_TERMINAL_H
#define BATON_REPORTS_TERMINAL_H

#include "reports/summary.h"

struct baton_terminal_options {
    bool has_colour;
    bool is_replay;             /* say so: a replay judges recorded decisions */
    const char *failures;       /* lines of judgements that failed, perhaps not all; or NULL */
    const char *verdict_reason; /* what decided it, where no gate did; or NULL */
    const char *explain;        /* command that shows one conversation, without its id; or NULL */
};

void baton_terminal_write(struct baton_text *out, const struct baton_summary *summary,
                          const struct baton_terminal_options *options);

#endif
