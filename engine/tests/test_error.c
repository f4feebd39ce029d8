#include "engine/base/error.h"

#include "engine/base/json.h"
#include "engine/base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

Test(error, a_status_has_an_exit_code)
{
    static const struct {
        enum baton_status status;
        int exit_code;
    } rows[] = {
        { BATON_OK, 0 },    { BATON_EINPUT, 4 },    { BATON_EIO, 3 },   { BATON_EINTERRUPTED, 2 },  { BATON_EEMPTY, 5 },
        { BATON_EMISS, 6 }, { BATON_EBASELINE, 7 }, { BATON_EBUG, 70 }, { BATON_STATUS_COUNT, 70 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(baton_status_exit_code(rows[i].status), rows[i].exit_code, "status %d", rows[i].status);
    }
}

Test(error, set_returns_the_status_and_needs_no_error)
{
    struct baton_error err;
    cr_expect_eq(baton_error_set(&err, BATON_ELIMIT, "%d of '%s'", 3, "x"), BATON_ELIMIT);
    cr_expect_eq(err.status, BATON_ELIMIT);
    cr_expect_str_eq(err.text, "3 of 'x'");
    cr_expect_eq(baton_error_set(NULL, BATON_EIO, "%s", "unread"), BATON_EIO);
    baton_error_at(NULL, "file", 1, 1);
}

Test(error, tells_the_two_ways_to_be_short_of_memory)
{
    struct baton_error err;
    cr_expect_eq(baton_error_no_memory(&err, NULL), BATON_ENOMEM);
    cr_expect_str_eq(err.text, "out of memory");
    cr_expect_eq(baton_error_no_memory(&err, "a call of '%s'", "x"), BATON_ENOMEM);
    cr_expect_str_eq(err.text, "out of memory for a call of 'x'");
    cr_expect_eq(baton_error_over_limit(&err, "'%s'", "a.yaml"), BATON_ELIMIT);
    cr_expect_str_eq(err.text, "'a.yaml' needs more memory than is allowed");
    cr_expect_eq(baton_error_over_limit(NULL, "%s", "unread"), BATON_ELIMIT);
}

Test(error, formats_what_is_known_of_the_place)
{
    static const struct {
        const char *file, *want;
        unsigned line, column;
    } rows[] = {
        { NULL, "text", 0, 0 },       { "f", "f: text", 0, 0 }, { "f", "f:3: text", 3, 0 },
        { "f", "f:3:4: text", 3, 4 }, { "f", "f: text", 0, 4 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baton_error err;
        char out[64];
        baton_error_set(&err, BATON_EINPUT, "text");
        if (rows[i].file != NULL) {
            baton_error_at(&err, rows[i].file, rows[i].line, rows[i].column);
        }
        cr_expect_str_eq(baton_error_format(&err, out, sizeof out), rows[i].want, "%s", out);
    }
}

Test(error, the_first_place_stays_until_the_next_error)
{
    struct baton_error err;
    char out[64];
    baton_error_set(&err, BATON_EINPUT, "one");
    baton_error_at(&err, "inner", 2, 3);
    baton_error_at(&err, "outer", 9, 9);
    cr_expect_str_eq(baton_error_format(&err, out, sizeof out), "inner:2:3: one");
    baton_error_set(&err, BATON_EIO, "two");
    cr_expect_str_eq(baton_error_format(&err, out, sizeof out), "two");
}

Test(error, cuts_a_long_text_at_a_character)
{
    static const char *const characters[] = { "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2000] = "";
            memset(text, '-', shift);
            for (size_t at = shift; at < sizeof text - 5; at += strlen(characters[i])) {
                memcpy(text + at, characters[i], strlen(characters[i]));
            }
            struct baton_error err;
            size_t bad = 0;
            baton_error_set(&err, BATON_EINPUT, "%s", text);
            size_t length = strlen(err.text);
            cr_expect(baton_utf8_valid(err.text, length, &bad), "%zu, %zu", i, shift);
            cr_expect_lt(length, BATON_ERROR_TEXT_BYTES);
            cr_expect_geq(length, BATON_ERROR_TEXT_BYTES - 9);
        }
    }
}

Test(error, a_long_file_name_is_cut)
{
    struct baton_error err;
    char name[1000], out[1000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    baton_error_set(&err, BATON_EINPUT, "text");
    baton_error_at(&err, name, 1, 2);
    baton_error_format(&err, out, sizeof out);
    cr_expect_eq(strlen(out), BATON_ERROR_FILE_BYTES - 1 + strlen(":1:2: text"));
    cr_expect_eq(strlen(baton_error_format(&err, out, 10)), 9, "no further than the room given");
    for (size_t at = 0; at + 2 < sizeof name; at += 2) {
        memcpy(name + at, "\xc3\xa9", 3);
    }
    size_t bad = 0;
    baton_error_set(&err, BATON_EINPUT, "text");
    baton_error_at(&err, name, 1, 2);
    cr_expect(baton_utf8_valid(err.file, strlen(err.file), &bad), "at a character");
}
