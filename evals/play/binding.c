#include "evals/play/binding.h"

#include "engine/core/tool_runner.h"

enum baton_status baton_binding_init(struct baton_binding *binding, const struct baton_agents *agents,
                                     const struct baton_sources *sources, struct baton_error *err)
{
    *binding = (struct baton_binding){ .agents = agents,
                                       .sources = sources,
                                       .scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX) };
    if (sources->kind != BATON_SOURCE_LIVE) {
        return BATON_OK;
    }
    enum baton_status status = baton_live_caller_new(&binding->caller, sources->live, err);
    return status == BATON_OK ? baton_http_tools_new(&binding->http_tools, &sources->tools, err) : status;
}

void baton_binding_clear(struct baton_binding *binding)
{
    baton_live_caller_free(binding->caller);
    baton_http_tools_free(binding->http_tools);
    baton_text_clear(&binding->scratch);
    binding->caller = NULL;
    binding->http_tools = NULL;
}

/* ---- a conversation ---- */

static void start_transcript(struct baton_binding *binding, const struct baton_conversation *conversation,
                             uint64_t seed, struct baton_arena *arena)
{
    (void)seed;
    baton_transcript_init(&binding->transcript, binding->agents, conversation, arena);
    binding->provider = &binding->transcript.provider;
    binding->tools = &binding->transcript.tools;
}

static void start_model(struct baton_binding *binding, const struct baton_conversation *conversation, uint64_t seed,
                        struct baton_arena *arena)
{
    (void)arena;
    baton_player_init(&binding->player, binding->sources->model, seed, conversation->id);
    binding->provider = &binding->player.provider;
}

static void start_cassette(struct baton_binding *binding, const struct baton_conversation *conversation, uint64_t seed,
                           struct baton_arena *arena)
{
    (void)conversation;
    (void)seed;
    baton_replay_init(&binding->replay, &binding->sources->replay, binding->id, arena, &binding->scratch);
    binding->provider = &binding->replay.provider;
    binding->tools = &binding->replay.tools;
}

static void start_live(struct baton_binding *binding, const struct baton_conversation *conversation, uint64_t seed,
                       struct baton_arena *arena)
{
    (void)conversation;
    (void)seed;
    baton_guard_init(&binding->guard, baton_live_caller_provider(binding->caller),
                     baton_http_tools_runner(binding->http_tools), binding->sources->values,
                     binding->sources->recorder != NULL);
    binding->provider = &binding->guard.provider;
    binding->tools = &binding->guard.tools;
    if (binding->sources->recorder != NULL) {
        baton_recording_init(&binding->recording, binding->sources->recorder, binding->provider, binding->tools,
                             binding->id, arena, &binding->scratch);
        binding->provider = &binding->recording.provider;
        binding->tools = &binding->recording.tools;
    }
}

/* ---- an exchange ---- */

static uint32_t start_exchange_transcript(struct baton_binding *binding, uint32_t user_message, uint32_t goal)
{
    (void)goal;
    return baton_transcript_begin(&binding->transcript, user_message);
}

static uint32_t start_exchange_model(struct baton_binding *binding, uint32_t user_message, uint32_t goal)
{
    (void)user_message;
    baton_player_begin(&binding->player, goal);
    return BATON_NONE;
}

static const struct {
    void (*start)(struct baton_binding *binding, const struct baton_conversation *conversation, uint64_t seed,
                  struct baton_arena *arena);
    uint32_t (*start_exchange)(struct baton_binding *binding, uint32_t user_message,
                               uint32_t goal); /* NULL: nothing to do */
    bool repeats_differ;                       /* each has recordings of its own */
} kinds[] = {
    [BATON_SOURCE_TRANSCRIPT] = { start_transcript, start_exchange_transcript, false },
    [BATON_SOURCE_MODEL] = { start_model, start_exchange_model, false },
    [BATON_SOURCE_CASSETTE] = { start_cassette, NULL, true },
    [BATON_SOURCE_LIVE] = { start_live, NULL, true },
};

enum baton_status baton_binding_start(struct baton_binding *binding, const struct baton_conversation *conversation,
                                      uint64_t seed, uint32_t repeat, struct baton_arena *arena,
                                      struct baton_error *err)
{
    baton_virtual_clock_init(&binding->virtual_clock);
    binding->clock = &binding->virtual_clock.clock;
    binding->tools = baton_tool_runner_default();
    binding->id = conversation->id;
    if (repeat > 0 && kinds[binding->sources->kind].repeats_differ) {
        char *id = baton_arena_printf(arena, "%.*s#%u", (int)conversation->id.length, conversation->id.data, repeat);
        if (id == NULL) {
            return baton_error_over_limit(err, "a conversation");
        }
        binding->id = baton_str_of(id);
    }
    kinds[binding->sources->kind].start(binding, conversation, seed + repeat, arena);
    return BATON_OK;
}

uint32_t baton_binding_start_exchange(struct baton_binding *binding, uint32_t user_message, uint32_t goal)
{
    uint32_t (*start)(struct baton_binding *, uint32_t, uint32_t) = kinds[binding->sources->kind].start_exchange;
    return start == NULL ? BATON_NONE : start(binding, user_message, goal);
}

uint32_t baton_binding_misses(const struct baton_binding *binding)
{
    return binding->sources->kind == BATON_SOURCE_CASSETTE ? binding->replay.miss_count : 0;
}
