/* The library as a host has it: through its headers alone, but for the switch that makes memory run out. */
#include "engine/base/arena.h"
#include "engine/tests/misbehave.h"

#include <baton/baton.h>
#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOG_BYTES = 16384, ALLOCATIONS_MAX = 3000, THREADS = 4, RUNS = 20 };

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "agents:\n"
    "  triage: { instructions: You are triage., tools: [look, ask_tech, ran, sent], handoffs: [billing, tech] }\n"
    "  billing: { description: Money., instructions: You are billing., handoffs: [triage] }\n"
    "  tech: { instructions: You are tech., tools: [look] }\n"
    "tools:\n"
    "  look: { parameters: { type: object, properties: { id: { type: string } } }, result: from the file }\n"
    "  ask_tech: { agent: tech }\n"
    "  ran: { exec: [echo, it ran] }\n"
    "  sent: { http: { url: 'http://127.0.0.1:1/' } }\n";

#define TWO_MESSAGES                                                                                        \
    "{\"id\":\"c\",\"messages\":[{\"role\":\"user\",\"content\":\"U\",\"expect\":{\"final\":\"billing\"}}," \
    "{\"role\":\"user\",\"content\":\"V\",\"expect\":{\"final\":\"@direct\"}}]}"

/* One thing that a scripted model does: a line of the table below. */
struct step {
    const char *agent, *text, *more, *tool, *arguments, *to, *reason, *error;
};

/* A host: what its model does, what it puts in, and what it heard. */
struct host {
    struct baton_agents *agents;
    struct baton_provider *provider;
    struct baton_error_info error;
    struct baton_run_setup setup;
    struct baton_run *run;
    const struct step *steps;
    unsigned step, step_count;
    char log[LOG_BYTES], request[LOG_BYTES];
    size_t log_length;
    int refuses_input, refuses_output, breaks_filter, aborts;
};

__attribute__((format(printf, 2, 3))) static void note(struct host *host, const char *form, ...)
{
    va_list values;
    va_start(values, form);
    int length = vsnprintf(host->log + host->log_length, LOG_BYTES - host->log_length, form, values);
    va_end(values);
    host->log_length += (size_t)length < LOG_BYTES - host->log_length ? (size_t)length : 0;
}

static void answer(void *user, struct baton_call *call)
{
    struct host *host = user;
    if (host->step == host->step_count) {
        return;
    }
    const struct step *step = &host->steps[host->step++];
    const char *request = baton_call_request(call);
    snprintf(host->request, LOG_BYTES, "%s", request == NULL ? "" : request);
    cr_expect(step->agent == NULL || strcmp(step->agent, baton_call_agent(call)) == 0, "step %u asks %s", host->step,
              baton_call_agent(call));
    baton_call_text(call, step->text);
    baton_call_text(call, step->more);
    if (step->tool != NULL) {
        baton_call_tool(call, NULL, step->tool, step->arguments);
    }
    if (step->to != NULL) {
        baton_call_handoff(call, step->to, step->reason);
    }
    if (step->error != NULL) {
        baton_call_error(call, step->error);
    }
    if (host->aborts) {
        baton_run_abort(host->run);
        cr_expect(baton_call_is_aborted(call));
    }
    baton_call_usage(call, 10, 2);
}

static void hear(void *user, const struct baton_run_event *event)
{
    struct host *host = user;
    const char *line = baton_run_event_line(event);
    cr_expect(line == NULL || strstr(line, event->type) != NULL);
    note(host, "%s%s", host->log_length == 0 ? "" : " ", event->type);
    if (strcmp(event->type, "handoff") == 0) {
        note(host, ":%s>%s", event->from, event->to);
    }
    if (event->text[0] != '\0') {
        note(host, "(%s)", event->text);
    }
}

static void host_open(struct host *host, const struct step *steps, unsigned count)
{
    *host = (struct host){ .steps = steps, .step_count = count };
    host->agents = baton_agents_open_text(agents_text, NULL, &host->error);
    host->provider = baton_provider_callback(answer, host, &host->error);
    host->setup = baton_run_setup_for(host->agents);
    host->setup.provider = host->provider;
    host->setup.callbacks.user = host;
    host->setup.callbacks.event = hear;
}

