/* vcr.h - reads cassettes of vcrpy: HTTP traffic that other projects' tests have recorded.
 *
 * YAML as vcrpy writes it (version 1), or its JSON (by the name's ending): `interactions`, each a `request` (method, uri,
 * headers, body) and a `response` (status, headers, body). Bodies are texts, !!binary, or objects with `string` or
 * `base64_string`; compressed ones (content-encoding gzip or deflate) are inflated. Also read: the flat responses of its
 * httpx recorder (`content`, `status_code`), trees in place of bodies (`parsed_body`), headers of one value, of several, or
 * as a list of pairs, and `http_interactions` of VCR for Ruby. What else stands in a file is passed over.
 *
 * A body comes out as the bytes that were meant; whether they are UTF-8 or JSON is for its reader to say.
 *
 * Owns:     nothing; all lives in the arena, and the source must outlive it.
 * Limits:   BATON_VCR_BODY_BYTES_MAX for a body once it is inflated; files as all others (BATON_FILE_BYTES_MAX).
 * Errors:   BATON_EINPUT with file:line:column of the node that is at fault; BATON_ELIMIT where the arena is too small.
 */
#ifndef BATON_SIM_IMPORT_VCR_H
#define BATON_SIM_IMPORT_VCR_H

#include "engine/base/source.h"
#include "sim/redact/redact.h"

enum { BATON_VCR_BODY_BYTES_MAX = 16 * 1024 * 1024 };

struct baton_vcr_interaction {
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

struct baton_vcr {
    const struct baton_vcr_interaction *interactions; /* as they were recorded */
    size_t count;
};

BATON_MUST_CHECK enum baton_status baton_vcr_parse(struct baton_vcr *out, struct baton_arena *arena,
                                                   const struct baton_source *source, struct baton_error *err);

/* Reads a file into the arena and parses it. */
BATON_MUST_CHECK enum baton_status baton_vcr_load(struct baton_vcr *out, struct baton_arena *arena, const char *path,
                                                  struct baton_error *err);

/* The value of the first header of that name, case not counting; data is NULL where there is none. */
struct baton_str baton_wire_header_value(struct baton_wire_headers headers, const char *name);

#endif
