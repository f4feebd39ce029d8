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

void asker_open(struct asker *asker)
{
    *asker = (struct asker){ .arena = baton_arena_new(MEMORY_MAX) };
    struct baton_source source = { .name = "agents.yaml", .line_first = 1, .text = baton_str_of(agents_text) };
    const struct baton_json *root = NULL;
    cr_assert_eq(baton_yaml_parse(&root, asker->arena, &source, &asker->err), BATON_OK, "%s", asker->err.text);
    cr_assert_eq(baton_agents_parse(&asker->agents, asker->arena, &source, root, NULL, &asker->err), BATON_OK, "%s",
                 asker->err.text);
}

void asker_close(struct asker *asker)
{
    baton_arena_free(asker->arena);
}

void asker_read(struct asker *asker, const char *json)
{
    struct baton_source source = { .name = "cases.jsonl", .line_first = 1, .text = baton_str_of(json) };
    const struct baton_json *root = NULL;
    cr_assert_eq(baton_json_parse(&root, asker->arena, &source, &asker->err), BATON_OK, "%s", asker->err.text);
    cr_assert_eq(baton_conversation_read(&asker->conversation, asker->arena, asker->agents, &source, root,
                                         BATON_STR("c"), &asker->err),
                 BATON_OK, "%s", asker->err.text);
}

struct baton_reply asker_ask(struct asker *asker, struct baton_provider *provider, const char *agent)
{
    uint32_t index = baton_agents_find(asker->agents, baton_str_of(agent));
    cr_assert_neq(index, BATON_NONE, "%s", agent);
    const struct baton_agent *asked = &asker->agents->list[index];
    bool *enabled = baton_arena_array(asker->arena, asked->handoff_count + 1, sizeof *enabled);
    struct baton_message *user = baton_arena_zero(asker->arena, sizeof *user);
    cr_assert(enabled != NULL && user != NULL);
    for (uint32_t i = 0; i < asked->handoff_count; i++) {
        enabled[i] = asked->handoffs[i].is_enabled;
    }
    *user =
        (struct baton_message){ .role = BATON_ROLE_USER, .has_content = true, .content = baton_str_of(asker->said) };
    struct baton_request request = { .agents = asker->agents,
                                     .agent = index,
                                     .messages = user,
                                     .message_count = asker->said != NULL,
                                     .handoff_enabled = enabled,
                                     .arena = asker->arena };
    struct baton_reply reply = { .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    asker->err = (struct baton_error){ .status = BATON_OK };
    asker->message[0] = '\0';
    asker->err.status = provider->call(provider, &request, &reply, &asker->err);
    if (asker->err.status != BATON_OK) {
        baton_error_format(&asker->err, asker->message, sizeof asker->message);
    }
    return reply;
}

const char *asker_summary(struct asker *asker, struct baton_provider *provider, const char *agent)
{
    struct baton_reply reply = asker_ask(asker, provider, agent);
    const char *more = reply.continues ? " +" : "", *summary = "";
    if (asker->err.status != BATON_OK) {
        return baton_arena_printf(asker->arena, "error %s", asker->message);
    }
    if (reply.kind == BATON_REPLY_END) {
        return "end";
    }
    if (reply.kind == BATON_REPLY_DIVERGED) {
        struct baton_str name = baton_agent_name(asker->agents, reply.recorded_agent);
        return baton_arena_printf(asker->arena, "diverged %.*s", (int)name.length, name.data);
    }
    if (reply.has_text) {
        summary = baton_arena_printf(asker->arena, "text '%.*s'", (int)reply.text.length, reply.text.data);
    }
    for (uint32_t i = 0; i < reply.call_count; i++) {
        const struct baton_tool_call *call = &reply.calls[i];
        summary = baton_arena_printf(asker->arena, "%s%s%.*s%.*s", summary,
                                     i > 0                ? " "
                                     : summary[0] == '\0' ? "calls "
                                                          : " calls ",
                                     (int)call->name.length, call->name.data, (int)call->arguments.length,
                                     call->arguments.data);
    }
    return baton_arena_printf(asker->arena, "%s%s", summary, more);
}
