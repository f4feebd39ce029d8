/* What the target of a handoff sees: history filters and context providers. The record stays whole under each. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define REFUND                                          \
    {                                                   \
        .name = "refund", .arguments = "{\"amount\":3}" \
    }
#define TO_BILLING_WITH(members) TRIAGE_TOOLS ", handoffs: [{ agent: billing, " members " }, tech]"

static void check_all(const struct scenario *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_scenario(&rows[i]);
    }
}

static bool summarises(void *user, const struct baton_handoff *handoff, const struct baton_message *messages,
                       uint32_t count, struct baton_arena *arena, struct baton_message **out, uint32_t *out_count)
{
    struct stage *stage = user;
    if (!baton_str_is(stage->agents->list[handoff->target].name, "billing")) {
        return false;
    }
    stage_note(stage, "filter:%u", count);
    cr_expect_eq(messages[count - 1].role, BATON_ROLE_TOOL, "the filter sees the result of the transfer");
    *out = baton_arena_zero(arena, sizeof **out);
    (*out)[0] = (struct baton_message){ .role = BATON_ROLE_USER, .has_content = true, .content = BATON_STR("SUMMARY") };
    *out_count = 1;
    return true;
}

Test(run, shows_the_target_what_the_filter_leaves)
{
    static const struct scenario rows[] = {
        { .name = "39 inputfilter_remove_tools",
          .stage = { .triage = TO_BILLING_WITH("history: no_tools"),
                     .replies = { { .calls = { LOOKUP } },
                                  { .text = "Transferring.", .calls = { TO_BILLING } },
                                  { .text = "x" } } },
          .seen = "user U | triage: Transferring.",
          .outcome = "answered billing 'x' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "39 and its own tools stay",
          .stage = { .triage = TO_BILLING_WITH("history: no_tools"),
                     .replies = { { .calls = { TO_BILLING } }, { .calls = { REFUND } }, { .text = "x" } } },
          .seen = "user U | billing: [refund{'amount':3}] | =refunded 3",
          .outcome = "answered billing 'x' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "40 inputfilter_custom_shape",
          .stage = { .hooks = { .filter = summarises },
                     .replies = { { .calls = { LOOKUP } }, { .calls = { TO_BILLING } }, { .text = "x" } } },
          .log = "ask:triage run:lookup_account({'id':'7'}) ask:triage filter:5 ask:billing",
          .seen = "user SUMMARY",
          .outcome = "answered billing 'x' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "40 where the filter has no opinion",
          .stage = { .hooks = { .filter = summarises }, .replies = { { .calls = { TO_TECH } }, { .text = "x" } } },
          .seen = "user U | triage: [transfer_to_tech{}] | ={'assistant':'tech'}",
          .outcome = "answered tech 'x' triage>tech turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "history: full",
          .stage = { .triage = TO_BILLING_WITH("history: full"),
                     .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } },
          .seen = "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'}",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "history: none",
          .stage = { .triage = TO_BILLING_WITH("history: none"),
                     .replies = { { .calls = { TO_BILLING } }, { .calls = { REFUND } }, { .text = "x" } } },
          .seen = "billing: [refund{'amount':3}] | =refunded 3",
          .outcome = "answered billing 'x' triage>billing turns 3 tools 1 invalid 0 ignored 0" },
        { .name = "history: last_user",
          .stage = { .triage = TO_BILLING_WITH("history: last_user"),
                     .replies = { { .text = "Hi." }, { .calls = { TO_BILLING } }, { .text = "x" } } },
          .says = { "Hello", "U" },
          .seen = "user U",
          .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0" },
        { .name = "a filter of an earlier exchange goes on",
          .stage = { .triage = TO_BILLING_WITH("history: last_user"),
                     .replies = { { .calls = { TO_BILLING } }, { .text = "x" }, { .text = "y" } } },
          .says = { "U", "V" },
          .seen = "user U | billing: x | user V",
          .outcome = "answered billing 'y' billing turns 1 tools 0 invalid 0 ignored 0" },
        { .name = "a full handoff after a filtered one shows the record",
          .stage = { .triage = TO_BILLING_WITH("history: none"),
                     .billing = "handoffs: [tech]",
                     .replies = { { .calls = { TO_BILLING } }, { .calls = { TO_TECH } }, { .text = "x" } } },
          .seen =
              "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | billing: [transfer_to_tech{}] | "
              "={'assistant':'tech'}",
          .outcome = "answered tech 'x' triage>billing>tech turns 3 tools 0 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, keeps_the_last_messages_without_results_that_lost_their_call)
{
#define QUICK_AND_TO_BILLING .replies = { { .calls = { QUICK, TO_BILLING } }, { .text = "x" } }
#define BOTH "triage: [quick{} transfer_to_billing{}] | =quick ok | ={'assistant':'billing'}"
#define WANT .outcome = "answered billing 'x' triage>billing turns 2 tools 1 invalid 0 ignored 0"
    static const struct scenario rows[] = {
        { .name = "last: 1 is a result alone",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 1 }"), QUICK_AND_TO_BILLING },
          .seen = "",
          WANT },
        { .name = "last: 2 are two results",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 2 }"), QUICK_AND_TO_BILLING },
          .seen = "",
          WANT },
        { .name = "last: 3 begins with their calls",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 3 }"), QUICK_AND_TO_BILLING },
          .seen = BOTH,
          WANT },
        { .name = "last: 4 is all",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 4 }"), QUICK_AND_TO_BILLING },
          .seen = "user U | " BOTH,
          WANT },
        { .name = "last: 100000 is all",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 100000 }"), QUICK_AND_TO_BILLING },
          .seen = "user U | " BOTH,
          WANT },
        { .name = "a cut between two results of an earlier turn",
          .stage = { .triage = TO_BILLING_WITH("history: { last: 3 }"),
                     .replies = { { .calls = { LOOKUP, QUICK } }, { .calls = { TO_BILLING } }, { .text = "x" } } },
          .seen = "triage: [transfer_to_billing{}] | ={'assistant':'billing'}",
          .outcome = "answered billing 'x' triage>billing turns 3 tools 2 invalid 0 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}

Test(run, keeps_the_record_whole_under_filters)
{
    static const char *const filters[] = { "history: none", "history: no_tools", "history: last_user",
                                           "history: { last: 1 }" };
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        char triage[128];
        snprintf(triage, sizeof triage, "handoffs: [{ agent: billing, %s }]", filters[i]);
        struct stage stage;
        stage_open(&stage, &(struct stage_options){ .triage = triage,
                                                    .replies = { { .calls = { TO_BILLING } }, { .text = "x" } } });
        cr_assert_not_null(stage_say(&stage, "U", false));
        uint32_t count;
        const struct baton_message *messages = baton_run_history(stage.run, &count);
        expect_text(filters[i], "record", stage_seen(&stage, messages, count),
                    "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | billing: x");
        stage_close(&stage);
    }
}

Test(run, shows_the_entry_agent_all_when_the_user_starts_over)
{
    struct stage stage;
    stage_open(&stage,
               &(struct stage_options){ .triage = TO_BILLING_WITH("history: none"),
                                        .replies = { { .calls = { TO_BILLING } }, { .text = "x" }, { .text = "y" } } });
    cr_assert_not_null(stage_say(&stage, "U", false));
    cr_assert_not_null(stage_say(&stage, "V", true));
    expect_text("starts over", "seen", stage.requests[2].seen,
                "user U | triage: [transfer_to_billing{}] | ={'assistant':'billing'} | billing: x | user V");
    stage_close(&stage);
}

/* ---- context providers ---- */

