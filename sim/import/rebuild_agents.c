/* rebuild_agents.c - writes the agents file of an import.
 *
 * A recording says who was asked and what they were offered, but not which of the tools hand over: that shows only in who was
 * asked next, or in a name that begins with `transfer_to_`. A handoff that was offered and never taken still needs a target,
 * so agents come up while the file is written (targets) and are written after those of the recording. Schemas are kept only
 * where all that was recorded fits them, as a replay would otherwise refuse what was taken then.
 */
#include "sim/import/rebuild_agents.h"

#include "engine/base/grow.h"
#include "engine/base/json_writer.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <ctype.h>
#include <string.h>

struct listing {
    struct baton_rebuilt_agents *agents;
    struct baton_json_writer json;
    struct baton_error *err;
    const struct baton_trace_tool **tools; /* of the agent at hand, or of all */
    uint32_t tool_count, tool_capacity;
};

static enum baton_status no_memory(const struct baton_rebuilt_agents *agents, struct baton_error *err)
{
    return baton_error_set(err, BATON_ELIMIT, "the agents of '%s' need more memory than is allowed", agents->name);
}

struct baton_str baton_rebuilt_agents_name(const struct baton_rebuilt_agents *agents, uint32_t agent)
{
    const struct baton_joined *joined = agents->joined;
    return agent < joined->agent_count ? joined->agents[agent].name : agents->targets[agent - joined->agent_count];
}

static uint32_t count_agents(const struct baton_rebuilt_agents *agents)
{
    return agents->joined->agent_count + agents->target_count;
}

/* Merged with another, which is written in its place. */
static bool is_gone(const struct baton_rebuilt_agents *agents, uint32_t agent)
{
    return agent < agents->joined->agent_count && agents->joined->agents[agent].is_merged;
}

/* ---- handoffs ---- */

/* Letters and digits alone count. */
static bool is_alike(struct baton_str a, struct baton_str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.length && !isalnum((unsigned char)a.data[i])) {
            i++;
        }
        while (k < b.length && !isalnum((unsigned char)b.data[k])) {
            k++;
        }
        if (i == a.length || k == b.length) {
            return i == a.length && k == b.length;
        }
        if (tolower((unsigned char)a.data[i++]) != tolower((unsigned char)b.data[k++])) {
            return false;
        }
    }
}

static enum baton_status two_targets(const struct baton_rebuilt_agents *agents, struct baton_str tool, uint32_t one,
                                     uint32_t other, struct baton_error *err)
{
    struct baton_str first = baton_rebuilt_agents_name(agents, one), second = baton_rebuilt_agents_name(agents, other);
    return baton_error_set(err, BATON_EINPUT,
                           "'%s': the tool '%.*s' hands over to '%.*s' and to '%.*s'; a handoff of an agents "
                           "file has one target",
                           agents->name, BATON_STR_ARGS(tool), BATON_STR_ARGS(first), BATON_STR_ARGS(second));
}

/* Where a tool led in the recording: the agent's own calls count first; BATON_NONE where it was never taken. */
static enum baton_status recorded_target(struct baton_rebuilt_agents *agents, uint32_t agent, struct baton_str tool,
                                         bool is_own, uint32_t *target, struct baton_error *err)
{
    const struct baton_joined *joined = agents->joined;
    *target = BATON_NONE;
    for (uint32_t i = 0; i < joined->count; i++) {
        const struct baton_joined_call *call = &joined->calls[i];
        const struct baton_reply *reply = &call->recorded->reply;
        for (uint32_t k = 0; k < reply->call_count && (call->agent == agent) == is_own; k++) {
            const struct baton_outcome *outcome = &call->outcomes[k];
            if (outcome->kind != BATON_OUTCOME_HANDOFF || !baton_str_equal(reply->calls[k].name, tool)) {
                continue;
            }
            if (is_own && *target != BATON_NONE && *target != outcome->agent) {
                return two_targets(agents, tool, *target, outcome->agent, err);
            }
            *target = *target == BATON_NONE ? outcome->agent : *target;
        }
    }
    return BATON_OK;
}

/* An agent of that name, a new one where there is none; BATON_NONE when out of memory. */
static uint32_t named_agent(struct baton_rebuilt_agents *agents, struct baton_str name)
{
    uint32_t count = count_agents(agents);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_gone(agents, i) && is_alike(baton_rebuilt_agents_name(agents, i), name)) {
            return i;
        }
    }
    struct baton_str *targets = baton_grow_arena(agents->arena, agents->targets, agents->target_count,
                                                 &agents->target_capacity, sizeof *targets);
    if (targets == NULL) {
        return BATON_NONE;
    }
    agents->targets = targets;
    agents->targets[agents->target_count++] = name;
    return count;
}

