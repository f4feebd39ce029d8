#include "evals/tally/distribution.h"

#include "evals/stats/resample.h"

/* The value of a nearest rank. */
static int64_t value_at(const struct baton_count *counts, size_t count, uint64_t rank)
{
    uint64_t passed = 0;
    for (size_t i = 0; i < count; i++) {
        passed += counts[i].count;
        if (rank < passed) {
            return (int64_t)counts[i].key;
        }
    }
    return BATON_FIGURE_NONE;
}

struct baton_distribution baton_distribution_of(const struct baton_count *counts, size_t count)
{
    struct baton_distribution d = { .sum = BATON_FIGURE_NONE,
                                    .min = BATON_FIGURE_NONE,
                                    .p50 = BATON_FIGURE_NONE,
                                    .p90 = BATON_FIGURE_NONE,
                                    .p95 = BATON_FIGURE_NONE,
                                    .p99 = BATON_FIGURE_NONE,
                                    .max = BATON_FIGURE_NONE };
    if (count == 0) {
        return d;
    }
    d.sum = 0;
    for (size_t i = 0; i < count; i++) {
        d.n += counts[i].count;
        d.sum += (int64_t)(counts[i].key * counts[i].count);
    }
    d.min = (int64_t)counts[0].key;
    d.max = (int64_t)counts[count - 1].key;
    d.p50 = value_at(counts, count, baton_resample_rank(d.n, 500));
    d.p90 = value_at(counts, count, baton_resample_rank(d.n, 900));
    d.p95 = value_at(counts, count, baton_resample_rank(d.n, 950));
    d.p99 = value_at(counts, count, baton_resample_rank(d.n, 990));
    return d;
}
