/* Rates and money, on clocks that move only when somebody sleeps, or when the test moves them.
 *
 * So a wait has an exact length and nothing hangs on how busy the machine is, also where threads take part: who is served first
 * is asked of a clock that moves only while all of them are asleep. */
#include "engine/http/limiter.h"

#include "engine/base/arena.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define USD UINT64_C(1000000000000)

enum { THREADS = 8, CALLS = 50, QUEUE = 5 };

/* Time that passes by sleeping only, whoever sleeps. */
struct fake_clock {
    struct baton_clock clock;
    uint64_t now_ns;
    volatile int *interrupted; /* set at interrupt_at_ns */
    uint64_t interrupt_at_ns;
    struct baton_limiter *settles; /* an earlier call ends while somebody waits */
    struct baton_limiter_permit permit;
    uint64_t cost_pico;
};

static uint64_t fake_now(struct baton_clock *clock)
{
    return __atomic_load_n(&((struct fake_clock *)clock)->now_ns, __ATOMIC_SEQ_CST);
}

static void fake_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    struct fake_clock *fake = (struct fake_clock *)clock;
    uint64_t now = __atomic_add_fetch(&fake->now_ns, duration_ns, __ATOMIC_SEQ_CST);
    if (fake->interrupted != NULL && now >= fake->interrupt_at_ns) {
        *fake->interrupted = 1;
    }
    if (fake->settles != NULL) {
        struct baton_limiter *limiter = fake->settles;
        fake->settles = NULL;
        baton_limiter_settle(limiter, &fake->permit, 1000, fake->cost_pico);
    }
}

static struct fake_clock fake_clock(void)
{
    return (struct fake_clock){ .clock = { fake_now, fake_sleep }, .now_ns = 12345678901 };
}

static struct baton_limiter *limiter_of(const struct baton_limiter_options *options)
{
    struct baton_limiter *limiter = NULL;
    struct baton_error err;
    cr_assert_eq(baton_limiter_new(&limiter, options, &err), BATON_OK, "%s", err.text);
    return limiter;
}

/* How long a call of so many tokens waits, in ns. */
static uint64_t waits(struct baton_limiter *limiter, uint64_t tokens, struct baton_limiter_permit *permit)
{
    struct baton_limiter_permit own;
    struct baton_error err = { .status = BATON_OK };
    permit = permit == NULL ? &own : permit;
    cr_assert_eq(baton_limiter_acquire(permit, limiter, tokens, &err), BATON_OK, "%s", err.text);
    return permit->waited_ns;
}

Test(limiter, without_limits_nobody_waits)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter = limiter_of(&(struct baton_limiter_options){ .clock = &clock.clock });
    for (unsigned i = 0; i < 100000; i++) {
        struct baton_limiter_permit permit;
        cr_assert_eq(waits(limiter, UINT64_MAX, &permit), 0);
        baton_limiter_settle(limiter, &permit, UINT64_MAX, 0);
    }
    cr_expect_eq(baton_limiter_spent_pico(limiter), 0);
    baton_limiter_free(limiter);
    baton_limiter_free(NULL);
}

Test(limiter, requests_come_at_their_rate_after_a_burst)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter =
        limiter_of(&(struct baton_limiter_options){ .requests_per_minute = 60, .clock = &clock.clock });
    for (unsigned i = 0; i < 6; i++) {
        cr_expect_eq(waits(limiter, 1000, NULL), 0, "call %u of the burst", i);
    }
    for (unsigned i = 0; i < 120; i++) {
        cr_expect_eq(waits(limiter, 1000, NULL), 1 * S, "call %u", i);
    }
    clock.now_ns += 2500 * MS;
    cr_expect_eq(waits(limiter, 0, NULL), 0);
    cr_expect_eq(waits(limiter, 0, NULL), 0);
    cr_expect_eq(waits(limiter, 0, NULL), 500 * MS, "half of the third had come in already");
    clock.now_ns += 3600 * S * 24 * 365;
    for (unsigned i = 0; i < 6; i++) {
        cr_expect_eq(waits(limiter, 0, NULL), 0, "a year saves no more than a burst");
    }
    cr_expect_eq(waits(limiter, 0, NULL), 1 * S);
    baton_limiter_free(limiter);
}

Test(limiter, a_slow_rate_lets_one_through_at_once)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter =
        limiter_of(&(struct baton_limiter_options){ .requests_per_minute = 3, .clock = &clock.clock });
    cr_expect_eq(waits(limiter, 0, NULL), 0);
    cr_expect_eq(waits(limiter, 0, NULL), 20 * S);
    cr_expect_eq(waits(limiter, 0, NULL), 20 * S);
    baton_limiter_free(limiter);
}