enum baton_status baton_rebuilt_agents_handoff(struct baton_rebuilt_agents *agents, uint32_t agent,
                                               struct baton_str tool, bool *is_handoff, uint32_t *target,
                                               struct baton_error *err)
{
    bool is_transfer = baton_str_starts(tool, BATON_TRANSFER_PREFIX);
    enum baton_status status = recorded_target(agents, agent, tool, true, target, err);
    *is_handoff = is_transfer || *target != BATON_NONE;
    if (status != BATON_OK || !is_transfer || *target != BATON_NONE) {
        return status;
    }
    status = recorded_target(agents, agent, tool, false, target, err);
    if (status == BATON_OK && *target == BATON_NONE) {
        struct baton_str name = baton_str_after(tool, strlen(BATON_TRANSFER_PREFIX));
        *target = named_agent(agents, name.length > 0 ? name : BATON_STR("nobody"));
        status = *target == BATON_NONE ? no_memory(agents, err) : BATON_OK;
    }
    return status;
}

/* ---- tools on offer ---- */

static bool list_tool(struct listing *listing, const struct baton_trace_tool *tool)
{
    for (uint32_t i = 0; i < listing->tool_count; i++) {
        if (baton_str_equal(listing->tools[i]->name, tool->name)) {
            return true;
        }
    }
    const struct baton_trace_tool **tools = baton_grow_arena(
        listing->agents->arena, listing->tools, listing->tool_count, &listing->tool_capacity, sizeof(*tools));
    if (tools == NULL) {
        return false;
    }
    listing->tools = tools;
    listing->tools[listing->tool_count++] = tool;
    return true;
}

/* A handoff that was taken without being offered. */
static bool list_taken(struct listing *listing, struct baton_str name)
{
    struct baton_trace_tool *tool = baton_arena_zero(listing->agents->arena, sizeof *tool);
    if (tool == NULL) {
        return false;
    }
    tool->name = name;
    tool->description = BATON_STR("");
    return list_tool(listing, tool);
}

/* All tools that an agent was ever offered, and the handoffs that it took without being offered them. */
static bool list_of_agent(struct listing *listing, uint32_t agent)
{
    const struct baton_joined *joined = listing->agents->joined;
    bool fits = true;
    listing->tool_count = 0;
    for (uint32_t i = 0; i < joined->count && fits; i++) {
        const struct baton_joined_call *call = &joined->calls[i];
        const struct baton_trace_call *recorded = call->recorded;
        if (call->agent != agent) {
            continue;
        }
        for (uint32_t k = 0; k < recorded->asked.tool_count && fits; k++) {
            fits = list_tool(listing, &recorded->asked.tools[k]);
        }
        for (uint32_t k = 0; k < recorded->reply.call_count && fits; k++) {
            if (call->outcomes[k].kind == BATON_OUTCOME_HANDOFF) {
                fits = list_taken(listing, recorded->reply.calls[k].name);
            }
        }
    }
    return fits;
}

/* ---- schemas ---- */

static bool arguments_fit(struct baton_rebuilt_agents *agents, const struct baton_tool_call *call,
                          const struct baton_json *schema)
{
    struct baton_arena_mark mark = baton_arena_mark(agents->arena);
    const struct baton_source source = { .name = "arguments",
                                         .line_first = 1,
                                         .text = call->arguments.length == 0 ? BATON_STR("{}") : call->arguments };
    const struct baton_json *root;
    struct baton_error ignored;
    char reason[64];
    bool fits = baton_json_parse(&root, agents->arena, &source, &ignored) != BATON_OK ||
                baton_schema_check(schema, root, agents->arena, reason, sizeof reason);
    baton_arena_rollback(agents->arena, mark);
    return fits;
}

/* Whether all recorded arguments fit, so that a replay does not refuse what was taken then. */
static bool all_arguments_fit(struct baton_rebuilt_agents *agents, struct baton_str tool,
                              const struct baton_json *schema)
{
    const struct baton_joined *joined = agents->joined;
    const struct baton_source none = { .name = "schema", .line_first = 1, .text = { "", 0 } };
    struct baton_error ignored;
    bool fits = baton_schema_validate(schema, &none, &ignored) == BATON_OK;
    for (uint32_t i = 0; i < joined->count && fits; i++) {
        const struct baton_reply *reply = &joined->calls[i].recorded->reply;
        for (uint32_t k = 0; k < reply->call_count && fits; k++) {
            fits = !baton_str_equal(reply->calls[k].name, tool) || arguments_fit(agents, &reply->calls[k], schema);
        }
    }
    return fits;
}

