#include "engine/base/source.h"

#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

Test(source, counts_lines_and_columns_from_one)
{
    static const struct {
        const char *text;
        size_t offset;
        unsigned line_first, line, column;
    } rows[] = {
        { "abc", 0, 1, 1, 1 },    { "abc", 2, 1, 1, 3 },       { "abc", 3, 1, 1, 4 },   { "abc", 99, 1, 1, 4 },
        { "", 0, 1, 1, 1 },       { "a\nb", 1, 1, 1, 2 },      { "a\nb", 2, 1, 2, 1 },  { "a\n\n\nb", 4, 1, 4, 1 },
        { "a\r\nb", 3, 1, 2, 1 }, { "\xc3\xa9x", 2, 1, 1, 3 }, { "abc", 1, 12, 12, 2 }, { "a\nb", 2, 12, 13, 1 },
        { "abc", 1, 0, 1, 2 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct baton_source source = { .name = "f",
                                             .line_first = rows[i].line_first,
                                             .text = baton_str_of(rows[i].text) };
        struct baton_error err;
        cr_expect_eq(baton_source_error(&source, rows[i].offset, &err, "bad"), BATON_EINPUT);
        cr_expect(err.line == rows[i].line && err.column == rows[i].column, "row %zu: %u:%u", i, err.line, err.column);
    }
}

Test(source, an_error_has_its_place)
{
    const struct baton_source source = { .name = "f.json", .text = BATON_STR("ab\ncd") };
    struct baton_error err;
    char out[64];
    cr_expect_eq(baton_source_error(&source, 4, &err, "no %s", "good"), BATON_EINPUT);
    cr_expect_str_eq(baton_error_format(&err, out, sizeof out), "f.json:2:2: no good");
    cr_expect_eq(baton_source_error(&source, 0, NULL, "unread"), BATON_EINPUT);
}

/* A file of that many bytes, all 'x', in the folder for such; the caller unlinks it. */
static void write_file(char path[32], size_t bytes)
{
    memcpy(path, "/tmp/baton-test-XXXXXX", 23);
    int handle = mkstemp(path);
    cr_assert_geq(handle, 0);
    FILE *file = fdopen(handle, "w");
    cr_assert_not_null(file);
    for (size_t i = 0; i < bytes; i++) {
        fputc('x', file);
    }
    cr_assert_eq(fclose(file), 0);
}

Test(source, loads_a_whole_file)
{
    static const size_t sizes[] = { 0, 1, 100, 16383, 16384, 16385, 65536, 300000 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char path[32];
        struct baton_source source;
        struct baton_error err;
        struct baton_arena *arena = tree_arena();
        write_file(path, sizes[i]);
        cr_expect_eq(baton_source_load(&source, arena, path, 300000, &err), BATON_OK, "%zu: %s", sizes[i], err.text);
        cr_expect_eq(source.text.length, sizes[i]);
        cr_expect_eq(strlen(source.text.data), sizes[i], "with a NUL after it");
        cr_expect_str_eq(source.name, path);
        cr_expect_eq(source.line_first, 1);
        if (sizes[i] > 0) {
            cr_expect_eq(baton_source_load(&source, arena, path, sizes[i], &err), BATON_OK, "just the limit");
            cr_expect_eq(baton_source_load(&source, arena, path, sizes[i] - 1, &err), BATON_EINPUT, "one less");
            cr_expect_neq(strstr(err.text, "is larger than"), NULL, "%s", err.text);
        }
        unlink(path);
        baton_arena_free(arena);
    }
}

Test(source, says_why_it_cannot_load)
{
    struct baton_arena *arena = tree_arena();
    struct baton_source source;
    struct baton_error err;
    cr_expect_eq(baton_source_load(&source, arena, "no/such/file", 1000, &err), BATON_EINPUT);
    cr_expect_str_eq(err.text, "cannot open 'no/such/file': No such file or directory");
    cr_expect_eq(source.text.length, 0);
    cr_expect_eq(baton_source_load(&source, arena, "fixtures", 1000, &err), BATON_EINPUT);
    cr_expect_str_eq(err.text, "'fixtures' is a folder, not a file");
    baton_arena_fail_after(1);
    cr_expect_eq(baton_source_load(&source, arena, "LICENSE", 1000000, &err), BATON_ENOMEM);
    baton_arena_fail_after(0);
    baton_arena_free(arena);
    arena = baton_arena_new(20000);
    char path[32];
    write_file(path, 30000);
    cr_expect_eq(baton_source_load(&source, arena, path, 1000000, &err), BATON_ENOMEM, "an arena too small");
    unlink(path);
    baton_arena_free(arena);
}

Test(source, reads_standard_input)
{
    char path[32];
    struct baton_arena *arena = tree_arena();
    struct baton_source source;
    struct baton_error err;
    write_file(path, 20000);
    cr_assert_not_null(freopen(path, "r", stdin));
    cr_expect_eq(baton_source_load(&source, arena, "-", 1000000, &err), BATON_OK, "%s", err.text);
    cr_expect_eq(source.text.length, 20000);
    cr_expect_str_eq(source.name, "standard input");
    unlink(path);
    baton_arena_free(arena);
}

Test(source, finds_a_path_beside_another)
{
    static const struct {
        const char *base, *path, *want;
    } rows[] = {
        { "a/b.yaml", "c.yaml", "a/c.yaml" },
        { "a/b.yaml", "../c.yaml", "a/../c.yaml" },
        { "b.yaml", "c.yaml", "c.yaml" },
        { "a/b.yaml", "/c.yaml", "/c.yaml" },
        { "a/b.yaml", "-", "-" },
        { "a/b.yaml", "", "a/" },
        { "/b.yaml", "c", "/c" },
        { "a/b/", "c", "a/b/c" },
        { "-", "c", "c" },
    };
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = baton_path_beside(arena, rows[i].base, baton_str_of(rows[i].path));
        cr_expect_str_eq(got, rows[i].want, "%s + %s", rows[i].base, rows[i].path);
    }
    baton_arena_fail_after(1);
    cr_expect_null(baton_path_beside(arena, "a/b", BATON_STR("c")));
    baton_arena_fail_after(0);
    baton_arena_free(arena);
}

Test(source, takes_paths_apart)
{
    static const struct {
        const char *path, *stem;
        bool is_yaml;
    } rows[] = {
        { "a/b.yaml", "b", true },          { "b.YAML", "b", true },     { "b.c.yaml", "b.c", true },
        { "a.yaml/b", "b", false },         { "b", "b", false },         { ".yaml", ".yaml", true },
        { "a/.hidden", ".hidden", false },  { "a/", "", false },         { "", "", false },
        { "b.yaml.json", "b.yaml", false }, { "byaml", "byaml", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect(baton_str_is(baton_path_stem(rows[i].path), rows[i].stem), "%s", rows[i].path);
        cr_expect_eq(baton_path_ends(rows[i].path, "yaml"), rows[i].is_yaml, "%s", rows[i].path);
    }
}