static bool adds_context(void *user, struct baton_context_job *job)
{
    stage_note(user, "context:%u:%u", job->handoff->target, job->message_count);
    job->instructions = BATON_STR("VIP.");
    return job->handoff->target == 1;
}

struct context_row {
    struct scenario scenario;
    const char *instructions[4]; /* in each request */
};

static void check_contexts(const struct context_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = rows[i].scenario.name;
        check_scenario(&rows[i].scenario);
        struct stage stage;
        stage_open(&stage, &rows[i].scenario.stage);
        cr_assert_not_null(stage_say(&stage, "U", false), "%s", name);
        for (size_t r = 0; r < 4 && rows[i].instructions[r] != NULL; r++) {
            cr_assert_lt(r, stage.request_count, "%s", name);
            expect_text(name, "instructions", stage.requests[r].instructions, rows[i].instructions[r]);
        }
        stage_close(&stage);
    }
}

Test(run, adds_instructions_from_a_context_provider)
{
#define TO_B_AND_ANSWER .replies = { { .calls = { TO_BILLING } }, { .text = "x" } }
#define ANSWERED .outcome = "answered billing 'x' triage>billing turns 2 tools 0 invalid 0 ignored 0"
    static const struct context_row rows[] = {
        { { .name = "a hook",
            .stage = { .hooks = { .context = adds_context }, TO_B_AND_ANSWER },
            .log = "ask:triage context:1:1 ask:billing",
            ANSWERED },
          { "", "VIP." } },
        { { .name = "they last until the next handoff",
            .stage = { .hooks = { .context = adds_context },
                       .billing = "tools: [refund], handoffs: [tech]",
                       .replies = { { .calls = { TO_BILLING } },
                                    { .calls = { REFUND } },
                                    { .calls = { TO_TECH } },
                                    { .text = "x" } } },
            .log = "ask:triage context:1:1 ask:billing run:refund({'amount':3}) ask:billing context:2:5 ask:tech",
            .outcome = "answered tech 'x' triage>billing>tech turns 4 tools 1 invalid 0 ignored 0" },
          { "", "VIP.", "VIP.", "" } },
        { { .name = "a command",
            .stage = { .triage =
                           TO_BILLING_WITH("context: { exec: [echo, '{\"additional_instructions\": \"Be kind.\"}'] }"),
                       TO_B_AND_ANSWER },
            ANSWERED },
          { "", "Be kind." } },
        { { .name = "in the other spelling",
            .stage = { .triage = TO_BILLING_WITH(
                           "contextProvider: { exec: [echo, '{\"additionalInstructions\": \"Be kind.\"}'] }"),
                       TO_B_AND_ANSWER },
            ANSWERED },
          { "", "Be kind." } },
        { { .name = "it reads the messages",
            .stage = { .triage = TO_BILLING_WITH(
                           "context: { exec: [sed, '"
                           "s/.*\"content\":\"\\(.\\)\".*/{\"additional_instructions\":\"said \\1\"}/'] }"),
                       TO_B_AND_ANSWER },
            ANSWERED },
          { "", "said U" } },
        { { .name = "it has nothing to add",
            .stage = { .triage = TO_BILLING_WITH("context: { exec: ['true'] }"), TO_B_AND_ANSWER },
            ANSWERED },
          { "", "" } },
        { { .name = "the hook goes first",
            .stage = { .hooks = { .context = adds_context },
                       .triage = TO_BILLING_WITH("context: { exec: ['false'] }"),
                       TO_B_AND_ANSWER },
            ANSWERED },
          { "", "VIP." } },
    };
    check_contexts(rows, COUNT_OF(rows));
}

