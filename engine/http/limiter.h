/* limiter.h - keeps all threads together below a provider's requests and tokens per minute, and below a sum of money.
 *
 * A call acquires before it is sent, with an estimate of its tokens, and settles with the real usage afterwards. Two token
 * buckets fill at the given rates and hold at most a burst of a few seconds, so that any minute sees at most the rate plus
 * a burst. Callers are served in the order in which they came: a later small call never passes an earlier large one. A
 * call of more tokens than a whole burst goes once the bucket is full, and those behind it wait the debt out.
 *
 * Owns:     nothing but itself; clock and flag outlive it.
 * Threads:  any number at once.
 */
#ifndef BATON_ENGINE_HTTP_LIMITER_H
#define BATON_ENGINE_HTTP_LIMITER_H

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/http/limits.h"

struct baton_limiter;

struct baton_limiter_options {
    uint64_t requests_per_minute; /* 0: any number */
    uint64_t tokens_per_minute;   /* 0: any number */
    uint32_t burst_s;             /* 0: BATON_LIMITER_BURST_S; a burst is at least one request and one token */
    uint64_t spend_max_pico;      /* pico-USD; 0: any sum */
    struct baton_clock *clock;
    const volatile int *interrupted; /* ends every wait; NULL: never */
};

/* What a call got; the caller keeps it until it settles. */
struct baton_limiter_permit {
    uint64_t tokens;    /* estimated */
    uint64_t waited_ns; /* for its turn */
};

/* BATON_EUSAGE for a rate over BATON_LIMITER_RATE_MAX or a burst over BATON_LIMITER_BURST_S_MAX; BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_limiter_new(struct baton_limiter **out,
                                                     const struct baton_limiter_options *options,
                                                     struct baton_error *err);
void baton_limiter_free(struct baton_limiter *limiter);

/* Waits for the caller's turn. BATON_EINTERRUPTED, also when the sum has been spent (even while it waited); then
 * nothing was taken and nothing is to be settled. */
BATON_MUST_CHECK enum baton_status baton_limiter_acquire(struct baton_limiter_permit *out,
                                                         struct baton_limiter *limiter, uint64_t tokens_estimated,
                                                         struct baton_error *err);

/* Puts the real usage in the estimate's place and adds what it cost. Once for each permit, also where the call failed.
 * Calls that are under way when the sum is reached still cost: the sum is passed by those at most. */
void baton_limiter_settle(struct baton_limiter *limiter, const struct baton_limiter_permit *permit,
                          uint64_t tokens_used, uint64_t cost_pico);

/* Pico-USD spent so far. */
uint64_t baton_limiter_spent_pico(const struct baton_limiter *limiter);

#endif
