/* The one loop: ask the active agent's model, deal with its reply, until an agent answers, a limit trips or something fails. What an
 * SDK does differently is a switch of the profile, never a second loop. A provider's failure ends the exchange with a status, so
 * that a batch of conversations goes on; only our own trouble goes up as an error. Recorded time is let pass on the clock, measured
 * time is read from it, so that the same code runs live and in a replay.
 */
#include "engine/core/run.h"

#include "engine/base/grow.h"
#include "engine/core/history.h"
#include "engine/core/run_state.h"
#include "engine/core/turn.h"

#include <assert.h>
#include <string.h>

/* A library's user may have forgotten something; options that are all zero would otherwise be obeyed as limits of 0. */
static enum baton_status check_options(const struct baton_run_options *options, struct baton_error *err)
{
    if (options->agents == NULL || options->provider == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "a run needs %s",
                               options->agents == NULL ? "agents" : "a provider that answers");
    }
    if (options->entry >= options->agents->count) {
        return baton_error_set(err, BATON_EUSAGE, "a run cannot begin with agent %u: there are %u, counted from 0",
                               options->entry, options->agents->count);
    }
    if (options->limits.tool_timeout_ns <= 0) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "a run needs limits with a tool timeout above 0; take those of the agents, or the options "
            "of baton_run_options_for()");
    }
    return BATON_OK;
}

/* The marks that the caller keeps from run to run, or some for this one. */
static bool marks_ready(struct baton_run *run)
{
    uint32_t count = run->options.agents->count;
    if (run->options.marks != NULL) {
        return true;
    }
    struct baton_loop_mark *of_agent = baton_arena_array(run->arena, count, sizeof *of_agent);
    if (of_agent != NULL) {
        baton_loop_marks_init(&run->own_marks, of_agent, count);
        run->options.marks = &run->own_marks;
    }
    return of_agent != NULL;
}

enum baton_status baton_run_new(struct baton_run **out, struct baton_arena *arena,
                                const struct baton_run_options *options, struct baton_error *err)
{
    *out = NULL;
    enum baton_status status = check_options(options, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_run *run = baton_arena_alloc(arena, sizeof *run);
    if (run == NULL) {
        return baton_error_over_limit(err, "a conversation");
    }
    memset(run, 0, offsetof(struct baton_run, loop)); /* the detector, which is large, is set up for each exchange */
    run->is_over = false;
    run->user_message = NULL;
    run->options = *options;
    if (run->options.tools == NULL) {
        run->options.tools = baton_tool_runner_none();
    }
    if (run->options.clock == NULL) {
        run->options.clock = baton_clock_system();
    }
    run->profile = options->agents->profile;
    run->arena = arena;
    if (!marks_ready(run)) {
        return baton_error_over_limit(err, "a conversation");
    }
    run->active = options->entry;
    run->origin_ns =
        options->parent != NULL ? options->parent->origin_ns : run->options.clock->now_ns(run->options.clock);
    run->turns_all = options->parent != NULL ? options->parent->turns_all : &run->turns_own;
    run->seq_next = options->parent != NULL ? options->parent->seq_next : &run->seq;
    if (options->history_hint > 0) {
        run->history.list = baton_arena_array(arena, options->history_hint, sizeof *run->history.list);
        run->history.capacity = run->history.list == NULL ? 0 : options->history_hint;
    }
    *out = run;
    return BATON_OK;
}

uint32_t baton_run_active(const struct baton_run *run)
{
    return run->active;
}

void baton_run_hold(struct baton_run *run, uint32_t agent)
{
    assert(agent < run->options.agents->count);
    run->active = agent;
    run->has_seen = false;
    run->extra_instructions = (struct baton_str){ "", 0 };
}

const struct baton_message *baton_run_history(const struct baton_run *run, uint32_t *count)
{
    *count = run->history.count;
    return run->history.list;
}

const struct baton_run_options *baton_run_options_of(const struct baton_run *run)
{
    return &run->options;
}

enum baton_status baton_run_append(struct baton_run *run, const struct baton_message *message, struct baton_error *err)
{
    return baton_history_append(run, message, err);
}

/* ---- one turn ---- */

static struct baton_turn *turn_push(struct baton_run *run)
{
    struct baton_exchange *exchange = run->exchange;
    struct baton_turn *turns =
        baton_grow_arena(run->arena, exchange->turns, exchange->turn_count, &run->turn_capacity, sizeof *turns);
    if (turns == NULL) {
        return NULL;
    }
    exchange->turns = turns;
    struct baton_turn *turn = &turns[exchange->turn_count++];
    *turn = (struct baton_turn){ .agent = run->active,
                                 .handoff_to = BATON_NONE,
                                 .choice = BATON_CHOICE_NOTHING,
                                 .first_text_ns = BATON_TIME_UNKNOWN };
    return turn;
}

/* Which handoffs are open to the active agent now; the file's own switch unless a hook says more. */
static enum baton_status handoffs_open(struct baton_run *run, struct baton_error *err)
{
    const struct baton_agent *agent = &run->options.agents->list[run->active];
    const struct baton_hooks *hooks = run->options.hooks;
    run->handoff_enabled = baton_arena_array(run->arena, agent->handoff_count + 1, sizeof *run->handoff_enabled);
    if (run->handoff_enabled == NULL) {
        return baton_run_no_memory(run, err);
    }
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        const struct baton_handoff *handoff = &agent->handoffs[i];
        run->handoff_enabled[i] = handoff->is_enabled && (hooks == NULL || hooks->handoff_enabled == NULL ||
                                                          hooks->handoff_enabled(hooks->user, run->active, handoff));
    }
    return BATON_OK;
}

