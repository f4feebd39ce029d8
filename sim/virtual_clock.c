#include "sim/virtual_clock.h"

static uint64_t virtual_now(struct baton_clock *clock)
{
    return ((struct baton_virtual_clock *)clock)->now_ns;
}

static void virtual_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    ((struct baton_virtual_clock *)clock)->now_ns += duration_ns;
}

void baton_virtual_clock_init(struct baton_virtual_clock *clock)
{
    *clock = (struct baton_virtual_clock){ .clock = { .now_ns = virtual_now, .sleep_ns = virtual_sleep } };
}
