/* grow.h - arrays that double as they fill.
 *
 *     struct item *items = baton_grow_arena(arena, list->items, list->count, &list->capacity, sizeof *items);
 *     if (items == NULL) { ... out of memory; the list is as it was ... }
 *     list->items = items;
 *     list->items[list->count++] = item;
 *
 * Owns:     an array in an arena is the arena's (the smaller one it replaces stays there until then); one on the heap is the
 *           caller's, who gives it back with baton_grow_free().
 * Limits:   counts below 2^32.
 */
#ifndef BATON_ENGINE_BASE_GROW_H
#define BATON_ENGINE_BASE_GROW_H

#include "engine/base/arena.h"

/* For baton_grow_arena(), where the array is full. */
void *baton_grow_arena_more(struct baton_arena *arena, const void *list, uint32_t count, uint32_t *capacity,
                            size_t element_bytes);

/* An array with room for one more than count: the same while count < *capacity, else a larger one with its elements, and
 * *capacity raised; NULL when out of memory. */
static inline void *baton_grow_arena(struct baton_arena *arena, const void *list, uint32_t count, uint32_t *capacity,
                                     size_t element_bytes)
{
    return count < *capacity ? (void *)(uintptr_t)list
                             : baton_grow_arena_more(arena, list, count, capacity, element_bytes);
}
void *baton_grow_heap(void *list, uint32_t count, uint32_t *capacity, size_t element_bytes);

void baton_grow_free(void *list);

#endif
