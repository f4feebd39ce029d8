/* args.h - the command line, read by tables: each verb lists its switches, and the same table prints its help.
 *
 * `--name value`, `--name=value`, `-n value` and `-nvalue` are the same; `--` ends the switches. An unknown switch is refused
 * with the nearest known one.
 */
#ifndef BATON_EVALS_CLI_ARGS_H
#define BATON_EVALS_CLI_ARGS_H

#include "engine/base/arena.h"
#include "engine/base/error.h"

#include <stdio.h>

enum { BATON_ARGS_MAX = 4096 };

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

struct baton_switch {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum baton_switch_type type;
    size_t offset;
    const char *value; /* how the help calls it */
    const char *help;
    int64_t low, high;
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
    enum baton_status (*run)(const struct baton_verb *verb, int argc, char **argv, int *exit_code,
                             struct baton_error *err);
};

/* Reads the arguments behind the verb into `out` (offsets of the switches) and `plain`. *wants_help: print the help instead.
 * BATON_EUSAGE. */
BATON_MUST_CHECK enum baton_status baton_args_read(const struct baton_verb *verb, int argc, char **argv,
                                                   struct baton_arena *arena, void *out, struct baton_arg_list *plain,
                                                   bool *wants_help, struct baton_error *err);

/* What every verb begins with: the same, and where help is asked for it is printed, and *is_done. BATON_ENOMEM without an
 * arena. */
BATON_MUST_CHECK enum baton_status baton_args_begin(const struct baton_verb *verb, int argc, char **argv,
                                                    struct baton_arena *arena, void *out, struct baton_arg_list *plain,
                                                    bool *is_done, struct baton_error *err);

void baton_args_help(FILE *file, const struct baton_verb *verb);

#endif
