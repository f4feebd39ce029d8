#include "engine/base/document.h"
#include "engine/base/fields.h"
#include "engine/base/suggest.h"
#include "engine/core/agents.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <stddef.h>
#include <string.h>

/* The file's top level, as read. */
struct file_form {
    int32_t version;
    struct baton_str entry, profile;
    const struct baton_json *limits, *loops, *defaults, *agents, *tools, *prices;
    int32_t on_handoff;
};

struct limits_form {
    int32_t max_turns, max_handoffs, tool_timeout_ms;
};

struct loops_form {
    int32_t repeats, max_cycle, action;
};

struct defaults_form {
    struct baton_str provider, model, base_url, api_key;
};

struct agent_form {
    struct baton_str description, instructions, model, provider, base_url, api_key, tool_choice;
    const struct baton_json *handoffs, *tools, *parallel;
};

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

static const char *const on_handoff_words[] = { "continue", "stop", NULL };
static const char *const loop_action_words[] = { "report", "stop", NULL };

#define ROW(form, field, ...) .offset = offsetof(struct form, field), __VA_ARGS__

static const struct baton_field file_rows[] = {
    { "version", NULL, BATON_FIELD_INT32, ROW(file_form, version, .is_required = true, .low = 1, .high = 1) },
    { "entry", NULL, BATON_FIELD_TEXT, ROW(file_form, entry, .is_required = true) },
    { "profile", NULL, BATON_FIELD_TEXT, ROW(file_form, profile, 0) },
    { "limits", NULL, BATON_FIELD_OBJECT, ROW(file_form, limits, 0) },
    { "loops", NULL, BATON_FIELD_OBJECT, ROW(file_form, loops, 0) },
    { "on_handoff", "onHandoff", BATON_FIELD_WORD, ROW(file_form, on_handoff, .words = on_handoff_words) },
    { "defaults", NULL, BATON_FIELD_OBJECT, ROW(file_form, defaults, 0) },
    { "agents", NULL, BATON_FIELD_OBJECT, ROW(file_form, agents, .is_required = true) },
    { "tools", NULL, BATON_FIELD_OBJECT, ROW(file_form, tools, 0) },
    { "prices", NULL, BATON_FIELD_OBJECT, ROW(file_form, prices, 0) },
};

static const struct baton_field limits_rows[] = {
    { "max_turns", "maxTurns", BATON_FIELD_INT32, ROW(limits_form, max_turns, .low = -1, .high = BATON_TURNS_MAX) },
    { "max_handoffs", "maxHandoffs", BATON_FIELD_INT32,
      ROW(limits_form, max_handoffs, .low = -1, .high = BATON_TURNS_MAX) },
    { "tool_timeout_ms", "toolTimeoutMs", BATON_FIELD_INT32,
      ROW(limits_form, tool_timeout_ms, .low = 1, .high = 3600000) },
};

static const struct baton_field loops_rows[] = {
    { "repeats", NULL, BATON_FIELD_INT32,
      ROW(loops_form, repeats, .low = BATON_LOOP_REPEATS_MIN, .high = BATON_LOOP_REPEATS_MAX) },
    { "max_cycle", "maxCycle", BATON_FIELD_INT32,
      ROW(loops_form, max_cycle, .low = BATON_LOOP_CYCLE_MIN, .high = BATON_LOOP_CYCLE_MAX) },
    { "action", NULL, BATON_FIELD_WORD, ROW(loops_form, action, .words = loop_action_words) },
};

static const struct baton_field defaults_rows[] = {
    { "provider", NULL, BATON_FIELD_TEXT, ROW(defaults_form, provider, 0) },
    { "model", NULL, BATON_FIELD_TEXT, ROW(defaults_form, model, 0) },
    { "base_url", NULL, BATON_FIELD_TEXT, ROW(defaults_form, base_url, 0) },
    { "api_key", NULL, BATON_FIELD_TEXT, ROW(defaults_form, api_key, 0) },
};

