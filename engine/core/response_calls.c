/* What each call of a response is, and the ordinary tools among them. They run before any handoff, as the agent that called them,
 * all at once where the profile says so, and every call gets exactly one result: a mistake (an unknown tool, arguments that do not
 * fit) is a result too, which the model can read and mend, unless the profile's SDK would raise.
 */
#include "engine/core/response_calls.h"

#include "engine/base/text.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <stdio.h>
#include <string.h>

/* ---- a: what each call is ---- */

/* A transfer to an agent that the file has, though the active agent was not given it; NULL where there is none. */
static const struct baton_handoff *undeclared_handoff(struct baton_response *response, struct baton_str name)
{
    struct baton_run *run = response->run;
    uint32_t target = baton_agents_find(run->options.agents, baton_str_after(name, strlen(BATON_TRANSFER_PREFIX)));
    struct baton_handoff *handoff = target == BATON_NONE ? NULL : baton_arena_zero(run->arena, sizeof *handoff);
    if (handoff != NULL) {
        *handoff = (struct baton_handoff){ .target = target, .tool_name = name, .is_enabled = true };
    }
    return handoff;
}

static void classify(struct baton_response *response, struct baton_plan *plan, const struct baton_tool_call *call)
{
    const struct baton_agent *agent = baton_response_speaker(response);
    uint32_t value = baton_map_get(&agent->callables, call->name);
    *plan = (struct baton_plan){ .call = call,
                                 .kind = BATON_CALL_UNKNOWN,
                                 .is_transfer = baton_str_starts(call->name, BATON_TRANSFER_PREFIX) };
    if (value == BATON_NONE) {
        bool may_look = plan->is_transfer && response->run->profile->resolve == BATON_RESOLVE_AGENTS_MAP;
        plan->handoff = may_look ? undeclared_handoff(response, call->name) : NULL;
        plan->kind = plan->handoff != NULL ? BATON_CALL_HANDOFF : BATON_CALL_UNKNOWN;
        return;
    }
    if (value < agent->tool_count) {
        plan->kind = BATON_CALL_TOOL;
        plan->tool = &response->run->options.agents->tools[agent->tools[value]];
        return;
    }
    plan->is_transfer = true;
    if (response->run->handoff_enabled[value - agent->tool_count]) {
        plan->kind = BATON_CALL_HANDOFF;
        plan->handoff = &agent->handoffs[value - agent->tool_count];
    }
}

enum baton_status baton_response_classify(struct baton_response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    enum baton_status status = BATON_OK;
    response->count = reply->call_count;
    response->plans = baton_arena_array(run->arena, reply->call_count, sizeof *response->plans);
    if (response->plans == NULL) {
        return baton_response_no_memory(response);
    }
    for (uint32_t i = 0; i < response->count; i++) {
        struct baton_plan *plan = &response->plans[i];
        classify(response, plan, &reply->calls[i]);
        run->exchange->tool_calls += !plan->is_transfer;
        if (plan->is_transfer && response->turn->wanted.length == 0) {
            response->turn->wanted = plan->call->name;
        }
        baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TOOL_CALL,
                                                  .name = plan->call->name,
                                                  .call_id = plan->call->id,
                                                  .arguments = plan->call->arguments });
    }
    for (uint32_t i = 0; i < response->count && status == BATON_OK && !run->is_over; i++) {
        struct baton_plan *plan = &response->plans[i];
        if (plan->kind == BATON_CALL_UNKNOWN) {
            char message[192];
            struct baton_str name = baton_str_cut(plan->call->name, 100);
            snprintf(message, sizeof message, "unknown tool \"%.*s\"", (int)name.length, name.data);
            status = baton_response_mistake(response, plan, run->profile->unknown_tool, message);
        }
    }
    return status;
}

/* ---- b: ordinary calls, as the source agent ---- */

