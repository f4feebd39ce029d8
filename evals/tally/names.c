#include "evals/tally/names.h"

#include "engine/base/arena.h"
#include "engine/base/hash.h"

#include <string.h>

struct baton_names baton_names_of(void)
{
    return (struct baton_names){ .table = baton_table_of(sizeof(struct baton_str)) };
}

struct baton_str baton_names_at(const struct baton_names *names, size_t i, uint64_t *hash)
{
    struct baton_key key;
    const struct baton_str *text = baton_table_entry(&names->table, i, &key);
    *hash = key.low;
    return *text;
}

void baton_names_clear(struct baton_names *names)
{
    uint64_t ignored;
    for (size_t i = 0; i < names->table.used; i++) {
        baton_system_give((char *)(uintptr_t)baton_names_at(names, i, &ignored).data);
    }
    baton_table_clear(&names->table);
}

uint64_t baton_names_keep(struct baton_names *names, struct baton_str text)
{
    uint64_t hash = baton_hash64(text.data, text.length, 4);
    hash += hash == 0;
    struct baton_str *mine = baton_table_at(&names->table, (struct baton_key){ 0, hash });
    if (mine == NULL || mine->data != NULL) {
        return hash;
    }
    char *copy = baton_system_take(text.length + 1);
    if (copy == NULL) {
        names->table.failed = true;
        return hash;
    }
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    *mine = (struct baton_str){ copy, text.length };
    return hash;
}

struct baton_str baton_names_find(const struct baton_names *names, uint64_t hash)
{
    const struct baton_str *text = baton_table_find(&names->table, (struct baton_key){ 0, hash });
    return text == NULL || text->data == NULL ? BATON_STR("") : *text;
}

void baton_names_merge(struct baton_names *into, const struct baton_names *from)
{
    uint64_t ignored;
    for (size_t i = 0; i < from->table.used; i++) {
        baton_names_keep(into, baton_names_at(from, i, &ignored));
    }
    into->table.failed = into->table.failed || from->table.failed;
}
