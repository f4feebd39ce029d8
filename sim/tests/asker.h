/* desk.h - where the tests of the simulated world sit: agents and a conversation from texts, and questions to a provider,
 * one model call at a time.
 *
 * Owns:     desk_open() takes memory, desk_close() gives it back; answers live until then.
 * Threads:  one.
 */
#ifndef BATON_SIM_TESTS_DESK_H
#define BATON_SIM_TESTS_DESK_H

#include "engine/core/provider.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { DESK_MESSAGE_BYTES = 1024 };

struct desk {
    struct baton_arena *arena;
    struct baton_agents *agents;
    struct baton_conversation conversation;
    const char *said; /* the user's last words, for models that listen; NULL: none */
    struct baton_error err;
    char message[DESK_MESSAGE_BYTES]; /* of what failed last */
};

/* Triage hands over to billing, tech and (not enabled) sales; billing to tech and triage; tech to triage; sales to nobody. */
void desk_open(struct desk *desk);
void desk_close(struct desk *desk);

/* Reads a conversation from its JSON; asserted to be right. */
void desk_read(struct desk *desk, const char *json);

/* Asks the provider as the run loop does when that agent has the floor. */
struct baton_reply desk_ask(struct desk *desk, struct baton_provider *provider, const char *agent);

/* The reply in short: `text 'x'`, `calls NAME{arguments} ...`, `end`, `diverged AGENT`, `error MESSAGE`; a + at the end
 * where the recording goes on. */
const char *desk_told(struct desk *desk, struct baton_provider *provider, const char *agent);

#endif
