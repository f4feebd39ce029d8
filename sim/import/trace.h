/* trace.h - what a recording boils down to, in whichever form it came: model calls, one after the other, each with what was
 * asked, what came back, and what the form says of where it belongs.
 *
 * The one neutral form of the importers. A reader of a form fills it (forms.h), join.h finds out what belongs together, and
 * rebuild.h writes the suite. Calls stand in causal order: after those whose answers they were told; a reader sorts by its
 * form's own key, never by arrival. A request's messages are all that the model saw, so a form that keeps only messages gives
 * each call those before it: the same list, shorter. What a form does not say stays empty and is inferred.
 *
 * Owns:     nothing; all lives in the arena of the reader.
 * Threads:  any, once it is read.
 */
#ifndef BATON_SIM_IMPORT_TRACE_H
#define BATON_SIM_IMPORT_TRACE_H

#include "engine/base/json.h"
#include "engine/wire/traffic.h"

struct baton_known_values;

enum baton_trace_kind { BATON_TRACE_USER, BATON_TRACE_ASSISTANT, BATON_TRACE_CALL, BATON_TRACE_RESULT };

struct baton_trace_message {
    enum baton_trace_kind kind;
    struct baton_str text;     /* of a user, an assistant, a result; the arguments of a call */
    struct baton_str id, name; /* of a call; of a result the id of its call */
    bool is_error;             /* a result that says so */
};

struct baton_trace_tool {
    struct baton_str name, description;
    const struct baton_json *parameters; /* or NULL */
};

struct baton_trace_request {
    struct baton_str model, instructions;
    const struct baton_trace_message *messages;
    uint32_t message_count;
    const struct baton_trace_tool *tools; /* on offer */
    uint32_t tool_count;
    struct baton_str previous_id; /* Responses: the reply that holds what was said before */
};

struct baton_trace_call {
    unsigned line;                 /* where it stands in its file */
    struct baton_str service;      /* whom it asked, for messages: api.openai.com */
    struct baton_str conversation; /* what the form calls it, as the next; empty: inferred */
    struct baton_str agent;
    struct baton_trace_request asked;
    struct baton_reply reply; /* with its times */
    struct baton_str reply_id;
    bool is_failure;              /* the provider's: there is no reply */
    struct baton_traffic traffic; /* redacted; what the cassette is made of */
};

struct baton_trace {
    const struct baton_trace_call *calls;
    uint32_t count;
    uint32_t skipped_count; /* records that are no calls of ours */
};

/* What the caller says of an import. */
struct baton_import_options {
    const char *name;                        /* of the file, for messages and as the source */
    struct baton_str id;                     /* of the conversations; several get -1, -2, ... */
    struct baton_str day;                    /* recorded_at; may be empty */
    const struct baton_known_values *values; /* keys that must never be written; may be NULL */

    /* What does not come along, and why; may be NULL. */
    void (*skipped)(void *user, unsigned line, struct baton_str service, const char *reason);
    void *user;
};

#endif
