/* replay.c - gives recorded answers, found by the key of the request or one after the other.
 *
 * The two ways share only how an answer is given. By key, an equal request that comes again gets the recording of its n-th
 * time, so askings are counted for each conversation. By order (imports) the position in the recording is all there is, and
 * which agent runs next in a response with several is read off it, as the live run may have finished them in any order.
 */
#include "sim/cassette/replay.h"

#include "engine/base/grow.h"
#include "engine/core/run.h"
#include "engine/core/tool_runner.h"
#include "sim/cassette/miss.h"

#include <string.h>

static struct baton_replay *of_provider(struct baton_provider *provider)
{
    return (struct baton_replay *)((char *)provider - offsetof(struct baton_replay, provider));
}

static struct baton_replay *of_runner(struct baton_tool_runner *runner)
{
    return (struct baton_replay *)((char *)runner - offsetof(struct baton_replay, tools));
}

static enum baton_status no_memory(const struct baton_replay *replay, struct baton_error *err)
{
    return baton_error_over_limit(err, "the conversation '%.*s'", BATON_STR_ARGS(replay->route.conversation));
}

/* ---- which recording ---- */

/* How often this conversation asked with the key before. */
static bool count_asked(struct baton_replay *replay, enum baton_interaction_kind kind, struct baton_hash key,
                        uint32_t *before)
{
    *before = 0;
    for (uint32_t i = replay->asked_count; i-- > 0;) {
        struct baton_replay_asked *asked = &replay->asked[i];
        if (asked->key.low == key.low && asked->key.high == key.high && asked->kind == kind) {
            *before = asked->count++;
            return true;
        }
    }
    struct baton_replay_asked *list =
        baton_grow_arena(replay->arena, replay->asked, replay->asked_count, &replay->asked_capacity, sizeof *list);
    if (list == NULL) {
        return false;
    }
    replay->asked = list;
    replay->asked[replay->asked_count++] = (struct baton_replay_asked){ .key = key, .kind = kind, .count = 1 };
    return true;
}

static enum baton_status find(struct baton_replay *replay, enum baton_interaction_kind kind, struct baton_hash key,
                              struct baton_interaction **out, struct baton_error *err)
{
    uint32_t n;
    *out = NULL;
    if (!count_asked(replay, kind, key, &n)) {
        return no_memory(replay, err);
    }
    const struct baton_cassette_ask ask = { .kind = kind,
                                            .key = key,
                                            .conversation = replay->route.conversation,
                                            .n = n,
                                            .is_strict = replay->route.options->is_strict,
                                            .shared_file_count = replay->route.options->shared_file_count };
    *out = baton_cassette_find(replay->route.options->cassette, &ask);
    if (*out != NULL) {
        baton_interaction_use(*out);
    }
    return BATON_OK;
}

/* ---- answers ---- */

static enum baton_status give(const struct baton_interaction *it, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err)
{
    if (it->is_failure) {
        return baton_error_set(err, BATON_EPROVIDER, "%s", it->error);
    }
    *reply = it->reply;
    if (it->piece_count == 0 || request->on_text == NULL) {
        return BATON_OK;
    }
    struct baton_str rest = it->reply.text;
    for (uint32_t i = 0; i < it->piece_count; i++) {
        request->on_text(request->user, (struct baton_str){ rest.data, it->pieces[i] });
        rest.data += it->pieces[i];
    }
    reply->was_streamed = true;
    return BATON_OK;
}