static const struct baton_field agent_rows[] = {
    { "description", NULL, BATON_FIELD_TEXT, ROW(agent_form, description, 0) },
    { "instructions", "prompt", BATON_FIELD_TEXT, ROW(agent_form, instructions, 0) },
    { "model", NULL, BATON_FIELD_TEXT, ROW(agent_form, model, 0) },
    { "provider", NULL, BATON_FIELD_TEXT, ROW(agent_form, provider, 0) },
    { "base_url", NULL, BATON_FIELD_TEXT, ROW(agent_form, base_url, 0) },
    { "api_key", NULL, BATON_FIELD_TEXT, ROW(agent_form, api_key, 0) },
    { "handoffs", NULL, BATON_FIELD_ARRAY, ROW(agent_form, handoffs, 0) },
    { "tools", NULL, BATON_FIELD_ARRAY, ROW(agent_form, tools, 0) },
    { "tool_choice", "toolChoice", BATON_FIELD_TEXT, ROW(agent_form, tool_choice, 0) },
    { "parallel_tool_calls", "parallelToolCalls", BATON_FIELD_ANY, ROW(agent_form, parallel, 0) },
};

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

static const struct baton_field price_rows[] = {
    { "in", NULL, BATON_FIELD_NUMBER, ROW(baton_price, in, .low = 0, .high = 1000000) },
    { "cached", NULL, BATON_FIELD_NUMBER, ROW(baton_price, cached, .low = 0, .high = 1000000) },
    { "cache_write", "cacheWrite", BATON_FIELD_NUMBER, ROW(baton_price, cache_write, .low = 0, .high = 1000000) },
    { "out", NULL, BATON_FIELD_NUMBER, ROW(baton_price, out, .low = 0, .high = 1000000) },
};

/* What a load carries along. */
struct load {
    struct baton_agents *agents;
    struct baton_agent *list; /* the same agents, writable */
    struct baton_tool *tools;
    struct baton_arena *arena;
    const struct baton_source *source;
    struct baton_map tools_by_name;
    struct defaults_form defaults;
    struct baton_error *err;
};

static enum baton_status no_memory(struct load *load)
{
    return baton_error_set(load->err, BATON_ELIMIT, "'%s' needs more memory than is allowed", load->source->name);
}

static enum baton_status read_form(struct load *load, const struct baton_field *rows, size_t count, const char *what,
                                   const struct baton_json *node, void *out)
{
    struct baton_fields fields = { .source = load->source, .rows = rows, .row_count = count, .what = what };
    return baton_fields_read(&fields, node, out, load->err);
}

#define READ_FORM(load, rows, what, node, out) read_form(load, rows, BATON_FIELD_COUNT(rows), what, node, out)

/* ---- small parts ---- */

static enum baton_status read_limits(struct load *load, const struct baton_json *node)
{
    struct limits_form form = { .max_turns = load->agents->profile->max_turns,
                                .max_handoffs = -1,
                                .tool_timeout_ms = 10000 };
    enum baton_status status = node == NULL ? BATON_OK : READ_FORM(load, limits_rows, "'limits'", node, &form);
    load->agents->limits = (struct baton_limits){
        .max_turns = form.max_turns,
        .max_handoffs = form.max_handoffs,
        .tool_timeout_ns = (int64_t)form.tool_timeout_ms * 1000000,
    };
    return status;
}

static enum baton_status read_loops(struct load *load, const struct baton_json *node)
{
    struct loops_form form = { .repeats = BATON_LOOP_REPEATS_DEFAULT, .max_cycle = BATON_LOOP_CYCLE_DEFAULT };
    enum baton_status status = node == NULL ? BATON_OK : READ_FORM(load, loops_rows, "'loops'", node, &form);
    load->agents->loops =
        (struct baton_loop_options){ .repeats = (uint32_t)form.repeats, .max_cycle = (uint32_t)form.max_cycle };
    load->agents->loops_stop = form.action == 1;
    return status;
}

