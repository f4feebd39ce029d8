/* transcript.h - replays a recorded or written conversation.
 *
 * The k-th model call of an exchange gets the k-th recorded assistant message of that exchange. When the recording holds no
 * more, the exchange ends unanswered. When the next recorded message belongs to another agent than the one asked, the
 * conversation has diverged: the reply says so, and nothing is put into the wrong agent's mouth. Messages that do not name
 * their agent belong to whoever holds the conversation by the recording's own transfers: the first call of a message that
 * names a known agent moves it, unless its recorded result begins with `Error`.
 *
 * Where a limit (max_turns, max_handoffs, a loop, on_handoff: stop) cut an exchange short of its recording, the next one
 * goes on from where the recording stands: each exchange is judged on its own under the limit. After a divergence it does
 * not: the conversation has left its recording.
 *
 * A recording may hold several answers to one user message; the exchange goes on while there are more.
 *
 * Tools and context providers are answered from the recording too and never executed: a call gets the next result in the
 * exchange with its id (call ids may repeat), or an empty text where none was recorded.
 *
 * Owns:     nothing; the conversation must outlive it.
 * Threads:  one belongs to one conversation at a time.
 */
#ifndef BATON_SIM_TRANSCRIPT_H
#define BATON_SIM_TRANSCRIPT_H

#include "engine/core/provider.h"
#include "engine/core/tools.h"

struct baton_transcript {
    struct baton_provider provider;                /* give its address to a run */
    struct baton_tool_runner tools;                /* likewise */
    const struct baton_conversation *conversation; /* private, as all below */
    const struct baton_agents *agents;
    struct baton_arena *arena;
    uint32_t next, end; /* messages of the exchange not yet used */
    uint32_t last;      /* the assistant message given last */
    uint32_t holder;    /* who has the floor by the recording */
};

/* The arena is for working space and is as it was after each call. */
void baton_transcript_init(struct baton_transcript *transcript, const struct baton_agents *agents,
                           const struct baton_conversation *conversation, struct baton_arena *arena);

/* Goes to the exchange of the user message at that index; call it for each exchange in order. Returns the agent that holds
 * the conversation there by the recording. */
uint32_t baton_transcript_begin(struct baton_transcript *transcript, uint32_t user_message);

#endif
