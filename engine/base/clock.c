#include "engine/base/clock.h"

#include <time.h>

enum { NS_PER_S = 1000000000 };

static uint64_t system_now(struct baton_clock *clock)
{
    (void)clock;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void system_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    (void)clock;
    struct timespec left = { .tv_sec = (time_t)(duration_ns / NS_PER_S), .tv_nsec = (long)(duration_ns % NS_PER_S) };
    while (nanosleep(&left, &left) != 0) {
        /* a signal cut it short: sleep what is left */
    }
}

struct baton_clock *baton_clock_system(void)
{
    static struct baton_clock clock = { .now_ns = system_now, .sleep_ns = system_sleep };
    return &clock;
}
