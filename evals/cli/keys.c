#include "evals/cli/keys.h"

#include "engine/core/tool_http.h"
#include "engine/wire/codec.h"
#include "engine/wire/codecs.h"

struct gathering {
    struct baton_arena *arena;
    const struct baton_environment *environment;
    struct baton_str values[BATON_KNOWN_VALUES_MAX];
    size_t count;
    bool has_failed; /* out of memory, or too many */
};

static void gather_variable(struct gathering *gathering, struct baton_str name)
{
    const char *variable = baton_arena_copy(gathering->arena, name.data, name.length);
    struct baton_str value = baton_str_of(variable == NULL ? NULL : gathering->environment->setting(NULL, variable));
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

static void gather_agents(struct gathering *gathering, const struct baton_agents *agents)
{
    for (uint32_t i = 0; i < agents->tool_count; i++) {
        gather_headers(gathering, agents->tools[i].http);
    }
    for (uint32_t i = 0; i < agents->count; i++) {
        const struct baton_agent *agent = &agents->list[i];
        if (agent->key_variable.length > 0) {
            gather_variable(gathering, agent->key_variable);
        }
        for (uint32_t k = 0; k < agent->handoff_count; k++) {
            gather_headers(gathering, agent->handoffs[k].context_http);
        }
    }
}

enum baton_status baton_keys_gather(struct baton_known_values **out, struct baton_arena *arena,
                                    const struct baton_agents *agents, const struct baton_environment *environment,
                                    struct baton_error *err)
{
    struct gathering gathering = { .arena = arena, .environment = environment };
    *out = NULL;
    for (size_t i = 0; baton_codec_at(i) != NULL; i++) {
        gather_variable(&gathering, baton_str_of(baton_codec_at(i)->key_variable));
    }
    if (agents != NULL) {
        gather_agents(&gathering, agents);
    }
    if (gathering.has_failed) {
        return baton_error_set(err, BATON_ELIMIT, "more variables with keys than can be kept out of recordings");
    }
    return gathering.count == 0 ? BATON_OK : baton_known_values_new(out, arena, gathering.values, gathering.count, err);
}
