#include "engine/core/response_handoff.h"

#include "engine/base/text.h"
#include "engine/core/tool_name.h"
#include "engine/schema/schema.h"

#include <stdio.h>
#include <string.h>

/* ---- c: the handoff ---- */

static enum baton_status check_typed(struct baton_response *response, struct baton_plan *plan)
{
    const struct baton_profile *profile = response->run->profile;
    char reason[256], message[320];
    struct baton_str arguments = plan->call->arguments.length == 0 ? BATON_STR("{}") : plan->call->arguments;
    const struct baton_json *node = baton_response_arguments(response, arguments, reason, sizeof reason);
    plan->reason = baton_response_reason(node);
    if (node == NULL) {
        return baton_response_mistake(response, plan, profile->bad_json_handoff_typed, reason);
    }
    if (!profile->args_validate ||
        baton_schema_check(plan->handoff->input, node, response->run->arena, reason, sizeof reason)) {
        return BATON_OK;
    }
    snprintf(message, sizeof message, "the handoff's arguments do not fit: %s", reason);
    return baton_response_mistake(response, plan, profile->bad_json_handoff_typed, message);
}

static enum baton_status check_untyped(struct baton_response *response, struct baton_plan *plan)
{
    char reason[256];
    if (baton_response_is_empty(plan->call->arguments)) {
        return BATON_OK;
    }
    const struct baton_json *node = baton_response_arguments(response, plan->call->arguments, reason, sizeof reason);
    plan->reason = baton_response_reason(node);
    return node != NULL ? BATON_OK
                        : baton_response_mistake(response, plan, response->run->profile->bad_json_handoff, reason);
}

static bool over_handoff_limit(const struct baton_run *run)
{
    int32_t limit = run->options.limits.max_handoffs;
    return limit >= 0 && run->exchange->depth >= (uint32_t)limit;
}

static enum baton_status ask_hook(struct baton_response *response, struct baton_plan *plan)
{
    struct baton_run *run = response->run;
    const struct baton_hooks *hooks = run->options.hooks;
    struct baton_str message = { "", 0 };
    if (hooks == NULL || hooks->on_handoff == NULL ||
        hooks->on_handoff(hooks->user, run->active, plan->handoff, plan->call->arguments, &message)) {
        return BATON_OK;
    }
    char text[320];
    message = baton_str_cut(message, 200);
    snprintf(text, sizeof text, "the handoff was refused%s%.*s", message.length > 0 ? ": " : "", (int)message.length,
             message.data);
    return baton_response_refuse(response, plan, text);
}

static enum baton_status provide_context(struct baton_response *response, struct baton_plan *plan)
{
    struct baton_run *run = response->run;
    const struct baton_hooks *hooks = run->options.hooks;
    struct baton_context_job job = { .run = run,
                                     .handoff = plan->handoff,
                                     .exchange = run->exchange->index,
                                     .turn = run->exchange->turn_count - 1,
                                     .messages = run->history.list,
                                     .message_count = run->history.count,
                                     .arena = run->arena };
    bool is_provided = hooks != NULL && hooks->context != NULL && hooks->context(hooks->user, &job);
    if (!is_provided) {
        job.instructions = (struct baton_str){ "", 0 };
    }
    if (!is_provided && (plan->handoff->context.argv != NULL || plan->handoff->context_http != NULL)) {
        struct baton_error error;
        enum baton_status status = run->options.tools->provide_context(run->options.tools, &job, &error);
        if (status == BATON_ENOMEM || status == BATON_ELIMIT || status == BATON_EINTERRUPTED) {
            *response->err = error;
            return status;
        }
        if (status != BATON_OK) {
            return baton_response_refuse(response, plan, error.text);
        }
    }
    run->extra_instructions = job.instructions;
    return BATON_OK;
}

/* Tries one handoff: arguments, limit, callback, context. Leaves it unsettled when it may be taken. */
static enum baton_status try_handoff(struct baton_response *response, struct baton_plan *plan)
{
    struct baton_run *run = response->run;
    enum baton_status status =
        plan->handoff->input != NULL ? check_typed(response, plan) : check_untyped(response, plan);
    if (status != BATON_OK || plan->is_settled || run->is_over) {
        return status;
    }
    if (over_handoff_limit(run)) {
        baton_run_end(run, BATON_RUN_MAX_HANDOFFS);
        plan->is_over_limit = true;
        return baton_response_refuse(response, plan, "the limit of handoffs is reached");
    }
    status = ask_hook(response, plan);
    return status == BATON_OK && !plan->is_settled ? provide_context(response, plan) : status;
}

static enum baton_status accept(struct baton_response *response, struct baton_plan *plan)
{
    struct baton_run *run = response->run;
    struct baton_str name = run->options.agents->list[plan->handoff->target].name;
    struct baton_text quoted = baton_text_with_limit(BATON_TOOL_RESULT_BYTES_MAX);
    baton_text_json_string(&quoted, name.data, name.length);
    struct baton_str value = baton_text_str(&quoted);
    plan->result = quoted.failed ? (struct baton_str){ NULL, 0 }
                                 : baton_template_fill(run->arena, run->profile->result_template,
                                                       (const char *[]){ "name" }, &value, 1);
    baton_text_clear(&quoted);
    plan->is_settled = true;
    response->accepted = plan;
    return plan->result.data == NULL ? baton_response_no_memory(response) : BATON_OK;
}

static enum baton_status ignore(struct baton_response *response, struct baton_plan *plan)
{
    response->run->exchange->ignored_handoffs++;
    plan->is_settled = true;
    plan->is_dropped = response->run->profile->multi_ignored == BATON_IGNORED_DROP;
    plan->result = BATON_STR("Ignored: only one handoff of a response is taken.");
    return BATON_OK;
}

enum baton_status baton_response_choose_handoff(struct baton_response *response)
{
    bool last_wins = response->run->profile->multi == BATON_MULTI_LAST;
    enum baton_status status = BATON_OK;
    for (uint32_t k = 0; k < response->count && status == BATON_OK; k++) {
        struct baton_plan *plan = &response->plans[last_wins ? response->count - 1 - k : k];
        if (plan->kind != BATON_CALL_HANDOFF || plan->is_settled) {
            continue;
        }
        if (response->accepted != NULL || response->run->is_over) {
            status = ignore(response, plan);
            continue;
        }
        status = try_handoff(response, plan);
        if (status == BATON_OK && !plan->is_settled && !response->run->is_over) {
            status = accept(response, plan);
        }
    }
    return status;
}
