/* yaml.h - YAML into the same strict tree as JSON, by libyaml.
 *
 * For what people write: agents, suites, single conversations. Plain scalars that read `null ~ true false` (as words, in
 * the three usual spellings) or as a JSON number have that type, an empty one is null, all others are strings (`yes`,
 * `012` and `12:30` too). Refused: duplicate keys, keys that are not scalars, more than one document, tags other than
 * !!str, aliases that were never anchored, raw control bytes, NUL, invalid UTF-8, depth over BATON_JSON_DEPTH_MAX (aliases
 * included), more than BATON_YAML_NODES_MAX nodes once aliases are spread out, more than BATON_YAML_ANCHORS_MAX anchors, raw U+0085,
 * U+2028 and U+2029, which YAML 1.1 takes for line breaks and 1.2 does not, and surrogates escaped as two (\U does it).
 *
 * Owns, threads, errors: as json.h.
 */
#ifndef BATON_ENGINE_BASE_YAML_H
#define BATON_ENGINE_BASE_YAML_H

#include "engine/base/json.h"

BATON_MUST_CHECK enum baton_status baton_yaml_parse(const struct baton_json **out, struct baton_arena *arena,
                                                    const struct baton_source *source, struct baton_error *err);

/* The same for what other programs recorded: a value may have the tag !!binary too. It stays the text that it is, base64,
 * and its node says is_binary; whether that can be decoded is not looked at. Line breaks of YAML 1.1 are such. */
BATON_MUST_CHECK enum baton_status baton_yaml_parse_with_binary(const struct baton_json **out,
                                                                struct baton_arena *arena,
                                                                const struct baton_source *source,
                                                                struct baton_error *err);

#endif