static enum baton_status read_command(struct load *load, const struct baton_json *list, struct baton_command *out)
{
    if (list->count == 0 || list->count > BATON_ARGV_MAX) {
        return baton_source_error(load->source, list->offset, load->err, "'exec' must be a list of 1 to %d words",
                                  BATON_ARGV_MAX);
    }
    const char **argv = baton_arena_array(load->arena, list->count + 1, sizeof *argv);
    const char *folder = baton_path_beside(load->arena, load->source->name, BATON_STR("."));
    if (argv == NULL || folder == NULL) {
        return no_memory(load);
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

static enum baton_status read_history(struct load *load, const struct baton_json *node, struct baton_handoff *handoff)
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

static enum baton_status read_context(struct load *load, const struct baton_json *node, struct baton_handoff *handoff)
{
    struct context_form form = { .exec = NULL };
    enum baton_status status = READ_FORM(load, context_rows, "'context'", node, &form);
    if (status == BATON_OK && (form.exec == NULL) == (form.http == NULL)) {
        return baton_source_error(load->source, node->offset, load->err, "'context' needs one of exec and http");
    }
    if (status != BATON_OK || form.exec != NULL) {
        return status != BATON_OK ? status : read_command(load, form.exec, &handoff->context);
    }
    return baton_tool_http_read(&handoff->context_http, load->arena, load->source, form.http, load->err);
}

static enum baton_status read_schema(struct load *load, const struct baton_json *node)
{
    return node == NULL ? BATON_OK : baton_schema_validate(node, load->source, load->err);
}

/* ---- tools ---- */

static enum baton_status tool_name_check(struct load *load, const struct baton_json *member)
{
    struct baton_str name = member->key;
    if (!baton_tool_name_is_safe(name)) {
        return baton_source_error(load->source, member->key_offset, load->err,
                                  "the tool name '%.*s' must be 1 to %d letters, digits, _ or -, as the providers ask",
                                  (int)name.length, name.data, BATON_TOOL_NAME_BYTES_MAX);
    }
    if (name.length >= strlen(BATON_TRANSFER_PREFIX) &&
        memcmp(name.data, BATON_TRANSFER_PREFIX, strlen(BATON_TRANSFER_PREFIX)) == 0) {
        return baton_source_error(load->source, member->key_offset, load->err,
                                  "the tool name '%.*s' begins with '" BATON_TRANSFER_PREFIX
                                  "', which is reserved for handoffs",
                                  (int)name.length, name.data);
    }
    return BATON_OK;
}

static enum baton_status tool_kind(struct load *load, const struct tool_form *form, const struct baton_json *member,
                                   struct baton_tool *tool)
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
static enum baton_status default_input(struct load *load, const struct baton_json **out)
{
    static const struct baton_source source = {
        .name = "default parameters",
        .text = BATON_STR_INIT(
            "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}"),
    };
    return baton_json_parse(out, load->arena, &source, load->err);
}

static enum baton_status read_tools(struct load *load, const struct baton_json *node)
{
    uint32_t count = node == NULL ? 0 : node->count;
    if (count > BATON_TOOLS_MAX) {
        return baton_source_error(load->source, node->offset, load->err, "more than %d tools", BATON_TOOLS_MAX);
    }
    load->tools = baton_arena_zero(load->arena, (count + 1) * sizeof *load->tools);
    if (load->tools == NULL || !baton_map_init(&load->tools_by_name, load->arena, count)) {
        return no_memory(load);
    }
    load->agents->tools = load->tools;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = node == NULL ? NULL : node->child; member != NULL && status == BATON_OK;
         member = member->next) {
        struct tool_form form = { 0 };
        struct baton_tool *tool = &load->tools[load->agents->tool_count];
        status = tool_name_check(load, member);
        status = status == BATON_OK ? READ_FORM(load, tool_rows, "a tool", member, &form) : status;
        status = status == BATON_OK ? tool_kind(load, &form, member, tool) : status;
        status = status == BATON_OK ? read_schema(load, form.parameters) : status;
        tool->name = member->key;
        tool->description = form.description;
        tool->parameters = form.parameters;
        if (status == BATON_OK && tool->kind == BATON_TOOL_AGENT && tool->parameters == NULL) {
            status = default_input(load, &tool->parameters);
        }
        baton_map_put(&load->tools_by_name, tool->name, load->agents->tool_count++);
    }
    return status;
}

/* ---- handoffs ---- */

static enum baton_status describe(struct load *load, struct baton_handoff *handoff)
{
    const struct baton_agent *target = &load->list[handoff->target];
    struct baton_str parts[] = { target->name, target->description };
    handoff->description = baton_template_fill(load->arena, load->agents->profile->description_template,
                                               (const char *[]){ "name", "description" }, parts, 2);
    return handoff->description.data == NULL ? no_memory(load) : BATON_OK;
}

static enum baton_status name_handoff(struct load *load, struct baton_handoff *handoff, const struct handoff_form *form,
                                      const struct baton_json *node)
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
    return handoff->tool_name.data == NULL ? no_memory(load) : BATON_OK;
}

