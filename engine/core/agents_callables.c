/* Tools and handoffs, as a file has them. A handoff becomes a tool of the agent that may make it, so both share one name space, and
 * a name that a provider's API would refuse, or that only handoffs may have, is refused here rather than by each API in its own
 * words. Exactly one way to run a tool may be given: which of two was meant is not for a program to guess.
 */
#include "engine/core/agents_callables.h"

#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <stddef.h>

struct handoff_form {
    struct baton_str agent, description, tool;
    const struct baton_json *input, *context, *history;
    bool enabled;
};

struct context_form {
    const struct baton_json *exec, *http;
};

struct tool_form {
    struct baton_str description, result, agent;
    const struct baton_json *parameters, *exec, *http, *has_result;
};

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field context_rows[] = {
    { "exec", NULL, BATON_FIELD_ARRAY, ROW(context_form, exec, 0) },
    { "http", NULL, BATON_FIELD_OBJECT, ROW(context_form, http, 0) },
};

static const struct baton_field handoff_rows[] = {
    { "agent", NULL, BATON_FIELD_TEXT, ROW(handoff_form, agent, .is_required = true) },
    { "description", NULL, BATON_FIELD_TEXT, ROW(handoff_form, description, 0) },
    { "tool", NULL, BATON_FIELD_TEXT, ROW(handoff_form, tool, 0) },
    { "input", NULL, BATON_FIELD_ANY, ROW(handoff_form, input, 0) },
    { "context", "contextProvider", BATON_FIELD_OBJECT, ROW(handoff_form, context, 0) },
    { "history", NULL, BATON_FIELD_ANY, ROW(handoff_form, history, 0) },
    { "enabled", NULL, BATON_FIELD_BOOLEAN, ROW(handoff_form, enabled, 0) },
};

static const struct baton_field tool_rows[] = {
    { "description", NULL, BATON_FIELD_TEXT, ROW(tool_form, description, 0) },
    { "parameters", NULL, BATON_FIELD_ANY, ROW(tool_form, parameters, 0) },
    { "result", NULL, BATON_FIELD_ANY, ROW(tool_form, has_result, 0) },
    { "exec", NULL, BATON_FIELD_ARRAY, ROW(tool_form, exec, 0) },
    { "http", NULL, BATON_FIELD_OBJECT, ROW(tool_form, http, 0) },
    { "agent", NULL, BATON_FIELD_TEXT, ROW(tool_form, agent, 0) },
};

enum baton_status baton_agents_no_memory(struct baton_agents_load *load)
{
    return baton_error_over_limit(load->err, "'%s'", load->source->name);
}

enum baton_status baton_agents_read_form(struct baton_agents_load *load, const struct baton_field *rows, size_t count,
                                         const char *what, const struct baton_json *node, void *out)
{
    struct baton_fields fields = { .source = load->source, .rows = rows, .row_count = count, .what = what };
    return baton_fields_read(&fields, node, out, load->err);
}

/* ---- small parts ---- */

static enum baton_status read_command(struct baton_agents_load *load, const struct baton_json *list,
                                      struct baton_command *out)
{
    if (list->count == 0 || list->count > BATON_ARGV_MAX) {
        return baton_source_error(load->source, list->offset, load->err, "'exec' must be a list of 1 to %d words",
                                  BATON_ARGV_MAX);
    }
    const char **argv = baton_arena_array(load->arena, list->count + 1, sizeof *argv);
    const char *folder = baton_path_beside(load->arena, load->source->name, BATON_STR("."));
    if (argv == NULL || folder == NULL) {
        return baton_agents_no_memory(load);
    }
    size_t count = 0;
    for (const struct baton_json *word = list->child; word != NULL; word = word->next) {
        if (word->type != BATON_JSON_STRING) {
            return baton_type_error(load->source, word, "each word of 'exec'", "a text", load->err);
        }
        argv[count++] = word->text.data;
    }
    argv[count] = NULL;
    *out = (struct baton_command){ .argv = argv, .folder = folder };
    return BATON_OK;
}

