/* Tools and context providers that are services.
 *
 * Headers are filled in before the first call, so that a missing variable is found at the start; what came from the environment
 * is remembered, as a service that echoes its request must not show a secret to a model, or to a recording. A failure of a
 * service is a result that the model reads, not an error of the run: only what is our own trouble ends it. Calls of one response
 * are made one after the other on one connection, in call order, so that a run is the same each time. */
#include "engine/providers/http_tool.h"

#include "engine/base/grow.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/core/run.h"
#include "engine/core/tool_runner.h"
#include "engine/http/http.h"
#include "engine/http/http_url.h"
#include "engine/providers/hide_key.h"
#include "engine/providers/limits.h"

#include <string.h>

/* A tool or a context provider, ready to be called. */
struct target {
    struct baton_str name; /* of the tool */
    const struct baton_tool_http *http;
    struct baton_http_header headers[BATON_TOOL_HEADERS_MAX];
};

struct baton_http_tools {
    struct baton_tool_runner runner; /* first */
    struct baton_http_tools_options options;
    struct baton_arena *arena;
    struct baton_http *http;  /* NULL: no tool needs it */
    struct target **targets;  /* per tool of the file; NULL: of another kind */
    struct target **contexts; /* of all handoffs that have one */
    size_t context_count;
    const char **secrets; /* what came from the environment */
    uint32_t secret_count, secret_capacity;
};

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_no_memory(err, "http tools");
}

/* ---- headers ---- */

/* A text with each `$$` as one dollar. */
static void put_plain(struct baton_text *out, struct baton_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        baton_text_putc(out, text.data[i]);
        i += text.data[i] == '$' && i + 1 < text.length && text.data[i + 1] == '$';
    }
}

static enum baton_status put_variable(struct baton_http_tools *tools, struct baton_text *out, const char *name,
                                      struct baton_str tool, struct baton_error *err)
{
    const struct baton_http_tools_options *options = &tools->options;
    const char *found = options->setting == NULL ? NULL : options->setting(options->user, name);
    if (found == NULL || found[0] == '\0') {
        return baton_error_set(err, BATON_EUSAGE, "the tool '%.*s' needs the environment variable %s, which is not set",
                               BATON_STR_ARGS(tool), name);
    }
    for (const char *byte = found; *byte != '\0'; byte++) {
        if (*byte < ' ' || *byte > '~') {
            return baton_error_set(err, BATON_EUSAGE,
                                   "the environment variable %s of the tool '%.*s' holds an odd byte", name,
                                   BATON_STR_ARGS(tool));
        }
    }
    const char *copy = baton_arena_copy(tools->arena, found, strlen(found));
    const char **secrets =
        baton_grow_arena(tools->arena, tools->secrets, tools->secret_count, &tools->secret_capacity, sizeof *secrets);
    if (copy == NULL || secrets == NULL) {
        return no_memory(err);
    }
    tools->secrets = secrets;
    secrets[tools->secret_count++] = copy;
    baton_text_puts(out, copy);
    return BATON_OK;
}

static enum baton_status fill_value(struct baton_http_tools *tools, struct baton_text *out, const char *value,
                                    struct baton_str tool, struct baton_error *err)
{
    struct baton_str before, name;
    while (baton_tool_http_variable(&value, &before, &name)) {
        const char *copy = baton_arena_copy(tools->arena, name.data, name.length);
        put_plain(out, before);
        enum baton_status status = copy == NULL ? no_memory(err) : put_variable(tools, out, copy, tool, err);
        if (status != BATON_OK) {
            return status;
        }
    }
    put_plain(out, before);
    return BATON_OK;
}

