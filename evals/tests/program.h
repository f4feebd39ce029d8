/* program.h - runs the built program as a user does: arguments in, output and exit code out, in a time that is bounded.
 *
 * The program is the one that the environment variable BATON names, else build/release/baton; it runs in the top folder of
 * the repository, as the tests do. Files that a test needs live in a scratch folder of its own below build/.
 *
 * Owns:     program_open() takes memory and a folder, program_close() gives both back; what the other functions return
 *           lives until then. A test that fails leaves its folder behind, to be looked at.
 * Threads:  one.
 */
#ifndef BATON_EVALS_TESTS_PROGRAM_H
#define BATON_EVALS_TESTS_PROGRAM_H

#include "engine/base/text.h"

#include <sys/types.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { PROGRAM_SECONDS_MAX = 50, PROGRAM_TIMED_OUT = -1, PROGRAM_SIGNAL = 128 };

struct program {
    struct baton_arena *arena;
    char folder[64];
    unsigned run_count;
};

/* How one run differs from the plain one: nothing on standard input, output and messages captured. */
struct program_options {
    const char *path;        /* another program; NULL: the usual one */
    struct baton_str input;  /* on standard input */
    const char *input_path;  /* that file or fifo instead */
    const char *output_path; /* standard output goes there and is not captured */
    bool closes_input, closes_output;
    const char *const *settings; /* `NAME=value` beside the environment, `NAME` taken out of it; NULL at the end */
    const char *folder;          /* works there; paths are then seen from it, but for those above */
};

/* A run that is over. */
struct program_run {
    int exit_code; /* PROGRAM_SIGNAL + n after signal n, PROGRAM_TIMED_OUT when it had to be killed */
    struct baton_str out, err;
};

/* A run under way. */
struct program_child {
    pid_t pid;
    const char *out_path, *err_path;
};

void program_open(struct program *program);
void program_close(struct program *program);

/* Arguments behind the program's name, NULL at the end. */
struct program_run program_run(struct program *program, const char *const *arguments);
struct program_run program_run_with(struct program *program, const struct program_options *options,
                                    const char *const *arguments);
#define RUN(program, ...) program_run((program), (const char *const[]){ __VA_ARGS__, NULL })

struct program_child program_start(struct program *program, const struct program_options *options,
                                   const char *const *arguments);
struct program_run program_finish(struct program *program, const struct program_child *child);

/* A run under way on a terminal of its own, as when somebody types. */
struct program_terminal {
    pid_t pid;
    int fd, line;           /* both ends */
    struct baton_text seen; /* what it showed */
    size_t read;            /* up to here it has been waited for */
};

void program_start_on_terminal(struct program_terminal *out, const struct program_options *options,
                               const char *const *arguments);
void program_type(struct program_terminal *terminal, const char *keys);

/* Waits until the text shows, behind what was waited for before; false after PROGRAM_SECONDS_MAX or at the end. */
bool program_shows(struct program_terminal *terminal, const char *text);

/* Waits for the end; gives the exit code as in struct program_run. `terminal->seen` stays until program_terminal_clear(). */
int program_terminal_finish(struct program_terminal *terminal);
void program_terminal_clear(struct program_terminal *terminal);

/* A path in the scratch folder. */
const char *program_path(struct program *program, const char *name);

/* Writes a file into the scratch folder, making folders on the way, and gives its path. */
const char *program_write(struct program *program, const char *name, struct baton_str text);
const char *program_file(struct program *program, const char *name, const char *text);

/* The bytes of a file; data is NULL where there is none. */
struct baton_str program_read(struct program *program, const char *path);

/* printf into the memory of the program. */
const char *program_text(struct program *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool program_has(struct baton_str text, const char *part);
size_t program_count(struct baton_str text, const char *part);

#endif
