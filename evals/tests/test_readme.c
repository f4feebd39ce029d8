/* test_readme.c - every command in README.md runs and prints what README.md says.
 *
 * In a ```console block a line that begins with `$ ` is a command and the lines below it are its output; a line `...` stands
 * for any number of lines.
 */
#include "engine/base/arena.h"
#include "engine/base/source.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_BYTES = 1024 * 1024, COMMAND_BYTES = 2048 };

static const char *line_end(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL ? line + strlen(line) : end;
}

static bool same_line(const char *a, const char *b)
{
    size_t length = (size_t)(line_end(a) - a);
    return length == (size_t)(line_end(b) - b) && memcmp(a, b, length) == 0;
}

static const char *next_line(const char *line)
{
    const char *end = line_end(line);
    return *end == '\0' ? end : end + 1;
}

/* Runs what follows `$ `; `make demo` stands for the suites that it replays, as a test cannot build its own program. */
static char *run(const char *command)
{
    static const char demo[] =
        "for s in support tau_airline mwoz; do baton eval fixtures/suites/$s.yaml || exit 1; done";
    char text[COMMAND_BYTES];
    const char *program = getenv("BATON") == NULL ? "build/release/baton" : getenv("BATON");
    bool is_demo = strncmp(command, "make demo", 9) == 0;
    int length = (int)(line_end(command) - command);
    snprintf(text, sizeof text, "baton() { '%s' \"$@\"; }; { %.*s; } 2>&1", program,
             is_demo ? (int)strlen(demo) : length, is_demo ? demo : command);
    FILE *pipe = popen(text, "r");
    cr_assert_not_null(pipe);
    char *output = calloc(1, OUTPUT_BYTES);
    size_t got = fread(output, 1, OUTPUT_BYTES - 1, pipe);
    output[got] = '\0';
    cr_expect_neq(pclose(pipe), 127 << 8, "%.*s: not a command", length, command);
    return output;
}

/* Compares the lines from `wanted` to the next command or the block's end with the output; returns where they end. */
static const char *compare(const char *wanted, const char *output, const char *command, unsigned *lines)
{
    bool may_skip = false;
    while (*wanted != '\0' && strncmp(wanted, "```", 3) != 0 && strncmp(wanted, "$ ", 2) != 0) {
        if (same_line(wanted, "...")) {
            may_skip = true;
        } else {
            while (may_skip && *output != '\0' && !same_line(wanted, output)) {
                output = next_line(output);
            }
            cr_expect(same_line(wanted, output), "%.*s\n  README: %.*s\n  true:   %.*s",
                      (int)(line_end(command) - command), command, (int)(line_end(wanted) - wanted), wanted,
                      (int)(line_end(output) - output), output);
            output = next_line(output);
            may_skip = false;
            (*lines)++;
        }
        wanted = next_line(wanted);
    }
    cr_expect(may_skip || *output == '\0', "%.*s prints more than README.md shows: %.*s",
              (int)(line_end(command) - command), command, (int)(line_end(output) - output), output);
    return wanted;
}

Test(readme, shows_the_true_output_of_its_commands)
{
    struct baton_arena *arena = baton_arena_new(BATON_FILE_BYTES_MAX);
    struct baton_source readme;
    struct baton_error err;
    unsigned commands = 0, lines = 0;
    cr_assert_eq(baton_source_load(&readme, arena, "README.md", BATON_FILE_BYTES_MAX, &err), BATON_OK);
    for (const char *at = strstr(readme.text.data, "```console\n"); at != NULL; at = strstr(at, "```console\n")) {
        at = next_line(at);
        while (strncmp(at, "$ ", 2) == 0) {
            const char *command = at + 2;
            char *output = run(command);
            at = compare(next_line(at), output, command, &lines);
            free(output);
            commands++;
        }
    }
    cr_expect_geq(commands, 6, "README.md should show commands");
    cr_expect_geq(lines, 20, "README.md should show their output");
    baton_arena_free(arena);
}
