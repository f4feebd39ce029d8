/* turn.h - what the run does with one reply of a model. Not installed, not for others. */
#ifndef BATON_ENGINE_CORE_TURN_H
#define BATON_ENGINE_CORE_TURN_H

#include "engine/core/run_state.h"

/* Deals with a reply: text, calls, results, handoff. Sets exchange->status and is_over where it ends the exchange. */
BATON_MUST_CHECK enum baton_status baton_turn_respond(struct baton_run *run, struct baton_turn *turn,
                                                      const struct baton_reply *reply, struct baton_error *err);

#endif
