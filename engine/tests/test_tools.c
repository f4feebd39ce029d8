#include "engine/core/tools.h"

#include "engine/core/run.h"
#include "engine/core/tool_runner.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALL_T(given)                   \
    {                                   \
        .name = "t", .arguments = given \
    }
#define USE_T(given) .triage = "tools: [t]", .replies = { { .calls = { CALL_T(given) } }, { .text = "x" } }
#define ANSWERED .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 0 ignored 0"

Test(tools, runs_what_the_file_describes)
{
    static const struct scenario rows[] = {
        { .name = "a fixed result",
          .stage = { USE_T("{\"a\":1}"), .tools = "  t: { result: 'ok, all of it' }\n" },
          .seen = "user U | triage: [t{'a':1}] | =ok, all of it",
          .events = "start call:t result:t end start text end done:answered",
          ANSWERED },
        { .name = "an empty result",
          .stage = { USE_T("{}"), .tools = "  t: { result: '' }\n" },
          .seen = "user U | triage: [t{}] | =",
          ANSWERED },
        { .name = "a command",
          .stage = { USE_T("{\"a\":[1,\"b\"]}"), .tools = "  t: { exec: [cat] }\n" },
          .seen = "user U | triage: [t{'a':[1,'b']}] | ={'a':[1,'b']}",
          ANSWERED },
        { .name = "a command gets {} for nothing",
          .stage = { USE_T(""), .tools = "  t: { exec: [cat] }\n" },
          .seen = "user U | triage: [t] | ={}",
          ANSWERED },
        { .name = "a command that fails",
          .stage = { USE_T("{}"), .tools = "  t: { exec: [sh, -c, 'echo no >&2; exit 2'] }\n" },
          .seen = "user U | triage: [t{}] | =Error: sh: exit code 2: no",
          .events = "start call:t error:t end start text end done:answered",
          ANSWERED },
        { .name = "a command that takes too long",
          .stage = { USE_T("{}"), .top = "limits: { tool_timeout_ms: 30 }", .tools = "  t: { exec: [sleep, '9'] }\n" },
          .seen = "user U | triage: [t{}] | =Error: sleep: killed after its timeout of 30 ms",
          ANSWERED },
        { .name = "http is not for this runner",
          .stage = { USE_T("{}"), .tools = "  t: { http: { url: 'https://example.org' } }\n" },
          .seen = "user U | triage: [t{}] | =Error: http tools are called in live runs only",
          ANSWERED },
        { .name = "arguments that are no JSON never reach a command",
          .stage = { USE_T("{\"a\":"), .tools = "  t: { exec: [cat] }\n" },
          .seen = "user U | triage: [t{'a':] | =Error: cannot read the arguments: *",
          ANSWERED },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_scenario(&rows[i]);
    }
}

Test(tools, gives_each_of_many_its_own_result)
{
    static const struct scenario row = {
        .name = "many at once",
        .stage = { .triage = "tools: [c, f, e, quick, boom]",
                   .tools = "  c: { exec: [sh, -c, 'sleep 0.1; cat'] }\n"
                            "  f: { result: fixed }\n"
                            "  e: { exec: [sh, -c, 'sleep 0.05; exit 1'] }\n",
                   .replies = { { .calls = { { .name = "c", .arguments = "{\"n\":1}" },
                                             { .name = "f" },
                                             { .name = "e" },
                                             { .name = "c", .arguments = "{\"n\":2}" } } },
                                { .text = "x" } } },
        .seen = "user U | triage: [c{'n':1} f{} e{} c{'n':2}] | ={'n':1} | =fixed | =Error: sh: exit code 1 | ={'n':2}",
        .events =
            "start call:c call:f call:e call:c result:c result:f error:e result:c end start text end done:answered",
        .outcome = "answered triage 'x' triage turns 2 tools 4 invalid 0 ignored 0",
    };
    check_scenario(&row);
}

