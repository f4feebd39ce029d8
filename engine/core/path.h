/* path.h - how long a path was, and how much of it was needed.
 *
 * A path is [start, entered agents...] as indices; its depth is its hops, one less than its agents.
 *     depth = optimal + detour + looped
 * optimal is the shortest way in the declared graph, looped the hops on circles, detour what is left.
 *
 * Owns:     nothing; no allocation.
 * Threads:  any.
 * Errors:   none.
 */
#ifndef BATON_ENGINE_CORE_PATH_H
#define BATON_ENGINE_CORE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATON_PATH_UNKNOWN UINT32_MAX /* optimal: there is no target, or no way to it */

/* Erases the loops of a path in the order it was walked (Lawler 1980): on a revisit it is cut back to the first
 * visit. Writes the rest to erased, which has room for count agents and may be path itself, and returns its length,
 * 0 for an empty path. Time: count times the agents left, of which there are never more than distinct ones. */
size_t baton_path_erase_loops(uint32_t *erased, const uint32_t *path, size_t count);

struct baton_path_walk {
    size_t path_count;   /* agents, the start included; 0 is taken as 1 */
    size_t erased_count; /* what baton_path_erase_loops() returned; path_count where no agent occurs twice */
    uint32_t optimal;    /* hops, or BATON_PATH_UNKNOWN */
    bool is_reached;     /* the path ended where it should */
};

struct baton_path_split {
    size_t depth;
    size_t looped;
    bool has_detour; /* false when the target was not reached or optimal is unknown */
    int64_t detour;  /* below 0 when the path took hops the declared graph lacks; 0 when there is none */
};

struct baton_path_split baton_path_split(const struct baton_path_walk *walk);

#endif
