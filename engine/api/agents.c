#include "engine/core/agents.h"

#include "engine/api/give.h"
#include "engine/base/yaml.h"

#include <baton/agents.h>
#include <string.h>

enum { AGENTS_BYTES_MAX = 512 * 1024 * 1024 };

/* What a handle of the API points to; it lies in its own arena. */
struct opened {
    struct baton_agents agents; /* first; a copy of what was loaded */
    struct baton_arena *arena;
    const char **names;
};

static const struct opened *opened_of(const struct baton_agents *agents)
{
    return (const struct opened *)agents;
}

/* ---- opening ---- */

static enum baton_status load_text(struct baton_agents **out, struct baton_arena *arena, const char *text,
                                   const char *name, struct baton_error *err)
{
    const struct baton_json *root = NULL;
    struct baton_source source = { .name = baton_arena_copy(arena, name, strlen(name)),
                                   .line_first = 1,
                                   .text = { baton_arena_copy(arena, text, strlen(text)), strlen(text) } };
    if (source.name == NULL || source.text.data == NULL) {
        return baton_error_over_limit(err, "a set of agents");
    }
    bool is_json = baton_path_ends(name, "json");
    enum baton_status status = (is_json ? baton_json_parse : baton_yaml_parse)(&root, arena, &source, err);
    return status == BATON_OK ? baton_agents_parse(out, arena, &source, root, NULL, err) : status;
}

static enum baton_status wrap(struct opened **out, struct baton_arena *arena, const struct baton_agents *agents,
                              struct baton_error *err)
{
    struct opened *opened = baton_arena_alloc(arena, sizeof *opened);
    const char **names = baton_arena_array(arena, agents->count, sizeof *names);
    bool has_memory = opened != NULL && names != NULL;
    for (uint32_t i = 0; has_memory && i < agents->count; i++) {
        names[i] = baton_give_text(arena, agents->list[i].name);
        has_memory = names[i] != NULL;
    }
    if (!has_memory) {
        return baton_error_over_limit(err, "a set of agents");
    }
    *opened = (struct opened){ .agents = *agents, .arena = arena, .names = names };
    *out = opened;
    return BATON_OK;
}

/* `text` NULL: what the file of that name holds. */
static struct baton_agents *open_agents(const char *text, const char *name, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_agents *agents = NULL;
    struct opened *opened = NULL;
    struct baton_arena *arena = baton_arena_new(AGENTS_BYTES_MAX);
    enum baton_status status = arena == NULL  ? baton_error_no_memory(&err, NULL)
                               : text == NULL ? baton_agents_load(&agents, arena, name, NULL, &err)
                                              : load_text(&agents, arena, text, name, &err);
    if (status == BATON_OK) {
        status = wrap(&opened, arena, agents, &err);
    }
    if (status != BATON_OK) {
        baton_arena_free(arena);
    }
    baton_give_error(error, status, &err);
    return opened == NULL ? NULL : &opened->agents;
}

static struct baton_agents *refuse(const char *what, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    baton_give_error(error, baton_give_missing(&err, what), &err);
    return NULL;
}

struct baton_agents *baton_agents_open(const char *path, struct baton_error_info *error)
{
    return path == NULL ? refuse("the path of the agents", error) : open_agents(NULL, path, error);
}

struct baton_agents *baton_agents_open_text(const char *text, const char *name, struct baton_error_info *error)
{
    return text == NULL ? refuse("the text of the agents", error)
                        : open_agents(text, name == NULL ? "agents.yaml" : name, error);
}

void baton_agents_close(struct baton_agents *agents)
{
    if (agents != NULL) {
        baton_arena_free(opened_of(agents)->arena);
    }
}

/* ---- looking ---- */

size_t baton_agents_count(const struct baton_agents *agents)
{
    return agents == NULL ? 0 : agents->count;
}

const char *baton_agents_name(const struct baton_agents *agents, size_t index)
{
    return index < baton_agents_count(agents) ? opened_of(agents)->names[index] : NULL;
}

const char *baton_agents_entry(const struct baton_agents *agents)
{
    return agents == NULL ? "" : opened_of(agents)->names[agents->entry];
}
