/* Tools and context providers that are services: what they are sent, what the model reads of their answers and failures.
 *
 * Whole conversations against a server of this machine; the secrets in the headers are looked for in everything that comes
 * out. */
#include "engine/providers/http_tool.h"

#include "engine/base/yaml.h"
#include "engine/tests/misbehave.h"
#include "engine/tests/stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SECRET "tk-a-token-for-the-tool"
#define USE(name_) .replies = { { .calls = { { .name = (name_), .arguments = "{\"a\":1}" } } }, { .text = "x" } }
#define TOOL "  t: { http: { url: 'http://localhost/x', headers: { x-key: $TOOL_KEY } } }\n"

static const char *setting(void *user, const char *name)
{
    (void)user;
    return strcmp(name, "TOOL_KEY") == 0 ? SECRET : NULL;
}

/* A stage whose tools are called over a server's socket. */
struct desk {
    struct misbehave *server;
    struct stage stage;
    struct baton_http_tools *tools;
};

static enum baton_status desk_tools(struct desk *desk, struct baton_error *err)
{
    const struct baton_http_tools_options options = { .agents = desk->stage.agents,
                                                      .clock = baton_clock_system(),
                                                      .setting = setting,
                                                      .unix_socket = desk->server == NULL
                                                                         ? NULL
                                                                         : misbehave_socket(desk->server) };
    return baton_http_tools_new(&desk->tools, &options, err);
}

/* The runner can only be made once the stage has read its agents, so the stage gets one that passes on to it. */
static struct desk *current;

static enum baton_status pass_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                    struct baton_error *err)
{
    (void)runner;
    struct baton_tool_runner *real = baton_http_tools_runner(current->tools);
    return real->run_tools(real, batch, err);
}

static enum baton_status pass_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                      struct baton_error *err)
{
    (void)runner;
    struct baton_tool_runner *real = baton_http_tools_runner(current->tools);
    return real->provide_context(real, job, err);
}

static struct baton_tool_runner passing = { .run_tools = pass_tools, .provide_context = pass_context };

static void desk_open(struct desk *desk, const struct stage_options *options, const struct misbehave_step *steps,
                      size_t count)
{
    struct stage_options with_runner = *options;
    struct baton_error err;
    with_runner.runner = &passing;
    current = desk;
    *desk = (struct desk){ .server = misbehave_start(steps, count) };
    stage_open(&desk->stage, &with_runner);
    cr_assert_eq(desk_tools(desk, &err), BATON_OK, "%s", err.text);
}

static void desk_close(struct desk *desk)
{
    baton_http_tools_free(desk->tools);
    stage_close(&desk->stage);
    misbehave_stop(desk->server);
}

