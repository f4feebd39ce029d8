/* Every allocation of a conversation fails in turn: always a status and never a crash, and never another story. */
#include "engine/core/run.h"

#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ALLOCATIONS_MAX = 5000 };

static struct baton_profile raising;

static const struct row {
    const char *name;
    struct stage_options stage;
    const char *holds; /* somewhere in the events */
} rows[] = {
    { "tools, handoffs, an agent as a tool, filters and a limit",
      { .triage = TRIAGE_TOOLS
        ", tool_choice: required, handoffs: [{ agent: billing, history: no_tools, input: { type: object, "
        "properties: { reason: { type: string, pattern: '^c' } } } }, tech]",
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
        .is_quiet = true },
      "'to':'tech'" },
    { "commands, an agent as a tool that fails, a provider that fails",
      { .triage = "tools: [c, ask_tech], handoffs: [{ agent: billing, history: { last: 2 }, context: { exec: [echo, "
                  "'{\"additional_instructions\": \"Be kind.\"}'] } }]",
        .tools = "  c: { exec: [cat] }\n  ask_tech: { agent: tech }\n",
        .replies = { { .calls = { { .name = "c", .arguments = "{\"a\":1}" }, { .name = "ask_tech" }, TO_BILLING } },
                     { .is_silent = true },
                     { .text = "x" },
                     { .fails_with = BATON_EPROVIDER } },
        .is_quiet = true },
      "'result':'{\\'a\\':1}'" },
    { "a response that raises",
      { .profile = &raising, .replies = { { .calls = { { .name = "nothing" } } }, { .text = "x" } }, .is_quiet = true },
      "'event':'error'" },
};

static const char *story(struct stage *stage, const struct stage_options *options, uint64_t failing)
{
    stage_open(stage, options);
    baton_arena_fail_after(failing);
    const struct baton_exchange *exchange = stage_say(stage, "U", false);
    exchange = exchange == NULL ? NULL : stage_say(stage, "V", false);
    baton_arena_fail_after(0);
    cr_assert_eq(exchange == NULL, stage->status != BATON_OK);
    return stage_event_lines(stage);
}

/* Returns how many allocations it took until nothing failed. */
static uint64_t fail_each(const struct row *row, const char *want)
{
    for (uint64_t failing = 1; failing < ALLOCATIONS_MAX; failing++) {
        struct stage stage;
        const char *got = story(&stage, &row->stage, failing);
        bool is_done = stage.status == BATON_OK;
        if (is_done) {
            expect_text(row->name, "events, with enough memory", got, want);
        } else {
            cr_expect(stage.status == BATON_ELIMIT || stage.status == BATON_ENOMEM, "%s: allocation %u: status %d",
                      row->name, (unsigned)failing, stage.status);
            cr_expect_neq(stage.err.text[0], '\0', "%s: allocation %u", row->name, (unsigned)failing);
            cr_expect_null(strstr(got, "'done','exchange':1"), "%s: allocation %u", row->name, (unsigned)failing);
        }
        stage_close(&stage);
        if (is_done) {
            return failing - 1;
        }
    }
    return ALLOCATIONS_MAX;
}

Test(run, survives_each_failing_allocation)
{
    raising = *baton_profile_default();
    raising.unknown_tool = BATON_MISTAKE_RAISE;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct stage whole;
        const char *want = story(&whole, &rows[i].stage, 0);
        cr_assert_eq(whole.status, BATON_OK, "%s: %s", rows[i].name, whole.err.text);
        stage_check(&whole, rows[i].name, STAGE_STRICT);
        cr_expect_not_null(strstr(want, rows[i].holds), "%s: %s", rows[i].name, want);
        uint64_t allocations = fail_each(&rows[i], want);
        cr_expect(allocations > 10 && allocations < ALLOCATIONS_MAX, "%s: %u allocations", rows[i].name,
                  (unsigned)allocations);
        stage_close(&whole);
    }
}
