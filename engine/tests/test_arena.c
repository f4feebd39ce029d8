#include "engine/base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#ifndef BATON_ARENA_SEPARATE
#define BATON_ARENA_SEPARATE 0
#endif

enum { LIMIT = 64 * 1024 * 1024 };

static struct baton_arena *arena_of(size_t limit)
{
    struct baton_arena *arena = baton_arena_new(limit);
    cr_assert_not_null(arena);
    return arena;
}

Test(arena, pieces_are_aligned_and_apart)
{
    struct baton_arena *arena = arena_of(LIMIT);
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        pieces[i] = baton_arena_alloc(arena, i * 7);
        cr_assert_not_null(pieces[i]);
        cr_expect_eq((uintptr_t)pieces[i] % 16, 0, "%zu bytes", i * 7);
        memset(pieces[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i * 7; k++) {
            cr_assert_eq(pieces[i][k], (unsigned char)i);
        }
    }
    baton_arena_free(arena);
}

Test(arena, cleared_pieces_are_zero_also_when_used_before)
{
    struct baton_arena *arena = arena_of(LIMIT);
    memset(baton_arena_alloc(arena, 1000), 0xff, 1000);
    baton_arena_reset(arena);
    const unsigned char *piece = baton_arena_zero(arena, 1000);
    for (size_t i = 0; i < 1000; i++) {
        cr_assert_eq(piece[i], 0);
    }
    baton_arena_free(arena);
}

Test(arena, ends_at_its_limit_and_stays_usable)
{
    struct baton_arena *arena = arena_of(1024);
    cr_expect_null(baton_arena_alloc(arena, 1025));
    cr_expect_not_null(baton_arena_alloc(arena, 1000));
    cr_expect_null(baton_arena_alloc(arena, 17));
    cr_expect_not_null(baton_arena_alloc(arena, 16), "what is left to the byte");
    cr_expect_null(baton_arena_alloc(arena, 1));
    cr_expect_eq(baton_arena_in_use(arena), 1024);
    baton_arena_reset(arena);
    cr_expect_not_null(baton_arena_alloc(arena, 1024));
    baton_arena_free(arena);
}

Test(arena, refuses_sizes_that_do_not_fit)
{
    struct baton_arena *arena = arena_of(SIZE_MAX);
    cr_expect_null(baton_arena_alloc(arena, SIZE_MAX));
    cr_expect_null(baton_arena_alloc(arena, SIZE_MAX - 15));
    cr_expect_null(baton_arena_array(arena, SIZE_MAX / 2, 3));
    cr_expect_null(baton_arena_array(arena, SIZE_MAX / 8 + 1, 8));
    cr_expect_null(baton_arena_copy(arena, "", SIZE_MAX));
    cr_expect_not_null(baton_arena_array(arena, 0, 8));
    cr_expect_not_null(baton_arena_array(arena, 8, 0));
    baton_arena_free(arena);
}

Test(arena, rollback_takes_back_what_came_after_the_mark)
{
    struct baton_arena *arena = arena_of(LIMIT);
    struct baton_arena_mark empty = baton_arena_mark(arena);
    char *kept = baton_arena_copy(arena, "kept", 4);
    struct baton_arena_mark mark = baton_arena_mark(arena);
    size_t in_use = baton_arena_in_use(arena);
    for (unsigned i = 0; i < 100; i++) {
        cr_assert_not_null(baton_arena_alloc(arena, 50000));
    }
    cr_expect_gt(baton_arena_in_use(arena), in_use + 5000000 - 1);
    baton_arena_rollback(arena, mark);
    cr_expect_eq(baton_arena_in_use(arena), in_use);
    cr_expect_str_eq(kept, "kept");
    baton_arena_rollback(arena, empty);
    cr_expect_eq(baton_arena_in_use(arena), 0);
    cr_expect_geq(baton_arena_peak(arena), 5000000, "the peak stays");
    baton_arena_free(arena);
}

Test(arena, is_used_again_without_asking_the_system)
{
    struct baton_arena *arena = arena_of(LIMIT);
    uint64_t before = 0;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 100; i++) {
            cr_assert_not_null(baton_arena_alloc(arena, 10000));
        }
        baton_arena_reset(arena);
        before = round == 0 ? baton_system_allocations() : before;
    }
    if (!BATON_ARENA_SEPARATE) {
        cr_expect_eq(baton_system_allocations(), before);
    }
    baton_arena_free(arena);
}

Test(arena, copies_end_with_a_nul)
{
    struct baton_arena *arena = arena_of(LIMIT);
    const char *copy = baton_arena_copy(arena, "abc\0def", 5);
    cr_expect_eq(memcmp(copy, "abc\0d\0", 6), 0);
    cr_expect_str_eq(baton_arena_copy(arena, NULL, 0), "");
    cr_expect_str_eq(baton_arena_printf(arena, "%s-%d", "x", 42), "x-42");
    cr_expect_str_eq(baton_arena_printf(arena, "%s", ""), "");
    baton_arena_free(arena);
}

Test(arena, allocations_fail_from_the_nth_on)
{
    struct baton_arena *arena = arena_of(LIMIT);
    baton_arena_fail_after(3);
    cr_expect_not_null(baton_arena_alloc(arena, 1));
    cr_expect_not_null(baton_arena_copy(arena, "x", 1));
    cr_expect_null(baton_arena_alloc(arena, 1));
    cr_expect_null(baton_arena_zero(arena, 1));
    cr_expect_null(baton_arena_printf(arena, "x"));
    cr_expect_null(baton_arena_new(100));
    baton_arena_fail_after(0);
    cr_expect_not_null(baton_arena_alloc(arena, 1));
    baton_arena_free(arena);
    baton_arena_free(NULL);
}

Test(arena, system_pieces_are_cleared_and_counted)
{
    uint64_t before = baton_system_allocations();
    unsigned char *piece = baton_system_take(100);
    cr_assert_not_null(piece);
    for (size_t i = 0; i < 100; i++) {
        cr_expect_eq(piece[i], 0);
    }
    cr_expect_eq(baton_system_allocations(), before + 1);
    baton_system_give(piece);
    baton_arena_fail_after(1);
    cr_expect_null(baton_system_take(1));
    baton_arena_fail_after(0);
}

Test(arena, texts_are_equal_by_length_and_bytes)
{
    cr_expect(baton_str_equal(BATON_STR("a\0b"), BATON_STR("a\0b")));
    cr_expect_not(baton_str_equal(BATON_STR("a\0b"), BATON_STR("a\0c")));
    cr_expect_not(baton_str_equal(BATON_STR("a"), BATON_STR("ab")));
    cr_expect(baton_str_equal((struct baton_str){ NULL, 0 }, BATON_STR("")));
    cr_expect(baton_str_is(BATON_STR("abc"), "abc"));
    cr_expect_not(baton_str_is(BATON_STR("abc"), "ABC"));
    cr_expect_eq(baton_str_of(NULL).length, 0);
    cr_expect_eq(baton_str_of("four").length, 4);
}
