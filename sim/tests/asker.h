/* asker.h - asks a provider one model call at a time, for tests: with agents and a conversation from texts.
 *
 * Owns:     asker_open() takes memory, asker_close() gives it back; answers live until then.
 * Threads:  one.
 */
#ifndef BATON_SIM_TESTS_ASKER_H
#define BATON_SIM_TESTS_ASKER_H

#include "engine/core/provider.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { ASKER_MESSAGE_BYTES = 1024 };

struct asker {
    struct baton_arena *arena;
    struct baton_agents *agents;
    struct baton_conversation conversation;
    const char *said; /* the user's last words, for models that listen; NULL: none */
    struct baton_error err;
    char message[ASKER_MESSAGE_BYTES]; /* of what failed last */
};

/* Triage hands over to billing, tech and (not enabled) sales; billing to tech and triage; tech to triage; sales to nobody. */
void asker_open(struct asker *asker);
void asker_close(struct asker *asker);

/* Reads a conversation from its JSON; asserted to be right. */
void asker_read(struct asker *asker, const char *json);

/* Asks the provider as the run loop does when that agent has the floor. */
struct baton_reply asker_ask(struct asker *asker, struct baton_provider *provider, const char *agent);

/* The reply in short: `text 'x'`, `calls NAME{arguments} ...`, `end`, `diverged AGENT`, `error MESSAGE`; a + at the end
 * where the recording goes on. */
const char *asker_summary(struct asker *asker, struct baton_provider *provider, const char *agent);

#endif
