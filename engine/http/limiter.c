/* Rates and money, shared by threads.
 *
 * Two token buckets under one lock, and a line of those who wait: whoever comes later does not pass, or a large call would
 * starve behind a stream of small ones. Nobody sleeps under the lock or on a condition: each waiter works out how long its own
 * turn is away and sleeps on the clock in slices, so that virtual clocks work, a Ctrl-C is seen in time, and tokens that come
 * back (an estimate that was too high) are noticed. Money is a sum that only grows, so it needs no lock. */
#include "engine/http/limiter.h"

#include "engine/base/arena.h"
#include "engine/http/wait.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Levels are counted in grains, so that a rate per minute fills a bucket by whole grains each microsecond. */
#define GRAINS INT64_C(60000000)
#define US_PER_S INT64_C(1000000)

enum { NS_PER_US = 1000, SLICE_US = BATON_WAIT_SLICE_MS * 1000 };

struct bucket {
    int64_t rate;     /* units a minute, which is grains a microsecond; 0: no limit */
    int64_t capacity; /* grains */
    int64_t level;    /* grains; below 0 after more than a burst was handed out at once */
};

/* A caller that waits, in the order of arrival. */
struct waiter {
    struct waiter *next;
    int64_t tokens;
};

struct baton_limiter {
    pthread_mutex_t lock; /* around the buckets, the time and the order */
    struct bucket requests, tokens;
    uint64_t filled_us;     /* when the buckets were last filled */
    struct waiter *waiting; /* who came first is first; each lives on its caller's stack */
    struct baton_clock *clock;
    const volatile int *interrupted;
    uint64_t spend_max_pico;
    _Atomic uint64_t spent_pico;
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct bucket bucket_of(uint64_t rate, uint32_t burst_s)
{
    int64_t burst = (int64_t)rate * burst_s * US_PER_S;
    struct bucket bucket = { .rate = (int64_t)rate, .capacity = burst > GRAINS ? burst : GRAINS };
    bucket.level = bucket.capacity;
    return bucket;
}

static void bucket_fill(struct bucket *bucket, uint64_t passed_us)
{
    if (bucket->rate != 0) {
        uint64_t to_full_us = (uint64_t)((bucket->capacity - bucket->level) / bucket->rate) + 1;
        bucket->level = passed_us >= to_full_us
                            ? bucket->capacity
                            : smaller(bucket->capacity, bucket->level + (int64_t)passed_us * bucket->rate);
    }
}

/* Microseconds until the units may be had: what is left for those ahead and for them, or a full bucket for them alone. */
static int64_t bucket_wait_us(const struct bucket *bucket, int64_t units_ahead, int64_t units)
{
    if (bucket->rate == 0) {
        return 0;
    }
    int64_t missing = units_ahead * GRAINS + smaller(units * GRAINS, bucket->capacity) - bucket->level;
    return missing <= 0 ? 0 : (missing + bucket->rate - 1) / bucket->rate;
}

/* Puts units in, up to the brim; below 0 takes them. */
static void bucket_put(struct bucket *bucket, int64_t units)
{
    if (bucket->rate != 0) {
        bucket->level = smaller(bucket->capacity, bucket->level + units * GRAINS);
    }
}

static void line_join(struct baton_limiter *limiter, struct waiter *waiter)
{
    struct waiter **end = &limiter->waiting;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = waiter;
}

static void line_leave(struct baton_limiter *limiter, const struct waiter *waiter)
{
    struct waiter **at = &limiter->waiting;
    while (*at != waiter) {
        at = &(*at)->next;
    }
    *at = waiter->next;
}

/* Microseconds until it is the caller's turn as things stand; who is behind does not count. */
static int64_t line_wait_us(const struct baton_limiter *limiter, const struct waiter *waiter)
{
    int64_t requests_ahead = 0, tokens_ahead = 0;
    for (const struct waiter *other = limiter->waiting; other != waiter; other = other->next) {
        requests_ahead++;
        tokens_ahead += other->tokens;
    }
    int64_t for_request_us = bucket_wait_us(&limiter->requests, requests_ahead, 1);
    int64_t for_tokens_us = bucket_wait_us(&limiter->tokens, tokens_ahead, waiter->tokens);
    return for_request_us > for_tokens_us ? for_request_us : for_tokens_us;
}

static void fill(struct baton_limiter *limiter)
{
    uint64_t now_us = limiter->clock->now_ns(limiter->clock) / NS_PER_US;
    if (now_us > limiter->filled_us) {
        bucket_fill(&limiter->requests, now_us - limiter->filled_us);
        bucket_fill(&limiter->tokens, now_us - limiter->filled_us);
        limiter->filled_us = now_us;
    }
}

enum baton_status baton_limiter_new(struct baton_limiter **out, const struct baton_limiter_options *options,
                                    struct baton_error *err)
{
    const uint32_t burst_s = options->burst_s == 0 ? BATON_LIMITER_BURST_S : options->burst_s;
    *out = NULL;
    if (options->requests_per_minute > BATON_LIMITER_RATE_MAX || options->tokens_per_minute > BATON_LIMITER_RATE_MAX ||
        burst_s > BATON_LIMITER_BURST_S_MAX) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "a limit of %llu requests and %llu tokens a minute with a burst of %u s cannot be kept: at "
            "most %d a minute and %d s are",
            (unsigned long long)options->requests_per_minute, (unsigned long long)options->tokens_per_minute,
            (unsigned)burst_s, BATON_LIMITER_RATE_MAX, BATON_LIMITER_BURST_S_MAX);
    }
    struct baton_limiter *limiter = baton_system_take(sizeof *limiter);
    if (limiter == NULL) {
        return baton_error_no_memory(err, "a rate limit");
    }
    pthread_mutex_init(&limiter->lock, NULL);
    limiter->requests = bucket_of(options->requests_per_minute, burst_s);
    limiter->tokens = bucket_of(options->tokens_per_minute, burst_s);
    limiter->clock = options->clock;
    limiter->filled_us = limiter->clock->now_ns(limiter->clock) / NS_PER_US;
    limiter->interrupted = options->interrupted;
    limiter->spend_max_pico = options->spend_max_pico;
    *out = limiter;
    return BATON_OK;
}