Test(http_tool, the_body_of_an_answer_is_the_result)
{
    static const struct {
        const char *name;
        struct misbehave_step step;
        const char *seen;
    } rows[] = {
        { "text", { .body = "found\n" }, "user U | triage: [t{'a':1}] | =found\n" },
        { "any 2xx, any type",
          { .head = "HTTP/1.1 201 Oh\r\ncontent-type: text/x\r\n", .body = "made" },
          "user U | triage: [t{'a':1}] | =made" },
        { "nothing", { .head = "HTTP/1.1 204 Oh\r\n" }, "user U | triage: [t{'a':1}] | =" },
        { "a refusal",
          { .head = "HTTP/1.1 404 Oh\r\n", .body = "no such account" },
          "user U | triage: [t{'a':1}] | =Error: HTTP 404: no such account" },
        { "a refusal without words",
          { .head = "HTTP/1.1 500 Oh\r\n" },
          "user U | triage: [t{'a':1}] | =Error: HTTP 500" },
        { "a way elsewhere",
          { .head = "HTTP/1.1 302 Oh\r\nlocation: http://127.0.0.1:1/\r\n" },
          "user U | triage: [t{'a':1}] | =Error: HTTP 302" },
        { "no text", { .body = "\xff\xfe" }, "user U | triage: [t{'a':1}] | =Error: its answer is not text in UTF-8" },
        { "too much",
          { .body_filler = BATON_TOOL_RESULT_BYTES_MAX + 1 },
          "user U | triage: [t{'a':1}] | =Error: the reply of 'http://localhost/x*' is too large: over 1048576 bytes of "
          "body" },
        { "a cut",
          { .is_cut = true, .cut_after = 20, .end = MISBEHAVE_CLOSE },
          "user U | triage: [t{'a':1}] | =Error: 'http://localhost/x*' broke off*" },
        { "silence",
          { .is_cut = true, .end = MISBEHAVE_HANG },
          "user U | triage: [t{'a':1}] | =Error: 'http://localhost/x*' took too long: *" },
        { "its own secret", { .body = "you sent " SECRET "!" }, "user U | triage: [t{'a':1}] | =you sent REDACTED!" },
        { "its own secret in a refusal",
          { .head = "HTTP/1.1 403 Oh\r\n", .body = "bad " SECRET },
          "user U | triage: [t{'a':1}] | =Error: HTTP 403: bad REDACTED" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct stage_options options = {
            .top = "limits: { tool_timeout_ms: 300 }", .triage = "tools: [t]", .tools = TOOL, USE("t")
        };
        struct desk desk;
        desk_open(&desk, &options, &rows[i].step, 1);
        const struct baton_exchange *exchange = stage_say(&desk.stage, "U", false);
        cr_assert_not_null(exchange, "%s: %s", rows[i].name, desk.stage.err.text);
        cr_expect_eq(exchange->status, BATON_RUN_ANSWERED, "%s", rows[i].name);
        expect_text(rows[i].name, "seen", desk.stage.requests[1].seen, rows[i].seen);
        cr_expect_eq(misbehave_request_count(desk.server), 1, "%s: a tool is never called twice", rows[i].name);
        stage_check(&desk.stage, rows[i].name, STAGE_STRICT);
        desk_close(&desk);
    }
}

Test(http_tool, posts_the_arguments_with_the_headers_of_the_file)
{
    static const struct misbehave_step steps[] = { { .body = "ok" } };
    static const struct stage_options options = {
        .triage = "tools: [t]",
        .tools = "  t: { http: { url: 'http://localhost:8080/a/b?c=d', method: POST, headers: { authorization: 'Bearer "
                 "$TOOL_KEY', x-price: '$$5 or $9 or $', x-empty: '' } } }\n",
        USE("t"),
    };
    static const char *const wanted[] = {
        "POST /a/b?c=d HTTP/1.1\r\n",
        "\r\nauthorization: Bearer " SECRET "\r\n",
        "\r\nx-price: $5 or $9 or $\r\n",
        "\r\nContent-Type: application/json\r\n",
        "\r\nx-empty:\r\n",
        "\r\n\r\n{\"a\":1}",
    };
    struct desk desk;
    desk_open(&desk, &options, steps, 1);
    stage_say(&desk.stage, "U", false);
    cr_assert_eq(misbehave_request_count(desk.server), 1);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        cr_expect(strstr(misbehave_request(desk.server, 0)->bytes, wanted[i]) != NULL, "'%s' in\n%s", wanted[i],
                  misbehave_request(desk.server, 0)->bytes);
    }
    cr_expect(strstr(stage_event_lines(&desk.stage), SECRET) == NULL);
    desk_close(&desk);
}