Test(tools, tells_of_results_as_they_end_where_the_clock_is_real)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){
                           .triage = "tools: [c, e]",
                           .tools = "  c: { exec: [sh, -c, 'sleep 0.2; cat'] }\n"
                                    "  e: { exec: [echo, done] }\n",
                           .replies = { { .calls = { { .name = "c" }, { .name = "e" } }, .is_untimed = true },
                                        { .text = "x", .is_untimed = true } } });
    cr_assert_null(stage.run);
    struct baton_run_options options = {
        .agents = stage.agents,
        .provider = &stage.script.provider,
        .clock = baton_clock_system(),
        .tools = baton_tool_runner_default(),
        .limits = stage.agents->limits,
        .marks = &stage.marks,
        .events = stage_sink(&stage),
    };
    cr_assert_eq(baton_run_new(&stage.run, stage.arena, &options, &stage.err), BATON_OK);
    cr_assert_not_null(stage_say(&stage, "U", false));
    expect_text("a real clock", "events", stage_events(&stage),
                "start call:c call:e result:e result:c end start text end done:answered");
    expect_text("a real clock", "seen", stage.requests[1].seen, "user U | triage: [c{} e{}] | ={} | =done");
    stage_close(&stage);
}

static bool answers_with_nothing(void *user, struct baton_tool_job *job, struct baton_arena *arena)
{
    (void)user;
    (void)arena;
    job->is_error = baton_str_is(job->call->arguments, "{\"fail\":true}");
    return true;
}

Test(tools, runs_nothing_that_a_callback_has_handled)
{
#define WOULD_LEAVE_A_MARK .tools = "  t: { exec: [sh, -c, 'echo this must not run'] }\n"
    static const struct scenario rows[] = {
        { .name = "no text",
          .stage = { USE_T("{}"), WOULD_LEAVE_A_MARK, .hooks = { .tool = answers_with_nothing } },
          .seen = "user U | triage: [t{}] | =",
          ANSWERED },
        { .name = "no text, and an error",
          .stage = { USE_T("{\"fail\":true}"), WOULD_LEAVE_A_MARK, .hooks = { .tool = answers_with_nothing } },
          .seen = "user U | triage: [t{'fail':true}] | =Error: ",
          ANSWERED },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_scenario(&rows[i]);
    }
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(tools, finds_commands_beside_the_agents_file)
{
    char folder[] = "/tmp/baton-test-XXXXXX", file[64], path[128];
    cr_assert_not_null(mkdtemp(folder));
    write_file(folder, "hello", "#!/bin/sh\necho hello\n", 0700);
    write_file(folder, "who", "#!/bin/sh\necho '{\"additional_instructions\":\"Bob.\"}'\n", 0700);
    snprintf(file, sizeof file, "%s/agents.yaml", folder);
    struct stage stage;
    stage_open(&stage, &(struct stage_options){
                           .file = file,
                           .triage = "tools: [t], handoffs: [{ agent: billing, context: { exec: [./who] } }]",
                           .tools = "  t: { exec: [./hello] }\n",
                           .replies = { { .calls = { CALL_T("{}"), TO_BILLING } }, { .text = "x" } },
                       });
    cr_assert_not_null(stage_say(&stage, "U", false));
    expect_text("beside the file", "seen", stage.requests[1].seen,
                "user U | triage: [t{} transfer_to_billing{}] | =hello | ={'assistant':'billing'}");
    expect_text("beside the file", "instructions", stage.requests[1].instructions, "Bob.");
    stage_close(&stage);
    snprintf(path, sizeof path, "%s/hello", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/who", folder);
    unlink(path);
    rmdir(folder);
}

/* A runner in place of the default one, as a replay has. */
static enum baton_status recorded_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                        struct baton_error *err)
{
    (void)runner;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        job->is_worded = job->is_error = baton_str_is(job->call->arguments, "{\"fail\":true}");
        job->result = job->is_error ? BATON_STR("Oh no: recorded") : BATON_STR("recorded");
    }
    return batch->turn == 1 ? baton_error_set(err, BATON_ELIMIT, "no more room") : BATON_OK;
}

static enum baton_status recorded_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                          struct baton_error *err)
{
    (void)runner;
    (void)err;
    job->instructions = BATON_STR("as recorded");
    return BATON_OK;
}

