/* vcr_import_agents.c - writes the agents file of an import.
 *
 * A recording says who was asked and what they were offered, but not which of the tools hand over: that shows only in who was
 * asked next, or in a name that begins with `transfer_to_`. A handoff that was offered and never taken still needs a target,
 * so agents come up while the file is written (stubs) and are written after those of the story. Schemas are kept only where
 * all that was recorded fits them, as a replay would otherwise refuse what was taken then.
 */
#include "sim/import/rebuild_agents.h"

#include "engine/base/json_writer.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <ctype.h>
#include <string.h>

struct listing {
    struct baton_vcr_agents *agents;
    struct baton_json_writer json;
    struct baton_error *err;
    const struct baton_foreign_tool **tools; /* of the agent at hand, or of all */
    uint32_t tool_count, tool_capacity;
};

static enum baton_status no_memory(const struct baton_vcr_agents *agents, struct baton_error *err)
{
    return baton_error_set(err, BATON_ELIMIT, "the agents of '%s' need more memory than is allowed", agents->name);
}

struct baton_str baton_vcr_agents_name(const struct baton_vcr_agents *agents, uint32_t agent)
{
    const struct baton_story *story = agents->story;
    return agent < story->agent_count ? story->agents[agent].name : agents->stubs[agent - story->agent_count];
}

static uint32_t count_agents(const struct baton_vcr_agents *agents)
{
    return agents->story->agent_count + agents->stub_count;
}

/* ---- handoffs ---- */

static bool is_transfer(struct baton_str tool)
{
    size_t length = strlen(BATON_TRANSFER_PREFIX);
    return tool.length >= length && memcmp(tool.data, BATON_TRANSFER_PREFIX, length) == 0;
}

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

/* Where a tool led in the recording: the agent's own calls count first; BATON_NONE where it was never taken. */
static enum baton_status recorded_target(struct baton_vcr_agents *agents, uint32_t agent, struct baton_str tool,
                                         bool is_own, uint32_t *target, struct baton_error *err)
{
    const struct baton_story *story = agents->story;
    *target = BATON_NONE;
    for (uint32_t i = 0; i < story->count; i++) {
        const struct baton_story_call *call = &story->calls[i];
        for (uint32_t k = 0; k < call->reply.call_count; k++) {
            const struct baton_outcome *outcome = &call->outcomes[k];
            if (outcome->kind != BATON_OUTCOME_HANDOFF || (call->agent == agent) != is_own ||
                !baton_str_equal(call->reply.calls[k].name, tool)) {
                continue;
            }
            if (is_own && *target != BATON_NONE && *target != outcome->agent) {
                struct baton_str one = baton_vcr_agents_name(agents, *target),
                                 other = baton_vcr_agents_name(agents, outcome->agent);
                return baton_error_set(
                    err, BATON_EINPUT,
                    "'%s': the tool '%.*s' hands over to '%.*s' and to '%.*s'; a handoff of an agents "
                    "file has one target",
                    agents->name, (int)tool.length, tool.data, (int)one.length, one.data, (int)other.length,
                    other.data);
            }
            *target = *target == BATON_NONE ? outcome->agent : *target;
        }
    }
    return BATON_OK;
}

/* An agent of that name, a new one where there is none. */
static uint32_t named_agent(struct baton_vcr_agents *agents, struct baton_str name)
{
    uint32_t count = count_agents(agents);
    for (uint32_t i = 0; i < count; i++) {
        bool is_gone = i < agents->story->agent_count && agents->story->agents[i].is_merged;
        if (!is_gone && is_alike(baton_vcr_agents_name(agents, i), name)) {
            return i;
        }
    }
    struct baton_str *stubs = baton_arena_array(agents->arena, (size_t)agents->stub_count + 1, sizeof *agents->stubs);
    if (stubs == NULL) {
        return BATON_NONE;
    }
    if (agents->stub_count > 0) {
        memcpy(stubs, agents->stubs, agents->stub_count * sizeof *stubs);
    }
    stubs[agents->stub_count++] = name;
    agents->stubs = stubs;
    return count;
}

