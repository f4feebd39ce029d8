/* interaction.h - one line of a cassette: what was asked of a model, a tool or a context provider, and what came back.
 *
 * A model call (no `kind`) has
 *     key conversation exchange turn [nesting] agent provider model recorded_at request response timing [continues]
 * with response {status, headers, body} or {status, headers, events: [[t_ms, "event", "data"], ...]} and timing {ttft_ms,
 * total_ms}. A body that is no JSON is a text. `continues`: the exchange goes on after this answer without calls.
 *
 * The result of a tool (`"kind":"tool"`) has
 *     key kind conversation exchange turn [nesting] agent recorded_at name call arguments result [is_error] duration_ms
 * `call` counts the calls of its response from 0. In place of `result`, `run_by` names the agent that ran as the tool; its
 * own model calls are lines of their own.
 *
 * What a context provider gave at a handoff (`"kind":"context"`) has
 *     key kind conversation exchange turn [nesting] recorded_at handoff target instructions
 * or, where it failed and so refused the handoff, `result` and is_error; `handoff` is the name of the tool.
 *
 * `key` is 32 hex digits: of a model call the XXH3-128 of the request in normal form (codec.h), before redaction, of the
 * others that of what baton_interaction_tool_key() and baton_interaction_context_key() say. Where redaction changed what
 * was hashed, `redacted_key` is the same of the redacted text: a replay's history holds redacted answers, so it asks with
 * that.
 *
 * Owns:     nothing; what is read lives in the arena, what is written goes to a text.
 * Threads:  any number may read and write at once.
 * Errors:   BATON_EINPUT with file:line:column; BATON_ELIMIT where the arena is too small.
 */
#ifndef BATON_SIM_CASSETTE_INTERACTION_H
#define BATON_SIM_CASSETTE_INTERACTION_H

#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/core/provider.h"
#include "engine/wire/traffic.h"

#include <stdatomic.h>

struct baton_decoder;
struct baton_known_values;

enum baton_interaction_kind { BATON_INTERACTION_MODEL, BATON_INTERACTION_TOOL, BATON_INTERACTION_CONTEXT };

/* Where in a run something was asked. Exchange and turn are those of the run that asked: of the nested one where an agent
 * runs as a tool. */
struct baton_call_position {
    struct baton_str conversation;
    uint32_t exchange, turn, nesting;
};

struct baton_interaction {
    struct baton_hash key, redacted_key;
    bool has_redacted_key;
    enum baton_interaction_kind kind;
    struct baton_call_position position;
    struct baton_str agent, provider, model, recorded_at;
    uint32_t call;
    const struct baton_codec *codec; /* of a model call */
    bool is_failure;                 /* the recorded answer is an error (model), with this text: */
    const char *error;
    struct baton_reply reply;
    const uint32_t *pieces; /* lengths of the texts of its stream, in order; NULL where it was none */
    uint32_t piece_count;
    struct baton_str name;      /* of the tool that was called */
    struct baton_str arguments; /* tool */
    struct baton_str target;    /* context */
    struct baton_str result;    /* of a tool, or instructions */
    struct baton_str run_by;
    bool is_error;
    int64_t duration_ns;
    uint32_t file, line;                          /* of the cassette */
    uint64_t offset;                              /* of the line in its file, in bytes */
    uint32_t length;                              /* of the line */
    uint32_t next_in_conversation, next_of_agent; /* private to cassette.c */
    atomic_bool is_used;
};

/* What reading a line needs beside it. */
struct baton_interaction_reader {
    struct baton_arena *arena;   /* of what is kept */
    struct baton_arena *scratch; /* reset with each line */
    struct baton_decoder *decoder;
    struct baton_interaction last; /* private: texts that are the same again are kept once; zero at the start */
};

/* Reads a line but for its place in the file. Replies are decoded here, by the decoder of live calls. */
BATON_MUST_CHECK enum baton_status baton_interaction_read(struct baton_interaction *out,
                                                          struct baton_interaction_reader *reader,
                                                          const struct baton_source *source, struct baton_error *err);

/* ---- keys ---- */

struct baton_interaction_keys {
    struct baton_hash key, redacted_key;
    bool has_redacted_key;
};

/* Of a request; `out` is for working space and gets the normal form. `values` as for redact.h; they and redaction are only
 * looked at with `wants_redacted`. BATON_EUSAGE where it cannot be encoded, BATON_ELIMIT. */
BATON_MUST_CHECK enum baton_status baton_interaction_request_keys(
    struct baton_interaction_keys *out, struct baton_text *scratch, const struct baton_codec *codec,
    const struct baton_request *request, struct baton_str model, const struct baton_known_values *values,
    bool wants_redacted, struct baton_error *err);

/* Of a call: conversation, name and arguments; these without white space and with sorted keys where they are JSON. */
BATON_MUST_CHECK enum baton_status baton_interaction_tool_key(struct baton_hash *out, struct baton_text *scratch,
                                                              struct baton_arena *arena, struct baton_str conversation,
                                                              const struct baton_tool_call *call,
                                                              struct baton_error *err);

/* Of a handoff: conversation, tool and target. */
BATON_MUST_CHECK enum baton_status baton_interaction_context_key(struct baton_hash *out, struct baton_text *scratch,
                                                                 struct baton_str conversation, struct baton_str tool,
                                                                 struct baton_str target, struct baton_error *err);

/* ---- writing ---- */

/* Each appends one line, redacted, with its line feed. Out of memory shows in the text. */
void baton_interaction_write_model(struct baton_text *out, const struct baton_known_values *values,
                                   struct baton_arena *scratch, const struct baton_interaction *about,
                                   const struct baton_traffic *traffic, bool continues);
void baton_interaction_write_tool(struct baton_text *out, const struct baton_known_values *values,
                                  const struct baton_interaction *about);
void baton_interaction_write_context(struct baton_text *out, const struct baton_known_values *values,
                                     const struct baton_interaction *about);

/* The number of a day, from 1970-01-01; false where the text does not begin with one. */
bool baton_day_parse(struct baton_str text, int64_t *out);

#endif