enum baton_status baton_replay_try_call(struct baton_replay *replay, const struct baton_request *request,
                                        struct baton_reply *reply, bool *is_found, struct baton_error *err)
{
    const struct baton_codec *codec;
    struct baton_str model;
    struct baton_interaction_keys keys;
    struct baton_interaction *it = NULL;
    const struct baton_agent *agent = &request->agents->list[request->agent];
    *is_found = false;
    enum baton_status status = baton_route_find(replay->route.options, agent, &codec, &model, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_interaction_request_keys(&keys, replay->route.scratch, codec, request, model, NULL, false, err);
    if (status != BATON_OK) {
        return status;
    }
    status = find(replay, BATON_INTERACTION_MODEL, keys.key, &it, err);
    if (status == BATON_OK && it == NULL) {
        /* Where a redacted answer met words of the user that were redacted too, only all of it redacted is found. */
        status = baton_interaction_request_keys(&keys, replay->route.scratch, codec, request, model,
                                                replay->route.options->values, true, err);
        if (status == BATON_OK && keys.has_redacted_key) {
            status = find(replay, BATON_INTERACTION_MODEL, keys.redacted_key, &it, err);
        }
    }
    *is_found = status == BATON_OK && it != NULL;
    return *is_found ? give(it, request, reply, err) : status;
}

static void note_miss(struct baton_replay *replay, const char *text)
{
    if (replay->miss_count++ == 0) {
        char *copy = baton_arena_copy(replay->arena, text, strlen(text));
        replay->first_miss = baton_str_of(copy == NULL ? "" : copy);
    }
}

static enum baton_status call_by_key(struct baton_provider *provider, const struct baton_request *request,
                                     struct baton_reply *reply, struct baton_error *err)
{
    struct baton_replay *replay = of_provider(provider);
    struct baton_error local = { .status = BATON_OK };
    bool is_found;
    err = err == NULL ? &local : err;
    enum baton_status status = baton_replay_try_call(replay, request, reply, &is_found, err);
    if (status == BATON_OK && !is_found) {
        status = baton_miss_explain(&replay->route, request, err);
        if (status == BATON_EMISS) {
            note_miss(replay, err->text);
        }
    }
    return status;
}

/* ---- by order ---- */

/* The next model call of the conversation, of this exchange or later, or NULL. */
static struct baton_interaction *next_call(struct baton_replay *replay, const struct baton_request *request)
{
    while (replay->next != BATON_NONE) {
        struct baton_interaction *it = baton_cassette_at(replay->route.options->cassette, replay->next);
        /* What a limit cut short is passed over, so that each exchange begins where its recording does. */
        bool is_past = request->nesting == 0 && (it->position.nesting > 0 || it->position.exchange < request->exchange);
        if (it->kind == BATON_INTERACTION_MODEL && !is_past) {
            return it;
        }
        replay->next = it->next_in_conversation;
    }
    return NULL;
}

static enum baton_status prompt_changed(const struct baton_replay *replay, const struct baton_request *request,
                                        const struct baton_interaction *it, struct baton_error *err)
{
    struct baton_str asked = baton_agent_name(request->agents, request->agent);
    return baton_error_set(
        err, BATON_EMISS,
        "conversation '%.*s', exchange %u, turn %u: agent '%.*s' is asked, but %s:%u holds an answer of "
        "'%.*s' with other instructions; a recording that is matched by order goes with the agents "
        "that were imported with it",
        BATON_STR_ARGS(replay->route.conversation), request->exchange + 1, request->turn + 1, BATON_STR_ARGS(asked),
        replay->route.options->cassette->files[it->file].path, it->line, BATON_STR_ARGS(it->agent));
}

static enum baton_status call_by_order(struct baton_provider *provider, const struct baton_request *request,
                                       struct baton_reply *reply, struct baton_error *err)
{
    struct baton_replay *replay = of_provider(provider);
    struct baton_error local = { .status = BATON_OK };
    struct baton_interaction *it = next_call(replay, request);
    err = err == NULL ? &local : err;
    if (it == NULL || (request->nesting == 0 && it->position.exchange > request->exchange)) {
        reply->kind = BATON_REPLY_END;
        return BATON_OK;
    }
    struct baton_str instructions = request->agents->list[request->agent].instructions;
    struct baton_hash key = baton_hash128(instructions.data, instructions.length);
    if (key.low != it->key.low || key.high != it->key.high) {
        uint32_t recorded = baton_agents_find(request->agents, it->agent);
        if (recorded != BATON_NONE && recorded != request->agent) {
            reply->kind = BATON_REPLY_DIVERGED;
            reply->recorded_agent = recorded;
            return BATON_OK;
        }
        enum baton_status status = prompt_changed(replay, request, it, err);
        note_miss(replay, err->text);
        return status;
    }
    replay->next = it->next_in_conversation;
    baton_interaction_use(it);
    return give(it, request, reply, err);
}

/* ---- tools ---- */

bool baton_replay_records(const struct baton_tool *tool)
{
    return tool->kind == BATON_TOOL_EXEC || tool->kind == BATON_TOOL_HTTP;
}

static enum baton_status find_tool(struct baton_replay *replay, const struct baton_tool_job *job,
                                   struct baton_interaction **out, struct baton_error *err)
{
    struct baton_hash key;
    *out = NULL;
    enum baton_status status = baton_interaction_tool_key(&key, replay->route.scratch, replay->arena,
                                                          replay->route.conversation, job->call, err);
    return status == BATON_OK ? find(replay, BATON_INTERACTION_TOOL, key, out, err) : status;
}

static void give_result(struct baton_tool_job *job, const struct baton_interaction *it)
{
    job->result = it->result;
    job->is_error = it->is_error;
    job->duration_ns = it->duration_ns > 0 ? (uint64_t)it->duration_ns : 0;
}

enum baton_status baton_replay_try_tool(struct baton_replay *replay, struct baton_tool_job *job, bool *is_found,
                                        struct baton_error *err)
{
    struct baton_interaction *it;
    enum baton_status status = find_tool(replay, job, &it, err);
    *is_found = status == BATON_OK && it != NULL && it->run_by.length == 0;
    if (*is_found) {
        give_result(job, it);
    }
    return status;
}

enum { ARGUMENTS_BYTES_SHOWN = 200 };

static enum baton_status miss_tool(struct baton_replay *replay, const struct baton_tool_batch *batch,
                                   struct baton_tool_job *job, struct baton_error *err)
{
    struct baton_str agent = baton_agent_name(batch->agents, batch->agent);
    struct baton_str arguments = baton_str_cut(job->call->arguments, ARGUMENTS_BYTES_SHOWN);
    char *text = baton_arena_printf(
        batch->arena,
        "no recorded result of the tool '%.*s' for agent '%.*s' of conversation '%.*s', exchange %u, turn %u, with "
        "arguments %.*s",
        BATON_STR_ARGS(job->call->name), BATON_STR_ARGS(agent), BATON_STR_ARGS(replay->route.conversation),
        batch->exchange + 1, batch->turn + 1, BATON_STR_ARGS(arguments));
    if (text == NULL) {
        return no_memory(replay, err);
    }
    note_miss(replay, text);
    job->result = baton_str_of(text);
    job->is_error = true;
    return BATON_OK;
}

/* One job through the runner that really runs them: a fixed text, or an agent. */
static enum baton_status run_one(const struct baton_tool_batch *batch, struct baton_tool_job *job,
                                 struct baton_error *err)
{
    struct baton_tool_batch one = *batch;
    one.jobs = job;
    one.count = 1;
    return baton_tool_runner_default()->run_tools(baton_tool_runner_default(), &one, err);
}

/* The same call as that of another agent, as the recording says. */
static enum baton_status run_as(struct baton_replay *replay, const struct baton_tool_batch *batch,
                                struct baton_tool_job *job, struct baton_str agent, struct baton_error *err)
{
    uint32_t index = baton_agents_find(batch->agents, agent);
    struct baton_tool *tool = baton_arena_alloc(batch->arena, sizeof *tool);
    if (tool == NULL) {
        return no_memory(replay, err);
    }
    if (index == BATON_NONE) {
        return miss_tool(replay, batch, job, err);
    }
    const struct baton_tool *own = job->tool;
    *tool = *own;
    tool->kind = BATON_TOOL_AGENT;
    tool->agent = index;
    job->tool = tool;
    enum baton_status status = run_one(batch, job, err);
    job->tool = own;
    return status;
}

struct run_plan {
    struct baton_str agent; /* who runs as the tool; empty: it has its result */
    bool is_done;
};

/* Of the agents that are still to run, the one whose turn it is: by the recording where that says, else the first. */
static uint32_t next_to_run(struct baton_replay *replay, const struct run_plan *plans, uint32_t count)
{
    uint32_t first = BATON_NONE;
    const struct baton_cassette *cassette = replay->route.options->cassette;
    uint32_t at = replay->next;
    while (at != BATON_NONE && baton_cassette_at(cassette, at)->kind != BATON_INTERACTION_MODEL) {
        at = baton_cassette_at(cassette, at)->next_in_conversation;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (plans[i].is_done) {
            continue;
        }
        first = first == BATON_NONE ? i : first;
        if (at != BATON_NONE && baton_str_equal(plans[i].agent, baton_cassette_at(cassette, at)->agent)) {
            return i;
        }
    }
    return first;
}

/* What is recorded is given first; then the agents run, each with the model calls that follow in the recording. */
static enum baton_status tools_by_order(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                        struct baton_error *err)
{
    struct baton_replay *replay = of_runner(runner);
    struct run_plan *plans = baton_arena_zero(batch->arena, batch->count * sizeof *plans);
    enum baton_status status = plans == NULL ? no_memory(replay, err) : BATON_OK;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        struct baton_interaction *it;
        status = find_tool(replay, job, &it, err);
        plans[i].is_done = true;
        if (status != BATON_OK) {
            break;
        }
        if (it != NULL && it->run_by.length == 0) {
            give_result(job, it);
        } else if (it != NULL || job->tool->kind == BATON_TOOL_AGENT) {
            plans[i].agent = it != NULL ? it->run_by : baton_agent_name(batch->agents, job->tool->agent);
            plans[i].is_done = false;
        } else if (baton_replay_records(job->tool)) {
            status = miss_tool(replay, batch, job, err);
        } else {
            status = run_one(batch, job, err);
        }
    }
    for (uint32_t i; status == BATON_OK && (i = next_to_run(replay, plans, batch->count)) != BATON_NONE;) {
        plans[i].is_done = true;
        status = run_as(replay, batch, &batch->jobs[i], plans[i].agent, err);
    }
    return status;
}

