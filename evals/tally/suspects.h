/* suspects.h - labels that are missed in each of several trials, always by the same other agent: perhaps the label is wrong.
 *
 * Owns:     the ids it keeps, until baton_suspects_clear().
 * Limits:   the first BATON_SUSPECTS_MAX in input order are kept; all are counted.
 * Errors:   out of memory sets `failed`, which the owner reads once at the end.
 */
#ifndef BATON_EVALS_TALLY_SUSPECTS_H
#define BATON_EVALS_TALLY_SUSPECTS_H

#include "engine/base/str.h"

#include <stdint.h>

enum { BATON_SUSPECTS_MAX = 50 };

struct baton_suspect {
    uint64_t order;      /* of its first trial in the input */
    struct baton_str id; /* of the conversation, or of the case */
    uint64_t trials;
    uint32_t exchange; /* from 0, or BATON_LABEL_WHOLE */
    uint32_t expected, observed;
};

struct baton_suspects {
    struct baton_suspect list[BATON_SUSPECTS_MAX];
    uint32_t kept;
    uint64_t count;
    bool failed;
};

void baton_suspects_add(struct baton_suspects *suspects, const struct baton_suspect *one);
void baton_suspects_merge(struct baton_suspects *into, const struct baton_suspects *from);
void baton_suspects_clear(struct baton_suspects *suspects);

#endif
