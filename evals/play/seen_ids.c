#include "evals/play/seen_ids.h"

#include "engine/base/arena.h"
#include "engine/base/hash.h"

enum { SLOTS_FIRST = 1024 };

uint64_t baton_seen_ids_key(struct baton_str id)
{
    return baton_hash64(id.data, id.length, 2) | 1; /* 0 is a free slot */
}

static bool put(uint64_t *table, size_t slots, uint64_t key)
{
    size_t at = (size_t)(key >> 8) & (slots - 1);
    while (table[at] != 0 && table[at] != key) {
        at = (at + 1) & (slots - 1);
    }
    bool is_new = table[at] == 0;
    table[at] = key;
    return is_new;
}

static bool grow(struct baton_seen_ids *seen)
{
    size_t slots = seen->slots == 0 ? SLOTS_FIRST : seen->slots * 2;
    uint64_t *table = slots > BATON_SEEN_IDS_MAX ? NULL : baton_system_take(slots * sizeof *table);
    if (table == NULL) {
        return false;
    }
    for (size_t i = 0; i < seen->slots; i++) {
        if (seen->table[i] != 0) {
            put(table, slots, seen->table[i]);
        }
    }
    baton_system_give(seen->table);
    seen->table = table;
    seen->slots = slots;
    return true;
}

bool baton_seen_ids_add(struct baton_seen_ids *seen, uint64_t key)
{
    if (seen->count * 4 >= seen->slots * 3 && !grow(seen)) {
        return true;
    }
    seen->count++;
    return put(seen->table, seen->slots, key);
}

void baton_seen_ids_clear(struct baton_seen_ids *seen)
{
    baton_system_give(seen->table);
    *seen = (struct baton_seen_ids){ 0 };
}
