/* talk.c - the engine's hooks in the host's words.
 *
 * The engine asks in its own terms: borrowed texts with a length, agents by index, arenas. The host gets texts with a NUL
 * that live until it returns, and a struct baton_call to answer. Each hook here is the same three steps: begin a call, ask,
 * take the answer. A hook cannot fail, so what goes wrong in one is noted and ends the exchange at its next model call.
 *
 * Tools go through a runner of ours rather than the engine's hook alone: it knows for which agent they are called.
 */
#include "engine/api/talk.h"

#include "engine/api/give.h"
#include "engine/core/tool_runner.h"

#include <string.h>

struct baton_talk *baton_talk_of(const struct baton_run *run)
{
    return baton_run_options_of(run)->hooks->user;
}

static bool is_aborted(const struct baton_talk *talk)
{
    return __atomic_load_n(&talk->aborted, __ATOMIC_RELAXED) != 0;
}

/* The first one counts. */
static void note_trouble(struct baton_talk *talk, enum baton_status status, const char *text)
{
    if (talk->trouble.status == BATON_OK) {
        baton_error_set(&talk->trouble, status, "%s", text);
    }
}

static void note_no_memory(struct baton_talk *talk)
{
    if (talk->trouble.status == BATON_OK) {
        baton_error_over_limit(&talk->trouble, "the conversation");
    }
}

enum baton_status baton_talk_take_trouble(struct baton_talk *talk, struct baton_error *err)
{
    *err = talk->trouble;
    talk->trouble = (struct baton_error){ .status = BATON_OK };
    return err->status;
}

/* ---- asking ---- */

typedef int (*ask_function)(void *user, struct baton_call *call);

/* What came of a callback. */
struct answered {
    bool is_handled, has_failed;
    struct baton_str text;
};

static struct answered ask(struct baton_talk *talk, ask_function callback, const struct baton_call_asked *asked)
{
    struct answered answered = { .text = { "", 0 } };
    struct baton_call call;
    if (callback == NULL) {
        return answered;
    }
    baton_call_begin(&call, asked, talk->told, talk->arena);
    if (!call.is_out_of_memory && callback(talk->callbacks.user, &call) != 0) {
        answered =
            (struct answered){ .is_handled = true, .has_failed = call.has_failed, .text = baton_call_answer(&call) };
    }
    if (call.is_out_of_memory) {
        note_no_memory(talk);
    }
    baton_call_end(&call);
    return answered;
}

static struct baton_call_asked asked_of(const struct baton_talk *talk, uint32_t agent)
{
    return (struct baton_call_asked){ .agents = talk->agents,
                                      .conversation_id = talk->conversation_id,
                                      .agent = agent,
                                      .exchange = talk->said == 0 ? 0 : talk->said - 1,
                                      .aborted = &talk->aborted };
}

/* A text for a callback that gets texts only. */
static const char *tell(struct baton_talk *talk, struct baton_str text)
{
    const char *told = baton_give_text(talk->told, text);
    if (told == NULL) {
        note_no_memory(talk);
    }
    return told == NULL ? "" : told;
}

static const char *tell_agent(struct baton_talk *talk, uint32_t agent)
{
    return tell(talk, baton_agent_name(talk->agents, agent));
}

/* ---- tools ---- */

static bool is_outside(const struct baton_tool *tool)
{
    return tool->kind == BATON_TOOL_EXEC || tool->kind == BATON_TOOL_HTTP;
}

static void job_fail(struct baton_tool_job *job, struct baton_str text)
{
    job->result = text;
    job->is_error = true;
}

static bool on_tool(void *user, struct baton_tool_job *job, struct baton_arena *arena)
{
    (void)arena;
    struct baton_talk *talk = user;
    struct baton_call_asked asked = asked_of(talk, talk->batch->agent);
    asked.name = job->call->name;
    asked.arguments = job->call->arguments;
    asked.turn = talk->batch->turn;
    asked.nesting = baton_run_options_of(talk->batch->run)->nesting;
    struct answered answered = ask(talk, talk->callbacks.tool, &asked);
    if (!answered.is_handled && is_outside(job->tool) && !talk->runs_commands) {
        job_fail(job, BATON_STR("the host does not run the commands and services of the agents file"));
        return true;
    }
    job->result = answered.is_handled ? answered.text : job->result;
    job->is_error = answered.is_handled && answered.has_failed;
    return answered.is_handled;
}

static struct baton_talk *of_tools(struct baton_tool_runner *runner)
{
    return (struct baton_talk *)((char *)runner - offsetof(struct baton_talk, tools));
}

static enum baton_status run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                   struct baton_error *err)
{
    struct baton_talk *talk = of_tools(runner);
    const struct baton_tool_batch *outer = talk->batch;
    talk->batch = batch;
    enum baton_status status = talk->seat.tools->run_tools(talk->seat.tools, batch, err);
    talk->batch = outer;
    return status;
}

