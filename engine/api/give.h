/* give.h - what crosses the border of the API outwards: errors as the API has them, and texts that end with a NUL. Not
 * installed, not for others than the API.
 *
 * Errors:   those of the inside become codes of the API by one table; what the host did wrong is BATON_ERROR_USAGE.
 */
#ifndef BATON_ENGINE_API_GIVE_H
#define BATON_ENGINE_API_GIVE_H

#include "engine/base/arena.h"
#include "engine/base/error.h"

#include <baton/error.h>

/* Fills `out`, which may be NULL, and returns its code. */
int baton_give_error(struct baton_error_info *out, enum baton_status status, const struct baton_error *err);

/* BATON_EUSAGE: the host passed NULL for what is required. */
enum baton_status baton_give_missing(struct baton_error *err, const char *what);

/* A copy with a NUL, "" for an empty text; NULL when the arena is full. */
const char *baton_give_text(struct baton_arena *arena, struct baton_str text);

#endif