Test(limiter, tokens_are_reckoned_and_set_right_afterwards)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter_permit permit;
    struct baton_limiter *limiter = limiter_of(&(struct baton_limiter_options){
        .tokens_per_minute = 60000, .clock = &clock.clock }); /* 1000 a second, 6000 at once */
    cr_expect_eq(waits(limiter, 6000, &permit), 0);
    baton_limiter_settle(limiter, &permit, 2000, 0);
    cr_expect_eq(waits(limiter, 4000, &permit), 0, "4000 came back");
    baton_limiter_settle(limiter, &permit, 5000, 0);
    cr_expect_eq(waits(limiter, 1000, &permit), 2 * S, "1000 too many were used");
    baton_limiter_settle(limiter, &permit, 1000, 0);

    cr_expect_eq(waits(limiter, 12000, &permit), 6 * S, "more than a burst goes when the bucket is full");
    cr_expect_eq(waits(limiter, 100, NULL), 6100 * MS, "and those behind it wait the debt out");
    baton_limiter_settle(limiter, &permit, 0, 0);
    cr_expect_eq(waits(limiter, 6000, NULL), 0, "what comes back fills it to the brim and no further");
    cr_expect_eq(waits(limiter, 1, NULL), 1 * MS);
    baton_limiter_free(limiter);
}

Test(limiter, the_scarcer_of_two_limits_counts)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter = limiter_of(&(struct baton_limiter_options){
        .requests_per_minute = 60, .tokens_per_minute = 60000, .burst_s = 1, .clock = &clock.clock });
    cr_expect_eq(waits(limiter, 1000, NULL), 0);
    cr_expect_eq(waits(limiter, 10, NULL), 1 * S, "by requests");
    cr_expect_eq(waits(limiter, 1000, NULL), 1 * S, "by requests; 10 tokens less are there");
    cr_expect_eq(waits(limiter, 1000, NULL), 1 * S);
    cr_expect_eq(waits(limiter, 3000, NULL), 1 * S, "the bucket is full");
    cr_expect_eq(waits(limiter, 10, NULL), 2010 * MS, "by tokens");
    baton_limiter_free(limiter);
}

Test(limiter, money_runs_out)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter_permit permit;
    struct baton_error err;
    struct baton_limiter *limiter =
        limiter_of(&(struct baton_limiter_options){ .spend_max_pico = USD / 4, .clock = &clock.clock });
    cr_assert_eq(baton_limiter_acquire(&permit, limiter, 5, &err), BATON_OK);
    baton_limiter_settle(limiter, &permit, 5, USD / 4 - 1);
    cr_assert_eq(baton_limiter_acquire(&permit, limiter, 5, &err), BATON_OK, "a pico-dollar is left");
    baton_limiter_settle(limiter, &permit, 5, 2);
    cr_expect_eq(baton_limiter_acquire(&permit, limiter, 5, &err), BATON_EINTERRUPTED);
    cr_expect_str_eq(err.text,
                     "0.250000 USD have been spent, and the limit is 0.250000 USD; raise it to make further calls");
    cr_expect_eq(baton_limiter_spent_pico(limiter), USD / 4 + 1);
    baton_limiter_settle(limiter, &permit, 0, UINT64_MAX);
    cr_expect_eq(baton_limiter_spent_pico(limiter), UINT64_MAX, "it stays at the end of the scale");
    baton_limiter_free(limiter);
}

Test(limiter, who_waits_hears_of_what_others_used)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter_permit permit;
    struct baton_error err;
    struct baton_limiter *limiter = limiter_of(
        &(struct baton_limiter_options){ .tokens_per_minute = 60000, .spend_max_pico = USD, .clock = &clock.clock });
    cr_expect_eq(waits(limiter, 6000, &clock.permit), 0);
    clock.settles = limiter;
    const uint64_t waited = waits(limiter, 4000, NULL); /* 4 s as it looks at first */
    cr_expect(waited > 0 && waited <= 100 * MS, "5000 came back at once, but it slept %llu ns",
              (unsigned long long)waited);

    cr_expect(waits(limiter, 1000, &clock.permit) < 1 * S);
    clock.settles = limiter;
    clock.cost_pico = USD;
    cr_expect_eq(baton_limiter_acquire(&permit, limiter, 5000, &err), BATON_EINTERRUPTED, "the last of the money went");
    cr_expect(permit.waited_ns <= 100 * MS);
    baton_limiter_free(limiter);
}

