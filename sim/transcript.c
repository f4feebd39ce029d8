#include "sim/transcript.h"

#include "engine/core/tool_name.h"

#include <string.h>

static struct baton_transcript *of_provider(struct baton_provider *provider)
{
    return (struct baton_transcript *)((char *)provider - offsetof(struct baton_transcript, provider));
}

static struct baton_transcript *of_runner(struct baton_tool_runner *runner)
{
    return (struct baton_transcript *)((char *)runner - offsetof(struct baton_transcript, tools));
}

/* ---- who speaks, where the recording does not say ---- */

/* The agent that a transfer tool's name means anywhere in the file, or BATON_NONE. */
static uint32_t transfer_target(const struct baton_agents *agents, uint32_t holder, struct baton_str name,
                                struct baton_arena *arena)
{
    const struct baton_handoff *own = baton_agent_handoff(&agents->list[holder], name);
    if (own != NULL) {
        return own->target;
    }
    struct baton_str rest = baton_str_after(name, strlen(BATON_TRANSFER_PREFIX));
    if (rest.length == 0 || !baton_str_starts(name, BATON_TRANSFER_PREFIX)) {
        return BATON_NONE;
    }
    uint32_t exact = baton_agents_find(agents, rest);
    for (uint32_t i = 0; i < agents->count && exact == BATON_NONE; i++) {
        const struct baton_handoff *handoff = baton_agent_handoff(&agents->list[i], name);
        struct baton_arena_mark mark = baton_arena_mark(arena);
        struct baton_str usual = baton_transfer_name(arena, agents->profile->name_rule, agents->list[i].name);
        if (handoff != NULL) {
            exact = handoff->target;
        } else if (usual.data != NULL && baton_str_equal(usual, name)) {
            exact = i;
        }
        baton_arena_rollback(arena, mark);
    }
    return exact;
}

/* The first result after the message with that call id, or NULL. */
static const struct baton_message *result_of(const struct baton_transcript *transcript, uint32_t message,
                                             struct baton_str call_id)
{
    for (uint32_t i = message + 1; i < transcript->end; i++) {
        const struct baton_message *candidate = &transcript->conversation->messages[i];
        if (candidate->role == BATON_ROLE_TOOL && baton_str_equal(candidate->tool_call_id, call_id)) {
            return candidate;
        }
    }
    return NULL;
}

static bool is_refusal(const struct baton_message *result)
{
    return result != NULL && baton_str_starts(result->content, "Error");
}

/* Moves the holder on by the transfers of a message. */
static void follow(struct baton_transcript *transcript, uint32_t index)
{
    const struct baton_message *message = &transcript->conversation->messages[index];
    for (uint32_t i = 0; i < message->call_count; i++) {
        uint32_t target =
            transfer_target(transcript->agents, transcript->holder, message->calls[i].name, transcript->arena);
        if (target != BATON_NONE && !is_refusal(result_of(transcript, index, message->calls[i].id))) {
            transcript->holder = target;
            return;
        }
    }
}

/* ---- the provider ---- */

static uint32_t next_assistant(const struct baton_transcript *transcript, uint32_t from)
{
    while (from < transcript->end && transcript->conversation->messages[from].role != BATON_ROLE_ASSISTANT) {
        from++;
    }
    return from;
}

static enum baton_status transcript_call(struct baton_provider *provider, const struct baton_request *request,
                                         struct baton_reply *reply, struct baton_error *err)
{
    (void)err;
    struct baton_transcript *transcript = of_provider(provider);
    uint32_t index = next_assistant(transcript, transcript->next);
    if (index == transcript->end) {
        reply->kind = BATON_REPLY_END;
        return BATON_OK;
    }
    const struct baton_message *message = &transcript->conversation->messages[index];
    if (message->agent != BATON_NONE) {
        transcript->holder = message->agent;
    }
    if (transcript->holder != request->agent) {
        reply->kind = BATON_REPLY_DIVERGED;
        reply->recorded_agent = transcript->holder;
        return BATON_OK;
    }
    transcript->last = index;
    transcript->next = index + 1;
    if (message->call_count > 0) {
        follow(transcript, index);
    }
    reply->has_text = message->has_content;
    reply->text = message->content;
    reply->calls = message->calls;
    reply->call_count = message->call_count;
    reply->usage = message->usage;
    reply->latency_ns = message->latency_ns;
    reply->ttft_ns = message->ttft_ns;
    reply->continues = message->call_count == 0 && next_assistant(transcript, transcript->next) < transcript->end;
    return BATON_OK;
}

/* ---- tools, from the recording ---- */

static enum baton_status transcript_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                          struct baton_error *err)
{
    (void)err;
    struct baton_transcript *transcript = of_runner(runner);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        const struct baton_message *result = result_of(transcript, transcript->last, job->call->id);
        job->result = result == NULL ? (struct baton_str){ "", 0 } : result->content;
        job->is_error = is_refusal(result);
        job->is_worded = true;
    }
    return BATON_OK;
}

static enum baton_status transcript_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                            struct baton_error *err)
{
    (void)runner;
    (void)job; /* what a context provider added is not part of a transcript */
    (void)err;
    return BATON_OK;
}

void baton_transcript_init(struct baton_transcript *transcript, const struct baton_agents *agents,
                           const struct baton_conversation *conversation, struct baton_arena *arena)
{
    *transcript = (struct baton_transcript){
        .provider = { .call = transcript_call },
        .tools = { .run_tools = transcript_tools, .provide_context = transcript_context },
        .conversation = conversation,
        .agents = agents,
        .arena = arena,
        .holder = conversation->entry,
    };
}

uint32_t baton_transcript_begin(struct baton_transcript *transcript, uint32_t user_message)
{
    /* Messages of the exchange before that were never asked for still say who holds the conversation. */
    for (uint32_t i = next_assistant(transcript, transcript->next); i < transcript->end;
         i = next_assistant(transcript, i + 1)) {
        const struct baton_message *message = &transcript->conversation->messages[i];
        transcript->holder = message->agent != BATON_NONE ? message->agent : transcript->holder;
        follow(transcript, i);
    }
    if (transcript->conversation->messages[user_message].starts_over) {
        transcript->holder = transcript->conversation->entry;
    }
    transcript->next = user_message + 1;
    transcript->end = baton_conversation_next_user(transcript->conversation, user_message + 1);
    return transcript->holder;
}
