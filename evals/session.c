#include "evals/session.h"

#include "engine/base/suggest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SESSION_BYTES_MAX = 1024 * 1024 * 1024 };

struct baton_session_args baton_session_args_unset(void)
{
    return (struct baton_session_args){ .seed = BATON_SESSION_UNSET,
                                        .repeat = BATON_SESSION_UNSET,
                                        .max_turns = BATON_SESSION_UNSET,
                                        .max_handoffs = BATON_SESSION_UNSET,
                                        .live = { .retries = BATON_SESSION_UNSET } };
}

static enum baton_status find_profile(const char *name, const struct baton_profile **out, struct baton_error *err)
{
    *out = name == NULL ? NULL : baton_profile_find(baton_str_of(name));
    if (name == NULL || *out != NULL) {
        return BATON_OK;
    }
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, baton_str_of(name));
    for (size_t i = 0; baton_profile_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_profile_at(i)->name));
    }
    return baton_error_set(err, BATON_EUSAGE, "unknown profile '%s'; this version knows 'baton'%s", name,
                           baton_suggest_text(&suggest, hint));
}

/* ---- who answers ---- */

static enum baton_status unknown_provider(struct baton_str name, struct baton_error *err)
{
    static const char *const names[] = { "transcript", "live", "sim:oracle", "sim:random" };
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        baton_suggest_offer(&suggest, baton_str_of(names[i]));
    }
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_codec_at(i)->name));
    }
    return baton_error_set(err, BATON_EUSAGE,
                           "unknown provider '%.*s'; there are transcript, sim:NAME, live, and by name openai, "
                           "openai-responses, anthropic and openrouter%s",
                           (int)name.length, name.data, baton_suggest_text(&suggest, hint));
}

static enum baton_status read_cost(const char *text, uint64_t *pico, struct baton_error *err)
{
    char *end = NULL;
    double usd = text == NULL ? 0 : strtod(text, &end);
    *pico = 0;
    if (text == NULL) {
        return BATON_OK;
    }
    if (end == text || *end != '\0' || !(usd > 0 && usd <= 1e6)) {
        return baton_error_set(err, BATON_EUSAGE, "--max-cost must be a sum in USD such as 2.50, not '%s'", text);
    }
    *pico = (uint64_t)llround(usd * 1e12);
    return BATON_OK;
}

static enum baton_status open_live(struct baton_session *session, const struct baton_session_args *args,
                                   const struct baton_session_world *world, struct baton_str provider,
                                   struct baton_error *err)
{
    struct baton_live_options options = baton_live_options_default(session->agents);
    options.provider = provider;
    options.model = args->live.model == NULL ? options.model : baton_str_of(args->live.model);
    options.is_stream = args->live.stream || (world->has_person && !args->live.no_stream);
    options.output_tokens_max = args->live.answer_tokens;
    options.requests_per_minute = (uint64_t)args->live.requests_per_minute;
    options.tokens_per_minute = (uint64_t)args->live.tokens_per_minute;
    options.tokens_max = (uint64_t)args->live.max_tokens;
    options.seed = (uint64_t)session->suite.seed;
    options.setting = world->setting;
    options.interrupted = world->interrupted;
    options.tells_times = !world->has_person;
    if (args->live.retries != BATON_SESSION_UNSET) {
        options.retry.retries_max = (uint32_t)args->live.retries;
    }
    if (args->live.timeout_s > 0) {
        options.timeout_ns = (uint64_t)args->live.timeout_s * 1000000000;
    }
    enum baton_status status = read_cost(args->live.max_cost, &options.spend_max_pico, err);
    return status == BATON_OK ? baton_live_new(&session->live, &options, err) : status;
}