Test(tools, leaves_all_to_another_runner)
{
    struct baton_tool_runner runner = { .run_tools = recorded_tools, .provide_context = recorded_context };
    struct stage stage;
    stage_open(&stage, &(struct stage_options){
                           .runner = &runner,
                           .triage = "tools: [t], handoffs: [{ agent: billing, context: { exec: ['false'] } }]",
                           .tools = "  t: { exec: ['false'] }\n",
                           .replies = { { .calls = { CALL_T("{}"), CALL_T("{\"fail\":true}"), TO_BILLING } },
                                        { .calls = { { .name = "refund", .arguments = "{\"amount\":1}" } } } } });
    cr_expect_null(stage_say(&stage, "U", false));
    cr_expect_eq(stage.status, BATON_ELIMIT, "an error of the runner itself goes up");
    cr_expect_str_eq(stage.err.text, "no more room");
    expect_text("another runner", "seen", stage.requests[1].seen,
                "user U | triage: [t{} t{'fail':true} transfer_to_billing{}] | =recorded | =Oh no: recorded | "
                "={'assistant':'billing'}");
    expect_text("another runner", "instructions", stage.requests[1].instructions, "as recorded");
    stage_close(&stage);
}

Test(tools, writes_messages_as_files_have_them)
{
    struct stage stage;
    stage_open(&stage, &(struct stage_options){ .replies = { { .text = "x" } } });
    static const struct baton_tool_call calls[] = { { { "c", 1 }, { "t", 1 }, { "{}", 2 } },
                                                    { { NULL, 0 }, { "u", 1 }, { NULL, 0 } } };
    static const struct baton_message messages[] = {
        { .role = BATON_ROLE_SYSTEM, .has_content = true, .agent = BATON_NONE, .content = { "s", 1 } },
        { .role = BATON_ROLE_USER, .has_content = true, .agent = 0, .content = { "\"x\"", 3 } },
        { .role = BATON_ROLE_ASSISTANT, .agent = 1, .calls = calls, .call_count = 2 },
        { .role = BATON_ROLE_TOOL,
          .has_content = true,
          .agent = BATON_NONE,
          .content = { "r", 1 },
          .tool_call_id = { "c", 1 } },
        { .role = BATON_ROLE_ASSISTANT, .has_content = true, .agent = BATON_NONE },
    };
    struct baton_text out = baton_text_with_limit((size_t)1024 * 1024);
    baton_messages_write(&out, messages, COUNT_OF(messages), stage.agents);
    cr_expect_str_eq(
        out.data,
        "[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"\\\"x\\\"\"},"
        "{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":null,\"tool_calls\":["
        "{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"t\",\"arguments\":\"{}\"}},"
        "{\"id\":\"\",\"type\":\"function\",\"function\":{\"name\":\"u\",\"arguments\":\"\"}}]},"
        "{\"role\":\"tool\",\"content\":\"r\",\"tool_call_id\":\"c\"},{\"role\":\"assistant\",\"content\":\"\"}]",
        "%s", out.data);
    baton_text_reset(&out);
    baton_messages_write(&out, NULL, 0, stage.agents);
    cr_expect_str_eq(out.data, "[]");
    baton_text_clear(&out);
    stage_close(&stage);
}

Test(tools, keeps_names_and_reasons_whole_characters)
{
    static const char letter[] = "\xe5\xae\xa2";
    char name[400] = "transfer_to_", arguments[1200] = "{\"";
    for (unsigned i = 0; i < 100; i++) {
        strcat(name, letter);
    }
    strcat(strcat(arguments, name), "\":1,\"");
    strcat(strcat(arguments, name), "\":1}");
    struct stage_options options = { .replies = { { .calls = { { .name = name }, { "quick", arguments, NULL } } },
                                                  { .text = "x" } } };
    struct scenario scenario = { .name = "long names in other letters",
                                 .stage = options,
                                 .seen = "user U | *=Error: unknown tool 'transfer_to_*' | =Error: cannot read the "
                                         "arguments: *",
                                 .outcome = "answered triage 'x' triage turns 2 tools 1 invalid 1 ignored 0" };
    check_scenario(&scenario); /* each event must be JSON, so UTF-8 */
}
