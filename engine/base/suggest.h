/* suggest.h - the nearest known name, for messages about unknown ones.
 *
 * Nearness is the Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), case-blind. A name counts as
 * near within a third of the longer name's length, at least 1.
 */
#ifndef BATON_ENGINE_BASE_SUGGEST_H
#define BATON_ENGINE_BASE_SUGGEST_H

#include "engine/base/error.h"
#include "engine/base/str.h"

enum {
    BATON_SUGGEST_LENGTH_MAX = 64, /* longer names are near to none */
    BATON_SUGGEST_TEXT_BYTES = 96,
    BATON_SUGGEST_UNKNOWN_BYTES = BATON_ERROR_TEXT_BYTES + 1 /* so that an error sees what is too long, and cuts it */
};

struct baton_suggest {
    struct baton_str word, best; /* best is empty while none is near */
    size_t best_distance;
};

void baton_suggest_init(struct baton_suggest *suggest, struct baton_str word);

/* Offers a known name; the first of equally near ones stays. */
void baton_suggest_offer(struct baton_suggest *suggest, struct baton_str candidate);

/* Offers a table's names: the first one, and so on at every `step` bytes, as in (&suggest, &rows[0].name, count, sizeof *rows). */
void baton_suggest_offer_each(struct baton_suggest *suggest, const char *const *first, size_t count, size_t step);

/* Writes `unknown KIND 'WORD'MORE; did you mean 'BEST'?`, without the question where none is near, and returns out. `more`
 * is where it stands or what there is: ` in a gate`, `; there are a, b`, or nothing. */
const char *baton_suggest_unknown(const struct baton_suggest *suggest, const char *kind, const char *more,
                                  char out[BATON_SUGGEST_UNKNOWN_BYTES]);

/* Writes `; did you mean 'best'?` or nothing, and returns out. */
const char *baton_suggest_text(const struct baton_suggest *suggest, char out[BATON_SUGGEST_TEXT_BYTES]);

#endif
