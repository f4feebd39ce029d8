/* Every allocation of a conversation fails in turn: always a status and never a crash, and never another story. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ALLOCATIONS_MAX = 5000 };

static const struct stage_options conversation = {
    .triage = TRIAGE_TOOLS ", tool_choice: required, handoffs: [{ agent: billing, history: no_tools, input: { type: "
                           "object, properties: { reason: { type: string, pattern: '^c' } } } }, tech]",
    .billing = "tools: [refund, ask_tech], handoffs: [triage, { agent: tech, history: { last: 3 } }]",
    .tools = "  ask_tech: { agent: tech }\n",
    .replies = { { .text = "Let me see.",
                   .calls = { LOOKUP,
                              { .name = "boom" },
                              { .name = "nothing" },
                              { .name = "quick", .arguments = "[" } } },
                 { .text = "On to billing.",
                   .calls = { { .name = "transfer_to_billing", .arguments = "{\"reason\":7}" },
                              { .name = "transfer_to_billing", .arguments = "{\"reason\":\"card\"}" },
                              TO_TECH } },
                 { .calls = { { .name = "ask_tech", .arguments = "{\"input\":\"balance?\"}" } } },
                 { .text = "5." },
                 { .calls = { TO_TRIAGE } },
                 { .calls = { { .name = "transfer_to_billing", .arguments = "{}" } } },
                 { .calls = { TO_TECH } },
                 { .text = "Done." } },
    .is_quiet = true,
};

static const char *story(struct stage *stage, uint64_t failing)
{
    stage_open(stage, &conversation);
    baton_arena_fail_after(failing);
    const struct baton_exchange *exchange = stage_say(stage, "U", false);
    exchange = exchange == NULL ? NULL : stage_say(stage, "V", false);
    baton_arena_fail_after(0);
    cr_assert_eq(exchange == NULL, stage->status != BATON_OK);
    return stage_event_lines(stage);
}

Test(run, survives_each_failing_allocation)
{
    struct stage whole;
    const char *want = story(&whole, 0);
    cr_assert_eq(whole.status, BATON_OK, "%s", whole.err.text);
    stage_check(&whole, "all memory there", STAGE_STRICT);
    cr_expect_not_null(strstr(want, "'to':'tech'"));
    uint64_t failing = 1;
    for (bool is_done = false; !is_done && failing < ALLOCATIONS_MAX; failing++) {
        struct stage stage;
        const char *got = story(&stage, failing);
        is_done = stage.status == BATON_OK;
        if (is_done) {
            stage_expect("enough memory", "events", got, want);
        } else {
            cr_expect(stage.status == BATON_ELIMIT || stage.status == BATON_ENOMEM, "allocation %u: %s",
                      (unsigned)failing, baton_status_text(stage.status));
            cr_expect_neq(stage.err.text[0], '\0', "allocation %u", (unsigned)failing);
            cr_expect_null(strstr(got, "'done','exchange':1"), "allocation %u", (unsigned)failing);
        }
        stage_close(&stage);
    }
    cr_expect_lt(failing, ALLOCATIONS_MAX);
    cr_expect_gt(failing, 60, "only %u allocations in the whole conversation", (unsigned)failing);
    stage_close(&whole);
}