static void host_close(struct host *host)
{
    baton_run_close(host->run);
    baton_provider_free(host->provider);
    baton_agents_close(host->agents);
}

static struct baton_answer say(struct host *host, const char *text)
{
    struct baton_answer said = { .status = "" };
    if (host->run == NULL) {
        host->run = baton_run_open(&host->setup, &host->error);
        cr_assert_not_null(host->run, "%s", host->error.text);
    }
    cr_assert_eq(baton_run_say(host->run, text, &said, &host->error), 0, "%s", host->error.text);
    return said;
}

#define HOST(host, ...)                                 \
    static const struct step steps[] = { __VA_ARGS__ }; \
    struct host host;                                   \
    host_open(&host, steps, sizeof steps / sizeof *steps)

#define expect_text(got, want) cr_expect_str_eq((got), (want), "got: %s", (got))

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
    struct baton_answer said = say(&host, "U");
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
    struct baton_answer said = say(&host, "U");
    expect_text(said.status, "handoff");
    expect_text(said.agent, "billing");
    said = say(&host, "V");
    expect_text(said.text, "Yes.");
    cr_expect_eq(baton_run_give_floor(host.run, "tech", &host.error), 0);
    cr_expect_eq(baton_run_give_floor(host.run, "nobody", &host.error), BATON_ERROR_USAGE);
    expect_text(say(&host, "W").agent, "tech");
    host_close(&host);
}

Test(api, ends_with_a_status_whatever_happens)
{
    HOST(host, { .error = "no model today" }, { .text = "half", .error = "broke off" }, { .to = "nobody" },
         { .text = "x" });
    struct baton_answer said = say(&host, "U");
    expect_text(said.status, "error");
    expect_text(said.text, "no model today");
    expect_text(say(&host, "V").text, "broke off");
    said = say(&host, "W");
    expect_text(said.status, "answered");
    cr_expect_eq(said.invalid_handoffs, 1u);
    expect_text(say(&host, "X").status, "unanswered");
    host_close(&host);
}

Test(api, trips_over_limits)
{
    HOST(host, { .to = "billing" }, { .to = "triage" }, { .to = "billing" });
    host.setup.max_turns = 3;
    struct baton_answer said = say(&host, "U");
    expect_text(said.status, "max_turns");
    expect_text(said.loop, "ping_pong");
    cr_expect(said.is_revisit);
    host_close(&host);
}

