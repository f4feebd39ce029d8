/* trace_http.h - model calls out of recorded HTTP traffic, for the forms that keep requests and replies as they were sent.
 *
 * Such a form's reader says what was sent and what came back (struct baton_recorded_call); which of it is a model call, what
 * was said in it and what the reply means is found out here, by the codecs of live calls. Bodies are redacted first, so that
 * nothing further on sees a secret. What is no model call of a spoken format is skipped, with the reason.
 *
 * Owns:     nothing; all lives in the arena.
 * Threads:  one belongs to one import.
 * Errors:   BATON_EINPUT where there is no model call at all, with the first reason; BATON_ELIMIT.
 */
#ifndef BATON_SIM_IMPORT_TRACE_HTTP_H
#define BATON_SIM_IMPORT_TRACE_HTTP_H

#include "sim/import/trace.h"

struct baton_recorded_call {
    unsigned line; /* where it stands in the file */
    struct baton_str method, url;
    struct baton_wire_headers request_headers;
    struct baton_str request_body; /* empty where there was none */
    int32_t status;
    struct baton_str reason; /* `OK`; may be empty */
    struct baton_wire_headers response_headers;
    struct baton_str response_body;
    bool is_stream; /* the response is an event stream */
};

struct baton_recorded_calls {
    const struct baton_recorded_call *items; /* as they were recorded */
    size_t count;
};

BATON_MUST_CHECK enum baton_status baton_trace_from_http(struct baton_trace *out, struct baton_arena *arena,
                                                         const struct baton_recorded_calls *calls,
                                                         const struct baton_import_options *options,
                                                         struct baton_error *err);

/* The value of the first header of that name, case not counting; data is NULL where there is none. */
struct baton_str baton_wire_header_value(struct baton_wire_headers headers, const char *name);

#endif
