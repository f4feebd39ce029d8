/* provider.h - what answers a model call: a transcript, a cassette, a simulated model, a live service.
 *
 * The run loop asks with a request and gets a reply; it knows nothing else of the one who answers.
 */
#ifndef BATON_ENGINE_CORE_PROVIDER_H
#define BATON_ENGINE_CORE_PROVIDER_H

#include "engine/core/conversation.h"

/* A model call, as seen by the provider. All of it is borrowed until the call returns. */
struct baton_request {
    const struct baton_agents *agents;
    uint32_t agent;          /* who is asked */
    uint32_t exchange, turn; /* from 0 within the conversation and the exchange */
    struct baton_str conversation_id;
    struct baton_str extra_instructions;  /* from a context provider; empty = none */
    const struct baton_message *messages; /* what the agent sees, oldest first; without a system prompt */
    uint32_t message_count;
    const bool *handoff_enabled;                         /* per handoff of the agent */
    struct baton_str tool_choice;                        /* empty = unset */
    uint32_t nesting;                                    /* above 0: the agent runs as a tool of another */
    struct baton_arena *arena;                           /* for the reply; lives as long as the conversation */
    void (*on_text)(void *user, struct baton_str delta); /* a streaming provider calls it for each piece of text; NULL:
                                                            nobody listens */
    void *user;
};

enum baton_finish {
    BATON_FINISH_UNKNOWN,
    BATON_FINISH_STOP,
    BATON_FINISH_TOOL_CALLS,
    BATON_FINISH_LENGTH,
    BATON_FINISH_REFUSAL,
    BATON_FINISH_CONTENT_FILTER,
    BATON_FINISH_PAUSE, /* the provider paused its own tools; it would go on if asked */
    BATON_FINISH_ERROR
};

enum baton_reply_kind {
    BATON_REPLY_MESSAGE,
    BATON_REPLY_END,     /* the recording holds nothing more for this exchange */
    BATON_REPLY_DIVERGED /* the recording goes on, but with another agent */
};

/* reply.latency_ns: a time that was recorded or simulated, or one of these. */
#define BATON_LATENCY_MEASURED INT64_C(-2) /* the call itself took the time: look at the clock */

struct baton_reply {
    enum baton_reply_kind kind;
    bool has_text;           /* false: null or absent */
    bool was_streamed;       /* the text went through on_text already */
    bool continues;          /* the recording goes on in this exchange after a text without calls */
    uint32_t recorded_agent; /* DIVERGED: who spoke in the recording */
    struct baton_str text;
    const struct baton_tool_call *calls;
    uint32_t call_count;
    enum baton_finish finish;
    struct baton_usage usage;
    struct baton_native native; /* in the request's arena */
    int64_t latency_ns;         /* or BATON_TIME_UNKNOWN, BATON_LATENCY_MEASURED */
    int64_t ttft_ns;            /* from the start of the call to its first text, or BATON_TIME_UNKNOWN */
};

struct baton_provider {
    /* Fills reply, which comes zeroed but for its times (unknown). An error ends the exchange with status `error`. */
    enum baton_status (*call)(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err);
};

#endif
