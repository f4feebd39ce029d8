#include "evals/cli/switches.h"

#include "engine/base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 16 * 1024 * 1024, WORDS_MAX = 16 };

struct sample {
    bool flag, other;
    const char *text, *colour;
    int64_t number;
    struct baton_arg_list list;
};

static const char *colour_at(size_t i)
{
    static const char *const colours[] = { "red", "green", NULL };
    return colours[i];
}

#define FORM struct sample

static const struct baton_switch switches[] = {
    FLAG("flag", 'f', flag, "turns it on"),           FLAG("no-thing", 0, other, "turns it off"),
    TEXT("text", 't', text, "WORD", "a word"),        NUMBER("number", 'n', number, "N", -1, 100, "a number"),
    LIST("list", 0, list, "ITEM", "may be repeated"), CHOICE("colour", 0, colour, "NAME", colour_at, "one of these"),
};

static const struct baton_verb verb = {
    .name = "try",
    .summary = "tries",
    .usage = "A [B]",
    .examples = "  baton try a b",
    .more = "That is all.",
    .switches = switches,
    .switch_count = COUNT_OF(switches),
    .least = 1,
    .most = 3,
};

/* Begins a verb; *printed gets what it printed, to be freed. */
static enum baton_status begin(int count, char **words, struct baton_arena *arena, struct sample *sample,
                               struct baton_arg_list *plain, bool *is_done, struct baton_error *err, char **printed)
{
    const struct baton_command_line command_line = { .verb = &verb, .argc = count, .argv = words };
    size_t length = 0;
    FILE *output = stdout;
    *printed = NULL;
    stdout = open_memstream(printed, &length);
    cr_assert_not_null(stdout);
    enum baton_status status = baton_args_begin(&command_line, arena, sample, plain, is_done, err);
    fclose(stdout);
    stdout = output;
    return status;
}

/* What a command line comes to, in one text; words are separated by spaces, `_` is an empty word. */
static const char *read(struct baton_arena *arena, const char *line)
{
    char *words[WORDS_MAX], *copy = baton_arena_copy(arena, line, strlen(line)), *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = strcmp(word, "_") == 0 ? word + 1 : word;
    }
    struct sample sample = { .number = 7 };
    struct baton_arg_list plain;
    struct baton_error err;
    bool wants_help;
    char *printed;
    enum baton_status status = begin(count, words, arena, &sample, &plain, &wants_help, &err, &printed);
    free(printed);
    if (status != BATON_OK) {
        cr_expect_eq(status, BATON_EUSAGE, "%s", line);
        return baton_arena_printf(arena, "%s", err.text);
    }
    if (wants_help) {
        return "help";
    }
    const char *told =
        baton_arena_printf(arena, "%s%s%s %lld", sample.flag ? "flag " : "", sample.other ? "other " : "",
                           sample.text == NULL ? "-" : sample.text, (long long)sample.number);
    for (size_t i = 0; i < sample.list.count; i++) {
        told = baton_arena_printf(arena, "%s [%s]", told, sample.list.items[i]);
    }
    for (size_t i = 0; i < plain.count; i++) {
        told = baton_arena_printf(arena, "%s %s", told, plain.items[i]);
    }
    return told;
}

Test(args, every_way_to_write_a_switch_means_the_same)
{
    static const struct row {
        const char *line, *want;
    } rows[] = {
        { "a", "- 7 a" },
        { "a b c", "- 7 a b c" },
        { "--flag a", "flag - 7 a" },
        { "-f a", "flag - 7 a" },
        { "a -f", "flag - 7 a" },
        { "--no-thing a", "other - 7 a" },
        { "--text word a", "word 7 a" },
        { "--text=word a", "word 7 a" },
        { "-t word a", "word 7 a" },
        { "-tword a", "word 7 a" },
        { "--text= a", " 7 a" },
        { "--text=a=b a", "a=b 7 a" },
        { "--text --flag a", "--flag 7 a" },
        { "--text a --text b c", "b 7 c" },
        { "--number 12 a", "- 12 a" },
        { "-n12 a", "- 12 a" },
        { "-n -1 a", "- -1 a" },
        { "-n-1 a", "- -1 a" },
        { "--number=100 a", "- 100 a" },
        { "--list x a --list=y", "- 7 [x] [y] a" },
        { "-- a", "- 7 a" },
        { "-f -- -f --text", "flag - 7 -f --text" },
        { "a -- --help", "- 7 a --help" },
        { "-", "- 7 -" },
        { "--help", "help" },
        { "-h", "help" },
        { "a b --help", "help" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = read(arena, rows[i].line);
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].line, got);
    }
    baton_arena_free(arena);
}

