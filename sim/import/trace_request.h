/* trace_request.h - a request that somebody else's program sent, in whichever of the spoken formats, as a list of what was said.
 *
 * Pictures, reasoning, and whatever else is no text, call or result is passed over. Where messages are a mere text it is the
 * user's. Prompts at the start (roles system and developer, `instructions`, `system`) are the agent's instructions; those
 * further on, which some put there to speak as somebody new, are not.
 *
 * Owns:     nothing; all lives in the arena and in the tree of the request.
 * Threads:  any.
 * Errors:   BATON_ELIMIT where the arena is too small. What is not as it should be is passed over.
 */
#ifndef BATON_SIM_IMPORT_TRACE_REQUEST_H
#define BATON_SIM_IMPORT_TRACE_REQUEST_H

#include "sim/import/trace.h"

BATON_MUST_CHECK enum baton_status baton_trace_request_read(struct baton_trace_request *out, struct baton_arena *arena,
                                                            const struct baton_codec *codec,
                                                            const struct baton_json *root, struct baton_error *err);

/* The format behind a URL, or NULL; *reason then says why it is none. Static. */
const struct baton_codec *baton_trace_request_codec(struct baton_str method, struct baton_str url, const char **reason);

#endif
