/* counter.h - counts by a 64-bit key: confusion cells, edges, histograms, latencies. Sums of counters are exact, so shards
 * and threads can be added up in any order.
 *
 * Owns:     its table, until baton_counter_clear(). About 16 to 32 bytes for each distinct key.
 * Errors:   out of memory sets `failed`, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_COUNTER_H
#define BATON_EVALS_TALLY_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct baton_count {
    uint64_t key, count; /* count 0: a free slot of the table */
};

struct baton_counter {
    struct baton_count *slots; /* private */
    size_t slot_count, used;
    bool failed;
};

void baton_counter_clear(struct baton_counter *counter);
void baton_counter_add(struct baton_counter *counter, uint64_t key, uint64_t count);
void baton_counter_merge(struct baton_counter *into, const struct baton_counter *from);
uint64_t baton_counter_get(const struct baton_counter *counter, uint64_t key);

/* Packs the table to its used entries in ascending order of keys and returns them; the counter can only be cleared after. */
const struct baton_count *baton_counter_sorted(struct baton_counter *counter, size_t *count);

#endif
