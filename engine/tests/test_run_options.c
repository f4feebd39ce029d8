/* What a library's user gives a run, and what may be left out. */
#include "engine/core/run_defaults.h"

#include "engine/base/yaml.h"
#include "engine/core/run.h"
#include "engine/core/tool_runner.h"

#include <criterion/criterion.h>

enum { LIMIT = 4 * 1024 * 1024 };

static const char agents_text[] = "version: 1\n"
                                  "entry: triage\n"
                                  "limits: { max_turns: 7, max_handoffs: 3, tool_timeout_ms: 250 }\n"
                                  "loops: { action: stop }\n"
                                  "on_handoff: stop\n"
                                  "agents:\n"
                                  "  billing: { handoffs: [triage] }\n"
                                  "  triage: { handoffs: [billing], tools: [look, ask] }\n"
                                  "tools:\n"
                                  "  look: { result: seen }\n"
                                  "  ask: { agent: billing }\n";

/* A model that goes through a list of calls, one a turn, and then answers. */
struct model {
    struct baton_provider provider;
    const char *const *calls; /* NULL-terminated */
    struct baton_tool_call call;
};

static enum baton_status answer(struct baton_provider *provider, const struct baton_request *request,
                                struct baton_reply *reply, struct baton_error *err)
{
    struct model *model = (struct model *)provider;
    (void)err;
    bool is_done = request->nesting > 0 || *model->calls == NULL;
    reply->has_text = is_done;
    reply->text = is_done ? BATON_STR("done") : BATON_STR("");
    if (!is_done) {
        struct baton_tool_call *call = baton_arena_zero(request->arena, sizeof *call);
        cr_assert_not_null(call);
        *call = (struct baton_tool_call){ .id = BATON_STR("c"), .name = baton_str_of(*model->calls++) };
        reply->calls = call;
        reply->call_count = 1;
    }
    return BATON_OK;
}

static struct baton_agents *agents_in(struct baton_arena *arena)
{
    static const struct baton_source source = { .name = "a.yaml", .text = BATON_STR_INIT(agents_text) };
    const struct baton_json *root = NULL;
    struct baton_agents *agents = NULL;
    struct baton_error err;
    cr_assert_eq(baton_yaml_parse(&root, arena, &source, &err), BATON_OK, "%s", err.text);
    cr_assert_eq(baton_agents_parse(&agents, arena, &source, root, NULL, &err), BATON_OK, "%s", err.text);
    return agents;
}

Test(run_options, come_from_the_agents_but_for_the_provider)
{
    struct baton_arena *arena = baton_arena_new(LIMIT);
    const struct baton_agents *agents = agents_in(arena);
    struct baton_run_options options = baton_run_options_for(agents);
    cr_expect_eq(options.agents, agents);
    cr_expect_eq(options.entry, baton_agents_find(agents, BATON_STR("triage")));
    cr_expect_eq(options.limits.max_turns, 7);
    cr_expect_eq(options.limits.max_handoffs, 3);
    cr_expect_eq(options.limits.tool_timeout_ns, 250 * 1000000);
    cr_expect(options.loops_stop && options.on_handoff_stop);
    cr_expect_eq(options.tools, baton_tool_runner_default());
    cr_expect_eq(options.clock, baton_clock_system());
    cr_expect_null(options.provider, "who answers is for the caller");
    baton_arena_free(arena);
}

Test(run_options, are_refused_where_something_is_missing)
{
    struct baton_arena *arena = baton_arena_new(LIMIT);
    const struct baton_agents *agents = agents_in(arena);
    struct model model = { .provider = { .call = answer } };
    const struct {
        struct baton_run_options options;
        const char *want;
    } rows[] = {
        { { .provider = &model.provider, .limits = agents->limits }, "a run needs agents" },
        { { .agents = agents, .limits = agents->limits }, "a run needs a provider that answers" },
        { { .agents = agents, .provider = &model.provider },
          "a run needs limits with a tool timeout above 0; take those of the agents, or the options of "
          "baton_run_options_for()" },
        { { .agents = agents, .provider = &model.provider, .limits = agents->limits, .entry = 2 },
          "a run cannot begin with agent 2: there are 2, counted from 0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_run *run = NULL;
        struct baton_error err;
        cr_expect_eq(baton_run_new(&run, arena, &rows[i].options, &err), BATON_EUSAGE, "%s", rows[i].want);
        cr_expect_str_eq(err.text, rows[i].want);
        cr_expect_null(run);
        cr_expect_eq(baton_run_new(&run, arena, &rows[i].options, NULL), BATON_EUSAGE, "no text is wanted");
    }
    baton_arena_free(arena);
}

Test(run_options, may_leave_out_all_but_agents_provider_and_limits)
{
    static const char *const calls[] = {
        "look", "transfer_to_nobody", "transfer_to_billing", "transfer_to_triage", "ask", NULL
    };
    struct baton_tool_runner *const runners[] = { NULL, baton_tool_runner_default() };
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++) {
        struct baton_arena *arena = baton_arena_new(LIMIT);
        const struct baton_agents *agents = agents_in(arena);
        struct model model = { .provider = { .call = answer }, .calls = calls };
        const struct baton_run_options options = { .agents = agents,
                                                   .provider = &model.provider,
                                                   .limits = agents->limits,
                                                   .entry = agents->entry,
                                                   .tools = runners[i] };
        struct baton_run *run = NULL;
        struct baton_exchange *exchange = NULL;
        struct baton_error err;
        cr_assert_eq(baton_run_new(&run, arena, &options, &err), BATON_OK, "%s", err.text);
        for (int k = 0; k < 2; k++) {
            model.calls = calls;
            cr_assert_eq(baton_run_exchange(run, BATON_STR("U"), false, &exchange, &err), BATON_OK, "%s", err.text);
            cr_expect_eq(exchange->status, BATON_RUN_ANSWERED);
            cr_expect(baton_str_is(exchange->text, "done"));
            cr_expect_eq(exchange->depth, 2);
            cr_expect_eq(exchange->turn_count, 6);
            cr_expect(exchange->is_revisit, "the marks are there and work");
        }
        baton_arena_free(arena);
    }
}