static enum baton_status target_fill(struct baton_http_tools *tools, struct target *target, struct baton_error *err)
{
    const struct baton_tool_http *http = target->http;
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < http->header_count && status == BATON_OK; i++) {
        struct baton_text value = baton_text_with_limit(BATON_HTTP_REQUEST_HEADER_BYTES_MAX);
        status = fill_value(tools, &value, http->headers[i].value, target->name, err);
        const char *copy = baton_arena_copy(tools->arena, value.length == 0 ? "" : value.data, value.length);
        target->headers[i] = (struct baton_http_header){ http->headers[i].name, copy };
        if (status == BATON_OK && (value.failed || copy == NULL)) {
            status = baton_error_set(err, BATON_ELIMIT, "the headers of the tool '%.*s' do not fit",
                                     BATON_STR_ARGS(target->name));
        }
        baton_text_clear(&value);
    }
    return status;
}

/* ---- setting up ---- */

static enum baton_status url_check(const struct baton_http_tools *tools, const struct target *target,
                                   struct baton_error *err)
{
    const struct baton_curl *curl = NULL;
    struct baton_http_url url;
    struct baton_error inner;
    enum baton_status status = baton_curl_get(&curl, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_http_url_parse(&url, curl, target->http->url, tools->options.unix_socket, &inner);
    if (status != BATON_OK) {
        return baton_error_set(err, status, "the tool '%.*s': %s", BATON_STR_ARGS(target->name), inner.text);
    }
    baton_http_url_clear(&url, curl);
    return BATON_OK;
}

static enum baton_status target_new(struct baton_http_tools *tools, struct target **out, struct baton_str name,
                                    const struct baton_tool_http *http, struct baton_error *err)
{
    const struct baton_http_options options = { .clock = tools->options.clock,
                                                .interrupted = tools->options.interrupted };
    struct target *target = *out = baton_arena_zero(tools->arena, sizeof *target);
    if (target == NULL) {
        return no_memory(err);
    }
    target->name = name;
    target->http = http;
    enum baton_status status = url_check(tools, target, err);
    if (status != BATON_OK) {
        return status;
    }
    status = target_fill(tools, target, err);
    if (status != BATON_OK || tools->http != NULL) {
        return status;
    }
    return baton_http_new(&tools->http, &options, err);
}

static enum baton_status fill_contexts(struct baton_http_tools *tools, struct baton_error *err)
{
    const struct baton_agents *agents = tools->options.agents;
    size_t count = 0;
    for (uint32_t i = 0; i < agents->count; i++) {
        count += agents->list[i].handoff_count;
    }
    tools->contexts = baton_arena_array(tools->arena, count + 1, sizeof *tools->contexts);
    enum baton_status status = tools->contexts == NULL ? no_memory(err) : BATON_OK;
    for (uint32_t i = 0; i < agents->count; i++) {
        for (uint32_t k = 0; k < agents->list[i].handoff_count && status == BATON_OK; k++) {
            const struct baton_handoff *handoff = &agents->list[i].handoffs[k];
            if (handoff->context_http != NULL) {
                status = target_new(tools, &tools->contexts[tools->context_count++], handoff->tool_name,
                                    handoff->context_http, err);
            }
        }
    }
    return status;
}

static enum baton_status fill(struct baton_http_tools *tools, struct baton_error *err)
{
    const struct baton_agents *agents = tools->options.agents;
    enum baton_status status = BATON_OK;
    tools->arena = baton_arena_new(BATON_HTTP_TOOLS_BYTES_MAX);
    tools->targets =
        tools->arena == NULL ? NULL : baton_arena_zero(tools->arena, (agents->tool_count + 1) * sizeof *tools->targets);
    if (tools->targets == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < agents->tool_count && status == BATON_OK; i++) {
        const struct baton_tool *tool = &agents->tools[i];
        if (tool->kind != BATON_TOOL_HTTP) {
            continue;
        }
        status = target_new(tools, &tools->targets[i], tool->name, tool->http, err);
    }
    return status == BATON_OK ? fill_contexts(tools, err) : status;
}

/* ---- calls ---- */

static void finish(const struct baton_http_tools *tools, struct baton_tool_job *job, char *text, bool is_error)
{
    if (text == NULL) {
        return;
    }
    for (size_t i = 0; i < tools->secret_count; i++) {
        baton_hide_key(text, tools->secrets[i]);
    }
    job->result = baton_str_of(text);
    job->is_error = is_error;
}

static bool is_text(struct baton_str bytes)
{
    size_t bad = 0;
    return baton_utf8_valid(bytes.data, bytes.length, &bad) && baton_str_find(bytes, '\0') == bytes.length;
}

static enum baton_status take(const struct baton_http_tools *tools, struct baton_tool_job *job,
                              const struct baton_http_response *response, struct baton_arena *arena,
                              struct baton_error *err)
{
    const struct baton_str body = response->body;
    const struct baton_str start = baton_str_cut(body, BATON_HTTP_TOOL_ERROR_BYTES);
    char *text = NULL;
    if (response->status / 100 != 2) {
        const bool is_shown = start.length > 0 && is_text(start);
        text = is_shown ? baton_arena_printf(arena, "HTTP %u: %.*s", response->status, BATON_STR_ARGS(start))
                        : baton_arena_printf(arena, "HTTP %u", response->status);
        finish(tools, job, text, true);
    } else if (!is_text(body)) {
        text = baton_arena_printf(arena, "its answer is not text in UTF-8");
        finish(tools, job, text, true);
    } else {
        text = baton_arena_copy(arena, body.length == 0 ? "" : body.data, body.length);
        finish(tools, job, text, false);
    }
    return text == NULL ? baton_error_over_limit(err, "the result of a tool") : BATON_OK;
}

/* Posts the body; the answer, or what went wrong, becomes the job's result. */
static enum baton_status post(struct baton_http_tools *tools, const struct target *target, struct baton_str body,
                              struct baton_run *run, struct baton_tool_job *job, struct baton_arena *arena,
                              struct baton_error *err)
{
    const struct baton_http_request request = {
        .url = target->http->url,
        .headers = target->headers,
        .header_count = target->http->header_count,
        .body = body,
        .timeout_ns = (uint64_t)baton_run_options_of(run)->limits.tool_timeout_ns,
        .unix_socket = tools->options.unix_socket,
        .body_bytes_max = BATON_TOOL_RESULT_BYTES_MAX,
    };
    struct baton_http_response response;
    struct baton_error inner;
    enum baton_status status = baton_http_post(&response, tools->http, &request, &inner);
    if (status == BATON_OK) {
        return take(tools, job, &response, arena, err);
    }
    if (status != BATON_EPROVIDER && status != BATON_EUSAGE) {
        return baton_error_set(err, status, "%s", inner.text);
    }
    char *text = baton_arena_copy(arena, inner.text, strlen(inner.text));
    finish(tools, job, text, true);
    return text == NULL ? baton_error_over_limit(err, "the result of a tool") : BATON_OK;
}

static enum baton_status call(struct baton_http_tools *tools, const struct baton_tool_batch *batch,
                              struct baton_tool_job *job, struct baton_error *err)
{
    struct baton_str arguments = job->call->arguments.length > 0 ? job->call->arguments : BATON_STR("{}");
    return post(tools, tools->targets[job->tool - batch->agents->tools], arguments, batch->run, job, batch->arena, err);
}

/* Whether a callback of the library's user took the job. */
static bool hook_took(const struct baton_hooks *hooks, struct baton_tool_job *job, struct baton_arena *arena)
{
    if (hooks == NULL || hooks->tool == NULL || !hooks->tool(hooks->user, job, arena)) {
        return false;
    }
    job->result = job->result.data == NULL ? BATON_STR("") : job->result;
    return true;
}

/* All that are not http, by the default runner. */
static enum baton_status run_others(const struct baton_tool_batch *batch, uint64_t begun_after_ns,
                                    struct baton_error *err)
{
    struct baton_tool_runner *others = baton_tool_runner_default();
    struct baton_tool_batch rest = *batch;
    rest.count = 0;
    rest.jobs = baton_arena_array(batch->arena, batch->count, sizeof *rest.jobs);
    if (rest.jobs == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "tools need more memory than is allowed");
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->jobs[i].tool->kind != BATON_TOOL_HTTP) {
            rest.jobs[rest.count++] = batch->jobs[i];
        }
    }
    enum baton_status status = rest.count == 0 ? BATON_OK : others->run_tools(others, &rest, err);
    for (uint32_t i = 0, next = 0; i < batch->count; i++) {
        if (batch->jobs[i].tool->kind != BATON_TOOL_HTTP) {
            batch->jobs[i] = rest.jobs[next++];
            batch->jobs[i].duration_ns += begun_after_ns;
        }
    }
    return status;
}

