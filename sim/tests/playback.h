/* playback.h - records cassettes and plays them back, for tests: agents, a model that answers by simple rules as if over a wire,
 * tools that count, and whole conversations with their events as a text to compare.
 *
 * The model looks at the last message alone: `billing ...` of a user goes to that agent, `lookup X`, `fix` and `ask X` call
 * tools, `fail` is an HTTP error, `both X` two tools at once, anything else is answered with the agent's name and the words.
 * Replies are written as the provider would, decoded, and handed to a sink as a live provider does.
 *
 * Owns:     playback_open() takes memory, playback_close() gives it back.
 * Threads:  one, but for playback_play(), which any number may call with a live of their own.
 */
#ifndef BATON_SIM_TESTS_PLAYBACK_H
#define BATON_SIM_TESTS_PLAYBACK_H

#include "engine/core/run.h"
#include "engine/wire/traffic.h"
#include "sim/cassette/recorder.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { PLAYBACK_SAYS_MAX = 4, PLAYBACK_MEMORY_MAX = 256 * 1024 * 1024 };

struct playback {
    struct baton_arena *arena;
    struct baton_agents *agents;
    const char *folder; /* of its own, for files; gone at the end */
};

void playback_open(struct playback *playback);
void playback_close(struct playback *playback);

/* A file in the folder; with bytes it is written. */
const char *playback_file(struct playback *playback, const char *name);
void playback_write(struct playback *playback, const char *path, const char *bytes, size_t length);
struct baton_str playback_read(struct playback *playback, const char *path);
bool playback_has(const char *path);

/* The far end: a provider of rules, or another one (`inner`), over a wire. */
struct playback_live {
    struct baton_provider provider;
    struct baton_tool_runner tools;
    struct baton_provider *inner;    /* NULL: the rules */
    struct baton_traffic_sink *sink; /* NULL: nobody records */
    const struct baton_codec *codec; /* NULL: openai-chat */
    bool is_stream;
    const char *secret; /* stands in answers and results where not NULL */
    uint32_t call_count, tool_count, context_count;
    uint32_t calls_max; /* then it dies (BATON_EINTERRUPTED), as a killed run does; 0: never */
};

void playback_live_init(struct playback_live *live, struct baton_traffic_sink *sink);

/* One conversation. */
struct playback_case {
    const char *id, *says[PLAYBACK_SAYS_MAX];
};

/* Plays it and appends all its events, one a line, with their times; returns the status of the run loop. */
enum baton_status playback_play(const struct playback *playback, const struct playback_case *it,
                                struct baton_provider *provider, struct baton_tool_runner *tools,
                                struct baton_arena *arena, struct baton_text *events);

/* Loads a cassette; asserted to be good. */
struct baton_cassette *playback_load(struct playback *playback, const char *path);

/* Replays a conversation from a cassette, as playback_play(); adds the misses to *misses. */
enum baton_status playback_replay(const struct playback *playback, const struct playback_case *it,
                                  const struct baton_cassette *cassette, struct baton_text *events, uint32_t *misses);

/* Records conversations one after the other, to the end; the live one may be given to choose codec and stream. Appends what
 * happened. */
enum baton_status playback_record(struct playback *playback, const struct baton_recorder_options *options,
                                  const struct playback_case *cases, size_t count, struct playback_live *live,
                                  struct baton_text *events, struct baton_error *err);

/* Options for a file of the folder. */
struct baton_recorder_options playback_options(const struct playback *playback, const char *path);

#endif
