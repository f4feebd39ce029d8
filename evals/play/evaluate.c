/* evaluate.c - plays a conversation exchange by exchange, and looks at each as soon as it is played: its row, its label, its
 * counts.
 *
 * The engine's records live in the conversation's arena; a row only points into them, so a conversation costs no copy. What
 * a label says of the whole conversation is judged at the end, by the same code, with all hops as one route.
 */
#include "evals/play/evaluate.h"

#include "engine/core/path.h"
#include "evals/tally/tally_records.h"

#include <assert.h>
#include <string.h>

/* One evaluation under way. */
struct evaluation {
    struct baton_evaluator *evaluator;
    const struct baton_conversation *conversation;
    struct baton_arena *arena;
    struct baton_run *run;
    struct baton_result *result;
    struct baton_result_exchange *rows;
    struct baton_exchange **records;
    uint32_t count; /* exchanges played */
    struct baton_error *err;
};

static enum baton_status no_memory(struct evaluation *evaluation)
{
    struct baton_str id = evaluation->conversation->id;
    return baton_error_over_limit(evaluation->err, "the conversation '%.*s'", BATON_STR_ARGS(id));
}

enum baton_status baton_evaluator_init(struct baton_evaluator *evaluator, struct baton_arena *arena,
                                       const struct baton_play *play, struct baton_tally *tally,
                                       struct baton_error *err)
{
    *evaluator = (struct baton_evaluator){ .play = play, .tally = tally };
    struct baton_loop_mark *of_agent = baton_arena_array(arena, play->agents->count, sizeof *of_agent);
    if (of_agent == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    baton_loop_marks_init(&evaluator->marks, of_agent, play->agents->count);
    return baton_binding_init(&evaluator->binding, play->agents, &play->sources, err);
}

void baton_evaluator_clear(struct baton_evaluator *evaluator)
{
    baton_binding_clear(&evaluator->binding);
}

/* ---- playing ---- */

static enum baton_status run_init(struct evaluation *evaluation)
{
    const struct baton_play *play = evaluation->evaluator->play;
    const struct baton_binding *binding = &evaluation->evaluator->binding;
    struct baton_run_options options = {
        .agents = play->agents,
        .provider = binding->provider,
        .clock = binding->clock,
        .tools = binding->tools,
        .limits = play->limits,
        .loops_stop = play->loops_stop,
        .on_handoff_stop = play->on_handoff_stop,
        .marks = &evaluation->evaluator->marks,
        .conversation_id = binding->id,
        .entry = evaluation->conversation->entry,
        .history_hint = evaluation->conversation->message_count,
        .events = evaluation->evaluator->events,
    };
    enum baton_status status = baton_run_new(&evaluation->run, evaluation->arena, &options, evaluation->err);
    const struct baton_conversation *conversation = evaluation->conversation;
    uint32_t first_user = baton_conversation_next_user(conversation, 0);
    for (uint32_t i = 0; i < first_user && status == BATON_OK; i++) {
        if (conversation->messages[i].role == BATON_ROLE_ASSISTANT) {
            status = baton_run_append(evaluation->run, &conversation->messages[i], evaluation->err);
        }
    }
    return status;
}

/* ---- observing and judging ---- */

/* The final agent's first turn after the last handoff of an exchange, or NULL. */
static const struct baton_turn *final_first(const struct baton_exchange *exchange)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < exchange->turn_count; i++) {
        if (exchange->turns[i].handoff_to != BATON_NONE) {
            first = i + 1;
        }
    }
    return first < exchange->turn_count ? &exchange->turns[first] : NULL;
}

static struct baton_observation observe(const struct evaluation *evaluation, const struct baton_exchange *exchange)
{
    uint32_t count;
    const struct baton_message *history = baton_run_history(evaluation->run, &count);
    return (struct baton_observation){
        .agents = evaluation->evaluator->play->agents,
        .path = exchange->path,
        .depth = exchange->depth,
        .final = exchange->final,
        .status = exchange->status,
        .ended_rejected = exchange->ended_rejected,
        .turns = exchange->turn_count,
        .has_loop = exchange->cycle.kind != BATON_LOOP_NONE,
        .text = exchange->text,
        .messages = history + exchange->message_first,
        .message_count = exchange->message_end - exchange->message_first,
        .final_first = final_first(exchange),
    };
}

