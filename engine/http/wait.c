#include "engine/http/wait.h"

#define SLICE_NS (BATON_WAIT_SLICE_MS * UINT64_C(1000000))

bool baton_is_interrupted(const volatile int *interrupted)
{
    return interrupted != NULL && __atomic_load_n(interrupted, __ATOMIC_RELAXED) != 0;
}

bool baton_wait(struct baton_clock *clock, uint64_t duration_ns, const volatile int *interrupted)
{
    while (duration_ns > 0 && !baton_is_interrupted(interrupted)) {
        uint64_t slice = interrupted != NULL && duration_ns > SLICE_NS ? SLICE_NS : duration_ns;
        clock->sleep_ns(clock, slice);
        duration_ns -= slice;
    }
    return !baton_is_interrupted(interrupted);
}
