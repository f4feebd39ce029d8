/* run.c - a run of the API: opens the engine's run with the host's setup, and keeps what it recorded.
 *
 * All of a conversation lies in one arena, the talk itself too, so that closing is giving that back. The host has the engine's
 * run as its handle; talk.c leads from there to what the API adds.
 */
#include "engine/core/run.h"

#include "engine/api/give.h"
#include "engine/api/talk.h"
#include "engine/base/json_writer.h"
#include "engine/base/suggest.h"
#include "engine/core/run_defaults.h"
#include "engine/core/tool_runner.h"

#include <baton/run.h>
#include <string.h>

enum { FIRST_EXCHANGES = 8, NS_PER_MS = 1000000 };
#define MEMORY_BYTES_DEFAULT (UINT64_C(256) * 1024 * 1024)

struct baton_run_setup baton_run_setup_for(const struct baton_agents *agents)
{
    struct baton_run_setup setup = { .agents = agents, .memory_bytes_max = MEMORY_BYTES_DEFAULT };
    if (agents != NULL) {
        setup.max_turns = agents->limits.max_turns;
        setup.max_handoffs = agents->limits.max_handoffs;
        setup.tool_timeout_ms = agents->limits.tool_timeout_ns / NS_PER_MS;
        setup.stops_at_handoff = agents->on_handoff_stop;
        setup.stops_at_loop = agents->loops_stop;
    }
    return setup;
}

/* ---- opening ---- */

static enum baton_status out_of_range(struct baton_error *err, const char *field, const char *range)
{
    return baton_error_set(err, BATON_EUSAGE, "'%s' of a run must be %s; baton_run_setup_for() fills in the defaults",
                           field, range);
}

/* A 0 is what a host forgot, but for one that the agents file means. */
static bool is_bad_limit(int32_t limit, int32_t in_file)
{
    return limit < -1 || (limit == 0 && in_file != 0);
}

static enum baton_status check(const struct baton_run_setup *setup, struct baton_error *err)
{
    if (setup == NULL || setup->agents == NULL || setup->provider == NULL) {
        return baton_give_missing(err, setup == NULL           ? "the setup of a run"
                                       : setup->agents == NULL ? "'agents' of a run"
                                                               : "'provider' of a run");
    }
    const struct baton_limits *limits = &setup->agents->limits;
    if (is_bad_limit(setup->max_turns, limits->max_turns)) {
        return out_of_range(err, "max_turns", "above 0, or -1 for no limit");
    }
    if (is_bad_limit(setup->max_handoffs, limits->max_handoffs)) {
        return out_of_range(err, "max_handoffs", "above 0, or -1 for no limit");
    }
    if (setup->tool_timeout_ms <= 0 || setup->tool_timeout_ms > INT64_MAX / NS_PER_MS) {
        return out_of_range(err, "tool_timeout_ms", "above 0");
    }
    if (setup->memory_bytes_max == 0 || setup->memory_bytes_max > SIZE_MAX / 2) {
        return out_of_range(err, "memory_bytes_max", "above 0");
    }
    return BATON_OK;
}

/* The talk, in an arena of its own. */
static enum baton_status talk_new(struct baton_talk **out, const struct baton_run_setup *setup, struct baton_error *err)
{
    struct baton_arena *arena = baton_arena_new((size_t)setup->memory_bytes_max);
    struct baton_arena *told = baton_arena_new((size_t)setup->memory_bytes_max);
    struct baton_talk *talk = *out = arena == NULL || told == NULL ? NULL : baton_arena_zero(arena, sizeof *talk);
    struct baton_str wanted = baton_str_of(setup->conversation);
    const char *id = talk == NULL ? NULL : baton_give_text(arena, wanted.length == 0 ? BATON_STR("run") : wanted);
    if (id == NULL) {
        baton_arena_free(arena);
        baton_arena_free(told);
        return baton_error_no_memory(err, NULL);
    }
    talk->callbacks = setup->callbacks;
    talk->arena = arena;
    talk->told = told;
    talk->agents = setup->agents;
    talk->runs_commands = setup->runs_commands != 0;
    talk->transcript = talk->line = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    talk->conversation_id = baton_str_of(id);
    talk->seat = (struct baton_seat){ .arena = arena,
                                      .told = told,
                                      .conversation_id = talk->conversation_id,
                                      .agents = talk->agents,
                                      .aborted = &talk->aborted,
                                      .runs_commands = talk->runs_commands,
                                      .tools = baton_tool_runner_default(),
                                      .clock = baton_clock_system() };
    return BATON_OK;
}