static enum baton_status run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                   struct baton_error *err)
{
    struct baton_http_tools *tools = (struct baton_http_tools *)runner;
    const struct baton_run_options *options = baton_run_options_of(batch->run);
    const bool is_live = options->clock == baton_clock_system(); /* as for commands: see engine/core/tool_runner.c */
    const uint64_t start_ns = options->clock->now_ns(options->clock);
    uint64_t passed_ns = 0;
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        if (job->tool->kind != BATON_TOOL_HTTP || hook_took(options->hooks, job, batch->arena)) {
            continue;
        }
        status = call(tools, batch, job, err);
        passed_ns = is_live ? options->clock->now_ns(options->clock) - start_ns : 0;
        job->duration_ns = passed_ns;
    }
    return status == BATON_OK ? run_others(batch, passed_ns, err) : status;
}

static enum baton_status ask_context(struct baton_http_tools *tools, const struct target *target,
                                     struct baton_context_job *job, struct baton_error *err)
{
    struct baton_text messages = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    struct baton_tool_job answer = { .result = BATON_STR("") };
    baton_messages_write(&messages, job->messages, job->message_count, tools->options.agents);
    enum baton_status status = messages.failed
                                   ? baton_error_set(err, BATON_ELIMIT, "the history is too large to hand over")
                                   : post(tools, target, baton_text_str(&messages), job->run, &answer, job->arena, err);
    baton_text_clear(&messages);
    if (status == BATON_OK && answer.is_error) {
        return baton_error_set(err, BATON_EPROVIDER, "the context provider failed: %.*s",
                               BATON_STR_ARGS(answer.result));
    }
    return status == BATON_OK ? baton_context_read(job, answer.result, err) : status;
}

