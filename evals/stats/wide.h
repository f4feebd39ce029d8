/* wide.h - whole numbers of 256 bits, for sums of squares that must come out the same in whatever order they are added.
 *
 * Owns:     nothing; a wide is a plain value, all zero is 0.
 * Limits:   none that a sum of squares of 128-bit numbers could reach in practice: 2^256.
 */
#ifndef BATON_EVALS_STATS_WIDE_H
#define BATON_EVALS_STATS_WIDE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 baton_u128;

struct baton_wide {
    uint64_t words[4]; /* the lowest first */
};

void baton_wide_add(struct baton_wide *into, const struct baton_wide *more);

/* Adds the product of two. */
void baton_wide_add_product(struct baton_wide *into, baton_u128 a, baton_u128 b);

/* To 64 bits of it. */
long double baton_wide_value(const struct baton_wide *wide);
long double baton_u128_value(baton_u128 number);

#endif