enum baton_status baton_vcr_agents_handoff(struct baton_vcr_agents *agents, uint32_t agent, struct baton_str tool,
                                           bool *is_handoff, uint32_t *target, struct baton_error *err)
{
    enum baton_status status = recorded_target(agents, agent, tool, true, target, err);
    *is_handoff = is_transfer(tool) || *target != BATON_NONE;
    if (status != BATON_OK || !*is_handoff || *target != BATON_NONE) {
        return status;
    }
    status = recorded_target(agents, agent, tool, false, target, err);
    if (status == BATON_OK && *target == BATON_NONE) {
        size_t prefix = strlen(BATON_TRANSFER_PREFIX);
        struct baton_str name = { tool.data + prefix, tool.length - prefix };
        *target = named_agent(agents, name.length > 0 ? name : BATON_STR("nobody"));
        status = *target == BATON_NONE ? no_memory(agents, err) : BATON_OK;
    }
    return status;
}

/* ---- tools on offer ---- */

static bool list_tool(struct listing *listing, const struct baton_foreign_tool *tool)
{
    for (uint32_t i = 0; i < listing->tool_count; i++) {
        if (baton_str_equal(listing->tools[i]->name, tool->name)) {
            return true;
        }
    }
    if (listing->tool_count == listing->tool_capacity) {
        uint32_t capacity = listing->tool_capacity == 0 ? 16 : listing->tool_capacity * 2;
        const struct baton_foreign_tool **tools =
            baton_arena_array(listing->agents->arena, capacity, sizeof(*listing->tools));
        if (tools == NULL) {
            return false;
        }
        if (listing->tool_count > 0) {
            memcpy(tools, listing->tools, listing->tool_count * sizeof(*tools));
        }
        listing->tools = tools;
        listing->tool_capacity = capacity;
    }
    listing->tools[listing->tool_count++] = tool;
    return true;
}

/* All tools that an agent was ever offered, and the handoffs that it took without being offered them. */
static bool list_of_agent(struct listing *listing, uint32_t agent)
{
    const struct baton_story *story = listing->agents->story;
    bool fits = true;
    listing->tool_count = 0;
    for (uint32_t i = 0; i < story->count && fits; i++) {
        const struct baton_story_call *call = &story->calls[i];
        for (uint32_t k = 0; k < call->asked.tool_count && call->agent == agent && fits; k++) {
            fits = list_tool(listing, &call->asked.tools[k]);
        }
        for (uint32_t k = 0; k < call->reply.call_count && call->agent == agent && fits; k++) {
            if (call->outcomes[k].kind == BATON_OUTCOME_HANDOFF) {
                struct baton_foreign_tool *tool = baton_arena_zero(listing->agents->arena, sizeof *tool);
                fits = tool != NULL;
                if (fits) {
                    tool->name = call->reply.calls[k].name;
                    tool->description = BATON_STR("");
                    fits = list_tool(listing, tool);
                }
            }
        }
    }
    return fits;
}

/* ---- schemas ---- */