static void on_text(void *user, struct baton_str delta)
{
    struct baton_run *run = user;
    struct baton_exchange *exchange = run->exchange;
    struct baton_turn *turn = &exchange->turns[exchange->turn_count - 1];
    if (turn->first_text_ns == BATON_TIME_UNKNOWN) {
        turn->first_text_ns = (int64_t)baton_run_now(run);
    }
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TEXT_DELTA, .text = delta });
}

static struct baton_str tool_choice_now(const struct baton_run *run)
{
    const struct baton_agent *agent = &run->options.agents->list[run->active];
    bool is_spent = run->profile->tool_choice_reset && run->tool_used != NULL && run->tool_used[run->active];
    return is_spent ? (struct baton_str){ "", 0 } : agent->tool_choice;
}

/* Lets a recorded time pass; in the reply, a measured one becomes what the clock says. */
static void time_turn(struct baton_run *run, struct baton_turn *turn, struct baton_reply *reply)
{
    struct baton_clock *clock = run->options.clock;
    if (reply->latency_ns >= 0) {
        clock->sleep_ns(clock, (uint64_t)reply->latency_ns);
    }
    turn->end_ns = baton_run_now(run);
    turn->is_timed = reply->latency_ns != BATON_TIME_UNKNOWN;
    bool is_measured = reply->latency_ns == BATON_LATENCY_MEASURED;
    if (!is_measured) {
        turn->first_text_ns = BATON_TIME_UNKNOWN; /* the clock did not run while it streamed */
    }
    if (reply->text.length > 0 && turn->first_text_ns == BATON_TIME_UNKNOWN) {
        if (reply->ttft_ns >= 0) {
            turn->first_text_ns = (int64_t)turn->start_ns + reply->ttft_ns;
        } else if (is_measured) {
            turn->first_text_ns = (int64_t)turn->end_ns; /* all of it came at once */
        }
    }
    if (is_measured) {
        reply->latency_ns = (int64_t)(turn->end_ns - turn->start_ns);
        reply->ttft_ns = turn->first_text_ns < 0 ? BATON_TIME_UNKNOWN : turn->first_text_ns - (int64_t)turn->start_ns;
    }
}

