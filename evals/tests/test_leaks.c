/* No key comes into a file or into what is printed, whatever the service says and however a run ends. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What has the shape of a key, though nobody knows it. */
#define SHAPED "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"

/* Where a key can stand in an answer; %s is the key, in one form or another. */
static const struct row {
    const char *name, *head, *body;
    bool is_cut, is_recorded;
} rows[] = {
    { "refused", "HTTP/1.1 401 No\r\ncontent-type: application/json\r\n",
      "{\"error\":{\"message\":\"Incorrect API key provided: %s.\",\"type\":\"invalid_request_error\",\"code\":\"k\"}}",
      false, false },
    { "refused in plain text", "HTTP/1.1 403 No\r\ncontent-type: text/plain\r\n", "who is %s?", false, false },
    { "bad request", "HTTP/1.1 400 No\r\ncontent-type: application/json\r\n",
      "{\"type\":\"error\",\"error\":{\"message\":\"you sent %s\",\"type\":\"invalid_request_error\"}}", false, true },
    { "bad request, no JSON", "HTTP/1.1 422 No\r\ncontent-type: text/html\r\n", "<p>%s</p>", false, true },
    { "out of order", "HTTP/1.1 500 No\r\ncontent-type: application/json\r\n", "{\"error\":\"%s\"}", false, false },
    { "no answer of the format", LIVE_JSON, "{\"hello\":\"%s\"}", false, false },
    { "no JSON", LIVE_JSON, "{ %s", false, false },
    { "no stream", LIVE_SSE, "data: %s\n\ndata: [DONE]\n\n", false, false },
    { "a stream of another type", "HTTP/1.1 200 OK\r\ncontent-type: text/%s\r\n", "x", false, false },
    { "a header", "HTTP/1.1 400 No\r\nx-request-id: %s\r\nset-cookie: k=%s\r\ncontent-type: application/json\r\n", "{}",
      false, true },
    { "a status line", "HTTP/1.1 400 %s\r\ncontent-type: application/json\r\n", "{}", false, true },
    { "elsewhere", "HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/?key=%s\r\n", "", false, false },
    { "cut", LIVE_SSE, "data: {\"choices\":[{\"delta\":{\"content\":\"%s\"}}]}\n\n", true, false },
    { "an error in the stream", LIVE_SSE,
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a\"}}]}\n\n"
      "data: {\"error\":{\"message\":\"not with %s\",\"type\":\"x\"}}\n\n",
      false, false },
    { "the answer", LIVE_JSON,
      "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"you are %s\"},\"finish_reason\":"
      "\"stop\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}",
      false, true },
    { "the arguments of a handoff", LIVE_JSON,
      "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\","
      "\"type\":\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{\\\"reason\\\":\\\"%s\\\"}\"}}]},"
      "\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}",
      false, true },
    { "a tool that there is not", LIVE_JSON,
      "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"%s\","
      "\"type\":\"function\",\"function\":{\"name\":\"x%s\",\"arguments\":\"{}\"}}]},"
      "\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}",
      false, true },
};

static const char *with_key(struct service *service, const char *text, const char *key)
{
    const char *out = "";
    for (const char *mark; (mark = strstr(text, "%s")) != NULL; text = mark + 2) {
        out = program_text(&service->program, "%s%.*s%s", out, (int)(mark - text), text, key);
    }
    return program_text(&service->program, "%s%s", out, text);
}

/* Every verb that asks or shows an answer. Recorded results are those of a replay, redaction and all. */
static void run_everything(struct service *service, const char *what, bool is_recorded)
{
    const char *out = program_path(&service->program, program_text(&service->program, "out/%s", what)),
               *cassette = program_text(&service->program, "%s.jsonl", out),
               *recorded = program_text(&service->program, "%s-recorded", out),
               *replayed = program_text(&service->program, "%s-replayed", out);
    struct program_run run = ASK(service, "eval", service->suite, "--provider=live", "--retries=0", "--report=markdown",
                                 "--report=junit", "--report=csv", "--report=github", "--max-turns=2", "--out", out);
    cr_expect(run.exit_code == (is_recorded ? 1 : 3) || is_recorded, "%s: %d %s", what, run.exit_code, run.err.data);
    run = ASK(service, "record", service->suite, "--retries=0", "--max-turns=2", "--cassette", cassette, "--out",
              recorded);
    cr_expect(run.exit_code <= 3, "%s: %d %s", what, run.exit_code, run.err.data);
    cr_expect_eq(access(cassette, F_OK), is_recorded ? 0 : -1, "%s: %s", what, run.err.data);
    if (is_recorded) {
        run = ASK(service, "eval", service->suite, "--provider=cassette", "--max-turns=2", "--cassette", cassette,
                  "--out", replayed);
        cr_expect(run.exit_code <= 1, "%s: %d %s%s", what, run.exit_code, run.out.data, run.err.data);
        service_expect_equal(
            program_read(&service->program, program_text(&service->program, "%s/results.jsonl", recorded)),
            program_read(&service->program, program_text(&service->program, "%s/results.jsonl", replayed)), what);
    }
    ASK(service, "run", service->agents, "My card, case-2.", "--provider=live", "--retries=0", "--max-turns=2",
        "--events");
    ASK(service, "run", service->agents, "My card, case-2.", "--provider=live", "--retries=0", "--max-turns=2",
        "--no-stream");
}

