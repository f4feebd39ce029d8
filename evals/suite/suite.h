/* suite.h - agents + conversations + gates (FORMATS section 5), from a file or put together on the command line.
 *
 * Owns:     nothing of its own: it lives in the arena of the load.
 */
#ifndef BATON_EVALS_SUITE_SUITE_H
#define BATON_EVALS_SUITE_SUITE_H

#include "engine/base/json.h"

enum { BATON_REPEAT_MAX = 10000 };

struct baton_suite {
    struct baton_source source; /* of the file; name NULL where there is none */
    struct baton_str name, provider;
    const char *agents;               /* path, seen from here */
    const char *const *conversations; /* paths or patterns, seen from here */
    size_t conversation_count;
    const char *cassette, *baseline; /* paths, or NULL */
    int64_t seed;
    int32_t repeat;
    const struct baton_json *gates;            /* list of texts, or NULL */
    const struct baton_json *weights;          /* see weights.h; or NULL */
    const struct baton_json *phantom_patterns; /* list of texts, or NULL: those that come with baton */
    int32_t expires_after_days;                /* -1: never */
    bool expires_is_error;
};

/* The defaults: no file, provider transcript, seed 0, repeat 1. */
struct baton_suite baton_suite_empty(void);

/* Loads a suite file. BATON_EINPUT with the place. */
BATON_MUST_CHECK enum baton_status baton_suite_load(struct baton_suite *out, struct baton_arena *arena,
                                                    const char *path, struct baton_error *err);

#endif