Test(api, forgets_nothing_in_its_transcript)
{
    HOST(host, { .agent = "triage", .text = "Hm.", .tool = "look", .arguments = "{\"id\":\"7\"}" }, { .to = "billing" },
         { .text = "Ok." });
    say(&host, "U \"quoted\"");
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

/* ---- what the host puts in ---- */

static int on_tool(void *user, struct baton_call *call)
{
    struct host *host = user;
    note(host, " <%s of %s %s>", baton_call_name(call), baton_call_agent(call), baton_call_arguments(call));
    if (strstr(baton_call_arguments(call), "bad") != NULL) {
        baton_call_error(call, "no such account");
        return 1;
    }
    baton_call_text(call, "from ");
    baton_call_text(call, "the host");
    return strstr(baton_call_arguments(call), "file") == NULL;
}

Test(api, runs_tools_of_the_host_for_the_agent_that_called)
{
    HOST(host, { .agent = "triage", .tool = "ask_tech", .arguments = "{\"input\":\"file\"}" },
         { .agent = "tech", .tool = "look" }, { .agent = "tech", .text = "Fine." },
         { .agent = "triage", .tool = "look", .arguments = "{\"id\":\"bad\"}" },
         { .agent = "triage", .tool = "look", .arguments = "{\"id\":\"file\"}" },
         { .agent = "triage", .text = "Done." });
    host.setup.callbacks.tool = on_tool;
    host.setup.callbacks.event = NULL;
    struct baton_answer said = say(&host, "U");
    expect_text(said.text, "Done.");
    expect_text(host.log,
                " <ask_tech of triage {\"input\":\"file\"}> <look of tech {}> <look of triage {\"id\":\"bad\"}> "
                "<look of triage {\"id\":\"file\"}>");
    const char *transcript = baton_run_transcript(host.run, &host.error);
    cr_expect_not_null(strstr(transcript, "\"content\":\"Fine.\",\"tool_call_id\":\"call_0_0_0_0\""), "%s", transcript);
    cr_expect_not_null(strstr(transcript, "\"content\":\"Error: no such account\""), "%s", transcript);
    cr_expect_not_null(strstr(transcript, "\"content\":\"from the file\""), "%s", transcript);
    host_close(&host);
}

Test(api, runs_commands_only_where_the_host_says_so)
{
    static const char *const wants[] = {
        "tool_result(Error: the host does not run the commands and services of the agents file)",
        "tool_result(it ran)",
    };
    for (int allowed = 0; allowed < 2; allowed++) {
        HOST(host, { .tool = "ran" }, { .tool = "sent" }, { .text = "Done." });
        host.setup.runs_commands = allowed;
        say(&host, "U");
        cr_expect_not_null(strstr(host.log, wants[allowed]), "%s", host.log);
        cr_expect_not_null(strstr(host.log, "tool_result(Error: "), "%s", host.log);
        host_close(&host);
    }
}

static int on_context(void *user, struct baton_call *call)
{
    note(user, " <%s by %s>", baton_call_agent(call), baton_call_name(call));
    const char *messages = baton_call_messages(call); /* "" where memory is out */
    cr_expect(messages[0] == '\0' || strstr(messages, "\"content\":\"U\"") != NULL, "%s", messages);
    baton_call_text(call, "Be kind.");
    return 1;
}

static int on_filter(void *user, struct baton_call *call)
{
    struct host *host = user;
    baton_call_text(call,
                    host->breaks_filter ? "[{\"role\":\"fish\"}]" : "[{\"role\":\"user\",\"content\":\"In short\"}]");
    return strcmp(baton_call_agent(call), "billing") == 0;
}

Test(api, takes_context_and_messages_for_the_target)
{
    HOST(host, { .to = "billing" }, { .text = "Ok." });
    host.setup.callbacks = (struct baton_callbacks){ .user = &host, .context = on_context, .filter = on_filter };
    say(&host, "U");
    expect_text(host.log, " <billing by transfer_to_billing>");
    expect_text(
        host.request,
        "{\"model\":\"host\",\"messages\":[{\"role\":\"system\",\"content\":\"You are billing.\\n\\nBe kind.\"},"
        "{\"role\":\"user\",\"content\":\"In short\"}],\"tools\":[{\"type\":\"function\",\"function\":"
        "{\"name\":\"transfer_to_triage\",\"description\":\"Hand off to triage: \",\"parameters\":{\"type\":\"object\","
        "\"properties\":{\"reason\":{\"type\":\"string\"}},\"additionalProperties\":false}}}]}");
    host_close(&host);
}

Test(api, ends_the_exchange_where_a_filter_gives_no_messages)
{
    HOST(host, { .to = "billing" }, { .text = "Ok." });
    host.setup.callbacks.filter = on_filter;
    host.breaks_filter = 1;
    struct baton_callbacks *callbacks = &host.setup.callbacks;
    callbacks->event = NULL;
    host.run = baton_run_open(&host.setup, &host.error);
    struct baton_answer said = say(&host, "U");
    expect_text(said.status, "error");
    cr_expect_not_null(strstr(said.text, "the messages of a filter:1:"), "%s", said.text);
    host_close(&host);
}

static int is_open(void *user, const char *from, const char *to)
{
    (void)user;
    return strcmp(from, "triage") != 0 || strcmp(to, "tech") != 0;
}

static int may_go(void *user, const char *from, const char *to, const char *arguments)
{
    note(user, " <%s wants %s %s>", from, to, arguments);
    return 0;
}

Test(api, closes_and_refuses_handoffs)
{
    HOST(host, { .to = "tech" }, { .to = "billing", .reason = "r" }, { .text = "Mine." });
    host.setup.callbacks = (struct baton_callbacks){ .user = &host, .handoff_enabled = is_open, .handoff = may_go };
    struct baton_answer said = say(&host, "U");
    cr_expect_eq(said.invalid_handoffs, 2u);
    expect_text(said.agent, "triage");
    expect_text(host.log, " <triage wants billing {\"reason\":\"r\"}>");
    cr_expect_null(strstr(host.request, "\"name\":\"transfer_to_tech\",\"description\""));
    host_close(&host);
}

static int on_guard_input(void *user, const char *agent, const char *text)
{
    struct host *host = user;
    note(host, " <%s hears %s>", agent, text);
    return !host->refuses_input;
}

static int on_guard_output(void *user, const char *agent, const char *text)
{
    struct host *host = user;
    note(host, " <%s says %s>", agent, text);
    return !host->refuses_output;
}

static int on_limit(void *user, struct baton_call *call)
{
    note(user, " <%s: %s>", baton_call_agent(call), baton_call_name(call));
    baton_call_text(call, "Please call us.");
    return 1;
}

Test(api, guards_what_comes_in_and_goes_out)
{
    HOST(host, { .text = "A" }, { .text = "B" }, { .to = "billing" });
    host.setup.callbacks = (struct baton_callbacks){
        .user = &host, .guard_input = on_guard_input, .guard_output = on_guard_output, .limit = on_limit
    };
    host.setup.max_turns = 1;
    expect_text(say(&host, "U").status, "answered");
    host.refuses_output = 1;
    expect_text(say(&host, "V").status, "error");
    host.refuses_input = 1;
    expect_text(say(&host, "W").status, "error");
    host.refuses_input = 0;
    struct baton_answer said = say(&host, "X");
    expect_text(said.status, "max_turns");
    expect_text(said.text, "Please call us.");
    expect_text(host.log, " <triage hears U> <triage says A> <triage hears V> <triage says B> <triage hears W> "
                          "<triage hears X> <billing: max_turns>");
    host_close(&host);
}

Test(api, aborts_an_exchange_and_goes_on_with_the_next)
{
    HOST(host, { .text = "half ", .to = "billing" }, { .text = "Back." });
    host.aborts = 1;
    struct baton_answer said = say(&host, "U");
    expect_text(said.status, "error");
    expect_text(said.text, "the host aborted the exchange");
    cr_expect_not_null(strstr(host.log, "done("), "an aborted exchange ends with a done: %s", host.log);
    host.aborts = 0;
    expect_text(say(&host, "V").text, "Back.");
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
    char *message = baton_system_take(100001);
    memset(message, 'a', 100000);
    host.setup.memory_bytes_max = 100000;
    host.run = baton_run_open(&host.setup, &host.error);
    cr_assert_not_null(host.run, "%s", host.error.text);
    cr_expect_eq(baton_run_say(host.run, message, NULL, &host.error), BATON_ERROR_LIMIT);
    expect_text(say(&host, "U").text, "x");
    baton_system_give(message);
    host_close(&host);
}

/* ---- other providers ---- */

Test(api, replays_its_own_transcript)
{
    HOST(host, { .agent = "triage", .text = "Hm. ", .tool = "look" },
         { .text = "Go. ", .to = "billing", .reason = "r" }, { .text = "Ok." }, { .text = "Bye." });
    say(&host, "U");
    say(&host, "V");
    struct host again;
    host_open(&again, NULL, 0);
    baton_provider_free(again.provider);
    again.provider = again.setup.provider =
        baton_provider_recorded(again.agents, baton_run_transcript(host.run, &host.error), &again.error);
    cr_assert_not_null(again.provider, "%s", again.error.text);
    expect_text(say(&again, "U").agent, "billing");
    expect_text(say(&again, "V").text, "Bye.");
    expect_text(again.log, host.log);
    cr_expect_eq(baton_run_say(again.run, "W", NULL, &again.error), BATON_ERROR_USAGE);
    expect_text(again.error.text, "the recording 'run' has no message after its 2");
    host_close(&host);
    host_close(&again);
}

Test(api, refuses_a_provider_of_other_agents)
{
    HOST(host, { .text = "x" });
    struct baton_agents *others = baton_agents_open_text(agents_text, NULL, &host.error);
    struct baton_provider *provider = baton_provider_simulated(others, "direct", 1, &host.error);
    cr_assert_not_null(provider, "%s", host.error.text);
    host.setup.provider = provider;
    cr_expect_null(baton_run_open(&host.setup, &host.error));
    cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
    baton_provider_free(provider);
    baton_agents_close(others);
    host_close(&host);
}

Test(api, plays_simulated_models)
{
    char logs[2][LOG_BYTES];
    for (int i = 0; i < 2; i++) {
        struct host host;
        host_open(&host, NULL, 0);
        baton_provider_free(host.provider);
        host.provider = host.setup.provider = baton_provider_simulated(host.agents, "random", 7, &host.error);
        cr_assert_not_null(host.provider, "%s", host.error.text);
        say(&host, "U");
        memcpy(logs[i], host.log, LOG_BYTES);
        cr_expect_null(baton_provider_simulated(host.agents, "orcale", 7, &host.error));
        cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
        host_close(&host);
    }
    expect_text(logs[0], logs[1]);
}

/* Settings of a host that has one key. */
static const char *setting(void *user, const char *name)
{
    const char *const *pair = user;
    return strcmp(name, "OPENAI_BASE_URL") == 0 ? pair[0] : strcmp(name, "OPENAI_API_KEY") == 0 ? pair[1] : NULL;
}

#define SSE "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
#define PIECE(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define END "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

Test(api, asks_live_services_with_the_keys_of_the_host)
{
    static const struct misbehave_step steps[] = { { .head = SSE, .body = PIECE("Hel") PIECE("lo.") END } };
    struct misbehave *server = misbehave_start(steps, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1", misbehave_port(server));
    const char *settings[] = { url, "sk-of-the-host" };
    struct host host;
    host_open(&host, NULL, 0);
    struct baton_live_setup setup = baton_live_setup_for(host.agents);
    setup.provider = "openai";
    setup.model = "m";
    cr_expect_null(baton_provider_live(&setup, &host.error), "who gives no `setting` gives no key");
    setup.setting = setting;
    setup.user = settings;
    baton_provider_free(host.provider);
    host.provider = host.setup.provider = baton_provider_live(&setup, &host.error);
    cr_assert_not_null(host.provider, "%s", host.error.text);
    expect_text(say(&host, "U").text, "Hello.");
    expect_text(host.log, "turn_start text_delta(Hel) text_delta(lo.) turn_end done(Hello.)");
    setup.provider = "opnai";
    cr_expect_null(baton_provider_live(&setup, &host.error));
    cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
    host_close(&host);
    misbehave_stop(server);
}

struct aborter {
    struct host *host;
    pthread_t thread;
};

static void *abort_soon(void *user)
{
    struct aborter *aborter = user;
    struct timespec pause = { .tv_nsec = 200000000 };
    nanosleep(&pause, NULL);
    baton_run_abort(aborter->host->run);
    return NULL;
}

Test(api, aborts_a_live_call_from_another_thread)
{
    static const struct misbehave_step steps[] = { { .head = SSE,
                                                     .body = PIECE("Hel"),
                                                     .framing = MISBEHAVE_CHUNKED,
                                                     .is_cut = true,
                                                     .cut_after = 130,
                                                     .end = MISBEHAVE_HANG } };
    struct misbehave *server = misbehave_start(steps, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1", misbehave_port(server));
    const char *settings[] = { url, NULL };
    struct host host;
    host_open(&host, NULL, 0);
    struct baton_live_setup setup = baton_live_setup_for(host.agents);
    setup.provider = "openai";
    setup.model = "m";
    setup.setting = setting;
    setup.user = settings;
    baton_provider_free(host.provider);
    host.provider = host.setup.provider = baton_provider_live(&setup, &host.error);
    host.run = baton_run_open(&host.setup, &host.error);
    cr_assert_not_null(host.run, "%s", host.error.text);
    struct aborter aborter = { .host = &host };
    pthread_create(&aborter.thread, NULL, abort_soon, &aborter);
    struct baton_answer said = say(&host, "U");
    pthread_join(aborter.thread, NULL);
    expect_text(said.text, "the host aborted the exchange");
    cr_expect_lt(said.duration_ns, UINT64_C(5000000000));
    host_close(&host);
    misbehave_stop(server);
}

/* ---- threads, memory ---- */

static void greet(void *user, struct baton_call *call)
{
    (void)user;
    baton_call_text(call, baton_call_conversation(call));
}

struct worker {
    pthread_t thread;
    const struct baton_agents *agents;
    struct baton_provider *provider;
    unsigned answered;
};

static void *work(void *user)
{
    struct worker *worker = user;
    for (unsigned i = 0; i < RUNS; i++) {
        char id[16];
        struct baton_answer said;
        struct baton_run_setup setup = baton_run_setup_for(worker->agents);
        snprintf(id, sizeof id, "c-%u", i);
        setup.provider = worker->provider;
        setup.conversation = id;
        struct baton_run *run = baton_run_open(&setup, NULL);
        worker->answered += baton_run_say(run, "U", &said, NULL) == 0 && strcmp(said.text, id) == 0;
        baton_run_close(run);
    }
    return NULL;
}

Test(api, shares_agents_and_providers_among_threads)
{
    struct worker workers[THREADS];
    struct baton_agents *agents = baton_agents_open_text(agents_text, NULL, NULL);
    struct baton_provider *provider = baton_provider_callback(greet, NULL, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .agents = agents, .provider = provider };
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_expect_eq(workers[i].answered, (unsigned)RUNS);
    }
    baton_provider_free(provider);
    baton_agents_close(agents);
}

/* One whole use of the library; the code of the first thing that failed. */
static int use(struct host *host, const struct step *steps, unsigned count)
{
    struct baton_figure figure;
    struct baton_gate_check gate;
    struct baton_judgement judgement;
    struct baton_answer said;
    struct baton_scores *scores = NULL;
    host_open(host, steps, count);
    int code = host->agents == NULL || host->provider == NULL ? host->error.code : 0;
    host->setup.callbacks = (struct baton_callbacks){
        .user = host,
        .event = hear,
        .tool = on_tool,
        .context = on_context,
        .filter = on_filter,
        .handoff_enabled = is_open,
        .guard_input = on_guard_input,
        .guard_output = on_guard_output,
    };
    if (code == 0 && (host->run = baton_run_open(&host->setup, &host->error)) == NULL) {
        code = host->error.code;
    }
    if (code == 0 && (scores = baton_scores_new(host->agents, "s", &host->error)) == NULL) {
        code = host->error.code;
    }
    code = code != 0 ? code : baton_run_say(host->run, "U", &said, &host->error);
    code = code != 0 ? code : baton_run_say(host->run, "V", &said, &host->error);
    code = code != 0 ? code : baton_scores_add_run(scores, host->run, TWO_MESSAGES, &judgement, &host->error);
    if (code == 0) {
        const char *transcript = baton_run_transcript(host->run, &host->error);
        code = transcript == NULL ? host->error.code
                                  : baton_scores_add_recording(scores, transcript, &judgement, &host->error);
    }
    code = code != 0 ? code : baton_scores_figure(scores, "accuracy", &figure, &host->error);
    code = code != 0 ? code : baton_scores_gate(scores, "accuracy >= 1", &gate, &host->error);
    if (code == 0 && baton_scores_summary(scores, &host->error) == NULL) {
        code = host->error.code;
    }
    baton_scores_free(scores);
    return code;
}

Test(api, survives_every_allocation_that_fails)
{
    static const struct step steps[] = {
        { .agent = "triage", .text = "Hm. ", .tool = "look", .arguments = "{\"id\":\"7\"}" },
        { .text = "Go. ", .to = "billing", .reason = "money" },
        { .text = "Ok." },
        { .text = "Bye." }
    };
    unsigned failing = 1;
    int code = BATON_ERROR_MEMORY;
    for (; failing < ALLOCATIONS_MAX && code != 0; failing++) {
        struct host host;
        baton_arena_fail_after(failing);
        code = use(&host, steps, sizeof steps / sizeof *steps);
        baton_arena_fail_after(0);
        cr_expect(code == 0 || code == BATON_ERROR_MEMORY || code == BATON_ERROR_LIMIT, "allocation %u: %d %s", failing,
                  code, host.error.text);
        cr_expect((code == 0) == (host.error.text[0] == '\0'), "allocation %u: %s", failing, host.error.text);
        host_close(&host);
    }
    cr_expect_eq(code, 0, "it should work with enough memory");
    cr_expect_gt(failing, 100u, "there should be many allocations");
}
