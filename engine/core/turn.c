#include "engine/base/text.h"
#include "engine/core/run_state.h"
#include "engine/core/schema.h"
#include "engine/core/tool_name.h"

#include <stdio.h>
#include <string.h>

enum call_kind { CALL_TOOL, CALL_HANDOFF, CALL_UNKNOWN };

/* One call of the response, and what becomes of it. */
struct plan {
    const struct baton_tool_call *call;
    enum call_kind kind;
    const struct baton_handoff *handoff;
    const struct baton_tool *tool;
    struct baton_tool_call runs_as; /* the call as the tool gets it: arguments never empty */
    struct baton_str result, reason;
    uint64_t end_ns; /* of a tool, from the start of the batch */
    bool is_error, is_settled, is_transfer, is_dropped;
    bool is_over_limit; /* refused by a limit, which is no mistake of the model */
};

struct response {
    struct baton_run *run;
    struct baton_turn *turn;
    struct plan *plans;
    uint32_t count;
    struct plan *accepted;
    struct baton_error *err;
};

static const struct baton_agent *speaker(const struct response *response)
{
    return &response->run->options.agents->list[response->run->active];
}

static enum baton_status no_memory(struct response *response)
{
    return baton_run_no_memory(response->run, response->err);
}

static void warn(struct baton_run *run, struct baton_str code, struct baton_str text)
{
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_WARNING, .name = code, .text = text });
}

/* Settles a call with an error result, in the profile's words. */
static enum baton_status refuse(struct response *response, struct plan *plan, const char *message)
{
    struct baton_str text = baton_str_of(message);
    plan->result = baton_template_fill(response->run->arena, response->run->profile->tool_error_template,
                                       (const char *[]){ "message" }, &text, 1);
    plan->is_error = plan->is_settled = true;
    if (plan->is_transfer && !plan->is_over_limit) {
        response->run->exchange->invalid_handoffs++;
        response->run->exchange->ended_rejected = true;
    }
    return plan->result.data == NULL ? no_memory(response) : BATON_OK;
}

/* The whole exchange fails, where the profile's SDK would raise. */
static enum baton_status raise_error(struct response *response, const char *message)
{
    struct baton_run *run = response->run;
    char *text = baton_arena_copy(run->arena, message, strlen(message));
    if (text == NULL) {
        return no_memory(response);
    }
    run->exchange->text = baton_str_of(text);
    baton_run_end(run, BATON_RUN_ERROR);
    baton_run_emit(run, (struct baton_event){
                            .type = BATON_EVENT_ERROR, .name = BATON_STR("response"), .text = run->exchange->text });
    return BATON_OK;
}

static enum baton_status settle_mistake(struct response *response, struct plan *plan, enum baton_on_mistake what,
                                        const char *message)
{
    if (what == BATON_MISTAKE_TRANSFER) {
        warn(response->run, BATON_STR("bad_arguments"), plan->call->name);
        return BATON_OK;
    }
    return what == BATON_MISTAKE_RAISE ? raise_error(response, message) : refuse(response, plan, message);
}

/* At most so many bytes of a text, whole characters only. */
static struct baton_str cut(struct baton_str text, size_t bytes_max)
{
    if (text.length > bytes_max) {
        text.length = bytes_max;
        while (text.length > 0 && ((unsigned char)text.data[text.length] & 0xc0U) == 0x80U) {
            text.length--;
        }
    }
    return text;
}

/* ---- arguments ---- */

static bool are_empty(struct baton_str arguments)
{
    return arguments.length == 0 || baton_str_is(arguments, "{}");
}