/* The conversation as one: its route is all hops in order. */
static enum baton_status observe_whole(const struct evaluation *evaluation, struct baton_observation *out,
                                       bool *is_revisit)
{
    uint32_t depth = 0, turns = 0;
    bool has_loop = false;
    for (uint32_t i = 0; i < evaluation->count; i++) {
        depth += evaluation->records[i]->depth;
        turns += evaluation->records[i]->turn_count;
        has_loop = has_loop || evaluation->records[i]->cycle.kind != BATON_LOOP_NONE;
    }
    uint32_t *path = baton_arena_array(evaluation->arena, (size_t)depth + 1, sizeof *path);
    if (path == NULL) {
        return BATON_ELIMIT;
    }
    path[0] = evaluation->records[0]->start;
    for (uint32_t i = 0, at = 1; i < evaluation->count; i++) {
        memcpy(path + at, evaluation->records[i]->path + 1, evaluation->records[i]->depth * sizeof *path);
        at += evaluation->records[i]->depth;
    }
    *out = observe(evaluation, evaluation->records[evaluation->count - 1]);
    out->path = path;
    out->depth = depth;
    out->turns = turns;
    out->has_loop = has_loop;
    out->messages = baton_run_history(evaluation->run, &out->message_count);
    *is_revisit = true; /* let the loop erasure find out */
    return BATON_OK;
}

static enum baton_status judge(struct evaluation *evaluation, const struct baton_expect *expect,
                               const struct baton_observation *observation, struct baton_result_label *label)
{
    struct baton_verdict verdict;
    enum baton_status status =
        baton_expect_judge(&verdict, label, expect, observation, evaluation->arena, evaluation->err);
    if (status == BATON_OK) {
        baton_tally_verdict(evaluation->evaluator->tally, expect, &verdict, observation);
    }
    return status;
}

static void count_path(struct baton_counts *counts, const struct baton_path_figures *figures)
{
    if (figures->has_detour) {
        counts->detour_n++;
        counts->optimal_hops += figures->optimal;
        counts->detour_hops += figures->detour > 0 ? (uint64_t)figures->detour : 0;
        counts->shortcut_hops += figures->detour < 0 ? (uint64_t)-figures->detour : 0;
    }
}

/* ---- an exchange's row ---- */

static enum baton_status name_route(struct evaluation *evaluation, const struct baton_exchange *exchange,
                                    struct baton_result_exchange *row)
{
    struct baton_str *route = baton_arena_array(evaluation->arena, exchange->depth + 1, sizeof *route);
    if (route == NULL) {
        return no_memory(evaluation);
    }
    for (uint32_t i = 0; i < exchange->depth; i++) {
        route[i] = baton_agent_name(evaluation->evaluator->play->agents, exchange->path[i + 1]);
    }
    row->route = route;
    row->route_count = exchange->depth;
    return BATON_OK;
}

/* The agents that an agent can hand over to, by the file. */
static enum baton_status name_offers(struct evaluation *evaluation, const struct baton_agent *agent,
                                     struct baton_result_turn *step)
{
    struct baton_str *offered = baton_arena_array(evaluation->arena, agent->handoff_count + 1, sizeof *offered);
    if (offered == NULL) {
        return no_memory(evaluation);
    }
    step->offered = offered;
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (agent->handoffs[i].is_enabled) {
            offered[step->offered_count++] =
                baton_agent_name(evaluation->evaluator->play->agents, agent->handoffs[i].target);
        }
    }
    return BATON_OK;
}

static struct baton_result_tokens tokens_of(const struct baton_usage *usage)
{
    return (struct baton_result_tokens){ .input = usage->input,
                                         .output = usage->output,
                                         .cached = usage->cached,
                                         .cache_write = usage->cache_write,
                                         .is_known = usage->is_known };
}

