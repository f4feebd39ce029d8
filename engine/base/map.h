/* map.h - names to small numbers, sized once.
 *
 * Owns:     nothing: the table lives in the arena, the names in the caller's memory, which must outlive it.
 * Threads:  any number may look up at once; putting is for one.
 */
#ifndef BATON_ENGINE_BASE_MAP_H
#define BATON_ENGINE_BASE_MAP_H

#include "engine/base/arena.h"

#define BATON_NONE UINT32_MAX

struct baton_map {
    struct baton_map_slot {
        struct baton_str name;
        uint32_t value;
    } * slots;   /* private */
    size_t mask; /* private */
};

/* Makes room for `capacity` names. False when out of memory. */
bool baton_map_init(struct baton_map *map, struct baton_arena *arena, size_t capacity);

/* The number of the name, or BATON_NONE. */
uint32_t baton_map_get(const struct baton_map *map, struct baton_str name);

/* Puts a name; an earlier number of it is kept and returned instead. Never more names than the capacity. */
uint32_t baton_map_put(struct baton_map *map, struct baton_str name, uint32_t value);

#endif