static enum baton_status prepare_tool(struct baton_response *response, struct baton_plan *plan)
{
    const struct baton_profile *profile = response->run->profile;
    char reason[256];
    plan->runs_as = *plan->call;
    if (baton_response_is_empty(plan->call->arguments)) {
        plan->runs_as.arguments = BATON_STR("{}");
        if (plan->tool->parameters == NULL || !profile->args_validate) {
            return BATON_OK;
        }
    }
    const struct baton_json *node = baton_response_arguments(response, plan->runs_as.arguments, reason, sizeof reason);
    if (node == NULL && profile->bad_json_tool == BATON_MISTAKE_EMPTY) {
        baton_response_warn(response->run, BATON_STR("bad_arguments"), plan->call->name);
        plan->runs_as.arguments = BATON_STR("{}");
        return BATON_OK;
    }
    if (node == NULL) {
        return baton_response_mistake(response, plan, profile->bad_json_tool, reason);
    }
    if (profile->args_validate && plan->tool->parameters != NULL &&
        !baton_schema_check(plan->tool->parameters, node, response->run->arena, reason, sizeof reason)) {
        char message[320];
        snprintf(message, sizeof message, "the arguments do not fit: %s", reason);
        return baton_response_refuse(response, plan, message);
    }
    return BATON_OK;
}

void baton_response_note_tool_used(struct baton_run *run)
{
    const struct baton_agents *agents = run->options.agents;
    if (agents->list[run->active].tool_choice.length == 0) {
        return;
    }
    if (run->tool_used == NULL) {
        run->tool_used = baton_arena_zero(run->arena, agents->count * sizeof *run->tool_used);
    }
    if (run->tool_used != NULL) {
        run->tool_used[run->active] = true;
    }
}

/* The plan of the call that a job ran. */
static struct baton_plan *plan_of(struct baton_response *response, const struct baton_tool_job *job)
{
    uint32_t i = 0;
    while (&response->plans[i].runs_as != job->call) {
        i++;
    }
    return &response->plans[i];
}

static enum baton_status take_tool_results(struct baton_response *response, const struct baton_tool_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct baton_tool_job *job = &batch->jobs[i];
        struct baton_plan *plan = plan_of(response, job);
        plan->end_ns = job->duration_ns;
        if (job->is_error && job->is_worded) {
            plan->result = job->result;
            plan->is_settled = plan->is_error = true;
        } else if (job->is_error) {
            char *message = baton_arena_copy(response->run->arena, job->result.data, job->result.length);
            enum baton_status status =
                message == NULL ? baton_response_no_memory(response) : baton_response_refuse(response, plan, message);
            if (status != BATON_OK) {
                return status;
            }
        } else {
            plan->result = job->result;
            plan->is_settled = true;
            response->run->progress++;
        }
    }
    return BATON_OK;
}

/* All side by side, or one after the other, as the profile says. */
static enum baton_status run_batch(struct baton_response *response, struct baton_tool_batch *batch)
{
    struct baton_tool_runner *runner = response->run->options.tools;
    if (response->run->profile->tools_concurrent) {
        return runner->run_tools(runner, batch, response->err);
    }
    enum baton_status status = BATON_OK;
    uint64_t passed_ns = 0;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        struct baton_tool_batch one = *batch;
        one.jobs = &batch->jobs[i];
        one.count = 1;
        status = runner->run_tools(runner, &one, response->err);
        passed_ns += batch->jobs[i].duration_ns;
        batch->jobs[i].duration_ns = passed_ns;
    }
    return status;
}

enum baton_status baton_response_run_tools(struct baton_response *response)
{
    struct baton_run *run = response->run;
    struct baton_tool_batch batch = { .run = run,
                                      .agents = run->options.agents,
                                      .agent = run->active,
                                      .exchange = run->exchange->index,
                                      .turn = run->exchange->turn_count - 1,
                                      .arena = run->arena };
    for (uint32_t i = 0; i < response->count && !run->is_over; i++) {
        struct baton_plan *plan = &response->plans[i];
        if (plan->kind != BATON_CALL_TOOL) {
            continue;
        }
        enum baton_status status = prepare_tool(response, plan);
        if (status != BATON_OK) {
            return status;
        }
        batch.count += !plan->is_settled;
    }
    if (run->is_over || batch.count == 0) {
        return BATON_OK;
    }
    batch.jobs = baton_arena_zero(run->arena, batch.count * sizeof *batch.jobs);
    if (batch.jobs == NULL) {
        return baton_response_no_memory(response);
    }
    for (uint32_t i = 0, job = 0; i < response->count; i++) {
        struct baton_plan *plan = &response->plans[i];
        if (plan->kind == BATON_CALL_TOOL && !plan->is_settled) {
            batch.jobs[job++] = (struct baton_tool_job){ .call = &plan->runs_as, .tool = plan->tool };
        }
    }
    baton_response_note_tool_used(run);
    enum baton_status status = run_batch(response, &batch);
    return status == BATON_OK ? take_tool_results(response, &batch) : status;
}
