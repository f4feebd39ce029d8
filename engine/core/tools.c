#include "engine/core/tools.h"

#include "engine/base/json_writer.h"

/* ---- no runner ---- */

static enum baton_status refuse_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                      struct baton_error *err)
{
    (void)runner, (void)err;
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->jobs[i].result = BATON_STR("this run was given no tool runner");
        batch->jobs[i].is_error = true;
    }
    return BATON_OK;
}

static enum baton_status refuse_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                        struct baton_error *err)
{
    (void)runner, (void)job;
    return baton_error_set(err, BATON_EPROVIDER, "this run was given no tool runner");
}

struct baton_tool_runner *baton_tool_runner_none(void)
{
    static struct baton_tool_runner runner = { .run_tools = refuse_tools, .provide_context = refuse_context };
    return &runner;
}

/* ---- context providers ---- */

/* {"additional_instructions": "..."}; the camelCase spelling is taken too. */
enum baton_status baton_context_read(struct baton_context_job *job, struct baton_str output, struct baton_error *err)
{
    const struct baton_json *node = NULL;
    struct baton_source source = { .name = "context provider", .line_first = 1, .text = output };
    if (output.length == 0) {
        return BATON_OK;
    }
    struct baton_error error;
    enum baton_status status = baton_json_parse(&node, job->arena, &source, &error);
    if (status != BATON_OK) {
        return baton_error_set(err, status, "the context provider's answer: %s", error.text);
    }
    const struct baton_json *text = NULL;
    if (node->type == BATON_JSON_OBJECT) {
        text = baton_json_get(node, "additional_instructions");
        text = text == NULL ? baton_json_get(node, "additionalInstructions") : text;
    }
    if (text == NULL || text->type != BATON_JSON_STRING) {
        return baton_error_set(err, BATON_EINPUT,
                               "the context provider must answer {\"additional_instructions\": \"...\"}");
    }
    job->instructions = text->text;
    return BATON_OK;
}

/* ---- messages as FORMATS has them ---- */

static void write_calls(struct baton_json_writer *writer, const struct baton_message *message)
{
    baton_jw_put_open(writer, "tool_calls", '[');
    for (uint32_t i = 0; i < message->call_count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "id", message->calls[i].id);
        baton_jw_put_string(writer, "type", "function");
        baton_jw_put_open(writer, "function", '{');
        baton_jw_put_str(writer, "name", message->calls[i].name);
        baton_jw_put_str(writer, "arguments", message->calls[i].arguments);
        baton_jw_close(writer, '}');
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

void baton_messages_write(struct baton_text *out, const struct baton_message *messages, uint32_t count,
                          const struct baton_agents *agents)
{
    struct baton_json_writer writer = baton_json_writer_to(out, 0);
    baton_jw_open(&writer, '[');
    for (uint32_t i = 0; i < count; i++) {
        const struct baton_message *message = &messages[i];
        baton_jw_open(&writer, '{');
        baton_jw_put_string(&writer, "role", baton_role_name(message->role));
        if (message->agent != BATON_NONE && message->role == BATON_ROLE_ASSISTANT) {
            baton_jw_put_str(&writer, "agent", baton_agent_name(agents, message->agent));
        }
        baton_jw_key(&writer, "content");
        if (message->has_content) {
            baton_jw_str(&writer, message->content);
        } else {
            baton_jw_null(&writer);
        }
        if (message->call_count > 0) {
            write_calls(&writer, message);
        }
        if (message->role == BATON_ROLE_TOOL) {
            baton_jw_put_str(&writer, "tool_call_id", message->tool_call_id);
        }
        baton_jw_close(&writer, '}');
    }
    baton_jw_close(&writer, ']');
}
