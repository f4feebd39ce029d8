/* weights.h - what a wrong route costs the business: a weight for each pair of expected and observed, from the suite.
 *
 *     weights: { "billing > tech_support": 2, "tech_support > @none": 20, "* > sales": 3, "*": 1 }
 *
 * The nearest counts: the pair itself, then `A > *`, then `* > B`, then `*` (1 where it is not given). A right route costs
 * nothing. Observed may be `@none`, `@exhausted` or `@invalid`.
 *
 * Owns:     nothing; weights live in the arena they were read into.
 */
#ifndef BATON_EVALS_TALLY_WEIGHTS_H
#define BATON_EVALS_TALLY_WEIGHTS_H

#include "engine/core/agents.h"
#include "reports/summary.h"

struct baton_weight {
    struct baton_str expected, observed; /* or `*` */
    double weight;
};

struct baton_weights {
    const struct baton_weight *list;
    size_t count; /* 0: there are none, and no cost */
};

/* Reads the object; NULL: none. BATON_EINPUT with the place: no such agent, no number of at least 0. */
BATON_MUST_CHECK enum baton_status baton_weights_read(struct baton_weights *out, struct baton_arena *arena,
                                                      const struct baton_agents *agents,
                                                      const struct baton_source *source,
                                                      const struct baton_json *object, struct baton_error *err);

/* Fills routing.cost from the confusion matrix: the sum of its cells by weight, by labelled exchange. */
void baton_weights_apply(const struct baton_weights *weights, struct baton_summary *summary);

#endif
