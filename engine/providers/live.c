#include "engine/providers/live.h"

#include "engine/base/suggest.h"
#include "engine/base/text.h"
#include "engine/core/price.h"
#include "engine/http/http_url.h"
#include "engine/providers/live_state.h"
#include "engine/wire/codecs.h"

#include <assert.h>
#include <string.h>

enum { LIFE_BYTES_MAX = 16 * 1024 * 1024, HEADER_BYTES_MAX = 64 * 1024, NS_PER_MS = 1000000 };

struct baton_live_options baton_live_options_default(const struct baton_agents *agents)
{
    return (struct baton_live_options){ .agents = agents,
                                        .provider = BATON_STR(""),
                                        .model = BATON_STR(""),
                                        .retry = baton_retry_policy_default(),
                                        .timeout_ns = (uint64_t)BATON_LIVE_TIMEOUT_MS * NS_PER_MS,
                                        .clock = baton_clock_system() };
}

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_set(err, BATON_ENOMEM, "out of memory for the live providers");
}

/* A variable of the environment; NULL where it is not set or empty. */
static const char *setting(const struct baton_live *live, const char *name)
{
    const char *value = live->options.setting == NULL ? NULL : live->options.setting(live->options.user, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* ---- a service ---- */

/* The whole URL, once it is known that it may be called. *is_local: it leads to this machine, without TLS. */
static enum baton_status place_url(struct baton_live *live, struct baton_live_place *place, bool *is_local,
                                   bool *is_from_file, struct baton_error *err)
{
    const struct baton_curl *curl = NULL;
    struct baton_http_url parsed;
    struct baton_error inner;
    const char *said = setting(live, place->codec->base_url_variable);
    struct baton_str base = said != NULL                 ? baton_str_of(said)
                            : place->base_url.length > 0 ? place->base_url
                                                         : baton_str_of(place->codec->base_url);
    while (base.length > 0 && base.data[base.length - 1] == '/') {
        base.length--;
    }
    *is_from_file = said == NULL && place->base_url.length > 0;
    place->url = baton_arena_printf(live->arena, "%.*s%s", (int)base.length, base.data, place->codec->path);
    if (place->url == NULL) {
        return no_memory(err);
    }
    enum baton_status status = baton_curl_get(&curl, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_http_url_parse(&parsed, curl, place->url, live->options.unix_socket, &inner);
    if (status != BATON_OK) {
        return baton_error_set(err, status, "%s: %s", *is_from_file ? "base_url" : place->codec->base_url_variable,
                               inner.text);
    }
    *is_local = parsed.must_be_local || live->options.unix_socket != NULL;
    baton_http_url_clear(&parsed, curl);
    return BATON_OK;
}

/* `name: value` lines as pairs. */
static enum baton_status split_headers(struct baton_live *live, struct baton_live_place *place,
                                       const struct baton_text *lines, struct baton_error *err)
{
    char *rest = baton_arena_copy(live->arena, lines->data, lines->length);
    while (rest != NULL && rest[0] != '\0') {
        assert(place->header_count < BATON_LIVE_HEADERS_MAX);
        char *end = strchr(rest, '\n'), *colon = strchr(rest, ':');
        *end = '\0';
        *colon = '\0';
        place->headers[place->header_count++] = (struct baton_http_header){ .name = rest, .value = colon + 2 };
        rest = end + 1;
    }
    return rest == NULL ? no_memory(err) : BATON_OK;
}

/* The key's variable: what the agent names, or the format's own where no file says where it goes. NULL: no key is sent. */
static enum baton_status key_variable(struct baton_live *live, const struct baton_live_place *place, bool is_local,
                                      bool is_from_file, const char **out, struct baton_error *err)
{
    const struct baton_str name = place->key_variable;
    *out = name.length > 0 ? baton_arena_copy(live->arena, name.data, name.length) : place->codec->key_variable;
    if (*out == NULL) {
        return no_memory(err);
    }
    if (name.length == 0 && is_from_file) {
        *out = NULL;
        return is_local ? BATON_OK
                        : baton_error_set(err, BATON_EUSAGE,
                                          "base_url '%.*s' needs its own key: name the variable that holds it, as "
                                          "'api_key: $MY_KEY', beside it in '%s'",
                                          (int)place->base_url.length, place->base_url.data,
                                          live->options.agents->source.name);
    }
    if (name.length > 0 && !is_local && setting(live, *out) == NULL) {
        return baton_error_set(err, BATON_EUSAGE, "the variable %s, which 'api_key' in '%s' names, is not set", *out,
                               live->options.agents->source.name);
    }
    return BATON_OK;
}

static enum baton_status place_headers(struct baton_live *live, struct baton_live_place *place, bool is_local,
                                       bool is_from_file, struct baton_error *err)
{
    const char *variable;
    enum baton_status status = key_variable(live, place, is_local, is_from_file, &variable, err);
    if (status != BATON_OK) {
        return status;
    }
    const char *value = variable == NULL ? NULL : setting(live, variable);
    struct baton_str key = value != NULL ? baton_str_of(value)
                           : is_local    ? (struct baton_str){ NULL, 0 }
                                         : BATON_STR("");
    struct baton_text lines = baton_text_with_limit(HEADER_BYTES_MAX);
    place->key = value == NULL ? NULL : baton_arena_copy(live->arena, key.data, key.length);
    status = value != NULL && place->key == NULL ? no_memory(err) : baton_codec_headers(place->codec, &lines, key, err);
    status = status == BATON_OK ? split_headers(live, place, &lines, err) : status;
    baton_text_clear(&lines);
    return status;
}

/* The place of that format, address and key; made where there is none yet. */
static enum baton_status place_add(struct baton_live *live, const struct baton_live_place *wanted,
                                   const struct baton_live_place **out, struct baton_error *err)
{
    for (size_t i = 0; i < live->place_count; i++) {
        *out = &live->places[i];
        if ((*out)->codec == wanted->codec && baton_str_equal((*out)->base_url, wanted->base_url) &&
            baton_str_equal((*out)->key_variable, wanted->key_variable)) {
            return BATON_OK;
        }
    }
    if (live->place_count == BATON_LIVE_PLACES_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d different addresses and keys of live providers",
                               BATON_LIVE_PLACES_MAX);
    }
    const struct baton_limiter_options limits = { .requests_per_minute = live->options.requests_per_minute,
                                                  .tokens_per_minute = live->options.tokens_per_minute,
                                                  .clock = live->options.clock,
                                                  .interrupted = live->options.interrupted };
    assert(live->place_count < BATON_LIVE_PLACES_MAX);
    struct baton_live_place *place = &live->places[live->place_count];
    bool is_local = false, is_from_file = false;
    *place = *wanted;
    enum baton_status status = place_url(live, place, &is_local, &is_from_file, err);
    status = status == BATON_OK ? place_headers(live, place, is_local, is_from_file, err) : status;
    status = status == BATON_OK ? baton_limiter_new(&place->limiter, &limits, err) : status;
    live->place_count += status == BATON_OK;
    *out = place;
    return status;
}

/* ---- who is asked where ---- */

static enum baton_status unknown_provider(struct baton_str name, const char *by, struct baton_str agent,
                                          struct baton_error *err)
{
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES], known[BATON_ERROR_TEXT_BYTES / 2] = "";
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        const struct baton_codec *codec = baton_codec_at(i);
        baton_suggest_offer(&suggest, baton_str_of(codec->name));
        strncat(known, i == 0 ? "" : ", ", sizeof known - strlen(known) - 1);
        strncat(known, codec->name, sizeof known - strlen(known) - 1);
    }
    return baton_error_set(err, BATON_EUSAGE, "%s%.*s: there is no live provider '%.*s'%s (there are %s)", by,
                           (int)agent.length, agent.data, (int)name.length, name.data,
                           baton_suggest_text(&suggest, hint), known);
}

