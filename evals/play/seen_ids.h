/* seen_ids.h - the ids that a run has come by, to find one that is used twice.
 *
 * Kept as 64-bit hashes. Past BATON_SEEN_IDS_MAX the table would cost more memory than the check is worth, and it stops.
 *
 * Owns:     its table, until baton_seen_ids_clear(). Zeroed, it is empty.
 * Threads:  one at a time.
 * Limits:   BATON_SEEN_IDS_MAX slots, of which three quarters are used.
 */
#ifndef BATON_EVALS_PLAY_SEEN_IDS_H
#define BATON_EVALS_PLAY_SEEN_IDS_H

#include "engine/base/str.h"

#include <stdint.h>

enum { BATON_SEEN_IDS_MAX = 1 << 21 };

struct baton_seen_ids {
    uint64_t *table; /* private, as all: open, 0 is free */
    size_t count, slots;
};

/* What stands for an id. */
uint64_t baton_seen_ids_key(struct baton_str id);

/* Adds a key; false when it was there before. Always true once the table is full, or out of memory. */
bool baton_seen_ids_add(struct baton_seen_ids *seen, uint64_t key);

void baton_seen_ids_clear(struct baton_seen_ids *seen);

#endif
