/* miss.h - says of a request that was not recorded what comes nearest, and where it first differs.
 *
 * Looked at are at most BATON_MISS_CANDIDATES_MAX recordings: of the same agent and position in the conversation first, then of
 * the agent in the conversation, then of the agent anywhere, then the rest of the conversation. Their requests are read
 * again from the file.
 */
#ifndef BATON_SIM_CASSETTE_MISS_H
#define BATON_SIM_CASSETTE_MISS_H

#include "engine/core/provider.h"
#include "sim/cassette/route.h"

/* BATON_EMISS with the text. BATON_ENOMEM and BATON_ELIMIT where there is no room even for that. */
enum baton_status baton_miss_explain(const struct baton_route *route, const struct baton_request *request,
                                     struct baton_error *err);

#endif