static enum baton_status read_handoff(struct load *load, const struct baton_json *node, struct baton_handoff *handoff)
{
    struct handoff_form form = { .enabled = true };
    enum baton_status status = BATON_OK;
    if (node->type == BATON_JSON_STRING) {
        form.agent = node->text;
    } else {
        status = READ_FORM(load, handoff_rows, "a handoff", node, &form);
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
    if (status == BATON_OK) {
        handoff->description = form.description;
        status = form.description.data != NULL ? BATON_OK : describe(load, handoff);
    }
    status = status == BATON_OK ? read_schema(load, form.input) : status;
    status = status == BATON_OK ? read_history(load, form.history, handoff) : status;
    return status == BATON_OK && form.context != NULL ? read_context(load, form.context, handoff) : status;
}

/* ---- agents ---- */

static enum baton_status put_callable(struct load *load, struct baton_agent *agent, struct baton_str name,
                                      uint32_t value, const struct baton_json *node)
{
    if (baton_map_put(&agent->callables, name, value) == value) {
        return BATON_OK;
    }
    return baton_source_error(load->source, node->offset, load->err,
                              "the agent '%.*s' has two tools named '%.*s'; give one another name",
                              (int)agent->name.length, agent->name.data, (int)name.length, name.data);
}

static enum baton_status unknown_tool(struct load *load, const struct baton_json *node)
{
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, node->text);
    for (uint32_t i = 0; i < load->agents->tool_count; i++) {
        baton_suggest_offer(&suggest, load->tools[i].name);
    }
    char hint[BATON_SUGGEST_TEXT_BYTES];
    return baton_source_error(load->source, node->offset, load->err, "unknown tool '%.*s'%s", (int)node->text.length,
                              node->text.data, baton_suggest_text(&suggest, hint));
}

static enum baton_status link_tools(struct load *load, struct baton_agent *agent, const struct baton_json *list)
{
    uint32_t *tools = baton_arena_array(load->arena, (list == NULL ? 0 : list->count) + 1, sizeof *tools);
    if (tools == NULL) {
        return no_memory(load);
    }
    agent->tools = tools;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL && status == BATON_OK;
         node = node->next) {
        if (node->type != BATON_JSON_STRING) {
            return baton_type_error(load->source, node, "each of 'tools'", "a tool's name", load->err);
        }
        tools[agent->tool_count] = baton_map_get(&load->tools_by_name, node->text);
        if (tools[agent->tool_count] == BATON_NONE) {
            return unknown_tool(load, node);
        }
        status = put_callable(load, agent, node->text, agent->tool_count, node);
        agent->tool_count++;
    }
    return status;
}

static enum baton_status link_handoffs(struct load *load, struct baton_agent *agent, const struct baton_json *list)
{
    struct baton_handoff *handoffs =
        baton_arena_array(load->arena, (list == NULL ? 0 : list->count) + 1, sizeof *handoffs);
    if (handoffs == NULL) {
        return no_memory(load);
    }
    agent->handoffs = handoffs;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL && status == BATON_OK;
         node = node->next) {
        struct baton_handoff *handoff = &handoffs[agent->handoff_count];
        status = read_handoff(load, node, handoff);
        if (status == BATON_OK) {
            status = put_callable(load, agent, handoff->tool_name, agent->tool_count + agent->handoff_count, node);
            agent->handoff_count++;
        }
    }
    return status;
}

/* A key never stands in a file: only the name of the variable that holds it. `owner` has the member. */
static enum baton_status check_key(struct load *load, const struct baton_json *owner, struct baton_str key)
{
    static const char letters[] = "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (key.length == 0 || (key.data[0] == '$' && key.length > 1 && strchr("0123456789", key.data[1]) == NULL &&
                            strspn(key.data + 1, letters) >= key.length - 1)) {
        return BATON_OK;
    }
    return baton_source_error(load->source, baton_json_get(owner, "api_key")->offset, load->err,
                              "'api_key' must name a variable of the environment, as '$MY_KEY'; a key itself must not "
                              "stand in a file");
}