static enum baton_status find_provider(struct baton_session *session, const char *suite_path,
                                       const struct baton_session_args *args, const struct baton_session_world *world,
                                       struct baton_error *err)
{
    struct baton_str name = args->provider != NULL ? baton_str_of(args->provider) : session->suite.provider;
    struct baton_sources *sources = &session->play.sources;
    session->suite.provider = name;
    if (baton_str_is(name, "transcript")) {
        return BATON_OK;
    }
    if (name.length > 4 && memcmp(name.data, "sim:", 4) == 0) {
        const char *base = args->provider != NULL ? NULL : suite_path;
        enum baton_status status =
            baton_model_load(&session->model, session->arena, session->agents, name.data + 4, base, err);
        *sources = (struct baton_sources){ .kind = BATON_SOURCE_MODEL, .model = session->model };
        return status;
    }
    bool is_live = baton_str_is(name, "live");
    if (is_live || baton_codec_find(name) != NULL) {
        enum baton_status status = open_live(session, args, world, is_live ? BATON_STR("") : name, err);
        *sources = (struct baton_sources){ .kind = BATON_SOURCE_LIVE,
                                           .live = session->live,
                                           .tools = { .agents = session->agents,
                                                      .clock = baton_clock_system(),
                                                      .interrupted = world->interrupted,
                                                      .setting = world->setting } };
        return status;
    }
    return unknown_provider(name, err);
}

/* ---- how it is played ---- */

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value == BATON_SESSION_UNSET ? otherwise : value;
}

static void set_play(struct baton_session *session, const struct baton_session_args *args)
{
    struct baton_suite *suite = &session->suite;
    suite->seed = or_else(args->seed, suite->seed);
    suite->repeat = (int32_t)or_else(args->repeat, suite->repeat);
    session->play = (struct baton_play){
        .agents = session->agents,
        .seed = (uint64_t)suite->seed,
        .repeat_count = (uint32_t)suite->repeat,
        .limits = session->agents->limits,
        .loops_stop = session->agents->loops_stop,
        .on_handoff_stop = session->agents->on_handoff_stop,
    };
    session->play.limits.max_turns = (int32_t)or_else(args->max_turns, session->agents->limits.max_turns);
    session->play.limits.max_handoffs = (int32_t)or_else(args->max_handoffs, session->agents->limits.max_handoffs);
}

enum baton_status baton_session_open(struct baton_session *out, const char *suite_path,
                                     const struct baton_session_args *args, const struct baton_session_world *world,
                                     struct baton_error *err)
{
    *out = (struct baton_session){ .arena = baton_arena_new(SESSION_BYTES_MAX), .suite = baton_suite_empty() };
    if (out->arena == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    enum baton_status status =
        suite_path == NULL ? BATON_OK : baton_suite_load(&out->suite, out->arena, suite_path, err);
    if (status != BATON_OK) {
        return status;
    }
    if (args->agents != NULL) {
        out->suite.agents = args->agents;
    }
    if (args->conversations.count > 0) {
        out->suite.conversations = args->conversations.items;
        out->suite.conversation_count = args->conversations.count;
    }
    if (out->suite.agents == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "no agents: name a suite, or give --agents FILE");
    }
    const struct baton_profile *profile;
    status = find_profile(args->profile, &profile, err);
    status = status == BATON_OK ? baton_agents_load(&out->agents, out->arena, out->suite.agents, profile, err) : status;
    if (status == BATON_OK) {
        set_play(out, args);
        status = world->is_dry ? BATON_OK : find_provider(out, suite_path, args, world, err);
        if (suite_path == NULL) {
            out->suite.name = baton_path_stem(out->suite.agents);
        }
    }
    return status;
}

void baton_session_clear(struct baton_session *session)
{
    baton_live_free(session->live);
    baton_model_free(session->model);
    baton_arena_free(session->arena);
    *session = (struct baton_session){ 0 };
}

enum baton_status baton_session_gates(const struct baton_session *session, const struct baton_arg_list *more,
                                      struct baton_gate **out, size_t *count, struct baton_error *err)
{
    const struct baton_json *list = session->suite.gates;
    size_t all = (list == NULL ? 0 : list->count) + more->count;
    *out = baton_arena_array(session->arena, all + 1, sizeof **out);
    *count = 0;
    if (*out == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    if (all > BATON_GATES_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d gates", BATON_GATES_MAX);
    }
    enum baton_status status = BATON_OK;
    for (const struct baton_json *gate = list == NULL ? NULL : list->child; gate != NULL && status == BATON_OK;
         gate = gate->next) {
        status = baton_gate_read(&(*out)[(*count)++], gate->text, session->agents, &session->suite.source, gate->offset,
                                 err);
    }
    for (size_t i = 0; i < more->count && status == BATON_OK; i++) {
        status = baton_gate_read(&(*out)[(*count)++], baton_str_of(more->items[i]), session->agents, NULL, 0, err);
    }
    return status;
}
