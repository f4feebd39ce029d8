/* distribution.h - the figures of a distribution, out of counts by value.
 */
#ifndef BATON_EVALS_TALLY_DISTRIBUTION_H
#define BATON_EVALS_TALLY_DISTRIBUTION_H

#include "evals/tally/counter.h"
#include "reports/summary.h"

/* Of counts by value in nanoseconds (or whatever is counted), in rising order; percentiles by nearest rank. */
struct baton_distribution baton_distribution_of(const struct baton_count *counts, size_t count);

#endif