static enum baton_status tools_by_key(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                      struct baton_error *err)
{
    struct baton_replay *replay = of_runner(runner);
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        bool is_found = false;
        if (!baton_replay_records(job->tool)) {
            status = run_one(batch, job, err);
            continue;
        }
        status = baton_replay_try_tool(replay, job, &is_found, err);
        if (status == BATON_OK && !is_found) {
            status = miss_tool(replay, batch, job, err);
        }
    }
    return status;
}

/* ---- context providers ---- */

enum baton_status baton_replay_try_context(struct baton_replay *replay, struct baton_context_job *job, bool *is_found,
                                           struct baton_error *err)
{
    struct baton_hash key;
    struct baton_interaction *it = NULL;
    struct baton_str target = baton_agent_name(replay->route.options->agents, job->handoff->target);
    *is_found = false;
    enum baton_status status = baton_interaction_context_key(&key, replay->route.scratch, replay->route.conversation,
                                                             job->handoff->tool_name, target, err);
    if (status == BATON_OK) {
        status = find(replay, BATON_INTERACTION_CONTEXT, key, &it, err);
    }
    *is_found = status == BATON_OK && it != NULL;
    if (*is_found && it->is_error) {
        return baton_error_set(err, BATON_EPROVIDER, "%.*s", BATON_STR_ARGS(it->result));
    }
    if (*is_found) {
        job->instructions = it->result;
    }
    return status;
}

