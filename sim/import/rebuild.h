/* rebuild.h - makes a suite of a recording: a cassette, the agents that were asked, and what the users said.
 *
 * The three go together: the recorded run replays through the engine, each agent asked in the recorded order (cassette.h,
 * match: order), with the recorded results of tools. What join.h finds out becomes:
 *
 *     agents          one for each name, or text of instructions, with its model, provider and tools. A tool whose call was
 *                     followed by another agent is a handoff, and so is every `transfer_to_...`; its target, where it was never
 *                     entered, is an agent without instructions.
 *     tools           commands (`exec: [./NAME]`) that a replay never runs, as nobody knows what they did; `agent:` where
 *                     one agent ran as the tool each time. Schemas that recorded arguments do not fit are left out.
 *     conversations   the user's words, an exchange each
 *     cassette        model calls, and a line for each result; delegated calls name who ran (`run_by`)
 *
 * A failure that was asked again cannot come along and is skipped, with its reason. Bodies, instructions and words are redacted
 * like all that is recorded.
 *
 * Owns:     the texts, until baton_rebuilt_clear().
 * Threads:  any, each with its own arena.
 * Limits:   BATON_IMPORT_TEXT_BYTES_MAX for each text.
 * Errors:   BATON_EINPUT where what happened has no form in an agents file; BATON_ELIMIT.
 */
#ifndef BATON_SIM_IMPORT_REBUILD_H
#define BATON_SIM_IMPORT_REBUILD_H

#include "engine/base/text.h"
#include "sim/import/trace.h"

struct baton_rebuilt {
    struct baton_text agents;        /* JSON */
    struct baton_text conversations; /* JSONL */
    struct baton_text cassette;      /* JSONL */
    uint32_t agent_count, conversation_count, call_count;
    uint32_t skipped_count; /* with those of the trace */
};

BATON_MUST_CHECK enum baton_status baton_rebuild(struct baton_rebuilt *out, struct baton_arena *arena,
                                                 const struct baton_trace *trace,
                                                 const struct baton_import_options *options, struct baton_error *err);

void baton_rebuilt_clear(struct baton_rebuilt *rebuilt);

#endif
