#include "engine/tests/stage.h"

#include "engine/base/yaml.h"
#include "engine/core/tool_runner.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 64 * 1024 * 1024, TEXT_MAX = 4 * 1024 * 1024, NS_PER_MS = 1000000 };

static const char *or_default(const char *text, const char *fallback)
{
    return text == NULL ? fallback : text;
}

/* ---- texts ---- */

/* The text with " as ', kept for the life of the stage. */
static const char *keep(struct stage *stage, struct baton_text *text)
{
    cr_assert_not(text->failed);
    char *copy = baton_arena_copy(stage->life, text->length == 0 ? "" : text->data, text->length);
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        *c = *c == '"' ? '\'' : *c;
    }
    baton_text_clear(text);
    return copy;
}

static void put(struct baton_text *out, struct baton_str text)
{
    baton_text_append(out, text.data, text.length);
}

static void put_name(struct baton_text *out, const struct stage *stage, uint32_t agent)
{
    put(out, baton_agent_name(stage->agents, agent));
}

void stage_note(struct stage *stage, const char *format, ...)
{
    char word[256];
    va_list args;
    va_start(args, format);
    vsnprintf(word, sizeof word, format, args);
    va_end(args);
    if (!stage->options.is_quiet) {
        baton_text_puts(&stage->log, stage->log.length > 0 ? " " : "");
        baton_text_puts(&stage->log, word);
    }
}

const char *stage_log(struct stage *stage)
{
    struct baton_text copy = baton_text_with_limit(TEXT_MAX);
    put(&copy, baton_text_str(&stage->log));
    return keep(stage, &copy);
}

static void put_message(struct baton_text *out, const struct stage *stage, const struct baton_message *message)
{
    switch (message->role) {
    case BATON_ROLE_SYSTEM:
    case BATON_ROLE_USER:
        baton_text_puts(out, message->role == BATON_ROLE_USER ? "user " : "system ");
        put(out, message->content);
        return;
    case BATON_ROLE_TOOL:
        baton_text_putc(out, '=');
        put(out, message->content);
        return;
    case BATON_ROLE_ASSISTANT:
        put_name(out, stage, message->agent);
        baton_text_putc(out, ':');
        if (message->has_content) {
            baton_text_putc(out, ' ');
            put(out, message->content);
        }
        for (uint32_t i = 0; i < message->call_count; i++) {
            baton_text_puts(out, i == 0 ? " [" : " ");
            put(out, message->calls[i].name);
            put(out, message->calls[i].arguments);
        }
        baton_text_puts(out, message->call_count > 0 ? "]" : "");
        return;
    }
}

const char *stage_seen(struct stage *stage, const struct baton_message *messages, uint32_t count)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        baton_text_puts(&out, i == 0 ? "" : " | ");
        put_message(&out, stage, &messages[i]);
    }
    return keep(stage, &out);
}

static void put_event(struct baton_text *out, const struct stage *stage, const struct baton_event *event)
{
    static const char *const words[] = { "start", "text",     "call:",    "result:", "handoff:", "agent:",
                                         "loop:", "warning:", "failure:", "end",     "done:" };
    for (uint32_t i = 0; i < event->nesting; i++) {
        baton_text_putc(out, '+');
    }
    baton_text_puts(out, event->is_error ? "error:" : words[event->type]);
    if (event->type == BATON_EVENT_HANDOFF) {
        put_name(out, stage, event->from);
        baton_text_putc(out, '>');
        put_name(out, stage, event->to);
    } else if (event->type == BATON_EVENT_AGENT_UPDATED) {
        put_name(out, stage, event->agent);
    } else if (event->type == BATON_EVENT_DONE) {
        baton_text_puts(out, event->status);
    } else {
        put(out, event->name);
    }
}

const char *stage_events(struct stage *stage)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < stage->event_count; i++) {
        const struct baton_event *event = &stage->events[i];
        if (i > 0 && event->type == BATON_EVENT_TEXT_DELTA && event[-1].type == BATON_EVENT_TEXT_DELTA) {
            continue;
        }
        baton_text_puts(&out, i == 0 ? "" : " ");
        put_event(&out, stage, event);
    }
    return keep(stage, &out);
}

const char *stage_event_lines(struct stage *stage)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < stage->event_count; i++) {
        baton_event_write(&out, &stage->events[i], stage->agents);
        baton_text_putc(&out, '\n');
    }
    return keep(stage, &out);
}

static void put_path(struct baton_text *out, const struct stage *stage, const struct baton_exchange *exchange)
{
    for (uint32_t i = 0; i <= exchange->depth; i++) {
        baton_text_puts(out, i == 0 ? "" : ">");
        put_name(out, stage, exchange->path[i]);
    }
}

const char *stage_outcome(struct stage *stage, const struct baton_exchange *exchange)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    baton_text_puts(&out, baton_run_status_name(exchange->status));
    baton_text_putc(&out, ' ');
    put_name(&out, stage, exchange->final);
    baton_text_puts(&out, " '");
    put(&out, exchange->text);
    baton_text_puts(&out, "' ");
    put_path(&out, stage, exchange);
    baton_text_printf(&out, " turns %u tools %u invalid %u ignored %u", exchange->turn_count, exchange->tool_calls,
                      exchange->invalid_handoffs, exchange->ignored_handoffs);
    return keep(stage, &out);
}

