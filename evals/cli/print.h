/* print.h - lines for a person, in which names and texts of models, files and services may stand.
 *
 * What is printed is made harmless as a whole (engine/base/terminal.h), so a format holds no line break and no colour.
 *
 * Errors:   out of memory prints nothing. A failure of standard output shows when main() flushes it.
 */
#ifndef BATON_EVALS_CLI_PRINT_H
#define BATON_EVALS_CLI_PRINT_H

#include "engine/base/terminal.h"

#include <stdio.h>

/* A piece of a line; a whole line. */
void baton_print(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
void baton_print_line(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text that is known to be harmless, as a report is, with its lines and colours. */
void baton_print_text(FILE *file, const struct baton_text *text);

#endif
