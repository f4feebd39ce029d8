#include <baton/replay.h>

#include "engine/api/give.h"
#include "engine/api/talk.h"
#include "evals/play/evaluate.h"
#include "sim/model.h"
#include "sim/transcript.h"
#include "sim/virtual_clock.h"

#include <string.h>

enum { HANDLE_BYTES_MAX = 256 * 1024 * 1024 };

/* A recording or a model, whichever the kind says. */
struct stand_in {
    struct baton_host_provider host; /* first */
    struct baton_arena *arena;       /* of this and all it was made from */
    const struct baton_agents *agents;
    struct baton_conversation conversation;
    struct baton_model *model;
    uint64_t seed;
};

struct stand_in_seat {
    const struct stand_in *source;
    struct baton_virtual_clock clock;
    struct baton_transcript transcript;
    struct baton_player player;
    uint32_t user_message; /* of the recording, that comes next */
};

static enum baton_status seat_new(struct stand_in_seat **out, struct baton_host_provider *host, struct baton_seat *seat,
                                  struct baton_error *err)
{
    const struct stand_in *source = (const struct stand_in *)host;
    struct stand_in_seat *own = *out = seat->inside = baton_arena_zero(seat->arena, sizeof *own);
    if (own == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    if (source->agents != seat->agents) {
        return baton_error_set(err, BATON_EUSAGE, "the provider was made for other agents than the run's");
    }
    own->source = source;
    baton_virtual_clock_init(&own->clock);
    seat->clock = &own->clock.clock;
    return BATON_OK;
}

/* ---- a recording ---- */

static enum baton_status recorded_sit(struct baton_host_provider *host, struct baton_seat *seat,
                                      struct baton_error *err)
{
    struct stand_in_seat *own;
    enum baton_status status = seat_new(&own, host, seat, err);
    if (status == BATON_OK) {
        baton_transcript_init(&own->transcript, seat->agents, &own->source->conversation, seat->arena);
        seat->provider = &own->transcript.provider;
        seat->tools = &own->transcript.tools;
    }
    return status;
}

/* What the recording holds before its first user message: a greeting. */
static enum baton_status append_greeting(struct baton_talk *talk, const struct baton_conversation *conversation,
                                         uint32_t count, struct baton_error *err)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < count && status == BATON_OK; i++) {
        if (conversation->messages[i].role == BATON_ROLE_ASSISTANT) {
            status = baton_run_append(talk->run, &conversation->messages[i], err);
        }
    }
    return status;
}

/* Goes to the next user message, with the floor where the recording has it, as baton_evaluate() does. */
static enum baton_status recorded_begin(struct baton_talk *talk, struct baton_error *err)
{
    struct stand_in_seat *own = talk->seat.inside;
    const struct baton_conversation *conversation = &own->source->conversation;
    uint32_t at = baton_conversation_next_user(conversation, own->user_message);
    if (at == conversation->message_count) {
        return baton_error_set(err, BATON_EUSAGE, "the recording '%.*s' has no message after its %u",
                               BATON_STR_ARGS(conversation->id), conversation->exchange_count);
    }
    uint32_t holder = baton_transcript_begin(&own->transcript, at), count = talk->exchange_count;
    if (conversation->messages[at].starts_over) {
        baton_run_hold(talk->run, conversation->entry);
    } else if (count > 0 && baton_is_cut_short(talk->exchanges[count - 1]->status)) {
        baton_run_hold(talk->run, holder);
    }
    bool is_first = own->user_message == 0;
    own->user_message = at + 1;
    return is_first ? append_greeting(talk, conversation, at, err) : BATON_OK;
}

static enum baton_status read_recording(struct stand_in *source, const char *text, struct baton_error *err)
{
    const struct baton_json *root = NULL;
    const char *copy = baton_give_text(source->arena, baton_str_of(text));
    const struct baton_source place = { .name = "the conversation", .text = baton_str_of(copy) };
    enum baton_status status =
        copy == NULL ? baton_error_no_memory(err, NULL) : baton_json_parse(&root, source->arena, &place, err);
    return status == BATON_OK ? baton_conversation_read(&source->conversation, source->arena, source->agents, &place,
                                                        root, BATON_STR("recorded"), err)
                              : status;
}

/* ---- a model ---- */

static enum baton_status simulated_sit(struct baton_host_provider *host, struct baton_seat *seat,
                                       struct baton_error *err)
{
    struct stand_in_seat *own;
    enum baton_status status = seat_new(&own, host, seat, err);
    if (status == BATON_OK) {
        baton_player_init(&own->player, own->source->model, own->source->seed, seat->conversation_id);
        seat->provider = &own->player.provider;
    }
    return status;
}

static enum baton_status simulated_begin(struct baton_talk *talk, struct baton_error *err)
{
    (void)err;
    baton_player_begin(&((struct stand_in_seat *)talk->seat.inside)->player, BATON_NONE);
    return BATON_OK;
}

/* ---- either ---- */

static void stand_in_free(struct baton_host_provider *host)
{
    struct stand_in *source = (struct stand_in *)host;
    if (source->model != NULL) {
        baton_model_free(source->model);
    }
    baton_arena_free(source->arena);
}

static enum baton_status stand_in_new(struct stand_in **out, const struct baton_host_provider_kind *kind,
                                      const struct baton_agents *agents, const char *name, const char *what,
                                      struct baton_error *err)
{
    *out = NULL;
    if (agents == NULL || name == NULL) {
        return baton_give_missing(err, agents == NULL ? "the agents" : what);
    }
    struct baton_arena *arena = baton_arena_new(HANDLE_BYTES_MAX);
    struct stand_in *source = arena == NULL ? NULL : baton_arena_zero(arena, sizeof *source);
    if (source == NULL) {
        baton_arena_free(arena);
        return baton_error_no_memory(err, NULL);
    }
    source->host.kind = kind;
    source->arena = arena;
    source->agents = agents;
    *out = source;
    return BATON_OK;
}

/* The handle, or NULL and nothing left where something failed. */
static struct baton_provider *give(struct stand_in *source, enum baton_status status, const struct baton_error *err,
                                   struct baton_error_info *error)
{
    baton_give_error(error, status, err);
    if (status != BATON_OK && source != NULL) {
        stand_in_free(&source->host);
    }
    return status == BATON_OK ? &source->host.handle : NULL;
}

struct baton_provider *baton_provider_recorded(const struct baton_agents *agents, const char *conversation,
                                               struct baton_error_info *error)
{
    static const struct baton_host_provider_kind kind = { recorded_sit, recorded_begin, NULL, stand_in_free };
    struct baton_error err = { 0 };
    struct stand_in *source;
    enum baton_status status = stand_in_new(&source, &kind, agents, conversation, "the conversation", &err);
    status = status == BATON_OK ? read_recording(source, conversation, &err) : status;
    return give(source, status, &err, error);
}

struct baton_provider *baton_provider_simulated(const struct baton_agents *agents, const char *name, uint64_t seed,
                                                struct baton_error_info *error)
{
    static const struct baton_host_provider_kind kind = { simulated_sit, simulated_begin, NULL, stand_in_free };
    struct baton_error err = { 0 };
    struct stand_in *source;
    enum baton_status status = stand_in_new(&source, &kind, agents, name, "the name of a simulated model", &err);
    if (status == BATON_OK) {
        source->seed = seed;
        status = baton_model_load(&source->model, source->arena, agents, name, NULL, &err);
    }
    return give(source, status, &err, error);
}
