/* rebuild_agents.h - the agents file of an import: who was asked, with which tools, and which tool hands over to whom.
 *
 * Owns:     nothing; all lives in the arena of the import.
 * Threads:  one belongs to one import.
 * Errors:   BATON_EINPUT where what happened has no form in an agents file; BATON_ELIMIT.
 */
#ifndef BATON_SIM_IMPORT_REBUILD_AGENTS_H
#define BATON_SIM_IMPORT_REBUILD_AGENTS_H

#include "engine/base/text.h"
#include "sim/import/joined.h"

struct baton_rebuilt_agents {
    const char *name; /* of the recording, for messages */
    const struct baton_joined *joined;
    struct baton_arena *arena;
    struct baton_str
        *targets; /* private: agents that were on offer and never entered; numbered after those that were */
    uint32_t target_count, target_capacity; /* private */
};

/* Whether a tool of the agent hands over, and to whom. BATON_EINPUT where it does so to several. */
BATON_MUST_CHECK enum baton_status baton_rebuilt_agents_handoff(struct baton_rebuilt_agents *agents, uint32_t agent,
                                                                struct baton_str tool, bool *is_handoff,
                                                                uint32_t *target, struct baton_error *err);

/* Writes the file; how many agents it lists. */
BATON_MUST_CHECK enum baton_status baton_rebuilt_agents_write(struct baton_text *out, uint32_t *count,
                                                              struct baton_rebuilt_agents *agents,
                                                              struct baton_error *err);

struct baton_str baton_rebuilt_agents_name(const struct baton_rebuilt_agents *agents, uint32_t agent);

#endif