/* ---- handoffs ---- */

static struct baton_call_asked asked_for_handoff(const struct baton_talk *talk, const struct baton_handoff *handoff)
{
    struct baton_call_asked asked = asked_of(talk, handoff->target);
    asked.name = handoff->tool_name;
    return asked;
}

static bool on_context(void *user, struct baton_context_job *job)
{
    struct baton_talk *talk = user;
    struct baton_call_asked asked = asked_for_handoff(talk, job->handoff);
    asked.turn = job->turn;
    asked.nesting = baton_run_options_of(job->run)->nesting;
    asked.messages = job->messages;
    asked.message_count = job->message_count;
    struct answered answered = ask(talk, talk->callbacks.context, &asked);
    job->instructions = answered.text;
    return answered.is_handled && !answered.has_failed;
}

static enum baton_status provide_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                         struct baton_error *err)
{
    struct baton_talk *talk = of_tools(runner);
    if (!talk->runs_commands && talk->seat.tools == baton_tool_runner_default()) {
        return baton_error_set(err, BATON_EPROVIDER,
                               "the host does not run the commands and services of the agents file");
    }
    return talk->seat.tools->provide_context(talk->seat.tools, job, err);
}

/* The messages of a filter's answer, read as a conversation is. */
static bool read_messages(struct baton_talk *talk, struct baton_str answer, struct baton_arena *arena,
                          struct baton_message **out, uint32_t *out_count)
{
    struct baton_conversation conversation;
    const struct baton_json *root = NULL;
    const char *text = baton_arena_printf(arena, "{\"messages\":%.*s}", BATON_STR_ARGS(answer));
    const struct baton_source source = { .name = "the messages of a filter", .text = baton_str_of(text) };
    struct baton_error err = { 0 };
    enum baton_status status = text == NULL ? BATON_ELIMIT : baton_json_parse(&root, arena, &source, &err);
    if (status == BATON_OK) {
        status =
            baton_conversation_read(&conversation, arena, talk->agents, &source, root, talk->conversation_id, &err);
    }
    if (status != BATON_OK) {
        char line[BATON_ERROR_TEXT_BYTES + BATON_ERROR_FILE_BYTES];
        note_trouble(talk, status == BATON_EINPUT ? BATON_EPROVIDER : status,
                     baton_error_format(&err, line, sizeof line));
        return false;
    }
    *out = baton_arena_array(arena, conversation.message_count, sizeof **out);
    *out_count = conversation.message_count;
    if (*out == NULL) {
        note_no_memory(talk);
        return false;
    }
    memcpy(*out, conversation.messages, conversation.message_count * sizeof **out);
    return true;
}

static bool on_filter(void *user, const struct baton_handoff *handoff, const struct baton_message *messages,
                      uint32_t count, struct baton_arena *arena, struct baton_message **out, uint32_t *out_count)
{
    struct baton_talk *talk = user;
    struct baton_call_asked asked = asked_for_handoff(talk, handoff);
    asked.messages = messages;
    asked.message_count = count;
    struct answered answered = ask(talk, talk->callbacks.filter, &asked);
    return answered.is_handled && !answered.has_failed && read_messages(talk, answered.text, arena, out, out_count);
}

static bool on_handoff_enabled(void *user, uint32_t from, const struct baton_handoff *handoff)
{
    struct baton_talk *talk = user;
    struct baton_arena_mark mark = baton_arena_mark(talk->told);
    const char *source = tell_agent(talk, from), *target = tell_agent(talk, handoff->target);
    bool is_open = talk->callbacks.handoff_enabled(talk->callbacks.user, source, target) != 0;
    baton_arena_rollback(talk->told, mark);
    return is_open;
}

static bool on_handoff(void *user, uint32_t from, const struct baton_handoff *handoff, struct baton_str arguments,
                       struct baton_str *message)
{
    (void)message;
    struct baton_talk *talk = user;
    struct baton_arena_mark mark = baton_arena_mark(talk->told);
    const char *source = tell_agent(talk, from), *target = tell_agent(talk, handoff->target);
    const char *given = tell(talk, arguments);
    bool is_taken = talk->callbacks.handoff(talk->callbacks.user, source, target, given) != 0;
    baton_arena_rollback(talk->told, mark);
    return is_taken;
}

/* ---- guards and limits ---- */

static bool guard(struct baton_talk *talk, int (*callback)(void *user, const char *agent, const char *text),
                  uint32_t agent, struct baton_str text)
{
    struct baton_arena_mark mark = baton_arena_mark(talk->told);
    const char *name = tell_agent(talk, agent), *told = tell(talk, text);
    bool passes = talk->trouble.status == BATON_OK && callback(talk->callbacks.user, name, told) != 0;
    baton_arena_rollback(talk->told, mark);
    return passes;
}

