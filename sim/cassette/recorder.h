/* recorder.h - writes cassettes (cassette.h) from live traffic.
 *
 * While it records, lines go to FILE.part, each redacted and with one write() before the answer is used: after kill -9 at
 * any instant the file holds every interaction whose answer was used, and perhaps the start of one more line. (That is the
 * kernel's promise; only a failing machine would need fsync for it, which is left to the end.) baton_recorder_finish() puts
 * the lines in an order that does not depend on threads, writes FILE.new, syncs it, removes FILE.part and renames FILE.new to
 * FILE; whatever moment it is killed at, opening FILE again with `resumes` goes on from there.
 *
 * Order: conversations as FILE had them, then new ones as the caller says, then others by their id; within one as recorded.
 *
 * Three modes: a new file, which must not exist; one that is written anew in place of another (replaces); or adding to one that
 * exists (refreshes): what is found in it is replayed, what is missing goes live and is added, and the lines that it has stay as
 * they are. Going on after a crash is the same with what FILE.part holds. Answers that come from the file take no time unless
 * tells_times is set: on a real clock nobody is to wait for what was waited for before.
 *
 * A conversation is recorded once: two that have the same id may not run at the same time.
 *
 * Owns:     the file, and the cassette of what was recorded before.
 * Threads:  any number may record at once, each its own conversations.
 * Errors:   BATON_EUSAGE (files in the way), BATON_EINPUT (what is to be gone on with cannot be read), BATON_EIO: a full disk,
 *           say. The first failure to write is the answer to all later calls; nothing is lost silently.
 */
#ifndef BATON_SIM_CASSETTE_RECORDER_H
#define BATON_SIM_CASSETTE_RECORDER_H

#include "engine/wire/traffic.h"
#include "sim/cassette/replay.h"

struct baton_recorder;

struct baton_recorder_options {
    const char *path;                    /* FILE */
    bool refreshes;                      /* adds to a file; one that does not exist is new */
    bool resumes;                        /* FILE.part may exist: go on with it */
    bool replaces;                       /* FILE and FILE.part may exist; they go when something new is recorded */
    struct baton_cassette_header header; /* for a new file; `created` and day are the caller's to say */
    struct baton_str day;                /* recorded_at of all lines: 2026-11-21 */
    const struct baton_agents *agents;
    const struct baton_known_values *values; /* keys that must never be written; may be NULL */
    const struct baton_codec *codec; /* in place of the agents' own, as the live provider was told; NULL: none */
    struct baton_str model;          /* likewise; empty: none. The header says both, for replays */
    bool tells_times;                /* runs are on a virtual clock: known answers have their recorded times */
};

/* Opens the files. Texts in the options must outlive the recorder. */
BATON_MUST_CHECK enum baton_status baton_recorder_open(struct baton_recorder **out,
                                                       const struct baton_recorder_options *options,
                                                       struct baton_error *err);

/* Closes; without baton_recorder_finish() before, FILE.part stays, unless it would be new and nothing stands in it. */
void baton_recorder_close(struct baton_recorder *recorder);

/* Where the live providers send their traffic. */
struct baton_traffic_sink *baton_recorder_sink(struct baton_recorder *recorder);

/* What was recorded before. */
const struct baton_cassette *baton_recorder_known(const struct baton_recorder *recorder);

/* Interactions written since it was opened. */
uint64_t baton_recorder_count(struct baton_recorder *recorder);

/* Writes FILE. `order` are ids of conversations, in the order of the input. To be called when nobody records any more. */
BATON_MUST_CHECK enum baton_status baton_recorder_finish(struct baton_recorder *recorder, const struct baton_str *order,
                                                         size_t order_count, struct baton_error *err);

/* One conversation: answers from what was recorded before, else live. */
struct baton_recording {
    struct baton_provider provider; /* give its address to a run */
    struct baton_tool_runner tools; /* likewise */
    struct baton_replay replay;     /* private, as all below */
    struct baton_recorder *recorder;
    struct baton_provider *live;
    struct baton_tool_runner *live_tools;
};

/* `live` sends its traffic to the recorder's sink; live_tools NULL: the default runner. Arena and scratch text as for
 * baton_replay_init(). Not to be copied or moved. */
void baton_recording_init(struct baton_recording *recording, struct baton_recorder *recorder,
                          struct baton_provider *live, struct baton_tool_runner *live_tools,
                          struct baton_str conversation_id, struct baton_arena *arena, struct baton_text *scratch);

/* For recorder.c's other half: appends lines that are already redacted. */
BATON_MUST_CHECK enum baton_status baton_recorder_append(struct baton_recorder *recorder, struct baton_str lines,
                                                         struct baton_error *err);
const struct baton_recorder_options *baton_recorder_options_of(const struct baton_recorder *recorder);
const struct baton_replay_options *baton_recorder_replay_options(const struct baton_recorder *recorder);

#endif
