/* What a host puts into a run: tools, context, filters, guards; and a whole use of the library while memory runs out. */
#include "engine/base/arena.h"
#include "engine/tests/host.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ALLOCATIONS_MAX = 3000 };

/* ---- what the host puts in ---- */

static int on_tool(void *user, struct baton_call *call)
{
    struct host *host = user;
    host_note(host, " <%s of %s %s>", baton_call_name(call), baton_call_agent(call), baton_call_arguments(call));
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
    struct baton_answer said = host_say(&host, "U");
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
        host_say(&host, "U");
        cr_expect_not_null(strstr(host.log, wants[allowed]), "%s", host.log);
        cr_expect_not_null(strstr(host.log, "tool_result(Error: "), "%s", host.log);
        host_close(&host);
    }
}

static int on_context(void *user, struct baton_call *call)
{
    host_note(user, " <%s by %s>", baton_call_agent(call), baton_call_name(call));
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
    host_say(&host, "U");
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
    struct baton_answer said = host_say(&host, "U");
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
    host_note(user, " <%s wants %s %s>", from, to, arguments);
    return 0;
}

Test(api, closes_and_refuses_handoffs)
{
    HOST(host, { .to = "tech" }, { .to = "billing", .reason = "r" }, { .text = "Mine." });
    host.setup.callbacks = (struct baton_callbacks){ .user = &host, .handoff_enabled = is_open, .handoff = may_go };
    struct baton_answer said = host_say(&host, "U");
    cr_expect_eq(said.invalid_handoffs, 2u);
    expect_text(said.agent, "triage");
    expect_text(host.log, " <triage wants billing {\"reason\":\"r\"}>");
    cr_expect_null(strstr(host.request, "\"name\":\"transfer_to_tech\",\"description\""));
    host_close(&host);
}

static int on_guard_input(void *user, const char *agent, const char *text)
{
    struct host *host = user;
    host_note(host, " <%s hears %s>", agent, text);
    return !host->refuses_input;
}

static int on_guard_output(void *user, const char *agent, const char *text)
{
    struct host *host = user;
    host_note(host, " <%s says %s>", agent, text);
    return !host->refuses_output;
}

static int on_limit(void *user, struct baton_call *call)
{
    host_note(user, " <%s: %s>", baton_call_agent(call), baton_call_name(call));
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
    expect_text(host_say(&host, "U").status, "answered");
    host.refuses_output = 1;
    expect_text(host_say(&host, "V").status, "error");
    host.refuses_input = 1;
    expect_text(host_say(&host, "W").status, "error");
    host.refuses_input = 0;
    struct baton_answer said = host_say(&host, "X");
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
    struct baton_answer said = host_say(&host, "U");
    expect_text(said.status, "error");
    expect_text(said.text, "the host aborted the exchange");
    cr_expect_not_null(strstr(host.log, "done("), "an aborted exchange ends with a done: %s", host.log);
    host.aborts = 0;
    expect_text(host_say(&host, "V").text, "Back.");
    host_close(&host);
}

/* ---- memory ---- */

#define TWO_MESSAGES                                                                                        \
    "{\"id\":\"c\",\"messages\":[{\"role\":\"user\",\"content\":\"U\",\"expect\":{\"final\":\"billing\"}}," \
    "{\"role\":\"user\",\"content\":\"V\",\"expect\":{\"final\":\"@direct\"}}]}"

/* One whole use of the library; the code of the first thing that failed. */
static int use(struct host *host, const struct step *steps, unsigned count)
{
    struct baton_score figure;
    struct baton_gate_check gate;
    struct baton_judgement judgement;
    struct baton_answer said;
    struct baton_scores *scores = NULL;
    host_open(host, steps, count);
    int code = host->agents == NULL || host->provider == NULL ? host->error.code : 0;
    host->setup.callbacks = (struct baton_callbacks){
        .user = host,
        .event = host->setup.callbacks.event,
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
