/* events.h - what happens in a run, told in order (DESIGN section 3.6).
 *
 * Order within a turn: turn_start, text_delta*, tool_call* (in call order), tool_result* (ordinary ones as they end, then
 * transfers in call order), handoff, agent_updated, loop, turn_end. Warnings and errors stand where they arise. Each
 * exchange ends with exactly one `done`, also after an error. `seq` counts from 0 without gaps over a conversation; runs of
 * agents used as tools have their own events with `nesting` above 0 and the same running `seq`.
 */
#ifndef BATON_ENGINE_CORE_EVENTS_H
#define BATON_ENGINE_CORE_EVENTS_H

#include "engine/base/text.h"
#include "engine/core/agents.h"

enum baton_event_type {
    BATON_EVENT_TURN_START,
    BATON_EVENT_TEXT_DELTA,
    BATON_EVENT_TOOL_CALL,
    BATON_EVENT_TOOL_RESULT,
    BATON_EVENT_HANDOFF,
    BATON_EVENT_AGENT_UPDATED,
    BATON_EVENT_LOOP,
    BATON_EVENT_WARNING,
    BATON_EVENT_ERROR,
    BATON_EVENT_TURN_END,
    BATON_EVENT_DONE
};

struct baton_event {
    enum baton_event_type type;
    uint64_t seq, at_ns; /* at_ns: the run's clock, from the start of the conversation */
    uint32_t exchange, turn, nesting;
    uint32_t agent;        /* who has the floor */
    uint32_t from, to;     /* handoff */
    struct baton_str text; /* delta, result, message of a warning or an error, final text, reason of a handoff */
    struct baton_str name; /* of the tool; code of a warning or an error; kind of a loop */
    struct baton_str call_id, arguments;
    const char *status;   /* done */
    bool is_error;        /* tool_result */
    uint32_t loop_length; /* loop: agents in the word, 0 for a revisit without progress */
};

struct baton_event_sink {
    void (*on_event)(void *user, const struct baton_event *event); /* texts live until the run's arena is reset */
    void *user;
};

const char *baton_event_name(enum baton_event_type type);

/* One JSON object on one line, without the line break. */
void baton_event_write(struct baton_text *out, const struct baton_event *event, const struct baton_agents *agents);

#endif
