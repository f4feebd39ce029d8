/* failures.h - the first judgements of a run that failed, a line for a person each: which conversation, where, what.
 *
 * Owns:     its lines, until baton_failures_clear().
 * Limits:   BATON_FAILURES_MAX; later ones are only in the results.
 */
#ifndef BATON_EVALS_PLAY_FAILURES_H
#define BATON_EVALS_PLAY_FAILURES_H

#include "reports/result.h"

enum { BATON_FAILURES_MAX = 10 };

struct baton_failures {
    struct baton_text lines;
    uint32_t count;
};

struct baton_failures baton_failures_none(void);
void baton_failures_clear(struct baton_failures *failures);

/* Forgets all, but keeps the memory. */
void baton_failures_reset(struct baton_failures *failures);

/* Adds what failed in a result. */
void baton_failures_note(struct baton_failures *failures, const struct baton_result *result);

/* Adds those of other conversations, which come after these. */
void baton_failures_merge(struct baton_failures *failures, const struct baton_failures *later);

#endif
