#include "engine/base/prng.h"

#include <criterion/criterion.h>
#include <string.h>

Test(prng, is_splitmix64)
{
    static const struct {
        uint64_t seed, want[5];
    } rows[] = {
        { 42, { 0xbdd732262feb6e95, 0x28efe333b266f103, 0x47526757130f9f52, 0x581ce1ff0e4ae394, 0x09bc585a244823f2 } },
        { 1234567,
          { 6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U,
            16408922859458223821U } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_prng prng;
        baton_prng_seed(&prng, rows[i].seed);
        for (size_t k = 0; k < 5; k++) {
            cr_expect_eq(baton_prng_next(&prng), rows[i].want[k], "seed %llu, draw %zu",
                         (unsigned long long)rows[i].seed, k);
        }
    }
}

Test(prng, below_is_the_high_half_of_the_product)
{
    struct baton_prng a, b;
    static const uint64_t bounds[] = { 0, 1, 2, 3, 1000, 0x100000000, 0x8000000000000000, UINT64_MAX };
    baton_prng_seed(&a, 9);
    b = a;
    for (size_t i = 0; i < 8000; i++) {
        uint64_t bound = bounds[i % 8];
        uint64_t drawn = baton_prng_below(&a, bound), bits = baton_prng_next(&b);
        cr_assert(bound == 0 ? drawn == 0 : drawn < bound);
        if (bound == 0x100000000 || bound == 0x8000000000000000) {
            cr_assert_eq(drawn, bits >> (bound == 0x100000000 ? 32 : 1), "a power of two is a shift");
        }
        if (bound == UINT64_MAX) {
            cr_assert_eq(drawn, bits == 0 ? 0 : bits - 1, "2^64 - 1 takes one away");
        }
    }
}

Test(prng, spreads_evenly)
{
    struct baton_prng prng;
    unsigned counts[10] = { 0 };
    double sum = 0;
    baton_prng_seed(&prng, 0);
    for (unsigned i = 0; i < 100000; i++) {
        counts[baton_prng_below(&prng, 10)]++;
        double unit = baton_prng_unit(&prng);
        cr_assert(unit >= 0 && unit < 1);
        sum += unit;
    }
    for (size_t i = 0; i < 10; i++) {
        cr_expect(counts[i] > 9500 && counts[i] < 10500, "%zu came %u times", i, counts[i]);
    }
    cr_expect(sum > 49500 && sum < 50500, "%f", sum);
}

Test(prng, each_purpose_has_draws_of_its_own)
{
    static const struct {
        uint64_t seed;
        const char *id, *purpose;
    } rows[] = {
        { 1, "a", "latency" }, { 2, "a", "latency" }, { 1, "b", "latency" }, { 1, "a", "fault" },
        { 1, "", "latency" },  { 1, "a", "" },        { 1, "alat", "ency" },
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    uint64_t first[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        struct baton_prng prng, again;
        baton_prng_seed_for(&prng, rows[i].seed, rows[i].id, strlen(rows[i].id), rows[i].purpose);
        baton_prng_seed_for(&again, rows[i].seed, rows[i].id, strlen(rows[i].id), rows[i].purpose);
        first[i] = baton_prng_next(&prng);
        cr_expect_eq(first[i], baton_prng_next(&again));
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(first[i], first[k], "rows %zu and %zu", i, k);
        }
    }
}
