#include "engine/base/hash.h"

#include <stdio.h>
#include <xxhash.h>

uint64_t baton_hash64(const void *data, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, length, seed);
}

struct baton_hash baton_hash128(const void *data, size_t length)
{
    XXH128_hash_t hash = XXH3_128bits(data, length);
    return (struct baton_hash){ .high = hash.high64, .low = hash.low64 };
}

void baton_hash_hex(struct baton_hash hash, char out[BATON_HASH_HEX_BYTES])
{
    snprintf(out, BATON_HASH_HEX_BYTES, "%016llx%016llx", (unsigned long long)hash.high, (unsigned long long)hash.low);
}

struct baton_hasher *baton_hasher_new(void)
{
    XXH3_state_t *state = XXH3_createState();
    if (state != NULL) {
        XXH3_128bits_reset(state);
    }
    return (struct baton_hasher *)state;
}

void baton_hasher_free(struct baton_hasher *hasher)
{
    XXH3_freeState((XXH3_state_t *)hasher);
}

void baton_hasher_add(struct baton_hasher *hasher, const void *data, size_t length)
{
    XXH3_128bits_update((XXH3_state_t *)hasher, data, length);
}

struct baton_hash baton_hasher_value(const struct baton_hasher *hasher)
{
    XXH128_hash_t hash = XXH3_128bits_digest((const XXH3_state_t *)hasher);
    return (struct baton_hash){ .high = hash.high64, .low = hash.low64 };
}
