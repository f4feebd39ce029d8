/* Reads agents files, YAML or JSON, and lets those that load hold an exchange: what follows a NUL byte in the input decides
 * what the model says. Nothing is ever executed: a callback answers for tools and context providers. */
#include "engine/base/yaml.h"
#include "engine/fuzz/watch.h"

#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024, TURNS_MAX = 20, REQUESTS_MAX = 100, CALLS_MAX = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input's bytes, one by one; 0 at the end. */
struct whims {
    const uint8_t *data;
    size_t length;
};

static uint32_t whim(struct whims *whims, uint32_t bound)
{
    if (whims->length == 0) {
        return 0;
    }
    whims->length--;
    return *whims->data++ % bound;
}

struct fickle {
    struct baton_provider provider;
    struct whims whims;
    uint32_t request_count;
};

static struct baton_str some_arguments(struct whims *whims)
{
    static const char *const all[] = { "{}",
                                       "",
                                       "{not json",
                                       "[1]",
                                       "{\"input\":\"x\"}",
                                       "{\"reason\":\"r\",\"n\":1}",
                                       "{\"id\":\"7\",\"amount\":-1.5e3}",
                                       "{\"a\":{\"b\":[null,true,{}]},\"a\":1}" };
    return baton_str_of(all[whim(whims, sizeof all / sizeof *all)]);
}

/* A tool or handoff of the agent, seldom one that is not there. */
static struct baton_str some_name(struct whims *whims, const struct baton_request *request)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    uint32_t index = whim(whims, agent->tool_count + agent->handoff_count + 1);
    if (index < agent->tool_count) {
        return request->agents->tools[agent->tools[index]].name;
    }
    index -= agent->tool_count;
    return index < agent->handoff_count ? agent->handoffs[index].tool_name : BATON_STR("transfer_to_\xe5\xae\xa2");
}

static enum baton_status call(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err)
{
    struct fickle *fickle = (struct fickle *)provider;
    struct whims *whims = &fickle->whims;
    if (++fickle->request_count > REQUESTS_MAX || whims->length == 0) {
        reply->kind = BATON_REPLY_END;
        return BATON_OK;
    }
    reply->finish = whim(whims, 2) == 0 ? BATON_FINISH_UNKNOWN : BATON_FINISH_STOP;
    reply->has_text = whim(whims, 3) == 0;
    reply->text = reply->has_text ? BATON_STR("\xe5\xae\xa2 text") : BATON_STR("");
    reply->latency_ns = (int64_t)whim(whims, 256) - 2;
    reply->call_count = whim(whims, CALLS_MAX + 1);
    struct baton_tool_call *calls = baton_arena_array(request->arena, CALLS_MAX, sizeof *calls);
    if (calls == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "no memory for calls");
    }
    for (uint32_t i = 0; i < reply->call_count; i++) {
        calls[i] =
            (struct baton_tool_call){ .id = baton_str_of(i == 0 ? "a" : "b"), .name = some_name(whims, request) };
        calls[i].arguments = some_arguments(whims);
    }
    reply->calls = calls;
    return BATON_OK;
}

static bool answer_tool(void *user, struct baton_tool_job *job, struct baton_arena *arena)
{
    (void)arena;
    struct fickle *fickle = user;
    job->result = BATON_STR("fixed");
    job->is_error = whim(&fickle->whims, 4) == 3;
    job->duration_ns = whim(&fickle->whims, 3);
    return job->tool->kind != BATON_TOOL_AGENT;
}

static bool answer_context(void *user, struct baton_context_job *job)
{
    (void)user;
    job->instructions = BATON_STR("context");
    return true;
}

static uint64_t no_time(struct baton_clock *clock)
{
    (void)clock;
    return 0;
}

static void no_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    (void)clock;
    (void)duration_ns;
}

static void hold_an_exchange(const struct baton_agents *agents, struct baton_arena *arena, struct whims whims)
{
    struct fickle fickle = { .provider = { .call = call }, .whims = whims };
    struct baton_clock clock = { .now_ns = no_time, .sleep_ns = no_sleep };
    struct baton_hooks hooks = { .user = &fickle, .tool = answer_tool, .context = answer_context };
    struct watch watch = { .agents = agents, .arena = arena };
    struct baton_loop_marks marks;
    struct baton_loop_mark *of_agent = baton_arena_array(arena, agents->count, sizeof *of_agent);
    if (of_agent == NULL) {
        return;
    }
    baton_loop_marks_init(&marks, of_agent, agents->count);
    struct baton_run_options options = { .agents = agents,
                                         .provider = &fickle.provider,
                                         .clock = &clock,
                                         .limits = agents->limits,
                                         .loops_stop = agents->loops_stop,
                                         .on_handoff_stop = agents->on_handoff_stop,
                                         .marks = &marks,
                                         .conversation_id = BATON_STR("fuzz"),
                                         .entry = agents->entry,
                                         .events = { .on_event = watch_event, .user = &watch },
                                         .hooks = &hooks };
    bool is_unlimited = options.limits.max_turns < 0 || options.limits.max_turns > TURNS_MAX;
    options.limits.max_turns = is_unlimited ? TURNS_MAX : options.limits.max_turns;
    struct baton_run *run;
    struct baton_exchange *exchange;
    struct baton_error err;
    if (baton_run_new(&run, arena, &options, &err) == BATON_OK &&
        baton_run_exchange(run, BATON_STR("hello"), false, &exchange, &err) == BATON_OK) {
        watch_claim(watch.done_count == 1 && exchange->turn_count <= TURNS_MAX);
        watch_record(&watch, run);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
    size_t length = nul == NULL ? size : (size_t)(nul - data);
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    char *text = arena == NULL ? NULL : baton_arena_alloc(arena, length == 0 ? 1 : length);
    if (text != NULL) {
        memcpy(text, data, length);
        struct baton_source source = { .name = "folder/agents", .line_first = 1, .text = { text, length } };
        const struct baton_json *root;
        struct baton_agents *agents;
        struct baton_error err;
        bool is_json = length > 0 && text[0] == '{';
        enum baton_status status =
            is_json ? baton_json_parse(&root, arena, &source, &err) : baton_yaml_parse(&root, arena, &source, &err);
        status = status == BATON_OK ? baton_agents_parse(&agents, arena, &source, root, NULL, &err) : status;
        if (status == BATON_OK) {
            struct whims whims = { nul == NULL ? data : nul + 1, nul == NULL ? size : size - length - 1 };
            hold_an_exchange(agents, arena, whims);
        }
    }
    baton_arena_free(arena);
    return 0;
}
