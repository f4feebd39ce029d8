/* agents.h - the agents of a file, their tools and the handoffs between them (FORMATS section 1).
 *
 * Loading checks everything once: names exist and are unique, tool names are unique per agent and safe for every API,
 * `transfer_to_` is used by handoffs alone, schemas are schemas. After that the struct is read-only.
 *
 * Owns:     nothing of its own: all of it lives in the arena given to the load, texts point into that arena too.
 * Threads:  any number may read.
 * Indices:  agents, tools and handoffs are named by index; BATON_NONE (map.h) means none.
 */
#ifndef BATON_ENGINE_CORE_AGENTS_H
#define BATON_ENGINE_CORE_AGENTS_H

#include "engine/base/exec.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/map.h"
#include "engine/core/loop.h"
#include "engine/core/profile.h"
#include "engine/core/tool_http.h"

#define BATON_TRANSFER_PREFIX "transfer_to_"

enum { BATON_DISTANCE_NONE = UINT16_MAX };

enum baton_history_kind {
    BATON_HISTORY_FULL,
    BATON_HISTORY_NONE,
    BATON_HISTORY_LAST_USER,
    BATON_HISTORY_NO_TOOLS,
    BATON_HISTORY_LAST
};

struct baton_handoff {
    uint32_t target;
    struct baton_str tool_name;
    struct baton_str description;
    const struct baton_json *input;             /* schema of the arguments, or NULL: {reason?: string} */
    struct baton_command context;               /* context provider: a command, */
    const struct baton_tool_http *context_http; /* or a service; NULL: none */
    enum baton_history_kind history;
    uint32_t history_last; /* messages kept by BATON_HISTORY_LAST */
    bool is_enabled;
};

enum baton_tool_kind { BATON_TOOL_RESULT, BATON_TOOL_EXEC, BATON_TOOL_HTTP, BATON_TOOL_AGENT };

struct baton_tool {
    struct baton_str name, description;
    const struct baton_json *parameters; /* schema, or NULL: anything */
    enum baton_tool_kind kind;
    struct baton_str result;
    struct baton_command command;
    const struct baton_tool_http *http;
    uint32_t agent;
};

struct baton_price {
    struct baton_str model;
    double in, cached, cache_write, out; /* USD per million tokens */
};

struct baton_agent {
    struct baton_str name, description, instructions, model, provider;
    struct baton_str base_url;     /* of a live provider, in place of the service's own; empty: that */
    struct baton_str key_variable; /* of the environment, `api_key: $NAME`; empty: the provider's own */
    const struct baton_handoff *handoffs;
    uint32_t handoff_count;
    const uint32_t *tools; /* indices into baton_agents.tools */
    uint32_t tool_count;
    struct baton_map callables; /* by name: < tool_count a tool of this list; from tool_count on a handoff */
    struct baton_str tool_choice;
    int32_t parallel_tool_calls; /* -1 unset, 0, 1 */
};

struct baton_limits {
    int32_t max_turns, max_handoffs; /* per exchange; -1 = off, 0 = none allowed */
    int64_t tool_timeout_ns;
};

struct baton_agents {
    struct baton_source source; /* the file, for messages */
    const struct baton_agent *list;
    uint32_t count;
    const struct baton_tool *tools;
    uint32_t tool_count;
    const struct baton_price *prices;
    uint32_t price_count;
    struct baton_map by_name;
    uint32_t entry;
    const struct baton_profile *profile;
    struct baton_limits limits;
    struct baton_loop_options loops;
    bool loops_stop;           /* loops.action: stop */
    bool on_handoff_stop;      /* on_handoff: stop */
    const uint16_t *distances; /* count x count hops over enabled handoffs; BATON_DISTANCE_NONE: no way */
    struct baton_hash digest;  /* of the file's bytes */
};

/* Loads a YAML or JSON file. BATON_EINPUT with its place. `profile` replaces the file's own when not NULL. */
BATON_MUST_CHECK enum baton_status baton_agents_load(struct baton_agents **out, struct baton_arena *arena,
                                                     const char *path, const struct baton_profile *profile,
                                                     struct baton_error *err);

/* The same from a text already read; source->name says where relative paths start. */
BATON_MUST_CHECK enum baton_status baton_agents_parse(struct baton_agents **out, struct baton_arena *arena,
                                                      const struct baton_source *source, const struct baton_json *root,
                                                      const struct baton_profile *profile, struct baton_error *err);

/* The index of an agent, or BATON_NONE. */
uint32_t baton_agents_find(const struct baton_agents *agents, struct baton_str name);

/* BATON_EINPUT at an offset of `source`: `unknown agent 'x'` with the nearest known name. */
enum baton_status baton_agents_unknown(const struct baton_agents *agents, struct baton_str name,
                                       const struct baton_source *source, size_t offset, struct baton_error *err);

/* Hops from one agent to another in the declared graph (0 to itself), or BATON_PATH_UNKNOWN. */
uint32_t baton_agents_distance(const struct baton_agents *agents, uint32_t from, uint32_t to);

/* The handoff of `agent` behind a tool name, or NULL. */
const struct baton_handoff *baton_agent_handoff(const struct baton_agent *agent, struct baton_str tool_name);

struct baton_str baton_agent_name(const struct baton_agents *agents, uint32_t agent);

#endif
