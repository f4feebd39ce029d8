/* script.h - a model that says what a test wrote down.
 *
 * A script is a list of replies, handed out one for each model call, whoever is asked. It can stream (texts in small
 * pieces) or not; both take the same time on the clock. Past its last reply it says that the recording holds nothing more.
 *
 * Owns:     nothing; replies and clock outlive the script, what it answers lives in the request's arena.
 * Threads:  one.
 */
#ifndef BATON_ENGINE_TESTS_SCRIPT_H
#define BATON_ENGINE_TESTS_SCRIPT_H

#include "engine/base/clock.h"
#include "engine/core/provider.h"

enum { SCRIPT_CALLS_MAX = 4, SCRIPT_REPLIES_MAX = 8, SCRIPT_LATENCY_MS = 100, SCRIPT_TTFT_MS = 40 };

struct script_call {
    const char *name;
    const char *arguments; /* NULL: {} */
    const char *id;        /* NULL: call_<request>_<index>, both from 1 */
};

struct script_reply {
    const char *text; /* NULL: none */
    struct script_call calls[SCRIPT_CALLS_MAX];
    enum baton_finish finish;
    enum baton_reply_kind kind;
    uint32_t recorded_agent;      /* with BATON_REPLY_DIVERGED */
    enum baton_status fails_with; /* the call fails, after its time */
    bool continues;
    bool is_untimed;  /* the time it takes is not known */
    bool is_measured; /* the call takes its time itself, also where it does not stream */
    bool is_silent;   /* no text and no calls, but a reply */
};

struct script {
    struct baton_provider provider; /* first, as the loop knows only this */
    const struct script_reply *replies;
    struct baton_clock *clock;
    bool repeats; /* after the last reply the first one comes again */
    bool streams;
    uint32_t request_count;
    /* Told of each request before it is answered; may be NULL. */
    void (*on_request)(void *user, const struct baton_request *request);
    void *user;
};

/* The list ends at a blank reply or after SCRIPT_REPLIES_MAX. */
void script_init(struct script *script, const struct script_reply *replies, struct baton_clock *clock);

/* A clock that stands still but for those who sleep on it. */
struct script_clock {
    struct baton_clock clock;
    uint64_t now_ns;
};

void script_clock_init(struct script_clock *clock);

#endif