static enum baton_status make_steps(struct evaluation *evaluation, const struct baton_exchange *exchange,
                                    struct baton_result_exchange *row)
{
    const struct baton_agents *agents = evaluation->evaluator->play->agents;
    struct baton_result_turn *steps = baton_arena_array(evaluation->arena, exchange->turn_count + 1, sizeof *steps);
    if (steps == NULL) {
        return no_memory(evaluation);
    }
    enum baton_status status = BATON_OK;
    row->steps = steps;
    row->step_count = exchange->turn_count;
    for (uint32_t i = 0; i < exchange->turn_count && status == BATON_OK; i++) {
        const struct baton_turn *turn = &exchange->turns[i];
        steps[i] = (struct baton_result_turn){
            .agent = baton_agent_name(agents, turn->agent),
            .text = turn->text,
            .call_count = turn->call_count,
            .choice = baton_choice_name(turn->choice),
            .handoff_to = turn->handoff_to == BATON_NONE ? BATON_STR("") : baton_agent_name(agents, turn->handoff_to),
            .wanted = turn->wanted,
            .reason = turn->reason,
            .start_ns = turn->is_timed ? (int64_t)(turn->start_ns - exchange->start_ns) : BATON_RESULT_UNKNOWN,
            .end_ns = turn->is_timed ? (int64_t)(turn->end_ns - exchange->start_ns) : BATON_RESULT_UNKNOWN,
            .tokens = tokens_of(&turn->usage),
        };
        status = name_offers(evaluation, &agents->list[turn->agent], &steps[i]);
    }
    return status;
}

static enum baton_status make_row(struct evaluation *evaluation, const struct baton_exchange *exchange,
                                  const struct baton_expect *expect, const struct baton_observation *observation,
                                  struct baton_result_exchange *row)
{
    const struct baton_agents *agents = evaluation->evaluator->play->agents;
    uint32_t *scratch =
        exchange->is_revisit ? baton_arena_array(evaluation->arena, exchange->depth + 1, sizeof *scratch) : NULL;
    if (exchange->is_revisit && scratch == NULL) {
        return no_memory(evaluation);
    }
    struct baton_path_figures figures = baton_path_figures(expect, observation, exchange->is_revisit, scratch);
    struct baton_exchange_times times = baton_exchange_times(exchange);
    count_path(&evaluation->evaluator->tally->counts, &figures);
    baton_tally_exchange(evaluation->evaluator->tally, exchange, figures.looped);
    *row = (struct baton_result_exchange){
        .start = baton_agent_name(agents, exchange->start),
        .final = baton_agent_name(agents, exchange->final),
        .is_answered = exchange->status == BATON_RUN_ANSWERED,
        .is_revisit = exchange->is_revisit,
        .status = baton_run_status_name(exchange->status),
        .turns = exchange->turn_count,
        .invalid_handoffs = exchange->invalid_handoffs,
        .looped = figures.looped,
        .optimal = figures.optimal == BATON_PATH_UNKNOWN ? BATON_RESULT_UNKNOWN : (int64_t)figures.optimal,
        .has_detour = figures.has_detour,
        .detour = figures.detour,
        .latency_ns = times.latency_ns,
        .ttft_ns = times.ttft_ns,
        .tokens = tokens_of(&exchange->usage),
        .text = exchange->text,
    };
    if (exchange->cycle.kind != BATON_LOOP_NONE) {
        row->loop = (struct baton_result_loop){ .kind = baton_loop_kind_name(exchange->cycle.kind),
                                                .k = exchange->cycle.k,
                                                .onset = exchange->cycle.onset,
                                                .detected = exchange->cycle.detected };
    }
    enum baton_status status = name_route(evaluation, exchange, row);
    return status == BATON_OK && evaluation->evaluator->play->wants_steps ? make_steps(evaluation, exchange, row)
                                                                          : status;
}

/* The agent that a label asks for first, as the model sees it. */
static uint32_t goal_of(const struct evaluation *evaluation, const struct baton_expect *expect, bool starts_over)
{
    if (expect == NULL || expect->final_count == 0) {
        return BATON_NONE;
    }
    uint32_t holder = starts_over ? evaluation->conversation->entry : baton_run_active(evaluation->run);
    return expect->final[0] == BATON_DIRECT ? holder : expect->final[0];
}

bool baton_is_cut_short(enum baton_run_status status)
{
    return status == BATON_RUN_MAX_TURNS || status == BATON_RUN_MAX_HANDOFFS || status == BATON_RUN_LOOP ||
           status == BATON_RUN_HANDOFF;
}