static void talk_free(struct baton_talk *talk)
{
    if (talk->host != NULL && talk->host->kind->rise != NULL) {
        talk->host->kind->rise(&talk->seat);
    }
    baton_text_clear(&talk->transcript);
    baton_text_clear(&talk->line);
    baton_arena_free(talk->told);
    baton_arena_free(talk->arena); /* the talk lies in it */
}

static enum baton_status find_agent(const struct baton_agents *agents, const char *name, uint32_t *out,
                                    struct baton_error *err)
{
    *out = baton_agents_find(agents, baton_str_of(name));
    if (*out != BATON_NONE) {
        return BATON_OK;
    }
    struct baton_suggest suggest;
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, baton_str_of(name));
    for (uint32_t i = 0; i < agents->count; i++) {
        baton_suggest_offer(&suggest, agents->list[i].name);
    }
    return baton_error_set(err, BATON_EUSAGE, "%s", baton_suggest_unknown(&suggest, "agent", "", text));
}

static enum baton_status take_seat(struct baton_talk *talk, struct baton_provider *provider, struct baton_error *err)
{
    struct baton_host_provider *host = (struct baton_host_provider *)provider;
    enum baton_status status = host->kind->sit(host, &talk->seat, err);
    talk->host = status == BATON_OK ? host : NULL;
    return status;
}

static enum baton_status begin(struct baton_talk *talk, const struct baton_run_setup *setup, struct baton_error *err)
{
    uint32_t entry = setup->agents->entry;
    enum baton_status status = setup->entry == NULL ? BATON_OK : find_agent(setup->agents, setup->entry, &entry, err);
    status = status == BATON_OK ? take_seat(talk, setup->provider, err) : status;
    if (status != BATON_OK) {
        return status;
    }
    baton_talk_connect(talk);
    struct baton_run_options options = baton_run_options_for(setup->agents);
    options.provider = &talk->provider;
    options.clock = talk->seat.clock;
    options.tools = &talk->tools;
    options.limits.max_turns = setup->max_turns;
    options.limits.max_handoffs = setup->max_handoffs;
    options.limits.tool_timeout_ns = setup->tool_timeout_ms * NS_PER_MS;
    options.loops_stop = setup->stops_at_loop != 0;
    options.on_handoff_stop = setup->stops_at_handoff != 0;
    options.conversation_id = talk->conversation_id;
    options.entry = entry;
    options.events = baton_talk_events(talk);
    options.hooks = &talk->hooks;
    return baton_run_new(&talk->run, talk->arena, &options, err);
}

static enum baton_status open_run(struct baton_run **out, const struct baton_run_setup *setup, struct baton_error *err)
{
    struct baton_talk *talk;
    enum baton_status status = check(setup, err);
    status = status == BATON_OK ? talk_new(&talk, setup, err) : status;
    if (status != BATON_OK) {
        return status;
    }
    status = begin(talk, setup, err);
    if (status != BATON_OK) {
        talk_free(talk);
        return status;
    }
    *out = talk->run;
    return BATON_OK;
}

struct baton_run *baton_run_open(const struct baton_run_setup *setup, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_run *run = NULL;
    baton_give_error(error, open_run(&run, setup, &err), &err);
    return run;
}

void baton_run_close(struct baton_run *run)
{
    if (run != NULL) {
        talk_free(baton_talk_of(run));
    }
}

/* ---- talking ---- */

static enum baton_status keep_exchange(struct baton_talk *talk, struct baton_exchange *exchange,
                                       struct baton_error *err)
{
    if (talk->exchange_count == talk->exchange_capacity) {
        uint32_t capacity = talk->exchange_capacity == 0 ? FIRST_EXCHANGES : talk->exchange_capacity * 2;
        struct baton_exchange **longer = baton_arena_array(talk->arena, capacity, sizeof *longer);
        if (longer == NULL) {
            return baton_error_over_limit(err, "the conversation");
        }
        if (talk->exchange_count > 0) {
            memcpy(longer, talk->exchanges, talk->exchange_count * sizeof *longer);
        }
        talk->exchanges = longer;
        talk->exchange_capacity = capacity;
    }
    talk->exchanges[talk->exchange_count++] = exchange;
    return BATON_OK;
}

static enum baton_status say(struct baton_talk *talk, const char *text, struct baton_exchange **out,
                             struct baton_error *err)
{
    const char *copy = baton_give_text(talk->arena, baton_str_of(text));
    enum baton_status status = copy == NULL ? baton_error_over_limit(err, "the conversation") : BATON_OK;
    if (status == BATON_OK && talk->host->kind->begin != NULL) {
        status = talk->host->kind->begin(talk, err);
    }
    if (status != BATON_OK) {
        return status;
    }
    talk->said++;
    __atomic_store_n(&talk->aborted, 0, __ATOMIC_RELAXED);
    status = baton_run_exchange(talk->run, baton_str_of(copy), false, out, err);
    if (status == BATON_OK && talk->trouble.status == BATON_ELIMIT) {
        status = baton_talk_take_trouble(talk, err);
    }
    return status == BATON_OK ? keep_exchange(talk, *out, err) : status;
}

