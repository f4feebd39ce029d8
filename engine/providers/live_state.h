/* live_state.h - the inside of a live provider, shared by live.c (who is asked where) and live_call.c (one call). Not
 * installed, not for others.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_STATE_H
#define BATON_ENGINE_PROVIDERS_LIVE_STATE_H

#include "engine/http/http.h"
#include "engine/http/limiter.h"
#include "engine/providers/live.h"

#include <stdatomic.h>

enum { BATON_LIVE_PLACES_MAX = 64, BATON_LIVE_HEADERS_MAX = 8 };

/* A service: where it is, and what every request to it carries. */
struct baton_live_place {
    const struct baton_codec *codec;
    struct baton_str base_url, key_variable; /* as the agents file has them */
    const char *url;                         /* with the path */
    const char *key;                         /* NULL: none */
    struct baton_http_header headers[BATON_LIVE_HEADERS_MAX];
    size_t header_count;
    struct baton_limiter *limiter; /* of rates */
};

/* How an agent is asked. */
struct baton_live_role {
    const struct baton_live_place *place;
    struct baton_str model;
    const struct baton_price *price; /* or NULL */
};

struct baton_live {
    struct baton_live_options options;
    struct baton_arena *arena;
    struct baton_live_place places[BATON_LIVE_PLACES_MAX];
    size_t place_count;
    struct baton_live_role *roles; /* per agent */
    struct baton_limiter *purse;   /* of money only, over all places */
    _Atomic uint64_t calls, attempts, tokens;
};

/* Writes REDACTED over each place where the text quotes the key, or the beginning of it. */
void baton_live_hide_key(char *text, const char *key);

#endif