/* Reads arguments as an object. NULL and a reason where they are not one. */
static const struct baton_json *read_arguments(struct response *response, struct baton_str arguments, char *reason,
                                               size_t bytes)
{
    struct baton_error parse_error;
    const struct baton_json *node = NULL;
    struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    if (baton_json_parse(&node, response->run->arena, &source, &parse_error) != BATON_OK) {
        snprintf(reason, bytes, "cannot read the arguments: %.*s", (int)cut(baton_str_of(parse_error.text), 180).length,
                 parse_error.text);
        return NULL;
    }
    if (node->type != BATON_JSON_OBJECT) {
        snprintf(reason, bytes, "the arguments must be an object, not %s", baton_json_type_name(node));
        return NULL;
    }
    return node;
}

static struct baton_str reason_of(const struct baton_json *arguments)
{
    const struct baton_json *node = arguments == NULL ? NULL : baton_json_get(arguments, "reason");
    return node != NULL && node->type == BATON_JSON_STRING ? node->text : (struct baton_str){ "", 0 };
}

/* ---- a: what each call is ---- */

static bool begins_with_transfer(struct baton_str name)
{
    size_t length = strlen(BATON_TRANSFER_PREFIX);
    return name.length >= length && memcmp(name.data, BATON_TRANSFER_PREFIX, length) == 0;
}

static void classify(struct response *response, struct plan *plan, const struct baton_tool_call *call)
{
    const struct baton_agent *agent = speaker(response);
    uint32_t value = baton_map_get(&agent->callables, call->name);
    *plan = (struct plan){ .call = call, .kind = CALL_UNKNOWN, .is_transfer = begins_with_transfer(call->name) };
    if (value == BATON_NONE) {
        return;
    }
    if (value < agent->tool_count) {
        plan->kind = CALL_TOOL;
        plan->tool = &response->run->options.agents->tools[agent->tools[value]];
        return;
    }
    plan->is_transfer = true;
    if (response->run->handoff_enabled[value - agent->tool_count]) {
        plan->kind = CALL_HANDOFF;
        plan->handoff = &agent->handoffs[value - agent->tool_count];
    }
}

static enum baton_status classify_all(struct response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    enum baton_status status = BATON_OK;
    response->count = reply->call_count;
    response->plans = baton_arena_array(run->arena, reply->call_count, sizeof *response->plans);
    if (response->plans == NULL) {
        return no_memory(response);
    }
    for (uint32_t i = 0; i < response->count; i++) {
        struct plan *plan = &response->plans[i];
        classify(response, plan, &reply->calls[i]);
        if (plan->is_transfer && response->turn->wanted.length == 0) {
            response->turn->wanted = plan->call->name;
        }
        baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TOOL_CALL,
                                                  .name = plan->call->name,
                                                  .call_id = plan->call->id,
                                                  .arguments = plan->call->arguments });
    }
    for (uint32_t i = 0; i < response->count && status == BATON_OK && !run->is_over; i++) {
        struct plan *plan = &response->plans[i];
        if (plan->kind == CALL_UNKNOWN) {
            char message[192];
            struct baton_str name = cut(plan->call->name, 100);
            snprintf(message, sizeof message, "unknown tool \"%.*s\"", (int)name.length, name.data);
            status = settle_mistake(response, plan, run->profile->unknown_tool, message);
        }
    }
    return status;
}

/* ---- b: ordinary calls, as the source agent ---- */

static enum baton_status prepare_tool(struct response *response, struct plan *plan)
{
    const struct baton_profile *profile = response->run->profile;
    char reason[256];
    plan->runs_as = *plan->call;
    if (are_empty(plan->call->arguments)) {
        plan->runs_as.arguments = BATON_STR("{}");
        if (plan->tool->parameters == NULL || !profile->args_validate) {
            return BATON_OK;
        }
    }
    const struct baton_json *node = read_arguments(response, plan->runs_as.arguments, reason, sizeof reason);
    if (node == NULL && profile->bad_json_tool == BATON_MISTAKE_EMPTY) {
        warn(response->run, BATON_STR("bad_arguments"), plan->call->name);
        plan->runs_as.arguments = BATON_STR("{}");
        return BATON_OK;
    }
    if (node == NULL) {
        return settle_mistake(response, plan, profile->bad_json_tool, reason);
    }
    if (profile->args_validate && plan->tool->parameters != NULL &&
        !baton_schema_check(plan->tool->parameters, node, response->run->arena, reason, sizeof reason)) {
        char message[320];
        snprintf(message, sizeof message, "the arguments do not fit: %s", reason);
        return refuse(response, plan, message);
    }
    return BATON_OK;
}

