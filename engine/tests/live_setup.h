/* live_setup.h - a live provider, the server that it asks, and answers in each format, written down once.
 *
 * Time passes on a clock that does not wait: whoever sleeps on it moves it on. Every error text is searched for the key.
 *
 * Owns:     live_setup_open() takes, live_setup_close() gives back.
 * Threads:  one.
 */
#ifndef BATON_ENGINE_TESTS_LIVE_SETUP_H
#define BATON_ENGINE_TESTS_LIVE_SETUP_H

#include "engine/base/text.h"
#include "engine/core/run.h"
#include "engine/providers/live.h"
#include "engine/tests/misbehave.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)
#define LIVE_KEY "sk-live-key-that-nobody-may-see"
#define LIVE_TEXT "H\xc3\xa9llo."
#define LIVE_JSON "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
#define LIVE_SSE "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"

enum { LIVE_FORMATS = 4 };

/* What a service says, whole and as a stream. */
struct live_format {
    const char *codec;
    const char *text_json, *text_sse; /* LIVE_TEXT, 11 tokens in, 7 out */
    const char *hand_json, *hand_sse; /* "Wait." and a call of transfer_to_billing */
    const char *half_sse;             /* the beginning of text_sse: some text */
    const char *error_sse;            /* an overload, in mid-stream */
};
extern const struct live_format live_formats[LIVE_FORMATS];

struct skipping_clock {
    struct baton_clock clock;
    _Atomic uint64_t skipped_ns;
};

struct live_setup {
    struct misbehave *server;
    struct baton_arena *arena;
    struct skipping_clock clock;
    struct baton_agents *agents; /* triage, which hands off to billing; model m; prices of m */
    struct baton_live_options options;
    struct baton_live *live;
    struct baton_live_caller *caller;
    const char *base_url; /* for all formats */
    const char *key;      /* NULL: none set */
    struct baton_error err;
    struct baton_text streamed; /* what went to on_text, a | after each piece */
};

/* Agents, options and the environment; further options may be set before live_setup_begin(). */
void live_setup_open(struct live_setup *setup, const char *codec);
void live_setup_begin(struct live_setup *setup, const struct misbehave_step *steps, size_t count);
void live_setup_end(struct live_setup *setup); /* after it another live_setup_begin() may follow */
void live_setup_close(struct live_setup *setup);

/* Asks triage for an answer to "hi", once. `listens`: text goes to `streamed`. */
enum baton_status live_setup_ask(struct live_setup *setup, struct baton_reply *reply, bool listens);

/* Plays one exchange. */
struct baton_exchange *live_setup_play(struct live_setup *setup, struct baton_provider *provider,
                                       struct baton_event_sink events);

/* The body of the k-th request that the server got. */
const char *live_setup_body(const struct live_setup *setup, unsigned index);

struct baton_agents *live_agents(struct baton_arena *arena);

#endif
