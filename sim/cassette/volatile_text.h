/* volatile_text.h - what agent clients put into texts and what changes from run to run: the date, the working folder, times.
 *
 * A table in volatile_text.c has the openings and closings by which they are known; a new client's are rows there.
 *
 * Owns:     nothing; a text that is made lives in the arena.
 * Threads:  any, each with its own arena.
 * Time:     linear in the text, whatever stands in it.
 */
#ifndef BATON_SIM_CASSETTE_VOLATILE_TEXT_H
#define BATON_SIM_CASSETTE_VOLATILE_TEXT_H

#include "engine/base/arena.h"

/* The text without what changes; the same text where there is nothing of it. data is NULL without memory. */
struct baton_str baton_volatile_text_strip(struct baton_arena *arena, struct baton_str prose);

#endif