static enum baton_status ask(struct baton_run *run, struct baton_turn *turn, struct baton_reply *reply,
                             struct baton_error *err)
{
    const struct baton_messages *seen = run->has_seen ? &run->seen : &run->history;
    struct baton_request request = {
        .agents = run->options.agents,
        .agent = run->active,
        .exchange = run->exchange->index,
        .turn = run->exchange->turn_count - 1,
        .conversation_id = run->options.conversation_id,
        .extra_instructions = run->extra_instructions,
        .messages = seen->list,
        .message_count = seen->count,
        .handoff_enabled = run->handoff_enabled,
        .tool_choice = tool_choice_now(run),
        .nesting = run->options.nesting,
        .arena = run->arena,
        .on_text = run->options.events.on_event == NULL ? NULL : on_text, /* what nobody hears can be asked for again */
        .user = run,
    };
    turn->seen = seen->list;
    turn->seen_count = seen->count;
    turn->extra_instructions = run->extra_instructions;
    turn->start_ns = baton_run_now(run);
    *reply = (struct baton_reply){ .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    enum baton_status status = run->options.provider->call(run->options.provider, &request, reply, err);
    if (status == BATON_OK) {
        time_turn(run, turn, reply);
    } else {
        turn->end_ns = baton_run_now(run);
    }
    turn->usage = reply->usage;
    turn->text = reply->text;
    turn->call_count = reply->call_count;
    baton_usage_add(&run->exchange->usage, &reply->usage);
    return status;
}

/* A provider's failure is the end of the exchange; only our own trouble goes up. */
static enum baton_status provider_failed(struct baton_run *run, enum baton_status status, struct baton_error *err)
{
    if (status == BATON_ENOMEM || status == BATON_ELIMIT || status == BATON_EINTERRUPTED) {
        return status;
    }
    char line[BATON_ERROR_TEXT_BYTES + BATON_ERROR_FILE_BYTES];
    baton_error_format(err, line, sizeof line);
    char *text = baton_arena_copy(run->arena, line, strlen(line));
    if (text == NULL) {
        return baton_run_no_memory(run, err);
    }
    run->exchange->text = baton_str_of(text);
    baton_run_end(run, BATON_RUN_ERROR);
    baton_run_emit(run, (struct baton_event){
                            .type = BATON_EVENT_ERROR, .name = BATON_STR("provider"), .text = run->exchange->text });
    return BATON_OK;
}

static void diverge(struct baton_run *run, const struct baton_reply *reply)
{
    struct baton_exchange *exchange = run->exchange;
    exchange->divergence = (struct baton_divergence){ .happened = true,
                                                      .exchange = exchange->index,
                                                      .turn = exchange->turn_count - 1,
                                                      .recorded = reply->recorded_agent,
                                                      .asked = run->active };
    struct baton_str name = baton_agent_name(run->options.agents, reply->recorded_agent);
    baton_run_end(run, BATON_RUN_UNANSWERED);
    baton_run_emit(run,
                   (struct baton_event){ .type = BATON_EVENT_WARNING, .name = BATON_STR("diverged"), .text = name });
}

static enum baton_status take_turn(struct baton_run *run, struct baton_error *err)
{
    struct baton_exchange *exchange = run->exchange;
    struct baton_turn *turn = turn_push(run);
    (*run->turns_all)++;
    if (turn == NULL) {
        return baton_run_no_memory(run, err);
    }
    enum baton_status status = handoffs_open(run, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_event start = { .type = BATON_EVENT_TURN_START };
    struct baton_reply reply;
    baton_run_emit(run, start);
    status = ask(run, turn, &reply, err);
    if (status != BATON_OK) {
        status = provider_failed(run, status, err);
    } else if (reply.kind == BATON_REPLY_MESSAGE) {
        if (reply.text.length > 0 && !reply.was_streamed) {
            baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TEXT_DELTA, .text = reply.text });
        }
        exchange->ended_rejected = false;
        status = baton_turn_respond(run, turn, &reply, err);
    } else {
        /* Nobody answered: the turn did not take place. */
        if (reply.kind == BATON_REPLY_DIVERGED) {
            diverge(run, &reply);
        } else {
            baton_run_end(run, BATON_RUN_UNANSWERED);
        }
        baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TURN_END });
        exchange->turn_count--;
        return BATON_OK;
    }
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_TURN_END });
    return status;
}

/* ---- one exchange ---- */

