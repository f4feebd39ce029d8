/* The library as a host has it, through its headers alone: conversations, and mistakes of the host. */
#include "engine/tests/host.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a conversation ---- */

Test(api, tells_which_version_it_is)
{
    char want[32];
    snprintf(want, sizeof want, "%d.%d.%d", BATON_VERSION_MAJOR, BATON_VERSION_MINOR, BATON_VERSION_PATCH);
    expect_text(baton_version(), want);
    cr_expect_eq(baton_version_number(), BATON_VERSION_NUMBER);
    expect_text(baton_error_words(BATON_ERROR_LIMIT), "a limit was reached");
    expect_text(baton_error_words(-1), "not a code of baton");
}

Test(api, lists_the_agents)
{
    struct baton_error_info error;
    struct baton_agents *agents = baton_agents_open("fixtures/agents/support.yaml", &error);
    cr_assert_not_null(agents, "%s", error.text);
    cr_expect_eq(baton_agents_count(agents), 7u);
    expect_text(baton_agents_name(agents, 1), "billing");
    expect_text(baton_agents_entry(agents), "triage");
    cr_expect_null(baton_agents_name(agents, 7));
    baton_agents_close(agents);
}

Test(api, says_where_a_file_is_wrong)
{
    struct baton_error_info error;
    cr_expect_null(baton_agents_open_text("version: 1\nentry: x\nagents: { a: {} }\n", "a.yaml", &error));
    cr_expect_eq(error.code, BATON_ERROR_INPUT);
    cr_expect_eq(error.line, 2u);
    expect_text(error.file, "a.yaml");
    expect_text(error.text, "a.yaml:2:8: unknown agent 'x'");
    cr_expect_null(baton_agents_open("no/such.yaml", &error));
    cr_expect_eq(error.code, BATON_ERROR_INPUT);
}

Test(api, streams_on_across_a_handoff)
{
    HOST(host, { .agent = "triage", .text = "I ", .more = "see. ", .to = "billing", .reason = "money" },
         { .agent = "billing", .text = "Paid", .more = " twice." });
    struct baton_answer said = host_say(&host, "U");
    expect_text(said.status, "answered");
    expect_text(said.text, "Paid twice.");
    expect_text(said.start, "triage");
    expect_text(said.agent, "billing");
    cr_expect_eq(said.depth, 1u);
    expect_text(said.route[0], "billing");
    cr_expect_eq(said.turns, 2u);
    cr_expect_eq(said.input_tokens, 20);
    expect_text(baton_run_agent(host.run), "billing");
    expect_text(host.log,
                "turn_start text_delta(I ) text_delta(see. ) tool_call tool_result({\"assistant\":\"billing\"}) "
                "handoff:triage>billing(money) agent_updated turn_end turn_start text_delta(Paid) text_delta( twice.) "
                "turn_end done(Paid twice.)");
    host_close(&host);
}

Test(api, stops_at_a_handoff_and_goes_on_with_the_target)
{
    HOST(host, { .agent = "triage", .to = "billing" }, { .agent = "billing", .text = "Yes." },
         { .agent = "tech", .text = "Hm." });
    host.setup.stops_at_handoff = 1;
    struct baton_answer said = host_say(&host, "U");
    expect_text(said.status, "handoff");
    expect_text(said.agent, "billing");
    said = host_say(&host, "V");
    expect_text(said.text, "Yes.");
    cr_expect_eq(baton_run_give_floor(host.run, "tech", &host.error), 0);
    cr_expect_eq(baton_run_give_floor(host.run, "nobody", &host.error), BATON_ERROR_USAGE);
    expect_text(host_say(&host, "W").agent, "tech");
    host_close(&host);
}

Test(api, ends_with_a_status_whatever_happens)
{
    HOST(host, { .error = "no model today" }, { .text = "half", .error = "broke off" }, { .to = "nobody" },
         { .text = "x" });
    struct baton_answer said = host_say(&host, "U");
    expect_text(said.status, "error");
    expect_text(said.text, "no model today");
    expect_text(host_say(&host, "V").text, "broke off");
    said = host_say(&host, "W");
    expect_text(said.status, "answered");
    cr_expect_eq(said.invalid_handoffs, 1u);
    expect_text(host_say(&host, "X").status, "unanswered");
    host_close(&host);
}

Test(api, trips_over_limits)
{
    HOST(host, { .to = "billing" }, { .to = "triage" }, { .to = "billing" });
    host.setup.max_turns = 3;
    struct baton_answer said = host_say(&host, "U");
    expect_text(said.status, "max_turns");
    expect_text(said.loop, "ping_pong");
    cr_expect(said.is_revisit);
    host_close(&host);
}