static enum baton_status role_fill(struct baton_live *live, uint32_t index, struct baton_error *err)
{
    const struct baton_live_options *options = &live->options;
    const struct baton_agent *agent = &options->agents->list[index];
    struct baton_live_role *role = &live->roles[index];
    const bool is_set = options->provider.length > 0;
    const struct baton_str name = is_set ? options->provider : agent->provider;
    const struct baton_codec *codec = baton_codec_find(name);
    role->model = options->model.length > 0 ? options->model : agent->model;
    role->price = baton_price_find(options->agents, role->model);
    if (name.length == 0) {
        return baton_error_set(err, BATON_EUSAGE,
                               "agent '%.*s' has no provider; give it one, or all of them by 'defaults: { provider: "
                               "anthropic }' in '%s'",
                               (int)agent->name.length, agent->name.data, options->agents->source.name);
    }
    if (codec == NULL) {
        return unknown_provider(name, is_set ? "provider" : "provider of agent ", is_set ? BATON_STR("") : agent->name,
                                err);
    }
    if (role->model.length == 0) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "agent '%.*s' has no model; give it one, or all of them by 'defaults: { model: ... }' in "
            "'%s'",
            (int)agent->name.length, agent->name.data, options->agents->source.name);
    }
    if (options->spend_max_pico > 0 && role->price == NULL) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "a limit of money cannot be kept: '%s' has no price for the model '%.*s'; add it to 'prices'",
            options->agents->source.name, (int)role->model.length, role->model.data);
    }
    struct baton_live_place wanted = { .codec = codec, .base_url = BATON_STR(""), .key_variable = BATON_STR("") };
    if (codec == baton_codec_find(agent->provider)) { /* with another provider, its address and key are not meant */
        wanted.base_url = agent->base_url;
        wanted.key_variable = agent->key_variable;
    }
    return place_add(live, &wanted, &role->place, err);
}