static bool is_written_alike(const struct baton_json *a, const struct baton_json *b)
{
    struct baton_text x = baton_text_with_limit(BATON_FILE_BYTES_MAX), y = x;
    if (a == NULL || b == NULL) {
        return a == b;
    }
    baton_json_write(&x, a);
    baton_json_write(&y, b);
    bool is_alike = baton_str_equal(baton_text_str(&x), baton_text_str(&y));
    baton_text_clear(&x);
    baton_text_clear(&y);
    return is_alike;
}

/* Agents may have been offered different tools of one name; an agents file has one of them. */
static bool is_one_everywhere(const struct baton_joined *joined, const struct baton_trace_tool *tool)
{
    for (uint32_t i = 0; i < joined->count; i++) {
        const struct baton_trace_request *asked = &joined->calls[i].recorded->asked;
        for (uint32_t k = 0; k < asked->tool_count; k++) {
            const struct baton_trace_tool *other = &asked->tools[k];
            if (baton_str_equal(other->name, tool->name) && !is_written_alike(other->parameters, tool->parameters)) {
                return false;
            }
        }
    }
    return true;
}

static void put_schema(struct listing *listing, const char *key, const struct baton_trace_tool *tool)
{
    baton_jw_key(&listing->json, key);
    if (tool->parameters != NULL && is_one_everywhere(listing->agents->joined, tool) &&
        all_arguments_fit(listing->agents, tool->name, tool->parameters)) {
        baton_jw_raw(&listing->json, BATON_STR(""));
        baton_json_write(listing->json.out, tool->parameters);
    } else {
        baton_jw_raw(&listing->json, BATON_STR("{\"type\":\"object\"}"));
    }
}

/* ---- writing ---- */

static void put_given(struct listing *listing, const char *key, struct baton_str text)
{
    if (text.length > 0) {
        baton_jw_put_str(&listing->json, key, text);
    }
}

static bool has_properties(const struct baton_json *schema)
{
    const struct baton_json *properties = schema == NULL ? NULL : baton_json_get(schema, "properties");
    return properties != NULL && properties->type == BATON_JSON_OBJECT && properties->count > 0;
}

static void put_handoff(struct listing *listing, const struct baton_trace_tool *tool, uint32_t target)
{
    baton_jw_open(&listing->json, '{');
    put_given(listing, "agent", baton_rebuilt_agents_name(listing->agents, target));
    put_given(listing, "description", tool->description);
    put_given(listing, "tool", tool->name);
    if (has_properties(tool->parameters)) {
        put_schema(listing, "input", tool);
    }
    baton_jw_close(&listing->json, '}');
}

/* One of the two lists of an agent, of what was listed for it. */
static enum baton_status put_callables(struct listing *listing, uint32_t agent, bool wants_handoffs)
{
    enum baton_status status = BATON_OK;
    baton_jw_put_open(&listing->json, wants_handoffs ? "handoffs" : "tools", '[');
    for (uint32_t i = 0; i < listing->tool_count && status == BATON_OK; i++) {
        const struct baton_trace_tool *tool = listing->tools[i];
        bool is_handoff;
        uint32_t target;
        status = baton_rebuilt_agents_handoff(listing->agents, agent, tool->name, &is_handoff, &target, listing->err);
        if (status != BATON_OK || is_handoff != wants_handoffs) {
            continue;
        }
        if (is_handoff) {
            put_handoff(listing, tool, target);
        } else {
            baton_jw_str(&listing->json, tool->name);
        }
    }
    baton_jw_close(&listing->json, ']');
    return status;
}

/* An agent that was asked. */
static enum baton_status put_agent(struct listing *listing, uint32_t agent)
{
    const struct baton_joined *joined = listing->agents->joined;
    const struct baton_trace_call *first = joined->calls[joined->agents[agent].first_call].recorded;
    put_given(listing, "instructions", joined->agents[agent].instructions);
    put_given(listing, "provider", baton_str_of(first->traffic.codec->name));
    put_given(listing, "model", first->asked.model);
    if (!list_of_agent(listing, agent)) {
        return no_memory(listing->agents, listing->err);
    }
    enum baton_status status = put_callables(listing, agent, true);
    return status == BATON_OK ? put_callables(listing, agent, false) : status;
}

static enum baton_status put_agents(struct listing *listing)
{
    struct baton_rebuilt_agents *agents = listing->agents;
    enum baton_status status = BATON_OK;
    baton_jw_put_open(&listing->json, "agents", '{');
    for (uint32_t i = 0; i < count_agents(agents) && status == BATON_OK; i++) { /* targets are added on the way */
        if (is_gone(agents, i)) {
            continue;
        }
        baton_jw_key_str(&listing->json, baton_rebuilt_agents_name(agents, i));
        baton_jw_open(&listing->json, '{');
        if (i < agents->joined->agent_count) {
            status = put_agent(listing, i);
        } else {
            baton_jw_put_string(&listing->json, "description", "Never asked in the recording.");
        }
        baton_jw_close(&listing->json, '}');
    }
    baton_jw_close(&listing->json, '}');
    return status;
}

