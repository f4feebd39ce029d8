/* story.h - what happened in recorded traffic: which calls belong to one conversation, who handed over to whom, who ran as
 * whose tool, and what came of each tool call.
 *
 * Agents are told apart by their instructions. A request goes on with a conversation where it holds the calls of the last
 * reply, or its text and a new message of the user, or ends with its text. With other instructions that is a handoff. A request that holds neither
 * is a part of a call that is still open, an agent as a tool, if the caller goes on later and its call speaks of it: by its
 * result or its arguments. An agent whose instructions change from call to call while its tools stay the same is one agent.
 *
 * Owns:     nothing; all lives in the arena.
 * Limits:   BATON_STORY_CALLS_MAX calls.
 */
#ifndef BATON_SIM_IMPORT_STORY_H
#define BATON_SIM_IMPORT_STORY_H

#include "sim/import/trace_request.h"

enum { BATON_STORY_CALLS_MAX = 4096 };

enum baton_outcome_kind {
    BATON_OUTCOME_NONE,   /* the recording does not tell */
    BATON_OUTCOME_RESULT, /* a tool's */
    BATON_OUTCOME_RUN,    /* an agent ran as the tool */
    BATON_OUTCOME_HANDOFF
};

struct baton_outcome {
    enum baton_outcome_kind kind;
    struct baton_str text; /* result */
    uint32_t agent;        /* run, handoff */
};

struct baton_story_call {
    const struct baton_codec *codec; /* given, as the next four */
    struct baton_foreign_request asked;
    struct baton_reply reply;
    struct baton_str reply_id;
    bool is_failure;

    uint32_t agent; /* found, as all below */
    uint32_t conversation, exchange, turn, nesting;
    bool is_dropped;                /* it failed and was asked again */
    bool starts_over;               /* a new exchange, at the entry agent */
    bool continues;                 /* the exchange goes on after a reply without calls */
    struct baton_outcome *outcomes; /* of the calls of the reply */
};

struct baton_story_agent {
    struct baton_str instructions, name;
    uint32_t first_call;
    bool is_merged; /* with another, whose instructions it changed: no call has it */
};

struct baton_story {
    struct baton_story_call *calls;
    uint32_t count;
    struct baton_story_agent *agents;
    uint32_t agent_count;
    uint32_t conversation_count;
};

/* Fills in what is found; `calls` and `count` are given. */
BATON_MUST_CHECK enum baton_status baton_story_tell(struct baton_story *story, struct baton_arena *arena,
                                                    struct baton_error *err);

/* The user's words with which a call began its exchange: the last of the request. */
struct baton_str baton_story_user_text(const struct baton_story_call *call);

/* Whether a tool's name says that control moves. */
bool baton_story_is_transfer(struct baton_str tool);

#endif
