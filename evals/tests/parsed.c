#include "evals/tests/parsed.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static const struct baton_json *parse(struct baton_arena *arena, const struct baton_source *source)
{
    const struct baton_json *root = NULL;
    struct baton_error err;
    char message[MESSAGE_BYTES];
    cr_assert_eq(baton_json_parse(&root, arena, source, &err), BATON_OK, "%s",
                 baton_error_format(&err, message, sizeof message));
    return root;
}

const struct baton_json *parsed_json(struct baton_arena *arena, struct baton_str text, const char *name)
{
    struct baton_source source = { .name = name, .line_first = 1, .text = text };
    return parse(arena, &source);
}

const struct baton_json *parsed_file(struct baton_arena *arena, const char *path)
{
    struct baton_source source;
    cr_assert_eq(baton_source_load(&source, arena, path, BATON_FILE_BYTES_MAX, NULL), BATON_OK, "%s", path);
    return parse(arena, &source);
}

const struct baton_json **parsed_lines(struct baton_arena *arena, struct baton_str text, size_t *count)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.length; i++) {
        lines += text.data[i] == '\n';
    }
    cr_assert(text.length == 0 || text.data[text.length - 1] == '\n', "the last line is not whole");
    const struct baton_json **rows = baton_arena_array(arena, lines + 1, sizeof *rows);
    cr_assert_not_null(rows);
    *count = 0;
    for (size_t at = 0; at < text.length;) {
        size_t length = (size_t)((const char *)memchr(text.data + at, '\n', text.length - at) - text.data) - at;
        struct baton_source source = { .name = "line",
                                       .line_first = (unsigned)*count + 1,
                                       .text = { text.data + at, length } };
        rows[(*count)++] = parse(arena, &source);
        at += length + 1;
    }
    return rows;
}

static const struct baton_json *step(const struct baton_json *node, struct baton_str name)
{
    const struct baton_json *child = node->child;
    if (node->type == BATON_JSON_ARRAY) {
        for (unsigned long i = strtoul(name.data, NULL, 10); i > 0 && child != NULL; i--) {
            child = child->next;
        }
        return child;
    }
    while (child != NULL && (node->type != BATON_JSON_OBJECT || !baton_str_equal(child->key, name))) {
        child = child->next;
    }
    return child;
}

const struct baton_json *parsed_at(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = root;
    for (const char *at = path; *at != '\0';) {
        size_t length = strcspn(at, ".");
        node = step(node, (struct baton_str){ at, length });
        cr_assert_not_null(node, "there is no '%s'", path);
        at += length + (at[length] == '.');
    }
    return node;
}

int64_t parsed_count(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = parsed_at(root, path);
    int64_t number = 0;
    cr_assert(node->type == BATON_JSON_NUMBER && baton_json_integer(node, INT64_MIN, INT64_MAX, &number),
              "'%s' is no whole number", path);
    return number;
}

double parsed_number(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = parsed_at(root, path);
    cr_assert(node->type == BATON_JSON_NUMBER || node->type == BATON_JSON_NULL, "'%s' is no number", path);
    return node->type == BATON_JSON_NULL ? NAN : node->number;
}

struct baton_str parsed_text(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = parsed_at(root, path);
    cr_assert_eq(node->type, BATON_JSON_STRING, "'%s' is no text", path);
    return node->text;
}

bool parsed_is(const struct baton_json *root, const char *path, const char *text)
{
    return baton_str_is(parsed_text(root, path), text);
}

bool parsed_is_null(const struct baton_json *root, const char *path)
{
    return parsed_at(root, path)->type == BATON_JSON_NULL;
}

bool parsed_true(const struct baton_json *root, const char *path)
{
    const struct baton_json *node = parsed_at(root, path);
    cr_assert_eq(node->type, BATON_JSON_BOOLEAN, "'%s' is no truth value", path);
    return node->boolean;
}