static enum baton_status fill(struct baton_live *live, struct baton_error *err)
{
    const struct baton_live_options *options = &live->options;
    const struct baton_limiter_options purse = { .spend_max_pico = options->spend_max_pico,
                                                 .clock = options->clock,
                                                 .interrupted = options->interrupted };
    live->arena = baton_arena_new(LIFE_BYTES_MAX);
    live->roles =
        live->arena == NULL ? NULL : baton_arena_zero(live->arena, options->agents->count * sizeof *live->roles);
    if (live->roles == NULL) {
        return no_memory(err);
    }
    enum baton_status status = baton_limiter_new(&live->purse, &purse, err);
    for (uint32_t i = 0; i < options->agents->count && status == BATON_OK; i++) {
        status = role_fill(live, i, err);
    }
    return status;
}

enum baton_status baton_live_new(struct baton_live **out, const struct baton_live_options *options,
                                 struct baton_error *err)
{
    *out = NULL;
    struct baton_live *live = baton_system_take(sizeof *live);
    if (live == NULL) {
        return no_memory(err);
    }
    *live = (struct baton_live){ .options = *options };
    enum baton_status status = fill(live, err);
    if (status != BATON_OK) {
        baton_live_free(live);
        return status;
    }
    *out = live;
    return BATON_OK;
}

void baton_live_free(struct baton_live *live)
{
    if (live == NULL) {
        return;
    }
    for (size_t i = 0; i < live->place_count; i++) {
        baton_limiter_free(live->places[i].limiter);
    }
    baton_limiter_free(live->purse);
    baton_arena_free(live->arena);
    baton_system_give(live);
}

struct baton_live_totals baton_live_totals(const struct baton_live *live)
{
    return (struct baton_live_totals){ .calls = atomic_load(&live->calls),
                                       .attempts = atomic_load(&live->attempts),
                                       .tokens = atomic_load(&live->tokens),
                                       .spent_pico = baton_limiter_spent_pico(live->purse) };
}
