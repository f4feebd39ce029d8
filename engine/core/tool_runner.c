#include "engine/core/tool_runner.h"

#include "engine/base/exec.h"
#include "engine/core/run.h"

#include <string.h>

/* ---- agents as tools ---- */

/* The text in `input`, or the only member, or all arguments as they are. */
static struct baton_str agent_input(struct baton_arena *arena, struct baton_str arguments)
{
    const struct baton_json *node = NULL;
    struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    struct baton_error ignored;
    if (baton_json_parse(&node, arena, &source, &ignored) != BATON_OK || node->type != BATON_JSON_OBJECT) {
        return arguments;
    }
    const struct baton_json *input = baton_json_get(node, "input");
    if (input == NULL && node->count == 1) {
        input = node->child;
    }
    return input != NULL && input->type == BATON_JSON_STRING ? input->text : arguments;
}

static void job_fail(struct baton_tool_job *job, struct baton_str message)
{
    job->result = message;
    job->is_error = true;
}

static enum baton_status run_agent(struct baton_tool_batch *batch, struct baton_tool_job *job, struct baton_error *err)
{
    struct baton_run_options options = *baton_run_options_of(batch->run);
    if (options.nesting >= BATON_NESTING_MAX) {
        job_fail(job, BATON_STR("agents as tools are nested too deeply"));
        return BATON_OK;
    }
    options.nesting++;
    options.parent = batch->run;
    options.entry = job->tool->agent;
    options.marks = NULL; /* the parent is still on its way and needs its own */
    options.on_handoff_stop = false;
    options.history_hint = 0;
    struct baton_run *run;
    struct baton_exchange *exchange = NULL;
    uint64_t start = options.clock->now_ns(options.clock);
    enum baton_status status = baton_run_new(&run, batch->arena, &options, err);
    if (status == BATON_OK) {
        status = baton_run_exchange(run, agent_input(batch->arena, job->call->arguments), false, &exchange, err);
    }
    if (status != BATON_OK) {
        return status;
    }
    job->duration_ns = options.clock->now_ns(options.clock) - start;
    if (exchange->status == BATON_RUN_ANSWERED) {
        job->result = exchange->text;
        return BATON_OK;
    }
    const char *name = baton_run_status_name(exchange->status);
    char *message = baton_arena_printf(
        batch->arena, "the agent '%.*s' ended with status %s%s%.*s", (int)job->tool->name.length, job->tool->name.data,
        name, exchange->text.length > 0 ? ": " : "", (int)exchange->text.length, exchange->text.data);
    job_fail(job, message == NULL ? BATON_STR("out of memory") : baton_str_of(message));
    return BATON_OK;
}

/* ---- the default runner ---- */

static enum baton_status run_commands(struct baton_tool_batch *batch, struct baton_error *err)
{
    struct baton_exec *execs = baton_arena_zero(batch->arena, batch->count * sizeof *execs);
    if (execs == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "tools need more memory than is allowed");
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->jobs[i].tool->kind == BATON_TOOL_EXEC && batch->jobs[i].result.data == NULL) {
            execs[count++] = (struct baton_exec){
                .command = &batch->jobs[i].tool->command,
                .input = batch->jobs[i].call->arguments,
                .timeout_ns = (uint64_t)baton_run_options_of(batch->run)->limits.tool_timeout_ns,
            };
        }
    }
    /* How long a command takes is not the same twice: on a simulated clock all take no time and end in call order. */
    bool is_live = baton_run_options_of(batch->run)->clock == baton_clock_system();
    enum baton_status status = count == 0 ? BATON_OK : baton_exec_all(execs, count, batch->arena, err);
    for (uint32_t i = 0, next = 0; status == BATON_OK && next < count; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        if (job->tool->kind == BATON_TOOL_EXEC && job->result.data == NULL) {
            job->result = execs[next].output;
            job->is_error = execs[next].is_error;
            job->duration_ns = is_live ? execs[next].duration_ns : 0;
            next++;
        }
    }
    return status;
}

static enum baton_status default_run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                           struct baton_error *err)
{
    (void)runner;
    const struct baton_hooks *hooks = baton_run_options_of(batch->run)->hooks;
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        if (hooks != NULL && hooks->tool != NULL && hooks->tool(hooks->user, job, batch->arena)) {
            job->result = job->result.data == NULL ? BATON_STR("") : job->result;
            continue;
        }
        switch (job->tool->kind) {
        case BATON_TOOL_RESULT:
            job->result = job->tool->result;
            break;
        case BATON_TOOL_AGENT:
            status = run_agent(batch, job, err);
            break;
        case BATON_TOOL_HTTP:
            job_fail(job, BATON_STR("http tools are called in live runs only"));
            break;
        case BATON_TOOL_EXEC:
            break; /* all together, below */
        }
    }
    return status == BATON_OK ? run_commands(batch, err) : status;
}

static enum baton_status default_provide_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                                 struct baton_error *err)
{
    (void)runner;
    const struct baton_run_options *options = baton_run_options_of(job->run);
    if (job->handoff->context_http != NULL) {
        return baton_error_set(err, BATON_EPROVIDER, "http context providers are called in live runs only");
    }
    struct baton_text messages = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_messages_write(&messages, job->messages, job->message_count, options->agents);
    struct baton_exec exec = { .command = &job->handoff->context,
                               .input = baton_text_str(&messages),
                               .timeout_ns = (uint64_t)options->limits.tool_timeout_ns };
    enum baton_status status = messages.failed
                                   ? baton_error_set(err, BATON_ELIMIT, "the history is too large to hand over")
                                   : baton_exec_all(&exec, 1, job->arena, err);
    baton_text_clear(&messages);
    if (status == BATON_OK && exec.is_error) {
        status = baton_error_set(err, BATON_EPROVIDER, "the context provider failed: %.*s", (int)exec.output.length,
                                 exec.output.data);
    }
    return status == BATON_OK ? baton_context_read(job, exec.output, err) : status;
}

struct baton_tool_runner *baton_tool_runner_default(void)
{
    static struct baton_tool_runner runner = { .run_tools = default_run_tools,
                                               .provide_context = default_provide_context };
    return &runner;
}
