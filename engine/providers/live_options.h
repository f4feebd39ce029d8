/* live_options.h - what a live provider can be set to: the options of live.h.
 *
 * Owns:     nothing; all that is pointed to outlives the live provider.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_OPTIONS_H
#define BATON_ENGINE_PROVIDERS_LIVE_OPTIONS_H

#include "engine/base/clock.h"
#include "engine/http/retry.h"
#include "engine/wire/traffic.h"

struct baton_live_options {
    const struct baton_agents *agents;
    struct baton_str provider, model; /* in place of the agents' own; empty: theirs */
    bool is_stream;
    bool is_stateless;         /* Responses: see codec.h */
    bool tells_times;          /* for a run on a virtual clock: replies say how long they took, as recorded ones do */
    int64_t output_tokens_max; /* of an answer; 0: see codec.h */

    uint64_t requests_per_minute, tokens_per_minute; /* 0: any number */
    uint64_t spend_max_pico;                         /* pico-USD by the agents file's prices; 0: any sum */
    uint64_t tokens_max;                             /* in and out, cached ones too; 0: any number */

    struct baton_retry_policy retry;
    uint64_t timeout_ns; /* of a call with all its attempts */
    uint64_t idle_ns;    /* without a byte; 0: BATON_HTTP_IDLE_MS */
    uint64_t seed;       /* jitter draws by (seed, conversation, exchange, turn, agent) */

    struct baton_clock *clock;
    const volatile int *interrupted; /* NULL: never */

    /* The value of an environment variable, or NULL. Asked by baton_live_new() only. NULL: none is set. */
    const char *(*setting)(void *user, const char *name);
    void *user;

    struct baton_traffic_sink *sink; /* NULL: nobody listens */
    const char *unix_socket;         /* connects there whatever the URL says, for tests; NULL: to the host */
};

#endif