Test(leaks, a_key_that_a_service_quotes_is_in_no_file_and_in_no_message)
{
    struct service service;
    service_open(&service, "openai-chat", true);
    const char *forms[] = { SERVICE_KEY, service_percent(&service, SERVICE_KEY), service_escaped(&service, SERVICE_KEY),
                            service_base64(&service, SERVICE_KEY) };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t k = 0; k < COUNT_OF(forms); k += 1 + i % 3) { /* as it is, and one or more of the others */
            const struct misbehave_step trouble = { .head = with_key(&service, rows[i].head, forms[k]),
                                                    .body = with_key(&service, rows[i].body, forms[k]),
                                                    .framing =
                                                        rows[i].is_cut ? MISBEHAVE_UNTIL_CLOSE : MISBEHAVE_LENGTH,
                                                    .end = rows[i].is_cut ? MISBEHAVE_RESET : MISBEHAVE_KEEP };
            service.trouble = &trouble;
            run_everything(&service, program_text(&service.program, "%zu-%zu", i, k), rows[i].is_recorded);
            service.trouble = NULL;
        }
        service_expect_no_key(&service, rows[i].name);
    }
    service_close(&service);
}

Test(leaks, what_has_the_shape_of_a_key_is_judged_live_as_in_a_replay_without_it)
{
    static const char body[] =
        "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"use " SHAPED
        " now\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}";
    static const struct misbehave_step answer = { .body = body };
    struct service service;
    service_open(&service, "openrouter", false);
    service.trouble = &answer;
    run_everything(&service, "shape", true);
    const char *const files[] = { "out/shape.jsonl", "out/shape-recorded/results.jsonl", "out/shape/results.jsonl" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct baton_str text = program_read(&service.program, program_path(&service.program, files[i]));
        cr_expect(program_has(text, "use REDACTED now"), "%s: %s", files[i], text.data);
        cr_expect_not(program_has(text, SHAPED), "%s", files[i]);
    }
    service_close(&service);
}

Test(leaks, an_address_that_cannot_be_used_is_told_without_the_key_in_it)
{
    static const struct {
        const char *url;
        int exit_code;
    } urls[] = {
        { "ftp://127.0.0.1/%s", 4 },    { "http://user:%s@127.0.0.1:1/v1", 3 },  { "http://example.com/%s", 4 },
        { "http://127.0.0.1:1/%s", 3 }, { "http://127.0.0.1:99999/?key=%s", 4 }, { "no address %s", 4 },
    };
    struct service service;
    service_open(&service, "openai-responses", true);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        const char *settings[] = { program_text(
                                       &service.program, "OPENAI_BASE_URL=%s",
                                       with_key(&service, urls[i].url, service_percent(&service, SERVICE_KEY))),
                                   "OPENAI_API_KEY=" SERVICE_KEY, NULL };
        const char *arguments[] = { "eval",        service.suite, "--provider=live",
                                    "--retries=0", "--out",       program_path(&service.program, "out"),
                                    NULL };
        struct program_run run =
            program_run_with(&service.program, &(struct program_options){ .settings = settings }, arguments);
        cr_expect_eq(run.exit_code, urls[i].exit_code, "%s: %d %s", urls[i].url, run.exit_code, run.err.data);
        service_expect_no_key(&service, urls[i].url);
    }
    service_close(&service);
}

/* ---- tools ---- */

static const char call_body[] =
    "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
    "\"function\",\"function\":{\"name\":\"remote\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}],"
    "\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}";

static struct misbehave_step tool_step;