/* Whether all recorded arguments fit, so that a replay does not refuse what was taken then. */
static bool arguments_fit(struct baton_vcr_agents *agents, struct baton_str tool, const struct baton_json *schema)
{
    const struct baton_story *story = agents->story;
    const struct baton_source none = { .name = "schema", .line_first = 1, .text = { "", 0 } };
    struct baton_error ignored;
    char reason[64];
    bool fits = baton_schema_validate(schema, &none, &ignored) == BATON_OK;
    for (uint32_t i = 0; i < story->count && fits; i++) {
        for (uint32_t k = 0; k < story->calls[i].reply.call_count && fits; k++) {
            const struct baton_tool_call *call = &story->calls[i].reply.calls[k];
            struct baton_arena_mark mark = baton_arena_mark(agents->arena);
            struct baton_source source = { .name = "arguments", .line_first = 1, .text = call->arguments };
            const struct baton_json *root;
            if (!baton_str_equal(call->name, tool)) {
                continue;
            }
            if (source.text.length == 0) {
                source.text = BATON_STR("{}");
            }
            if (baton_json_parse(&root, agents->arena, &source, &ignored) == BATON_OK) {
                fits = baton_schema_check(schema, root, agents->arena, reason, sizeof reason);
            }
            baton_arena_rollback(agents->arena, mark);
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
static bool is_one_everywhere(const struct baton_story *story, const struct baton_foreign_tool *tool)
{
    for (uint32_t i = 0; i < story->count; i++) {
        for (uint32_t k = 0; k < story->calls[i].asked.tool_count; k++) {
            const struct baton_foreign_tool *other = &story->calls[i].asked.tools[k];
            if (baton_str_equal(other->name, tool->name) && !is_written_alike(other->parameters, tool->parameters)) {
                return false;
            }
        }
    }
    return true;
}

static void put_schema(struct listing *listing, const char *key, const struct baton_foreign_tool *tool)
{
    baton_jw_key(&listing->json, key);
    if (tool->parameters != NULL && is_one_everywhere(listing->agents->story, tool) &&
        arguments_fit(listing->agents, tool->name, tool->parameters)) {
        baton_jw_raw(&listing->json, BATON_STR(""));
        baton_json_write(listing->json.out, tool->parameters);
    } else {
        baton_jw_raw(&listing->json, BATON_STR("{\"type\":\"object\"}"));
    }
}

/* ---- writing ---- */

static void put_pair(struct listing *listing, const char *key, struct baton_str text)
{
    if (text.length > 0) {
        baton_jw_key(&listing->json, key);
        baton_jw_str(&listing->json, text);
    }
}

static bool has_properties(const struct baton_json *schema)
{
    const struct baton_json *properties = schema == NULL ? NULL : baton_json_get(schema, "properties");
    return properties != NULL && properties->type == BATON_JSON_OBJECT && properties->count > 0;
}

/* Both lists of an agent: its handoffs, then its tools. */
static enum baton_status put_callables(struct listing *listing, uint32_t agent)
{
    struct baton_vcr_agents *agents = listing->agents;
    enum baton_status status = list_of_agent(listing, agent) ? BATON_OK : no_memory(agents, listing->err);
    for (unsigned pass = 0; pass < 2 && status == BATON_OK; pass++) {
        baton_jw_key(&listing->json, pass == 0 ? "handoffs" : "tools");
        baton_jw_open(&listing->json, '[');
        for (uint32_t i = 0; i < listing->tool_count && status == BATON_OK; i++) {
            const struct baton_foreign_tool *tool = listing->tools[i];
            bool is_handoff;
            uint32_t target;
            status = baton_vcr_agents_handoff(agents, agent, tool->name, &is_handoff, &target, listing->err);
            if (status != BATON_OK || is_handoff != (pass == 0)) {
                continue;
            }
            if (!is_handoff) {
                baton_jw_str(&listing->json, tool->name);
                continue;
            }
            baton_jw_open(&listing->json, '{');
            put_pair(listing, "agent", baton_vcr_agents_name(agents, target));
            put_pair(listing, "description", tool->description);
            put_pair(listing, "tool", tool->name);
            if (has_properties(tool->parameters)) {
                put_schema(listing, "input", tool);
            }
            baton_jw_close(&listing->json, '}');
        }
        baton_jw_close(&listing->json, ']');
    }
    return status;
}

static enum baton_status put_agents(struct listing *listing)
{
    struct baton_vcr_agents *agents = listing->agents;
    const struct baton_story *story = agents->story;
    enum baton_status status = BATON_OK;
    baton_jw_key(&listing->json, "agents");
    baton_jw_open(&listing->json, '{');
    for (uint32_t i = 0; i < count_agents(agents) && status == BATON_OK; i++) { /* stubs are added on the way */
        bool is_stub = i >= story->agent_count;
        if (!is_stub && story->agents[i].is_merged) {
            continue;
        }
        baton_jw_key_str(&listing->json, baton_vcr_agents_name(agents, i));
        baton_jw_open(&listing->json, '{');
        if (is_stub) {
            put_pair(listing, "description", BATON_STR("Never asked in the recording."));
        } else {
            const struct baton_story_call *first = &story->calls[story->agents[i].first_call];
            put_pair(listing, "instructions", story->agents[i].instructions);
            put_pair(listing, "provider", baton_str_of(first->codec->name));
            put_pair(listing, "model", first->asked.model);
            status = put_callables(listing, i);
        }
        baton_jw_close(&listing->json, '}');
    }
    baton_jw_close(&listing->json, '}');
    return status;
}

/* The one agent that ran as the tool each time, or BATON_NONE. */
static uint32_t runs_as(const struct baton_story *story, struct baton_str tool)
{
    uint32_t agent = BATON_NONE;
    for (uint32_t i = 0; i < story->count; i++) {
        for (uint32_t k = 0; k < story->calls[i].reply.call_count; k++) {
            const struct baton_outcome *outcome = &story->calls[i].outcomes[k];
            if (!baton_str_equal(story->calls[i].reply.calls[k].name, tool)) {
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

static enum baton_status put_tool(struct listing *listing, const struct baton_foreign_tool *tool)
{
    struct baton_vcr_agents *agents = listing->agents;
    uint32_t agent = runs_as(agents->story, tool->name);
    if (!baton_tool_name_is_safe(tool->name)) {
        return baton_error_set(listing->err, BATON_EINPUT, "'%s': the tool name '%.*s' has no form in an agents file",
                               agents->name, (int)tool->name.length, tool->name.data);
    }
    baton_jw_key_str(&listing->json, tool->name);
    baton_jw_open(&listing->json, '{');
    put_pair(listing, "description", tool->description);
    put_schema(listing, "parameters", tool);
    if (agent != BATON_NONE) {
        put_pair(listing, "agent", baton_vcr_agents_name(agents, agent));
    } else {
        const char *command = baton_arena_printf(agents->arena, "./%.*s", (int)tool->name.length, tool->name.data);
        baton_jw_key(&listing->json, "exec");
        baton_jw_open(&listing->json, '[');
        baton_jw_string(&listing->json, command == NULL ? "" : command);
        baton_jw_close(&listing->json, ']');
    }
    baton_jw_close(&listing->json, '}');
    return BATON_OK;
}

/* Each tool that is not a handoff of whoever was offered it. */
static enum baton_status put_tools(struct listing *listing)
{
    struct baton_vcr_agents *agents = listing->agents;
    const struct baton_story *story = agents->story;
    enum baton_status status = BATON_OK;
    listing->tool_count = 0;
    for (uint32_t i = 0; i < story->count && status == BATON_OK; i++) {
        for (uint32_t k = 0; k < story->calls[i].asked.tool_count && status == BATON_OK; k++) {
            const struct baton_foreign_tool *tool = &story->calls[i].asked.tools[k];
            bool is_handoff;
            uint32_t target;
            status =
                baton_vcr_agents_handoff(agents, story->calls[i].agent, tool->name, &is_handoff, &target, listing->err);
            if (status == BATON_OK && !is_handoff && !list_tool(listing, tool)) {
                status = no_memory(agents, listing->err);
            }
        }
    }
    baton_jw_key(&listing->json, "tools");
    baton_jw_open(&listing->json, '{');
    for (uint32_t i = 0; i < listing->tool_count && status == BATON_OK; i++) {
        status = put_tool(listing, listing->tools[i]);
    }
    baton_jw_close(&listing->json, '}');
    return status;
}

enum baton_status baton_vcr_agents_write(struct baton_text *out, uint32_t *count, struct baton_vcr_agents *agents,
                                         struct baton_error *err)
{
    struct listing listing = { .agents = agents, .json = baton_json_writer_to(out, 3), .err = err };
    baton_jw_open(&listing.json, '{');
    baton_jw_key(&listing.json, "version");
    baton_jw_u64(&listing.json, 1);
    put_pair(&listing, "entry", baton_vcr_agents_name(agents, agents->story->calls[0].agent));
    baton_jw_key(&listing.json, "limits");
    baton_jw_raw(&listing.json, BATON_STR("{\"max_turns\":-1,\"max_handoffs\":-1}"));
    enum baton_status status = put_agents(&listing);
    status = status == BATON_OK ? put_tools(&listing) : status;
    baton_jw_close(&listing.json, '}');
    baton_text_putc(out, '\n');
    *count = agents->stub_count;
    for (uint32_t i = 0; i < agents->story->agent_count; i++) {
        *count += !agents->story->agents[i].is_merged;
    }
    return status == BATON_OK && out->failed ? no_memory(agents, err) : status;
}
