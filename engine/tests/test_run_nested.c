/* Agents as tools of agents: isolated, with limits of their own, and nothing of theirs moves the outer conversation. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <string.h>

#define CHECK_BILLING "  check_billing: { agent: billing }\n"
#define WITH_CHECK .triage = "tools: [check_billing, quick], handoffs: [billing]", .tools = CHECK_BILLING
#define BALANCE                                                          \
    {                                                                    \
        .name = "check_billing", .arguments = "{\"input\":\"balance?\"}" \
    }
#define REFUND                                          \
    {                                                   \
        .name = "refund", .arguments = "{\"amount\":3}" \
    }

static void check_all(const struct scenario *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_scenario(&rows[i]);
    }
}

Test(run, takes_an_agent_as_a_tool)
{
    static const struct scenario rows[] = {
        { .name = "46 agent_as_tool",
          .stage = { WITH_CHECK,
                     .replies = { { .calls = { BALANCE } }, { .text = "Balance is 5." }, { .text = "It is 5." } } },
          .log = "ask:triage +ask:billing ask:triage",
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Balance is 5.",
          .events = "start call:check_billing +start +text +end +done:answered result:check_billing end start text end "
                    "done:answered",
          .outcome = "answered triage 'It is 5.' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "46 agent_as_tool, with a tool of its own",
          .stage = { WITH_CHECK, .replies = { { .calls = { BALANCE } },
                                              { .calls = { REFUND } },
                                              { .text = "Paid." },
                                              { .text = "Done." } } },
          .log = "ask:triage +ask:billing run:refund({'amount':3}) +ask:billing ask:triage",
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Paid.",
          .events = "start call:check_billing +start +call:refund +result:refund +end +start +text +end +done:answered "
                    "result:check_billing end start text end done:answered",
          .outcome = "answered triage 'Done.' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "46 agent_as_tool beside a handoff to the same agent",
          .stage = { WITH_CHECK,
                     .replies = { { .calls = { BALANCE, TO_BILLING } }, { .text = "5." }, { .text = "x" } } },
          .log = "ask:triage +ask:billing ask:billing",
          .seen = "user U | triage: [check_billing{'input':'balance?'} transfer_to_billing{}] | =5. | "
                  "={'assistant':'billing'}",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "47 agent_as_tool_maxturns",
          .stage = { WITH_CHECK, .top = "limits: { max_turns: 2 }",
                     .replies = { { .calls = { BALANCE } },
                                  { .calls = { REFUND } },
                                  { .calls = { REFUND } },
                                  { .text = "x" } } },
          .log = "ask:triage +ask:billing run:refund({'amount':3}) +ask:billing run:refund({'amount':3}) ask:triage",
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Error: the agent 'check_billing' ended with "
                  "status max_turns",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "48 agent_as_tool_inner_handoff",
          .stage = { WITH_CHECK, .billing = "handoffs: [tech]",
                     .replies = { { .calls = { BALANCE } },
                                  { .calls = { TO_TECH } },
                                  { .text = "Reset it." },
                                  { .text = "x" } } },
          .log = "ask:triage +ask:billing +ask:tech ask:triage",
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Reset it.",
          .events = "start call:check_billing +start +call:transfer_to_tech +result:transfer_to_tech "
                    "+handoff:billing>tech +agent:tech +end +start +text +end +done:answered result:check_billing end "
                    "start text end done:answered",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "48 where handoffs stop the outer run, the inner one goes on",
          .stage = { WITH_CHECK, .top = "on_handoff: stop", .billing = "handoffs: [tech]",
                     .replies = { { .calls = { BALANCE } },
                                  { .calls = { TO_TECH } },
                                  { .text = "Reset it." },
                                  { .text = "x" } } },
          .log = "ask:triage +ask:billing +ask:tech ask:triage",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, turns_the_failure_of_an_agent_as_a_tool_into_a_result)
{
    static const struct scenario rows[] = {
        { .name = "its provider fails",
          .stage = { WITH_CHECK,
                     .replies = { { .calls = { BALANCE } }, { .fails_with = BATON_EPROVIDER }, { .text = "x" } } },
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Error: the agent 'check_billing' ended with "
                  "status error: HTTP 400: the request is not liked",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "it says nothing",
          .stage = { WITH_CHECK, .replies = { { .calls = { BALANCE } }, { .is_silent = true }, { .text = "x" } } },
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Error: the agent 'check_billing' ended with "
                  "status unanswered",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "no handoffs allowed within either",
          .stage = { WITH_CHECK, .top = "limits: { max_handoffs: 0 }", .billing = "handoffs: [tech]",
                     .replies = { { .calls = { BALANCE } }, { .calls = { TO_TECH } }, { .text = "x" } } },
          .seen = "user U | triage: [check_billing{'input':'balance?'}] | =Error: the agent 'check_billing' ended with "
                  "status max_handoffs",
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, shows_an_agent_as_a_tool_its_input_alone)
{
    static const struct row {
        const char *name, *arguments, *want;
    } rows[] = {
        { "input", "{\"input\":\"balance?\"}", "user balance?" },
        { "input among others", "{\"a\":\"b\",\"input\":\"balance?\"}", "user balance?" },
        { "input among others of other types", "{\"input\":\"balance?\",\"c\":1}", "user balance?" },
    };
    static const struct row refused[] = {
        { "one other text", "{\"prompt\":\"balance?\"}", "" },
        { "a number", "{\"input\":5}", "" },
        { "nothing", "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage;
        stage_open(
            &stage,
            &(struct stage_options){
                WITH_CHECK, .replies = { { .text = "Hi." },
                                         { .calls = { { .name = "check_billing", .arguments = rows[i].arguments } } },
                                         { .text = "1" },
                                         { .calls = { { .name = "check_billing", .arguments = rows[i].arguments } } },
                                         { .text = "2" },
                                         { .text = "x" } } });
        cr_assert_not_null(stage_say(&stage, "Hello", false));
        cr_assert_not_null(stage_say(&stage, "U", false));
        cr_assert_eq(stage.request_count, 6);
        expect_text(rows[i].name, "first use", stage.requests[2].seen, rows[i].want);
        expect_text(rows[i].name, "second use", stage.requests[4].seen, rows[i].want);
        cr_expect_eq(stage.requests[2].nesting, 1);
        cr_expect_eq(stage.requests[3].nesting, 0);
        stage_check(&stage, rows[i].name, STAGE_STRICT);
        stage_close(&stage);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct stage stage;
        stage_open(&stage,
                   &(struct stage_options){
                       WITH_CHECK,
                       .replies = { { .calls = { { .name = "check_billing", .arguments = refused[i].arguments } } },
                                    { .text = "x" } } });
        cr_assert_not_null(stage_say(&stage, "U", false));
        cr_expect_eq(stage.request_count, 2, "%s: no agent is asked", refused[i].name);
        stage_close(&stage);
    }
}

Test(run, nests_agents_as_tools_only_so_deep)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){ WITH_CHECK, .top = "limits: { max_turns: 1 }",
                                                .billing = "tools: [check_billing]",
                                                .replies = { { .calls = { BALANCE } } }, .repeats = true });
    const struct baton_exchange *exchange = stage_say(&stage, "U", false);
    expect_text("nesting", "log", stage_log(&stage),
                "ask:triage +ask:billing +ask:billing +ask:billing +ask:billing +ask:billing +ask:billing +ask:billing "
                "+ask:billing");
    cr_expect_eq(stage.requests[8].nesting, BATON_NESTING_MAX);
    cr_expect_eq(exchange->status, BATON_RUN_MAX_TURNS);
    cr_expect_not_null(
        strstr(stage_event_lines(&stage), "'result':'Error: agents as tools are nested too deeply','is_error':true"));
    stage_check(&stage, "nesting", STAGE_STRICT);
    stage_close(&stage);
}

Test(run, tells_what_nested_agents_do_on_the_same_clock)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){
                           WITH_CHECK, .replies = { { .calls = { BALANCE } }, { .text = "5." }, { .text = "x" } } });
    cr_assert_not_null(stage_say(&stage, "U", false));
    expect_text("nested", "events", stage_event_lines(&stage),
                "*{'seq':2,'event':'turn_start','exchange':0,'turn':0,'nesting':1,'at_ms':100,'agent':'billing'}\n"
                "{'seq':3,'event':'text_delta','exchange':0,'turn':0,'nesting':1,'at_ms':200,'agent':'billing','text':"
                "'5.'}\n"
                "{'seq':4,'event':'turn_end','exchange':0,'turn':0,'nesting':1,'at_ms':200,'agent':'billing'}\n"
                "{'seq':5,'event':'done','exchange':0,'turn':0,'nesting':1,'at_ms':200,'status':'answered',"
                "'final_agent':'billing','text':'5.'}\n"
                "{'seq':6,'event':'tool_result','exchange':0,'turn':0,'at_ms':200,*");
    stage_close(&stage);
}
