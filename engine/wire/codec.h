/* codec.h - what a wire format of live providers is: names, addresses, and how its requests and replies are formed.
 *
 * encoder.h writes the body of a request from what the run loop asks, decoder.h makes a reply of what comes back, whole or as
 * an event stream: pure code, without sockets. Live calls and replayed ones go through the same. All codecs: codecs.h.
 *
 * Owns:     nothing; types only.
 */
#ifndef BATON_ENGINE_WIRE_CODEC_H
#define BATON_ENGINE_WIRE_CODEC_H

#include "engine/core/provider.h"
#include "engine/wire/limits.h"

struct baton_encode_options {
    struct baton_str model;    /* in place of the agent's own; empty: the agent's */
    int64_t output_tokens_max; /* 0: what the format does without, or BATON_ANTHROPIC_OUTPUT_TOKENS */
    bool is_stream;
    bool is_stateless; /* Responses: nothing is stored over there, reasoning comes back encrypted */

    /* For request keys: tool call ids become c0, c1, ... in their order, other ids are left out, and nothing says whether the
     * answer is streamed. */
    bool is_normal_form;
};

struct baton_codec {
    const char *name, *alias; /* `provider:` of an agents file, and baton_native.format; alias may be NULL */
    const char *path;         /* "/chat/completions" */
    const char *base_url;     /* default; no slash at its end */
    const char *key_variable, *base_url_variable; /* of the environment */
    const char *key_header;                       /* what stands before the key, as in "x-api-key: " */
    const char *fixed_headers;                    /* `name: value` and a line feed each; or NULL */

    const struct baton_request_form *request; /* private: encode.h */
    const struct baton_reply_form *reply;     /* private: decode.h */
};

#endif