static const char *agent_name(const struct baton_talk *talk, uint32_t agent)
{
    return baton_agents_name(talk->agents, agent);
}

static enum baton_status fill_answer(struct baton_talk *talk, const struct baton_exchange *exchange,
                                     struct baton_answer *answer, struct baton_error *err)
{
    const char **route = baton_arena_array(talk->arena, (size_t)exchange->depth + 1, sizeof *route);
    const char *text = baton_give_text(talk->arena, exchange->text);
    if (route == NULL || text == NULL) {
        return baton_error_over_limit(err, "the conversation");
    }
    for (uint32_t i = 0; i < exchange->depth; i++) {
        route[i] = agent_name(talk, exchange->path[i + 1]);
    }
    bool has_loop = exchange->cycle.kind != BATON_LOOP_NONE;
    const struct baton_usage *usage = &exchange->usage;
    *answer = (struct baton_answer){
        .status = baton_run_status_name(exchange->status),
        .text = text,
        .agent = agent_name(talk, exchange->final),
        .start = agent_name(talk, exchange->start),
        .route = route,
        .depth = exchange->depth,
        .turns = exchange->turn_count,
        .tool_calls = exchange->tool_calls,
        .invalid_handoffs = exchange->invalid_handoffs,
        .loop = has_loop ? baton_loop_kind_name(exchange->cycle.kind) : "",
        .is_revisit = exchange->is_revisit,
        .input_tokens = usage->is_known ? usage->input + usage->cached + usage->cache_write : -1,
        .output_tokens = usage->is_known ? usage->output : -1,
        .duration_ns = exchange->end_ns - exchange->start_ns,
    };
    return BATON_OK;
}

int baton_run_say(struct baton_run *run, const char *text, struct baton_answer *answer, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_exchange *exchange = NULL;
    if (answer != NULL) {
        *answer = (struct baton_answer){ .status = "", .text = "", .agent = "", .start = "", .loop = "" };
    }
    if (run == NULL || text == NULL) {
        return baton_give_error(error, baton_give_missing(&err, run == NULL ? "the run" : "the message"), &err);
    }
    struct baton_talk *talk = baton_talk_of(run);
    enum baton_status status = say(talk, text, &exchange, &err);
    if (status == BATON_OK && answer != NULL) {
        status = fill_answer(talk, exchange, answer, &err);
    }
    return baton_give_error(error, status, &err);
}

void baton_run_abort(struct baton_run *run)
{
    if (run != NULL) {
        __atomic_store_n(&baton_talk_of(run)->aborted, 1, __ATOMIC_RELAXED);
    }
}

/* ---- the floor ---- */

const char *baton_run_agent(const struct baton_run *run)
{
    return run == NULL ? "" : agent_name(baton_talk_of(run), baton_run_active(run));
}

int baton_run_give_floor(struct baton_run *run, const char *agent, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    if (run == NULL || agent == NULL) {
        return baton_give_error(error, baton_give_missing(&err, run == NULL ? "the run" : "the agent"), &err);
    }
    uint32_t found;
    enum baton_status status = find_agent(baton_talk_of(run)->agents, agent, &found, &err);
    if (status == BATON_OK) {
        baton_run_hold(run, found);
    }
    return baton_give_error(error, status, &err);
}

/* ---- the record ---- */

const char *baton_run_transcript(struct baton_run *run, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    if (run == NULL) {
        baton_give_error(error, baton_give_missing(&err, "the run"), &err);
        return NULL;
    }
    struct baton_talk *talk = baton_talk_of(run);
    uint32_t count;
    const struct baton_message *messages = baton_run_history(run, &count);
    struct baton_text *out = &talk->transcript;
    struct baton_text list = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    struct baton_json_writer writer = baton_json_writer_to(out, 0);
    baton_messages_write(&list, messages, count, talk->agents);
    baton_text_reset(out);
    baton_jw_open(&writer, '{');
    baton_jw_put_str(&writer, "id", talk->conversation_id);
    baton_jw_put_str(&writer, "entry", baton_agent_name(talk->agents, baton_run_options_of(run)->entry));
    baton_jw_put_raw(&writer, "messages", baton_text_str(&list));
    baton_jw_close(&writer, '}');
    enum baton_status status = out->failed || list.failed ? baton_error_no_memory(&err, NULL) : BATON_OK;
    baton_text_clear(&list);
    baton_give_error(error, status, &err);
    return status == BATON_OK ? out->data : NULL;
}
