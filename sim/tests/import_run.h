/* import_run.h - imports a recording and plays it through the engine, for tests.
 *
 * Owns:     import_run_open() takes memory, import_run_close() gives it back; what is found lives until then.
 */
#ifndef BATON_SIM_TESTS_IMPORT_RUN_H
#define BATON_SIM_TESTS_IMPORT_RUN_H

#include "engine/core/run.h"
#include "sim/cassette/replay.h"
#include "sim/import/rebuild.h"
#include "sim/import/trace_http.h"

enum { IMPORT_RUN_CALLS_MAX = 512, IMPORT_RUN_EXCHANGES_MAX = 64 };

/* One model call, as the engine made it. */
struct import_run_call {
    struct baton_str instructions, conversation;
    uint32_t nesting;
    uint32_t exchange; /* ended before it, of all conversations */
    struct baton_usage usage;
};

struct import_run {
    struct baton_arena *arena;
    struct baton_rebuilt rebuilt;
    struct baton_agents *agents;
    struct baton_cassette *cassette;
    struct import_run_call calls[IMPORT_RUN_CALLS_MAX];
    uint32_t call_count;
    uint32_t exchange_count, handoff_count, miss_count, unused_count;
    const char *ends[IMPORT_RUN_EXCHANGES_MAX]; /* of exchanges: `answered 'text'` */
    struct baton_str final_text;                /* of the last exchange */
    enum baton_run_status final_status;
    bool diverged;
    struct baton_usage usage;       /* of all calls */
    char said[1024];                /* of what failed */
    struct baton_provider provider; /* private, as all below: notes the calls */
    struct baton_replay replay;
    struct baton_str conversation;
};

void import_run_open(struct import_run *played);
void import_run_close(struct import_run *played);

/* Rebuilds and plays; BATON_OK when all of it ran, else what failed, with `said`. The path is for the cassette. */
enum baton_status import_run_play(struct import_run *played, const struct baton_recorded_calls *calls, const char *name,
                                  const char *cassette_path);
enum baton_status import_run_play_trace(struct import_run *played, const struct baton_trace *trace, const char *name,
                                        const char *cassette_path);

#endif
