#include "sim/tests/asker.h"

#include "engine/base/yaml.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024 };

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "agents:\n"
    "  triage:\n"
    "    handoffs: [billing, { agent: tech, tool: call_tech, input: { type: object, required: [reason] } },\n"
    "               { agent: sales, enabled: false }]\n"
    "  billing: { handoffs: [tech, triage], tools: [lookup] }\n"
    "  tech: { handoffs: [triage] }\n"
    "  sales: {}\n"
    "tools:\n"
    "  lookup: { result: found }\n";

void desk_open(struct desk *desk)
{
    *desk = (struct desk){ .arena = baton_arena_new(MEMORY_MAX) };
    struct baton_source source = { .name = "agents.yaml", .line_first = 1, .text = baton_str_of(agents_text) };
    const struct baton_json *root = NULL;
    cr_assert_eq(baton_yaml_parse(&root, desk->arena, &source, &desk->err), BATON_OK, "%s", desk->err.text);
    cr_assert_eq(baton_agents_parse(&desk->agents, desk->arena, &source, root, NULL, &desk->err), BATON_OK, "%s",
                 desk->err.text);
}

void desk_close(struct desk *desk)
{
    baton_arena_free(desk->arena);
}

void desk_read(struct desk *desk, const char *json)
{
    struct baton_source source = { .name = "cases.jsonl", .line_first = 1, .text = baton_str_of(json) };
    const struct baton_json *root = NULL;
    cr_assert_eq(baton_json_parse(&root, desk->arena, &source, &desk->err), BATON_OK, "%s", desk->err.text);
    cr_assert_eq(baton_conversation_read(&desk->conversation, desk->arena, desk->agents, &source, root, BATON_STR("c"),
                                         &desk->err),
                 BATON_OK, "%s", desk->err.text);
}

struct baton_reply desk_ask(struct desk *desk, struct baton_provider *provider, const char *agent)
{
    uint32_t index = baton_agents_find(desk->agents, baton_str_of(agent));
    cr_assert_neq(index, BATON_NONE, "%s", agent);
    const struct baton_agent *asked = &desk->agents->list[index];
    bool *enabled = baton_arena_array(desk->arena, asked->handoff_count + 1, sizeof *enabled);
    struct baton_message *user = baton_arena_zero(desk->arena, sizeof *user);
    cr_assert(enabled != NULL && user != NULL);
    for (uint32_t i = 0; i < asked->handoff_count; i++) {
        enabled[i] = asked->handoffs[i].is_enabled;
    }
    *user = (struct baton_message){ .role = BATON_ROLE_USER, .has_content = true, .content = baton_str_of(desk->said) };
    struct baton_request request = { .agents = desk->agents,
                                     .agent = index,
                                     .messages = user,
                                     .message_count = desk->said != NULL,
                                     .handoff_enabled = enabled,
                                     .arena = desk->arena };
    struct baton_reply reply = { .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    desk->err = (struct baton_error){ .status = BATON_OK };
    desk->message[0] = '\0';
    desk->err.status = provider->call(provider, &request, &reply, &desk->err);
    if (desk->err.status != BATON_OK) {
        baton_error_format(&desk->err, desk->message, sizeof desk->message);
    }
    return reply;
}

const char *desk_told(struct desk *desk, struct baton_provider *provider, const char *agent)
{
    struct baton_reply reply = desk_ask(desk, provider, agent);
    const char *more = reply.continues ? " +" : "", *told = "";
    if (desk->err.status != BATON_OK) {
        return baton_arena_printf(desk->arena, "error %s", desk->message);
    }
    if (reply.kind == BATON_REPLY_END) {
        return "end";
    }
    if (reply.kind == BATON_REPLY_DIVERGED) {
        struct baton_str name = baton_agent_name(desk->agents, reply.recorded_agent);
        return baton_arena_printf(desk->arena, "diverged %.*s", (int)name.length, name.data);
    }
    if (reply.has_text) {
        told = baton_arena_printf(desk->arena, "text '%.*s'", (int)reply.text.length, reply.text.data);
    }
    for (uint32_t i = 0; i < reply.call_count; i++) {
        const struct baton_tool_call *call = &reply.calls[i];
        told = baton_arena_printf(desk->arena, "%s%s%.*s%.*s", told,
                                  i > 0             ? " "
                                  : told[0] == '\0' ? "calls "
                                                    : " calls ",
                                  (int)call->name.length, call->name.data, (int)call->arguments.length,
                                  call->arguments.data);
    }
    return baton_arena_printf(desk->arena, "%s%s", told, more);
}
