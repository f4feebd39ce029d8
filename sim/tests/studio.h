/* studio.h - where cassettes are recorded and played in tests: agents, a model that answers by simple rules over a wire that
 * is none, tools that count, and whole conversations told as texts to compare.
 *
 * The model looks at the last message alone: `billing ...` of a user goes to that agent, `lookup X`, `fix` and `ask X` call
 * tools, `fail` is an HTTP error, `both X` two tools at once, anything else is answered with the agent's name and the words.
 * Replies are written as the provider would, decoded, and handed to a sink as a live provider does.
 *
 * Owns:     studio_open() takes memory, studio_close() gives it back.
 * Threads:  one, but for studio_play(), which any number may call with a live of their own.
 */
#ifndef BATON_SIM_TESTS_STUDIO_H
#define BATON_SIM_TESTS_STUDIO_H

#include "engine/core/run.h"
#include "engine/wire/codecs.h"
#include "engine/wire/traffic.h"
#include "sim/cassette/recorder.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { STUDIO_SAYS_MAX = 4, STUDIO_MEMORY_MAX = 256 * 1024 * 1024 };

struct studio {
    struct baton_arena *arena;
    struct baton_agents *agents;
    const char *folder; /* of its own, for files; gone at the end */
};

void studio_open(struct studio *studio);
void studio_close(struct studio *studio);

/* A file in the folder; with bytes it is written. */
const char *studio_file(struct studio *studio, const char *name);
void studio_write(struct studio *studio, const char *path, const char *bytes, size_t length);
struct baton_str studio_read(struct studio *studio, const char *path);
bool studio_has(const char *path);

/* The far end: a provider of rules, or another one (`inner`), over a wire. */
struct studio_live {
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

void studio_live_init(struct studio_live *live, struct baton_traffic_sink *sink);

/* One conversation. */
struct studio_case {
    const char *id, *says[STUDIO_SAYS_MAX];
};

/* Plays it and appends all its events, one a line, with their times; returns the status of the run loop. */
enum baton_status studio_play(const struct studio *studio, const struct studio_case *it,
                              struct baton_provider *provider, struct baton_tool_runner *tools,
                              struct baton_arena *arena, struct baton_text *told);

/* Loads a cassette; asserted to be good. */
struct baton_cassette *studio_load(struct studio *studio, const char *path);

/* Replays a conversation from a cassette, as studio_play(); adds the misses to *misses. */
enum baton_status studio_replay(const struct studio *studio, const struct studio_case *it,
                                const struct baton_cassette *cassette, struct baton_text *told, uint32_t *misses);

/* Records conversations one after the other, to the end; the live one may be given to choose codec and stream. Appends what
 * happened. */
enum baton_status studio_record(struct studio *studio, const struct baton_recorder_options *options,
                                const struct studio_case *cases, size_t count, struct studio_live *live,
                                struct baton_text *told, struct baton_error *err);

/* Options for a file of the folder. */
struct baton_recorder_options studio_options(const struct studio *studio, const char *path);

#endif
