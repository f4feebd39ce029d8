#include "engine/core/path.h"

#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { LENGTH_MAX = 40 };

/* One letter an agent. */
static size_t path_of(uint32_t *path, const char *letters)
{
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++) {
        path[i] = (uint32_t)letters[i];
    }
    return count;
}

Test(path, split_gives_the_worked_numbers)
{
    static const struct row {
        const char *name, *path, *erased;
        uint32_t optimal;
        bool is_reached;
        struct baton_path_split want;
    } rows[] = {
        { "front desk, sales, enterprise", "fse", "fse", 2, true, { 2, 0, true, 0 } },
        { "front desk, support, sales, enterprise", "fuse", "fuse", 2, true, { 3, 0, true, 1 } },
        { "to and fro first", "fufuse", "fuse", 2, true, { 5, 2, true, 1 } },
        { "front desk, support, front desk", "fuf", "f", 2, false, { 2, 2, false, 0 } },
        { "answered where it started", "f", "f", 0, true, { 0, 0, true, 0 } },
        { "there and back, no hop needed", "fuf", "f", 0, true, { 2, 2, true, 0 } },
        { "to itself", "fss", "fs", 1, true, { 2, 1, true, 0 } },
        { "one loop within another", "abcbda", "a", 0, true, { 5, 5, true, 0 } },
        { "shorter than the graph allows", "fe", "fe", 2, true, { 1, 0, true, -1 } },
        { "target unknown", "fuf", "f", BATON_PATH_UNKNOWN, false, { 2, 2, false, 0 } },
        { "reached, but no way declared", "fe", "fe", BATON_PATH_UNKNOWN, true, { 1, 0, false, 0 } },
        { "no path", "", "", 0, true, { 0, 0, true, 0 } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t path[16], erased[16], want[16];
        size_t count = path_of(path, rows[i].path);
        size_t want_count = path_of(want, rows[i].erased);
        size_t erased_count = baton_path_erase_loops(erased, path, count);
        cr_assert_eq(erased_count, want_count, "%s", rows[i].name);
        cr_expect_eq(memcmp(erased, want, want_count * sizeof *want), 0, "%s", rows[i].name);

        struct baton_path_split got =
            baton_path_split(&(struct baton_path_walk){ count, erased_count, rows[i].optimal, rows[i].is_reached });
        cr_expect_eq(got.depth, rows[i].want.depth, "%s: depth %zu", rows[i].name, got.depth);
        cr_expect_eq(got.looped, rows[i].want.looped, "%s: looped %zu", rows[i].name, got.looped);
        cr_expect_eq(got.has_detour, rows[i].want.has_detour, "%s", rows[i].name);
        cr_expect_eq(got.detour, rows[i].want.detour, "%s: detour %lld", rows[i].name, (long long)got.detour);
    }
}

Test(path, split_bears_the_longest_optimal)
{
    struct baton_path_split got = baton_path_split(&(struct baton_path_walk){ 1, 1, UINT32_MAX - 1, true });
    cr_expect_eq(got.detour, -(int64_t)(UINT32_MAX - 1));
}

/* Finds the first agent that occurs again later, removes what lies up to its last occurrence, and starts over. */
static size_t erase_naively(uint32_t *path, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t last = i;
        for (size_t j = i + 1; j < count; j++) {
            last = path[j] == path[i] ? j : last;
        }
        memmove(path + i, path + last, (count - last) * sizeof *path);
        count -= last - i;
    }
    return count;
}

static bool is_hop_of(uint32_t from, uint32_t to, const uint32_t *path, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (path[i - 1] == from && path[i] == to) {
            return true;
        }
    }
    return false;
}

Test(path, erasing_agrees_with_a_naive_one_and_keeps_hops_and_ends)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 51);
    for (int round = 0; round < 50000; round++) {
        uint32_t path[LENGTH_MAX], erased[LENGTH_MAX], naive[LENGTH_MAX];
        size_t count = 1 + baton_prng_below(&prng, LENGTH_MAX);
        uint64_t alphabet = 1 + baton_prng_below(&prng, 12);
        for (size_t i = 0; i < count; i++) {
            path[i] = (uint32_t)baton_prng_below(&prng, alphabet);
        }
        memcpy(naive, path, sizeof path);
        size_t naive_count = erase_naively(naive, count);
        size_t erased_count = baton_path_erase_loops(erased, path, count);
        cr_assert_eq(erased_count, naive_count, "round %d", round);
        cr_assert_eq(memcmp(erased, naive, naive_count * sizeof *naive), 0, "round %d", round);
        cr_assert(erased[0] == path[0] && erased[erased_count - 1] == path[count - 1], "round %d", round);
        for (size_t i = 1; i < erased_count; i++) {
            cr_assert(is_hop_of(erased[i - 1], erased[i], path, count), "round %d", round);
        }
        size_t in_place_count = baton_path_erase_loops(path, path, count);
        cr_assert_eq(in_place_count, naive_count, "round %d", round);
        cr_assert_eq(memcmp(path, naive, naive_count * sizeof *naive), 0, "round %d", round);
    }
}

Test(path, depth_is_optimal_and_detour_and_looped)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 52);
    for (int round = 0; round < 10000; round++) {
        size_t count = 1 + baton_prng_below(&prng, LENGTH_MAX);
        size_t erased_count = 1 + baton_prng_below(&prng, count);
        uint32_t optimal = (uint32_t)baton_prng_below(&prng, LENGTH_MAX);
        struct baton_path_split got = baton_path_split(&(struct baton_path_walk){ count, erased_count, optimal, true });
        cr_assert_eq((int64_t)got.depth, optimal + got.detour + (int64_t)got.looped, "round %d", round);
    }
}
