#include "evals/tally/counter.h"

#include "engine/base/arena.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

void baton_counter_clear(struct baton_counter *counter)
{
    baton_system_give(counter->slots);
    *counter = (struct baton_counter){ 0 };
}

/* Where the key is or would be. Fibonacci hashing: keys are often small and dense. */
static struct baton_count *slot_of(struct baton_count *slots, size_t slot_count, uint64_t key)
{
    uint64_t mixed = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(mixed >> 20) & (slot_count - 1);
    while (slots[at].count != 0 && slots[at].key != key) {
        at = (at + 1) & (slot_count - 1);
    }
    return &slots[at];
}

static bool grow(struct baton_counter *counter)
{
    size_t slot_count = counter->slot_count == 0 ? FIRST_SLOTS : counter->slot_count * 2;
    struct baton_count *slots = baton_system_take(slot_count * sizeof *slots);
    if (slots == NULL) {
        counter->failed = true;
        return false;
    }
    for (size_t i = 0; i < counter->slot_count; i++) {
        if (counter->slots[i].count != 0) {
            *slot_of(slots, slot_count, counter->slots[i].key) = counter->slots[i];
        }
    }
    baton_system_give(counter->slots);
    counter->slots = slots;
    counter->slot_count = slot_count;
    return true;
}

void baton_counter_add(struct baton_counter *counter, uint64_t key, uint64_t count)
{
    if (count == 0 || (counter->used * 4 >= counter->slot_count * 3 && !grow(counter))) {
        return;
    }
    struct baton_count *slot = slot_of(counter->slots, counter->slot_count, key);
    counter->used += slot->count == 0;
    slot->key = key;
    slot->count += count;
}

void baton_counter_merge(struct baton_counter *into, const struct baton_counter *from)
{
    for (size_t i = 0; i < from->slot_count; i++) {
        baton_counter_add(into, from->slots[i].key, from->slots[i].count);
    }
    into->failed = into->failed || from->failed;
}

uint64_t baton_counter_get(const struct baton_counter *counter, uint64_t key)
{
    return counter->slot_count == 0 ? 0 : slot_of(counter->slots, counter->slot_count, key)->count;
}

static int by_key(const void *a, const void *b)
{
    uint64_t left = ((const struct baton_count *)a)->key, right = ((const struct baton_count *)b)->key;
    return (left > right) - (left < right);
}

const struct baton_count *baton_counter_sorted(struct baton_counter *counter, size_t *count)
{
    size_t used = 0;
    for (size_t i = 0; i < counter->slot_count; i++) {
        struct baton_count one = counter->slots[i];
        counter->slots[i].count = 0; /* nothing is left behind the packed ones */
        if (one.count != 0) {
            counter->slots[used++] = one;
        }
    }
    if (used > 1) {
        qsort(counter->slots, used, sizeof *counter->slots, by_key);
    }
    *count = used;
    return counter->slots;
}