Test(limiter, an_interrupt_ends_a_wait_and_takes_nothing)
{
    volatile int interrupted = 0;
    struct fake_clock clock = fake_clock();
    struct baton_limiter_permit permit;
    struct baton_error err;
    struct baton_limiter *limiter = limiter_of(&(struct baton_limiter_options){
        .requests_per_minute = 1, .clock = &clock.clock, .interrupted = &interrupted });
    cr_expect_eq(waits(limiter, 0, NULL), 0);
    const uint64_t start = clock.now_ns;
    clock.interrupted = &interrupted;
    clock.interrupt_at_ns = start + 20 * S;
    cr_expect_eq(baton_limiter_acquire(&permit, limiter, 0, &err), BATON_EINTERRUPTED);
    cr_expect(clock.now_ns - start < 20 * S + 200 * MS, "%llu", (unsigned long long)(clock.now_ns - start));
    cr_expect_eq(baton_limiter_acquire(&permit, limiter, 0, &err), BATON_EINTERRUPTED, "and later calls do not begin");
    clock.interrupted = NULL;
    interrupted = 0;
    const uint64_t passed = clock.now_ns - start;
    cr_expect_eq(waits(limiter, 0, NULL), 60 * S - passed, "only what is left of the minute");
    baton_limiter_free(limiter);
}

Test(limiter, refuses_what_it_cannot_keep)
{
    static const struct baton_limiter_options rows[] = {
        { .requests_per_minute = UINT64_C(1000000001) },
        { .tokens_per_minute = UINT64_MAX },
        { .burst_s = BATON_LIMITER_BURST_S_MAX + 1 },
    };
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter = NULL;
    struct baton_error err;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_limiter_options options = rows[i];
        options.clock = &clock.clock;
        cr_expect_eq(baton_limiter_new(&limiter, &options, &err), BATON_EUSAGE, "row %zu", i);
        cr_expect_null(limiter);
    }
    baton_arena_fail_after(1);
    cr_expect_eq(baton_limiter_new(&limiter, &(struct baton_limiter_options){ .clock = &clock.clock }, &err),
                 BATON_ENOMEM);
    baton_arena_fail_after(0);
}

Test(limiter, the_largest_rates_neither_overflow_nor_wait)
{
    struct fake_clock clock = fake_clock();
    struct baton_limiter *limiter =
        limiter_of(&(struct baton_limiter_options){ .requests_per_minute = BATON_LIMITER_RATE_MAX,
                                                    .tokens_per_minute = BATON_LIMITER_RATE_MAX,
                                                    .burst_s = BATON_LIMITER_BURST_S_MAX,
                                                    .clock = &clock.clock });
    for (unsigned i = 0; i < 100; i++) {
        cr_expect_eq(waits(limiter, UINT64_MAX, NULL), 0);
    }
    cr_expect_eq(waits(limiter, UINT64_MAX, NULL), 600 * MS);
    clock.now_ns = UINT64_MAX - 1000 * S;
    cr_expect_eq(waits(limiter, UINT64_MAX, NULL), 0);
    clock.now_ns -= 5 * S;
    cr_expect_eq(waits(limiter, UINT64_MAX, NULL), 0, "a clock that goes back does no harm");
    baton_limiter_free(limiter);
}

/* Many threads on one limiter: nothing is lost, nothing is let through too early. */
struct crowd {
    struct baton_limiter *limiter;
    struct fake_clock clock;
    uint64_t waited_ns;
};

static void *crowd_member(void *user)
{
    struct crowd *crowd = user;
    for (unsigned i = 0; i < CALLS; i++) {
        struct baton_limiter_permit permit;
        struct baton_error err;
        if (baton_limiter_acquire(&permit, crowd->limiter, 300, &err) != BATON_OK) {
            return NULL;
        }
        __atomic_add_fetch(&crowd->waited_ns, permit.waited_ns, __ATOMIC_SEQ_CST);
        baton_limiter_settle(crowd->limiter, &permit, 200, 7 * USD);
    }
    return user;
}

Test(limiter, threads_together_keep_the_rate)
{
    struct crowd crowd = { .clock = fake_clock() };
    crowd.limiter = limiter_of(&(struct baton_limiter_options){
        .requests_per_minute = 600, .tokens_per_minute = 120000, .clock = &crowd.clock.clock });
    const uint64_t start = crowd.clock.now_ns;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, crowd_member, &crowd), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        cr_expect_not_null(result);
    }
    cr_expect_eq(baton_limiter_spent_pico(crowd.limiter), 7 * USD * THREADS * CALLS);
    /* 400 requests at 10 a second after 60 at once; 80,000 tokens at 2000 a second after 12,000 at once. */
    const uint64_t took = crowd.clock.now_ns - start;
    cr_expect(took >= 34 * S, "%llu ns for what takes 34 s at least", (unsigned long long)took);
    cr_expect(crowd.waited_ns >= 34 * S);
    baton_limiter_free(crowd.limiter);
}

