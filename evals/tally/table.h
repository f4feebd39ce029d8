/* table.h - values by a key of 128 bits: what is added up under many names.
 *
 * Keys are hashes or packed numbers; a table knows nothing of what they stand for. Values are plain bytes, zeroed when new.
 *
 * Owns:     its memory, until baton_table_clear().
 * Errors:   out of memory sets `failed`, which the owner reads once at the end.
 * Limits:   2^32 - 2 entries.
 */
#ifndef BATON_EVALS_TALLY_TABLE_H
#define BATON_EVALS_TALLY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct baton_key {
    uint64_t high, low;
};

struct baton_table {
    size_t value_bytes; /* a multiple of 16 */
    size_t used;
    bool failed;
    unsigned char
        *entries; /* private, as all below: keys and values side by side, in the order in which they were made */
    size_t capacity;
    uint32_t *index; /* number of the entry + 1; 0 is free */
    size_t index_count;
};

struct baton_table baton_table_of(size_t value_bytes);
void baton_table_clear(struct baton_table *table);

/* Forgets all entries but keeps the memory. */
void baton_table_reset(struct baton_table *table);

/* The value of a key, made where there is none; NULL when out of memory. Valid until the next one is made. */
void *baton_table_at(struct baton_table *table, struct baton_key key);

/* The value of a key, or NULL where there is none. */
void *baton_table_find(const struct baton_table *table, struct baton_key key);

/* The i-th of table->used entries: as they were made, or after sort() in ascending order of keys. A sorted table can only be
 * walked and cleared. */
void *baton_table_entry(const struct baton_table *table, size_t i, struct baton_key *key);
void baton_table_sort(struct baton_table *table);

#endif