/* First pass: names and plain fields, so that everything else may refer to any agent. */
static enum baton_status read_agents(struct load *load, const struct baton_json *node, struct agent_form *forms)
{
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = node->child; member != NULL && status == BATON_OK; member = member->next) {
        uint32_t i = load->agents->count++;
        struct baton_agent *agent = &load->list[i];
        forms[i] = (struct agent_form){ .model = load->defaults.model,
                                        .provider = load->defaults.provider,
                                        .base_url = load->defaults.base_url,
                                        .api_key = load->defaults.api_key };
        if (member->key.length == 0 || member->key.data[0] == '@') {
            return baton_source_error(load->source, member->key_offset, load->err,
                                      "an agent's name must not be empty or begin with '@'");
        }
        status = READ_FORM(load, agent_rows, "an agent", member, &forms[i]);
        if (status == BATON_OK && forms[i].parallel != NULL && forms[i].parallel->type != BATON_JSON_BOOLEAN) {
            status =
                baton_type_error(load->source, forms[i].parallel, "'parallel_tool_calls'", "true or false", load->err);
        }
        if (status == BATON_OK && baton_json_get(member, "api_key") != NULL) {
            status = check_key(load, member, forms[i].api_key);
        }
        agent->name = member->key;
        agent->description = forms[i].description;
        agent->instructions = forms[i].instructions;
        agent->model = forms[i].model;
        agent->provider = forms[i].provider;
        agent->base_url = forms[i].base_url;
        agent->key_variable = forms[i].api_key.length == 0
                                  ? BATON_STR("")
                                  : (struct baton_str){ forms[i].api_key.data + 1, forms[i].api_key.length - 1 };
        agent->tool_choice = forms[i].tool_choice;
        agent->parallel_tool_calls = forms[i].parallel == NULL ? -1 : forms[i].parallel->boolean;
        baton_map_put(&load->agents->by_name, agent->name, i);
    }
    return status;
}

static enum baton_status link_agents(struct load *load, const struct agent_form *forms)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < load->agents->count && status == BATON_OK; i++) {
        struct baton_agent *agent = &load->list[i];
        uint32_t callables = (forms[i].tools == NULL ? 0 : forms[i].tools->count) +
                             (forms[i].handoffs == NULL ? 0 : forms[i].handoffs->count);
        if (!baton_map_init(&agent->callables, load->arena, callables)) {
            return no_memory(load);
        }
        status = link_tools(load, agent, forms[i].tools);
        status = status == BATON_OK ? link_handoffs(load, agent, forms[i].handoffs) : status;
    }
    return status;
}

static enum baton_status read_prices(struct load *load, const struct baton_json *node)
{
    struct baton_price *prices = baton_arena_zero(load->arena, ((node == NULL ? 0 : node->count) + 1) * sizeof *prices);
    if (prices == NULL) {
        return no_memory(load);
    }
    load->agents->prices = prices;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = node == NULL ? NULL : node->child; member != NULL && status == BATON_OK;
         member = member->next) {
        struct baton_price *price = &prices[load->agents->price_count++];
        price->model = member->key;
        status = READ_FORM(load, price_rows, "a price", member, price);
    }
    return status;
}

/* Breadth-first from each agent; handoffs switched off in the file do not count. */
static enum baton_status measure_distances(struct load *load)
{
    uint32_t count = load->agents->count;
    uint16_t *distances = baton_arena_array(load->arena, (size_t)count * count, sizeof *distances);
    uint32_t *queue = baton_arena_array(load->arena, count, sizeof *queue);
    if (distances == NULL || queue == NULL) {
        return no_memory(load);
    }
    memset(distances, 0xff, (size_t)count * count * sizeof *distances);
    for (uint32_t from = 0; from < count; from++) {
        uint16_t *row = distances + (size_t)from * count;
        uint32_t head = 0, tail = 0;
        row[from] = 0;
        queue[tail++] = from;
        while (head < tail) {
            const struct baton_agent *agent = &load->list[queue[head]];
            uint16_t hops = (uint16_t)(row[queue[head++]] + 1);
            for (uint32_t h = 0; h < agent->handoff_count; h++) {
                uint32_t to = agent->handoffs[h].target;
                if (agent->handoffs[h].is_enabled && row[to] == BATON_DISTANCE_NONE) {
                    row[to] = hops;
                    queue[tail++] = to;
                }
            }
        }
    }
    load->agents->distances = distances;
    return BATON_OK;
}

