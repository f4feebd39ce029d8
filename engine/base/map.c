#include "engine/base/map.h"

#include "engine/base/hash.h"

bool baton_map_init(struct baton_map *map, struct baton_arena *arena, size_t capacity)
{
    size_t slots = 4;
    while (slots < capacity * 2) {
        slots *= 2;
    }
    map->mask = slots - 1;
    map->slots = baton_arena_array(arena, slots, sizeof *map->slots);
    for (size_t i = 0; map->slots != NULL && i < slots; i++) {
        map->slots[i] = (struct baton_map_slot){ .value = BATON_NONE };
    }
    return map->slots != NULL;
}

static struct baton_map_slot *slot_of(const struct baton_map *map, struct baton_str name)
{
    size_t at = (size_t)baton_hash64(name.data, name.length, 0) & map->mask;
    while (map->slots[at].value != BATON_NONE && !baton_str_equal(map->slots[at].name, name)) {
        at = (at + 1) & map->mask;
    }
    return &map->slots[at];
}

uint32_t baton_map_get(const struct baton_map *map, struct baton_str name)
{
    return slot_of(map, name)->value;
}

uint32_t baton_map_put(struct baton_map *map, struct baton_str name, uint32_t value)
{
    struct baton_map_slot *slot = slot_of(map, name);
    if (slot->value == BATON_NONE) {
        *slot = (struct baton_map_slot){ .name = name, .value = value };
    }
    return slot->value;
}