Test(api, forgets_nothing_in_its_transcript)
{
    HOST(host, { .agent = "triage", .text = "Hm.", .tool = "look", .arguments = "{\"id\":\"7\"}" }, { .to = "billing" },
         { .text = "Ok." });
    host_say(&host, "U \"quoted\"");
    expect_text(
        baton_run_transcript(host.run, &host.error),
        "{\"id\":\"run\",\"entry\":\"triage\",\"messages\":[{\"role\":\"user\",\"content\":\"U \\\"quoted\\\"\"},"
        "{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":\"Hm.\",\"tool_calls\":[{\"id\":\"call_0_0_0_0\","
        "\"type\":\"function\",\"function\":{\"name\":\"look\",\"arguments\":\"{\\\"id\\\":\\\"7\\\"}\"}}]},"
        "{\"role\":\"tool\",\"content\":\"from the file\",\"tool_call_id\":\"call_0_0_0_0\"},"
        "{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":null,\"tool_calls\":[{\"id\":\"call_0_0_1_0\","
        "\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"\"}}]},"
        "{\"role\":\"tool\",\"content\":\"{\\\"assistant\\\":\\\"billing\\\"}\",\"tool_call_id\":\"call_0_0_1_0\"},"
        "{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":\"Ok.\"}]}");
    host_close(&host);
}

/* ---- mistakes of the host ---- */

static const struct {
    const char *name;
    int32_t max_turns, max_handoffs;
    int64_t timeout;
    uint64_t memory;
} limits[] = {
    { "max_turns", 0, 1, 1, 1 },       { "max_turns", -2, 1, 1, 1 },       { "max_handoffs", 1, 0, 1, 1 },
    { "tool_timeout_ms", 1, 1, 0, 1 }, { "memory_bytes_max", 1, 1, 1, 0 },
};

Test(api, refuses_limits_of_zero)
{
    HOST(host, { .text = "x" });
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct baton_run_setup setup = host.setup;
        setup.max_turns = limits[i].max_turns;
        setup.max_handoffs = limits[i].max_handoffs;
        setup.tool_timeout_ms = limits[i].timeout;
        setup.memory_bytes_max = limits[i].memory;
        cr_expect_null(baton_run_open(&setup, &host.error), "%s", limits[i].name);
        cr_expect_eq(host.error.code, BATON_ERROR_USAGE, "%s", limits[i].name);
        cr_expect_not_null(strstr(host.error.text, limits[i].name), "%s: %s", limits[i].name, host.error.text);
    }
    host_close(&host);
}

Test(api, takes_null_for_what_is_optional_and_refuses_it_elsewhere)
{
    HOST(host, { .text = "x" });
    struct baton_run_setup setup = host.setup;
    setup.callbacks = (struct baton_callbacks){ .user = NULL };
    struct baton_run *run = baton_run_open(&setup, NULL);
    cr_assert_not_null(run);
    cr_expect_eq(baton_run_say(run, "U", NULL, NULL), 0);
    cr_expect_eq(baton_run_say(run, NULL, NULL, NULL), BATON_ERROR_USAGE);
    cr_expect_eq(baton_run_give_floor(run, NULL, NULL), BATON_ERROR_USAGE);
    baton_run_close(run);
    setup.entry = "nobody";
    cr_expect_null(baton_run_open(&setup, NULL));
    setup.provider = NULL;
    cr_expect_null(baton_run_open(&setup, NULL));
    setup = baton_run_setup_for(NULL);
    cr_expect_null(baton_run_open(&setup, NULL));
    cr_expect_null(baton_run_open(NULL, NULL));
    baton_run_close(NULL);
    baton_run_abort(NULL);
    expect_text(baton_run_agent(NULL), "");
    cr_expect_null(baton_run_transcript(NULL, NULL));
    cr_expect_eq(baton_run_say(NULL, "U", NULL, NULL), BATON_ERROR_USAGE);
    cr_expect_null(baton_agents_open(NULL, NULL));
    cr_expect_null(baton_agents_open_text(NULL, NULL, NULL));
    baton_agents_close(NULL);
    cr_expect_eq(baton_agents_count(NULL), 0u);
    cr_expect_null(baton_agents_name(NULL, 0));
    expect_text(baton_agents_entry(NULL), "");
    cr_expect_null(baton_provider_callback(NULL, NULL, NULL));
    cr_expect_null(baton_provider_recorded(NULL, "{}", NULL));
    cr_expect_null(baton_provider_recorded(host.agents, NULL, NULL));
    cr_expect_null(baton_provider_simulated(host.agents, NULL, 1, NULL));
    cr_expect_null(baton_provider_live(NULL, NULL));
    baton_provider_free(NULL);
    host_close(&host);
}

Test(api, ends_at_the_memory_that_it_was_given)
{
    HOST(host, { .text = "x" }, { .text = "y" });
    char *message = malloc(100001);
    memset(message, 'a', 100000);
    host.setup.memory_bytes_max = 100000;
    host.run = baton_run_open(&host.setup, &host.error);
    cr_assert_not_null(host.run, "%s", host.error.text);
    cr_expect_eq(baton_run_say(host.run, message, NULL, &host.error), BATON_ERROR_LIMIT);
    expect_text(host_say(&host, "U").text, "x");
    free(message);
    host_close(&host);
}
