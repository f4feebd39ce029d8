#include "evals/tally/summarize_repeats.h"

#include "evals/stats/intervals.h"
#include "evals/stats/resample.h"

#include <math.h>
#include <string.h>

/* A replicate draws every cluster anew, so replicates are fewer where clusters are more; past CLUSTERS_MAX the sum is so
 * near to normal that the standard error says the same. */
enum { DRAWS = 1000000, REPLICATES_MIN = 1000, CLUSTERS_MAX = DRAWS / REPLICATES_MIN, K_MAX = 32 };

static const uint64_t bootstrap_seed = 42;

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_set(err, BATON_ENOMEM, "out of memory for the summary");
}

/* ---- clusters ---- */

static struct baton_cluster cluster_of(uint64_t key)
{
    double correct = (double)(key & UINT32_MAX);
    return (struct baton_cluster){ .sum = correct, .sum_squares = correct, .count = key >> 32 };
}

static enum baton_status bootstrap(struct baton_summary *out, struct baton_arena *arena,
                                   const struct baton_count *counts, size_t count, struct baton_error *err)
{
    size_t clusters = (size_t)out->routing.clusters.n, at = 0;
    size_t replicates =
        DRAWS / clusters < BATON_RESAMPLE_REPLICATES_DEFAULT ? DRAWS / clusters : BATON_RESAMPLE_REPLICATES_DEFAULT;
    struct baton_arena_mark mark = baton_arena_mark(arena);
    struct baton_cluster *all = baton_arena_array(arena, clusters, sizeof *all);
    double *scratch = baton_arena_array(arena, replicates, sizeof *scratch);
    if (all == NULL || scratch == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        for (uint64_t k = 0; k < counts[i].count; k++) {
            all[at++] = cluster_of(counts[i].key);
        }
    }
    struct baton_bootstrap_options options = { .seed = bootstrap_seed,
                                               .replicates = scratch,
                                               .replicate_count = replicates };
    struct baton_bootstrap interval = baton_resample_bootstrap_clusters(all, clusters, &options);
    out->routing.clusters.ci_low = interval.low;
    out->routing.clusters.ci_high = interval.high;
    baton_arena_rollback(arena, mark);
    return BATON_OK;
}

enum baton_status baton_summarize_clusters(struct baton_summary *out, struct baton_arena *arena,
                                           struct baton_tally *tally, struct baton_error *err)
{
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(&tally->clusters, &count);
    struct baton_cluster_class *classes = baton_arena_array(arena, count + 1, sizeof *classes);
    if (classes == NULL) {
        return no_memory(err);
    }
    out->routing.clusters.n = 0;
    for (size_t i = 0; i < count; i++) {
        classes[i] = (struct baton_cluster_class){ .cluster = cluster_of(counts[i].key), .weight = counts[i].count };
        out->routing.clusters.n += counts[i].count;
    }
    struct baton_cluster_error error = baton_resample_cluster_error(classes, count);
    double half = BATON_INTERVALS_Z * error.se_cluster_cr1;
    out->routing.clusters.se_iid = error.se_iid;
    out->routing.clusters.se_cluster = error.se_cluster;
    out->routing.clusters.se_cluster_cr1 = error.se_cluster_cr1;
    out->routing.clusters.design_effect = error.design_effect;
    out->routing.clusters.ci_low = isnan(half) ? NAN : fmax(0, error.mean - half);
    out->routing.clusters.ci_high = isnan(half) ? NAN : fmin(1, error.mean + half);
    bool is_spread = !isnan(error.se_cluster) && error.se_cluster > 0;
    return is_spread && out->routing.clusters.n <= CLUSTERS_MAX ? bootstrap(out, arena, counts, count, err) : BATON_OK;
}

/* ---- repeats ---- */

static struct baton_pass_figures passes_of(const struct baton_count *counts, size_t count, uint64_t k)
{
    struct baton_pass_figures out = { .k = k };
    double at = 0, hat = 0;
    for (size_t i = 0; i < count; i++) {
        struct baton_trials trials = { .count = (uint32_t)(counts[i].key >> 32),
                                       .passed = (uint32_t)(counts[i].key & UINT32_MAX) };
        if (trials.count >= k) {
            out.cases += counts[i].count;
            at += (double)counts[i].count * baton_resample_pass_at(trials, (uint32_t)k);
            hat += (double)counts[i].count * baton_resample_pass_hat(trials, (uint32_t)k);
        }
    }
    out.pass_at = out.cases == 0 ? NAN : at / (double)out.cases;
    out.pass_hat = out.cases == 0 ? NAN : hat / (double)out.cases;
    return out;
}

static double entropy_bits(double rate)
{
    return -(rate * log2(rate) + (1 - rate) * log2(1 - rate));
}

static enum baton_status list_flakiest(struct baton_summary *out, struct baton_arena *arena,
                                       const struct baton_flaky_list *flaky, struct baton_error *err)
{
    struct baton_flaky_case *list = baton_arena_array(arena, flaky->count + 1, sizeof *list);
    if (list == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < flaky->count; i++) {
        const struct baton_flaky *one = &flaky->list[i];
        double rate = (double)one->passed / (double)one->n;
        const char *id = baton_arena_copy(arena, one->id.data, one->id.length);
        if (id == NULL) {
            return no_memory(err);
        }
        list[i] = (struct baton_flaky_case){ .id = { id, one->id.length },
                                             .n = one->n,
                                             .passed = one->passed,
                                             .rate = rate,
                                             .flip_rate = (double)one->flips / (double)(one->n - 1),
                                             .entropy = entropy_bits(rate) };
    }
    out->repeats.flakiest = list;
    out->repeats.flakiest_count = flaky->count;
    return BATON_OK;
}

enum baton_status baton_summarize_repeats(struct baton_summary *out, struct baton_arena *arena,
                                          struct baton_tally *tally, struct baton_error *err)
{
    size_t count;
    const struct baton_count *counts = baton_counter_sorted(&tally->trials, &count);
    struct baton_pass_figures *passes = baton_arena_array(arena, K_MAX + 1, sizeof *passes);
    if (passes == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t n = counts[i].key >> 32, passed = counts[i].key & UINT32_MAX;
        out->repeats.n = n > out->repeats.n ? n : out->repeats.n;
        out->repeats.cases += counts[i].count;
        out->repeats.always += passed == n ? counts[i].count : 0;
        out->repeats.never += passed == 0 ? counts[i].count : 0;
        out->repeats.flaky += passed > 0 && passed < n ? counts[i].count : 0;
    }
    for (uint64_t k = 1; out->repeats.n > 1 && k < out->repeats.n; k *= 2) {
        passes[out->repeats.pass_count++] = passes_of(counts, count, k);
    }
    if (out->repeats.n > 1) {
        passes[out->repeats.pass_count++] = passes_of(counts, count, out->repeats.n);
    }
    out->repeats.passes = passes;
    return list_flakiest(out, arena, &tally->flaky, err);
}
