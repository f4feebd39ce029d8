/* parsed.h - looks into JSON that the program wrote or a fixture holds; what is not there fails the test at once.
 *
 * A path is names and indices with dots between: `routing.accuracy.n`, `rows.0.2`.
 *
 * Owns:     nothing; trees live in the arena that is given and point into the text.
 */
#ifndef BATON_EVALS_TESTS_PARSED_H
#define BATON_EVALS_TESTS_PARSED_H

#include "engine/base/json.h"

/* Reads the text strictly. `name` is for messages. */
const struct baton_json *parsed_json(struct baton_arena *arena, struct baton_str text, const char *name);

/* The file's tree. */
const struct baton_json *parsed_file(struct baton_arena *arena, const char *path);

/* The lines of a JSONL text, one tree each, as an array. */
const struct baton_json **parsed_lines(struct baton_arena *arena, struct baton_str text, size_t *count);

/* The node of a path; the root itself for "". */
const struct baton_json *parsed_at(const struct baton_json *root, const char *path);

/* A whole number; a number, or NaN for null; a text. */
int64_t parsed_count(const struct baton_json *root, const char *path);
double parsed_number(const struct baton_json *root, const char *path);
struct baton_str parsed_text(const struct baton_json *root, const char *path);
bool parsed_is(const struct baton_json *root, const char *path, const char *text);
bool parsed_is_null(const struct baton_json *root, const char *path);
bool parsed_true(const struct baton_json *root, const char *path);

#endif
