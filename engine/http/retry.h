/* retry.h - whether a call that failed is made again, and after how long. A pure policy: it neither waits nor calls.
 *
 * Made again: statuses 408, 409, 429 and from 500 on; no connection, a connection that broke, a time that was up (while
 * the total time lasts). The header x-should-retry overrules the status. Never again: what had begun to reach the user,
 * what was stopped or interrupted, and what fails the same way each time (a certificate, a reply over a limit, a URL that
 * is not allowed). The wait is what retry-after-ms or retry-after (seconds, or a date, counted from the reply's own date)
 * say, up to a cap; without them exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015).
 *
 * Owns:     nothing. Threads: any; the generator is the caller's.
 */
#ifndef BATON_ENGINE_HTTP_RETRY_H
#define BATON_ENGINE_HTTP_RETRY_H

#include "engine/http/http_message.h"

struct baton_prng;

struct baton_retry_policy {
    uint32_t retries_max; /* attempts after the first */
    uint64_t base_ns, cap_ns, retry_after_max_ns;
};

struct baton_retry_attempt {
    uint32_t number; /* of the attempt that has ended, from 1 */

    /* Of that attempt. Where a decoder found what the transfer could not see (a stream without its end), the caller first
     * sets `failure` (BATON_HTTP_CUT) or `status` (that of an error event). */
    const struct baton_http_response *response;

    bool was_delivered;  /* text of it has reached the user */
    uint64_t elapsed_ns; /* since the first attempt began */
    uint64_t timeout_ns; /* for all attempts together */
};

struct baton_retry_decision {
    bool is_retry;
    uint64_t wait_ns;                      /* before the next attempt */
    char reason[BATON_RETRY_REASON_BYTES]; /* `status 429: retry-after asks for 1000 ms`, `status 401 is final`, ... */
};

/* Those of limits.h. */
struct baton_retry_policy baton_retry_policy_default(void);

/* Draws from the generator only where backoff decides. */
struct baton_retry_decision baton_retry_decide(const struct baton_retry_policy *policy,
                                               const struct baton_retry_attempt *attempt, struct baton_prng *prng);

#endif
