/* One reply of a model, from start to end: its calls are settled (response_calls.c, response_handoff.c), then what happened goes
 * into the record and to whoever listens, and then control moves. In that order, because an error that the profile raises must
 * leave the reply out of the record, and because events tell results as they ended while the record keeps them in call order.
 */
#include "engine/core/turn.h"

#include "engine/base/grow.h"
#include "engine/core/history.h"
#include "engine/core/response.h"
#include "engine/core/response_calls.h"
#include "engine/core/response_handoff.h"
#include "engine/schema/schema.h"

#include <stdio.h>
#include <string.h>

/* ---- the record and the events ---- */

static enum baton_status append_reply(struct baton_response *response, const struct baton_reply *reply)
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
            return baton_response_no_memory(response);
        }
        message.calls = calls;
        message.call_count = kept;
        message.native = (struct baton_native){ 0 }; /* it holds the dropped ones, which get no result */
        for (uint32_t i = 0, to = 0; i < response->count; i++) {
            if (!response->plans[i].is_dropped) {
                calls[to++] = *response->plans[i].call;
            }
        }
    }
    return baton_history_append(response->run, &message, response->err);
}

static enum baton_status append_result(struct baton_response *response, const struct baton_plan *plan)
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

static enum baton_status append_results(struct baton_response *response)
{
    bool tools_first = response->run->profile->results_order == BATON_ORDER_TOOLS_THEN_HANDOFF;
    enum baton_status status = BATON_OK;
    for (unsigned pass = 0; pass < (tools_first ? 2U : 1U); pass++) {
        for (uint32_t i = 0; i < response->count && status == BATON_OK; i++) {
            const struct baton_plan *plan = &response->plans[i];
            if (!tools_first || (plan == response->accepted) == (pass == 1)) {
                status = append_result(response, plan);
            }
        }
    }
    return status;
}

static void emit_result(struct baton_response *response, const struct baton_plan *plan)
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
static void emit_results(struct baton_response *response)
{
    if (response->run->options.events.on_event == NULL) {
        return;
    }
    uint64_t after = 0;
    uint32_t after_index = 0;
    bool is_first = true;
    for (;;) {
        const struct baton_plan *next = NULL;
        for (uint32_t i = 0; i < response->count; i++) {
            const struct baton_plan *plan = &response->plans[i];
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

static enum baton_status path_push(struct baton_response *response, uint32_t agent)
{
    struct baton_run *run = response->run;
    struct baton_exchange *exchange = run->exchange;
    uint32_t *path =
        baton_grow_arena(run->arena, exchange->path, exchange->depth + 1, &run->path_capacity, sizeof *path);
    if (path == NULL) {
        return baton_response_no_memory(response);
    }
    exchange->path = path;
    path[++exchange->depth] = agent;
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

static enum baton_status hand_over(struct baton_response *response)
{
    struct baton_run *run = response->run;
    const struct baton_plan *plan = response->accepted;
    uint32_t from = run->active, to = plan->handoff->target;
    baton_response_note_tool_used(run);
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
static void note_choice(struct baton_response *response)
{
    const struct baton_plan *rejected = NULL;
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

/* What is called, the ordinary tools, the handoff; each of them may end the exchange. */
static enum baton_status settle_calls(struct baton_response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    enum baton_status status = baton_response_classify(response, reply);
    if (status != BATON_OK || run->is_over) {
        return status;
    }
    status = baton_response_run_tools(response);
    if (status != BATON_OK || run->is_over) {
        return status;
    }
    return baton_response_choose_handoff(response);
}

static enum baton_status respond_to_calls(struct baton_response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    enum baton_status status = settle_calls(response, reply);
    if (status != BATON_OK || (run->is_over && run->exchange->status == BATON_RUN_ERROR)) {
        return status; /* a raised error leaves the response out of the record */
    }
    emit_results(response);
    status = append_reply(response, reply);
    if (status != BATON_OK) {
        return status;
    }
    status = append_results(response);
    if (status != BATON_OK) {
        return status;
    }
    if (response->accepted != NULL) {
        return hand_over(response);
    }
    note_choice(response);
    return BATON_OK;
}

static enum baton_status answer(struct baton_response *response, const struct baton_reply *reply)
{
    struct baton_run *run = response->run;
    const struct baton_hooks *hooks = run->options.hooks;
    enum baton_status status = append_reply(response, reply);
    response->turn->choice = reply->has_text ? BATON_CHOICE_ANSWER : BATON_CHOICE_NOTHING;
    run->exchange->text = reply->text;
    if (reply->continues || !run->profile->no_call_ends_run) {
        return status;
    }
    if (reply->finish == BATON_FINISH_TOOL_CALLS) {
        baton_response_warn(run, BATON_STR("finish_mismatch"),
                            BATON_STR("the finish reason says calls, but there are none"));
    }
    if (reply->has_text && reply->text.length == 0) {
        baton_response_warn(run, BATON_STR("empty_answer"), baton_agent_name(run->options.agents, run->active));
    }
    if (status == BATON_OK && hooks != NULL && hooks->guard_output != NULL && reply->has_text &&
        !hooks->guard_output(hooks->user, run->active, reply->text)) {
        return baton_response_raise(response, "the output guardrail refused the answer");
    }
    baton_run_end(run, reply->has_text ? BATON_RUN_ANSWERED : BATON_RUN_UNANSWERED);
    return status;
}

enum baton_status baton_turn_respond(struct baton_run *run, struct baton_turn *turn, const struct baton_reply *reply,
                                     struct baton_error *err)
{
    struct baton_response response = { .run = run, .turn = turn, .err = err };
    bool says_stop = reply->finish == BATON_FINISH_STOP;
    if (reply->call_count == 0 || (says_stop && run->profile->finish_trust == BATON_TRUST_FINISH_REASON)) {
        return answer(&response, reply);
    }
    if (says_stop) {
        baton_response_warn(run, BATON_STR("finish_mismatch"),
                            BATON_STR("the finish reason says stop, but there are calls; they count"));
    }
    return respond_to_calls(&response, reply);
}
