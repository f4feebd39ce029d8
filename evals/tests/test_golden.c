/* fixtures/golden: command lines and what they print, as files that anybody may add to; fixtures/README.md says how.
 *
 * A case runs in a folder of its own with its files and a link to fixtures/ in it, so that no output holds a path of this
 * machine. What comes out is written in the form of the case again and compared as bytes: one way to read a case, one to
 * write it, and `make golden` (BATON_GOLDEN=write) is the same run with the result kept. */
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOLDEN "fixtures/golden"

enum { WORDS_MAX = 64, CASES_MIN = 80, CASE_BYTES_MAX = 16 * 1024 * 1024 };

/* A case under way: what is left of its text, and what it comes to. */
struct golden {
    struct program program;
    const char *path, *folder; /* of the case; where it runs, whole */
    struct baton_str rest;
    struct baton_text out;
    struct baton_str input; /* for the next command */
    struct program_run run; /* the last command's */
};

/* `--- WORD ARGUMENT` and the lines under it. */
struct section {
    struct baton_str word, argument, body;
};

/* ---- reading ---- */

static struct baton_str line_of(struct baton_str text)
{
    const char *end = text.length == 0 ? NULL : memchr(text.data, '\n', text.length);
    return (struct baton_str){ text.data, end == NULL ? text.length : (size_t)(end + 1 - text.data) };
}

static struct baton_str behind(struct baton_str text, size_t length)
{
    return (struct baton_str){ text.data + length, text.length - length };
}

static bool begins_section(struct baton_str line)
{
    return line.length > 4 && memcmp(line.data, "--- ", 4) == 0;
}

/* Takes the lines up to the next section. */
static struct baton_str take_body(struct golden *golden)
{
    struct baton_str body = { golden->rest.data, 0 };
    while (golden->rest.length > 0 && !begins_section(line_of(golden->rest))) {
        size_t length = line_of(golden->rest).length;
        body.length += length;
        golden->rest = behind(golden->rest, length);
    }
    return body;
}

static bool take_section(struct golden *golden, struct section *out)
{
    struct baton_str line = line_of(golden->rest);
    if (line.length == 0) {
        return false;
    }
    golden->rest = behind(golden->rest, line.length);
    cr_assert_eq(line.data[line.length - 1], '\n', "%s: the last line does not end", golden->path);
    line = (struct baton_str){ line.data + 4, line.length - 5 };
    const char *space = memchr(line.data, ' ', line.length);
    out->word = (struct baton_str){ line.data, space == NULL ? line.length : (size_t)(space - line.data) };
    out->argument = space == NULL ? BATON_STR("") : behind(line, out->word.length + 1);
    out->body = take_body(golden);
    return true;
}

/* Splits a command line as a shell does that knows spaces and quotes. */
static size_t split(struct golden *golden, struct baton_str line, const char *words[WORDS_MAX])
{
    char *at = (char *)(uintptr_t)program_text(&golden->program, "%.*s", (int)line.length, line.data), *to = at,
         quote = 0;
    size_t count = 0;
    while (*at != '\0') {
        while (*at == ' ') {
            at++;
        }
        cr_assert_lt(count + 1, (size_t)WORDS_MAX, "%s: too many words", golden->path);
        words[count++] = to;
        for (; *at != '\0' && (quote != 0 || *at != ' '); at++) {
            if (quote != 0 ? *at == quote : *at == '\'' || *at == '"') {
                quote = quote != 0 ? 0 : *at;
            } else {
                *to++ = *at;
            }
        }
        at += *at != '\0';
        *to++ = '\0';
    }
    cr_assert_eq(quote, 0, "%s: a quote is open in '%.*s'", golden->path, (int)line.length, line.data);
    words[count] = NULL;
    return count;
}

/* ---- running ---- */

/* NAME=VALUE before the program's name are settings of the environment. */
static void run(struct golden *golden, struct baton_str line)
{
    const char *words[WORDS_MAX], *settings[WORDS_MAX] = { NULL };
    size_t count = split(golden, line, words), first = 0;
    while (first < count && strcmp(words[first], "baton") != 0) {
        cr_assert_not_null(strchr(words[first], '='), "%s: a command begins with baton, not '%s'", golden->path,
                           words[first]);
        settings[first] = words[first];
        first++;
    }
    cr_assert_lt(first, count, "%s: what is to be run?", golden->path);
    struct program_options options = { .folder = golden->folder, .settings = settings, .input = golden->input };
    golden->run = program_run_with(&golden->program, &options, words + first + 1);
    golden->input = (struct baton_str){ NULL, 0 };
}

static const char *name_below(struct golden *golden, struct baton_str name)
{
    cr_assert(name.length > 0 && name.data[0] != '/' && memmem(name.data, name.length, "..", 2) == NULL,
              "%s: no file of the case: '%.*s'", golden->path, (int)name.length, name.data);
    return program_text(&golden->program, "%.*s", (int)name.length, name.data);
}

/* ---- writing ---- */

static void put_section(struct golden *golden, const char *head, struct baton_str body)
{
    bool is_whole = body.length == 0 || body.data[body.length - 1] == '\n';
    baton_text_printf(&golden->out, "--- %s%s\n", head, is_whole ? "" : ", without a last newline");
    baton_text_append(&golden->out, body.data, body.length);
    baton_text_puts(&golden->out, is_whole ? "" : "\n");
}

