#include "engine/base/prng.h"

#include "engine/base/hash.h"

#include <string.h>

void baton_prng_seed(struct baton_prng *prng, uint64_t seed)
{
    prng->state = seed;
}

void baton_prng_seed_for(struct baton_prng *prng, uint64_t run_seed, const char *id, size_t id_length,
                         const char *purpose)
{
    uint64_t seed = baton_hash64(id, id_length, run_seed);
    prng->state = baton_hash64(purpose, strlen(purpose), seed);
}

uint64_t baton_prng_next(struct baton_prng *prng)
{
    uint64_t z = prng->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* The high 64 bits of a 64 x 64 bit product, by halves, as C11 has no 128-bit integer. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    uint64_t a_low = a & 0xffffffffU, a_high = a >> 32;
    uint64_t b_low = b & 0xffffffffU, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle1 = a_high * b_low + (low >> 32);
    uint64_t middle2 = a_low * b_high + (middle1 & 0xffffffffU);
    return a_high * b_high + (middle1 >> 32) + (middle2 >> 32);
}

uint64_t baton_prng_below(struct baton_prng *prng, uint64_t bound)
{
    return multiply_high(baton_prng_next(prng), bound);
}

double baton_prng_unit(struct baton_prng *prng)
{
    return (double)(baton_prng_next(prng) >> 11) * 0x1p-53;
}
