#include "engine/core/path.h"

#include <assert.h>

static size_t position_of(const uint32_t *agents, size_t count, uint32_t agent)
{
    size_t i = 0;
    while (i < count && agents[i] != agent) {
        i++;
    }
    return i;
}

size_t baton_path_erase_loops(uint32_t *erased, const uint32_t *path, size_t count)
{
    size_t erased_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t agent = path[i]; /* read first: erased may be path, and never runs ahead of it */
        size_t position = position_of(erased, erased_count, agent);
        erased[position] = agent;
        erased_count = position + 1;
    }
    return erased_count;
}

static size_t hops(size_t agent_count)
{
    return agent_count > 0 ? agent_count - 1 : 0;
}

struct baton_path_split baton_path_split(const struct baton_path_walk *walk)
{
    assert(walk->erased_count <= walk->path_count);
    size_t depth = hops(walk->path_count);
    size_t direct = hops(walk->erased_count);
    struct baton_path_split split = { .depth = depth, .looped = depth - direct };
    if (walk->is_reached && walk->optimal != BATON_PATH_UNKNOWN) {
        split.has_detour = true;
        split.detour = (int64_t)direct - (int64_t)walk->optimal;
    }
    return split;
}
