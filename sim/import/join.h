/* join.h - joins the calls of a trace: which of them belong to one conversation, who handed over to whom, who ran as whose
 * tool, and what came of each tool call.
 *
 * What the form says counts first: calls of different conversations are never joined, and an agent is whoever the form names.
 * Where it says nothing, agents are told apart by their instructions. A request goes on with a conversation where it holds the
 * calls of the last reply, or its text and a new message of the user, or ends with its text. With another agent that is a
 * handoff. A request that holds neither is a part of a call that is still open, an agent as a tool, if the caller goes on later
 * and its call speaks of it: by its result or its arguments. An agent whose instructions change from call to call while its
 * tools stay the same is one agent.
 *
 * Owns:     nothing; all lives in the arena, and the trace must outlive it.
 * Threads:  any, each with its own arena.
 * Limits:   BATON_IMPORT_CALLS_MAX calls.
 * Errors:   BATON_EINPUT over that limit, BATON_ELIMIT where the arena is too small.
 */
#ifndef BATON_SIM_IMPORT_JOIN_H
#define BATON_SIM_IMPORT_JOIN_H

#include "sim/import/joined.h"

BATON_MUST_CHECK enum baton_status baton_join(struct baton_joined *out, struct baton_arena *arena,
                                              const struct baton_trace *trace, struct baton_error *err);

#endif
