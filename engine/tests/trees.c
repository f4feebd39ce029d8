#include "engine/tests/trees.h"

#include "engine/base/json_writer.h"
#include "engine/base/prng.h"
#include "engine/base/yaml.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 512 * 1024 * 1024, TEXT_BYTES_MAX = 64 * 1024 * 1024 };

struct baton_arena *tree_arena(void)
{
    struct baton_arena *arena = baton_arena_new(ARENA_BYTES);
    cr_assert_not_null(arena);
    return arena;
}

struct tree tree_read(baton_reader *reader, struct baton_arena *arena, const char *text, size_t length)
{
    struct tree tree = { .status = BATON_EBUG };
    char *copy = malloc(length == 0 ? 1 : length);
    cr_assert_not_null(copy);
    memcpy(copy, text, length);
    const struct baton_source source = { .name = "file", .line_first = 1, .text = { copy, length } };
    tree.status = reader(&tree.root, arena, &source, &tree.err);
    cr_assert_eq(tree.root == NULL, tree.status != BATON_OK, "a tree just when all is well");
    if (tree.root != NULL) { /* its numbers point into the text */
        const struct baton_source kept = { .name = "file", .text = { baton_arena_copy(arena, text, length), length } };
        cr_assert_eq(reader(&tree.root, arena, &kept, &tree.err), BATON_OK, "the same again");
    }
    free(copy);
    return tree;
}

struct tree tree_json(struct baton_arena *arena, const char *text)
{
    return tree_read(baton_json_parse, arena, text, strlen(text));
}

struct tree tree_yaml(struct baton_arena *arena, const char *text)
{
    return tree_read(baton_yaml_parse, arena, text, strlen(text));
}

const char *tree_text(struct baton_arena *arena, const struct baton_json *root)
{
    struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX);
    baton_json_write(&text, root);
    cr_assert(!text.failed);
    const char *copy = baton_arena_copy(arena, text.data, text.length);
    baton_text_clear(&text);
    cr_assert_not_null(copy);
    return copy;
}

const char *tree_error(struct baton_arena *arena, const struct tree *tree)
{
    char text[1024];
    const char *said = tree->status == BATON_OK ? "loaded" : baton_error_format(&tree->err, text, sizeof text);
    return baton_arena_copy(arena, said, strlen(said));
}

struct baton_str tree_file(struct baton_arena *arena, const char *path)
{
    struct baton_source source;
    struct baton_error err;
    enum baton_status status = baton_source_load(&source, arena, path, BATON_FILE_BYTES_MAX, &err);
    cr_assert_eq(status, BATON_OK, "%s", err.text);
    return source.text;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **tree_folder(struct baton_arena *arena, const char *folder, const char *ending, size_t least)
{
    enum { NAMES_MAX = 1024 };
    const char **names = baton_arena_array(arena, NAMES_MAX, sizeof *names);
    size_t count = 0;
    DIR *stream = opendir(folder);
    cr_assert_not_null(stream, "no folder '%s' in the working directory", folder);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (baton_path_ends(entry->d_name, ending)) {
            cr_assert_lt(count, NAMES_MAX - 1);
            names[count++] = baton_arena_copy(arena, entry->d_name, strlen(entry->d_name));
        }
    }
    closedir(stream);
    cr_assert_geq(count, least, "'%s' has %zu files", folder, count);
    names[count] = NULL;
    qsort(names, count, sizeof *names, by_name);
    return names;
}

/* ---- random values ---- */

/* Valid UTF-8 with what is special in JSON, YAML and JSON pointers. No NUL, which no text may hold. */
static struct baton_str random_string(struct baton_prng *prng, char out[64])
{
    static const char *const pieces[] = {
        "a",
        "Z",
        "0",
        " ",
        "\"",
        "\\",
        "/",
        "~",
        "\x01",
        "\x1f",
        "\n",
        "\t",
        "\x7f",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xef\xbf\xbf",
        ":",
        "#",
        "-",
        "{",
        "]",
        ",",
        "&",
        "*",
        "null",
        "\r",
        "\xc2\x85",
        "e",
    };
    size_t length = 0;
    for (uint64_t i = baton_prng_below(prng, 10); i > 0; i--) {
        const char *piece = pieces[baton_prng_below(prng, sizeof pieces / sizeof *pieces)];
        memcpy(out + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return (struct baton_str){ out, length };
}

static void random_number(struct baton_json_writer *writer, struct baton_prng *prng)
{
    struct baton_text text = baton_text_with_limit(200);
    uint64_t bits = baton_prng_next(prng);
    double number;
    switch (baton_prng_below(prng, 5)) {
    case 0:
        baton_jw_u64(writer, bits >> baton_prng_below(prng, 64));
        return;
    case 1:
        baton_jw_i64(writer, -(int64_t)(bits >> 1) - 1);
        return;
    case 2:
        memcpy(&number, &bits, sizeof number);
        baton_text_double(&text, number);
        break;
    case 3: /* longer than any library's buffer */
        baton_text_printf(&text, "-0.%0*d%llue-%d", (int)(bits % 90 + 1), 0, (unsigned long long)bits,
                          (int)(bits % 30));
        break;
    default:
        baton_text_printf(&text, "%llu.%03uE+%02u", (unsigned long long)(bits >> 40), (unsigned)(bits % 1000),
                          (unsigned)(bits % 200));
        break;
    }
    baton_jw_raw(writer, baton_text_str(&text));
    baton_text_clear(&text);
}

static void random_value(struct baton_json_writer *writer, struct baton_prng *prng, unsigned depth)
{
    char bytes[64];
    uint64_t kind = baton_prng_below(prng, depth < 12 ? 8 : 5);
    if (kind < 2) {
        random_number(writer, prng);
    } else if (kind == 2) {
        baton_jw_str(writer, random_string(prng, bytes));
    } else if (kind == 3) {
        baton_jw_bool(writer, baton_prng_below(prng, 2) == 0);
    } else if (kind == 4) {
        baton_jw_null(writer);
    } else {
        bool is_object = kind == 5;
        baton_jw_open(writer, is_object ? '{' : '[');
        for (uint64_t i = 0, count = baton_prng_below(prng, 6); i < count; i++) {
            if (is_object) { /* ends in its number, so that no two are the same */
                struct baton_str key = random_string(prng, bytes);
                bytes[key.length++] = (char)('0' + i);
                baton_jw_key_str(writer, key);
            }
            random_value(writer, prng, depth + 1);
        }
        baton_jw_close(writer, is_object ? '}' : ']');
    }
}

void tree_random(struct baton_text *out, struct baton_prng *prng)
{
    struct baton_json_writer writer = baton_json_writer_to(out, (unsigned)baton_prng_below(prng, 3));
    random_value(&writer, prng, 0);
}
