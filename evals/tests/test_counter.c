#include "evals/tally/counter.h"

#include "engine/base/arena.h"
#include "engine/base/prng.h"

#include <criterion/criterion.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { KEYS = 1000, PARTS = 4 };

Test(counter, an_empty_one_counts_nothing)
{
    struct baton_counter counter = { 0 };
    size_t count = 1;
    cr_expect_eq(baton_counter_get(&counter, 0), 0u);
    baton_counter_add(&counter, 5, 0);
    cr_expect_eq(baton_counter_get(&counter, 5), 0u, "adding nothing adds no key");
    (void)baton_counter_sorted(&counter, &count);
    cr_expect_eq(count, 0u);
    baton_counter_clear(&counter);
}

Test(counter, any_key_can_be_counted)
{
    static const uint64_t keys[] = { 0, 1, UINT32_MAX, (uint64_t)1 << 32, UINT64_MAX, UINT64_MAX - 1, 1000000 };
    struct baton_counter counter = { 0 };
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        baton_counter_add(&counter, keys[i], i + 1);
        baton_counter_add(&counter, keys[i], 10);
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        cr_expect_eq(baton_counter_get(&counter, keys[i]), i + 11, "%zu", i);
    }
    cr_expect_eq(baton_counter_get(&counter, 2), 0u);
    baton_counter_clear(&counter);
    cr_expect_eq(baton_counter_get(&counter, 0), 0u, "cleared");
}

Test(counter, sorted_gives_each_key_once_in_ascending_order)
{
    struct baton_counter counter = { 0 };
    struct baton_prng prng;
    uint64_t sum = 0;
    size_t count;
    baton_prng_seed(&prng, 6);
    for (size_t i = 0; i < (size_t)20 * KEYS; i++) {
        uint64_t times = 1 + baton_prng_below(&prng, 5);
        baton_counter_add(&counter, baton_prng_below(&prng, KEYS) << 20, times);
        sum += times;
    }
    const struct baton_count *sorted = baton_counter_sorted(&counter, &count);
    cr_assert_leq(count, (size_t)KEYS);
    for (size_t i = 0; i < count; i++) {
        cr_assert(i == 0 || sorted[i - 1].key < sorted[i].key);
        sum -= sorted[i].count;
    }
    cr_expect_eq(sum, 0u, "nothing is lost or made up");
    baton_counter_clear(&counter);
}

Test(counter, merging_parts_gives_the_whole_in_any_order)
{
    struct baton_counter whole = { 0 }, parts[PARTS] = { { 0 } }, forth = { 0 }, back = { 0 };
    struct baton_prng prng;
    baton_prng_seed(&prng, 7);
    for (size_t i = 0; i < (size_t)10 * KEYS; i++) {
        uint64_t key = baton_prng_next(&prng) >> (44 + baton_prng_below(&prng, 16));
        baton_counter_add(&whole, key, 1);
        baton_counter_add(&parts[baton_prng_below(&prng, PARTS)], key, 1);
    }
    for (size_t i = 0; i < PARTS; i++) {
        baton_counter_merge(&forth, &parts[i]);
        baton_counter_merge(&back, &parts[PARTS - 1 - i]);
    }
    for (size_t i = 0; i < PARTS; i++) {
        baton_counter_clear(&parts[i]); /* nothing of a part is shared */
    }
    size_t counts[3];
    const struct baton_count *sorted[3] = { baton_counter_sorted(&whole, &counts[0]),
                                            baton_counter_sorted(&forth, &counts[1]),
                                            baton_counter_sorted(&back, &counts[2]) };
    cr_assert(counts[0] == counts[1] && counts[0] == counts[2]);
    for (size_t i = 0; i < counts[0]; i++) {
        cr_assert_eq(sorted[0][i].key, sorted[1][i].key);
        cr_assert_eq(sorted[0][i].count, sorted[1][i].count);
        cr_assert_eq(sorted[0][i].key, sorted[2][i].key);
        cr_assert_eq(sorted[0][i].count, sorted[2][i].count);
    }
    baton_counter_clear(&whole);
    baton_counter_clear(&forth);
    baton_counter_clear(&back);
}

Test(counter, out_of_memory_is_remembered_and_passed_on)
{
    struct baton_counter counter = { 0 }, into = { 0 };
    baton_arena_fail_after(1);
    baton_counter_add(&counter, 1, 1);
    baton_arena_fail_after(0);
    cr_expect(counter.failed);
    baton_counter_merge(&into, &counter);
    cr_expect(into.failed);
    baton_counter_clear(&counter);
    cr_expect(!counter.failed, "cleared");
    baton_counter_clear(&into);
}
