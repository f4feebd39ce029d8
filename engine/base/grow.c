#include "engine/base/grow.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 16 };

/* The next capacity, or 0 where none fits. */
static uint32_t next_capacity(uint32_t capacity)
{
    return capacity == 0 ? CAPACITY_FIRST : capacity <= UINT32_MAX / 2 ? capacity * 2 : 0;
}

void *baton_grow_arena_more(struct baton_arena *arena, const void *list, uint32_t count, uint32_t *capacity,
                            size_t element_bytes)
{
    uint32_t next = next_capacity(*capacity);
    void *larger = next == 0 ? NULL : baton_arena_array(arena, next, element_bytes);
    if (larger == NULL) {
        return NULL;
    }
    if (count > 0) {
        memcpy(larger, list, count * element_bytes);
    }
    *capacity = next;
    return larger;
}

void *baton_grow_heap(void *list, uint32_t count, uint32_t *capacity, size_t element_bytes)
{
    if (count < *capacity) {
        return list;
    }
    uint32_t next = next_capacity(*capacity);
    void *larger = next == 0 || baton_allocation_fails() ? NULL : reallocarray(list, next, element_bytes);
    if (larger == NULL) {
        return NULL;
    }
    baton_system_allocation_note();
    *capacity = next;
    return larger;
}

void baton_grow_free(void *list)
{
    free(list);
}
