/* flaky.h - the cases that passed in some repeats and not in others: a bounded list in a total order, so that the lists of
 * parts of a run add up to that of the whole in any order.
 *
 * Owns:     the list owns its ids, until baton_flaky_clear().
 * Errors:   out of memory sets `failed`, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_FLAKY_H
#define BATON_EVALS_TALLY_FLAKY_H

#include "engine/base/str.h"

#include <stdint.h>

enum { BATON_FLAKY_MAX = 50 };

/* A case that passed sometimes. */
struct baton_flaky {
    struct baton_str id;
    uint32_t n, passed, flips; /* repeats judged; flips: neighbours in order that differ */
};

/* The flakiest, the nearest to a coin first; then by flips, then by id. */
struct baton_flaky_list {
    struct baton_flaky list[BATON_FLAKY_MAX];
    uint32_t count;
    bool failed;
};

/* Adds a case, and drops the steadiest one where there are too many. */
void baton_flaky_add(struct baton_flaky_list *flaky, const struct baton_flaky *one);
void baton_flaky_merge(struct baton_flaky_list *into, const struct baton_flaky_list *from);
void baton_flaky_clear(struct baton_flaky_list *flaky);

#endif
