/* history.h - what was said, and what of it the active agent sees. Not installed, not for others. */
#ifndef BATON_ENGINE_CORE_HISTORY_H
#define BATON_ENGINE_CORE_HISTORY_H

#include "engine/core/run_state.h"

/* Appends to the record and to what is seen. */
BATON_MUST_CHECK enum baton_status baton_history_append(struct baton_run *run, const struct baton_message *message,
                                                        struct baton_error *err);

/* Sets what the target of a handoff sees, by its filter. */
BATON_MUST_CHECK enum baton_status baton_history_filter(struct baton_run *run, const struct baton_handoff *handoff,
                                                        struct baton_error *err);

#endif
