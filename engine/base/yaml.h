/* yaml.h - YAML 1.2 into the same strict tree as JSON, by libfyaml.
 *
 * For what people write: agents, suites, single conversations. Plain scalars that read `null ~ true false` (as words, in
 * the three usual spellings) or as a JSON number have that type, an empty one is null, all others are strings (`yes`,
 * `012` and `12:30` too). Refused: duplicate keys, keys that are not scalars, more than one document, tags other than
 * !!str, aliases that were never anchored, raw control bytes, NUL, invalid UTF-8, depth over BATON_JSON_DEPTH_MAX (aliases
 * included), more than BATON_YAML_NODES_MAX nodes once aliases are spread out, more than 1024 anchors, more than 4096 bytes
 * of white space in a row.
 *
 * Owns, threads, errors: as json.h.
 */
#ifndef BATON_ENGINE_BASE_YAML_H
#define BATON_ENGINE_BASE_YAML_H

#include "engine/base/json.h"

enum { BATON_YAML_NODES_MAX = 1000000 };

BATON_MUST_CHECK enum baton_status baton_yaml_parse(const struct baton_json **out, struct baton_arena *arena,
                                                    const struct baton_source *source, struct baton_error *err);

#endif
