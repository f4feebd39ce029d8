/* exec.h - runs commands: tools, and context providers.
 *
 * Threads:  any; a call waits until all its commands have ended.
 */
#ifndef BATON_ENGINE_BASE_EXEC_H
#define BATON_ENGINE_BASE_EXEC_H

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/base/limits.h"

/* A command to run: never through a shell. */
struct baton_command {
    const char *const *argv; /* NULL-terminated; NULL: no command */
    const char *folder;      /* of the agents file: relative paths in argv[0] are seen from here */
};

struct baton_exec {
    const struct baton_command *command;
    struct baton_str input; /* on its standard input */
    uint64_t timeout_ns;
    struct baton_str output; /* out: standard output without its last line break, or an error's text */
    bool is_error;           /* out */
    uint64_t duration_ns;    /* out */
};

/* Runs commands side by side, without a shell, in the folder of the agents file, each in a process group of its own that
 * is killed at its timeout. A failure (cannot start, exit code, signal, timeout, more than BATON_COMMAND_OUTPUT_BYTES_MAX) is
 * an error result. BATON_ELIMIT only. */
BATON_MUST_CHECK enum baton_status baton_exec_all(struct baton_exec *jobs, uint32_t count, struct baton_arena *arena,
                                                  struct baton_error *err);

#endif
