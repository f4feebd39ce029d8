#include "engine/core/events.h"

#include "engine/base/json_writer.h"

static const char *const names[] = { "turn_start", "text_delta", "tool_call", "tool_result", "handoff", "agent_updated",
                                     "loop",       "warning",    "error",     "turn_end",    "done" };

const char *baton_event_name(enum baton_event_type type)
{
    return names[type];
}

static void put(struct baton_json_writer *writer, const char *key, struct baton_str value)
{
    baton_jw_key(writer, key);
    baton_jw_str(writer, value);
}

static void put_call(struct baton_json_writer *writer, const struct baton_event *event)
{
    put(writer, "call_id", event->call_id);
    put(writer, "name", event->name);
    if (event->type == BATON_EVENT_TOOL_CALL) {
        put(writer, "arguments", event->arguments);
        return;
    }
    put(writer, "result", event->text);
    if (event->is_error) {
        baton_jw_key(writer, "is_error");
        baton_jw_bool(writer, true);
    }
}

static void put_body(struct baton_json_writer *writer, const struct baton_event *event,
                     const struct baton_agents *agents)
{
    switch (event->type) {
    case BATON_EVENT_TEXT_DELTA:
        put(writer, "text", event->text);
        break;
    case BATON_EVENT_TOOL_CALL:
    case BATON_EVENT_TOOL_RESULT:
        put_call(writer, event);
        break;
    case BATON_EVENT_HANDOFF:
        put(writer, "from", baton_agent_name(agents, event->from));
        put(writer, "to", baton_agent_name(agents, event->to));
        put(writer, "call_id", event->call_id);
        if (event->text.length > 0) {
            put(writer, "reason", event->text);
        }
        break;
    case BATON_EVENT_LOOP:
        put(writer, "kind", event->name);
        baton_jw_key(writer, "length");
        baton_jw_u64(writer, event->loop_length);
        break;
    case BATON_EVENT_WARNING:
    case BATON_EVENT_ERROR:
        put(writer, "code", event->name);
        put(writer, "message", event->text);
        break;
    case BATON_EVENT_DONE:
        baton_jw_key(writer, "status");
        baton_jw_string(writer, event->status);
        put(writer, "final_agent", baton_agent_name(agents, event->agent));
        put(writer, "text", event->text);
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
    baton_jw_key(&writer, "seq");
    baton_jw_u64(&writer, event->seq);
    put(&writer, "event", baton_str_of(names[event->type]));
    baton_jw_key(&writer, "exchange");
    baton_jw_u64(&writer, event->exchange);
    baton_jw_key(&writer, "turn");
    baton_jw_u64(&writer, event->turn);
    if (event->nesting > 0) {
        baton_jw_key(&writer, "nesting");
        baton_jw_u64(&writer, event->nesting);
    }
    baton_jw_key(&writer, "at_ms");
    baton_jw_ms(&writer, event->at_ns);
    if (event->type != BATON_EVENT_DONE && event->type != BATON_EVENT_HANDOFF) {
        put(&writer, "agent", baton_agent_name(agents, event->agent));
    }
    put_body(&writer, event, agents);
    baton_jw_close(&writer, '}');
}
