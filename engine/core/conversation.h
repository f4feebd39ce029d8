/* conversation.h - messages, and recorded or written conversations (FORMATS section 2).
 *
 * A conversation is OpenAI chat messages with a few fields of ours. Reading checks everything strictly, except that
 * fields known from the providers' own messages and of no use here are passed over.
 *
 * Owns:     nothing: it lives in the arena of the load and points into the source, which must outlive it.
 * Threads:  read-only once loaded.
 */
#ifndef BATON_ENGINE_CORE_CONVERSATION_H
#define BATON_ENGINE_CORE_CONVERSATION_H

#include "engine/core/agents.h"

enum baton_role { BATON_ROLE_SYSTEM, BATON_ROLE_USER, BATON_ROLE_ASSISTANT, BATON_ROLE_TOOL };

#define BATON_TIME_UNKNOWN INT64_C(-1)

struct baton_usage {
    int64_t input, output, cached, cache_write, reasoning; /* tokens; input is without the cached ones, output with the
                                                              reasoning ones, whatever the provider's own counting */
    bool is_known;
};

/* A reply as its provider wrote it, where that holds more than text and calls (thinking, encrypted reasoning): sent back
 * as it was to the same kind of provider, and to no other. */
struct baton_native {
    const char *format; /* name of the codec; NULL: nothing more */
    struct baton_str json;
};

struct baton_tool_call {
    struct baton_str id, name, arguments; /* arguments: the text as sent, "" when empty or null */
};

struct baton_message {
    enum baton_role role;
    bool has_content; /* false: null or absent */
    bool starts_over; /* user: `continue: entry` */
    uint32_t agent;   /* assistant: who spoke, or BATON_NONE where the recording does not say */
    struct baton_str content;
    const struct baton_tool_call *calls;
    uint32_t call_count;
    uint32_t offset;               /* of the message in its source */
    struct baton_str tool_call_id; /* tool: the call it answers */
    int64_t latency_ns, ttft_ns;   /* BATON_TIME_UNKNOWN where not recorded */
    struct baton_usage usage;
    struct baton_native native;      /* assistant */
    const struct baton_json *expect; /* user: label of its exchange, for whoever judges; NULL or a null node: none */
};

struct baton_conversation {
    struct baton_str id;
    uint32_t entry; /* agent */
    const struct baton_message *messages;
    uint32_t message_count;
    uint32_t exchange_count; /* user messages */
    bool has_recording;      /* some assistant message is in it */
    const struct baton_json *expect, *tags;
    struct baton_str cluster;
    double weight;
    struct baton_source source;
};

/* Reads one conversation object. `fallback_id` names it where it has no id. BATON_EINPUT with the place. */
BATON_MUST_CHECK enum baton_status baton_conversation_read(struct baton_conversation *out, struct baton_arena *arena,
                                                           const struct baton_agents *agents,
                                                           const struct baton_source *source,
                                                           const struct baton_json *node, struct baton_str fallback_id,
                                                           struct baton_error *err);

/* The index of the next user message at or after `from`, or message_count. */
uint32_t baton_conversation_next_user(const struct baton_conversation *conversation, uint32_t from);

const char *baton_role_name(enum baton_role role);

/* Adds b to a; the sum is known when either is. */
void baton_usage_add(struct baton_usage *a, const struct baton_usage *b);

#endif
