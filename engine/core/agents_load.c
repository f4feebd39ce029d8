/* Reads an agents file into structs that the run loop can use as they are. Two passes over the agents: the first takes names and
 * plain fields, so that handoffs and tools, read in the second, may refer to any agent, also to a later one. All that can be wrong
 * in a file is found here and told with its place; what the loader has let through is never checked again. Each object is read by a
 * table of its fields into a form, a struct of the file's own shape, and from there into what it means.
 */
#include "engine/base/document.h"
#include "engine/base/suggest.h"
#include "engine/core/agents_callables.h"

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

struct agent_form {
    struct baton_str description, instructions, model, provider, base_url, api_key, tool_choice;
    const struct baton_json *handoffs, *tools, *parallel;
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
    { "provider", NULL, BATON_FIELD_TEXT, ROW(baton_agents_defaults, provider, 0) },
    { "model", NULL, BATON_FIELD_TEXT, ROW(baton_agents_defaults, model, 0) },
    { "base_url", NULL, BATON_FIELD_TEXT, ROW(baton_agents_defaults, base_url, 0) },
    { "api_key", NULL, BATON_FIELD_TEXT, ROW(baton_agents_defaults, api_key, 0) },
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

static const struct baton_field price_rows[] = {
    { "in", NULL, BATON_FIELD_NUMBER, ROW(baton_price, in, .low = 0, .high = 1000000) },
    { "cached", NULL, BATON_FIELD_NUMBER, ROW(baton_price, cached, .low = 0, .high = 1000000) },
    { "cache_write", "cacheWrite", BATON_FIELD_NUMBER, ROW(baton_price, cache_write, .low = 0, .high = 1000000) },
    { "out", NULL, BATON_FIELD_NUMBER, ROW(baton_price, out, .low = 0, .high = 1000000) },
};

/* ---- limits and loops ---- */

static enum baton_status read_limits(struct baton_agents_load *load, const struct baton_json *node)
{
    struct limits_form form = { .max_turns = load->agents->profile->max_turns,
                                .max_handoffs = -1,
                                .tool_timeout_ms = 10000 };
    enum baton_status status = node == NULL ? BATON_OK : BATON_AGENTS_READ(load, limits_rows, "'limits'", node, &form);
    load->agents->limits = (struct baton_limits){
        .max_turns = form.max_turns,
        .max_handoffs = form.max_handoffs,
        .tool_timeout_ns = (int64_t)form.tool_timeout_ms * 1000000,
    };
    return status;
}

static enum baton_status read_loops(struct baton_agents_load *load, const struct baton_json *node)
{
    struct loops_form form = { .repeats = BATON_LOOP_REPEATS_DEFAULT, .max_cycle = BATON_LOOP_CYCLE_DEFAULT };
    enum baton_status status = node == NULL ? BATON_OK : BATON_AGENTS_READ(load, loops_rows, "'loops'", node, &form);
    load->agents->loops =
        (struct baton_loop_options){ .repeats = (uint32_t)form.repeats, .max_cycle = (uint32_t)form.max_cycle };
    load->agents->loops_stop = form.action == 1;
    return status;
}

/* ---- agents ---- */

static enum baton_status put_callable(struct baton_agents_load *load, struct baton_agent *agent, struct baton_str name,
                                      uint32_t value, const struct baton_json *node)
{
    if (baton_map_put(&agent->callables, name, value) == value) {
        return BATON_OK;
    }
    return baton_source_error(load->source, node->offset, load->err,
                              "the agent '%.*s' has two tools named '%.*s'; give one another name",
                              (int)agent->name.length, agent->name.data, (int)name.length, name.data);
}

static enum baton_status unknown_tool(struct baton_agents_load *load, const struct baton_json *node)
{
    struct baton_suggest suggest;
    baton_suggest_init(&suggest, node->text);
    for (uint32_t i = 0; i < load->agents->tool_count; i++) {
        baton_suggest_offer(&suggest, load->tools[i].name);
    }
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    return baton_source_error(load->source, node->offset, load->err, "%s",
                              baton_suggest_unknown(&suggest, "tool", "", text));
}

static enum baton_status link_tools(struct baton_agents_load *load, struct baton_agent *agent,
                                    const struct baton_json *list)
{
    uint32_t *tools = baton_arena_array(load->arena, (list == NULL ? 0 : list->count) + 1, sizeof *tools);
    if (tools == NULL) {
        return baton_agents_no_memory(load);
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

static enum baton_status link_handoffs(struct baton_agents_load *load, struct baton_agent *agent,
                                       const struct baton_json *list)
{
    struct baton_handoff *handoffs =
        baton_arena_array(load->arena, (list == NULL ? 0 : list->count) + 1, sizeof *handoffs);
    if (handoffs == NULL) {
        return baton_agents_no_memory(load);
    }
    agent->handoffs = handoffs;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *node = list == NULL ? NULL : list->child; node != NULL && status == BATON_OK;
         node = node->next) {
        struct baton_handoff *handoff = &handoffs[agent->handoff_count];
        status = baton_agents_read_handoff(load, node, handoff);
        if (status == BATON_OK) {
            status = put_callable(load, agent, handoff->tool_name, agent->tool_count + agent->handoff_count, node);
            agent->handoff_count++;
        }
    }
    return status;
}

/* A key never stands in a file: only the name of the variable that holds it. `owner` has the member. */
static enum baton_status check_key(struct baton_agents_load *load, const struct baton_json *owner, struct baton_str key)
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
static enum baton_status read_agents(struct baton_agents_load *load, const struct baton_json *node,
                                     struct agent_form *forms)
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
        status = BATON_AGENTS_READ(load, agent_rows, "an agent", member, &forms[i]);
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
        agent->key_variable = baton_str_after(forms[i].api_key, 1); /* behind the $ */
        agent->tool_choice = forms[i].tool_choice;
        agent->parallel_tool_calls = forms[i].parallel == NULL ? -1 : forms[i].parallel->boolean;
        baton_map_put(&load->agents->by_name, agent->name, i);
    }
    return status;
}

