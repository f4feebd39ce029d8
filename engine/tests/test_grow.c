#include "engine/base/grow.h"

#include <criterion/criterion.h>

enum { LIMIT = 1024 * 1024, MANY = 1000 };

Test(grow, keeps_what_was_there)
{
    struct baton_arena *arena = baton_arena_new(LIMIT);
    uint32_t *in_arena = NULL, *on_heap = NULL, arena_capacity = 0, heap_capacity = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        in_arena = baton_grow_arena(arena, in_arena, i, &arena_capacity, sizeof *in_arena);
        on_heap = baton_grow_heap(on_heap, i, &heap_capacity, sizeof *on_heap);
        cr_assert(in_arena != NULL && on_heap != NULL && i < arena_capacity && i < heap_capacity);
        in_arena[i] = on_heap[i] = i;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert(in_arena[i] == i && on_heap[i] == i, "%u", i);
    }
    cr_expect_lt(arena_capacity, 2 * MANY);
    baton_grow_free(on_heap);
    baton_arena_free(arena);
}

Test(grow, leaves_the_list_as_it_was_when_there_is_no_more)
{
    struct baton_arena *arena = baton_arena_new(256);
    uint32_t capacity = 0;
    uint64_t *list = baton_grow_arena(arena, NULL, 0, &capacity, sizeof *list);
    cr_assert_not_null(list);
    uint32_t full = capacity;
    list[0] = 7;
    cr_expect_null(baton_grow_arena(arena, list, full, &capacity, sizeof *list), "over the arena's limit");
    cr_expect(capacity == full && list[0] == 7);
    baton_arena_fail_after(1);
    uint32_t none = 0;
    cr_expect_null(baton_grow_heap(NULL, 0, &none, sizeof *list));
    baton_arena_fail_after(0);
    cr_expect_eq(none, 0);
    capacity = UINT32_MAX;
    cr_expect_null(baton_grow_arena(arena, list, UINT32_MAX, &capacity, sizeof *list), "no larger count");
    baton_arena_free(arena);
}