/* What the last command came to: an exit code and texts that are not empty, in this order. */
static void put_run(struct golden *golden)
{
    if (golden->run.exit_code != 0) {
        baton_text_printf(&golden->out, "--- exit %d\n", golden->run.exit_code);
    }
    if (golden->run.out.length > 0) {
        put_section(golden, "out", golden->run.out);
    }
    if (golden->run.err.length > 0) {
        put_section(golden, "err", golden->run.err);
    }
}

static void follow(struct golden *golden, const struct section *section)
{
    static const char *const outputs[] = { "exit", "out", "out,", "err", "err," };
    const char *head =
        program_text(&golden->program, "%.*s%s%.*s", (int)section->word.length, section->word.data,
                     section->argument.length == 0 ? "" : " ", (int)section->argument.length, section->argument.data);
    for (size_t i = 0; i < COUNT_OF(outputs); i++) {
        if (baton_str_is(section->word, outputs[i])) {
            return; /* comes anew from the command before it */
        }
    }
    if (baton_str_is(section->word, "file")) {
        program_write(&golden->program, name_below(golden, section->argument), section->body);
        put_section(golden, head, section->body);
    } else if (baton_str_is(section->word, "in")) {
        golden->input = section->body;
        put_section(golden, head, section->body);
    } else if (baton_str_is(section->word, "wrote")) {
        const char *path = program_path(&golden->program, name_below(golden, section->argument));
        struct baton_str wrote = program_read(&golden->program, path);
        cr_expect_not_null(wrote.data, "%s: nothing wrote %.*s", golden->path, (int)section->argument.length,
                           section->argument.data);
        put_section(golden, head, wrote);
    } else {
        cr_assert(baton_str_is(section->word, "run"), "%s: unknown section '%s'", golden->path, head);
        run(golden, section->argument);
        put_section(golden, head, section->body);
        put_run(golden);
    }
}

/* ---- comparing ---- */

static void expect_same(const struct golden *golden, struct baton_str want)
{
    struct baton_str got = baton_text_str(&golden->out);
    for (size_t number = 1; want.length > 0 || got.length > 0; number++) {
        struct baton_str a = line_of(want), b = line_of(got);
        cr_expect(baton_str_equal(a, b), "%s:%zu: wanted '%.*s', got '%.*s'; is it right? then make golden",
                  golden->path, number, (int)a.length - (a.length > 0), a.data, (int)b.length - (b.length > 0), b.data);
        if (!baton_str_equal(a, b)) {
            return;
        }
        want = behind(want, a.length);
        got = behind(got, b.length);
    }
}

static void keep(struct golden *golden)
{
    FILE *file = fopen(golden->path, "we");
    cr_assert_not_null(file, "cannot write %s", golden->path);
    cr_assert_eq(fwrite(golden->out.data, 1, golden->out.length, file), golden->out.length);
    cr_assert_eq(fclose(file), 0);
}

static void check_case(const char *path, bool is_writing)
{
    struct golden golden = { .path = path, .out = baton_text_with_limit(CASE_BYTES_MAX) };
    struct section section;
    char here[4096];
    program_open(&golden.program);
    cr_assert_not_null(getcwd(here, sizeof here));
    golden.folder = program_text(&golden.program, "%s/%s", here, golden.program.folder);
    cr_assert_eq(symlink(program_text(&golden.program, "%s/fixtures", here), program_path(&golden.program, "fixtures")),
                 0);
    struct baton_str text = golden.rest = program_read(&golden.program, path);
    struct baton_str comment = take_body(&golden);
    cr_expect_gt(comment.length, 1u, "%s: say first what the case shows", path);
    baton_text_append(&golden.out, comment.data, comment.length);
    while (take_section(&golden, &section)) {
        follow(&golden, &section);
    }
    cr_expect_gt(golden.program.run_count, 0u, "%s: runs nothing", path);
    if (is_writing) {
        keep(&golden);
    } else {
        expect_same(&golden, text);
    }
    baton_text_clear(&golden.out);
    program_close(&golden.program);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t check_area(const char *folder, bool is_writing)
{
    struct dirent **cases;
    int count = scandir(folder, &cases, is_visible, alphasort);
    cr_assert_gt(count, 0, "%s: no cases", folder);
    for (int i = 0; i < count; i++) {
        char path[1024];
        size_t length = strlen(cases[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, cases[i]->d_name);
        cr_assert(length > 4 && strcmp(cases[i]->d_name + length - 4, ".txt") == 0, "%s: a case ends in .txt", path);
        check_case(path, is_writing);
        free(cases[i]);
    }
    free(cases);
    return (size_t)count;
}

Test(golden, every_command_line_prints_what_is_on_file)
{
    const char *mode = getenv("BATON_GOLDEN");
    bool is_writing = mode != NULL && strcmp(mode, "write") == 0;
    struct dirent **areas;
    int count = scandir(GOLDEN, &areas, is_visible, alphasort);
    size_t cases = 0;
    cr_assert_gt(count, 0, "there is no %s", GOLDEN);
    for (int i = 0; i < count; i++) {
        char folder[512];
        snprintf(folder, sizeof folder, GOLDEN "/%s", areas[i]->d_name);
        cases += check_area(folder, is_writing);
        free(areas[i]);
    }
    free(areas);
    cr_expect_geq(cases, (size_t)CASES_MIN, "%zu cases; where are the others?", cases);
}
