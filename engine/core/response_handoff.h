/* response_handoff.h - which handoff of a response is taken. Not installed, not for others. */
#ifndef BATON_ENGINE_CORE_RESPONSE_HANDOFF_H
#define BATON_ENGINE_CORE_RESPONSE_HANDOFF_H

#include "engine/core/response.h"

/* Tries the handoffs until one is taken, and settles the others. */
BATON_MUST_CHECK enum baton_status baton_response_choose_handoff(struct baton_response *response);

#endif