/* The one agent that ran as the tool each time, or BATON_NONE. */
static uint32_t runs_as(const struct baton_joined *joined, struct baton_str tool)
{
    uint32_t agent = BATON_NONE;
    for (uint32_t i = 0; i < joined->count; i++) {
        const struct baton_reply *reply = &joined->calls[i].recorded->reply;
        for (uint32_t k = 0; k < reply->call_count; k++) {
            const struct baton_outcome *outcome = &joined->calls[i].outcomes[k];
            if (!baton_str_equal(reply->calls[k].name, tool)) {
                continue;
            }
            if (outcome->kind != BATON_OUTCOME_RUN || (agent != BATON_NONE && agent != outcome->agent)) {
                return BATON_NONE;
            }
            agent = outcome->agent;
        }
    }
    return agent;
}

static enum baton_status put_tool(struct listing *listing, const struct baton_trace_tool *tool)
{
    struct baton_rebuilt_agents *agents = listing->agents;
    uint32_t agent = runs_as(agents->joined, tool->name);
    if (!baton_tool_name_is_safe(tool->name)) {
        return baton_error_set(listing->err, BATON_EINPUT, "'%s': the tool name '%.*s' has no form in an agents file",
                               agents->name, BATON_STR_ARGS(tool->name));
    }
    baton_jw_key_str(&listing->json, tool->name);
    baton_jw_open(&listing->json, '{');
    put_given(listing, "description", tool->description);
    put_schema(listing, "parameters", tool);
    if (agent != BATON_NONE) {
        put_given(listing, "agent", baton_rebuilt_agents_name(agents, agent));
    } else {
        const char *command = baton_arena_printf(agents->arena, "./%.*s", BATON_STR_ARGS(tool->name));
        if (command == NULL) {
            return no_memory(agents, listing->err);
        }
        baton_jw_put_open(&listing->json, "exec", '[');
        baton_jw_string(&listing->json, command);
        baton_jw_close(&listing->json, ']');
    }
    baton_jw_close(&listing->json, '}');
    return BATON_OK;
}

/* Lists each tool that is not a handoff of whoever was offered it. */
static enum baton_status list_all(struct listing *listing)
{
    struct baton_rebuilt_agents *agents = listing->agents;
    enum baton_status status = BATON_OK;
    listing->tool_count = 0;
    for (uint32_t i = 0; i < agents->joined->count; i++) {
        const struct baton_joined_call *call = &agents->joined->calls[i];
        for (uint32_t k = 0; k < call->recorded->asked.tool_count; k++) {
            const struct baton_trace_tool *tool = &call->recorded->asked.tools[k];
            bool is_handoff;
            uint32_t target;
            status = baton_rebuilt_agents_handoff(agents, call->agent, tool->name, &is_handoff, &target, listing->err);
            if (status != BATON_OK) {
                return status;
            }
            if (!is_handoff && !list_tool(listing, tool)) {
                return no_memory(agents, listing->err);
            }
        }
    }
    return BATON_OK;
}

static enum baton_status put_tools(struct listing *listing)
{
    enum baton_status status = list_all(listing);
    baton_jw_put_open(&listing->json, "tools", '{');
    for (uint32_t i = 0; i < listing->tool_count && status == BATON_OK; i++) {
        status = put_tool(listing, listing->tools[i]);
    }
    baton_jw_close(&listing->json, '}');
    return status;
}

enum baton_status baton_rebuilt_agents_write(struct baton_text *out, uint32_t *count,
                                             struct baton_rebuilt_agents *agents, struct baton_error *err)
{
    struct listing listing = { .agents = agents, .json = baton_json_writer_to(out, 3), .err = err };
    baton_jw_open(&listing.json, '{');
    baton_jw_put_u64(&listing.json, "version", 1);
    put_given(&listing, "entry", baton_rebuilt_agents_name(agents, agents->joined->calls[0].agent));
    baton_jw_put_raw(&listing.json, "limits", BATON_STR("{\"max_turns\":-1,\"max_handoffs\":-1}"));
    enum baton_status status = put_agents(&listing);
    if (status != BATON_OK) {
        return status;
    }
    status = put_tools(&listing);
    if (status != BATON_OK) {
        return status;
    }
    baton_jw_close(&listing.json, '}');
    baton_text_putc(out, '\n');
    *count = 0;
    for (uint32_t i = 0; i < count_agents(agents); i++) {
        *count += !is_gone(agents, i);
    }
    return out->failed ? no_memory(agents, err) : BATON_OK;
}