static enum baton_status read_history(struct baton_agents_load *load, const struct baton_json *node,
                                      struct baton_handoff *handoff)
{
    static const char *const words[] = { "full", "none", "last_user", "no_tools" };
    if (node == NULL || node->type == BATON_JSON_NULL) {
        return BATON_OK;
    }
    for (size_t i = 0; node->type == BATON_JSON_STRING && i < sizeof words / sizeof *words; i++) {
        if (baton_str_is(node->text, words[i])) {
            handoff->history = (enum baton_history_kind)i;
            return BATON_OK;
        }
    }
    const struct baton_json *last = node->type == BATON_JSON_OBJECT ? baton_json_get(node, "last") : NULL;
    int64_t count = 0;
    if (last == NULL || node->count != 1 || !baton_json_integer(last, 1, 100000, &count)) {
        return baton_source_error(load->source, node->offset, load->err,
                                  "'history' must be full, none, last_user, no_tools or { last: N }");
    }
    handoff->history = BATON_HISTORY_LAST;
    handoff->history_last = (uint32_t)count;
    return BATON_OK;
}

static enum baton_status read_context(struct baton_agents_load *load, const struct baton_json *node,
                                      struct baton_handoff *handoff)
{
    struct context_form form = { .exec = NULL };
    enum baton_status status = BATON_AGENTS_READ(load, context_rows, "'context'", node, &form);
    if (status == BATON_OK && (form.exec == NULL) == (form.http == NULL)) {
        return baton_source_error(load->source, node->offset, load->err, "'context' needs one of exec and http");
    }
    if (status != BATON_OK || form.exec != NULL) {
        return status != BATON_OK ? status : read_command(load, form.exec, &handoff->context);
    }
    return baton_tool_http_read(&handoff->context_http, load->arena, load->source, form.http, load->err);
}

static enum baton_status read_schema(struct baton_agents_load *load, const struct baton_json *node)
{
    return node == NULL ? BATON_OK : baton_schema_validate(node, load->source, load->err);
}

/* ---- tools ---- */

static enum baton_status tool_name_check(struct baton_agents_load *load, const struct baton_json *member)
{
    struct baton_str name = member->key;
    if (!baton_tool_name_is_safe(name)) {
        return baton_source_error(load->source, member->key_offset, load->err,
                                  "the tool name '%.*s' must be 1 to %d letters, digits, _ or -, as the providers ask",
                                  (int)name.length, name.data, BATON_TOOL_NAME_BYTES_MAX);
    }
    if (baton_str_starts(name, BATON_TRANSFER_PREFIX)) {
        return baton_source_error(load->source, member->key_offset, load->err,
                                  "the tool name '%.*s' begins with '" BATON_TRANSFER_PREFIX
                                  "', which is reserved for handoffs",
                                  (int)name.length, name.data);
    }
    return BATON_OK;
}

static enum baton_status tool_kind(struct baton_agents_load *load, const struct tool_form *form,
                                   const struct baton_json *member, struct baton_tool *tool)
{
    bool forms[] = { form->has_result != NULL, form->exec != NULL, form->http != NULL, form->agent.length > 0 };
    int kinds = forms[0] + forms[1] + forms[2] + forms[3];
    if (kinds != 1) {
        return baton_source_error(load->source, member->key_offset, load->err,
                                  "the tool '%.*s' needs exactly one of 'result', 'exec', 'http' and 'agent'",
                                  (int)member->key.length, member->key.data);
    }
    if (form->has_result != NULL) {
        tool->kind = BATON_TOOL_RESULT;
        tool->result = form->has_result->text;
        return form->has_result->type == BATON_JSON_STRING
                   ? BATON_OK
                   : baton_type_error(load->source, form->has_result, "'result'", "a text; put it in quotes",
                                      load->err);
    }
    if (form->exec != NULL) {
        tool->kind = BATON_TOOL_EXEC;
        return read_command(load, form->exec, &tool->command);
    }
    if (form->http != NULL) {
        tool->kind = BATON_TOOL_HTTP;
        tool->agent = BATON_NONE;
        return baton_tool_http_read(&tool->http, load->arena, load->source, form->http, load->err);
    }
    tool->kind = BATON_TOOL_AGENT;
    tool->agent = baton_agents_find(load->agents, form->agent);
    if (tool->agent == BATON_NONE) {
        return baton_agents_unknown(load->agents, form->agent, load->source, member->key_offset, load->err);
    }
    return BATON_OK;
}

/* What an agent as a tool takes where the file does not say. */
static enum baton_status default_input(struct baton_agents_load *load, const struct baton_json **out)
{
    static const struct baton_source source = {
        .name = "default parameters",
        .text = BATON_STR_INIT(
            "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}"),
    };
    return baton_json_parse(out, load->arena, &source, load->err);
}

