/* args.h - the command line, read by tables: each verb lists its switches (switches.h), and the same table prints its help.
 *
 * `--name value`, `--name=value`, `-n value` and `-nvalue` are the same; `--` ends the switches. An unknown switch is refused
 * with the nearest known one.
 */
#ifndef BATON_EVALS_CLI_ARGS_H
#define BATON_EVALS_CLI_ARGS_H

#include "engine/base/arena.h"
#include "engine/base/error.h"

enum { BATON_ARGS_MAX = 4096, BATON_ARGS_BYTES_MAX = 1024 * 1024 };

/* A number that was not given, where that differs from 0. */
#define BATON_SWITCH_UNSET INT64_MIN

enum baton_switch_type {
    BATON_SWITCH_FLAG,   /* bool */
    BATON_SWITCH_TEXT,   /* const char * */
    BATON_SWITCH_NUMBER, /* int64_t in [low, high] */
    BATON_SWITCH_LIST    /* struct baton_arg_list; may be given many times */
};

struct baton_arg_list {
    const char **items;
    size_t count;
};

/* The i-th name that a value may have, or NULL past the end. */
typedef const char *baton_choices(size_t i);

struct baton_switch {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum baton_switch_type type;
    size_t offset;
    const char *value; /* how the help calls it */
    const char *help;
    int64_t low, high;
    baton_choices *choices; /* named in the help; or NULL */
};

struct baton_environment;
struct baton_verb;

/* A verb and what was typed behind it. */
struct baton_command_line {
    const struct baton_verb *verb;
    int argc;
    char **argv;
    struct baton_environment *environment;
};

struct baton_verb {
    const char *name;
    const char *summary;  /* one line, for the list of verbs */
    const char *usage;    /* `SUITE` */
    const char *examples; /* lines of their own, indented */
    const char *more;     /* closing words of the help, or NULL */
    const struct baton_switch *switches;
    size_t switch_count;
    size_t least, most; /* plain arguments */
    enum baton_status (*run)(const struct baton_command_line *line, int *exit_code, struct baton_error *err);
};

/* What every verb begins with: reads the arguments into `out` (by the offsets of the switches) and `plain`; where help is asked
 * for it is printed, and *is_done. The arena may be NULL: BATON_ENOMEM. BATON_EUSAGE. */
BATON_MUST_CHECK enum baton_status baton_args_begin(const struct baton_command_line *line, struct baton_arena *arena,
                                                    void *out, struct baton_arg_list *plain, bool *is_done,
                                                    struct baton_error *err);

/* Takes a number off the start of a value as people type it: as baton_number_take_double(), but also .05 for 0.05. */
bool baton_args_take_decimal(struct baton_str *text, double *out);

/* Refuses a name that is not among the choices: `unknown KIND 'NAME'; KINDS are a, b, c; did you mean 'b'?`. BATON_EUSAGE. */
enum baton_status baton_args_unknown(const char *kind, const char *name, const char *kinds, baton_choices *choices,
                                     struct baton_error *err);

#endif
