/* terminal_text.h - text for a terminal: colours where it has them, and nothing from files that it would obey.
 */
#ifndef BATON_REPORTS_TERMINAL_TEXT_H
#define BATON_REPORTS_TERMINAL_TEXT_H

#include "engine/base/text.h"

enum baton_terminal_colour {
    BATON_TERMINAL_PLAIN,
    BATON_TERMINAL_BOLD,
    BATON_TERMINAL_DIM,
    BATON_TERMINAL_RED,
    BATON_TERMINAL_GREEN,
    BATON_TERMINAL_YELLOW
};

/* Nothing where the terminal has no colours. */
void baton_terminal_colour(struct baton_text *out, bool has_colour, enum baton_terminal_colour colour);

/* Text from files may hold anything, and a terminal obeys control bytes: each is a blank instead. Filled up with blanks to
 * `width` bytes. */
void baton_terminal_plain(struct baton_text *out, struct baton_str text, int width);

#endif