static const struct misbehave_step *call_tool(struct service *service, const struct misbehave_request *request)
{
    static const struct misbehave_step call = { .body = call_body };
    const char *body = request->bytes + request->head_length;
    (void)service;
    if (strncmp(request->bytes, "POST /tool", 10) == 0) {
        cr_expect_not_null(strstr(request->bytes, SERVICE_TOOL_KEY), "the tool's header: %s", request->bytes);
        return &tool_step;
    }
    return strstr(body, "\"role\":\"tool\"") == NULL ? &call : NULL;
}

Test(leaks, the_key_of_a_tool_stays_between_the_two)
{
    struct service service;
    service_open(&service, "openai-chat", false);
    service.choose = call_tool;
    const char *agents = program_file(
        &service.program, "tools.yaml",
        program_text(&service.program,
                     "version: 1\nentry: triage\ndefaults: { provider: openai, model: m }\nagents:\n"
                     "  triage: { instructions: You are triage., handoffs: [billing], tools: [remote] }\n"
                     "  billing: { description: b, instructions: You are billing. }\n"
                     "tools:\n  remote: { description: r, http: { url: 'http://127.0.0.1:%u/tool', headers: { x-key: "
                     "$TOOL_KEY } } }\n",
                     misbehave_port(service.server)));
    const char *forms[] = { SERVICE_TOOL_KEY, service_percent(&service, SERVICE_TOOL_KEY),
                            service_escaped(&service, SERVICE_TOOL_KEY), service_base64(&service, SERVICE_TOOL_KEY) };
    service_write(&service, "You are billing.", "");
    for (size_t i = 0; i < COUNT_OF(forms) * 2; i++) {
        const char *body = program_text(&service.program, "{\"you\":\"%s\"}", forms[i / 2]);
        tool_step = (struct misbehave_step){ .head = i % 2 == 0 ? LIVE_JSON : "HTTP/1.1 403 No\r\n", .body = body };
        const char *out = program_path(&service.program, program_text(&service.program, "%zu", i)),
                   *cassette = program_text(&service.program, "%s.jsonl", out);
        struct program_run run =
            ASK(&service, "record", "--agents", agents, "--conversations", service.conversations, "--cassette",
                cassette, "--out", program_text(&service.program, "%s-recorded", out));
        cr_expect_eq(run.exit_code, 0, "%d %s%s", run.exit_code, run.out.data, run.err.data);
        unsigned asked = service_asked(&service);
        cr_expect_eq(asked, 16u + SERVICE_CALLS, "8 calls for the tool, the tool, and what comes of it: %u", asked);
        run = ASK(&service, "eval", "--agents", agents, "--conversations", service.conversations, "--provider=cassette",
                  "--cassette", cassette, "--out", program_text(&service.program, "%s-replayed", out));
        cr_expect_eq(run.exit_code, 0, "%d %s%s", run.exit_code, run.out.data, run.err.data);
        cr_expect_eq(service_asked(&service), 0u);
        service_expect_equal(
            program_read(&service.program, program_text(&service.program, "%s-recorded/results.jsonl", out)),
            program_read(&service.program, program_text(&service.program, "%s-replayed/results.jsonl", out)),
            "results");
        ASK(&service, "run", agents, "Hello, case-1.", "--provider=live", "--no-stream");
        ASK(&service, "run", agents, "Hello, case-1.", "--provider=live", "--no-stream", "--events");
        service_asked(&service);
    }
    service_expect_no_key(&service, "a tool");
    service_close(&service);
}

/* ---- ends that come from outside ---- */

Test(leaks, a_run_that_is_interrupted_or_killed_leaves_no_key)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGKILL };
    struct service service;
    service_open(&service, "anthropic", true);
    service_delay(&service, 5);
    for (size_t i = 0; i < COUNT_OF(signals) * 4; i++) {
        const char *out = program_path(&service.program, program_text(&service.program, "%zu", i));
        const char *arguments[] = { "eval", service.suite, "--provider=live", "-j2", "--out", out, NULL };
        const struct program_options options = { .settings = service.settings };
        struct program_child child = program_start(&service.program, &options, arguments);
        nanosleep(&(struct timespec){ .tv_nsec = (long)(10 + 10 * (i / COUNT_OF(signals))) * 1000000 }, NULL);
        kill(child.pid, signals[i % COUNT_OF(signals)]);
        program_finish(&service.program, &child);
    }
    service_expect_no_key(&service, "interrupted");
    service_close(&service);
}
