/* binding.h - who answers in a conversation, and who runs its tools: its own recording, a simulated model, a cassette, or a live
 * service, whose answers may be recorded.
 *
 * One table row (binding.c) for each kind. All kinds but talks in real time run on a virtual clock, on which recorded,
 * simulated and measured latencies pass; so a replay of what was recorded gives the figures of the recording.
 *
 * Owns:     a worker's binding owns its connections, until baton_binding_clear().
 * Threads:  a binding belongs to one worker; what it plays from (struct baton_sources) is shared.
 */
#ifndef BATON_EVALS_PLAY_BINDING_H
#define BATON_EVALS_PLAY_BINDING_H

#include "engine/providers/http_tool.h"
#include "engine/providers/live.h"
#include "sim/cassette/recorder.h"
#include "sim/model.h"
#include "sim/redact/guard.h"
#include "sim/transcript.h"
#include "sim/virtual_clock.h"

enum baton_source_kind { BATON_SOURCE_TRANSCRIPT, BATON_SOURCE_MODEL, BATON_SOURCE_CASSETTE, BATON_SOURCE_LIVE };

/* What answers come from; shared by all workers. */
struct baton_sources {
    enum baton_source_kind kind;
    const struct baton_model *model;         /* MODEL */
    struct baton_live *live;                 /* LIVE */
    struct baton_http_tools_options tools;   /* LIVE */
    const struct baton_known_values *values; /* LIVE: keys, which come no further; may be NULL */
    struct baton_recorder *recorder;         /* LIVE: everything goes through it; or NULL */
    struct baton_replay_options replay;      /* CASSETTE */
};

struct baton_binding {
    struct baton_provider *provider; /* for a run, of the conversation begun last */
    struct baton_tool_runner *tools; /* NULL: the default runner */
    struct baton_clock *clock;
    struct baton_str
        id; /* of the conversation; where a repeat has recordings of its own, with its number: `card-1#2` */

    const struct baton_agents *agents; /* private, as all below */
    const struct baton_sources *sources;
    struct baton_transcript transcript;
    struct baton_player player;
    struct baton_virtual_clock virtual_clock;
    struct baton_replay replay;
    struct baton_guard guard;
    struct baton_recording recording;
    struct baton_text scratch;
    struct baton_live_caller *caller;
    struct baton_http_tools *http_tools;
};

/* Connects nothing yet. BATON_ENOMEM, BATON_EPROVIDER when there is no libcurl. */
BATON_MUST_CHECK enum baton_status baton_binding_init(struct baton_binding *binding, const struct baton_agents *agents,
                                                      const struct baton_sources *sources, struct baton_error *err);
void baton_binding_clear(struct baton_binding *binding);

/* Goes to a conversation, for the repeat-th time from 0. The seed is the run's; the arena is the conversation's. BATON_ELIMIT. */
BATON_MUST_CHECK enum baton_status baton_binding_start(struct baton_binding *binding,
                                                       const struct baton_conversation *conversation, uint64_t seed,
                                                       uint32_t repeat, struct baton_arena *arena,
                                                       struct baton_error *err);

/* Goes to the exchange of the user message at that index; `goal`: the agent that its label asks for, for models that look
 * at it, or BATON_NONE. Returns who holds the conversation by a recording, or BATON_NONE where there is none. */
uint32_t baton_binding_start_exchange(struct baton_binding *binding, uint32_t user_message, uint32_t goal);

/* How many answers of this conversation were looked for in a cassette and are not in it. */
uint32_t baton_binding_misses(const struct baton_binding *binding);

#endif
