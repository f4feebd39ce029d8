/* phantom.h - phantom handoffs: an answer that says it transfers the user, from an agent that called nothing.
 *
 * Text is judged sentence by sentence. Without patterns of the suite's own, a promise in English counts ("I'll transfer you to
 * billing", "Connecting you with sales now", "You are being transferred to an agent"), and offers, conditions, refusals and
 * questions do not. Patterns of the suite (PCRE2, case-blind) stand in place of that; an empty list turns it off.
 *
 * Owns:     its compiled patterns, until baton_phantoms_clear().
 * Threads:  one at a time, as patterns.
 * Limits:   BATON_PHANTOM_PATTERNS_MAX patterns; of a sentence the first BATON_PHANTOM_SENTENCE_BYTES.
 */
#ifndef BATON_EVALS_JUDGE_PHANTOM_H
#define BATON_EVALS_JUDGE_PHANTOM_H

#include "engine/base/json.h"
#include "engine/base/pattern.h"
#include "engine/core/run.h"

enum { BATON_PHANTOM_PATTERNS_MAX = 64, BATON_PHANTOM_SENTENCE_BYTES = 1000 };

struct baton_phantoms {
    struct baton_pattern *patterns[BATON_PHANTOM_PATTERNS_MAX];
    uint32_t count;
    struct baton_pattern *passive, *guard; /* of the patterns that come with baton; else NULL */
};

/* Compiles a list of texts; NULL: those that come with baton. The caller clears it, also on errors. BATON_EINPUT. */
BATON_MUST_CHECK enum baton_status baton_phantoms_init(struct baton_phantoms *out, const struct baton_json *patterns,
                                                       struct baton_error *err);
void baton_phantoms_clear(struct baton_phantoms *phantoms);

struct baton_phantom_counts {
    uint64_t checked, handoffs; /* answers looked at; those that promise a handoff and call nothing */
};

/* Counts the answers of a conversation's exchanges. After a handoff "you are being transferred" is true and no promise. */
struct baton_phantom_counts baton_phantoms_count(const struct baton_phantoms *phantoms,
                                                 struct baton_exchange *const *exchanges, uint32_t count);

#endif
