/* known_values.h - finds texts that the caller knows, in every spelling in which they reach a wire.
 *
 * For the keys of the environment, so that none is ever written down. A value is looked for as it is, as it stands inside a
 * JSON string (also one inside another), percent-encoded, and in base64, there also where it is only a part of what was
 * encoded (`user:KEY`). White space around a value does not belong to it.
 *
 * Limits:   values shorter than BATON_KNOWN_VALUE_MIN bytes are passed over: they would be found in ordinary words.
 * Time:     linear in the text, whatever stands in it (Aho and Corasick's automaton).
 * Owns:     nothing; all lives in the arena.
 * Threads:  read-only once made; each search belongs to one thread.
 */
#ifndef BATON_SIM_REDACT_KNOWN_VALUES_H
#define BATON_SIM_REDACT_KNOWN_VALUES_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "sim/redact/limits.h"

struct baton_known_values;

/* Makes the automaton. BATON_EUSAGE for too many or too long values, BATON_ELIMIT where the arena is too small. */
BATON_MUST_CHECK enum baton_status baton_known_values_new(struct baton_known_values **out, struct baton_arena *arena,
                                                          const struct baton_str *values, size_t count,
                                                          struct baton_error *err);

/* A walk through one text, from its start. */
struct baton_known_search {
    const struct baton_known_values *values; /* private, as all below */
    struct baton_str text;
    size_t at;
    uint32_t state;
};

/* values may be NULL: then nothing is found. */
struct baton_known_search baton_known_search_in(const struct baton_known_values *values, struct baton_str text);

/* The next stretch [*start, *end) that is a value, several where they overlap. False at the end of the text. */
bool baton_known_search_next(struct baton_known_search *search, size_t *start, size_t *end);

#endif
