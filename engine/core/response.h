/* response.h - one response of a model while it is dealt with: shared by response.c (mistakes, arguments), response_calls.c
 * (what is called, ordinary tools), response_handoff.c (which handoff is taken) and turn.c (the record and the events). Not
 * installed, not for others.
 */
#ifndef BATON_ENGINE_CORE_RESPONSE_H
#define BATON_ENGINE_CORE_RESPONSE_H

#include "engine/core/run_state.h"

enum baton_call_kind { BATON_CALL_TOOL, BATON_CALL_HANDOFF, BATON_CALL_UNKNOWN };

/* One call of the response, and what becomes of it. */
struct baton_plan {
    const struct baton_tool_call *call;
    enum baton_call_kind kind;
    const struct baton_handoff *handoff;
    const struct baton_tool *tool;
    struct baton_tool_call runs_as; /* the call as the tool gets it: arguments never empty */
    struct baton_str result, reason;
    uint64_t end_ns; /* of a tool, from the start of the batch */
    bool is_error, is_settled, is_transfer, is_dropped;
    bool is_over_limit; /* refused by a limit, which is no mistake of the model */
};

struct baton_response {
    struct baton_run *run;
    struct baton_turn *turn;
    struct baton_plan *plans;
    uint32_t count;
    struct baton_plan *accepted;
    struct baton_error *err;
};

const struct baton_agent *baton_response_speaker(const struct baton_response *response);
enum baton_status baton_response_no_memory(struct baton_response *response);
void baton_response_warn(struct baton_run *run, struct baton_str code, struct baton_str text);

/* Settles a call with an error result, in the profile's words. */
BATON_MUST_CHECK enum baton_status baton_response_refuse(struct baton_response *response, struct baton_plan *plan,
                                                         const char *message);

/* The whole exchange fails, where the profile's SDK would raise. */
BATON_MUST_CHECK enum baton_status baton_response_raise(struct baton_response *response, const char *message);

/* What the profile does about a mistake in a call. */
BATON_MUST_CHECK enum baton_status baton_response_mistake(struct baton_response *response, struct baton_plan *plan,
                                                          enum baton_on_mistake what, const char *message);

/* Arguments that say nothing: empty or {}. */
bool baton_response_is_empty(struct baton_str arguments);

/* Arguments as an object; NULL and a reason where they are not one. */
const struct baton_json *baton_response_arguments(struct baton_response *response, struct baton_str arguments,
                                                  char *reason, size_t bytes);

/* The argument `reason`, or empty. */
struct baton_str baton_response_reason(const struct baton_json *arguments);

#endif
