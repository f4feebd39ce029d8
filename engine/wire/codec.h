/* codec.h - the wire formats of live providers, one table row each: pure code, without sockets.
 *
 * A codec writes the body of a request from what the run loop asks (encode) and makes a reply of what comes back, whole or
 * as an event stream (decoder.h). Live calls and replayed ones go through the same code.
 *
 * Owns:     nothing; rows are constants.
 * Threads:  any.
 */
#ifndef BATON_ENGINE_WIRE_CODEC_H
#define BATON_ENGINE_WIRE_CODEC_H

#include "engine/base/text.h"
#include "engine/core/provider.h"

struct baton_decoder;
struct baton_sse_event;

enum { BATON_REQUEST_BYTES_MAX = 64 * 1024 * 1024 };

struct baton_encode_options {
    struct baton_str model;    /* in place of the agent's own; empty: the agent's */
    int64_t output_tokens_max; /* 0: what the format does without; Anthropic demands a number and gets 4096 */
    bool is_stream;
    bool is_stateless; /* Responses: nothing is stored over there, reasoning comes back encrypted */
    bool
        is_normal_form; /* for request keys: tool call ids become c0, c1, ... in their order, other ids are left out, and
                            nothing says whether the answer is streamed */
};

struct baton_codec {
    const char *name, *alias; /* `provider:` of an agents file, and baton_native.format; alias may be NULL */
    const char *path;         /* "/chat/completions" */
    const char *base_url;     /* default; no slash at its end */
    const char *key_variable, *base_url_variable; /* of the environment */

    void (*write_headers)(struct baton_text *out, struct baton_str key); /* see baton_codec_headers() */

    /* Writes the body: the same bytes for the same request. BATON_EUSAGE where the agent cannot be asked (no model, a
     * tool_choice that is not offered), BATON_ELIMIT when it does not fit. */
    enum baton_status (*encode)(struct baton_text *out, const struct baton_request *request,
                                const struct baton_encode_options *options, struct baton_error *err);

    /* private, called by decoder.c */
    enum baton_status (*decode_body)(struct baton_decoder *decoder, const struct baton_json *root);
    enum baton_status (*decode_event)(struct baton_decoder *decoder, const struct baton_sse_event *event);
    void (*write_native)(const struct baton_decoder *decoder, struct baton_text *out);
};

/* The row of that name or alias, or NULL. */
const struct baton_codec *baton_codec_find(struct baton_str name);

/* The i-th row, or NULL past the end; for messages and lists. */
const struct baton_codec *baton_codec_at(size_t i);

/* Writes the request's headers, `name: value` and a line feed each: content type, key and what the format asks for.
 * A key without data (NULL) is none, for servers on this machine that ask for none: then no header has it. BATON_EUSAGE
 * when the key is empty or holds what no header may (the message does not show it). */
BATON_MUST_CHECK enum baton_status baton_codec_headers(const struct baton_codec *codec, struct baton_text *out,
                                                       struct baton_str key, struct baton_error *err);

#endif
