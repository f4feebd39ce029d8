/* wait.h - lets time pass, but not past a Ctrl-C.
 *
 * Threads:  any; the flag may be set by a signal handler or by another thread.
 */
#ifndef BATON_ENGINE_HTTP_WAIT_H
#define BATON_ENGINE_HTTP_WAIT_H

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/http/limits.h"

#include <stdbool.h>

/* Whether the flag is set; NULL never is. */
bool baton_is_interrupted(const volatile int *interrupted);

/* Lets the time pass on the clock. False when the flag was set before or meanwhile. */
BATON_MUST_CHECK bool baton_wait(struct baton_clock *clock, uint64_t duration_ns, const volatile int *interrupted);

#endif
