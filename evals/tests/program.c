#include "evals/tests/program.h"

#include "engine/base/source.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
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
