#include "evals/play/binding.h"
#include "engine/core/tool_runner.h"

enum baton_status baton_cast_init(struct baton_cast *cast, const struct baton_agents *agents,
                                  const struct baton_sources *sources, struct baton_error *err)
{
    *cast = (struct baton_cast){ .agents = agents,
                                 .sources = sources,
                                 .scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX) };
    if (sources->kind != BATON_SOURCE_LIVE) {
        return BATON_OK;
    }
    enum baton_status status = baton_live_caller_new(&cast->caller, sources->live, err);
    return status == BATON_OK ? baton_http_tools_new(&cast->http_tools, &sources->tools, err) : status;
}

void baton_cast_clear(struct baton_cast *cast)
{
    baton_live_caller_free(cast->caller);
    baton_http_tools_free(cast->http_tools);
    baton_text_clear(&cast->scratch);
    cast->caller = NULL;
    cast->http_tools = NULL;
}

/* ---- a conversation ---- */

static void take_transcript(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                            struct baton_arena *arena)
{
    (void)seed;
    baton_transcript_init(&cast->transcript, cast->agents, conversation, arena);
    cast->provider = &cast->transcript.provider;
    cast->tools = &cast->transcript.tools;
}

static void take_model(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                       struct baton_arena *arena)
{
    (void)arena;
    baton_player_init(&cast->player, cast->sources->model, seed, conversation->id);
    cast->provider = &cast->player.provider;
}

static void take_cassette(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                          struct baton_arena *arena)
{
    (void)conversation;
    (void)seed;
    baton_replay_init(&cast->replay, &cast->sources->replay, cast->id, arena, &cast->scratch);
    cast->provider = &cast->replay.provider;
    cast->tools = &cast->replay.tools;
}

static void take_live(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                      struct baton_arena *arena)
{
    (void)conversation;
    (void)seed;
    baton_guard_init(&cast->guard, baton_live_caller_provider(cast->caller), baton_http_tools_runner(cast->http_tools),
                     cast->sources->values, cast->sources->recorder != NULL);
    cast->provider = &cast->guard.provider;
    cast->tools = &cast->guard.tools;
    if (cast->sources->recorder != NULL) {
        baton_recording_init(&cast->recording, cast->sources->recorder, cast->provider, cast->tools, cast->id, arena,
                             &cast->scratch);
        cast->provider = &cast->recording.provider;
        cast->tools = &cast->recording.tools;
    }
}

/* ---- an exchange ---- */

static uint32_t begin_transcript(struct baton_cast *cast, uint32_t user_message, uint32_t goal)
{
    (void)goal;
    return baton_transcript_begin(&cast->transcript, user_message);
}

static uint32_t begin_model(struct baton_cast *cast, uint32_t user_message, uint32_t goal)
{
    (void)user_message;
    baton_player_begin(&cast->player, goal);
    return BATON_NONE;
}

static const struct {
    void (*take)(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                 struct baton_arena *arena);
    uint32_t (*begin)(struct baton_cast *cast, uint32_t user_message, uint32_t goal); /* NULL: nothing to do */
    bool repeats_differ; /* each has recordings of its own */
} kinds[] = {
    [BATON_SOURCE_TRANSCRIPT] = { take_transcript, begin_transcript, false },
    [BATON_SOURCE_MODEL] = { take_model, begin_model, false },
    [BATON_SOURCE_CASSETTE] = { take_cassette, NULL, true },
    [BATON_SOURCE_LIVE] = { take_live, NULL, true },
};

enum baton_status baton_cast_take(struct baton_cast *cast, const struct baton_conversation *conversation, uint64_t seed,
                                  uint32_t repeat, struct baton_arena *arena, struct baton_error *err)
{
    baton_virtual_clock_init(&cast->virtual_clock);
    cast->clock = &cast->virtual_clock.clock;
    cast->tools = baton_tool_runner_default();
    cast->id = conversation->id;
    if (repeat > 0 && kinds[cast->sources->kind].repeats_differ) {
        char *id = baton_arena_printf(arena, "%.*s#%u", (int)conversation->id.length, conversation->id.data, repeat);
        if (id == NULL) {
            return baton_error_set(err, BATON_ELIMIT, "a conversation needs more memory than is allowed");
        }
        cast->id = baton_str_of(id);
    }
    kinds[cast->sources->kind].take(cast, conversation, seed + repeat, arena);
    return BATON_OK;
}

uint32_t baton_cast_begin(struct baton_cast *cast, uint32_t user_message, uint32_t goal)
{
    return kinds[cast->sources->kind].begin == NULL ? BATON_NONE
                                                    : kinds[cast->sources->kind].begin(cast, user_message, goal);
}

uint32_t baton_cast_misses(const struct baton_cast *cast)
{
    return cast->sources->kind == BATON_SOURCE_CASSETTE ? cast->replay.miss_count : 0;
}
