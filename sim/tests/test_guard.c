#include "sim/redact/guard.h"

#include "engine/tests/trees.h"
#include "sim/redact/known_values.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define KEY "a-key+that/nobody=knows"
#define SHAPED "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"

static const struct baton_tool_call said_call = { .id = BATON_STR_INIT("id " KEY),
                                                  .name = BATON_STR_INIT("t" KEY),
                                                  .arguments = BATON_STR_INIT("{\"a\":\"" KEY " " SHAPED "\"}") };

struct stage {
    struct baton_arena *arena;
    struct baton_known_values *values;
    struct baton_guard guard;
    char heard[200];
};

static enum baton_status answer(struct baton_provider *provider, const struct baton_request *request,
                                struct baton_reply *reply, struct baton_error *err)
{
    (void)provider;
    (void)err;
    if (request->on_text != NULL) {
        request->on_text(request->user, BATON_STR("one " KEY " two"));
    }
    reply->text = BATON_STR("my " KEY " and " SHAPED);
    reply->calls = &said_call;
    reply->call_count = 1;
    return BATON_OK;
}

static enum baton_status refuse(struct baton_provider *provider, const struct baton_request *request,
                                struct baton_reply *reply, struct baton_error *err)
{
    (void)provider;
    (void)request;
    (void)reply;
    return baton_error_set(err, BATON_EPROVIDER, "HTTP 401: %s is not %s", KEY, KEY);
}

static enum baton_status run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                   struct baton_error *err)
{
    (void)runner;
    (void)err;
    batch->jobs[0].result = BATON_STR("found " KEY);
    return BATON_OK;
}

static enum baton_status provide(struct baton_tool_runner *runner, struct baton_context_job *job,
                                 struct baton_error *err)
{
    (void)runner;
    (void)err;
    job->instructions = BATON_STR(KEY);
    return BATON_OK;
}

static struct baton_provider answering = { .call = answer }, refusing = { .call = refuse };
static struct baton_tool_runner running = { .run_tools = run_tools, .provide_context = provide };

static void stage_open(struct stage *stage, struct baton_provider *provider, bool hides_shapes)
{
    static const struct baton_str key = BATON_STR_INIT(KEY);
    *stage = (struct stage){ .arena = tree_arena() };
    cr_assert_eq(baton_known_values_new(&stage->values, stage->arena, &key, 1, NULL), BATON_OK);
    baton_guard_init(&stage->guard, provider, &running, stage->values, hides_shapes);
}

static void hear(void *user, struct baton_str delta)
{
    struct stage *stage = user;
    snprintf(stage->heard, sizeof stage->heard, "%.*s", (int)delta.length, delta.data);
}

static enum baton_status ask(struct stage *stage, struct baton_reply *reply, struct baton_error *err)
{
    const struct baton_request request = { .arena = stage->arena, .on_text = hear, .user = stage };
    *reply = (struct baton_reply){ 0 };
    return stage->guard.provider.call(&stage->guard.provider, &request, reply, err);
}

static void expect_text(struct baton_str text, const char *wanted)
{
    cr_expect(baton_str_is(text, wanted), "'%.*s', not '%s'", (int)text.length, text.data, wanted);
}

Test(guard, what_a_model_says_comes_without_the_keys)
{
    for (int hides_shapes = 0; hides_shapes < 2; hides_shapes++) {
        struct stage stage;
        struct baton_reply reply;
        struct baton_error err;
        stage_open(&stage, &answering, hides_shapes);
        cr_assert_eq(ask(&stage, &reply, &err), BATON_OK);
        expect_text(reply.text, hides_shapes ? "my REDACTED and REDACTED" : "my REDACTED and " SHAPED);
        expect_text(reply.calls[0].id, "id REDACTED");
        expect_text(reply.calls[0].name, "tREDACTED");
        expect_text(reply.calls[0].arguments, "{\"a\":\"REDACTED " SHAPED "\"}");
        cr_expect_str_eq(stage.heard, "one REDACTED two");
        baton_arena_free(stage.arena);
    }
}

Test(guard, errors_and_results_of_tools_come_without_the_keys)
{
    struct stage stage;
    struct baton_reply reply;
    struct baton_error err;
    struct baton_tool_job job = { 0 };
    stage_open(&stage, &refusing, false);
    struct baton_tool_batch batch = { .jobs = &job, .count = 1, .arena = stage.arena };
    struct baton_context_job context = { .arena = stage.arena };
    cr_expect_eq(ask(&stage, &reply, &err), BATON_EPROVIDER);
    cr_expect_str_eq(err.text, "HTTP 401: REDACTED is not REDACTED");
    cr_expect_eq(stage.guard.tools.run_tools(&stage.guard.tools, &batch, &err), BATON_OK);
    expect_text(job.result, "found REDACTED");
    cr_expect_eq(stage.guard.tools.provide_context(&stage.guard.tools, &context, &err), BATON_OK);
    expect_text(context.instructions, "REDACTED");
    baton_arena_free(stage.arena);
}

Test(guard, an_error_that_does_not_fit_is_cut_and_shows_no_key)
{
    static const struct baton_str key = BATON_STR_INIT("12345678"); /* as long as what takes its place */
    struct baton_arena *arena = tree_arena();
    struct baton_known_values *values;
    struct baton_error err = { 0 };
    cr_assert_eq(baton_known_values_new(&values, arena, &key, 1, NULL), BATON_OK);
    for (size_t i = 0; i + 9 < sizeof err.text; i += 9) {
        memcpy(err.text + i, "12345678 ", 10);
    }
    baton_guard_error(values, &err);
    cr_expect_null(strstr(err.text, "12345678"));
    cr_expect_eq(strncmp(err.text, "REDACTED REDACTED ", 18), 0);
    cr_expect_lt(strnlen(err.text, sizeof err.text), sizeof err.text);
    baton_arena_free(arena);
}

Test(guard, memory_that_fails_is_an_error_and_never_a_key)
{
    enum { ALLOCATIONS_MAX = 50 };
    bool is_done = false;
    for (size_t i = 0; i < ALLOCATIONS_MAX && !is_done; i++) {
        struct stage stage;
        struct baton_reply reply;
        struct baton_error err;
        stage_open(&stage, &answering, true);
        baton_arena_fail_after(i + 1); /* 0 would be: never */
        enum baton_status status = ask(&stage, &reply, &err);
        baton_arena_fail_after(0);
        is_done = status == BATON_OK;
        cr_expect(is_done || status == BATON_ELIMIT, "%d", (int)status);
        cr_expect_null(strstr(stage.heard, KEY));
        baton_arena_free(stage.arena);
    }
    cr_expect(is_done);
}
