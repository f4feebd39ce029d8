/* An index of open addressing over a dense array of entries: adding keeps the array dense, so that walking, sorting and
 * writing entries down need to know nothing of the index.
 */
#include "evals/tally/table.h"

#include "engine/base/arena.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES_FIRST = 32, INDEX_PER_ENTRY = 2 };

struct baton_table baton_table_of(size_t value_bytes)
{
    return (struct baton_table){ .value_bytes = value_bytes };
}

void baton_table_clear(struct baton_table *table)
{
    baton_system_give(table->entries);
    baton_system_give(table->index);
    *table = baton_table_of(table->value_bytes);
}

void baton_table_reset(struct baton_table *table)
{
    if (table->used > 0) {
        memset(table->index, 0, table->index_count * sizeof *table->index);
    }
    table->used = 0;
}

static size_t entry_bytes(const struct baton_table *table)
{
    return sizeof(struct baton_key) + table->value_bytes;
}

static unsigned char *entry_at(const struct baton_table *table, size_t i)
{
    return table->entries + i * entry_bytes(table);
}

static struct baton_key key_of(const struct baton_table *table, size_t i)
{
    struct baton_key key;
    memcpy(&key, entry_at(table, i), sizeof key);
    return key;
}

/* Where the key stands in the index, or the free place where it would. */
static size_t place_of(const struct baton_table *table, struct baton_key key)
{
    uint64_t mixed = (key.low ^ (key.high << 32 | key.high >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    size_t place = (size_t)(mixed >> 20) & (table->index_count - 1);
    while (table->index[place] != 0) {
        struct baton_key other = key_of(table, table->index[place] - 1);
        if (other.low == key.low && other.high == key.high) {
            break;
        }
        place = (place + 1) & (table->index_count - 1);
    }
    return place;
}

static bool grow(struct baton_table *table)
{
    size_t capacity = table->capacity == 0 ? ENTRIES_FIRST : table->capacity * 2;
    unsigned char *entries = capacity >= UINT32_MAX ? NULL : baton_system_take(capacity * entry_bytes(table));
    uint32_t *index = entries == NULL ? NULL : baton_system_take(capacity * INDEX_PER_ENTRY * sizeof *index);
    if (index == NULL) {
        baton_system_give(entries);
        table->failed = true;
        return false;
    }
    if (table->used > 0) {
        memcpy(entries, table->entries, table->used * entry_bytes(table));
    }
    baton_system_give(table->entries);
    baton_system_give(table->index);
    table->entries = entries;
    table->index = index;
    table->capacity = capacity;
    table->index_count = capacity * INDEX_PER_ENTRY;
    memset(index, 0, table->index_count * sizeof *index);
    for (size_t i = 0; i < table->used; i++) {
        index[place_of(table, key_of(table, i))] = (uint32_t)i + 1;
    }
    return true;
}

void *baton_table_find(const struct baton_table *table, struct baton_key key)
{
    uint32_t found = table->used == 0 ? 0 : table->index[place_of(table, key)];
    return found == 0 ? NULL : entry_at(table, found - 1) + sizeof key;
}

void *baton_table_at(struct baton_table *table, struct baton_key key)
{
    void *value = baton_table_find(table, key);
    if (value != NULL) {
        return value;
    }
    if (table->used == table->capacity && !grow(table)) {
        return NULL;
    }
    unsigned char *entry = entry_at(table, table->used);
    table->index[place_of(table, key)] = (uint32_t)++table->used;
    memcpy(entry, &key, sizeof key);
    return memset(entry + sizeof key, 0, table->value_bytes);
}

void *baton_table_entry(const struct baton_table *table, size_t i, struct baton_key *key)
{
    *key = key_of(table, i);
    return entry_at(table, i) + sizeof *key;
}

static int by_key(const void *a, const void *b)
{
    struct baton_key left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left.high != right.high ? (left.high > right.high) - (left.high < right.high)
                                   : (left.low > right.low) - (left.low < right.low);
}

void baton_table_sort(struct baton_table *table)
{
    if (table->used > 1) {
        qsort(table->entries, table->used, entry_bytes(table), by_key);
    }
}