static void note_divergence(struct evaluation *evaluation, const struct baton_exchange *exchange)
{
    const struct baton_agents *agents = evaluation->evaluator->play->agents;
    const struct baton_divergence *divergence = &exchange->divergence;
    if (divergence->happened && !evaluation->result->divergence.happened) {
        evaluation->result->divergence =
            (struct baton_result_divergence){ .happened = true,
                                              .exchange = divergence->exchange,
                                              .turn = divergence->turn,
                                              .recorded = baton_agent_name(agents, divergence->recorded),
                                              .asked = baton_agent_name(agents, divergence->asked) };
        evaluation->evaluator->tally->counts.diverged++;
    }
}

/* Takes an exchange that was played into the result: its row, and the judgement of its label. */
static enum baton_status take_exchange(struct evaluation *evaluation, const struct baton_message *message,
                                       const struct baton_expect *expect, struct baton_exchange *exchange)
{
    struct baton_observation observation = observe(evaluation, exchange);
    struct baton_result_exchange *row = &evaluation->rows[evaluation->count];
    evaluation->records[evaluation->count++] = exchange;
    enum baton_status status = make_row(evaluation, exchange, expect, &observation, row);
    row->question = message->content;
    note_divergence(evaluation, exchange);
    return status == BATON_OK && expect != NULL ? judge(evaluation, expect, &observation, &row->label) : status;
}

static enum baton_status read_label(struct evaluation *evaluation, const struct baton_message *message,
                                    const struct baton_expect **expect)
{
    return baton_expect_read(expect, evaluation->arena, evaluation->evaluator->play->agents,
                             &evaluation->conversation->source, message->expect, evaluation->err);
}

static enum baton_status play_exchange(struct evaluation *evaluation, uint32_t user_message)
{
    const struct baton_message *message = &evaluation->conversation->messages[user_message];
    const struct baton_expect *expect;
    struct baton_exchange *exchange;
    enum baton_status status = read_label(evaluation, message, &expect);
    if (status != BATON_OK) {
        return status;
    }
    uint32_t goal = goal_of(evaluation, expect, message->starts_over);
    uint32_t holder = baton_binding_start_exchange(&evaluation->evaluator->binding, user_message, goal);
    bool was_cut_short =
        evaluation->count > 0 && baton_is_cut_short(evaluation->records[evaluation->count - 1]->status);
    if (holder != BATON_NONE && was_cut_short) {
        baton_run_hold(evaluation->run, holder);
    }
    status = baton_run_exchange(evaluation->run, message->content, message->starts_over, &exchange, evaluation->err);
    return status == BATON_OK ? take_exchange(evaluation, message, expect, exchange) : status;
}

/* ---- the conversation ---- */

static void count_conversation(struct evaluation *evaluation)
{
    struct baton_tally *tally = evaluation->evaluator->tally;
    uint64_t depth = 0;
    int64_t latency_ns = BATON_TIME_UNKNOWN;
    bool has_loop = false, is_revisit = false;
    for (uint32_t i = 0; i < evaluation->count; i++) {
        const struct baton_exchange *exchange = evaluation->records[i];
        int64_t took = evaluation->rows[i].latency_ns;
        depth += exchange->depth;
        has_loop = has_loop || exchange->cycle.kind != BATON_LOOP_NONE;
        is_revisit = is_revisit || exchange->is_revisit;
        if (took != BATON_TIME_UNKNOWN) {
            latency_ns = latency_ns == BATON_TIME_UNKNOWN ? took : latency_ns + took;
        }
    }
    tally->counts.conversations++;
    tally->counts.loop_conversations += has_loop;
    tally->counts.revisit_conversations += is_revisit;
    baton_counter_add(&tally->depth_conversation, depth, 1);
    if (latency_ns != BATON_TIME_UNKNOWN) {
        baton_counter_add(&tally->latency_conversation, (uint64_t)latency_ns, 1);
    }
    const struct baton_play *play = evaluation->evaluator->play;
    baton_tally_records(tally, play->agents, play->model, evaluation->records, evaluation->count);
}

