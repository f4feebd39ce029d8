#include "engine/core/events.h"

#include "engine/base/json_writer.h"

static const char *const names[] = { "turn_start", "text_delta", "tool_call", "tool_result", "handoff", "agent_updated",
                                     "loop",       "warning",    "error",     "turn_end",    "done" };

const char *baton_event_name(enum baton_event_type type)
{
    return names[type];
}

static void put_call(struct baton_json_writer *writer, const struct baton_event *event)
{
    baton_jw_put_str(writer, "call_id", event->call_id);
    baton_jw_put_str(writer, "name", event->name);
    if (event->type == BATON_EVENT_TOOL_CALL) {
        baton_jw_put_str(writer, "arguments", event->arguments);
        return;
    }
    baton_jw_put_str(writer, "result", event->text);
    if (event->is_error) {
        baton_jw_put_bool(writer, "is_error", true);
    }
}

static void put_body(struct baton_json_writer *writer, const struct baton_event *event,
                     const struct baton_agents *agents)
{
    switch (event->type) {
    case BATON_EVENT_TEXT_DELTA:
        baton_jw_put_str(writer, "text", event->text);
        break;
    case BATON_EVENT_TOOL_CALL:
    case BATON_EVENT_TOOL_RESULT:
        put_call(writer, event);
        break;
    case BATON_EVENT_HANDOFF:
        baton_jw_put_str(writer, "from", baton_agent_name(agents, event->from));
        baton_jw_put_str(writer, "to", baton_agent_name(agents, event->to));
        baton_jw_put_str(writer, "call_id", event->call_id);
        if (event->text.length > 0) {
            baton_jw_put_str(writer, "reason", event->text);
        }
        break;
    case BATON_EVENT_LOOP:
        baton_jw_put_str(writer, "kind", event->name);
        baton_jw_put_u64(writer, "length", event->loop_length);
        break;
    case BATON_EVENT_WARNING:
    case BATON_EVENT_ERROR:
        baton_jw_put_str(writer, "code", event->name);
        baton_jw_put_str(writer, "message", event->text);
        break;
    case BATON_EVENT_DONE:
        baton_jw_put_string(writer, "status", event->status);
        baton_jw_put_str(writer, "final_agent", baton_agent_name(agents, event->agent));
        baton_jw_put_str(writer, "text", event->text);
        break;
    case BATON_EVENT_TURN_START:
    case BATON_EVENT_AGENT_UPDATED:
    case BATON_EVENT_TURN_END:
        break;
    }
}

void baton_event_write(struct baton_text *out, const struct baton_event *event, const struct baton_agents *agents)
{
    struct baton_json_writer writer = baton_json_writer_to(out, 0);
    baton_jw_open(&writer, '{');
    baton_jw_put_u64(&writer, "seq", event->seq);
    baton_jw_put_str(&writer, "event", baton_str_of(names[event->type]));
    baton_jw_put_u64(&writer, "exchange", event->exchange);
    baton_jw_put_u64(&writer, "turn", event->turn);
    if (event->nesting > 0) {
        baton_jw_put_u64(&writer, "nesting", event->nesting);
    }
    baton_jw_put_ms(&writer, "at_ms", event->at_ns);
    if (event->type != BATON_EVENT_DONE && event->type != BATON_EVENT_HANDOFF) {
        baton_jw_put_str(&writer, "agent", baton_agent_name(agents, event->agent));
    }
    put_body(&writer, event, agents);
    baton_jw_close(&writer, '}');
}
