#include "evals/stats/wide.h"

enum { WORDS = 4 };

/* Adds one word at a place, and carries. */
static void add_word(struct baton_wide *into, unsigned place, uint64_t word)
{
    while (word != 0 && place < WORDS) {
        into->words[place] += word;
        word = into->words[place] < word;
        place++;
    }
}

void baton_wide_add(struct baton_wide *into, const struct baton_wide *more)
{
    for (unsigned i = 0; i < WORDS; i++) {
        add_word(into, i, more->words[i]);
    }
}

void baton_wide_add_product(struct baton_wide *into, baton_u128 a, baton_u128 b)
{
    const uint64_t left[2] = { (uint64_t)a, (uint64_t)(a >> 64) }, right[2] = { (uint64_t)b, (uint64_t)(b >> 64) };
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned k = 0; k < 2 && left[i] != 0; k++) {
            baton_u128 product = (baton_u128)left[i] * right[k];
            add_word(into, i + k, (uint64_t)product);
            add_word(into, i + k + 1, (uint64_t)(product >> 64));
        }
    }
}

long double baton_u128_value(baton_u128 number)
{
    return (long double)(uint64_t)(number >> 64) * 0x1p64L + (long double)(uint64_t)number;
}

long double baton_wide_value(const struct baton_wide *wide)
{
    long double value = 0;
    for (unsigned i = WORDS; i > 0; i--) {
        value = value * 0x1p64L + (long double)wide->words[i - 1];
    }
    return value;
}
