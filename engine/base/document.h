/* document.h - JSON or YAML, as a file's ending says: .yaml and .yml are YAML, all else JSON.
 *
 * Owns, threads, errors: as json.h.
 */
#ifndef BATON_ENGINE_BASE_DOCUMENT_H
#define BATON_ENGINE_BASE_DOCUMENT_H

#include "engine/base/json.h"

/* Loads and parses a whole file; *source gets its name and text. */
BATON_MUST_CHECK enum baton_status baton_document_load(const struct baton_json **out, struct baton_source *source,
                                                       struct baton_arena *arena, const char *path,
                                                       struct baton_error *err);

#endif