Test(args, what_is_wrong_is_refused_with_the_way_out)
{
    static const struct row {
        const char *line, *want;
    } rows[] = {
        { "", "usage: baton try A [B]; see 'baton try --help'" },
        { "a b c d", "usage: baton try A [B]; see 'baton try --help'" },
        { "--flga a", "unknown switch '--flga' of 'baton try'; did you mean 'flag'?" },
        { "--txt=a a", "unknown switch '--txt' of 'baton try'; did you mean 'text'?" },
        { "--zzzzzz a", "unknown switch '--zzzzzz' of 'baton try'; see 'baton help'" },
        { "-x a", "unknown switch '-x' of 'baton try'; see 'baton help'" },
        { "--Flag a", "unknown switch '--Flag' of 'baton try'; did you mean 'flag'?" },
        { "--flag=1 a", "--flag takes no value" },
        { "-f1 a", "--flag takes no value" },
        { "a --text", "--text needs a value: --text WORD" },
        { "a -n", "--number needs a value: --number N" },
        { "a -n _", "--number must be a whole number from -1 to 100, not ''" },
        { "a -n 1.5", "--number must be a whole number from -1 to 100, not '1.5'" },
        { "a -n ten", "--number must be a whole number from -1 to 100, not 'ten'" },
        { "a -n 101", "--number must be a whole number from -1 to 100, not '101'" },
        { "a -n -2", "--number must be a whole number from -1 to 100, not '-2'" },
        { "a -n 99999999999999999999", "--number must be a whole number from -1 to 100, not '99999999999999999999'" },
        { "a --wrong --help", "unknown switch '--wrong' of 'baton try'; see 'baton help'" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = read(arena, rows[i].line);
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].line, got);
    }
    baton_arena_free(arena);
}

Test(args, help_shows_an_example_first_and_each_switch)
{
    char *text, word[] = "--help", *words[] = { word };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct sample sample = { 0 };
    struct baton_arg_list plain;
    struct baton_error err;
    bool is_done = false;
    enum baton_status status = begin(1, words, arena, &sample, &plain, &is_done, &err, &text);
    cr_expect_eq(status, BATON_OK);
    cr_expect(is_done);
    cr_expect_str_eq(text,
                     "  baton try a b\n\nusage: baton try A [B]\n\n"
                     "  -f, --flag                     turns it on\n"
                     "      --no-thing                 turns it off\n"
                     "  -t, --text WORD                a word\n"
                     "  -n, --number N                 a number\n"
                     "      --list ITEM                may be repeated\n"
                     "      --colour NAME              one of these (red, green)\n"
                     "\nThat is all.\n",
                     "%s", text);
    free(text);
    baton_arena_free(arena);
}

Test(args, a_choice_that_there_is_not_is_refused_with_those_that_there_are)
{
    struct baton_error err;
    cr_expect_eq(baton_args_unknown("colour", "blue", "colours", colour_at, &err), BATON_EUSAGE);
    cr_expect_str_eq(err.text, "unknown colour 'blue'; colours are red, green");
    cr_expect_eq(baton_args_unknown("colour", "greem", "colours", colour_at, &err), BATON_EUSAGE);
    cr_expect_str_eq(err.text, "unknown colour 'greem'; colours are red, green; did you mean 'green'?");
}

Test(args, decimals_are_taken_as_people_type_them)
{
    static const struct row {
        const char *text;
        bool is_read;
        double want;
        const char *rest;
    } rows[] = {
        { "0.05", true, 0.05, "" }, { ".05", true, 0.05, "" },     { "1", true, 1, "" },     { "2.50", true, 2.5, "" },
        { "1e-3", true, 1e-3, "" }, { ".9,.8", true, 0.9, ",.8" }, { ".", false, 0, "." },   { "", false, 0, "" },
        { "x", false, 0, "x" },     { "..5", false, 0, "..5" },    { "+1", false, 0, "+1" }, { " 1", false, 0, " 1" },
        { "nan", false, 0, "nan" }, { "inf", false, 0, "inf" },    { "0x1", true, 0, "x1" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_str text = baton_str_of(rows[i].text);
        double got = 0;
        cr_expect_eq(baton_args_take_decimal(&text, &got), rows[i].is_read, "'%s'", rows[i].text);
        cr_expect(got == rows[i].want, "'%s': %g", rows[i].text, got);
        cr_expect(baton_str_is(text, rows[i].rest), "'%s' leaves '%.*s'", rows[i].text, BATON_STR_ARGS(text));
    }
}

Test(args, more_arguments_than_the_limit_are_refused)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    char **words = baton_arena_array(arena, BATON_ARGS_MAX + 1, sizeof *words), word[] = "a";
    struct sample sample = { 0 };
    struct baton_arg_list plain;
    struct baton_error err;
    bool wants_help;
    for (size_t i = 0; i <= BATON_ARGS_MAX; i++) {
        words[i] = word;
    }
    const struct baton_command_line command_line = { .verb = &verb, .argc = BATON_ARGS_MAX + 1, .argv = words };
    cr_expect_eq(baton_args_begin(&command_line, arena, &sample, &plain, &wants_help, &err), BATON_EUSAGE);
    cr_expect_str_eq(err.text, "more than 4096 arguments");
    baton_arena_free(arena);
}