Test(run, refuses_a_handoff_whose_context_provider_fails)
{
#define REFUSED .outcome = "answered triage 'x' triage turns 2 tools 0 invalid 1 ignored 0"
#define SEEN_REFUSED "user U | triage: [transfer_to_billing{}] | =Error: "
    static const struct scenario rows[] = {
        { .name = "exit code",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: ['false'] }"), TO_B_AND_ANSWER },
          .log = "ask:triage ask:triage",
          .events = "start call:transfer_to_billing error:transfer_to_billing end start text end done:answered",
          .seen = SEEN_REFUSED "the context provider failed: false: exit code 1",
          REFUSED },
        { .name = "not there",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: [./no/such/program] }"), TO_B_AND_ANSWER },
          .seen =
              SEEN_REFUSED "the context provider failed: ./no/such/program: cannot start: No such file or directory",
          REFUSED },
        { .name = "no JSON",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: [echo, nope] }"), TO_B_AND_ANSWER },
          .seen = SEEN_REFUSED "the context provider's answer: not valid JSON*",
          REFUSED },
        { .name = "other JSON",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: [echo, '{\"text\": 7}'] }"), TO_B_AND_ANSWER },
          .seen = SEEN_REFUSED "the context provider must answer {'additional_instructions': '...'}",
          REFUSED },
        { .name = "a list",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: [echo, '[]'] }"), TO_B_AND_ANSWER },
          .seen = SEEN_REFUSED "the context provider must answer {'additional_instructions': '...'}",
          REFUSED },
        { .name = "then the second handoff of the response is taken",
          .stage = { .triage = TO_BILLING_WITH("context: { exec: ['false'] }"),
                     .replies = { { .calls = { TO_BILLING, TO_TECH } }, { .text = "x" } } },
          .log = "ask:triage ask:tech",
          .outcome = "answered tech 'x' triage>tech turns 2 tools 0 invalid 1 ignored 0" },
    };
    check_all(rows, COUNT_OF(rows));
}
