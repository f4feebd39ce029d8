/* join_names.h - what the agents of a joined trace are called.
 *
 * The form's own name comes first. Else it is what others called the agent: the result of a transfer (`{"assistant": "NAME"}`),
 * an argument that stands in the agent's own instructions (`"coworker": "Senior Writer"`), or the tool by which it was reached,
 * without `transfer_to_` and the like; else how its instructions begin (`You are NAME.`); else agent1, agent2, ... Each name is
 * given once: further agents of a name get _2, _3, ...
 *
 * Owns:     nothing; names live in the arena.
 * Threads:  one belongs to one import.
 */
#ifndef BATON_SIM_IMPORT_JOIN_NAMES_H
#define BATON_SIM_IMPORT_JOIN_NAMES_H

#include "sim/import/joined.h"

/* False when out of memory. */
bool baton_join_name_agents(struct baton_joined *joined, struct baton_arena *arena);

#endif