static void note_tool_used(struct baton_run *run)
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
static struct plan *plan_of(struct response *response, const struct baton_tool_job *job)
{
    uint32_t i = 0;
    while (&response->plans[i].runs_as != job->call) {
        i++;
    }
    return &response->plans[i];
}

static enum baton_status take_tool_results(struct response *response, const struct baton_tool_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct baton_tool_job *job = &batch->jobs[i];
        struct plan *plan = plan_of(response, job);
        plan->end_ns = job->duration_ns;
        if (job->is_error && job->is_worded) {
            plan->result = job->result;
            plan->is_settled = plan->is_error = true;
        } else if (job->is_error) {
            char *message = baton_arena_copy(response->run->arena, job->result.data, job->result.length);
            enum baton_status status = message == NULL ? no_memory(response) : refuse(response, plan, message);
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

static enum baton_status run_tools(struct response *response)
{
    struct baton_run *run = response->run;
    struct baton_tool_batch batch = { .run = run,
                                      .agents = run->options.agents,
                                      .agent = run->active,
                                      .exchange = run->exchange->index,
                                      .turn = run->exchange->turn_count - 1,
                                      .arena = run->arena };
    for (uint32_t i = 0; i < response->count && !run->is_over; i++) {
        struct plan *plan = &response->plans[i];
        if (plan->kind != CALL_TOOL) {
            continue;
        }
        run->exchange->tool_calls++;
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
        return no_memory(response);
    }
    for (uint32_t i = 0, job = 0; i < response->count; i++) {
        struct plan *plan = &response->plans[i];
        if (plan->kind == CALL_TOOL && !plan->is_settled) {
            batch.jobs[job++] = (struct baton_tool_job){ .call = &plan->runs_as, .tool = plan->tool };
        }
    }
    note_tool_used(run);
    enum baton_status status = run->options.tools->run_tools(run->options.tools, &batch, response->err);
    return status == BATON_OK ? take_tool_results(response, &batch) : status;
}

/* ---- c: the handoff ---- */

static enum baton_status check_typed(struct response *response, struct plan *plan)
{
    const struct baton_profile *profile = response->run->profile;
    char reason[256], message[320];
    struct baton_str arguments = plan->call->arguments.length == 0 ? BATON_STR("{}") : plan->call->arguments;
    const struct baton_json *node = read_arguments(response, arguments, reason, sizeof reason);
    plan->reason = reason_of(node);
    if (node == NULL) {
        return settle_mistake(response, plan, profile->bad_json_handoff_typed, reason);
    }
    if (!profile->args_validate ||
        baton_schema_check(plan->handoff->input, node, response->run->arena, reason, sizeof reason)) {
        return BATON_OK;
    }
    snprintf(message, sizeof message, "the handoff's arguments do not fit: %s", reason);
    return settle_mistake(response, plan, profile->bad_json_handoff_typed, message);
}

static enum baton_status check_untyped(struct response *response, struct plan *plan)
{
    char reason[256];
    if (are_empty(plan->call->arguments)) {
        return BATON_OK;
    }
    const struct baton_json *node = read_arguments(response, plan->call->arguments, reason, sizeof reason);
    plan->reason = reason_of(node);
    return node != NULL ? BATON_OK : settle_mistake(response, plan, response->run->profile->bad_json_handoff, reason);
}

static bool over_handoff_limit(const struct baton_run *run)
{
    int32_t limit = run->options.limits.max_handoffs;
    return limit >= 0 && run->exchange->depth >= (uint32_t)limit;
}

static enum baton_status ask_hook(struct response *response, struct plan *plan)
{
    struct baton_run *run = response->run;
    const struct baton_hooks *hooks = run->options.hooks;
    struct baton_str message = { "", 0 };
    if (hooks == NULL || hooks->on_handoff == NULL ||
        hooks->on_handoff(hooks->user, run->active, plan->handoff, plan->call->arguments, &message)) {
        return BATON_OK;
    }
    char text[320];
    message = cut(message, 200);
    snprintf(text, sizeof text, "the handoff was refused%s%.*s", message.length > 0 ? ": " : "", (int)message.length,
             message.data);
    return refuse(response, plan, text);
}

static enum baton_status provide_context(struct response *response, struct plan *plan)
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
    if (!is_provided && plan->handoff->context.argv != NULL) {
        struct baton_error error;
        enum baton_status status = run->options.tools->provide_context(run->options.tools, &job, &error);
        if (status == BATON_ENOMEM || status == BATON_ELIMIT) {
            *response->err = error;
            return status;
        }
        if (status != BATON_OK) {
            return refuse(response, plan, error.text);
        }
    }
    run->extra_instructions = job.instructions;
    return BATON_OK;
}

/* Tries one handoff: arguments, limit, callback, context. Leaves it unsettled when it may be taken. */
static enum baton_status try_handoff(struct response *response, struct plan *plan)
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
        return refuse(response, plan, "the limit of handoffs is reached");
    }
    status = ask_hook(response, plan);
    return status == BATON_OK && !plan->is_settled ? provide_context(response, plan) : status;
}

