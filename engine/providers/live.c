/* Who is asked where: agents are bound to endpoints before the first call.
 *
 * All that can be wrong with names, keys, addresses and prices is found here, so that a run of a thousand cases does not fail
 * at the first agent that a handoff happens to reach. Agents that share format, address and key share an endpoint, and with it
 * its rates: a service counts by key, not by agent. Money has one budget over all of them. */
#include "engine/providers/live.h"

#include "engine/base/suggest.h"
#include "engine/base/text.h"
#include "engine/core/price.h"
#include "engine/providers/live_state.h"
#include "engine/wire/codecs.h"

enum { NS_PER_MS = 1000000 };

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
    return baton_error_no_memory(err, "the live providers");
}

static enum baton_status unknown_provider(struct baton_str name, const char *by, struct baton_str agent,
                                          struct baton_error *err)
{
    struct baton_suggest suggest;
    struct baton_text known = baton_text_with_limit(BATON_ERROR_TEXT_BYTES);
    char text[BATON_SUGGEST_UNKNOWN_BYTES];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_codec_at(i)->name));
        baton_text_puts(&known, i == 0 ? "; there are " : ", ");
        baton_text_puts(&known, baton_codec_at(i)->name);
    }
    baton_suggest_unknown(&suggest, "live provider", known.data == NULL ? "" : known.data, text);
    baton_text_clear(&known);
    return baton_error_set(err, BATON_EUSAGE, "%s%.*s: %s", by, BATON_STR_ARGS(agent), text);
}

/* The endpoint of that format, address and key; made where there is none yet. */
static enum baton_status endpoint_get(struct baton_live *live, const struct baton_live_endpoint *wanted,
                                      const struct baton_live_endpoint **out, struct baton_error *err)
{
    for (size_t i = 0; i < live->endpoint_count; i++) {
        *out = &live->endpoints[i];
        if ((*out)->codec == wanted->codec && baton_str_equal((*out)->base_url, wanted->base_url) &&
            baton_str_equal((*out)->key_variable, wanted->key_variable)) {
            return BATON_OK;
        }
    }
    if (live->endpoint_count == BATON_LIVE_ENDPOINTS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d different addresses and keys of live providers",
                               BATON_LIVE_ENDPOINTS_MAX);
    }
    struct baton_live_endpoint *endpoint = &live->endpoints[live->endpoint_count];
    *endpoint = *wanted;
    enum baton_status status = baton_live_endpoint_open(endpoint, &live->options, live->arena, err);
    live->endpoint_count += status == BATON_OK;
    *out = endpoint;
    return status;
}

static enum baton_status bind(struct baton_live *live, uint32_t index, struct baton_error *err)
{
    const struct baton_live_options *options = &live->options;
    const struct baton_agent *agent = &options->agents->list[index];
    const char *file = options->agents->source.name;
    struct baton_live_binding *binding = &live->bindings[index];
    const bool is_set = options->provider.length > 0;
    const struct baton_str name = is_set ? options->provider : agent->provider;
    const struct baton_codec *codec = baton_codec_find(name);
    binding->model = options->model.length > 0 ? options->model : agent->model;
    binding->price = baton_price_find(options->agents, binding->model);
    if (name.length == 0) {
        return baton_error_set(err, BATON_EUSAGE,
                               "agent '%.*s' has no provider; give it one, or all of them by 'defaults: { provider: "
                               "anthropic }' in '%s'",
                               BATON_STR_ARGS(agent->name), file);
    }
    if (codec == NULL) {
        return unknown_provider(name, is_set ? "provider" : "provider of agent ", is_set ? BATON_STR("") : agent->name,
                                err);
    }
    if (binding->model.length == 0) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "agent '%.*s' has no model; give it one, or all of them by 'defaults: { model: ... }' in "
            "'%s'",
            BATON_STR_ARGS(agent->name), file);
    }
    if (options->spend_max_pico > 0 && binding->price == NULL) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "a limit of money cannot be kept: '%s' has no price for the model '%.*s'; add it to 'prices'", file,
            BATON_STR_ARGS(binding->model));
    }
    struct baton_live_endpoint wanted = { .codec = codec, .base_url = BATON_STR(""), .key_variable = BATON_STR("") };
    if (codec == baton_codec_find(agent->provider)) { /* with another provider, its address and key are not meant */
        wanted.base_url = agent->base_url;
        wanted.key_variable = agent->key_variable;
    }
    return endpoint_get(live, &wanted, &binding->endpoint, err);
}

static enum baton_status fill(struct baton_live *live, struct baton_error *err)
{
    const struct baton_live_options *options = &live->options;
    const struct baton_limiter_options budget = { .spend_max_pico = options->spend_max_pico,
                                                  .clock = options->clock,
                                                  .interrupted = options->interrupted };
    live->arena = baton_arena_new(BATON_LIVE_BYTES_MAX);
    live->bindings =
        live->arena == NULL ? NULL : baton_arena_zero(live->arena, options->agents->count * sizeof *live->bindings);
    if (live->bindings == NULL) {
        return no_memory(err);
    }
    enum baton_status status = baton_limiter_new(&live->budget, &budget, err);
    for (uint32_t i = 0; i < options->agents->count && status == BATON_OK; i++) {
        status = bind(live, i, err);
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
    for (size_t i = 0; i < live->endpoint_count; i++) {
        baton_live_endpoint_close(&live->endpoints[i]);
    }
    baton_limiter_free(live->budget);
    baton_arena_free(live->arena);
    baton_system_give(live);
}

struct baton_live_totals baton_live_totals(const struct baton_live *live)
{
    return (struct baton_live_totals){ .calls = atomic_load(&live->calls),
                                       .attempts = atomic_load(&live->attempts),
                                       .tokens = atomic_load(&live->tokens),
                                       .spent_pico = baton_limiter_spent_pico(live->budget) };
}