static enum baton_status link_agents(struct baton_agents_load *load, const struct agent_form *forms)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < load->agents->count && status == BATON_OK; i++) {
        struct baton_agent *agent = &load->list[i];
        uint32_t callables = (forms[i].tools == NULL ? 0 : forms[i].tools->count) +
                             (forms[i].handoffs == NULL ? 0 : forms[i].handoffs->count);
        if (!baton_map_init(&agent->callables, load->arena, callables)) {
            return baton_agents_no_memory(load);
        }
        status = link_tools(load, agent, forms[i].tools);
        status = status == BATON_OK ? link_handoffs(load, agent, forms[i].handoffs) : status;
    }
    return status;
}

static enum baton_status read_prices(struct baton_agents_load *load, const struct baton_json *node)
{
    struct baton_price *prices = baton_arena_zero(load->arena, ((node == NULL ? 0 : node->count) + 1) * sizeof *prices);
    if (prices == NULL) {
        return baton_agents_no_memory(load);
    }
    load->agents->prices = prices;
    enum baton_status status = BATON_OK;
    for (const struct baton_json *member = node == NULL ? NULL : node->child; member != NULL && status == BATON_OK;
         member = member->next) {
        struct baton_price *price = &prices[load->agents->price_count++];
        price->model = member->key;
        status = BATON_AGENTS_READ(load, price_rows, "a price", member, price);
    }
    return status;
}