static enum baton_status begin(struct baton_run *run, struct baton_str user_text, bool starts_over,
                               struct baton_error *err)
{
    struct baton_exchange *exchange = baton_arena_zero(run->arena, sizeof *exchange);
    if (exchange == NULL) {
        return baton_run_no_memory(run, err);
    }
    if (starts_over || run->profile->continue_agent == BATON_CONTINUE_ENTRY) {
        baton_run_hold(run, run->options.entry);
    }
    run->exchange = exchange;
    run->turn_capacity = 0;
    run->turns_own = 0;
    run->tool_used = NULL; /* a tool_choice counts anew */
    run->is_over = false;
    exchange->index = run->exchange_count++;
    exchange->start = run->active;
    exchange->start_ns = baton_run_now(run);
    exchange->message_first = run->history.count;
    exchange->divergence = (struct baton_divergence){ .recorded = BATON_NONE, .asked = BATON_NONE };
    run->path_capacity = 0;
    exchange->path = baton_grow_arena(run->arena, NULL, 0, &run->path_capacity, sizeof *exchange->path);
    if (exchange->path == NULL) {
        return baton_run_no_memory(run, err);
    }
    exchange->path[0] = run->active;
    run->progress++;
    baton_loop_init(&run->loop, run->options.marks, &run->options.agents->loops);
    baton_loop_note(&run->loop, run->active, run->progress);
    struct baton_message message = { .role = BATON_ROLE_USER,
                                     .has_content = true,
                                     .agent = BATON_NONE,
                                     .content = user_text,
                                     .latency_ns = BATON_TIME_UNKNOWN,
                                     .ttft_ns = BATON_TIME_UNKNOWN };
    return baton_history_append(run, &message, err);
}

static void guard_input(struct baton_run *run, struct baton_str user_text)
{
    const struct baton_hooks *hooks = run->options.hooks;
    if (hooks != NULL && hooks->guard_input != NULL && !hooks->guard_input(hooks->user, run->active, user_text)) {
        run->exchange->text = BATON_STR("the input guardrail refused the message");
        baton_run_end(run, BATON_RUN_ERROR);
        baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_ERROR,
                                                  .name = BATON_STR("guardrail"),
                                                  .text = run->exchange->text });
    }
}

/* A limit ends the exchange; a last text, where a hook has one, is the active agent's and part of the record. */
static enum baton_status trip(struct baton_run *run, enum baton_run_status status, struct baton_error *err)
{
    const struct baton_hooks *hooks = run->options.hooks;
    struct baton_str text = { "", 0 };
    baton_run_end(run, status);
    if (hooks == NULL || hooks->on_limit == NULL || !hooks->on_limit(hooks->user, run->active, status, &text)) {
        return BATON_OK;
    }
    run->exchange->text = text;
    struct baton_message message = { .role = BATON_ROLE_ASSISTANT,
                                     .has_content = true,
                                     .agent = run->active,
                                     .content = text,
                                     .latency_ns = BATON_TIME_UNKNOWN,
                                     .ttft_ns = BATON_TIME_UNKNOWN };
    return baton_history_append(run, &message, err);
}

static bool turns_left(const struct baton_run *run)
{
    int32_t limit = run->options.limits.max_turns;
    uint32_t max = limit < 0 ? BATON_TURNS_MAX : (uint32_t)limit;
    return run->exchange->turn_count < max && *run->turns_all < BATON_TURNS_MAX;
}

static void finish(struct baton_run *run)
{
    struct baton_exchange *exchange = run->exchange;
    exchange->final = run->active;
    exchange->end_ns = baton_run_now(run);
    exchange->message_end = run->history.count;
    exchange->is_revisit = run->loop.is_revisit;
    exchange->cycle = run->loop.cycle;
    exchange->standstill = run->loop.standstill;
    baton_run_emit(run, (struct baton_event){ .type = BATON_EVENT_DONE,
                                              .status = baton_run_status_name(exchange->status),
                                              .text = exchange->text });
}

enum baton_status baton_run_exchange(struct baton_run *run, struct baton_str user_text, bool starts_over,
                                     struct baton_exchange **out, struct baton_error *err)
{
    *out = NULL;
    enum baton_status status = begin(run, user_text, starts_over, err);
    if (status == BATON_OK) {
        guard_input(run, user_text);
    }
    while (status == BATON_OK && !run->is_over) {
        if (turns_left(run)) {
            status = take_turn(run, err);
        } else {
            status = trip(run, BATON_RUN_MAX_TURNS, err);
        }
    }
    if (status == BATON_OK && run->exchange->status == BATON_RUN_MAX_HANDOFFS) {
        status = trip(run, BATON_RUN_MAX_HANDOFFS, err);
    }
    if (status == BATON_OK) {
        finish(run);
        *out = run->exchange;
    }
    return status;
}