static enum baton_status choose_profile(struct load *load, const struct baton_json *root, struct baton_str name,
                                        const struct baton_profile *forced)
{
    load->agents->profile = forced != NULL     ? forced
                            : name.length == 0 ? baton_profile_default()
                                               : baton_profile_find(name);
    if (load->agents->profile != NULL) {
        return BATON_OK;
    }
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; baton_profile_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_profile_at(i)->name));
    }
    char hint[BATON_SUGGEST_TEXT_BYTES];
    return baton_source_error(load->source, baton_json_get(root, "profile")->offset, load->err,
                              "unknown profile '%.*s'; this version knows 'baton'%s", (int)name.length, name.data,
                              baton_suggest_text(&suggest, hint));
}

static enum baton_status read_all_agents(struct load *load, const struct file_form *form)
{
    uint32_t count = form->agents->count;
    if (count == 0 || count > BATON_AGENTS_MAX) {
        return baton_source_error(load->source, form->agents->offset, load->err, "'agents' must hold 1 to %d agents",
                                  BATON_AGENTS_MAX);
    }
    struct agent_form *forms = baton_arena_array(load->arena, count, sizeof *forms);
    load->list = baton_arena_zero(load->arena, count * sizeof *load->list);
    if (forms == NULL || load->list == NULL || !baton_map_init(&load->agents->by_name, load->arena, count)) {
        return no_memory(load);
    }
    load->agents->list = load->list;
    enum baton_status status = read_agents(load, form->agents, forms);
    status = status == BATON_OK ? read_tools(load, form->tools) : status;
    status = status == BATON_OK ? link_agents(load, forms) : status;
    return status == BATON_OK ? measure_distances(load) : status;
}

enum baton_status baton_agents_parse(struct baton_agents **out, struct baton_arena *arena,
                                     const struct baton_source *source, const struct baton_json *root,
                                     const struct baton_profile *profile, struct baton_error *err)
{
    *out = NULL;
    struct load load = { .arena = arena, .source = source, .err = err };
    load.agents = baton_arena_zero(arena, sizeof *load.agents);
    if (load.agents == NULL) {
        return no_memory(&load);
    }
    struct file_form form = { 0 };
    load.agents->source = *source;
    load.agents->digest = baton_hash128(source->text.data, source->text.length);
    enum baton_status status = READ_FORM(&load, file_rows, "an agents file", root, &form);
    status = status == BATON_OK ? choose_profile(&load, root, form.profile, profile) : status;
    status = status == BATON_OK ? read_limits(&load, form.limits) : status;
    status = status == BATON_OK ? read_loops(&load, form.loops) : status;
    status = status == BATON_OK && form.defaults != NULL
                 ? READ_FORM(&load, defaults_rows, "'defaults'", form.defaults, &load.defaults)
                 : status;
    if (status == BATON_OK && load.defaults.api_key.length > 0) {
        status = check_key(&load, form.defaults, load.defaults.api_key);
    }
    status = status == BATON_OK ? read_all_agents(&load, &form) : status;
    status = status == BATON_OK ? read_prices(&load, form.prices) : status;
    if (status == BATON_OK) {
        load.agents->on_handoff_stop = form.on_handoff == 1;
        load.agents->entry = baton_agents_find(load.agents, form.entry);
        if (load.agents->entry == BATON_NONE) {
            status = baton_agents_unknown(load.agents, form.entry, source, baton_json_get(root, "entry")->offset, err);
        }
    }
    *out = status == BATON_OK ? load.agents : NULL;
    return status;
}

enum baton_status baton_agents_load(struct baton_agents **out, struct baton_arena *arena, const char *path,
                                    const struct baton_profile *profile, struct baton_error *err)
{
    *out = NULL;
    struct baton_source source;
    const struct baton_json *root;
    enum baton_status status = baton_document_load(&root, &source, arena, path, err);
    return status == BATON_OK ? baton_agents_parse(out, arena, &source, root, profile, err) : status;
}
