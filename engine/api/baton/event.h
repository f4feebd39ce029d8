/* event.h - what happens in a run, told in order.
 *
 * Types, and the fields that each fills beside seq, at_ns, exchange, turn, nesting and agent:
 *
 *   turn_start      a model call begins
 *   text_delta      text: a piece of the answer; pieces go on across handoffs
 *   tool_call       name, call_id, arguments
 *   tool_result     name, call_id, text: the result; is_error
 *   handoff         from, to, call_id, text: the reason, if any
 *   agent_updated   agent: who has the floor now
 *   loop            name: self, ping_pong, cycle or revisit; loop_length: agents in it, 0 for a revisit
 *   warning, error  name: a code; text
 *   turn_end
 *   done            status; text: the final one. One for each exchange, always the last, also after an error
 *
 * Events of agents that run as tools of others have `nesting` above 0, and a `done` of their own. More types and fields may
 * come; pass over what you do not know.
 *
 * Owns:     nothing; an event and its texts live until the callback returns. Texts are UTF-8, end with a NUL, and are never
 *           NULL.
 * Units:    at_ns are nanoseconds from the start of the conversation.
 */
#ifndef BATON_API_EVENT_H
#define BATON_API_EVENT_H

#include <baton/version.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_run_event {
    const char *type;
    uint64_t seq, at_ns; /* seq counts from 0 without gaps over a conversation */
    uint32_t exchange, turn, nesting;
    uint32_t loop_length;
    int is_error;
    const char *agent, *from, *to;
    const char *name, *call_id, *arguments, *text, *status;
    void *inside; /* private */
};

/* The event as one JSON object, without a line break: a line of `baton run --events`. Lives until the callback returns;
 * NULL when out of memory. */
BATON_API const char *baton_run_event_line(const struct baton_run_event *event);

#ifdef __cplusplus
}
#endif

#endif
