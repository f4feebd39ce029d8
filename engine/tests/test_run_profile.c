/* The switches of a profile that the loop reads, each turned alone on a copy of `baton`; stems as in the scenarios. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>

#define TOLD_ANSWER "start text end done:answered"
#define NOBODY                       \
    {                                \
        .name = "transfer_to_nobody" \
    }

struct profile_row {
    void (*change)(struct baton_profile *profile);
    struct scenario scenario;
};

static void check_changed(const struct profile_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct baton_profile profile = *baton_profile_default();
        struct scenario scenario = rows[i].scenario;
        rows[i].change(&profile);
        scenario.stage.profile = &profile;
        check_scenario(&scenario);
    }
}

static void last_wins(struct baton_profile *profile)
{
    profile->multi = BATON_MULTI_LAST;
}

static void drops_ignored(struct baton_profile *profile)
{
    profile->multi_ignored = BATON_IGNORED_DROP;
}

static void last_wins_others_drop(struct baton_profile *profile)
{
    last_wins(profile);
    drops_ignored(profile);
}

Test(run, takes_and_drops_handoffs_as_the_profile_says)
{
    static const struct profile_row rows[] = {
        { last_wins,
          { .name = "4 multi_handoffs, last",
            .stage = { .replies = { { .calls = { TO_BILLING, TO_TECH } }, { .text = "x" } } },
            .log = "ask:triage ask:tech",
            .seen = "user U | triage: [transfer_to_billing{} transfer_to_tech{}] | =Ignored: only one handoff of a "
                    "response is taken. | ={'assistant':'tech'}",
            .events = "start call:transfer_to_billing call:transfer_to_tech result:transfer_to_billing "
                      "result:transfer_to_tech handoff:triage>tech agent:tech end " TOLD_ANSWER,
            .outcome = "answered tech 'x' triage>tech turns 2 tools 0 invalid 0 ignored 1" } },
        { last_wins,
          { .name = "4 multi_handoffs, last valid one",
            .stage = { .replies = { { .calls = { TO_BILLING, NOBODY } }, { .text = "x" } } },
            .log = "ask:triage ask:billing",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 1 ignored 0" } },
        { drops_ignored,
          { .name = "4 multi_handoffs, drop",
            .stage = { .replies = { { .calls = { TO_BILLING, QUICK, TO_TECH } }, { .text = "x" } } },
            .breaches = STAGE_HIDES_RESULTS,
            .log = "ask:triage run:quick({}) ask:billing",
            .seen = "user U | triage: [transfer_to_billing{} quick{}] | ={'assistant':'billing'} | =quick ok",
            .events = "start call:transfer_to_billing call:quick call:transfer_to_tech result:quick "
                      "result:transfer_to_billing handoff:triage>billing agent:billing end " TOLD_ANSWER,
            .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 1" } },
        { last_wins_others_drop,
          { .name = "5 same_handoff_twice, last and drop",
            .stage = { .replies = { { .calls = { TO_BILLING, TO_BILLING } }, { .text = "x" } } },
            .breaches = STAGE_HIDES_RESULTS,
            .seen = "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'}",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 1" } },
    };
    check_changed(rows, COUNT_OF(rows));
}

static void tools_first(struct baton_profile *profile)
{
    profile->results_order = BATON_ORDER_TOOLS_THEN_HANDOFF;
}

static void hides_transfer_results(struct baton_profile *profile)
{
    profile->transfer_result_event = false;
}

static void goes_on_after_text(struct baton_profile *profile)
{
    profile->no_call_ends_run = false;
}

static void continues_at_the_entry(struct baton_profile *profile)
{
    profile->continue_agent = BATON_CONTINUE_ENTRY;
}

static void has_other_words(struct baton_profile *profile)
{
    profile->tool_error_template = "{message}!\n Please fix your mistakes.";
    profile->result_template = "Now {name}, {nobody}";
}

static void has_other_limits(struct baton_profile *profile)
{
    profile->max_turns = 2;
}

Test(run, orders_and_words_results_as_the_profile_says)
{
    static const struct profile_row rows[] = {
        { tools_first,
          { .name = "7 handoff_then_tool, tools first",
            .stage = { .replies = { { .calls = { TO_BILLING, LOOKUP, TO_TECH } }, { .text = "x" } } },
            .breaches = STAGE_ORDERS_RESULTS,
            .seen =
                "user U | triage: [transfer_to_billing{} lookup_account{'id':'7'} transfer_to_tech{}] | =account 7: "
                "pro | =Ignored: only one handoff of a response is taken. | ={'assistant':'billing'}",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 1" } },
        { hides_transfer_results,
          { .name = "6 tool_then_handoff, no event for the transfer's result",
            .stage = { .replies = { { .calls = { QUICK, TO_BILLING } }, { .text = "x" } } },
            .breaches = STAGE_HIDES_RESULTS,
            .seen = "user U | triage: [quick{} transfer_to_billing{}] | =quick ok | ={'assistant':'billing'}",
            .events =
                "start call:quick call:transfer_to_billing result:quick handoff:triage>billing agent:billing end " TOLD_ANSWER,
            .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" } },
        { goes_on_after_text,
          { .name = "no_call_ends_run: no",
            .stage = { .top = "limits: { max_turns: 3 }", .replies = { { .text = "Hm." } }, .repeats = true },
            .log = "ask:triage ask:triage ask:triage",
            .seen = "user U | triage: Hm. | triage: Hm.",
            .outcome = "max_turns triage 'Hm.' triage turns 3 tools 0 invalid 0 ignored 0" } },
        { continues_at_the_entry,
          { .name = "50 second_run_history, from the entry",
            .stage = { .replies = { { .calls = { TO_BILLING } }, { .text = "x" }, { .text = "y" } } },
            .says = { "U", "V" },
            .log = "ask:triage ask:billing ask:triage",
            .outcome = "answered triage 'y' triage turns 1 tools 0 invalid 0 ignored 0" } },
        { has_other_words,
          { .name = "32 tool_error_plus_handoff, in other words",
            .stage = { .replies = { { .calls = { { .name = "boom" }, TO_BILLING } }, { .text = "x" } } },
            .seen = "user U | triage: [boom{} transfer_to_billing{}] | =kaboom!\n Please fix your mistakes. | =Now "
                    "'billing', {nobody}",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0" } },
        { has_other_limits,
          { .name = "17 maxturns_tools, the profile's limit",
            .stage = { .replies = { { .calls = { QUICK } } }, .repeats = true },
            .outcome = "max_turns triage '' triage turns 2 tools 2 invalid 0 ignored 0" } },
        { has_other_limits,
          { .name = "17 maxturns_tools, the file's limit goes first",
            .stage = { .top = "limits: { max_turns: 3 }", .replies = { { .calls = { QUICK } } }, .repeats = true },
            .outcome = "max_turns triage '' triage turns 3 tools 3 invalid 0 ignored 0" } },
    };
    check_changed(rows, COUNT_OF(rows));
}

static void raises_unknown(struct baton_profile *profile)
{
    profile->unknown_tool = BATON_MISTAKE_RAISE;
}

static void raises_bad_handoff(struct baton_profile *profile)
{
    profile->bad_json_handoff = profile->bad_json_handoff_typed = BATON_MISTAKE_RAISE;
}

static void refuses_bad_handoff(struct baton_profile *profile)
{
    profile->bad_json_handoff = profile->bad_json_handoff_typed = BATON_MISTAKE_RESULT;
}

static void transfers_bad_handoff(struct baton_profile *profile)
{
    profile->bad_json_handoff = profile->bad_json_handoff_typed = BATON_MISTAKE_TRANSFER;
}

#define BAD_HANDOFF                                                       \
    {                                                                     \
        .name = "transfer_to_billing", .arguments = "{\"reason\": 7, not" \
    }
#define UNFIT_HANDOFF                                                \
    {                                                                \
        .name = "transfer_to_billing", .arguments = "{\"reason\":7}" \
    }
#define TYPED "handoffs: [{ agent: billing, input: { type: object, properties: { reason: { type: string } } } }]"

Test(run, raises_where_the_profile_does)
{
    static const struct profile_row rows[] = {
        { raises_unknown,
          { .name = "19 undeclared_transfer, raise",
            .stage = { .replies = { { .calls = { QUICK, NOBODY, TO_BILLING } }, { .text = "x" } } },
            .log = "ask:triage",
            .events =
                "start call:quick call:transfer_to_nobody call:transfer_to_billing failure:response end done:error",
            .outcome =
                "error triage 'unknown tool 'transfer_to_nobody'' triage turns 1 tools 1 invalid 0 ignored 0" } },
        { raises_unknown,
          { .name = "9 prev_agent_tool_after_handoff, raise",
            .stage = { .replies = { { .calls = { TO_BILLING } }, { .calls = { LOOKUP } }, { .text = "x" } } },
            .log = "ask:triage ask:billing",
            .outcome = "error billing 'unknown tool 'lookup_account'' triage>billing turns 2 tools 1 invalid 0 ignored "
                       "0" } },
        { raises_bad_handoff,
          { .name = "24 malformed_args_handoff_noinput, raise",
            .stage = { .replies = { { .calls = { BAD_HANDOFF } }, { .text = "x" } } },
            .log = "ask:triage",
            .events = "start call:transfer_to_billing failure:response end done:error",
            .outcome = "error triage 'cannot read the arguments: *' triage turns 1 tools 0 invalid 0 ignored 0" } },
        { raises_bad_handoff,
          { .name = "28 inputtype_schema_violation, raise",
            .stage = { .triage = TYPED, .replies = { { .calls = { UNFIT_HANDOFF } }, { .text = "x" } } },
            .log = "ask:triage",
            .outcome =
                "error triage 'the handoff's arguments do not fit: at /reason: *' triage turns 1 tools 0 invalid "
                "0 ignored 0" } },
        { refuses_bad_handoff,
          { .name = "24 malformed_args_handoff_noinput, result",
            .stage = { .replies = { { .calls = { BAD_HANDOFF } }, { .text = "x" } } },
            .log = "ask:triage ask:triage",
            .seen = "user U | triage: [transfer_to_billing{'reason': 7, not] | =Error: cannot read the arguments: *",
            .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0" } },
        { transfers_bad_handoff,
          { .name = "28 inputtype_schema_violation, transfer",
            .stage = { .triage = TYPED, .replies = { { .calls = { UNFIT_HANDOFF } }, { .text = "x" } } },
            .log = "ask:triage ask:billing",
            .events = "start call:transfer_to_billing warning:bad_arguments result:transfer_to_billing "
                      "handoff:triage>billing agent:billing end " TOLD_ANSWER,
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" } },
    };
    check_changed(rows, COUNT_OF(rows));
}

static void raises_bad_tool(struct baton_profile *profile)
{
    profile->bad_json_tool = BATON_MISTAKE_RAISE;
}

static void calls_tools_with_nothing(struct baton_profile *profile)
{
    profile->bad_json_tool = BATON_MISTAKE_EMPTY;
}

static void validates_nothing(struct baton_profile *profile)
{
    profile->args_validate = false;
}

static void raises_bad_tool_unvalidated(struct baton_profile *profile)
{
    raises_bad_tool(profile);
    validates_nothing(profile);
}

static void trusts_the_finish_reason(struct baton_profile *profile)
{
    profile->finish_trust = BATON_TRUST_FINISH_REASON;
}

Test(run, treats_arguments_of_tools_as_the_profile_says)
{
    static const struct profile_row rows[] = {
        { raises_bad_tool,
          { .name = "30 malformed_args_tool, raise",
            .stage = { .replies = { { .calls = { QUICK, { .name = "lookup_account", .arguments = "{not json" } } },
                                    { .text = "x" } } },
            .log = "ask:triage",
            .events = "start call:quick call:lookup_account failure:response end done:error",
            .outcome = "error triage 'cannot read the arguments: *' triage turns 1 tools 2 invalid 0 ignored 0" } },
        { calls_tools_with_nothing,
          { .name = "30 malformed_args_tool, empty_args",
            .stage = { .replies = { { .calls = { { .name = "lookup_account", .arguments = "{not json" } } },
                                    { .text = "x" } } },
            .log = "ask:triage run:lookup_account({}) ask:triage",
            .seen = "user U | triage: [lookup_account{not json] | =account undefined: pro",
            .events = "start call:lookup_account warning:bad_arguments result:lookup_account end " TOLD_ANSWER,
            .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" } },
        { validates_nothing,
          { .name = "31 schema_bad_args_tool, not validated",
            .stage = { .replies = { { .calls = { { .name = "lookup_account", .arguments = "{\"id\":7}" } } },
                                    { .text = "x" } } },
            .log = "ask:triage run:lookup_account({'id':7}) ask:triage",
            .seen = "user U | triage: [lookup_account{'id':7}] | =account 7: pro",
            .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0" } },
        { validates_nothing,
          { .name = "28 inputtype_schema_violation, not validated",
            .stage = { .triage = TYPED, .replies = { { .calls = { UNFIT_HANDOFF } }, { .text = "x" } } },
            .log = "ask:triage ask:billing",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" } },
        { raises_bad_tool_unvalidated,
          { .name = "30 malformed_args_tool, raise where nothing is validated",
            .stage = { .replies = { { .calls = { { .name = "boom", .arguments = "[" } } }, { .text = "x" } } },
            .log = "ask:triage",
            .outcome = "error triage 'cannot read the arguments: *' triage turns 1 tools 1 invalid 0 ignored 0" } },
        { trusts_the_finish_reason,
          { .name = "52 finish_stop_with_calls, trusted",
            .stage = { .replies = { { .text = "T.", .calls = { TO_BILLING }, .finish = BATON_FINISH_STOP },
                                    { .text = "x" } } },
            .says = { "U", "V" },
            .breaches = STAGE_LEAVES_CALLS_OPEN,
            .log = "ask:triage ask:triage",
            .seen = "user U | triage: T. [transfer_to_billing{}] | user V",
            .events = TOLD_ANSWER " " TOLD_ANSWER,
            .outcome = "answered triage 'x' triage turns 1 tools 0 invalid 0 ignored 0" } },
        { trusts_the_finish_reason,
          { .name = "1 basic, the finish reason agrees",
            .stage = { .replies = { { .calls = { TO_BILLING }, .finish = BATON_FINISH_TOOL_CALLS }, { .text = "x" } } },
            .log = "ask:triage ask:billing",
            .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" } },
    };
    check_changed(rows, COUNT_OF(rows));
}
