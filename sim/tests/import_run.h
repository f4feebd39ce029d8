/* rerun.h - plays an import (vcr_import.h) through the engine, for tests.
 *
 * Owns:     rerun_open() takes memory, rerun_close() gives it back; what is found lives until then.
 */
#ifndef BATON_SIM_TESTS_RERUN_H
#define BATON_SIM_TESTS_RERUN_H

#include "engine/core/run.h"
#include "sim/cassette/replay.h"
#include "sim/import/rebuild.h"

enum { RERUN_CALLS_MAX = 512, RERUN_EXCHANGES_MAX = 64 };

/* One model call, as the engine made it. */
struct rerun_call {
    struct baton_str instructions, conversation;
    uint32_t nesting;
    uint32_t exchange; /* ended before it, of all conversations */
    struct baton_usage usage;
};

struct rerun {
    struct baton_arena *arena;
    struct baton_vcr_import import;
    struct baton_agents *agents;
    struct baton_cassette *cassette;
    struct rerun_call calls[RERUN_CALLS_MAX];
    uint32_t call_count;
    uint32_t exchange_count, handoff_count, miss_count, unused_count;
    const char *ends[RERUN_EXCHANGES_MAX]; /* of exchanges: `answered 'text'` */
    struct baton_str final_text;           /* of the last exchange */
    enum baton_run_status final_status;
    bool diverged;
    struct baton_usage usage;       /* of all calls */
    char said[1024];                /* of what failed */
    struct baton_provider provider; /* private, as all below: notes the calls */
    struct baton_replay replay;
    struct baton_str conversation;
};

/* Imports and plays; BATON_OK when all of it ran, else what failed, with `said`. The folder is for the cassette. */
void rerun_open(struct rerun *rerun);
enum baton_status rerun_play(struct rerun *rerun, const struct baton_vcr *vcr, const char *name,
                             const char *cassette_path);
void rerun_close(struct rerun *rerun);

#endif