static enum baton_status accept(struct response *response, struct plan *plan)
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
    return plan->result.data == NULL ? no_memory(response) : BATON_OK;
}

static enum baton_status ignore(struct response *response, struct plan *plan)
{
    response->run->exchange->ignored_handoffs++;
    plan->is_settled = true;
    plan->is_dropped = response->run->profile->multi_ignored == BATON_IGNORED_DROP;
    plan->result = BATON_STR("Ignored: only one handoff of a response is taken.");
    return BATON_OK;
}

static enum baton_status choose_handoff(struct response *response)
{
    bool last_wins = response->run->profile->multi == BATON_MULTI_LAST;
    enum baton_status status = BATON_OK;
    for (uint32_t k = 0; k < response->count && status == BATON_OK; k++) {
        struct plan *plan = &response->plans[last_wins ? response->count - 1 - k : k];
        if (plan->kind != CALL_HANDOFF || plan->is_settled) {
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

/* ---- the record and the events ---- */

static enum baton_status append_reply(struct response *response, const struct baton_reply *reply)
{
    struct baton_message message = { .role = BATON_ROLE_ASSISTANT,
                                     .has_content = reply->has_text,
                                     .agent = response->turn->agent,
                                     .content = reply->text,
                                     .calls = reply->calls,
                                     .call_count = reply->call_count,
                                     .latency_ns = reply->latency_ns,
                                     .ttft_ns = reply->ttft_ns,
                                     .usage = reply->usage,
                                     .native = reply->native };
    uint32_t kept = 0;
    for (uint32_t i = 0; i < response->count; i++) {
        kept += !response->plans[i].is_dropped;
    }
    if (kept < response->count) { /* calls that were not looked at stay as they are */
        struct baton_tool_call *calls = baton_arena_array(response->run->arena, kept + 1, sizeof *calls);
        if (calls == NULL) {
            return no_memory(response);
        }
        message.calls = calls;
        message.call_count = kept;
        for (uint32_t i = 0, to = 0; i < response->count; i++) {
            if (!response->plans[i].is_dropped) {
                calls[to++] = *response->plans[i].call;
            }
        }
    }
    return baton_history_append(response->run, &message, response->err);
}

static enum baton_status append_result(struct response *response, const struct plan *plan)
{
    struct baton_message message = { .role = BATON_ROLE_TOOL,
                                     .has_content = true,
                                     .agent = BATON_NONE,
                                     .content = plan->result,
                                     .tool_call_id = plan->call->id,
                                     .latency_ns = BATON_TIME_UNKNOWN,
                                     .ttft_ns = BATON_TIME_UNKNOWN };
    return plan->is_dropped ? BATON_OK : baton_history_append(response->run, &message, response->err);
}

static enum baton_status append_results(struct response *response)
{
    bool tools_first = response->run->profile->results_order == BATON_ORDER_TOOLS_THEN_HANDOFF;
    enum baton_status status = BATON_OK;
    for (unsigned pass = 0; pass < (tools_first ? 2U : 1U); pass++) {
        for (uint32_t i = 0; i < response->count && status == BATON_OK; i++) {
            const struct plan *plan = &response->plans[i];
            if (!tools_first || (plan == response->accepted) == (pass == 1)) {
                status = append_result(response, plan);
            }
        }
    }
    return status;
}

static void emit_result(struct response *response, const struct plan *plan)
{
    if (plan->is_dropped || (plan->is_transfer && !response->run->profile->transfer_result_event)) {
        return;
    }
    baton_run_emit(response->run, (struct baton_event){ .type = BATON_EVENT_TOOL_RESULT,
                                                        .name = plan->call->name,
                                                        .call_id = plan->call->id,
                                                        .text = plan->result,
                                                        .is_error = plan->is_error });
}

/* Ordinary results as they ended (equal times in call order), then transfers in call order. */
static void emit_results(struct response *response)
{
    if (response->run->options.events.on_event == NULL) {
        return;
    }
    uint64_t after = 0;
    uint32_t after_index = 0;
    bool is_first = true;
    for (;;) {
        const struct plan *next = NULL;
        for (uint32_t i = 0; i < response->count; i++) {
            const struct plan *plan = &response->plans[i];
            bool is_later = is_first || plan->end_ns > after || (plan->end_ns == after && i > after_index);
            if (!plan->is_transfer && is_later && (next == NULL || plan->end_ns < next->end_ns)) {
                next = plan;
            }
        }
        if (next == NULL) {
            break;
        }
        emit_result(response, next);
        after = next->end_ns;
        after_index = (uint32_t)(next - response->plans);
        is_first = false;
    }
    for (uint32_t i = 0; i < response->count; i++) {
        if (response->plans[i].is_transfer) {
            emit_result(response, &response->plans[i]);
        }
    }
}

/* ---- control moves ---- */

static enum baton_status path_push(struct response *response, uint32_t agent)
{
    struct baton_run *run = response->run;
    struct baton_exchange *exchange = run->exchange;
    if (exchange->depth + 1 == run->path_capacity) {
        uint32_t *path = baton_arena_array(run->arena, run->path_capacity * 2, sizeof *path);
        if (path == NULL) {
            return no_memory(response);
        }
        memcpy(path, exchange->path, run->path_capacity * sizeof *path);
        exchange->path = path;
        run->path_capacity *= 2;
    }
    exchange->path[++exchange->depth] = agent;
    return BATON_OK;
}

static void watch_for_loops(struct baton_run *run, uint32_t entered)
{
    bool had_cycle = run->loop.cycle.kind != BATON_LOOP_NONE, had_standstill = run->loop.standstill.is_found;
    baton_loop_note(&run->loop, entered, run->progress);
    bool has_new = !had_cycle && run->loop.cycle.kind != BATON_LOOP_NONE;
    if (has_new || (!had_standstill && run->loop.standstill.is_found)) {
        baton_run_emit(run,
                       (struct baton_event){ .type = BATON_EVENT_LOOP,
                                             .name = has_new ? baton_str_of(baton_loop_kind_name(run->loop.cycle.kind))
                                                             : BATON_STR("revisit"),
                                             .loop_length = has_new ? run->loop.cycle.k : 0 });
    }
    if (has_new && run->options.loops_stop) {
        baton_run_end(run, BATON_RUN_LOOP);
    }
}

static enum baton_status hand_over(struct response *response)
{
    struct baton_run *run = response->run;
    const struct plan *plan = response->accepted;
    uint32_t from = run->active, to = plan->handoff->target;
    note_tool_used(run);
    enum baton_status status = baton_history_filter(run, plan->handoff, response->err);
    status = status == BATON_OK ? path_push(response, to) : status;
    if (status != BATON_OK) {
        return status;
    }
    response->turn->choice = BATON_CHOICE_HANDOFF;
    response->turn->handoff_to = to;
    response->turn->wanted = plan->call->name;
    response->turn->reason = plan->reason;
    baton_run_emit(
        run,
        (struct baton_event){
            .type = BATON_EVENT_HANDOFF, .from = from, .to = to, .call_id = plan->call->id, .text = plan->reason });
    run->active = to;
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_AGENT_UPDATED });
    run->exchange->ended_rejected = false;
    watch_for_loops(run, to);
    if (run->options.on_handoff_stop && !run->is_over) {
        baton_run_end(run, BATON_RUN_HANDOFF);
    }
    return BATON_OK;
}

/* What the decision log says of a turn with calls and without a handoff. */
static void note_choice(struct response *response)
{
    const struct plan *rejected = NULL;
    for (uint32_t i = 0; i < response->count && rejected == NULL; i++) {
        if (response->plans[i].is_transfer && response->plans[i].is_error) {
            rejected = &response->plans[i];
        }
    }
    response->turn->choice = rejected != NULL ? BATON_CHOICE_REJECTED : BATON_CHOICE_TOOLS;
    if (rejected != NULL) {
        response->turn->reason = rejected->result;
    }
}

static enum baton_status respond_to_calls(struct response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    enum baton_status status = classify_all(response, reply);
    status = status == BATON_OK && !run->is_over ? run_tools(response) : status;
    status = status == BATON_OK && !run->is_over ? choose_handoff(response) : status;
    if (status != BATON_OK || (run->is_over && run->exchange->status == BATON_RUN_ERROR)) {
        return status; /* a raised error leaves the response out of the record */
    }
    emit_results(response);
    status = append_reply(response, reply);
    status = status == BATON_OK ? append_results(response) : status;
    if (status != BATON_OK) {
        return status;
    }
    if (response->accepted != NULL) {
        return hand_over(response);
    }
    note_choice(response);
    return BATON_OK;
}

static enum baton_status answer(struct response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    const struct baton_hooks *hooks = run->options.hooks;
    enum baton_status status = append_reply(response, reply);
    response->turn->choice = reply->has_text ? BATON_CHOICE_ANSWER : BATON_CHOICE_NOTHING;
    run->exchange->text = reply->text;
    if (reply->continues || !run->profile->no_call_ends_run) {
        return status;
    }
    if (reply->has_text && reply->text.length == 0) {
        warn(run, BATON_STR("empty_answer"), baton_agent_name(run->options.agents, run->active));
    }
    if (status == BATON_OK && hooks != NULL && hooks->guard_output != NULL && reply->has_text &&
        !hooks->guard_output(hooks->user, run->active, reply->text)) {
        return raise_error(response, "the output guardrail refused the answer");
    }
    baton_run_end(run, reply->has_text ? BATON_RUN_ANSWERED : BATON_RUN_UNANSWERED);
    return status;
}

enum baton_status baton_turn_respond(struct baton_run *run, struct baton_turn *turn, const struct baton_reply *reply,
                                     struct baton_error *err)
{
    struct response response = { .run = run, .turn = turn, .err = err };
    bool says_stop = reply->finish == BATON_FINISH_STOP;
    if (reply->call_count == 0 || (says_stop && run->profile->finish_trust == BATON_TRUST_FINISH_REASON)) {
        return answer(&response, reply);
    }
    if (says_stop) {
        warn(run, BATON_STR("finish_mismatch"),
             BATON_STR("the finish reason says stop, but there are calls; they count"));
    }
    return respond_to_calls(&response, reply);
}