static enum baton_status judge_whole(struct evaluation *evaluation)
{
    const struct baton_expect *expect;
    struct baton_observation observation;
    bool is_revisit;
    enum baton_status status =
        baton_expect_read(&expect, evaluation->arena, evaluation->evaluator->play->agents,
                          &evaluation->conversation->source, evaluation->conversation->expect, evaluation->err);
    if (status != BATON_OK || expect == NULL) {
        return status;
    }
    if (observe_whole(evaluation, &observation, &is_revisit) != BATON_OK) {
        return no_memory(evaluation);
    }
    uint32_t *scratch = baton_arena_array(evaluation->arena, (size_t)observation.depth + 1, sizeof *scratch);
    if (scratch == NULL) {
        return no_memory(evaluation);
    }
    struct baton_path_figures figures = baton_path_figures(expect, &observation, is_revisit, scratch);
    count_path(&evaluation->evaluator->tally->counts, &figures);
    return judge(evaluation, expect, &observation, &evaluation->result->whole);
}

/* The first that did not end well says how the conversation went, else the last. */
static const char *overall_status(const struct evaluation *evaluation)
{
    uint32_t i = 0;
    while (i + 1 < evaluation->count && baton_is_completed(evaluation->records[i]->status)) {
        i++;
    }
    return baton_run_status_name(evaluation->records[i]->status);
}

static enum baton_status evaluation_begin(struct evaluation *evaluation)
{
    const uint32_t count = evaluation->conversation->exchange_count;
    evaluation->rows = baton_arena_array(evaluation->arena, count, sizeof *evaluation->rows);
    evaluation->records = baton_arena_array(evaluation->arena, count, sizeof *evaluation->records);
    return evaluation->rows == NULL || evaluation->records == NULL ? no_memory(evaluation) : BATON_OK;
}

static enum baton_status evaluation_end(struct evaluation *evaluation, struct baton_exchange ***exchanges)
{
    enum baton_status status = judge_whole(evaluation);
    if (status != BATON_OK) {
        return status;
    }
    count_conversation(evaluation);
    evaluation->result->exchanges = evaluation->rows;
    evaluation->result->exchange_count = evaluation->count;
    evaluation->result->status = overall_status(evaluation);
    *exchanges = evaluation->records;
    return BATON_OK;
}

enum baton_status baton_evaluate(struct baton_evaluator *evaluator, struct baton_result *out,
                                 struct baton_exchange ***exchanges, struct baton_arena *arena,
                                 const struct baton_conversation *conversation, uint32_t repeat,
                                 struct baton_error *err)
{
    struct evaluation evaluation = {
        .evaluator = evaluator, .conversation = conversation, .arena = arena, .result = out, .err = err
    };
    *out = (struct baton_result){ .id = conversation->id, .repeat = repeat };
    enum baton_status status = evaluation_begin(&evaluation);
    if (status == BATON_OK) {
        status = baton_binding_start(&evaluator->binding, conversation, evaluator->play->seed, repeat, arena, err);
    }
    status = status == BATON_OK ? run_init(&evaluation) : status;
    for (uint32_t at = baton_conversation_next_user(conversation, 0);
         at < conversation->message_count && status == BATON_OK;
         at = baton_conversation_next_user(conversation, at + 1)) {
        status = play_exchange(&evaluation, at);
    }
    return status == BATON_OK ? evaluation_end(&evaluation, exchanges) : status;
}

enum baton_status baton_evaluate_played(struct baton_evaluator *evaluator, struct baton_result *out,
                                        struct baton_exchange ***exchanges, struct baton_arena *arena,
                                        const struct baton_conversation *labels, const struct baton_played *played,
                                        struct baton_error *err)
{
    struct evaluation evaluation = {
        .evaluator = evaluator, .conversation = labels, .arena = arena, .run = played->run, .result = out, .err = err
    };
    *out = (struct baton_result){ .id = labels->id };
    assert(played->count == labels->exchange_count);
    enum baton_status status = evaluation_begin(&evaluation);
    for (uint32_t i = 0, at = 0; i < played->count && status == BATON_OK; i++, at++) {
        at = baton_conversation_next_user(labels, at);
        const struct baton_expect *expect;
        status = read_label(&evaluation, &labels->messages[at], &expect);
        if (status == BATON_OK) {
            status = take_exchange(&evaluation, &labels->messages[at], expect, played->exchanges[i]);
        }
    }
    return status == BATON_OK ? evaluation_end(&evaluation, exchanges) : status;
}
