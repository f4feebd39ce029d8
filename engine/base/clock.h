/* clock.h - time as an interface: the system's here, a virtual one in sim/.
 *
 * Times are integer nanoseconds from an origin of the clock's own; only differences mean something.
 */
#ifndef BATON_ENGINE_BASE_CLOCK_H
#define BATON_ENGINE_BASE_CLOCK_H

#include <stdint.h>

struct baton_clock {
    uint64_t (*now_ns)(struct baton_clock *clock);
    void (*sleep_ns)(struct baton_clock *clock, uint64_t duration_ns); /* lets that time pass */
};

/* The system's monotonic clock. One for the process; any thread may use it. */
struct baton_clock *baton_clock_system(void);

#endif
