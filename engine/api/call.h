/* call.h - the inside of struct baton_call: what a callback is asked, and what it has answered so far. Not installed, not for
 * others than the API.
 *
 * Owns:     `text`, until baton_call_end(); the rest lies in the arenas.
 */
#ifndef BATON_ENGINE_API_CALL_H
#define BATON_ENGINE_API_CALL_H

#include "engine/base/text.h"
#include "engine/core/provider.h"

#include <baton/call.h>

/* Who is asked what; empty texts and 0 for what does not apply. */
struct baton_call_asked {
    const struct baton_agents *agents;
    struct baton_str conversation_id, name, arguments;
    uint32_t agent, exchange, turn, nesting;
    const struct baton_message *messages;
    uint32_t message_count;
    const struct baton_request *request; /* of a provider; NULL: another callback */
    const volatile int *aborted;
};

struct baton_call {
    struct baton_call_asked asked;
    struct baton_arena *told; /* rolled back by baton_call_end() */
    struct baton_arena_mark mark;
    struct baton_arena *kept; /* of the run: answers */
    const char *conversation, *agent, *name, *arguments, *messages;
    bool has_failed, is_out_of_memory; /* failed: the host said so */
    struct baton_text text;            /* answered; of an error, why */
    struct baton_tool_call *calls;
    uint32_t call_count, call_capacity;
    struct baton_usage usage;
};

void baton_call_begin(struct baton_call *call, const struct baton_call_asked *asked, struct baton_arena *told,
                      struct baton_arena *kept);

/* The text of the answer, or of the error, in `kept`; `is_out_of_memory` where there is no room. */
struct baton_str baton_call_answer(struct baton_call *call);

/* Gives back all but the answer. */
void baton_call_end(struct baton_call *call);

#endif
