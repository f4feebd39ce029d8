#include "sim/import/join_names.h"

#include <string.h>
#include <strings.h>

enum { NAME_BYTES_MIN = 2, NAME_BYTES_MAX = 48 };

struct naming {
    struct baton_joined *joined;
    struct baton_arena *arena;
};

static bool is_name(struct baton_str name)
{
    bool is_good = name.length >= NAME_BYTES_MIN && name.length <= NAME_BYTES_MAX;
    for (size_t i = 0; i < name.length && is_good; i++) {
        is_good = (unsigned char)name.data[i] >= 0x20 && name.data[i] != '@';
    }
    return is_good && name.data[0] != '"';
}

/* Without `transfer_to_` and the like. */
static struct baton_str name_in_tool(struct baton_str tool)
{
    static const char *const before[] = {
        "transfer_back_to_", "transfer_to_", "handoff_to_", "hand_off_to_", "handoff_",
        "delegate_to_",      "ask_",         "run_",        "call_"
    };
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t length = strlen(before[i]);
        if (tool.length > length && strncasecmp(tool.data, before[i], length) == 0) {
            return baton_str_after(tool, length);
        }
    }
    return tool;
}

/* A text as a JSON object, or NULL. */
static const struct baton_json *object_of(const struct naming *naming, struct baton_str text)
{
    const struct baton_source source = { .name = "text", .line_first = 1, .text = text };
    const struct baton_json *root;
    struct baton_error ignored;
    bool is_object =
        baton_json_parse(&root, naming->arena, &source, &ignored) == BATON_OK && root->type == BATON_JSON_OBJECT;
    return is_object ? root : NULL;
}

/* `{"assistant": "NAME"}`, as several SDKs answer a transfer. */
static struct baton_str name_in_result(const struct naming *naming, struct baton_str result)
{
    const struct baton_json *root = object_of(naming, result);
    const struct baton_json *name = root == NULL ? NULL : baton_json_get(root, "assistant");
    return name != NULL && name->type == BATON_JSON_STRING ? name->text : BATON_STR("");
}

/* The text of the arguments that stands in the agent's own instructions. */
static struct baton_str name_in_arguments(const struct naming *naming, struct baton_str arguments,
                                          struct baton_str instructions)
{
    const struct baton_json *root = object_of(naming, arguments);
    for (const struct baton_json *it = root == NULL ? NULL : root->child; it != NULL; it = it->next) {
        if (it->type == BATON_JSON_STRING && is_name(it->text) && baton_str_has(instructions, it->text)) {
            return it->text;
        }
    }
    return BATON_STR("");
}

/* `You are NAME.` */
static struct baton_str name_in_instructions(struct baton_str instructions)
{
    static const char begin[] = "You are ";
    if (!baton_str_starts(instructions, begin)) {
        return BATON_STR("");
    }
    struct baton_str name = baton_str_after(instructions, sizeof begin - 1);
    size_t length = 0;
    while (length < name.length && strchr(".,:;\n", name.data[length]) == NULL) {
        length++;
    }
    name.length = length;
    return length <= NAME_BYTES_MAX / 2 ? name : BATON_STR("");
}

static bool is_taken(const struct baton_joined *joined, struct baton_str name)
{
    for (uint32_t i = 0; i < joined->agent_count; i++) {
        if (baton_str_equal(joined->agents[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Gives the agent that name, if it has none and this can be one. False when out of memory. */
static bool name_agent(const struct naming *naming, uint32_t agent, struct baton_str wanted)
{
    struct baton_str name = wanted;
    if (naming->joined->agents[agent].name.length > 0 || !is_name(wanted)) {
        return true;
    }
    for (unsigned n = 2; is_taken(naming->joined, name); n++) {
        char *text = baton_arena_printf(naming->arena, "%.*s_%u", BATON_STR_ARGS(wanted), n);
        if (text == NULL) {
            return false;
        }
        name = baton_str_of(text);
    }
    naming->joined->agents[agent].name = name;
    return true;
}

static bool name_by_call(const struct naming *naming, const struct baton_tool_call *call,
                         const struct baton_outcome *outcome)
{
    struct baton_str instructions = naming->joined->agents[outcome->agent].instructions, name;
    if (outcome->kind == BATON_OUTCOME_HANDOFF) {
        name = name_in_result(naming, outcome->text);
    } else if (outcome->kind == BATON_OUTCOME_RUN) {
        name = name_in_arguments(naming, call->arguments, instructions);
    } else {
        return true;
    }
    return name_agent(naming, outcome->agent, name) && name_agent(naming, outcome->agent, name_in_tool(call->name));
}

bool baton_join_name_agents(struct baton_joined *joined, struct baton_arena *arena)
{
    const struct naming naming = { .joined = joined, .arena = arena };
    bool fits = true;
    for (uint32_t i = 0; i < joined->count && fits; i++) {
        const struct baton_joined_call *call = &joined->calls[i];
        for (uint32_t k = 0; k < call->recorded->reply.call_count && fits; k++) {
            fits = name_by_call(&naming, &call->recorded->reply.calls[k], &call->outcomes[k]);
        }
    }
    for (uint32_t i = 0; i < joined->agent_count && fits; i++) {
        const char *numbered = baton_arena_printf(arena, "agent%u", i + 1);
        fits = numbered != NULL && name_agent(&naming, i, name_in_instructions(joined->agents[i].instructions)) &&
               name_agent(&naming, i, baton_str_of(numbered));
    }
    return fits;
}
