/* response_calls.h - what is called in a response, and the ordinary tools among it. Not installed, not for others. */
#ifndef BATON_ENGINE_CORE_RESPONSE_CALLS_H
#define BATON_ENGINE_CORE_RESPONSE_CALLS_H

#include "engine/core/response.h"

/* Says what each call is and settles those that are nothing. */
BATON_MUST_CHECK enum baton_status baton_response_classify(struct baton_response *response,
                                                           const struct baton_reply *reply);

/* Runs the ordinary calls, as the agent that made them. */
BATON_MUST_CHECK enum baton_status baton_response_run_tools(struct baton_response *response);

/* Notes that the active agent has used a tool, for tool_choice. */
void baton_response_note_tool_used(struct baton_run *run);

#endif
