/* vcr_import.h - makes a suite of what vcrpy recorded: a cassette, the agents that were asked, and what the users said.
 *
 * The three go together: the recorded run replays through the engine, each agent asked in the recorded order (cassette.h,
 * match: order), with the recorded results of tools. What story.h finds becomes:
 *
 *     agents          one for each text of instructions, with its model, provider and tools. A tool whose call was followed
 *                     by another agent is a handoff, and so is every `transfer_to_...`; its target, where it was never
 *                     entered, is an agent without instructions.
 *     tools           commands (`exec: [./NAME]`) that a replay never runs, as nobody knows what they did; `agent:` where
 *                     one agent ran as the tool each time. Schemas that recorded arguments do not fit are left out.
 *     conversations   the user's words, an exchange each
 *     cassette        model calls, and a line for each result; delegated calls name who ran (`run_by`)
 *
 * What cannot come along is told with its reason: another format, a failure that was asked again. Bodies, instructions and
 * words are redacted like all that is recorded.
 *
 * Owns:     the texts, until baton_vcr_import_clear().
 * Threads:  any.
 * Errors:   BATON_EINPUT where nothing can be imported, or what happened has no form in an agents file; BATON_ELIMIT.
 */
#ifndef BATON_SIM_IMPORT_VCR_IMPORT_H
#define BATON_SIM_IMPORT_VCR_IMPORT_H

#include "engine/base/text.h"
#include "sim/import/vcr.h"

struct baton_vcr_import {
    struct baton_text agents;        /* JSON */
    struct baton_text conversations; /* JSONL */
    struct baton_text cassette;      /* JSONL */
    uint32_t agent_count, conversation_count, call_count, skipped_count;
};

struct baton_vcr_import_options {
    const char *name;     /* of the file, for messages and as the source */
    struct baton_str id;  /* of the conversations; several get -1, -2, ... */
    struct baton_str day; /* recorded_at; may be empty */
    const struct baton_known_values *values;
    void (*skipped)(void *user, unsigned line, const char *reason); /* may be NULL */
    void *user;
};

BATON_MUST_CHECK enum baton_status baton_vcr_import(struct baton_vcr_import *out, struct baton_arena *arena,
                                                    const struct baton_vcr *vcr,
                                                    const struct baton_vcr_import_options *options,
                                                    struct baton_error *err);

void baton_vcr_import_clear(struct baton_vcr_import *import);

#endif
