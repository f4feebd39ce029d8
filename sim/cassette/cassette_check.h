/* cassette_check.h - what to check in a cassette: recordings that nobody asks for any more, old ones, and secrets.
 *
 * Each calls back with its findings one by one, in the order of the files; NULL where only the number is wanted.
 *
 * Owns:     nothing.
 * Threads:  any; nobody may replay from the cassette while unused recordings are looked for.
 */
#ifndef BATON_SIM_CASSETTE_CASSETTE_CHECK_H
#define BATON_SIM_CASSETTE_CASSETTE_CHECK_H

#include "sim/cassette/cassette.h"
#include "sim/redact/secrets.h"

typedef void baton_interaction_found(void *user, const struct baton_cassette *cassette,
                                     const struct baton_interaction *interaction);

/* What no replay has used since the load. Returns how many. */
uint32_t baton_cassette_unused(const struct baton_cassette *cassette, baton_interaction_found *found, void *user);

/* What was recorded more than so many days before today (a day, 2026-11-21). Interactions that do not say when count by the
 * header's `created`; without that they never expire. BATON_EUSAGE where `today` is no day. */
BATON_MUST_CHECK enum baton_status baton_cassette_expired(uint32_t *count, const struct baton_cassette *cassette,
                                                          struct baton_str today, uint32_t days,
                                                          baton_interaction_found *found, void *user,
                                                          struct baton_error *err);

struct baton_secret_place {
    const char *path;
    unsigned line, column;       /* columns in bytes, both from 1 */
    enum baton_secret_kind kind; /* the secret itself is not passed on */
};

typedef void baton_secret_found(void *user, const struct baton_secret_place *place);

/* Every secret in a file, whether or not it is a good cassette. `values` may be NULL. BATON_EINPUT, BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_cassette_secrets(uint32_t *count, const char *path,
                                                          const struct baton_known_values *values,
                                                          baton_secret_found *found, void *user,
                                                          struct baton_error *err);

#endif
