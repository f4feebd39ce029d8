#include "engine/base/suggest.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>

void baton_suggest_init(struct baton_suggest *suggest, struct baton_str word)
{
    *suggest = (struct baton_suggest){ .word = word, .best_distance = SIZE_MAX };
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int lower(struct baton_str text, size_t i)
{
    return tolower((unsigned char)text.data[i]);
}

static size_t distance(struct baton_str a, struct baton_str b)
{
    size_t rows[3][BATON_SUGGEST_LENGTH_MAX + 1];
    for (size_t j = 0; j <= b.length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.length; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            bool same = lower(a, i - 1) == lower(b, j - 1);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a, i - 1) == lower(b, j - 2) && lower(a, i - 2) == lower(b, j - 1)) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
        }
    }
    return rows[a.length % 3][b.length];
}

void baton_suggest_offer(struct baton_suggest *suggest, struct baton_str candidate)
{
    size_t longer = candidate.length > suggest->word.length ? candidate.length : suggest->word.length;
    if (longer > BATON_SUGGEST_LENGTH_MAX || longer == 0) {
        return;
    }
    size_t near = longer / 3 > 1 ? longer / 3 : 1;
    size_t d = distance(suggest->word, candidate);
    if (d <= near && d < longer && d < suggest->best_distance) {
        suggest->best = candidate;
        suggest->best_distance = d;
    }
}

const char *baton_suggest_text(const struct baton_suggest *suggest, char out[BATON_SUGGEST_TEXT_BYTES])
{
    out[0] = '\0';
    if (suggest->best.length > 0) {
        snprintf(out, BATON_SUGGEST_TEXT_BYTES, "; did you mean '%.*s'?", (int)suggest->best.length,
                 suggest->best.data);
    }
    return out;
}

void baton_suggest_offer_each(struct baton_suggest *suggest, const char *const *first, size_t count, size_t step)
{
    const char *row = (const char *)first;
    for (size_t i = 0; i < count; i++, row += step) {
        baton_suggest_offer(suggest, baton_str_of(*(const char *const *)(const void *)row));
    }
}

const char *baton_suggest_unknown(const struct baton_suggest *suggest, const char *kind, const char *more,
                                  char out[BATON_SUGGEST_UNKNOWN_BYTES])
{
    char question[BATON_SUGGEST_TEXT_BYTES];
    snprintf(out, BATON_SUGGEST_UNKNOWN_BYTES, "unknown %s '%.*s'%s%s", kind, (int)suggest->word.length,
             suggest->word.data == NULL ? "" : suggest->word.data, more, baton_suggest_text(suggest, question));
    return out;
}
