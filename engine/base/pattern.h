/* pattern.h - PCRE2 with limits that hold: the one place that includes it.
 *
 * UTF is on. A subject is capped at BATON_PATTERN_SUBJECT_MAX bytes and a match at BATON_PATTERN_STEPS_MAX steps; PCRE2's own
 * match limit counts for each start position and would let long subjects run for seconds. A match over a limit is
 * BATON_PATTERN_LIMIT: a fault of whoever wrote the pattern, to be told so.
 *
 * Owns:     a pattern compiled with a lasting one's JIT must be given to baton_pattern_free(); one that lives in an arena
 *           must not.
 * Threads:  a pattern may be matched by one thread at a time (it keeps its working space).
 */
#ifndef BATON_ENGINE_BASE_PATTERN_H
#define BATON_ENGINE_BASE_PATTERN_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"

struct baton_pattern;

enum baton_match { BATON_MATCH_NO, BATON_MATCH_YES, BATON_MATCH_LIMIT };

/* Compiles into the arena, for the arena's life; no JIT, which costs more than a few matches give back. On a syntax error
 * BATON_EINPUT with PCRE2's own words and the offset; the caller adds the place. */
BATON_MUST_CHECK enum baton_status baton_pattern_compile(struct baton_pattern **out, struct baton_arena *arena,
                                                         struct baton_str text, struct baton_error *err);

/* As above, in the way of ECMAScript, which JSON Schema wants: \uXXXX and \u{XXXXX} work, $ is the very end, [] is empty. */
BATON_MUST_CHECK enum baton_status baton_pattern_compile_ecmascript(struct baton_pattern **out,
                                                                    struct baton_arena *arena, struct baton_str text,
                                                                    struct baton_error *err);

/* Compiles for long use, with JIT where the machine has it. The caller frees it. */
BATON_MUST_CHECK enum baton_status baton_pattern_compile_lasting(struct baton_pattern **out, struct baton_str text,
                                                                 struct baton_error *err);
void baton_pattern_free(struct baton_pattern *pattern);

enum baton_match baton_pattern_match(struct baton_pattern *pattern, struct baton_str subject);

#endif
