#include "engine/core/events.h"

#include "engine/base/yaml.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 1024 * 1024 };

static struct baton_agents *two_agents(struct baton_arena *arena)
{
    static const char text[] = "version: 1\nentry: a\nagents: { a: {}, 'b \"2\"': {} }\n";
    const struct baton_source source = { .name = "a.yaml", .text = { text, sizeof text - 1 } };
    const struct baton_json *root = NULL;
    struct baton_agents *agents = NULL;
    struct baton_error err;
    cr_assert_eq(baton_yaml_parse(&root, arena, &source, &err), BATON_OK, "%s", err.text);
    cr_assert_eq(baton_agents_parse(&agents, arena, &source, root, NULL, &err), BATON_OK, "%s", err.text);
    return agents;
}

Test(events, are_written_one_object_a_line)
{
#define AT .seq = 7, .exchange = 1, .turn = 2, .at_ns = 1500000
#define HEAD(name) "{\"seq\":7,\"event\":\"" name "\",\"exchange\":1,\"turn\":2,\"at_ms\":1.5"
    static const struct row {
        const char *name;
        struct baton_event event;
        const char *want;
    } rows[] = {
        { "turn_start", { .type = BATON_EVENT_TURN_START, AT }, HEAD("turn_start") ",\"agent\":\"a\"}" },
        { "the first of all",
          { .type = BATON_EVENT_TURN_START, .agent = 1 },
          "{\"seq\":0,\"event\":\"turn_start\",\"exchange\":0,\"turn\":0,\"at_ms\":0,\"agent\":\"b \\\"2\\\"\"}" },
        { "text_delta",
          { .type = BATON_EVENT_TEXT_DELTA, AT, .text = { "a \"b\"\n\x01\xc3\xa9", 9 } },
          HEAD("text_delta") ",\"agent\":\"a\",\"text\":\"a \\\"b\\\"\\n\\u0001\xc3\xa9\"}" },
        { "tool_call",
          { .type = BATON_EVENT_TOOL_CALL, AT, .call_id = { "c", 1 }, .name = { "t", 1 }, .arguments = { "{}", 2 } },
          HEAD("tool_call") ",\"agent\":\"a\",\"call_id\":\"c\",\"name\":\"t\",\"arguments\":\"{}\"}" },
        { "tool_result",
          { .type = BATON_EVENT_TOOL_RESULT, AT, .call_id = { "c", 1 }, .name = { "t", 1 }, .text = { "r", 1 } },
          HEAD("tool_result") ",\"agent\":\"a\",\"call_id\":\"c\",\"name\":\"t\",\"result\":\"r\"}" },
        { "tool_result of a failure, in a run within a run",
          { .type = BATON_EVENT_TOOL_RESULT,
            AT,
            .nesting = 2,
            .call_id = { "c", 1 },
            .name = { "t", 1 },
            .is_error = true },
          "{\"seq\":7,\"event\":\"tool_result\",\"exchange\":1,\"turn\":2,\"nesting\":2,\"at_ms\":1.5,\"agent\":\"a\","
          "\"call_id\":\"c\",\"name\":\"t\",\"result\":\"\",\"is_error\":true}" },
        { "handoff",
          { .type = BATON_EVENT_HANDOFF, AT, .from = 0, .to = 1, .call_id = { "c", 1 }, .text = { "card", 4 } },
          HEAD("handoff") ",\"from\":\"a\",\"to\":\"b \\\"2\\\"\",\"call_id\":\"c\",\"reason\":\"card\"}" },
        { "handoff without a reason",
          { .type = BATON_EVENT_HANDOFF, AT, .from = 0, .to = 1, .call_id = { "c", 1 } },
          HEAD("handoff") ",\"from\":\"a\",\"to\":\"b \\\"2\\\"\",\"call_id\":\"c\"}" },
        { "agent_updated",
          { .type = BATON_EVENT_AGENT_UPDATED, AT, .agent = 1 },
          HEAD("agent_updated") ",\"agent\":\"b \\\"2\\\"\"}" },
        { "loop",
          { .type = BATON_EVENT_LOOP, AT, .name = { "cycle", 5 }, .loop_length = 3 },
          HEAD("loop") ",\"agent\":\"a\",\"kind\":\"cycle\",\"length\":3}" },
        { "warning",
          { .type = BATON_EVENT_WARNING, AT, .name = { "w", 1 }, .text = { "m", 1 } },
          HEAD("warning") ",\"agent\":\"a\",\"code\":\"w\",\"message\":\"m\"}" },
        { "error",
          { .type = BATON_EVENT_ERROR, AT, .name = { "e", 1 }, .text = { "m", 1 } },
          HEAD("error") ",\"agent\":\"a\",\"code\":\"e\",\"message\":\"m\"}" },
        { "turn_end", { .type = BATON_EVENT_TURN_END, AT }, HEAD("turn_end") ",\"agent\":\"a\"}" },
        { "done",
          { .type = BATON_EVENT_DONE, AT, .status = "answered", .text = { "t", 1 } },
          HEAD("done") ",\"status\":\"answered\",\"final_agent\":\"a\",\"text\":\"t\"}" },
        { "done without a text",
          { .type = BATON_EVENT_DONE, AT, .status = "max_turns", .agent = BATON_NONE },
          HEAD("done") ",\"status\":\"max_turns\",\"final_agent\":\"@none\",\"text\":\"\"}" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_agents *agents = two_agents(arena);
    struct baton_text line = baton_text_with_limit(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        baton_text_reset(&line);
        baton_event_write(&line, &rows[i].event, agents);
        cr_expect_str_eq(line.data, rows[i].want, "%s\n  got:    %s\n  wanted: %s", rows[i].name, line.data,
                         rows[i].want);
    }
    baton_text_clear(&line);
    baton_arena_free(arena);
}

Test(events, have_the_names_of_the_file_format)
{
    static const char *const want[] = { "turn_start", "text_delta",    "tool_call", "tool_result",
                                        "handoff",    "agent_updated", "loop",      "warning",
                                        "error",      "turn_end",      "done" };
    for (unsigned i = 0; i < COUNT_OF(want); i++) {
        cr_expect_str_eq(baton_event_name((enum baton_event_type)i), want[i]);
    }
    cr_expect_eq(COUNT_OF(want), BATON_EVENT_DONE + 1);
}

Test(events, name_each_status_and_choice)
{
    static const char *const statuses[] = { "answered", "handoff",    "max_turns", "max_handoffs",
                                            "loop",     "unanswered", "error" };
    for (unsigned i = 0; i < COUNT_OF(statuses); i++) {
        cr_expect_str_eq(baton_run_status_name((enum baton_run_status)i), statuses[i]);
    }
    static const char *const choices[] = { "answer", "tools", "handoff", "rejected", "nothing" };
    for (unsigned i = 0; i < COUNT_OF(choices); i++) {
        cr_expect_str_eq(baton_choice_name((enum baton_choice)i), choices[i]);
    }
}

/* Events only tell: without a sink the same exchange comes out. */
Test(events, are_not_needed)
{
    struct stage told, untold;
    struct stage_options options = { .replies = { { .calls = { LOOKUP, TO_BILLING } }, { .text = "x" } } };
    stage_open(&told, &options);
    cr_assert_not_null(stage_say(&told, "U", false));
    stage_open(&untold, &options);
    struct baton_run_options silent = *baton_run_options_of(told.run);
    silent.events = (struct baton_event_sink){ NULL, NULL };
    silent.provider = &untold.script.provider;
    silent.clock = &untold.clock.clock;
    silent.marks = &untold.marks;
    cr_assert_eq(baton_run_new(&untold.run, untold.arena, &silent, &untold.err), BATON_OK);
    cr_assert_not_null(stage_say(&untold, "U", false));
    cr_expect_eq(untold.event_count, 0);
    expect_text("without a sink", "record", stage_record(&untold), stage_record(&told));
    stage_close(&told);
    stage_close(&untold);
}
