/* agents_callables.h - reads what agents can call, tools and handoffs to one another, and what a load of agents carries along for
 * that. Private to the load: agents_load.c reads the rest.
 *
 * Owns, threads, errors: as agents.h.
 */
#ifndef BATON_ENGINE_CORE_AGENTS_CALLABLES_H
#define BATON_ENGINE_CORE_AGENTS_CALLABLES_H

#include "engine/base/fields.h"
#include "engine/core/agents.h"

/* What stands under `defaults`, for agents that say nothing else. */
struct baton_agents_defaults {
    struct baton_str provider, model, base_url, api_key;
};

/* What a load carries along. */
struct baton_agents_load {
    struct baton_agents *agents;
    struct baton_agent *list; /* the same agents, writable */
    struct baton_tool *tools;
    struct baton_arena *arena;
    const struct baton_source *source;
    struct baton_map tools_by_name;
    struct baton_agents_defaults defaults;
    struct baton_error *err;
};

enum baton_status baton_agents_no_memory(struct baton_agents_load *load);

/* Reads an object by a table. */
BATON_MUST_CHECK enum baton_status baton_agents_read_form(struct baton_agents_load *load,
                                                          const struct baton_field *rows, size_t count,
                                                          const char *what, const struct baton_json *node, void *out);

#define BATON_AGENTS_READ(load, rows, what, node, out) \
    baton_agents_read_form(load, rows, BATON_FIELD_COUNT(rows), what, node, out)

/* All tools of the file; the names of its agents are known. */
BATON_MUST_CHECK enum baton_status baton_agents_read_tools(struct baton_agents_load *load,
                                                           const struct baton_json *node);

/* One handoff: an agent's name, or an object. */
BATON_MUST_CHECK enum baton_status baton_agents_read_handoff(struct baton_agents_load *load,
                                                             const struct baton_json *node,
                                                             struct baton_handoff *handoff);

#endif
