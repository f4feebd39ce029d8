#include "evals/cli/session.h"

#include "engine/base/suggest.h"
#include "engine/wire/codecs.h"
#include "reports/outdir.h"
#include "sim/redact/known_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* One model for all agents: asked, and paid for. */
static void set_model(struct baton_session *session, struct baton_str model)
{
    struct baton_agent *list = (struct baton_agent *)session->agents->list; /* loaded for this session */
    for (uint32_t i = 0; model.length > 0 && i < session->agents->count; i++) {
        list[i].model = model;
    }
}

static enum baton_status unknown_provider(struct baton_str name, struct baton_error *err)
{
    static const char *const names[] = { "transcript", "cassette", "live", "sim:oracle", "sim:random" };
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        baton_suggest_offer(&suggest, baton_str_of(names[i]));
    }
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_codec_at(i)->name));
    }
    return baton_error_set(
        err, BATON_EUSAGE,
        "unknown provider '%.*s'; there are transcript, cassette, sim:NAME, live, and by name openai, "
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

/* Values of the environment that must never be written or shown. */
struct gathering {
    struct baton_arena *arena;
    const struct baton_session_world *world;
    struct baton_str *values;
    size_t count;
    bool has_failed; /* out of memory, or too many */
};

static void gather_variable(struct gathering *gathering, struct baton_str name)
{
    const char *variable = baton_arena_copy(gathering->arena, name.data, name.length);
    struct baton_str value = baton_str_of(variable == NULL ? NULL : gathering->world->setting(NULL, variable));
    gathering->has_failed = gathering->has_failed || variable == NULL || gathering->count == BATON_KNOWN_VALUES_MAX;
    if (value.length > 0 && !gathering->has_failed) {
        gathering->values[gathering->count++] = value;
    }
}

static void gather_headers(struct gathering *gathering, const struct baton_tool_http *http)
{
    for (size_t i = 0; http != NULL && i < http->header_count; i++) {
        const char *at = http->headers[i].value;
        struct baton_str before, name;
        while (baton_tool_http_variable(&at, &before, &name)) {
            gather_variable(gathering, name);
        }
    }
}

/* The values of all variables that a key or a header comes from. */
static enum baton_status gather_values(struct baton_session *session, const struct baton_session_world *world,
                                       struct baton_known_values **out, struct baton_error *err)
{
    const struct baton_agents *agents = session->agents;
    struct gathering gathering = { .arena = session->arena, .world = world };
    gathering.values = baton_arena_array(session->arena, BATON_KNOWN_VALUES_MAX, sizeof *gathering.values);
    *out = NULL;
    if (gathering.values == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    if (world->setting == NULL) {
        return BATON_OK;
    }
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        gather_variable(&gathering, baton_str_of(baton_codec_at(i)->key_variable));
    }
    for (uint32_t i = 0; i < agents->tool_count; i++) {
        gather_headers(&gathering, agents->tools[i].http);
    }
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        if (agent->key_variable.length > 0) {
            gather_variable(&gathering, agent->key_variable);
        }
        for (uint32_t k = 0; k < agent->handoff_count; k++) {
            gather_headers(&gathering, agent->handoffs[k].context_http);
        }
    }
    if (gathering.has_failed) {
        return baton_error_set(err, BATON_ELIMIT, "more variables with keys than can be kept out of recordings");
    }
    return gathering.count == 0 ? BATON_OK
                                : baton_known_values_new(out, session->arena, gathering.values, gathering.count, err);
}

/* Where live answers are recorded; NULL: nowhere. */
static enum baton_status choose_record_path(struct baton_session *session, const struct baton_session_args *args,
                                            struct baton_error *err)
{
    if (args->records) {
        session->record_path = args->cassette != NULL ? args->cassette : session->suite.cassette;
        return session->record_path != NULL
                   ? BATON_OK
                   : baton_error_set(err, BATON_EUSAGE, "where to? Give --cassette FILE, or a suite that names one");
    }
    if (args->journal_folder == NULL) {
        return BATON_OK;
    }
    session->is_journal = true;
    session->record_path = baton_arena_printf(session->arena, "%s/cassette.jsonl", args->journal_folder);
    return session->record_path == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory")
                                        : baton_outdir_make(args->journal_folder, err);
}

