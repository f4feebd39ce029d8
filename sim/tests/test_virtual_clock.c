#include "sim/virtual_clock.h"

#include <criterion/criterion.h>

Test(virtual_clock, time_passes_only_when_told_to)
{
    struct baton_virtual_clock own;
    baton_virtual_clock_init(&own);
    struct baton_clock *clock = &own.clock;
    cr_expect_eq(clock->now_ns(clock), 0u);
    cr_expect_eq(clock->now_ns(clock), 0u);
    clock->sleep_ns(clock, 1);
    clock->sleep_ns(clock, UINT64_C(3600000000000));
    cr_expect_eq(clock->now_ns(clock), UINT64_C(3600000000001));
    baton_virtual_clock_init(&own);
    cr_expect_eq(clock->now_ns(clock), 0u, "anew");
}
