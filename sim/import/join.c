/* join.c - finds out what belongs together in a trace, one call after the other.
 *
 * Each conversation, and each agent that runs as a tool in one, is a run: a line of calls that goes on from its last. A call is
 * tried against the open runs, the youngest first, by the surest sign first: tool calls it answers, words it repeats, a tool
 * call that speaks of it, the same question once more, a transfer whose target was shown nothing of it. What fits nowhere begins
 * a conversation. Whether an open call is gone on with later must be known before, hence resumed_by. Recordings hold a few
 * hundred calls, so each call is simply looked at beside each.
 */
#include "sim/import/join.h"

#include "sim/import/join_names.h"
#include "sim/import/limits.h"
#include "sim/import/trace_match.h"

#include <string.h>
#include <strings.h>

struct run {
    uint32_t last;   /* its last call */
    uint32_t parent; /* the run that it is a tool of, or BATON_NONE */
    uint32_t entry;  /* agent */
    bool is_closed;  /* whoever it ran for went on */
};

struct joining {
    struct baton_joined *out;
    struct baton_arena *arena;
    uint32_t *resumed_by; /* of each call: the next that holds a call of its reply, or BATON_NONE */
    uint32_t *same_as;    /* of each agent: itself, or the one whose instructions it changed */
    struct run *runs;
    uint32_t run_count;
};