static enum baton_status provide_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                         struct baton_error *err)
{
    struct baton_http_tools *tools = (struct baton_http_tools *)runner;
    struct baton_tool_runner *others = baton_tool_runner_default();
    const struct target *target = NULL;
    for (size_t i = 0; i < tools->context_count && target == NULL; i++) {
        target = tools->contexts[i]->http == job->handoff->context_http ? tools->contexts[i] : NULL;
    }
    return target == NULL ? others->provide_context(others, job, err) : ask_context(tools, target, job, err);
}

enum baton_status baton_http_tools_new(struct baton_http_tools **out, const struct baton_http_tools_options *options,
                                       struct baton_error *err)
{
    struct baton_http_tools *tools = baton_system_take(sizeof *tools);
    *out = NULL;
    if (tools == NULL) {
        return no_memory(err);
    }
    *tools = (struct baton_http_tools){ .runner = { .run_tools = run_tools, .provide_context = provide_context },
                                        .options = *options };
    enum baton_status status = fill(tools, err);
    if (status != BATON_OK) {
        baton_http_tools_free(tools);
        return status;
    }
    *out = tools;
    return BATON_OK;
}

void baton_http_tools_free(struct baton_http_tools *tools)
{
    if (tools != NULL) {
        baton_http_free(tools->http);
        baton_arena_free(tools->arena);
        baton_system_give(tools);
    }
}

struct baton_tool_runner *baton_http_tools_runner(struct baton_http_tools *tools)
{
    return &tools->runner;
}
