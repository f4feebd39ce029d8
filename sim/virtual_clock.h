/* virtual_clock.h - time that passes only when told to, in integer nanoseconds.
 *
 * A replay's latencies run on it: twenty streams of 100 ms cost no real time, and the same recording gives the same times
 * on every machine. One belongs to one conversation at a time.
 */
#ifndef BATON_SIM_VIRTUAL_CLOCK_H
#define BATON_SIM_VIRTUAL_CLOCK_H

#include "engine/base/clock.h"

struct baton_virtual_clock {
    struct baton_clock clock; /* give its address to who needs a clock */
    uint64_t now_ns;
};

/* Starts at 0. */
void baton_virtual_clock_init(struct baton_virtual_clock *clock);

#endif
