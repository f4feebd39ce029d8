/* replay.h - answers from a cassette: the provider, and the tool runner beside it, of one conversation.
 *
 * A request is looked up by its key (cassette.h) and its recorded answer given, texts of streams in their recorded pieces,
 * with the recorded times. What was not recorded is a miss: BATON_EMISS, with a text that names the position, the nearest
 * recording and the first difference; the run loop makes an exchange with status `error` of it, and `miss_count` tells. What
 * the conversation would ask after a miss is not looked for: without that answer it is another conversation.
 *
 * Tools that are commands or HTTP calls, and context providers, are answered from the recording and never executed; a miss
 * is an error result. Tools with a fixed `result` and agents as tools are run, as they have nothing of their own to
 * record; the model calls of the latter come from the cassette like all others.
 *
 * In a cassette that is matched by order, the next recorded model call of the conversation is given if the agent asked is
 * the one recorded; else the conversation has diverged. Where the recording holds nothing more for an exchange, that
 * exchange ends unanswered. Agents that run as tools of one response are run in the order in which they were recorded.
 *
 * Owns:     nothing; cassette, agents, arena and scratch text must outlive it. No memory is asked of the system once the
 *           scratch text has its size.
 * Threads:  one belongs to one conversation at a time; the cassette is shared.
 */
#ifndef BATON_SIM_CASSETTE_REPLAY_H
#define BATON_SIM_CASSETTE_REPLAY_H

#include "engine/core/tools.h"
#include "sim/cassette/route.h"

enum { BATON_REPLAY_ASKED_FIRST = 12 };

struct baton_replay {
    struct baton_provider provider; /* give its address to a run */
    struct baton_tool_runner tools; /* likewise */
    uint32_t miss_count;
    struct baton_str first_miss; /* its text, in the arena; empty while there is none */

    struct baton_route route; /* private, as all below */
    struct baton_arena *arena;
    struct baton_replay_asked {
        struct baton_hash key;
        enum baton_interaction_kind kind;
        uint32_t count;
    } asked_first[BATON_REPLAY_ASKED_FIRST], *asked;
    uint32_t asked_count, asked_capacity;
    uint32_t next; /* by order: the next interaction of the conversation, or BATON_NONE */
};

/* The arena is that of the conversation; the scratch text (limit BATON_REQUEST_BYTES_MAX) may be shared by all
 * conversations of a thread, one after the other. The options must outlive the replay, which is not to be copied or moved. */
void baton_replay_init(struct baton_replay *replay, const struct baton_replay_options *options,
                       struct baton_str conversation_id, struct baton_arena *arena, struct baton_text *scratch);

/* For the recorder: the same as the provider and the runner, but what is not found is no error. */
BATON_MUST_CHECK enum baton_status baton_replay_try_call(struct baton_replay *replay,
                                                         const struct baton_request *request, struct baton_reply *reply,
                                                         bool *is_found, struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_replay_try_tool(struct baton_replay *replay, struct baton_tool_job *job,
                                                         bool *is_found, struct baton_error *err);
BATON_MUST_CHECK enum baton_status baton_replay_try_context(struct baton_replay *replay, struct baton_context_job *job,
                                                            bool *is_found, struct baton_error *err);

/* Whether the result of a tool is recorded: it is not one with a fixed text, nor an agent. */
bool baton_replay_records(const struct baton_tool *tool);

#endif