static bool on_guard_input(void *user, uint32_t agent, struct baton_str text)
{
    struct baton_talk *talk = user;
    return guard(talk, talk->callbacks.guard_input, agent, text);
}

static bool on_guard_output(void *user, uint32_t agent, struct baton_str text)
{
    struct baton_talk *talk = user;
    return guard(talk, talk->callbacks.guard_output, agent, text);
}

static bool on_limit(void *user, uint32_t agent, enum baton_run_status status, struct baton_str *text)
{
    struct baton_talk *talk = user;
    struct baton_call_asked asked = asked_of(talk, agent);
    asked.name = baton_str_of(baton_run_status_name(status));
    struct answered answered = ask(talk, talk->callbacks.limit, &asked);
    *text = answered.text;
    return answered.is_handled && !answered.has_failed;
}

/* ---- events ---- */

/* An event in the host's words, with what its line is written from. */
struct told_event {
    struct baton_talk *talk;
    const struct baton_event *event;
};

static void on_event(void *user, const struct baton_event *event)
{
    struct baton_talk *talk = user;
    struct told_event inside = { .talk = talk, .event = event };
    struct baton_arena_mark mark = baton_arena_mark(talk->told);
    bool is_handoff = event->type == BATON_EVENT_HANDOFF;
    const struct baton_run_event told = {
        .type = baton_event_name(event->type),
        .seq = event->seq,
        .at_ns = event->at_ns,
        .exchange = event->exchange,
        .turn = event->turn,
        .nesting = event->nesting,
        .loop_length = event->loop_length,
        .is_error = event->is_error,
        .agent = tell_agent(talk, event->agent),
        .from = is_handoff ? tell_agent(talk, event->from) : "",
        .to = is_handoff ? tell_agent(talk, event->to) : "",
        .name = tell(talk, event->name),
        .call_id = tell(talk, event->call_id),
        .arguments = tell(talk, event->arguments),
        .text = tell(talk, event->text),
        .status = event->status == NULL ? "" : event->status,
        .inside = &inside,
    };
    if (talk->trouble.status == BATON_OK) {
        talk->callbacks.event(talk->callbacks.user, &told);
    }
    baton_arena_rollback(talk->told, mark);
}

const char *baton_run_event_line(const struct baton_run_event *event)
{
    const struct told_event *inside = event->inside;
    struct baton_text *line = &inside->talk->line;
    baton_text_reset(line);
    baton_event_write(line, inside->event, inside->talk->agents);
    return line->failed ? NULL : line->data;
}

struct baton_event_sink baton_talk_events(struct baton_talk *talk)
{
    return (struct baton_event_sink){ .on_event = talk->callbacks.event == NULL ? NULL : on_event, .user = talk };
}

/* ---- model calls ---- */

static enum baton_status aborted(struct baton_error *err)
{
    return baton_error_set(err, BATON_EPROVIDER, "the host aborted the exchange");
}

/* An abort is an end of the exchange like a provider's failure, and so is what went wrong in a hook. */
static enum baton_status provider_call(struct baton_provider *provider, const struct baton_request *request,
                                       struct baton_reply *reply, struct baton_error *err)
{
    struct baton_talk *talk = (struct baton_talk *)((char *)provider - offsetof(struct baton_talk, provider));
    if (talk->trouble.status != BATON_OK) {
        return baton_talk_take_trouble(talk, err);
    }
    if (is_aborted(talk)) {
        return aborted(err);
    }
    enum baton_status status = talk->seat.provider->call(talk->seat.provider, request, reply, err);
    return is_aborted(talk) && (status == BATON_OK || status == BATON_EINTERRUPTED) ? aborted(err) : status;
}

void baton_talk_connect(struct baton_talk *talk)
{
    const struct baton_callbacks *callbacks = &talk->callbacks;
    talk->provider.call = provider_call;
    talk->tools = (struct baton_tool_runner){ .run_tools = run_tools, .provide_context = provide_context };
    talk->hooks = (struct baton_hooks){
        .user = talk,
        .tool = on_tool,
        .handoff_enabled = callbacks->handoff_enabled == NULL ? NULL : on_handoff_enabled,
        .on_handoff = callbacks->handoff == NULL ? NULL : on_handoff,
        .context = callbacks->context == NULL ? NULL : on_context,
        .filter = callbacks->filter == NULL ? NULL : on_filter,
        .guard_input = callbacks->guard_input == NULL ? NULL : on_guard_input,
        .guard_output = callbacks->guard_output == NULL ? NULL : on_guard_output,
        .on_limit = callbacks->limit == NULL ? NULL : on_limit,
    };
}
