#include "evals/tests/program.h"

#include "engine/base/source.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

enum {
    ARGUMENTS_MAX = 128,
    SETTINGS_MAX = 1024,
    MEMORY_MAX = 1024 * 1024 * 1024,
    FOLDERS_OPEN_MAX = 16,
    PAUSE_NS = 1000000
};

extern char **environ;

void program_open(struct program *program)
{
    unsetenv("GITHUB_STEP_SUMMARY"); /* tests must not add to that of the CI they run in */
    *program = (struct program){ .arena = baton_arena_new(MEMORY_MAX), .folder = "build/test-XXXXXX" };
    cr_assert_eq(access("fixtures/README.md", R_OK), 0, "run the tests from the top of the repository");
    cr_assert_not_null(program->arena);
    mkdir("build", 0777);
    cr_assert_not_null(mkdtemp(program->folder), "no scratch folder: %s", strerror(errno));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void program_close(struct program *program)
{
    nftw(program->folder, remove_one, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
    baton_arena_free(program->arena);
}

const char *program_text(struct program *program, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *made = NULL;
    int length = vasprintf(&made, format, args);
    va_end(args);
    cr_assert_geq(length, 0);
    const char *copy = baton_arena_copy(program->arena, made, (size_t)length);
    free(made);
    cr_assert_not_null(copy);
    return copy;
}

const char *program_path(struct program *program, const char *name)
{
    return program_text(program, "%s/%s", program->folder, name);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
}

const char *program_write(struct program *program, const char *name, struct baton_str text)
{
    char *path = (char *)(uintptr_t)program_path(program, name);
    make_folders(path);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    cr_assert_eq(fwrite(text.data, 1, text.length, file), text.length);
    cr_assert_eq(fclose(file), 0);
    return path;
}

const char *program_file(struct program *program, const char *name, const char *text)
{
    return program_write(program, name, baton_str_of(text));
}

struct baton_str program_read(struct program *program, const char *path)
{
    struct baton_source source;
    if (access(path, R_OK) != 0) {
        return (struct baton_str){ NULL, 0 };
    }
    cr_assert_eq(baton_source_load(&source, program->arena, path, MEMORY_MAX, NULL), BATON_OK, "%s", path);
    return source.text;
}

/* ---- running ---- */

static const char *usual_path(void)
{
    const char *path = getenv("BATON");
    return path == NULL ? "build/release/baton" : path;
}

static void plan_files(posix_spawn_file_actions_t *plan, const struct program_options *options,
                       const struct program_child *child, const char *input)
{
    posix_spawn_file_actions_init(plan);
    if (options->closes_input) {
        posix_spawn_file_actions_addclose(plan, STDIN_FILENO);
    } else {
        posix_spawn_file_actions_addopen(plan, STDIN_FILENO, input, O_RDONLY, 0);
    }
    if (options->closes_output) {
        posix_spawn_file_actions_addclose(plan, STDOUT_FILENO);
    } else {
        const char *output = options->output_path == NULL ? child->out_path : options->output_path;
        posix_spawn_file_actions_addopen(plan, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    }
    posix_spawn_file_actions_addopen(plan, STDERR_FILENO, child->err_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (options->folder != NULL) {
        posix_spawn_file_actions_addchdir_np(plan, options->folder);
    }
}

static bool is_named(const char *setting, const char *const *settings)
{
    size_t length = strcspn(setting, "=");
    for (; settings != NULL && *settings != NULL; settings++) {
        if (strcspn(*settings, "=") == length && memcmp(*settings, setting, length) == 0) {
            return true;
        }
    }
    return false;
}

static void plan_environment(char **out, const char *const *settings)
{
    size_t count = 0;
    for (char **one = environ; *one != NULL && count + 1 < SETTINGS_MAX; one++) {
        if (!is_named(*one, settings)) {
            out[count++] = *one;
        }
    }
    for (; settings != NULL && *settings != NULL && count + 1 < SETTINGS_MAX; settings++) {
        if (strchr(*settings, '=') != NULL) {
            out[count++] = (char *)(uintptr_t)*settings;
        }
    }
    out[count] = NULL;
}

struct program_child program_start(struct program *program, const struct program_options *options,
                                   const char *const *arguments)
{
    const char *path = options->path == NULL ? usual_path() : options->path;
    char whole[PATH_MAX], *envp[SETTINGS_MAX];
    cr_assert_not_null(realpath(path, whole), "there is no %s; run make first", path);
    char *argv[ARGUMENTS_MAX] = { whole };
    unsigned number = program->run_count++;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(i + 2, (size_t)ARGUMENTS_MAX);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    struct program_child child = { .out_path = program_text(program, "%s/.%u.out", program->folder, number),
                                   .err_path = program_text(program, "%s/.%u.err", program->folder, number) };
    const char *input = options->input_path == NULL ? "/dev/null" : options->input_path;
    if (options->input.length > 0) {
        input = program_write(program, program_text(program, ".%u.in", number), options->input);
    }
    posix_spawn_file_actions_t plan;
    plan_files(&plan, options, &child, input);
    plan_environment(envp, options->settings);
    int failure = posix_spawn(&child.pid, whole, &plan, NULL, argv, envp);
    posix_spawn_file_actions_destroy(&plan);
    cr_assert_eq(failure, 0, "cannot start %s: %s; run make first", path, strerror(failure));
    return child;
}

static uint64_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

struct program_run program_finish(struct program *program, const struct program_child *child)
{
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    uint64_t start = seconds_now();
    bool is_late = false;
    int state = 0;
    while (waitpid(child->pid, &state, WNOHANG) == 0) {
        if (!is_late && seconds_now() - start > PROGRAM_SECONDS_MAX) {
            is_late = true;
            kill(child->pid, SIGKILL);
        }
        nanosleep(&pause, NULL);
    }
    return (struct program_run){ .exit_code = is_late            ? PROGRAM_TIMED_OUT
                                              : WIFEXITED(state) ? WEXITSTATUS(state)
                                                                 : PROGRAM_SIGNAL + WTERMSIG(state),
                                 .out = program_read(program, child->out_path),
                                 .err = program_read(program, child->err_path) };
}

struct program_run program_run_with(struct program *program, const struct program_options *options,
                                    const char *const *arguments)
{
    struct program_child child = program_start(program, options, arguments);
    return program_finish(program, &child);
}

struct program_run program_run(struct program *program, const char *const *arguments)
{
    return program_run_with(program, &(struct program_options){ 0 }, arguments);
}

/* ---- on a terminal ---- */

void program_start_on_terminal(struct program_terminal *out, const struct program_options *options,
                               const char *const *arguments)
{
    char whole[PATH_MAX], *envp[SETTINGS_MAX], name[64];
    struct winsize size = { .ws_row = 24, .ws_col = 100 };
    char *argv[ARGUMENTS_MAX] = { whole };
    cr_assert_not_null(realpath(usual_path(), whole), "there is no %s; run make first", usual_path());
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(i + 2, (size_t)ARGUMENTS_MAX);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    plan_environment(envp, options->settings);
    *out = (struct program_terminal){ .seen = baton_text_with_limit(MEMORY_MAX) };
    cr_assert_eq(openpty(&out->fd, &out->line, name, NULL, &size), 0, "no terminal: %s", strerror(errno));
    fcntl(out->fd, F_SETFD, FD_CLOEXEC);
    out->pid = fork();
    if (out->pid == 0) {
        login_tty(out->line);
        execve(whole, argv, envp);
        _exit(127);
    }
    cr_assert_gt(out->pid, 0);
}

void program_type(struct program_terminal *terminal, const char *keys)
{
    cr_assert_eq(write(terminal->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* Takes what there is within a while; false when nothing came. */
static bool take_shown(struct program_terminal *terminal, int wait_ms)
{
    char bytes[4096];
    struct pollfd fd = { .fd = terminal->fd, .events = POLLIN };
    ssize_t got = poll(&fd, 1, wait_ms) == 1 ? read(terminal->fd, bytes, sizeof bytes) : 0;
    baton_text_append(&terminal->seen, bytes, got > 0 ? (size_t)got : 0);
    return got > 0;
}

bool program_shows(struct program_terminal *terminal, const char *text)
{
    uint64_t start = seconds_now();
    while (seconds_now() - start < PROGRAM_SECONDS_MAX / 2) {
        const char *from = terminal->seen.data == NULL ? "" : terminal->seen.data + terminal->read;
        const char *found = memmem(from, terminal->seen.length - terminal->read, text, strlen(text));
        if (found != NULL) {
            terminal->read = (size_t)(found - terminal->seen.data) + strlen(text);
            return true;
        }
        siginfo_t end = { .si_pid = 0 };
        if (!take_shown(terminal, 20) &&
            (waitid(P_PID, (id_t)terminal->pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0)) {
            return false;
        }
    }
    return false;
}

int program_terminal_finish(struct program_terminal *terminal)
{
    uint64_t start = seconds_now();
    bool is_late = false;
    int state = 0;
    while (waitpid(terminal->pid, &state, WNOHANG) == 0) {
        take_shown(terminal, 5);
        if (!is_late && seconds_now() - start > PROGRAM_SECONDS_MAX / 2) {
            is_late = true;
            kill(terminal->pid, SIGKILL);
        }
    }
    while (take_shown(terminal, 5)) {
        /* the rest */
    }
    return is_late ? PROGRAM_TIMED_OUT : WIFEXITED(state) ? WEXITSTATUS(state) : PROGRAM_SIGNAL + WTERMSIG(state);
}

void program_terminal_clear(struct program_terminal *terminal)
{
    close(terminal->fd);
    close(terminal->line);
    baton_text_clear(&terminal->seen);
}

/* ---- looking at texts ---- */

size_t program_count(struct baton_str text, const char *part)
{
    size_t length = strlen(part), count = 0;
    for (const char *at = text.data; at != NULL && length > 0; at += length) {
        at = memmem(at, text.length - (size_t)(at - text.data), part, length);
        if (at == NULL) {
            break;
        }
        count++;
    }
    return count;
}

bool program_has(struct baton_str text, const char *part)
{
    return program_count(text, part) > 0;
}
