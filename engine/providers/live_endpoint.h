/* live_endpoint.h - a service that is called: its address, the headers that every request to it carries, its rates. A part of
 * live.c; which address and which key, and who may get it, says live.h.
 *
 * Owns:     texts are in the arena of the live provider; the limiter goes with baton_live_endpoint_close().
 * Threads:  opened by one; then only read, but for the limiter, which all may use.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIVE_ENDPOINT_H
#define BATON_ENGINE_PROVIDERS_LIVE_ENDPOINT_H

#include "engine/http/limiter.h"
#include "engine/providers/limits.h"
#include "engine/providers/live_options.h"

struct baton_live_endpoint {
    const struct baton_codec *codec;
    struct baton_str base_url, key_variable; /* as the agents file has them; empty: not given */
    bool is_from_file;                       /* its address is that of the agents file */
    bool is_local;                           /* it is on this machine, and called without TLS */
    const char *url;                         /* with the path */
    const char *key;                         /* NULL: none */
    struct baton_http_header headers[BATON_LIVE_HEADERS_MAX];
    size_t header_count;
    struct baton_limiter *limiter; /* of rates */
};

/* Makes one ready whose first three members are set. BATON_EUSAGE where it may not be called or its key is missing;
 * BATON_EPROVIDER when there is no libcurl; BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_live_endpoint_open(struct baton_live_endpoint *endpoint,
                                                            const struct baton_live_options *options,
                                                            struct baton_arena *arena, struct baton_error *err);
void baton_live_endpoint_close(struct baton_live_endpoint *endpoint);

#endif