const char *stage_record(struct stage *stage)
{
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < stage->exchange_count; i++) {
        const struct baton_exchange *exchange = stage->exchanges[i];
        baton_text_printf(&out, "%s from %u ns %llu-%llu tokens %lld\n", stage_outcome(stage, exchange),
                          exchange->start, (unsigned long long)exchange->start_ns, (unsigned long long)exchange->end_ns,
                          (long long)exchange->usage.input);
        for (uint32_t t = 0; t < exchange->turn_count; t++) {
            const struct baton_turn *turn = &exchange->turns[t];
            baton_text_printf(&out, "  %u %s to %d calls %u ns %llu-%llu first %lld timed %d ", turn->agent,
                              baton_choice_name(turn->choice), (int)turn->handoff_to, turn->call_count,
                              (unsigned long long)turn->start_ns, (unsigned long long)turn->end_ns,
                              (long long)turn->first_text_ns, turn->is_timed);
            put(&out, turn->wanted);
            baton_text_puts(&out, " (");
            put(&out, turn->reason);
            baton_text_puts(&out, ") ");
            put(&out, turn->text);
            baton_text_putc(&out, '\n');
        }
    }
    uint32_t count;
    const struct baton_message *messages = baton_run_history(stage->run, &count);
    for (uint32_t i = 0; i < count; i++) {
        baton_text_printf(&out, "latency %lld first %lld ", (long long)messages[i].latency_ns,
                          (long long)messages[i].ttft_ns);
    }
    baton_messages_write(&out, messages, count, stage->agents);
    return keep(stage, &out);
}

/* ---- what the model is asked ---- */

static const char *offered(struct stage *stage, const struct baton_request *request)
{
    const struct baton_agent *agent = &request->agents->list[request->agent];
    struct baton_text out = baton_text_with_limit(TEXT_MAX);
    for (uint32_t i = 0; i < agent->tool_count; i++) {
        baton_text_puts(&out, out.length == 0 ? "" : " ");
        put(&out, request->agents->tools[agent->tools[i]].name);
    }
    for (uint32_t i = 0; i < agent->handoff_count; i++) {
        if (request->handoff_enabled[i]) {
            baton_text_puts(&out, out.length == 0 ? "" : " ");
            put(&out, agent->handoffs[i].tool_name);
        }
    }
    return keep(stage, &out);
}

static const char *kept_str(struct stage *stage, struct baton_str str)
{
    return baton_arena_copy(stage->life, str.data, str.length);
}

static void on_request(void *user, const struct baton_request *request)
{
    struct stage *stage = user;
    if (stage->options.is_quiet) {
        return;
    }
    cr_assert_lt(stage->request_count, STAGE_REQUESTS_MAX);
    struct baton_text messages = baton_text_with_limit(TEXT_MAX);
    baton_messages_write(&messages, request->messages, request->message_count, request->agents);
    stage->requests[stage->request_count++] = (struct stage_request){
        .agent = request->agent,
        .exchange = request->exchange,
        .turn = request->turn,
        .nesting = request->nesting,
        .messages = keep(stage, &messages),
        .seen = stage_seen(stage, request->messages, request->message_count),
        .offered = offered(stage, request),
        .instructions = kept_str(stage, request->extra_instructions),
        .tool_choice = kept_str(stage, request->tool_choice),
    };
    struct baton_str name = baton_agent_name(stage->agents, request->agent);
    stage_note(stage, "%sask:%.*s", request->nesting > 0 ? "+" : "", (int)name.length, name.data);
}

static void on_event(void *user, const struct baton_event *event)
{
    struct stage *stage = user;
    cr_assert_lt(stage->event_count, STAGE_EVENTS_MAX);
    stage->events[stage->event_count++] = *event;
}

struct baton_event_sink stage_sink(struct stage *stage)
{
    return (struct baton_event_sink){ .on_event = on_event, .user = stage };
}

/* ---- the tools ---- */

static const char *argument(struct baton_arena *arena, const struct baton_tool_job *job, const char *name)
{
    const struct baton_json *node = NULL;
    struct baton_source source = { .name = "arguments", .text = job->call->arguments };
    if (baton_json_parse(&node, arena, &source, NULL) != BATON_OK) {
        return "unreadable";
    }
    node = baton_json_get(node, name);
    return node == NULL ? "undefined" : baton_arena_copy(arena, node->text.data, node->text.length);
}

