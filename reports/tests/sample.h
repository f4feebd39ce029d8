/* sample.h - results and figures for tests of report forms, with texts as hostile as they come.
 *
 * Owns:     nothing; all lives in the arena that is given.
 */
#ifndef BATON_REPORTS_TESTS_SAMPLE_H
#define BATON_REPORTS_TESTS_SAMPLE_H

#include "reports/forms/forms.h"

enum { SAMPLE_TEXTS = 28, SAMPLE_TEXT_BYTES_LARGE = 100000 };

/* The i-th hostile text: UTF-8 without NUL; the last one is of 100 KB. */
struct baton_str sample_text(struct baton_arena *arena, size_t i);

/* A result of one exchange by a letter: P passed, F failed, E the provider failed, S without a label. The id, the agents and
 * what failed are that text. */
struct baton_result sample_result(struct baton_arena *arena, char letter, struct baton_str text);

/* One for each letter: the repeats of one conversation. */
struct baton_result *sample_repeats(struct baton_arena *arena, const char *letters, struct baton_str text);

/* How a run of that one conversation counts. */
struct baton_test_counts sample_counts(const char *letters);

/* Figures where every name is that text: gates of each verdict, agents, a confusion matrix, edges; all repeats counted. */
struct baton_summary *sample_summary(struct baton_arena *arena, const char *letters, struct baton_str text);

/* The whole report of one conversation with those repeats; to be cleared. */
struct baton_text sample_report(struct baton_arena *arena, const struct baton_report_form *form, const char *letters,
                                struct baton_str text, size_t bytes_max);

#endif
