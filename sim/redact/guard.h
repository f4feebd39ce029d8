/* guard.h - stands between live services and everything else, so that no key that they quote comes further.
 *
 * Texts, calls, results of tools and errors that hold a known value (known_values.h) have BATON_REDACTED there, the same as
 * the recording of the answer: what was judged live is what a replay judges. With hides_shapes texts of models also lose what
 * has the shape of a secret, as they do in a cassette; arguments of calls keep it, as the tools have to work with them.
 *
 * Not found: a value that a stream cuts in two, in the pieces that somebody listens to.
 *
 * Owns:     nothing; what is rewritten lives in the arena of the request or the batch.
 * Threads:  one belongs to one conversation at a time.
 * Errors:   BATON_ELIMIT where the arena is too small, and what the guarded ones return.
 */
#ifndef BATON_SIM_REDACT_GUARD_H
#define BATON_SIM_REDACT_GUARD_H

#include "engine/core/provider.h"
#include "engine/core/tools.h"

struct baton_known_values;

struct baton_guard {
    struct baton_provider provider; /* give its address to a run, or to a recording */
    struct baton_tool_runner tools; /* likewise */
    struct baton_provider *live;    /* private, as all below */
    struct baton_tool_runner *live_tools;
    const struct baton_known_values *values;
    bool hides_shapes;
    const struct baton_request *asked;
};

/* Not to be copied or moved. */
void baton_guard_init(struct baton_guard *guard, struct baton_provider *live, struct baton_tool_runner *live_tools,
                      const struct baton_known_values *values, bool hides_shapes);

/* Takes the values out of an error's text. values may be NULL. */
void baton_guard_error(const struct baton_known_values *values, struct baton_error *err);

#endif