bool stage_tool(void *user, struct baton_tool_job *job, struct baton_arena *arena)
{
    struct stage *stage = user;
    struct baton_str name = job->tool->name, arguments = job->call->arguments;
    const char *text;
    if (baton_str_is(name, "lookup_account")) {
        text = baton_arena_printf(arena, "account %s: pro", argument(arena, job, "id"));
        job->duration_ns = 50 * (uint64_t)NS_PER_MS;
    } else if (baton_str_is(name, "quick")) {
        text = "quick ok";
        job->duration_ns = 5 * (uint64_t)NS_PER_MS;
    } else if (baton_str_is(name, "boom")) {
        text = "kaboom";
        job->is_error = true;
    } else if (baton_str_is(name, "refund")) {
        text = baton_arena_printf(arena, "refunded %s", argument(arena, job, "amount"));
    } else {
        return false;
    }
    job->result = baton_str_of(text == NULL ? "" : text);
    stage_note(stage, "run:%.*s(%.*s)", (int)name.length, name.data, (int)arguments.length, arguments.data);
    return true;
}

/* ---- opening and closing ---- */

static const char *agents_text(struct stage *stage)
{
    const struct stage_options *options = &stage->options;
    if (options->yaml != NULL) {
        return options->yaml;
    }
    return baton_arena_printf(
        stage->life,
        "version: 1\n"
        "entry: triage\n"
        "%s\n"
        "agents:\n"
        "  triage: { instructions: You are triage., %s }\n"
        "  billing: { instructions: You are billing., description: Handles payments., %s }\n"
        "  tech: { instructions: You are tech., %s }\n"
        "tools:\n"
        "  lookup_account:\n"
        "    parameters: { type: object, properties: { id: { type: string } }, required: [id] }\n"
        "    result: unused\n"
        "  quick: { parameters: { type: object, properties: {} }, result: unused }\n"
        "  boom: { result: unused }\n"
        "  refund:\n"
        "    parameters: { type: object, properties: { amount: { type: number } }, required: [amount] }\n"
        "    result: unused\n"
        "%s\n",
        or_default(options->top, ""), or_default(options->triage, TRIAGE_TOOLS ", handoffs: [billing, tech]"),
        or_default(options->billing, "tools: [refund]"), or_default(options->tech, "tools: []"),
        or_default(options->tools, ""));
}

static void load(struct stage *stage)
{
    const char *text = agents_text(stage);
    struct baton_source *source = baton_arena_zero(stage->life, sizeof *source);
    *source = (struct baton_source){ .name = or_default(stage->options.file, "agents.yaml"),
                                     .line_first = 1,
                                     .text = baton_str_of(text) };
    const struct baton_json *root = NULL;
    struct baton_error err;
    char line[1024];
    enum baton_status status = baton_yaml_parse(&root, stage->life, source, &err);
    if (status == BATON_OK) {
        status = baton_agents_parse(&stage->agents, stage->life, source, root, stage->options.profile, &err);
    }
    cr_assert_eq(status, BATON_OK, "%s", baton_error_format(&err, line, sizeof line));
}

void stage_open(struct stage *stage, const struct stage_options *options)
{
    memset(stage, 0, sizeof *stage);
    stage->options = *options;
    stage->log = baton_text_with_limit(TEXT_MAX);
    stage->life = baton_arena_new(MEMORY_MAX);
    stage->arena = baton_arena_new(MEMORY_MAX);
    stage->events = baton_arena_array(stage->life, STAGE_EVENTS_MAX, sizeof *stage->events);
    load(stage);
    struct baton_loop_mark *marks = baton_arena_array(stage->life, stage->agents->count, sizeof *marks);
    baton_loop_marks_init(&stage->marks, marks, stage->agents->count);
    script_clock_init(&stage->clock);
    script_init(&stage->script, stage->options.replies, &stage->clock.clock);
    stage->script.repeats = options->repeats;
    stage->script.streams = options->streams;
    stage->script.on_request = on_request;
    stage->script.user = stage;
    stage->options.hooks.user = stage;
    if (stage->options.hooks.tool == NULL) {
        stage->options.hooks.tool = stage_tool;
    }
}

void stage_close(struct stage *stage)
{
    baton_text_clear(&stage->log);
    baton_arena_free(stage->arena);
    baton_arena_free(stage->life);
}

static enum baton_status begin(struct stage *stage)
{
    struct baton_run_options options = {
        .agents = stage->agents,
        .provider = &stage->script.provider,
        .clock = &stage->clock.clock,
        .tools = stage->options.runner != NULL ? stage->options.runner : baton_tool_runner_default(),
        .limits = stage->agents->limits,
        .loops_stop = stage->agents->loops_stop,
        .on_handoff_stop = stage->agents->on_handoff_stop,
        .marks = &stage->marks,
        .conversation_id = BATON_STR("case"),
        .entry = stage->agents->entry,
        .events = stage_sink(stage),
        .hooks = &stage->options.hooks,
    };
    return baton_run_new(&stage->run, stage->arena, &options, &stage->err);
}

struct baton_exchange *stage_say(struct stage *stage, const char *text, bool starts_over)
{
    struct baton_exchange *exchange = NULL;
    stage->status = stage->run == NULL ? begin(stage) : BATON_OK;
    if (stage->status == BATON_OK) {
        stage->status = baton_run_exchange(stage->run, baton_str_of(text), starts_over, &exchange, &stage->err);
    }
    if (exchange != NULL) {
        cr_assert_lt(stage->exchange_count, STAGE_EXCHANGES_MAX);
        stage->exchanges[stage->exchange_count++] = exchange;
    }
    return exchange;
}
