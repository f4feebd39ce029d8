/* terminal.h - text on its way to a person: made harmless, coloured, measured.
 *
 * A terminal obeys control bytes, and reorders what bidirectional controls enclose. Whatever comes from a model, a file or a
 * service goes through baton_terminal_put() or baton_terminal_lines() before a person sees it.
 *
 * Owns:     nothing; it appends to the caller's text.
 * Errors:   those of the text (engine/base/text.h).
 */
#ifndef BATON_ENGINE_BASE_TERMINAL_H
#define BATON_ENGINE_BASE_TERMINAL_H

#include "engine/base/text.h"

enum baton_colour { BATON_PLAIN, BATON_BOLD, BATON_DIM, BATON_RED, BATON_GREEN, BATON_YELLOW };

/* The colour's escape sequence, or nothing where there are no colours. */
void baton_terminal_colour(struct baton_text *out, bool has_colour, enum baton_colour colour);

/* On one line: control characters (C0, DEL, C1, line and paragraph separators) are blanks, bidirectional controls (U+202A-E,
 * U+2066-9) and bytes that are no UTF-8 are U+FFFD. */
void baton_terminal_put(struct baton_text *out, struct baton_str text);

/* The same, with line feeds and tabs kept. */
void baton_terminal_lines(struct baton_text *out, struct baton_str text);

/* As put(), and blanks up to so many columns; a longer text is not cut. */
void baton_terminal_pad(struct baton_text *out, struct baton_str text, size_t columns);

/* For tests: columns that the text takes on one line: 2 for wide characters (East Asian, emoji), 0 for those that combine. */
size_t baton_terminal_columns(struct baton_str text);

#endif
