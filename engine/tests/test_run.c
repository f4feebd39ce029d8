/* The conformance scenarios of a single exchange under the profile `baton`; each row has its number and stem. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>

#define NOBODY                       \
    {                                \
        .name = "transfer_to_nobody" \
    }
#define REFUND                                          \
    {                                                   \
        .name = "refund", .arguments = "{\"amount\":3}" \
    }

/* An exchange's text in short: what is asked, what the next agent sees, and what is told of it. */
#define SEEN_TO_BILLING "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'}"
#define TOLD_TO_BILLING \
    "start call:transfer_to_billing result:transfer_to_billing handoff:triage>billing agent:billing end "
#define TOLD_ANSWER "start text end done:answered"
#define IGNORED "=Ignored: only one handoff of a response is taken."

static void check_all(const struct scenario *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_scenario(&rows[i]);
    }
}

Test(run, hands_the_conversation_over)
{
    static const struct scenario rows[] = {
        { .name = "1 basic",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .text = "Billing here." } } },
          .log = "ask:triage ask:billing",
          .seen = SEEN_TO_BILLING,
          .events = TOLD_TO_BILLING TOLD_ANSWER,
          .outcome = "answered billing 'Billing here.' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "3 text_plus_handoff",
          .stage = { .replies = { { .text = "Let me transfer you.", .calls = { TO_BILLING } },
                                  { .text = "Billing here." } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: Let me transfer you. [transfer_to_billing{}] | ={'assistant':'billing'}",
          .events = "start text call:transfer_to_billing result:transfer_to_billing handoff:triage>billing "
                    "agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'Billing here.' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "10 target_then_tool",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .calls = { REFUND } }, { .text = "Refunded." } } },
          .log = "ask:triage ask:billing run:refund({'amount':3}) ask:billing",
          .seen = SEEN_TO_BILLING " | billing: [refund{'amount':3}] | =refunded 3",
          .events = TOLD_TO_BILLING "start call:refund result:refund end " TOLD_ANSWER,
          .outcome = "answered billing 'Refunded.' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "11 handoff_chain3",
          .stage = { .billing = "handoffs: [tech]",
                     .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TECH } }, { .text = "tech." } } },
          .log = "ask:triage ask:billing ask:tech",
          .seen = SEEN_TO_BILLING " | billing: [transfer_to_tech{}] | ={'assistant':'tech'}",
          .events = TOLD_TO_BILLING "start call:transfer_to_tech result:transfer_to_tech handoff:billing>tech "
                                    "agent:tech end " TOLD_ANSWER,
          .outcome = "answered tech 'tech.' triage>billing>tech turns 3 tools 0 invalid 0 ignored 0" },
        { .name = "34 self_handoff",
          .stage = { .triage = TRIAGE_TOOLS ", handoffs: [triage]",
                     .replies = { { .calls = { TO_TRIAGE } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_triage{}] | ={'assistant':'triage'}",
          .events = "start call:transfer_to_triage result:transfer_to_triage handoff:triage>triage agent:triage "
                    "loop:self end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage>triage turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "no handoff at all",
          .stage = { .replies = { { .text = "Hello." } } },
          .log = "ask:triage",
          .seen = "user U",
          .events = TOLD_ANSWER,
          .outcome = "answered triage 'Hello.' triage turns 1 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, takes_the_first_handoff_of_several)
{
    static const struct scenario rows[] = {
        { .name = "4 multi_handoffs",
          .stage = { .replies = { { .calls = { TO_BILLING, TO_TECH } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{} transfer_to_tech{}] | ={'assistant':'billing'} | " IGNORED,
          .events = "start call:transfer_to_billing call:transfer_to_tech result:transfer_to_billing "
                    "result:transfer_to_tech handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 1" },
        { .name = "5 same_handoff_twice",
          .stage = { .replies = { { .calls = { TO_BILLING, TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{} transfer_to_billing{}] | ={'assistant':'billing'} "
                  "| " IGNORED,
          .events = "start call:transfer_to_billing call:transfer_to_billing result:transfer_to_billing "
                    "result:transfer_to_billing handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 1" },
        { .name = "20 undeclared_transfer_plus_valid",
          .stage = { .replies = { { .calls = { TO_BILLING, NOBODY } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{} transfer_to_nobody{}] | ={'assistant':'billing'} | "
                  "=Error: unknown tool 'transfer_to_nobody'",
          .events = "start call:transfer_to_billing call:transfer_to_nobody result:transfer_to_billing "
                    "error:transfer_to_nobody handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 1 ignored 0" },
        { .name = "20 undeclared_transfer_plus_valid, the other way round",
          .stage = { .replies = { { .calls = { NOBODY, TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_nobody{} transfer_to_billing{}] | =Error: unknown tool "
                  "'transfer_to_nobody' | ={'assistant':'billing'}",
          .events = "start call:transfer_to_nobody call:transfer_to_billing error:transfer_to_nobody "
                    "result:transfer_to_billing handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 1 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, runs_tools_as_the_agent_that_called_them)
{
    static const struct scenario rows[] = {
        { .name = "6 tool_then_handoff",
          .stage = { .replies = { { .calls = { LOOKUP, TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage run:lookup_account({'id':'7'}) ask:billing",
          .seen = "user U | triage: [lookup_account{'id':'7'} transfer_to_billing{}] | =account 7: pro | "
                  "={'assistant':'billing'}",
          .events = "start call:lookup_account call:transfer_to_billing result:lookup_account "
                    "result:transfer_to_billing handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "7 handoff_then_tool",
          .stage = { .replies = { { .calls = { TO_BILLING, LOOKUP } }, { .text = "x" } } },
          .log = "ask:triage run:lookup_account({'id':'7'}) ask:billing",
          .seen = "user U | triage: [transfer_to_billing{} lookup_account{'id':'7'}] | ={'assistant':'billing'} | "
                  "=account 7: pro",
          .events = "start call:transfer_to_billing call:lookup_account result:lookup_account "
                    "result:transfer_to_billing handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "8 handoff_plus_target_tool",
          .stage = { .replies = { { .calls = { TO_BILLING, REFUND } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{} refund{'amount':3}] | ={'assistant':'billing'} | =Error: "
                  "unknown tool 'refund'",
          .events = "start call:transfer_to_billing call:refund error:refund result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "33 parallel_tools_order",
          .stage = { .replies = { { .calls = { LOOKUP, QUICK } }, { .text = "x" } } },
          .log = "ask:triage run:lookup_account({'id':'7'}) run:quick({}) ask:triage",
          .seen = "user U | triage: [lookup_account{'id':'7'} quick{}] | =account 7: pro | =quick ok",
          .events = "start call:lookup_account call:quick result:quick result:lookup_account end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 2 invalid 0 ignored 0" },
        { .name = "45 stop_on_first_tool_plus_handoff",
          .stage = { .replies = { { .calls = { QUICK, TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage run:quick({}) ask:billing",
          .seen = "user U | triage: [quick{} transfer_to_billing{}] | =quick ok | ={'assistant':'billing'}",
          .events = "start call:quick call:transfer_to_billing result:quick result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, answers_a_call_of_what_is_not_there)
{
    static const struct scenario rows[] = {
        { .name = "9 prev_agent_tool_after_handoff",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .calls = { LOOKUP } }, { .text = "x" } } },
          .log = "ask:triage ask:billing ask:billing",
          .seen = SEEN_TO_BILLING " | billing: [lookup_account{'id':'7'}] | =Error: unknown tool 'lookup_account'",
          .events = TOLD_TO_BILLING "start call:lookup_account error:lookup_account end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "19 undeclared_transfer",
          .stage = { .replies = { { .calls = { NOBODY } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_nobody{}] | =Error: unknown tool 'transfer_to_nobody'",
          .events = "start call:transfer_to_nobody error:transfer_to_nobody end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0" },
        { .name = "21 unlisted_but_in_map",
          .stage = { .triage = "handoffs: [tech]", .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_billing{}] | =Error: unknown tool 'transfer_to_billing'",
          .events = "start call:transfer_to_billing error:transfer_to_billing end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0" },
        { .name = "23 empty_suffix",
          .stage = { .replies = { { .calls = { { .name = "transfer_to_" } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_{}] | =Error: unknown tool 'transfer_to_'",
          .events = "start call:transfer_to_ error:transfer_to_ end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0" },
        { .name = "a name in another case is another name",
          .stage = { .replies = { { .calls = { { .name = "Transfer_To_Billing" } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [Transfer_To_Billing{}] | =Error: unknown tool 'Transfer_To_Billing'",
          .events = "start call:Transfer_To_Billing error:Transfer_To_Billing end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, transfers_with_any_arguments_where_none_are_asked_for)
{
    static const struct scenario rows[] = {
        { .name = "24 malformed_args_handoff_noinput",
          .stage = { .replies = { { .calls = { { "transfer_to_billing", "{not json", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{not json] | ={'assistant':'billing'}",
          .events = "start call:transfer_to_billing warning:bad_arguments result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "24 malformed_args_handoff_noinput, JSON but no object",
          .stage = { .replies = { { .calls = { { "transfer_to_billing", "[1]", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing[1]] | ={'assistant':'billing'}",
          .events = "start call:transfer_to_billing warning:bad_arguments result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "25 extra_args_handoff_noinput",
          .stage = { .replies = { { .calls = { { "transfer_to_billing", "{\"reason\":\"card\",\"x\":1}", NULL } } },
                                  { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{'reason':'card','x':1}] | ={'assistant':'billing'}",
          .events = TOLD_TO_BILLING TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "26 empty_args_handoff_noinput",
          .stage = { .replies = { { .calls = { { "transfer_to_billing", "", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing] | ={'assistant':'billing'}",
          .events = TOLD_TO_BILLING TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

#define TYPED                                                                                        \
    "handoffs: [{ agent: billing, input: { type: object, properties: { reason: { type: string } }, " \
    "required: [reason] } }]"

static bool notes_handoff(void *user, uint32_t from, const struct baton_handoff *handoff, struct baton_str arguments,
                          struct baton_str *message)
{
    (void)message;
    stage_note(user, "on_handoff:%u>%u(%.*s)", from, handoff->target, (int)arguments.length, arguments.data);
    return true;
}

static bool refuses_handoff(void *user, uint32_t from, const struct baton_handoff *handoff, struct baton_str arguments,
                            struct baton_str *message)
{
    notes_handoff(user, from, handoff, arguments, message);
    *message = BATON_STR("not now");
    return false;
}

Test(run, checks_the_arguments_of_a_typed_handoff)
{
#define REFUSED_EVENTS "start call:transfer_to_billing error:transfer_to_billing end " TOLD_ANSWER
#define REFUSED "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0"
    static const struct scenario rows[] = {
        { .name = "27 inputtype_ok",
          .stage = { .triage = TYPED,
                     .hooks = { .on_handoff = notes_handoff },
                     .replies = { { .calls = { { "transfer_to_billing", "{\"reason\":\"card\"}", NULL } } },
                                  { .text = "x" } } },
          .log = "ask:triage on_handoff:0>1({'reason':'card'}) ask:billing",
          .seen = "user U | triage: [transfer_to_billing{'reason':'card'}] | ={'assistant':'billing'}",
          .events = TOLD_TO_BILLING TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "28 inputtype_malformed",
          .stage = { .triage = TYPED,
                     .hooks = { .on_handoff = notes_handoff },
                     .replies = { { .calls = { { "transfer_to_billing", "{not json", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen =
              "user U | triage: [transfer_to_billing{not json] | =Error: cannot read the arguments: not valid JSON*",
          .events = REFUSED_EVENTS,
          .outcome = REFUSED },
        { .name = "28 inputtype_schema_violation",
          .stage = { .triage = TYPED,
                     .hooks = { .on_handoff = notes_handoff },
                     .replies = { { .calls = { { "transfer_to_billing", "{\"reason\":7}", NULL } } },
                                  { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_billing{'reason':7}] | =Error: the handoff's arguments do not fit: "
                  "at /reason: must be a string, not a number",
          .events = REFUSED_EVENTS,
          .outcome = REFUSED },
        { .name = "28 inputtype_empty",
          .stage = { .triage = TYPED,
                     .hooks = { .on_handoff = notes_handoff },
                     .replies = { { .calls = { { "transfer_to_billing", "", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [transfer_to_billing] | =Error: the handoff's arguments do not fit: the key "
                  "'reason' is missing",
          .events = REFUSED_EVENTS,
          .outcome = REFUSED },
        { .name = "29 onhandoff_throws",
          .stage = { .hooks = { .on_handoff = refuses_handoff },
                     .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage on_handoff:0>1({}) ask:triage",
          .seen = "user U | triage: [transfer_to_billing{}] | =Error: the handoff was refused: not now",
          .events = REFUSED_EVENTS,
          .outcome = REFUSED },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, answers_a_tool_that_cannot_run)
{
    static const struct scenario rows[] = {
        { .name = "30 malformed_args_tool",
          .stage = { .replies = { { .calls = { { "lookup_account", "{not json", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [lookup_account{not json] | =Error: cannot read the arguments: not valid JSON*",
          .events = "start call:lookup_account error:lookup_account end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "31 schema_bad_args_tool",
          .stage = { .replies = { { .calls = { { "lookup_account", "{\"id\":7}", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [lookup_account{'id':7}] | =Error: the arguments do not fit: at /id: must be a "
                  "string, not a number",
          .events = "start call:lookup_account error:lookup_account end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "32 tool_error",
          .stage = { .replies = { { .calls = { { .name = "boom" } } }, { .text = "x" } } },
          .log = "ask:triage run:boom({}) ask:triage",
          .seen = "user U | triage: [boom{}] | =Error: kaboom",
          .events = "start call:boom error:boom end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "32 tool_error_plus_handoff",
          .stage = { .replies = { { .calls = { { .name = "boom" }, TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage run:boom({}) ask:billing",
          .seen = "user U | triage: [boom{} transfer_to_billing{}] | =Error: kaboom | ={'assistant':'billing'}",
          .events = "start call:boom call:transfer_to_billing error:boom result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end " TOLD_ANSWER,
          .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "arguments that are no object",
          .stage = { .replies = { { .calls = { { "boom", "\"x\"", NULL } } }, { .text = "x" } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: [boom'x'] | =Error: the arguments must be an object, not a string",
          .events = "start call:boom error:boom end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
        { .name = "empty arguments are {}",
          .stage = { .replies = { { .calls = { { "quick", "", NULL } } }, { .text = "x" } } },
          .log = "ask:triage run:quick({}) ask:triage",
          .seen = "user U | triage: [quick] | =quick ok",
          .events = "start call:quick result:quick end " TOLD_ANSWER,
          .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, tells_the_reason_of_a_handoff)
{
    struct stage stage;
    stage_open(&stage,
               &(struct stage_options){
                   .replies = { { .calls = { { "transfer_to_billing", "{\"reason\":\"card\",\"x\":1}", "c" } } },
                                { .text = "x" } } });
    const struct baton_exchange *exchange = stage_say(&stage, "U", false);
    cr_assert_not_null(exchange);
    expect_text("25", "handoff", stage_event_lines(&stage),
                "{'seq':0,'event':'turn_start','exchange':0,'turn':0,'at_ms':0,'agent':'triage'}\n"
                "{'seq':1,'event':'tool_call','exchange':0,'turn':0,'at_ms':100,'agent':'triage','call_id':'c','name':"
                "'transfer_to_billing','arguments':'{\\'reason\\':\\'card\\',\\'x\\':1}'}\n"
                "{'seq':2,'event':'tool_result','exchange':0,'turn':0,'at_ms':100,'agent':'triage','call_id':'c',"
                "'name':'transfer_to_billing','result':'{\\'assistant\\':\\'billing\\'}'}\n"
                "{'seq':3,'event':'handoff','exchange':0,'turn':0,'at_ms':100,'from':'triage','to':'billing',"
                "'call_id':'c','reason':'card'}\n"
                "{'seq':4,'event':'agent_updated','exchange':0,'turn':0,'at_ms':100,'agent':'billing'}\n"
                "{'seq':5,'event':'turn_end','exchange':0,'turn':0,'at_ms':100,'agent':'billing'}\n"
                "{'seq':6,'event':'turn_start','exchange':0,'turn':1,'at_ms':100,'agent':'billing'}\n"
                "{'seq':7,'event':'text_delta','exchange':0,'turn':1,'at_ms':200,'agent':'billing','text':'x'}\n"
                "{'seq':8,'event':'turn_end','exchange':0,'turn':1,'at_ms':200,'agent':'billing'}\n"
                "{'seq':9,'event':'done','exchange':0,'turn':1,'at_ms':200,'status':'answered','final_agent':"
                "'billing','text':'x'}\n");
    const struct baton_turn *turn = &exchange->turns[0];
    cr_expect(baton_str_is(turn->reason, "card") && baton_str_is(turn->wanted, "transfer_to_billing"));
    cr_expect_eq(turn->choice, BATON_CHOICE_HANDOFF);
    cr_expect_eq(turn->handoff_to, 1);
    cr_expect_eq(exchange->turns[1].choice, BATON_CHOICE_ANSWER);
    cr_expect_eq(exchange->turns[1].handoff_to, BATON_NONE);
    stage_close(&stage);
}

static bool opens_tech_only(void *user, uint32_t from, const struct baton_handoff *handoff)
{
    struct stage *stage = user;
    cr_expect_eq(from, 0);
    return baton_str_is(stage->agents->list[handoff->target].name, "tech");
}

Test(run, offers_tools_and_then_open_handoffs_in_order)
{
    static const struct row {
        struct scenario scenario;
        const char *offered[3]; /* in each request */
    } rows[] = {
        { { .name = "2 basic (tools)",
            .stage = { .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
          { "lookup_account quick boom transfer_to_billing transfer_to_tech", "refund" } },
        { { .name = "34 self_handoff",
            .stage = { .triage = "tools: [quick], handoffs: [triage]",
                       .replies = { { .calls = { TO_TRIAGE } }, { .text = "x" } } },
            .outcome = "answered triage 'x' triage>triage turns 2 tools 0 invalid 0 ignored 0" },
          { "quick transfer_to_triage", "quick transfer_to_triage" } },
        { { .name = "38 disabled",
            .stage = { .triage = "tools: [quick], handoffs: [{ agent: billing, enabled: false }, tech]",
                       .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
            .seen = "user U | triage: [transfer_to_billing{}] | =Error: unknown tool 'transfer_to_billing'",
            .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0" },
          { "quick transfer_to_tech", "quick transfer_to_tech" } },
        { { .name = "38 disabled, by predicate",
            .stage = { .triage = "tools: [quick], handoffs: [billing, tech]",
                       .hooks = { .handoff_enabled = opens_tech_only },
                       .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TECH } }, { .text = "x" } } },
            .outcome = "answered tech 'x' triage>tech turns 3 tools 0 invalid 1 ignored 0" },
          { "quick transfer_to_tech", "quick transfer_to_tech", "" } },
        { { .name = "37 overrides",
            .stage = { .triage = "handoffs: [{ agent: billing, tool: escalate, description: Money. }]",
                       .replies = { { .calls = { { .name = "escalate" } } }, { .text = "x" } } },
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
          { "escalate", "refund" } },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *name = rows[i].scenario.name;
        check_scenario(&rows[i].scenario);
        struct stage stage;
        stage_open(&stage, &rows[i].scenario.stage);
        cr_assert_not_null(stage_say(&stage, "U", false), "%s", name);
        for (size_t r = 0; r < 3 && rows[i].offered[r] != NULL; r++) {
            expect_text(name, "offered", stage.requests[r].offered, rows[i].offered[r]);
        }
        stage_close(&stage);
    }
}

Test(run, describes_a_handoff_by_its_target)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){ .replies = { { .text = "x" } } });
    const struct baton_handoff *billing = &stage.agents->list[0].handoffs[0];
    cr_expect(baton_str_is(billing->tool_name, "transfer_to_billing"));
    cr_expect(baton_str_is(billing->description, "Hand off to billing: Handles payments."));
    cr_expect_null(billing->input, "the default schema: an optional reason");
    stage_close(&stage);
}

Test(run, shows_the_provider_the_messages_as_they_are_written)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){
                           .replies = { { .text = "T.", .calls = { TO_BILLING, LOOKUP } }, { .text = "x" } } });
    cr_assert_not_null(stage_say(&stage, "U", false));
    cr_assert_eq(stage.request_count, 2);
    expect_text("6", "messages", stage.requests[1].messages,
                "[{'role':'user','content':'U'},{'role':'assistant','agent':'triage','content':'T.','tool_calls':["
                "{'id':'call_1_1','type':'function','function':{'name':'transfer_to_billing','arguments':'{}'}},"
                "{'id':'call_1_2','type':'function','function':{'name':'lookup_account','arguments':"
                "'{\\'id\\':\\'7\\'}'}}]},"
                "{'role':'tool','content':'{\\'assistant\\':\\'billing\\'}','tool_call_id':'call_1_1'},"
                "{'role':'tool','content':'account 7: pro','tool_call_id':'call_1_2'}]");
    stage_close(&stage);
}