static enum baton_status replay_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                        struct baton_error *err)
{
    struct baton_replay *replay = of_runner(runner);
    struct baton_error local = { .status = BATON_OK };
    bool is_found;
    err = err == NULL ? &local : err;
    enum baton_status status = baton_replay_try_context(replay, job, &is_found, err);
    if (status == BATON_OK && !is_found) {
        struct baton_str target = baton_agent_name(replay->route.options->agents, job->handoff->target);
        status = baton_error_set(err, BATON_EMISS,
                                 "no recorded context of the handoff '%.*s' to agent '%.*s' in conversation '%.*s', "
                                 "exchange %u, turn %u",
                                 BATON_STR_ARGS(job->handoff->tool_name), BATON_STR_ARGS(target),
                                 BATON_STR_ARGS(replay->route.conversation), job->exchange + 1, job->turn + 1);
        note_miss(replay, err->text);
    }
    return status;
}

void baton_replay_init(struct baton_replay *replay, const struct baton_replay_options *options,
                       struct baton_str conversation_id, struct baton_arena *arena, struct baton_text *scratch)
{
    bool is_by_order = baton_route_header(options)->is_by_order;
    replay->provider.call = is_by_order ? call_by_order : call_by_key;
    replay->tools.run_tools = is_by_order ? tools_by_order : tools_by_key;
    replay->tools.provide_context = replay_context;
    replay->miss_count = 0;
    replay->first_miss = BATON_STR("");
    replay->route = (struct baton_route){ .options = options, .conversation = conversation_id, .scratch = scratch };
    replay->arena = arena;
    replay->asked = replay->asked_first;
    replay->asked_count = 0;
    replay->asked_capacity = BATON_REPLAY_ASKED_FIRST;
    replay->next = is_by_order ? baton_cassette_first_in_conversation(options->cassette, conversation_id) : BATON_NONE;
}
