/* route.h - where the requests of a conversation are looked up: in which cassette, as which codec and model.
 *
 * A replay answers by it, and a miss looks by it for what comes nearest.
 *
 * Owns:     nothing; what the options name, the conversation's id and the scratch text must outlive it.
 * Threads:  one route belongs to one conversation at a time; options and cassette are shared.
 * Errors:   BATON_EUSAGE where nothing says which codec an agent was asked in.
 */
#ifndef BATON_SIM_ROUTE_H
#define BATON_SIM_ROUTE_H

#include "sim/cassette.h"

struct baton_known_values;

struct baton_replay_options {
    const struct baton_cassette *cassette;
    const struct baton_agents *agents;
    /* In place of the agents' own. NULL: the cassette's header, the agents', or the only one of the cassette. */
    const struct baton_codec *codec;
    struct baton_str model; /* in place of the agents' own; empty: the cassette's header, or the agents' */
    const struct baton_known_values *values; /* may be NULL; the requests shown in a miss are redacted with them */
    const char *advice;                      /* how to record what is missing, at the end of a miss; may be NULL */
    bool is_strict; /* for going on with a recording; this and the next as in baton_cassette_find() */
    uint32_t shared_file_count;
};

/* One conversation's. */
struct baton_route {
    const struct baton_replay_options *options;
    struct baton_str conversation; /* its id */
    struct baton_text *scratch;    /* working space, with the limit BATON_REQUEST_BYTES_MAX */
};

/* The header of the cassette's first file; one that says nothing where there is none. */
const struct baton_cassette_header *baton_route_header(const struct baton_replay_options *options);

/* Which codec and model a request of the agent goes to. */
BATON_MUST_CHECK enum baton_status baton_route_find(const struct baton_replay_options *options,
                                                    const struct baton_agent *agent, const struct baton_codec **codec,
                                                    struct baton_str *model, struct baton_error *err);

#endif
