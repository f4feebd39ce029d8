/* vcr_import_state.h - an import on its way. Private to vcr_import.c, which reads the calls and writes conversations and
 * cassette, and vcr_import_agents.c, which writes the agents file. */
#ifndef BATON_SIM_IMPORT_VCR_IMPORT_STATE_H
#define BATON_SIM_IMPORT_VCR_IMPORT_STATE_H

#include "sim/import/story.h"
#include "sim/import/vcr_import.h"

/* A call as it was recorded, redacted. */
struct baton_vcr_call {
    const struct baton_vcr_interaction *from;
    struct baton_str request, response;
};

struct baton_vcr_importing {
    const struct baton_vcr *vcr;
    const struct baton_vcr_import_options *options;
    struct baton_vcr_import *out;
    struct baton_arena *arena;
    struct baton_story story;
    struct baton_vcr_call *calls; /* beside story.calls */
    struct baton_str *stubs;      /* agents that were offered and never entered; numbered after those of the story */
    uint32_t stub_count;
    const char *first_reason; /* of what was passed over */
    struct baton_error *err;
};

/* Whether a tool of the agent hands over, and to whom. BATON_EINPUT where it does so to several. */
BATON_MUST_CHECK enum baton_status baton_vcr_handoff_of(struct baton_vcr_importing *importing, uint32_t agent,
                                                        struct baton_str tool, bool *is_handoff, uint32_t *target);

/* Writes the agents file. */
BATON_MUST_CHECK enum baton_status baton_vcr_write_agents(struct baton_vcr_importing *importing);

struct baton_str baton_vcr_agent_name(const struct baton_vcr_importing *importing, uint32_t agent);

#endif
