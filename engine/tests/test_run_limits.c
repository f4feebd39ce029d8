/* Conformance scenarios of how an exchange ends: limits, loops, failures, guards, and what comes after it. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define CIRCLE .triage = TRIAGE_TOOLS ", handoffs: [billing]", .billing = "handoffs: [triage]"
#define PING_PONG .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TRIAGE } } }, .repeats = true
#define TOLD_TO_BILLING \
    "start call:transfer_to_billing result:transfer_to_billing handoff:triage>billing agent:billing "
#define TOLD_TO_TRIAGE "start call:transfer_to_triage result:transfer_to_triage handoff:billing>triage agent:triage "

static void check_all(const struct scenario *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_scenario(&rows[i]);
    }
}

static bool stops_politely(void *user, uint32_t agent, enum baton_run_status status, struct baton_str *text)
{
    stage_note(user, "on_limit:%u:%s", agent, baton_run_status_name(status));
    *text = BATON_STR("stopped politely");
    return true;
}

Test(run, stops_at_max_turns)
{
    static const struct scenario rows[] = {
        { .name = "12 circular_max3",
          .stage = { .top = "limits: { max_turns: 3 }", CIRCLE, PING_PONG },
          .log = "ask:triage ask:billing ask:triage",
          .events = TOLD_TO_BILLING "end " TOLD_TO_TRIAGE "loop:revisit end " TOLD_TO_BILLING
                                    "loop:ping_pong end done:max_turns",
          .outcome = "max_turns billing '' triage>billing>triage>billing turns 3 tools 0 invalid 0 ignored 0" },
        { .name = "13 circular_default",
          .stage = { CIRCLE, PING_PONG },
          .log = "ask:triage ask:billing ask:triage ask:billing ask:triage ask:billing ask:triage ask:billing "
                 "ask:triage ask:billing",
          .outcome = "max_turns triage '' triage>billing>triage>billing>triage>billing>triage>billing>triage>billing>"
                     "triage turns 10 tools 0 invalid 0 ignored 0" },
        { .name = "14 maxturns1_handoff",
          .stage = { .top = "limits: { max_turns: 1 }", .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage",
          .events = TOLD_TO_BILLING "end done:max_turns",
          .outcome = "max_turns billing '' triage>billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "15 maxturns2_handoff",
          .stage = { .top = "limits: { max_turns: 2 }", .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .events = TOLD_TO_BILLING "end start text end done:answered",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "16 maxturns0",
          .stage = { .top = "limits: { max_turns: 0 }", .replies = { { .text = "x" } } },
          .log = "",
          .events = "done:max_turns",
          .outcome = "max_turns triage '' triage turns 0 tools 0 invalid 0 ignored 0" },
        { .name = "17 maxturns_tools",
          .stage = { .top = "limits: { max_turns: 3 }", .replies = { { .calls = { QUICK } } }, .repeats = true },
          .log = "ask:triage run:quick({}) ask:triage run:quick({}) ask:triage run:quick({})",
          .events = "start call:quick result:quick end start call:quick result:quick end start call:quick result:quick "
                    "end done:max_turns",
          .outcome = "max_turns triage '' triage turns 3 tools 3 invalid 0 ignored 0" },
        { .name = "18 maxturns_error_handler",
          .stage = { .top = "limits: { max_turns: 1 }",
                     .hooks = { .on_limit = stops_politely },
                     .replies = { { .calls = { TO_BILLING } } } },
          .log = "ask:triage on_limit:1:max_turns",
          .events = TOLD_TO_BILLING "end done:max_turns",
          .outcome = "max_turns billing 'stopped politely' triage>billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "max_turns off",
          .stage = { .top = "limits: { max_turns: -1, max_handoffs: 40 }", CIRCLE, PING_PONG },
          .outcome = "max_handoffs triage '' *>triage turns 41 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, stops_at_max_handoffs)
{
    static const struct scenario rows[] = {
        { .name = "13 circular_default with max_handoffs 8",
          .stage = { .top = "limits: { max_handoffs: 8 }", CIRCLE, PING_PONG },
          .log = "ask:triage ask:billing ask:triage ask:billing ask:triage ask:billing ask:triage ask:billing "
                 "ask:triage",
          .outcome =
              "max_handoffs triage '' triage>billing>triage>billing>triage>billing>triage>billing>triage turns 9 "
              "tools 0 invalid 0 ignored 0" },
        { .name = "none allowed",
          .stage = { .top = "limits: { max_handoffs: 0 }",
                     .replies = { { .calls = { LOOKUP, TO_BILLING, TO_TECH } } } },
          .log = "ask:triage run:lookup_account({'id':'7'})",
          .events = "start call:lookup_account call:transfer_to_billing call:transfer_to_tech result:lookup_account "
                    "error:transfer_to_billing result:transfer_to_tech end done:max_handoffs",
          .outcome = "max_handoffs triage '' triage turns 1 tools 1 invalid 0 ignored 1" },
        { .name = "one allowed and taken",
          .stage = { .top = "limits: { max_handoffs: 1 }",
                     .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .events = TOLD_TO_BILLING "end start text end done:answered",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "with a last word",
          .stage = { .top = "limits: { max_handoffs: 0 }",
                     .hooks = { .on_limit = stops_politely },
                     .replies = { { .calls = { TO_BILLING } } } },
          .log = "ask:triage on_limit:0:max_handoffs",
          .events = "start call:transfer_to_billing error:transfer_to_billing end done:max_handoffs",
          .outcome = "max_handoffs triage 'stopped politely' triage turns 1 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, says_in_the_record_that_the_limit_of_handoffs_is_reached)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){ .top = "limits: { max_handoffs: 0 }",
                                                .replies = { { .calls = { LOOKUP, TO_BILLING } } } });
    const struct baton_exchange *exchange = stage_say(&stage, "U", false);
    uint32_t count;
    const struct baton_message *messages = baton_run_history(stage.run, &count);
    expect_text("max_handoffs 0", "history", stage_seen(&stage, messages, count),
                "user U | triage: [lookup_account{'id':'7'} transfer_to_billing{}] | =account 7: pro | =Error: the "
                "limit of handoffs is reached");
    cr_expect_eq(exchange->turns[0].choice, BATON_CHOICE_REJECTED);
    cr_expect(baton_str_is(exchange->turns[0].wanted, "transfer_to_billing"));
    cr_expect_not(exchange->ended_rejected, "a limit is no mistake of the model");
    stage_close(&stage);
}

Test(run, stops_where_the_file_says_so)
{
    static const struct scenario rows[] = {
        { .name = "loops.action: stop",
          .stage = { .top = "loops: { action: stop }", CIRCLE, PING_PONG },
          .log = "ask:triage ask:billing ask:triage",
          .events =
              TOLD_TO_BILLING "end " TOLD_TO_TRIAGE "loop:revisit end " TOLD_TO_BILLING "loop:ping_pong end done:loop",
          .outcome = "loop billing '' triage>billing>triage>billing turns 3 tools 0 invalid 0 ignored 0" },
        { .name = "loops.repeats 3, stop",
          .stage = { .top = "loops: { action: stop, repeats: 3 }", CIRCLE, PING_PONG },
          .log = "ask:triage ask:billing ask:triage ask:billing ask:triage",
          .outcome =
              "loop billing '' triage>billing>triage>billing>triage>billing turns 5 tools 0 invalid 0 ignored 0" },
        { .name = "a bounce back is no loop to stop at",
          .stage = { .top = "loops: { action: stop }",
                     CIRCLE,
                     .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TRIAGE } }, { .text = "x" } } },
          .log = "ask:triage ask:billing ask:triage",
          .outcome = "answered triage 'x' triage>billing>triage turns 3 tools 0 invalid 0 ignored 0" },
        { .name = "on_handoff: stop",
          .stage = { .top = "on_handoff: stop", .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage",
          .events = TOLD_TO_BILLING "end done:handoff",
          .outcome = "handoff billing '' triage>billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "on_handoff: stop, and the target answers the next message",
          .stage = { .top = "on_handoff: stop", .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .says = { "U", "Well?" },
          .log = "ask:triage ask:billing",
          .seen = "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | user Well?",
          .events = TOLD_TO_BILLING "end done:handoff start text end done:answered",
          .outcome = "answered billing 'x' billing turns 1 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, ends_with_a_status_whatever_the_provider_does)
{
    static const struct scenario rows[] = {
        { .name = "52 finish_stop_with_calls",
          .stage = { .replies = { { .calls = { TO_BILLING }, .finish = BATON_FINISH_STOP }, { .text = "x" } } },
          .log = "ask:triage ask:billing",
          .events = "start warning:finish_mismatch call:transfer_to_billing result:transfer_to_billing "
                    "handoff:triage>billing agent:billing end start text end done:answered",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "53 model_error_after_handoff",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .fails_with = BATON_EPROVIDER } } },
          .log = "ask:triage ask:billing",
          .events = TOLD_TO_BILLING "end start failure:provider end done:error",
          .outcome = "error billing 'HTTP 400: the request is not liked' triage>billing turns 2 tools 0 invalid 0 "
                     "ignored 0" },
        { .name = "a replay miss is a provider's failure too",
          .stage = { .replies = { { .fails_with = BATON_EMISS } } },
          .events = "start failure:provider end done:error",
          .outcome = "error triage 'HTTP 400: the request is not liked' triage turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "the recording ends after a handoff",
          .stage = { .replies = { { .calls = { TO_BILLING } } } },
          .log = "ask:triage ask:billing",
          .events = TOLD_TO_BILLING "end start end done:unanswered",
          .outcome = "unanswered billing '' triage>billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "the recording goes on with another agent",
          .stage = { .replies = { { .calls = { TO_BILLING } },
                                  { .kind = BATON_REPLY_DIVERGED, .recorded_agent = 2 } } },
          .log = "ask:triage ask:billing",
          .events = TOLD_TO_BILLING "end start warning:diverged end done:unanswered",
          .outcome = "unanswered billing '' triage>billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "an answer in two pieces",
          .stage = { .replies = { { .text = "One moment.", .continues = true }, { .text = "Done." } } },
          .log = "ask:triage ask:triage",
          .seen = "user U | triage: One moment.",
          .events = "start text end start text end done:answered",
          .outcome = "answered triage 'Done.' triage turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "nothing said",
          .stage = { .replies = { { .is_silent = true } } },
          .events = "start end done:unanswered",
          .outcome = "unanswered triage '' triage turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "an empty answer",
          .stage = { .replies = { { .text = "", .is_untimed = true } } },
          .events = "start warning:empty_answer end done:answered",
          .outcome = "answered triage '' triage turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "of unknown duration, in other letters",
          .stage = { .replies = { { .text = "\xc3\xa9t\xc3\xa9 \xe5\xae\xa2\xe6\x9c\x8d \xf0\x9f\x8c\xbf",
                                    .is_untimed = true } } },
          .events = "start text end done:answered",
          .outcome =
              "answered triage '\xc3\xa9t\xc3\xa9 \xe5\xae\xa2\xe6\x9c\x8d \xf0\x9f\x8c\xbf' triage turns 1 tools "
              "0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, tells_where_a_recording_diverged)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){ .replies = { { .text = "Hi." },
                                                             { .calls = { TO_BILLING } },
                                                             { .kind = BATON_REPLY_DIVERGED, .recorded_agent = 2 } } });
    const struct baton_exchange *first = stage_say(&stage, "Hello", false);
    const struct baton_exchange *second = stage_say(&stage, "U", false);
    cr_expect_not(first->divergence.happened);
    cr_expect(second->divergence.happened);
    cr_expect_eq(second->divergence.exchange, 1);
    cr_expect_eq(second->divergence.turn, 1);
    cr_expect_eq(second->divergence.recorded, 2);
    cr_expect_eq(second->divergence.asked, 1);
    cr_expect_eq(second->turn_count, 1, "the turn that nobody took does not count");
    stage_close(&stage);
}

Test(run, gives_up_only_for_lack_of_memory_or_when_interrupted)
{
    static const struct row {
        const char *name;
        enum baton_status fails_with;
        bool goes_up;
    } rows[] = {
        { "out of memory", BATON_ENOMEM, true },           { "a limit", BATON_ELIMIT, true },
        { "interrupted", BATON_EINTERRUPTED, true },       { "the provider", BATON_EPROVIDER, false },
        { "input or output", BATON_EIO, false },           { "a miss", BATON_EMISS, false },
        { "bad input from outside", BATON_EINPUT, false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage;
        stage_open(&stage, &(struct stage_options){ .replies = { { .fails_with = rows[i].fails_with } } });
        const struct baton_exchange *exchange = stage_say(&stage, "U", false);
        cr_expect_eq(exchange == NULL, rows[i].goes_up, "%s", rows[i].name);
        cr_expect_eq(stage.status, rows[i].goes_up ? rows[i].fails_with : BATON_OK, "%s", rows[i].name);
        stage_close(&stage);
    }
}

static bool guard_input(void *user, uint32_t agent, struct baton_str text)
{
    stage_note(user, "input:%u:%.*s", agent, (int)text.length, text.data);
    return !baton_str_is(text, "bad");
}

static bool guard_output(void *user, uint32_t agent, struct baton_str text)
{
    stage_note(user, "output:%u:%.*s", agent, (int)text.length, text.data);
    return !baton_str_is(text, "bad");
}

Test(run, guards_what_comes_in_and_what_goes_out)
{
#define GUARDS .hooks = {.guard_input = guard_input, .guard_output = guard_output }
    static const struct scenario rows[] = {
        { .name = "49 guardrails",
          .stage = { GUARDS, .replies = { { .text = "Moment.", .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "input:0:U ask:triage ask:billing output:1:x",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "49 guardrails, the input is refused",
          .stage = { GUARDS, .replies = { { .text = "x" } } },
          .says = { "bad" },
          .log = "input:0:bad",
          .events = "failure:guardrail done:error",
          .outcome = "error triage 'the input guardrail refused the message' triage turns 0 tools 0 invalid 0 "
                     "ignored 0" },
        { .name = "49 guardrails, the output is refused",
          .stage = { GUARDS, .replies = { { .text = "bad" } } },
          .log = "input:0:U ask:triage output:0:bad",
          .events = "start text failure:response end done:error",
          .outcome = "error triage 'the output guardrail refused the answer' triage turns 1 tools 0 invalid 0 "
                     "ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, goes_on_with_the_agent_that_holds_the_conversation)
{
    static const struct scenario rows[] = {
        { .name = "50 second_run_history",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .text = "Billing here." }, { .text = "Sure." } } },
          .says = { "U", "And then?" },
          .log = "ask:triage ask:billing ask:billing",
          .seen = "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | billing: Billing here. | user "
                  "And then?",
          .outcome = "answered billing 'Sure.' billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "limits count anew",
          .stage = { .top = "limits: { max_turns: 2, max_handoffs: 1 }",
                     CIRCLE,
                     .replies = { { .calls = { TO_BILLING } },
                                  { .text = "x" },
                                  { .calls = { TO_TRIAGE } },
                                  { .text = "y" } } },
          .says = { "U", "V" },
          .log = "ask:triage ask:billing ask:billing ask:triage",
          .outcome = "answered triage 'y' billing>triage turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "after an error",
          .stage = { .replies = { { .calls = { TO_BILLING } }, { .fails_with = BATON_EPROVIDER }, { .text = "y" } } },
          .says = { "U", "V" },
          .log = "ask:triage ask:billing ask:billing",
          .seen = "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | user V",
          .outcome = "answered billing 'y' billing turns 1 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, starts_over_when_told_to)
{
    struct stage stage;
    stage_open(&stage,
               &(struct stage_options){ .replies = { { .calls = { TO_BILLING } }, { .text = "x" }, { .text = "y" } } });
    cr_assert_not_null(stage_say(&stage, "U", false));
    cr_expect_eq(baton_run_active(stage.run), 1);
    const struct baton_exchange *exchange = stage_say(&stage, "V", true);
    expect_text("starts over", "outcome", stage_outcome(&stage, exchange),
                "answered triage 'y' triage turns 1 tools 0 invalid 0 ignored 0");
    expect_text("starts over", "log", stage_log(&stage), "ask:triage ask:billing ask:triage");
    stage_check(&stage, "starts over", STAGE_STRICT);
    stage_close(&stage);
}

Test(run, sends_a_tool_choice_until_the_agent_has_used_a_tool)
{
    static struct baton_profile keeps;
    keeps = *baton_profile_default();
    keeps.tool_choice_reset = false;
    const struct row {
        const char *name;
        struct stage_options stage;
        const char *want;
    } rows[] = {
        { "42 tool_choice_required",
          { .triage = TRIAGE_TOOLS ", handoffs: [billing], tool_choice: required",
            .replies = { { .calls = { QUICK } }, { .calls = { TO_BILLING } }, { .text = "x" } } },
          "required - -" },
        { "43 tool_choice_transfer_circular",
          { .triage = "handoffs: [billing], tool_choice: transfer_to_billing",
            .billing = "handoffs: [triage]",
            .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TRIAGE } }, { .text = "x" } } },
          "transfer_to_billing - -" },
        { "a call that could not run is no use of a tool",
          { .triage = TRIAGE_TOOLS ", tool_choice: required",
            .replies = { { .calls = { { .name = "nothing" } } }, { .calls = { QUICK } }, { .text = "x" } } },
          "required required -" },
        { "tool_choice.reset off",
          { .triage = TRIAGE_TOOLS ", tool_choice: required",
            .profile = &keeps,
            .replies = { { .calls = { QUICK } }, { .text = "x" } } },
          "required required" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage;
        char got[128] = "";
        stage_open(&stage, &rows[i].stage);
        cr_assert_not_null(stage_say(&stage, "U", false));
        for (uint32_t r = 0; r < stage.request_count; r++) {
            const char *choice = stage.requests[r].tool_choice;
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", r == 0 ? "" : " ",
                     choice[0] == '\0' ? "-" : choice);
        }
        expect_text(rows[i].name, "tool choices", got, rows[i].want);
        stage_close(&stage);
    }
}

Test(run, times_a_turn_by_what_is_known)
{
    enum { MS = 1000000 };
    static const struct row {
        const char *name;
        struct script_reply reply;
        bool streams;
        int64_t first_text_ns, latency_ns, ttft_ns;
        bool is_timed;
    } rows[] = {
        { "recorded", { .text = "x" }, false, 40 * MS, 100 * MS, 40 * MS, true },
        { "measured, all at once", { .text = "x", .is_measured = true }, false, 100 * MS, 100 * MS, 100 * MS, true },
        { "measured, streaming", { .text = "x" }, true, 40 * MS, 100 * MS, 40 * MS, true },
        { "measured, without a text", { .is_silent = true, .is_measured = true }, false, -1, 100 * MS, -1, true },
        { "not known", { .text = "x", .is_untimed = true }, false, -1, -1, -1, false },
        { "not known, streaming", { .text = "x", .is_untimed = true }, true, -1, -1, -1, false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage stage;
        stage_open(&stage, &(struct stage_options){ .replies = { rows[i].reply }, .streams = rows[i].streams });
        const struct baton_exchange *exchange = stage_say(&stage, "U", false);
        cr_assert_not_null(exchange);
        const struct baton_turn *turn = &exchange->turns[0];
        uint32_t count;
        const struct baton_message *message = &baton_run_history(stage.run, &count)[1];
        cr_assert_eq(count, 2);
        cr_expect_eq(turn->first_text_ns, rows[i].first_text_ns, "%s", rows[i].name);
        cr_expect_eq(turn->is_timed, rows[i].is_timed, "%s", rows[i].name);
        cr_expect_eq(turn->end_ns - turn->start_ns, rows[i].is_timed ? 100 * MS : 0, "%s", rows[i].name);
        cr_expect_eq(message->latency_ns, rows[i].latency_ns, "%s: %lld", rows[i].name, (long long)message->latency_ns);
        cr_expect_eq(message->ttft_ns, rows[i].ttft_ns, "%s: %lld", rows[i].name, (long long)message->ttft_ns);
        stage_close(&stage);
    }
}

Test(run, goes_on_where_a_replay_puts_it)
{
    struct stage stage;
    stage_open(&stage,
               &(struct stage_options){ .triage = "handoffs: [{ agent: billing, history: none }]",
                                        .replies = { { .calls = { TO_BILLING } }, { .text = "x" }, { .text = "y" } } });
    cr_assert_not_null(stage_say(&stage, "U", false));
    struct baton_message note = { .role = BATON_ROLE_SYSTEM, .has_content = true, .content = BATON_STR("note") };
    cr_assert_eq(baton_run_append(stage.run, &note, &stage.err), BATON_OK);
    baton_run_hold(stage.run, 2);
    const struct baton_exchange *exchange = stage_say(&stage, "V", false);
    expect_text(
        "held", "seen", stage.requests[2].seen,
        "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | billing: x | system note | user V");
    expect_text("held", "outcome", stage_outcome(&stage, exchange),
                "answered tech 'y' tech turns 1 tools 0 invalid 0 ignored 0");
    stage_close(&stage);
}
