/* limits.h - how long, how large and how many: every bound of the calls to live services, once.
 */
#ifndef BATON_ENGINE_HTTP_LIMITS_H
#define BATON_ENGINE_HTTP_LIMITS_H

#include <stdint.h>

enum {
    /* times */
    BATON_HTTP_CONNECT_MS = 10000,                /* to connect, TLS included */
    BATON_HTTP_IDLE_MS = 300000,                  /* without a byte either way, before and in a reply */
    BATON_HTTP_TIMEOUT_MS_MAX = 24 * 3600 * 1000, /* longer times count as this */
    BATON_HTTP_INTERRUPT_MS = 50,                 /* a Ctrl-C during a transfer is seen after at most this long */
    BATON_WAIT_SLICE_MS = 50,                     /* and this, while waiting */

    /* a request */
    BATON_HTTP_URL_BYTES_MAX = 4096,
    BATON_HTTP_REQUEST_HEADERS_MAX = 64,
    BATON_HTTP_REQUEST_HEADER_BYTES_MAX = 8 * 1024, /* name and value of one of them */

    /* a reply */
    BATON_HTTP_HEADER_BYTES_MAX = 64 * 1024,      /* all headers, interim replies and trailers included */
    BATON_HTTP_BODY_BYTES_MAX = 64 * 1024 * 1024, /* streamed or not */
    BATON_HTTP_BODY_BYTES_KEPT = 1024 * 1024,     /* a larger buffer is given back after its call */
    BATON_HTTP_VALUE_BYTES = 128,                 /* a kept header's value; longer ones are cut */

    /* messages */
    BATON_HTTP_WHERE_BYTES = 200,    /* a URL as it is shown; longer ones are cut */
    BATON_HTTP_SECRET_BYTES_MIN = 4, /* shorter pieces are in many a message by chance, and are not looked for */
    BATON_RETRY_REASON_BYTES = 160,

    BATON_HTTP_CONNECTIONS_MAX = 4, /* kept open by each client */

    /* attempts */
    BATON_RETRIES_DEFAULT = 2,

    /* rates */
    BATON_LIMITER_BURST_S = 6,                    /* the share of a minute that may be used at once */
    BATON_LIMITER_BURST_S_MAX = 60,               /* a whole minute's */
    BATON_LIMITER_CALL_TOKENS_MAX = 10 * 1000000, /* an estimate or usage of more counts as this */
    BATON_LIMITER_RATE_MAX = 1000 * 1000 * 1000   /* of requests and of tokens a minute */
};

#define BATON_RETRY_BASE_NS UINT64_C(500000000)        /* the longest wait after the first attempt; doubles each time */
#define BATON_RETRY_CAP_NS UINT64_C(8000000000)        /* the longest wait by backoff */
#define BATON_RETRY_AFTER_MAX_NS UINT64_C(60000000000) /* the longest wait that a header can ask for */

#endif
