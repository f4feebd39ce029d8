/* trace_match.h - what two calls of a trace have to do with each other: whether the later one goes on from the other's reply.
 *
 * Ids of calls may be missing or repeat from reply to reply, so without one a call is known by its name and arguments.
 *
 * Owns:     nothing.
 * Threads:  any.
 * Errors:   none.
 */
#ifndef BATON_SIM_IMPORT_TRACE_MATCH_H
#define BATON_SIM_IMPORT_TRACE_MATCH_H

#include "sim/import/trace.h"

/* The message of a request that is that call, or its result; only its result where the last argument says so. NULL: none. */
const struct baton_trace_message *baton_trace_find(const struct baton_trace_call *later,
                                                   const struct baton_tool_call *call, bool wants_result);

/* Its request holds a call of the reply. */
bool baton_trace_has_calls_of(const struct baton_trace_call *later, const struct baton_trace_call *last);

/* It holds the reply's text, and words of the user after it. */
bool baton_trace_has_text_of(const struct baton_trace_call *later, const struct baton_trace_call *last);

/* It ends with the reply's text and perhaps more, as agents do that call their tools in words. */
bool baton_trace_ends_with(const struct baton_trace_call *later, const struct baton_trace_call *last);

/* The same messages; the same tools by name, and at least one. */
bool baton_trace_asks_the_same(const struct baton_trace_call *a, const struct baton_trace_call *b);
bool baton_trace_offers_the_same(const struct baton_trace_call *a, const struct baton_trace_call *b);

/* The user's last words in a request; empty where there are none. */
struct baton_str baton_trace_user_text(const struct baton_trace_call *call);

#endif
