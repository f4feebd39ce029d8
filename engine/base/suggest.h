/* suggest.h - the nearest known name, for messages about unknown ones.
 *
 * Nearness is the Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), case-blind. A name counts as
 * near within a third of the longer name's length, at least 1.
 */
#ifndef BATON_ENGINE_BASE_SUGGEST_H
#define BATON_ENGINE_BASE_SUGGEST_H

#include "engine/base/arena.h"

enum { BATON_SUGGEST_LENGTH_MAX = 64, BATON_SUGGEST_TEXT_BYTES = 96 };

struct baton_suggest {
    struct baton_str word, best; /* best is empty while none is near */
    size_t best_distance;
};

void baton_suggest_init(struct baton_suggest *suggest, struct baton_str word);

/* Offers a known name; the first of equally near ones stays. */
void baton_suggest_offer(struct baton_suggest *suggest, struct baton_str candidate);

/* Writes `; did you mean 'best'?` or nothing, and returns out. */
const char *baton_suggest_text(const struct baton_suggest *suggest, char out[BATON_SUGGEST_TEXT_BYTES]);

#endif