void baton_limiter_free(struct baton_limiter *limiter)
{
    if (limiter != NULL) {
        pthread_mutex_destroy(&limiter->lock);
        baton_system_give(limiter);
    }
}

static enum baton_status spend_check(const struct baton_limiter *limiter, struct baton_error *err)
{
    const uint64_t spent = baton_limiter_spent_pico(limiter);
    if (limiter->spend_max_pico == 0 || spent < limiter->spend_max_pico) {
        return BATON_OK;
    }
    return baton_error_set(err, BATON_EINTERRUPTED,
                           "%.6f USD have been spent, and the limit is %.6f USD; raise it to make further calls",
                           (double)spent / 1e12, (double)limiter->spend_max_pico / 1e12);
}

static enum baton_status may_go_on(const struct baton_limiter *limiter, struct baton_error *err)
{
    if (baton_is_interrupted(limiter->interrupted)) {
        return baton_error_set(err, BATON_EINTERRUPTED, "interrupted while waiting for a rate limit");
    }
    return spend_check(limiter, err);
}

enum baton_status baton_limiter_acquire(struct baton_limiter_permit *out, struct baton_limiter *limiter,
                                        uint64_t tokens_estimated, struct baton_error *err)
{
    const uint64_t start_ns = limiter->clock->now_ns(limiter->clock);
    *out = (struct baton_limiter_permit){ .tokens = tokens_estimated < BATON_LIMITER_CALL_TOKENS_MAX
                                                        ? tokens_estimated
                                                        : BATON_LIMITER_CALL_TOKENS_MAX };
    enum baton_status status = may_go_on(limiter, err);
    if (status != BATON_OK) {
        return status;
    }
    struct waiter waiter = { .tokens = (int64_t)out->tokens };
    pthread_mutex_lock(&limiter->lock);
    line_join(limiter, &waiter);
    fill(limiter);
    for (int64_t wait_us; status == BATON_OK && (wait_us = line_wait_us(limiter, &waiter)) > 0;) {
        pthread_mutex_unlock(&limiter->lock);
        limiter->clock->sleep_ns(limiter->clock, (uint64_t)smaller(wait_us, SLICE_US) * NS_PER_US);
        status = may_go_on(limiter, err);
        pthread_mutex_lock(&limiter->lock);
        fill(limiter);
    }
    line_leave(limiter, &waiter);
    if (status == BATON_OK) {
        bucket_put(&limiter->requests, -1);
        bucket_put(&limiter->tokens, -waiter.tokens);
    }
    pthread_mutex_unlock(&limiter->lock);
    out->waited_ns = limiter->clock->now_ns(limiter->clock) - start_ns;
    return status;
}

static void spend(struct baton_limiter *limiter, uint64_t cost_pico)
{
    uint64_t before = atomic_load(&limiter->spent_pico), after = 0;
    do {
        after = cost_pico > UINT64_MAX - before ? UINT64_MAX : before + cost_pico;
    } while (!atomic_compare_exchange_weak(&limiter->spent_pico, &before, after));
}

void baton_limiter_settle(struct baton_limiter *limiter, const struct baton_limiter_permit *permit,
                          uint64_t tokens_used, uint64_t cost_pico)
{
    const int64_t used =
        (int64_t)(tokens_used < BATON_LIMITER_CALL_TOKENS_MAX ? tokens_used : BATON_LIMITER_CALL_TOKENS_MAX);
    spend(limiter, cost_pico);
    pthread_mutex_lock(&limiter->lock);
    fill(limiter); /* first, so that what comes back is cut at the brim of now, not of then */
    bucket_put(&limiter->tokens, (int64_t)permit->tokens - used);
    pthread_mutex_unlock(&limiter->lock);
}

uint64_t baton_limiter_spent_pico(const struct baton_limiter *limiter)
{
    return atomic_load(&limiter->spent_pico);
}