static enum baton_status open_recorder(struct baton_session *session, const struct baton_session_args *args,
                                       const struct baton_session_world *world, struct baton_str provider,
                                       const struct baton_known_values *values, struct baton_error *err)
{
    char digest[BATON_HASH_HEX_BYTES];
    enum baton_status status = choose_record_path(session, args, err);
    if (status != BATON_OK || session->record_path == NULL) {
        return status;
    }
    baton_hash_hex(session->agents->digest, digest);
    const char *copy = baton_arena_copy(session->arena, digest, sizeof digest - 1);
    if (copy == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    struct baton_str model = baton_str_of(args->live.model == NULL ? "" : args->live.model);
    struct baton_str today = baton_str_of(world->today == NULL ? "" : world->today);
    const struct baton_recorder_options options = {
        .path = session->record_path,
        .refreshes = args->refreshes || args->resumes, /* what is gone on with may have been put in place already */
        .resumes = args->resumes,
        .replaces = session->is_journal && !args->resumes, /* a run begins anew, as its results do */
        .header = { .created = today,
                    .profile = baton_str_of(session->agents->profile->name),
                    .agents_digest = baton_str_of(copy),
                    .provider = provider,
                    .model = model,
                    .source = BATON_STR("") },
        .day = today,
        .agents = session->agents,
        .values = values,
        .tells_times = true,
        .codec = provider.length == 0 ? NULL : baton_codec_find(provider),
        .model = model,
    };
    return baton_recorder_open(&session->recorder, &options, err);
}

static enum baton_status open_cassette(struct baton_session *session, const char *suite_path,
                                       const struct baton_session_args *args, const struct baton_session_world *world,
                                       struct baton_error *err)
{
    const char **path = baton_arena_alloc(session->arena, sizeof *path);
    struct baton_known_values *values;
    if (path == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    *path = args->cassette != NULL ? args->cassette : session->suite.cassette;
    if (*path == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "which cassette? Give --cassette FILE, or name one in the suite");
    }
    if (access(*path, F_OK) != 0) {
        return baton_error_set(err, BATON_EINPUT,
                               "there is no cassette '%s'; make it with: baton record %s --cassette %s", *path,
                               suite_path == NULL ? "SUITE" : suite_path, *path);
    }
    const struct baton_cassette_options options = { .files = path, .file_count = 1 };
    enum baton_status status = gather_values(session, world, &values, err);
    status = status == BATON_OK ? baton_cassette_load(&session->cassette, session->arena, &options, err) : status;
    struct baton_str model = baton_str_of(args->live.model == NULL ? "" : args->live.model);
    if (status == BATON_OK) {
        set_model(session, model.length > 0 ? model : session->cassette->files[0].header.model);
    }
    session->play.sources = (struct baton_sources){
        .kind = BATON_SOURCE_CASSETTE,
        .replay = { .cassette = session->cassette,
                    .agents = session->agents,
                    .model = model,
                    .values = values,
                    .advice = suite_path == NULL ? "record what is missing with baton record --refresh-missing"
                                                 : baton_arena_printf(session->arena,
                                                                      "record what is missing with: baton record %s "
                                                                      "--refresh-missing",
                                                                      suite_path) },
    };
    return status;
}

static enum baton_status open_live(struct baton_session *session, const struct baton_session_args *args,
                                   const struct baton_session_world *world, struct baton_str provider,
                                   struct baton_error *err)
{
    struct baton_live_options options = baton_live_options_default(session->agents);
    options.provider = provider;
    options.model = args->live.model == NULL ? options.model : baton_str_of(args->live.model);
    set_model(session, options.model);
    options.is_stream = args->live.stream || (world->has_person && !args->live.no_stream);
    options.output_tokens_max = args->live.answer_tokens;
    options.requests_per_minute = (uint64_t)args->live.requests_per_minute;
    options.tokens_per_minute = (uint64_t)args->live.tokens_per_minute;
    options.tokens_max = (uint64_t)args->live.max_tokens;
    options.seed = (uint64_t)session->suite.seed;
    options.setting = world->setting;
    options.interrupted = world->interrupted;
    options.tells_times = !world->has_person;
    options.sink = session->recorder == NULL ? NULL : baton_recorder_sink(session->recorder);
    if (args->live.retries != BATON_SESSION_UNSET) {
        options.retry.retries_max = (uint32_t)args->live.retries;
    }
    if (args->live.timeout_s > 0) {
        options.timeout_ns = (uint64_t)args->live.timeout_s * 1000000000;
    }
    enum baton_status status = read_cost(args->live.max_cost, &options.spend_max_pico, err);
    return status == BATON_OK ? baton_live_new(&session->live, &options, err) : status;
}

static bool is_without_network(struct baton_str name)
{
    return baton_str_is(name, "transcript") || baton_str_is(name, "cassette") ||
           (name.length > 4 && memcmp(name.data, "sim:", 4) == 0);
}

static enum baton_status find_provider(struct baton_session *session, const char *suite_path,
                                       const struct baton_session_args *args, const struct baton_session_world *world,
                                       struct baton_error *err)
{
    struct baton_str name = args->provider != NULL ? baton_str_of(args->provider) : session->suite.provider;
    struct baton_sources *sources = &session->play.sources;
    if (args->records && (args->provider == NULL || baton_str_is(name, "live")) && baton_codec_find(name) == NULL) {
        name = BATON_STR("live"); /* whoever answers when the suite is replayed */
    }
    session->suite.provider = name;
    if (baton_str_is(name, "transcript") && !args->records) {
        return BATON_OK;
    }
    if (!args->records && name.length > 4 && memcmp(name.data, "sim:", 4) == 0) {
        const char *base = args->provider != NULL ? NULL : suite_path;
        enum baton_status status =
            baton_model_load(&session->model, session->arena, session->agents, name.data + 4, base, err);
        *sources = (struct baton_sources){ .kind = BATON_SOURCE_MODEL, .model = session->model };
        return status;
    }
    if (baton_str_is(name, "cassette") && !args->records) {
        return open_cassette(session, suite_path, args, world, err);
    }
    if (baton_str_is(name, "live") || baton_codec_find(name) != NULL) {
        struct baton_str provider = baton_codec_find(name) == NULL ? BATON_STR("") : name;
        struct baton_known_values *values;
        enum baton_status status = gather_values(session, world, &values, err);
        status = status == BATON_OK ? open_recorder(session, args, world, provider, values, err) : status;
        status = status == BATON_OK ? open_live(session, args, world, provider, err) : status;
        *sources = (struct baton_sources){ .kind = BATON_SOURCE_LIVE,
                                           .live = session->live,
                                           .values = values,
                                           .recorder = session->recorder,
                                           .tools = { .agents = session->agents,
                                                      .clock = baton_clock_system(),
                                                      .interrupted = world->interrupted,
                                                      .setting = world->setting } };
        if (status != BATON_OK) {
            baton_guard_error(values, err); /* an address can have a key in it */
        }
        return status;
    }
    return args->records && is_without_network(name)
               ? baton_error_set(err, BATON_EUSAGE,
                                 "only what live services answer can be recorded: --provider live, openai, "
                                 "openai-responses, anthropic or openrouter, not '%.*s'",
                                 (int)name.length, name.data)
               : unknown_provider(name, err);
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
    baton_recorder_close(session->recorder);
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