/* Breadth-first from each agent; handoffs switched off in the file do not count. */
static enum baton_status measure_distances(struct baton_agents_load *load)
{
    uint32_t count = load->agents->count;
    uint16_t *distances = baton_arena_array(load->arena, (size_t)count * count, sizeof *distances);
    uint32_t *queue = baton_arena_array(load->arena, count, sizeof *queue);
    if (distances == NULL || queue == NULL) {
        return baton_agents_no_memory(load);
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

static enum baton_status choose_profile(struct baton_agents_load *load, const struct baton_json *root,
                                        struct baton_str name, const struct baton_profile *forced)
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
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    return baton_source_error(load->source, baton_json_get(root, "profile")->offset, load->err, "%s",
                              baton_suggest_unknown(&suggest, "profile", "; this version knows 'baton'", text));
}

static enum baton_status read_all_agents(struct baton_agents_load *load, const struct file_form *form)
{
    uint32_t count = form->agents->count;
    if (count == 0 || count > BATON_AGENTS_MAX) {
        return baton_source_error(load->source, form->agents->offset, load->err, "'agents' must hold 1 to %d agents",
                                  BATON_AGENTS_MAX);
    }
    struct agent_form *forms = baton_arena_array(load->arena, count, sizeof *forms);
    load->list = baton_arena_zero(load->arena, count * sizeof *load->list);
    if (forms == NULL || load->list == NULL || !baton_map_init(&load->agents->by_name, load->arena, count)) {
        return baton_agents_no_memory(load);
    }
    load->agents->list = load->list;
    enum baton_status status = read_agents(load, form->agents, forms);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_agents_read_tools(load, form->tools);
    if (status != BATON_OK) {
        return status;
    }
    status = link_agents(load, forms);
    if (status != BATON_OK) {
        return status;
    }
    return measure_distances(load);
}

/* What is said for all agents, and must be known before them. */
static enum baton_status read_settings(struct baton_agents_load *load, const struct file_form *form)
{
    enum baton_status status = read_limits(load, form->limits);
    if (status != BATON_OK) {
        return status;
    }
    status = read_loops(load, form->loops);
    if (status != BATON_OK) {
        return status;
    }
    if (form->defaults == NULL) {
        return BATON_OK;
    }
    status = BATON_AGENTS_READ(load, defaults_rows, "'defaults'", form->defaults, &load->defaults);
    if (status != BATON_OK) {
        return status;
    }
    return check_key(load, form->defaults, load->defaults.api_key);
}

static enum baton_status read_file(struct baton_agents_load *load, const struct baton_json *root,
                                   const struct baton_profile *profile)
{
    struct file_form form = { 0 };
    enum baton_status status = BATON_AGENTS_READ(load, file_rows, "an agents file", root, &form);
    if (status != BATON_OK) {
        return status;
    }
    status = choose_profile(load, root, form.profile, profile);
    if (status != BATON_OK) {
        return status;
    }
    status = read_settings(load, &form);
    if (status != BATON_OK) {
        return status;
    }
    status = read_all_agents(load, &form);
    if (status != BATON_OK) {
        return status;
    }
    status = read_prices(load, form.prices);
    if (status != BATON_OK) {
        return status;
    }
    load->agents->on_handoff_stop = form.on_handoff == 1;
    load->agents->entry = baton_agents_find(load->agents, form.entry);
    return load->agents->entry != BATON_NONE ? BATON_OK
                                             : baton_agents_unknown(load->agents, form.entry, load->source,
                                                                    baton_json_get(root, "entry")->offset, load->err);
}

enum baton_status baton_agents_parse(struct baton_agents **out, struct baton_arena *arena,
                                     const struct baton_source *source, const struct baton_json *root,
                                     const struct baton_profile *profile, struct baton_error *err)
{
    *out = NULL;
    struct baton_agents_load load = { .arena = arena, .source = source, .err = err };
    load.agents = baton_arena_zero(arena, sizeof *load.agents);
    if (load.agents == NULL) {
        return baton_agents_no_memory(&load);
    }
    load.agents->source = *source;
    load.agents->digest = baton_hash128(source->text.data, source->text.length);
    enum baton_status status = read_file(&load, root, profile);
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
