/* tool_http.h - reads the `http` of a tool: where its calls are posted to, and with which headers.
 *
 *     remote: { http: { url: "https://example.org/x", method: POST, headers: { x-key: $MY_KEY } } }
 *
 * In a header's value $NAME stands for a variable of the environment, `$$` for one dollar. The URL is taken as it is, so
 * that no secret can get into it. Only POST is spoken.
 *
 * Owns:     nothing; it lives in the arena of the load.
 */
#ifndef BATON_ENGINE_CORE_TOOL_HTTP_H
#define BATON_ENGINE_CORE_TOOL_HTTP_H

#include "engine/base/json.h"

struct baton_tool_header {
    const char *name, *value; /* as in the file */
};

struct baton_tool_http {
    const char *url;
    const struct baton_tool_header *headers;
    uint32_t header_count;
};

/* The next variable in a header's value from *at on, which moves behind it; false when there is no more. `before` gets what
 * stands before it, or at the end, with `$$` as it is. */
bool baton_tool_http_variable(const char **at, struct baton_str *before, struct baton_str *name);

/* BATON_EINPUT with the place; BATON_ELIMIT. */
BATON_MUST_CHECK enum baton_status baton_tool_http_read(const struct baton_tool_http **out, struct baton_arena *arena,
                                                        const struct baton_source *source,
                                                        const struct baton_json *node, struct baton_error *err);

#endif
