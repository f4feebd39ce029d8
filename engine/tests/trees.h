/* trees.h - what the tests of the readers share: texts to trees and back.
 *
 * Owns:     nothing; trees and texts live in the arena that is given. What cannot fail in a correct program is asserted.
 */
#ifndef BATON_ENGINE_TESTS_TREES_H
#define BATON_ENGINE_TESTS_TREES_H

#include "engine/base/json.h"

struct baton_prng;
struct baton_text;

typedef enum baton_status baton_reader(const struct baton_json **out, struct baton_arena *arena,
                                       const struct baton_source *source, struct baton_error *err);

struct tree {
    enum baton_status status;
    const struct baton_json *root;
    struct baton_error err;
};

/* An arena with room for all that a test does. */
struct baton_arena *tree_arena(void);

/* Reads a copy of the text that ends without a NUL, so that a sanitiser sees a step too far. */
struct tree tree_read(baton_reader *reader, struct baton_arena *arena, const char *text, size_t length);
struct tree tree_json(struct baton_arena *arena, const char *text);
struct tree tree_yaml(struct baton_arena *arena, const char *text);

/* The tree as one line of JSON. */
const char *tree_text(struct baton_arena *arena, const struct baton_json *root);

/* `file:line:column: text` of a refusal, or `loaded`. */
const char *tree_error(struct baton_arena *arena, const struct tree *tree);

/* Whole file, asserted to be there. */
struct baton_str tree_file(struct baton_arena *arena, const char *path);

/* The names of a folder's files with that ending, sorted; asserts that there are at least `least`. */
const char **tree_folder(struct baton_arena *arena, const char *folder, const char *ending, size_t least);

/* Writes a random value: all types, keys with odd bytes, numbers of all sizes. Asks nothing of the reader's limits. */
void tree_random(struct baton_text *out, struct baton_prng *prng);

#endif
