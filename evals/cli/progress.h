/* progress.h - the progress line of long work, on standard error: redrawn on a terminal, a line each 10 % elsewhere.
 */
#ifndef BATON_EVALS_CLI_PROGRESS_H
#define BATON_EVALS_CLI_PROGRESS_H

#include "evals/play/runner.h"

struct baton_progress_line {
    FILE *file;
    bool is_terminal;
    uint64_t start_ns, drawn_ns; /* private, as all below */
    unsigned tenths;
    bool is_drawn;
};

void baton_progress_init(struct baton_progress_line *line, FILE *file);

/* Draws when enough has changed; fits baton_runner_options.on_progress. */
void baton_progress_update(void *line, const struct baton_progress *progress);

/* Wipes what was drawn. */
void baton_progress_end(struct baton_progress_line *line);

#endif
