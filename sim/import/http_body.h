/* http_body.h - recorded bodies as the bytes that were meant: base64 and content codings are undone.
 *
 * Owns:     nothing; the bytes live in the arena.
 * Threads:  any, each with its own arena.
 * Limits:   BATON_IMPORT_BODY_BYTES_MAX for a body once it is inflated, BATON_IMPORT_CODINGS_MAX.
 * Errors:   BATON_EINPUT with file:line:column of the node that is at fault; BATON_ELIMIT where the arena is too small.
 */
#ifndef BATON_SIM_IMPORT_HTTP_BODY_H
#define BATON_SIM_IMPORT_HTTP_BODY_H

#include "engine/base/json.h"

struct baton_http_body {
    struct baton_arena *arena;
    const struct baton_source *source;
    const struct baton_json *node; /* where it stands, for messages */
    struct baton_str bytes;        /* what is undone, again and again */
};

BATON_MUST_CHECK enum baton_status baton_http_body_undo_base64(struct baton_http_body *body, struct baton_error *err);

/* By the value of a content-encoding header, which has the codings in the order in which they were applied: gzip, deflate. */
BATON_MUST_CHECK enum baton_status baton_http_body_undo_codings(struct baton_http_body *body, struct baton_str codings,
                                                                struct baton_error *err);

#endif
