/* hash.h - fingerprints of bytes: XXH3, 64 and 128 bits, by libxxhash.
 *
 * Not for secrets: nobody may rely on these to resist an attacker. Values are the same on every machine.
 */
#ifndef BATON_ENGINE_BASE_HASH_H
#define BATON_ENGINE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { BATON_HASH_HEX_BYTES = 33 }; /* 32 hex digits and the NUL */

struct baton_hash {
    uint64_t high, low;
};

uint64_t baton_hash64(const void *data, size_t length, uint64_t seed);

struct baton_hash baton_hash128(const void *data, size_t length);

/* Writes 32 lower-case hex digits, high half first, and a NUL. */
void baton_hash_hex(struct baton_hash hash, char out[BATON_HASH_HEX_BYTES]);

/* A fingerprint of bytes that come in pieces; the same as of the whole. */
struct baton_hasher;
struct baton_hasher *baton_hasher_new(void); /* NULL when out of memory */
void baton_hasher_free(struct baton_hasher *hasher);
void baton_hasher_add(struct baton_hasher *hasher, const void *data, size_t length);
struct baton_hash baton_hasher_value(const struct baton_hasher *hasher);

#endif