static bool has_word(struct baton_str text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp(text.data + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a tool's name says that control moves. */
static bool is_transfer(struct baton_str tool)
{
    static const char *const words[] = { "transfer", "handoff", "hand_off", "handover", "hand_over" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (has_word(tool, words[i])) {
            return true;
        }
    }
    return false;
}

/* Where the form tells conversations apart, only calls of one are joined. */
static bool may_join(const struct baton_trace_call *a, const struct baton_trace_call *b)
{
    return baton_str_equal(a->conversation, b->conversation);
}

/* ---- agents ---- */

static bool find_agents(struct joining *joining)
{
    struct baton_joined *out = joining->out;
    struct baton_map map;
    if (!baton_map_init(&map, joining->arena, out->count)) {
        return false;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        const struct baton_trace_call *call = out->calls[i].recorded;
        struct baton_str known_by = call->agent.length > 0 ? call->agent : call->asked.instructions;
        uint32_t agent = baton_map_put(&map, known_by, out->agent_count);
        if (agent == out->agent_count) {
            joining->same_as[agent] = agent;
            out->agents[out->agent_count++] = (struct baton_joined_agent){ .instructions = call->asked.instructions,
                                                                           .name = call->agent,
                                                                           .first_call = i };
        }
        out->calls[i].agent = agent;
    }
    return true;
}

/* Both are one from now on. */
static void merge_agents(struct joining *joining, uint32_t later, uint32_t into)
{
    struct baton_joined *out = joining->out;
    for (uint32_t i = 0; i < out->agent_count; i++) {
        joining->same_as[i] = joining->same_as[i] == later ? into : joining->same_as[i];
    }
    for (uint32_t i = 0; i < out->count; i++) {
        out->calls[i].agent = joining->same_as[out->calls[i].agent];
    }
}

/* ---- outcomes ---- */

/* The call with which control moved: the first that says so, else the last. */
static uint32_t transfer_in(const struct baton_reply *reply, bool must_say_so)
{
    for (uint32_t i = 0; i < reply->call_count; i++) {
        if (is_transfer(reply->calls[i].name)) {
            return i;
        }
    }
    return must_say_so || reply->call_count == 0 ? BATON_NONE : reply->call_count - 1;
}

static void take_results(struct baton_joined_call *last, const struct baton_joined_call *later)
{
    const struct baton_reply *reply = &last->recorded->reply;
    for (uint32_t i = 0; i < reply->call_count; i++) {
        const struct baton_trace_message *message = baton_trace_find(later->recorded, &reply->calls[i], true);
        if (message != NULL) {
            struct baton_outcome *outcome = &last->outcomes[i];
            outcome->text = message->text;
            outcome->kind = outcome->kind == BATON_OUTCOME_NONE ? BATON_OUTCOME_RESULT : outcome->kind;
        }
    }
}

static void hand_over(struct baton_joined_call *last, uint32_t call, uint32_t to)
{
    last->outcomes[call].kind = BATON_OUTCOME_HANDOFF;
    last->outcomes[call].agent = to;
}

/* ---- which call an agent that runs as a tool was asked for ---- */

static bool holds(struct baton_str text, struct baton_str part)
{
    return part.length > 0 && baton_str_has(text, part);
}

/* Whether a text of the arguments stands in what the agent was told, so that the call speaks of it. */
static bool speaks_of(struct joining *joining, struct baton_str arguments, const struct baton_trace_call *call)
{
    enum { ARGUMENT_BYTES_MIN = 8 };
    struct baton_arena_mark mark = baton_arena_mark(joining->arena);
    const struct baton_source source = { .name = "arguments", .line_first = 1, .text = arguments };
    const struct baton_json *root;
    struct baton_error ignored;
    bool is_so = false;
    if (baton_json_parse(&root, joining->arena, &source, &ignored) == BATON_OK && root->type == BATON_JSON_OBJECT) {
        struct baton_str user = baton_trace_user_text(call);
        for (const struct baton_json *it = root->child; it != NULL && !is_so; it = it->next) {
            struct baton_str text = it->type == BATON_JSON_STRING ? baton_str_trim(it->text) : BATON_STR("");
            is_so = text.length >= ARGUMENT_BYTES_MIN && (holds(user, text) || holds(call->asked.instructions, text));
        }
    }
    baton_arena_rollback(joining->arena, mark);
    return is_so;
}

/* The open call whose recorded result holds what the agent said. */
static uint32_t open_call_by_result(const struct baton_joined_call *caller, const struct baton_trace_call *resumer,
                                    const struct baton_trace_call *call)
{
    const struct baton_reply *reply = &caller->recorded->reply;
    struct baton_str text = call->reply.call_count == 0 ? baton_str_trim(call->reply.text) : BATON_STR("");
    for (uint32_t i = 0; i < reply->call_count; i++) {
        const struct baton_trace_message *result = baton_trace_find(resumer, &reply->calls[i], true);
        if (caller->outcomes[i].kind == BATON_OUTCOME_NONE && result != NULL && holds(result->text, text)) {
            return i;
        }
    }
    return BATON_NONE;
}

/* The open call for which a request was made by an agent that runs as a tool, or BATON_NONE. */
static uint32_t open_call(struct joining *joining, const struct baton_joined_call *caller,
                          const struct baton_joined_call *resumer, const struct baton_joined_call *call)
{
    uint32_t open = open_call_by_result(caller, resumer->recorded, call->recorded);
    if (open != BATON_NONE) {
        return open;
    }
    for (uint32_t i = 0; i < caller->recorded->reply.call_count; i++) {
        if (caller->outcomes[i].kind != BATON_OUTCOME_NONE) {
            continue;
        }
        if (speaks_of(joining, caller->recorded->reply.calls[i].arguments, call->recorded)) {
            return i;
        }
        open = open == BATON_NONE ? i : open;
    }
    return caller->agent == call->agent ? BATON_NONE : open;
}

/* ---- runs ---- */

static void run_add(struct joining *joining, uint32_t first, uint32_t parent)
{
    joining->runs[joining->run_count++] =
        (struct run){ .last = first, .parent = parent, .entry = joining->out->calls[first].agent };
}

static struct baton_joined_call *last_of(const struct joining *joining, const struct run *run)
{
    return &joining->out->calls[run->last];
}

/* The call is the run's next. */
static void take_turn(struct joining *joining, struct run *run, uint32_t index, bool is_new_exchange)
{
    struct baton_joined_call *call = &joining->out->calls[index], *last = last_of(joining, run);
    call->conversation = last->conversation;
    call->nesting = last->nesting;
    call->exchange = last->exchange + is_new_exchange;
    call->turn = is_new_exchange ? 0 : last->turn + 1;
    run->last = index;
}

/* The next run before `*at` that a call may be a part of, or NULL. */
static struct run *next_run(struct joining *joining, const struct baton_joined_call *call, uint32_t *at)
{
    while (*at > 0) {
        struct run *run = &joining->runs[--*at];
        if (may_join(last_of(joining, run)->recorded, call->recorded)) {
            return run;
        }
    }
    return NULL;
}

static void close_runs_below(struct joining *joining, uint32_t parent)
{
    for (uint32_t i = 0; i < joining->run_count; i++) {
        joining->runs[i].is_closed = joining->runs[i].is_closed || joining->runs[i].parent == parent;
    }
}

/* Who is asked now, after the calls of a reply: the same agent, one whose instructions changed, or another. */
static void settle_agents(struct joining *joining, struct baton_joined_call *last, struct baton_joined_call *call)
{
    const struct baton_reply *reply = &last->recorded->reply;
    uint32_t moved = transfer_in(reply, false); /* one at least, as it goes on with them */
    bool is_named = call->recorded->agent.length > 0;
    if (call->agent != last->agent && !is_named && transfer_in(reply, true) == BATON_NONE &&
        baton_trace_offers_the_same(last->recorded, call->recorded)) {
        merge_agents(joining, call->agent, last->agent);
    }
    /* `transfer_to_` is a handoff under all circumstances, also to an agent with the same instructions. */
    if (call->agent != last->agent || baton_str_starts(reply->calls[moved].name, BATON_TRANSFER_PREFIX)) {
        hand_over(last, moved, call->agent);
    }
}

/* ---- the signs, from the surest on: each joins the call if it can ---- */

static bool by_calls(struct joining *joining, uint32_t index)
{
    struct baton_joined_call *call = &joining->out->calls[index];
    struct run *run;
    for (uint32_t at = joining->run_count; (run = next_run(joining, call, &at)) != NULL;) {
        struct baton_joined_call *last = last_of(joining, run);
        if (run->is_closed || !baton_trace_has_calls_of(call->recorded, last->recorded)) {
            continue;
        }
        settle_agents(joining, last, call);
        take_results(last, call);
        take_turn(joining, run, index, false);
        close_runs_below(joining, at);
        return true;
    }
    return false;
}

static bool by_text(struct joining *joining, uint32_t index)
{
    struct baton_joined_call *call = &joining->out->calls[index];
    struct run *run;
    for (uint32_t at = joining->run_count; (run = next_run(joining, call, &at)) != NULL;) {
        struct baton_joined_call *last = last_of(joining, run);
        if (run->parent != BATON_NONE) {
            continue;
        }
        if (call->agent == last->agent && baton_trace_ends_with(call->recorded, last->recorded)) {
            last->continues = true;
            take_turn(joining, run, index, false);
            return true;
        }
        if (!baton_trace_has_text_of(call->recorded, last->recorded)) {
            continue;
        }
        call->starts_over = call->agent != last->agent;
        if (call->starts_over && call->agent != run->entry) {
            return false;
        }
        take_turn(joining, run, index, true);
        return true;
    }
    return false;
}

static bool as_a_tool(struct joining *joining, uint32_t index)
{
    struct baton_joined *out = joining->out;
    struct baton_joined_call *call = &out->calls[index];
    struct run *run;
    for (uint32_t at = joining->run_count; (run = next_run(joining, call, &at)) != NULL;) {
        struct baton_joined_call *caller = last_of(joining, run);
        uint32_t resumer = joining->resumed_by[run->last];
        if (run->is_closed || resumer == BATON_NONE || resumer <= index || out->calls[resumer].agent != caller->agent) {
            continue;
        }
        uint32_t which = open_call(joining, caller, &out->calls[resumer], call);
        if (which == BATON_NONE) {
            continue;
        }
        caller->outcomes[which].kind = BATON_OUTCOME_RUN;
        caller->outcomes[which].agent = call->agent;
        call->conversation = caller->conversation;
        call->nesting = caller->nesting + 1;
        run_add(joining, index, at);
        return true;
    }
    return false;
}

/* The same request again: after a failure, or because its answer was thrown away. */
static bool once_more(struct joining *joining, uint32_t index)
{
    struct baton_joined_call *call = &joining->out->calls[index];
    struct run *run;
    for (uint32_t at = joining->run_count; (run = next_run(joining, call, &at)) != NULL;) {
        struct baton_joined_call *last = last_of(joining, run);
        if (run->is_closed || call->agent != last->agent || joining->resumed_by[run->last] != BATON_NONE ||
            !baton_trace_asks_the_same(last->recorded, call->recorded)) {
            continue;
        }
        if (last->recorded->is_failure) {
            last->is_dropped = true;
            call->starts_over = last->starts_over;
            take_turn(joining, run, index, false);
            call->turn = last->turn;
            return true;
        }
        if (last->recorded->reply.call_count > 0 && joining->resumed_by[index] != BATON_NONE) {
            take_turn(joining, run, index, false);
            return true;
        }
    }
    return false;
}

/* A handoff after which the new agent sees nothing of the call. */
static bool by_filtered_handoff(struct joining *joining, uint32_t index)
{
    const struct baton_joined_call *call = &joining->out->calls[index];
    uint32_t at = joining->run_count;
    struct run *run = next_run(joining, call, &at);
    if (run == NULL) {
        return false;
    }
    struct baton_joined_call *last = last_of(joining, run);
    uint32_t moved = transfer_in(&last->recorded->reply, true);
    if (moved == BATON_NONE || call->agent == last->agent || joining->resumed_by[run->last] != BATON_NONE) {
        return false;
    }
    hand_over(last, moved, call->agent);
    take_turn(joining, run, index, false);
    return true;
}

/* Nothing shows that it goes on, as where histories are cut short, but the form says so: a new exchange. */
static bool by_conversation(struct joining *joining, uint32_t index)
{
    struct baton_joined_call *call = &joining->out->calls[index];
    struct run *run = NULL;
    uint32_t at = call->recorded->conversation.length > 0 ? joining->run_count : 0;
    do {
        run = next_run(joining, call, &at);
    } while (run != NULL && run->parent != BATON_NONE);
    bool is_other = run != NULL && call->agent != last_of(joining, run)->agent;
    if (run == NULL || (is_other && call->agent != run->entry)) {
        return false;
    }
    call->starts_over = is_other;
    take_turn(joining, run, index, true);
    return true;
}

/* ---- all of it ---- */

/* The next call that holds a call of this one's reply, or BATON_NONE. */
static uint32_t find_resumer(const struct baton_joined *out, uint32_t index)
{
    const struct baton_trace_call *call = out->calls[index].recorded;
    for (uint32_t i = index + 1; i < out->count && call->reply.call_count > 0; i++) {
        if (may_join(call, out->calls[i].recorded) && baton_trace_has_calls_of(out->calls[i].recorded, call)) {
            return i;
        }
    }
    return BATON_NONE;
}

static bool prepare(struct joining *joining, const struct baton_trace *trace)
{
    struct baton_joined *out = joining->out;
    out->calls = baton_arena_zero(joining->arena, trace->count * sizeof *out->calls);
    out->agents = baton_arena_array(joining->arena, trace->count, sizeof *out->agents);
    joining->same_as = baton_arena_array(joining->arena, trace->count, sizeof *joining->same_as);
    joining->runs = baton_arena_array(joining->arena, trace->count, sizeof *joining->runs);
    joining->resumed_by = baton_arena_array(joining->arena, trace->count, sizeof *joining->resumed_by);
    if (out->calls == NULL || out->agents == NULL || joining->same_as == NULL || joining->runs == NULL ||
        joining->resumed_by == NULL) {
        return false;
    }
    out->count = trace->count;
    for (uint32_t i = 0; i < out->count; i++) {
        struct baton_joined_call *call = &out->calls[i];
        call->recorded = &trace->calls[i];
        call->outcomes = baton_arena_zero(joining->arena, call->recorded->reply.call_count * sizeof *call->outcomes);
        if (call->outcomes == NULL) {
            return false;
        }
    }
    for (uint32_t i = 0; i < out->count; i++) {
        joining->resumed_by[i] = find_resumer(out, i);
    }
    return find_agents(joining);
}

static void join_call(struct joining *joining, uint32_t index)
{
    if (!by_calls(joining, index) && !by_text(joining, index) && !as_a_tool(joining, index) &&
        !once_more(joining, index) && !by_filtered_handoff(joining, index) && !by_conversation(joining, index)) {
        joining->out->calls[index].conversation = joining->out->conversation_count++;
        run_add(joining, index, BATON_NONE);
    }
}

/* Outcomes name agents that were merged with others since. */
static void settle_merged(struct joining *joining)
{
    struct baton_joined *out = joining->out;
    for (uint32_t i = 0; i < out->count; i++) {
        for (uint32_t k = 0; k < out->calls[i].recorded->reply.call_count; k++) {
            out->calls[i].outcomes[k].agent = joining->same_as[out->calls[i].outcomes[k].agent];
        }
    }
    for (uint32_t i = 0; i < out->agent_count; i++) {
        out->agents[i].is_merged = joining->same_as[i] != i;
    }
}

enum baton_status baton_join(struct baton_joined *out, struct baton_arena *arena, const struct baton_trace *trace,
                             struct baton_error *err)
{
    struct joining joining = { .out = out, .arena = arena };
    *out = (struct baton_joined){ .count = 0 };
    if (trace->count > BATON_IMPORT_CALLS_MAX) {
        return baton_error_set(err, BATON_EINPUT, "more than %d calls in one recording", BATON_IMPORT_CALLS_MAX);
    }
    if (!prepare(&joining, trace)) {
        return baton_error_over_limit(err, "a recording");
    }
    for (uint32_t i = 0; i < out->count; i++) {
        join_call(&joining, i);
    }
    settle_merged(&joining);
    return baton_join_name_agents(out, arena) ? BATON_OK : baton_error_over_limit(err, "a recording");
}