Test(http_tool, leaves_other_tools_to_the_usual_runner_and_runs_inside_agents_that_are_tools)
{
    static const struct misbehave_step steps[] = { { .body = "one" }, { .body = "two" }, { .body = "three" } };
    static const struct stage_options options = {
        .triage = "tools: [f, t, ask, e]",
        .billing = "tools: [t]",
        .tools = TOOL "  f: { result: fixed }\n  e: { exec: [cat] }\n  ask: { agent: billing }\n",
        .replies = { { .calls = { { .name = "f" },
                                  { .name = "t", .arguments = "{}" },
                                  { .name = "e", .arguments = "{\"b\":2}" },
                                  { .name = "t", .arguments = "{}" } } },
                     { .calls = { { .name = "ask", .arguments = "{\"input\":\"?\"}" } } },
                     { .calls = { { .name = "t", .arguments = "{}" } } },
                     { .text = "from billing" },
                     { .text = "done" } },
    };
    struct desk desk;
    desk_open(&desk, &options, steps, COUNT_OF(steps));
    const struct baton_exchange *exchange = stage_say(&desk.stage, "U", false);
    cr_assert_not_null(exchange, "%s", desk.stage.err.text);
    cr_expect(baton_str_is(exchange->text, "done"), "%.*s", (int)exchange->text.length, exchange->text.data);
    expect_text("mixed", "seen", desk.stage.requests[1].seen,
                "user U | triage: [f{} t{} e{'b':2} t{}] | =fixed | =one | ={'b':2} | =two");
    expect_text("nested", "seen", desk.stage.requests[3].seen, "user ? | billing: [t{}] | =three");
    cr_expect_eq(misbehave_request_count(desk.server), 3);
    stage_check(&desk.stage, "mixed", STAGE_STRICT);
    desk_close(&desk);
}

/* ---- context providers ---- */

#define CONTEXT \
    "handoffs: [{ agent: billing, context: { http: { url: 'http://localhost/user', headers: { x-key: $TOOL_KEY } } } }]"

Test(http_tool, a_context_provider_gets_the_messages_and_adds_instructions)
{
    static const struct row {
        const char *name;
        struct misbehave_step step;
        const char *instructions; /* NULL: the handoff is refused */
    } rows[] = {
        { "instructions", { .body = "{\"additional_instructions\":\"Be kind.\"}" }, "Be kind." },
        { "nothing", { .body = "" }, "" },
        { "a failure that quotes the key", { .head = "HTTP/1.1 500 No\r\n", .body = "no " SECRET }, NULL },
        { "no instructions", { .body = "[1]" }, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        static const struct stage_options options = {
            .triage = CONTEXT,
            .replies = { { .calls = { { .name = "transfer_to_billing", .arguments = "{}" } } }, { .text = "x" } },
        };
        struct desk desk;
        desk_open(&desk, &options, &rows[i].step, 1);
        const struct baton_exchange *exchange = stage_say(&desk.stage, "U", false);
        cr_assert_not_null(exchange, "%s: %s", rows[i].name, desk.stage.err.text);
        cr_assert_eq(misbehave_request_count(desk.server), 1, "%s", rows[i].name);
        const char *asked = misbehave_request(desk.server, 0)->bytes;
        cr_expect(strstr(asked, "POST /user ") != NULL && strstr(asked, "\r\nx-key: " SECRET "\r\n") != NULL &&
                      strstr(asked, "[{\"role\":\"user\",\"content\":\"U\"}") != NULL,
                  "%s: %s", rows[i].name, asked);
        cr_expect_eq(exchange->depth, rows[i].instructions != NULL, "%s: %u", rows[i].name, exchange->depth);
        if (rows[i].instructions != NULL) {
            cr_expect_str_eq(desk.stage.requests[1].instructions, rows[i].instructions, "%s", rows[i].name);
        }
        cr_expect(strstr(stage_event_lines(&desk.stage), SECRET) == NULL, "%s", rows[i].name);
        desk_close(&desk);
    }
}

/* ---- what a file may say ---- */

static const char *load_error(struct baton_arena *arena, const char *http)
{
    struct baton_source source = { .name = "a.yaml" };
    const struct baton_json *root = NULL;
    struct baton_agents *agents = NULL;
    struct baton_error err = { .status = BATON_OK };
    char text[BATON_ERROR_TEXT_BYTES + BATON_ERROR_FILE_BYTES];
    source.text = baton_str_of(
        baton_arena_printf(arena, "version: 1\nentry: a\nagents: { a: {} }\ntools:\n  t: { http: %s }\n", http));
    enum baton_status status = baton_yaml_parse(&root, arena, &source, &err);
    status = status == BATON_OK ? baton_agents_parse(&agents, arena, &source, root, NULL, &err) : status;
    return status == BATON_OK ? "loaded" : baton_arena_printf(arena, "%s", baton_error_format(&err, text, sizeof text));
}

Test(http_tool, a_file_is_read_strictly)
{
    static const struct {
        const char *http, *wanted;
    } rows[] = {
        { "{ url: 'https://example.org' }", "loaded" },
        { "{ url: 'https://example.org', method: POST, headers: { a: b, x-key: $K } }", "loaded" },
        { "{}", "a.yaml:5:14: 'http' needs a key 'url'" },
        { "{ url: 'example.org' }",
          "a.yaml:5:21: 'url' must begin with https://, or http:// for this machine, and have at most 2048 bytes" },
        { "{ url: 'https://' }", "a.yaml:5:21: 'url' must begin with*" },
        { "{ url: 'https://x', method: GET }", "a.yaml:5:*: an http tool is called by POST, not by 'GET'" },
        { "{ url: 'https://x', verb: POST }", "a.yaml:5:*'verb'*" },
        { "{ url: 'https://x', headers: { a: 1 } }",
          "a.yaml:5:*a header must be a text; put it in quotes, not a number" },
        { "{ url: 'https://x', headers: { 'a b': c } }", "a.yaml:5:*: the header 'a b' cannot be sent: *" },
        { "{ url: 'https://x', headers: { Content-Length: '1' } }", "a.yaml:5:*: the header 'Content-Length' cannot*" },
        { "{ url: 'https://x', headers: { a: \"b\\r\\nc: d\" } }", "a.yaml:5:*: the header 'a' cannot be sent: *" },
    };
    struct baton_arena *arena = baton_arena_new(64 * 1024 * 1024);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        expect_text(rows[i].http, "error", load_error(arena, rows[i].http), rows[i].wanted);
    }
    baton_arena_free(arena);
}

