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
 * Threads:  any, each with its own arena.
 * Limits:   those of http_body.h for a body; files as all others (BATON_FILE_BYTES_MAX).
 * Errors:   BATON_EINPUT with file:line:column of the node that is at fault; BATON_ELIMIT where the arena is too small.
 */
#ifndef BATON_SIM_IMPORT_VCR_H
#define BATON_SIM_IMPORT_VCR_H

#include "engine/base/source.h"
#include "sim/import/trace_http.h"

BATON_MUST_CHECK enum baton_status baton_vcr_read(struct baton_recorded_calls *out, struct baton_arena *arena,
                                                  const struct baton_source *source, struct baton_error *err);

#endif