static enum baton_status read_tool(struct baton_agents_load *load, const struct baton_json *member,
                                   struct baton_tool *tool)
{
    struct tool_form form = { 0 };
    enum baton_status status = tool_name_check(load, member);
    if (status != BATON_OK) {
        return status;
    }
    status = BATON_AGENTS_READ(load, tool_rows, "a tool", member, &form);
    if (status != BATON_OK) {
        return status;
    }
    status = tool_kind(load, &form, member, tool);
    if (status != BATON_OK) {
        return status;
    }
    tool->name = member->key;
    tool->description = form.description;
    tool->parameters = form.parameters;
    if (tool->kind == BATON_TOOL_AGENT && tool->parameters == NULL) {
        return default_input(load, &tool->parameters);
    }
    return read_schema(load, form.parameters);
}

enum baton_status baton_agents_read_tools(struct baton_agents_load *load, const struct baton_json *node)
{
    uint32_t count = node == NULL ? 0 : node->count;
    if (count > BATON_TOOLS_MAX) {
        return baton_source_error(load->source, node->offset, load->err, "more than %d tools", BATON_TOOLS_MAX);
    }
    load->tools = baton_arena_zero(load->arena, (count + 1) * sizeof *load->tools);
    if (load->tools == NULL || !baton_map_init(&load->tools_by_name, load->arena, count)) {
        return baton_agents_no_memory(load);
    }
    load->agents->tools = load->tools;
    for (const struct baton_json *member = node == NULL ? NULL : node->child; member != NULL; member = member->next) {
        struct baton_tool *tool = &load->tools[load->agents->tool_count];
        enum baton_status status = read_tool(load, member, tool);
        if (status != BATON_OK) {
            return status;
        }
        baton_map_put(&load->tools_by_name, tool->name, load->agents->tool_count++);
    }
    return BATON_OK;
}

/* ---- handoffs ---- */

static enum baton_status describe(struct baton_agents_load *load, struct baton_handoff *handoff)
{
    const struct baton_agent *target = &load->list[handoff->target];
    struct baton_str parts[] = { target->name, target->description };
    handoff->description = baton_template_fill(load->arena, load->agents->profile->description_template,
                                               (const char *[]){ "name", "description" }, parts, 2);
    return handoff->description.data == NULL ? baton_agents_no_memory(load) : BATON_OK;
}

static enum baton_status name_handoff(struct baton_agents_load *load, struct baton_handoff *handoff,
                                      const struct handoff_form *form, const struct baton_json *node)
{
    if (form->tool.length > 0) {
        handoff->tool_name = form->tool;
        if (!baton_tool_name_is_safe(form->tool)) {
            return baton_source_error(
                load->source, node->offset, load->err,
                "the tool name '%.*s' must be 1 to %d letters, digits, _ or -, as the providers ask",
                (int)form->tool.length, form->tool.data, BATON_TOOL_NAME_BYTES_MAX);
        }
        return BATON_OK;
    }
    handoff->tool_name =
        baton_transfer_name(load->arena, load->agents->profile->name_rule, load->list[handoff->target].name);
    return handoff->tool_name.data == NULL ? baton_agents_no_memory(load) : BATON_OK;
}

enum baton_status baton_agents_read_handoff(struct baton_agents_load *load, const struct baton_json *node,
                                            struct baton_handoff *handoff)
{
    struct handoff_form form = { .enabled = true };
    enum baton_status status = BATON_OK;
    if (node->type == BATON_JSON_STRING) {
        form.agent = node->text;
    } else {
        status = BATON_AGENTS_READ(load, handoff_rows, "a handoff", node, &form);
    }
    if (status != BATON_OK) {
        return status;
    }
    *handoff = (struct baton_handoff){ .target = baton_agents_find(load->agents, form.agent),
                                       .input = form.input,
                                       .is_enabled = form.enabled };
    if (handoff->target == BATON_NONE) {
        return baton_agents_unknown(load->agents, form.agent, load->source, node->offset, load->err);
    }
    status = name_handoff(load, handoff, &form, node);
    if (status != BATON_OK) {
        return status;
    }
    handoff->description = form.description;
    if (form.description.data == NULL) {
        status = describe(load, handoff);
        if (status != BATON_OK) {
            return status;
        }
    }
    status = read_schema(load, form.input);
    if (status != BATON_OK) {
        return status;
    }
    status = read_history(load, form.history, handoff);
    if (status != BATON_OK) {
        return status;
    }
    return form.context == NULL ? BATON_OK : read_context(load, form.context, handoff);
}