Test(http_tool, says_what_is_missing_before_anything_is_called)
{
    static const struct {
        const char *tools, *wanted;
    } rows[] = {
        { "  t: { http: { url: 'https://x.example', headers: { k: 'a $NO_SUCH b' } } }\n",
          "the tool 't' needs the environment variable NO_SUCH, which is not set" },
        { "  t: { http: { url: 'http://x.example/' } }\n",
          "the tool 't': will not call 'http://x.example/': http:// is for this machine *" },
        { TOOL, "" },
        { "  t: { result: x }\n", "" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct stage_options options = { .triage = "tools: [t]", .tools = rows[i].tools };
        struct desk desk = { .server = NULL };
        struct baton_error err = { .text = "" };
        stage_open(&desk.stage, &options);
        enum baton_status status = desk_tools(&desk, &err);
        cr_expect_eq(status, rows[i].wanted[0] == '\0' ? BATON_OK : BATON_EUSAGE, "row %zu", i);
        expect_text(rows[i].tools, "error", err.text, rows[i].wanted);
        baton_http_tools_free(desk.tools);
        stage_close(&desk.stage);
    }
}

Test(http_tool, survives_each_failing_allocation)
{
    const struct stage_options options = { .triage = "tools: [t]", .tools = TOOL };
    struct desk desk = { .server = NULL };
    struct baton_error err;
    uint64_t n = 1;
    stage_open(&desk.stage, &options);
    for (enum baton_status status = BATON_ENOMEM; status != BATON_OK; n++) {
        cr_assert_lt(n, 100);
        baton_arena_fail_after(n);
        status = desk_tools(&desk, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ENOMEM || status == BATON_ELIMIT, "%s", err.text);
        baton_http_tools_free(desk.tools);
    }
    cr_expect_gt(n, 5);
    stage_close(&desk.stage);
}
