/* limits.h - the bounds of live providers and of tools that are services, once. Those of a transfer: engine/http/limits.h.
 */
#ifndef BATON_ENGINE_PROVIDERS_LIMITS_H
#define BATON_ENGINE_PROVIDERS_LIMITS_H

enum {
    BATON_LIVE_TIMEOUT_MS = 600000,          /* of a call with all its attempts, but not the wait for its turn */
    BATON_LIVE_OUTPUT_TOKENS_GUESSED = 1024, /* of an answer, for tokens_per_minute, where no maximum is set */
    BATON_LIVE_BYTES_PER_TOKEN = 4,          /* where nobody counts tokens */
    BATON_LIVE_ENDPOINTS_MAX = 64,           /* different addresses and keys of one run */
    BATON_LIVE_HEADERS_MAX = 8,              /* that an endpoint's requests carry */
    BATON_LIVE_HEADER_BYTES_MAX = 64 * 1024, /* of all of them */
    BATON_LIVE_BYTES_MAX = 16 * 1024 * 1024, /* addresses, keys and bindings of one run */
    BATON_LIVE_CAPTURE_BYTES_MAX = 256 * 1024 * 1024, /* what is kept of an attempt for the recorder */
    BATON_HIDE_KEY_PREFIX_BYTES = 12,                 /* so much of a key at its start is as secret as all of it */
    BATON_HTTP_TOOLS_BYTES_MAX = 64 * 1024 * 1024,    /* addresses, headers and secrets of all http tools */
    BATON_HTTP_TOOL_ERROR_BYTES = 200                 /* shown of the body of an answer that is an error */
};

#endif
