/* prng.h - SplitMix64, the one generator of the project.
 *
 * Every random draw comes from a generator seeded by (run seed, conversation id, purpose), so that neither the order of
 * conversations nor the number of threads can change a result.
 *
 * Source:   Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; seed 42 starts with
 *           0xbdd732262feb6e95.
 * Threads:  a generator belongs to one thread. Nothing here allocates or fails.
 */
#ifndef BATON_ENGINE_BASE_PRNG_H
#define BATON_ENGINE_BASE_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct baton_prng {
    uint64_t state; /* private */
};

void baton_prng_seed(struct baton_prng *prng, uint64_t seed);

/* Seeds from a run's seed, a conversation's id (not NUL-terminated) and a short word for what the draws are for. */
void baton_prng_seed_for(struct baton_prng *prng, uint64_t run_seed, const char *id, size_t id_length,
                         const char *purpose);

/* The next 64 bits. */
uint64_t baton_prng_next(struct baton_prng *prng);

/* A number in [0, bound), by (u64 * bound) >> 64; 0 when bound is 0. The bias is below 2^-32 for bounds below 2^32. */
uint64_t baton_prng_below(struct baton_prng *prng, uint64_t bound);

/* A number in [0, 1) with 53 random bits. */
double baton_prng_unit(struct baton_prng *prng);

#endif