/* A clock whose hands the test moves, and only while all whom it keeps waiting are asleep. */
struct hand_clock {
    struct baton_clock clock;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t now_ns;
    uint64_t dues[QUEUE]; /* of those asleep; 0: free */
    unsigned served;
};

static uint64_t hand_now(struct baton_clock *clock)
{
    struct hand_clock *hand = (struct hand_clock *)clock;
    pthread_mutex_lock(&hand->lock);
    uint64_t now = hand->now_ns;
    pthread_mutex_unlock(&hand->lock);
    return now;
}

static void hand_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    struct hand_clock *hand = (struct hand_clock *)clock;
    size_t bed = 0;
    pthread_mutex_lock(&hand->lock);
    while (hand->dues[bed] != 0) {
        bed++;
    }
    hand->dues[bed] = hand->now_ns + duration_ns;
    pthread_cond_broadcast(&hand->moved);
    while (hand->now_ns < hand->dues[bed]) {
        pthread_cond_wait(&hand->moved, &hand->lock);
    }
    hand->dues[bed] = 0;
    pthread_mutex_unlock(&hand->lock);
}

/* Waits until `count` callers are asleep or served, then lets time pass. */
static void hand_move(struct hand_clock *hand, unsigned count, uint64_t duration_ns)
{
    pthread_mutex_lock(&hand->lock);
    for (unsigned settled = 0; settled < count;) {
        settled = hand->served;
        for (size_t i = 0; i < QUEUE; i++) {
            settled += hand->dues[i] > hand->now_ns;
        }
        if (settled < count) {
            pthread_cond_wait(&hand->moved, &hand->lock);
        }
    }
    hand->now_ns += duration_ns;
    pthread_cond_broadcast(&hand->moved);
    pthread_mutex_unlock(&hand->lock);
}

struct queuer {
    pthread_t thread;
    struct baton_limiter *limiter;
    struct hand_clock *hand;
    uint64_t tokens, served_ns;
    unsigned rank; /* among those served, from 0 */
};

static void *queue_up(void *user)
{
    struct queuer *queuer = user;
    struct hand_clock *hand = queuer->hand;
    struct baton_limiter_permit permit;
    struct baton_error err;
    if (baton_limiter_acquire(&permit, queuer->limiter, queuer->tokens, &err) == BATON_OK) {
        pthread_mutex_lock(&hand->lock);
        queuer->served_ns = hand->now_ns;
        queuer->rank = hand->served++;
        pthread_cond_broadcast(&hand->moved);
        pthread_mutex_unlock(&hand->lock);
    }
    return NULL;
}

Test(limiter, who_came_first_is_served_first)
{
    /* 1000 a second, 6000 at once; the small ones would fit long before the large one in front of them. */
    static const uint64_t tokens[QUEUE] = { 3000, 20000, 10, 4000, 1 };
    static const uint64_t want_ms[QUEUE] = { 3000, 9000, 23010, 27010, 27011 };
    struct hand_clock hand = { .clock = { hand_now, hand_sleep },
                               .lock = PTHREAD_MUTEX_INITIALIZER,
                               .moved = PTHREAD_COND_INITIALIZER };
    struct baton_limiter *limiter =
        limiter_of(&(struct baton_limiter_options){ .tokens_per_minute = 60000, .clock = &hand.clock });
    struct queuer queuers[QUEUE];
    cr_expect_eq(waits(limiter, 6000, NULL), 0);
    for (unsigned i = 0; i < QUEUE; i++) {
        queuers[i] = (struct queuer){ .limiter = limiter, .hand = &hand, .tokens = tokens[i] };
        cr_assert_eq(pthread_create(&queuers[i].thread, NULL, queue_up, &queuers[i]), 0);
        hand_move(&hand, i + 1, 0);
    }
    while (hand_now(&hand.clock) < want_ms[QUEUE - 1] * MS) {
        hand_move(&hand, QUEUE, MS);
    }
    for (unsigned i = 0; i < QUEUE; i++) {
        pthread_join(queuers[i].thread, NULL);
        cr_expect_eq(queuers[i].rank, i, "the one of %llu tokens was number %u", (unsigned long long)tokens[i],
                     queuers[i].rank);
        cr_expect_eq(queuers[i].served_ns, want_ms[i] * MS, "after %llu ns", (unsigned long long)queuers[i].served_ns);
    }
    baton_limiter_free(limiter);
}
