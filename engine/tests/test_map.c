#include "engine/base/map.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(map, finds_what_was_put)
{
    struct baton_arena *arena = baton_arena_new(1024 * 1024);
    struct baton_map map;
    cr_assert(baton_map_init(&map, arena, 3));
    cr_expect_eq(baton_map_get(&map, BATON_STR("a")), BATON_NONE);
    cr_expect_eq(baton_map_put(&map, BATON_STR("a"), 7), 7);
    cr_expect_eq(baton_map_put(&map, BATON_STR(""), 8), 8);
    cr_expect_eq(baton_map_put(&map, BATON_STR("a\0b"), 9), 9);
    cr_expect_eq(baton_map_get(&map, BATON_STR("a")), 7);
    cr_expect_eq(baton_map_get(&map, BATON_STR("")), 8);
    cr_expect_eq(baton_map_get(&map, BATON_STR("a\0b")), 9);
    cr_expect_eq(baton_map_get(&map, BATON_STR("A")), BATON_NONE);
    baton_arena_free(arena);
}

Test(map, an_earlier_number_stays)
{
    struct baton_arena *arena = baton_arena_new(1024 * 1024);
    struct baton_map map;
    cr_assert(baton_map_init(&map, arena, 1));
    cr_expect_eq(baton_map_put(&map, BATON_STR("x"), 1), 1);
    cr_expect_eq(baton_map_put(&map, BATON_STR("x"), 2), 1);
    cr_expect_eq(baton_map_get(&map, BATON_STR("x")), 1);
    baton_arena_free(arena);
}

Test(map, holds_its_capacity_and_still_ends_a_search)
{
    struct baton_arena *arena = baton_arena_new(8 * 1024 * 1024);
    static const size_t capacities[] = { 0, 1, 2, 3, 4, 5, 1000, 4096 };
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct baton_map map;
        baton_arena_reset(arena);
        cr_assert(baton_map_init(&map, arena, capacities[i]));
        for (uint32_t k = 0; k < capacities[i]; k++) {
            const char *name = baton_arena_printf(arena, "name %u", k);
            cr_assert_eq(baton_map_put(&map, baton_str_of(name), k), k);
        }
        for (uint32_t k = 0; k < capacities[i] + 100; k++) {
            char name[32];
            snprintf(name, sizeof name, "name %u", k);
            cr_assert_eq(baton_map_get(&map, baton_str_of(name)), k < capacities[i] ? k : BATON_NONE);
        }
    }
    baton_arena_free(arena);
}

Test(map, says_when_memory_ends)
{
    struct baton_arena *arena = baton_arena_new(1024);
    struct baton_map map;
    cr_expect_not(baton_map_init(&map, arena, 1000));
    baton_arena_fail_after(1);
    cr_expect_not(baton_map_init(&map, arena, 1));
    baton_arena_fail_after(0);
    baton_arena_free(arena);
}
