#include "engine/base/clock.h"
#include "engine/base/exec.h"
#include "engine/base/json.h"
#include "engine/base/utf8.h"
#include "engine/core/tools.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { ARGV_MAX = 12, MEMORY_MAX = 64 * 1024 * 1024, NS_PER_MS = 1000000, TIMEOUT_MS = 5000 };

/* A command of a test, and what came of it. */
struct tried {
    struct baton_arena *arena;
    struct baton_command command;
    struct baton_exec exec;
};

static void try_in(struct tried *tried, const char *const *argv, const char *input, unsigned timeout_ms,
                   const char *folder)
{
    struct baton_error err;
    tried->arena = baton_arena_new(MEMORY_MAX);
    tried->command = (struct baton_command){ .argv = argv, .folder = folder };
    tried->exec = (struct baton_exec){ .command = &tried->command,
                                       .input = baton_str_of(input),
                                       .timeout_ns = (uint64_t)timeout_ms * NS_PER_MS };
    cr_assert_eq(baton_exec_all(&tried->exec, 1, tried->arena, &err), BATON_OK);
}

static void expect_output(const char *name, const struct baton_exec *exec, const char *want, bool is_error)
{
    size_t bad = 0;
    cr_expect(baton_str_is(exec->output, want), "%s: got '%.*s', wanted '%s'", name, (int)exec->output.length,
              exec->output.data, want);
    cr_expect_eq(exec->is_error, is_error, "%s", name);
    cr_expect(baton_utf8_valid(exec->output.data, exec->output.length, &bad), "%s: what comes out is text", name);
}

struct output_row {
    const char *name;
    const char *argv[ARGV_MAX];
    const char *input, *want;
};

static void expect_rows(const struct output_row *rows, size_t count, bool is_error)
{
    for (size_t i = 0; i < count; i++) {
        struct tried tried;
        try_in(&tried, rows[i].argv, rows[i].input == NULL ? "{}" : rows[i].input, TIMEOUT_MS, ".");
        expect_output(rows[i].name, &tried.exec, rows[i].want, is_error);
        baton_arena_free(tried.arena);
    }
}

Test(exec, passes_words_as_they_are)
{
    static const struct output_row rows[] = {
        { "spaces", { "printf", "[%s]", "a b", " c", NULL }, NULL, "[a b][ c]" },
        { "quotes", { "printf", "[%s]", "\"a\"", "'b'", "`id`", NULL }, NULL, "[\"a\"]['b'][`id`]" },
        { "what a shell would run",
          { "printf", "[%s]", "$(id)", "$HOME", "; exit 3", "| cat", NULL },
          NULL,
          "[$(id)][$HOME][; exit 3][| cat]" },
        { "what a shell would expand",
          { "printf", "[%s]", "*", "~", "{a,b}", "a\\nb", NULL },
          NULL,
          "[*][~][{a,b}][a\\nb]" },
        { "an empty word", { "printf", "[%s]", "", NULL }, NULL, "[]" },
        { "other letters", { "printf", "%s", "\xe5\xae\xa2\xe6\x9c\x8d", NULL }, NULL, "\xe5\xae\xa2\xe6\x9c\x8d" },
    };
    expect_rows(rows, COUNT_OF(rows), false);
}

Test(exec, gives_the_arguments_on_standard_input)
{
    static const struct output_row rows[] = {
        { "JSON", { "cat", NULL }, "{\"id\":\"7\",\"q\":\"a b\\n\"}", "{\"id\":\"7\",\"q\":\"a b\\n\"}" },
        { "nothing", { "cat", NULL }, "", "" },
        { "it need not be read", { "true", NULL }, "{\"id\":\"7\"}", "" },
        { "one line break at the end goes", { "printf", "a\\n\\n", NULL }, NULL, "a\n" },
        { "only a line break", { "echo", NULL }, NULL, "" },
        { "what it complains of is not the result", { "sh", "-c", "echo oops >&2; echo fine", NULL }, NULL, "fine" },
    };
    expect_rows(rows, COUNT_OF(rows), false);
    char *large = malloc(1024 * 1024 + 1);
    memset(large, 'x', 1024 * 1024);
    large[1024 * 1024] = '\0';
    struct tried tried;
    try_in(&tried, (const char *const[]){ "wc", "-c", NULL }, large, TIMEOUT_MS, ".");
    expect_output("a MiB", &tried.exec, "1048576", false);
    baton_arena_free(tried.arena);
    free(large);
}

Test(exec, turns_a_failure_into_an_error_result)
{
    static const struct output_row rows[] = {
        { "exit code", { "sh", "-c", "echo ignored; exit 3", NULL }, NULL, "sh: exit code 3" },
        { "exit code and complaint", { "sh", "-c", "echo oops >&2; exit 1", NULL }, NULL, "sh: exit code 1: oops" },
        { "signal", { "sh", "-c", "kill -9 $$", NULL }, NULL, "sh: signal 9" },
        { "signal and complaint", { "sh", "-c", "echo oops >&2; kill -15 $$", NULL }, NULL, "sh: signal 15: oops" },
        { "no such file",
          { "./no/such/program", NULL },
          NULL,
          "./no/such/program: cannot start: No such file or directory" },
        { "no such program",
          { "no-such-program-anywhere", NULL },
          NULL,
          "no-such-program-anywhere: cannot start: No such file or directory" },
        { "a folder", { "/", NULL }, NULL, "/: cannot start: Permission denied" },
        { "bytes that are no text", { "printf", "\\377", NULL }, NULL, "printf: its output is not text in UTF-8" },
        { "half a character", { "printf", "a\\303", NULL }, NULL, "printf: its output is not text in UTF-8" },
        { "a NUL", { "printf", "a\\0b", NULL }, NULL, "printf: its output is not text in UTF-8" },
        { "a complaint that is no text",
          { "sh", "-c", "printf 'caf\\303\\251 \\377!\\n' >&2; exit 1", NULL },
          NULL,
          "sh: exit code 1: caf\xc3\xa9 ?!" },
    };
    expect_rows(rows, COUNT_OF(rows), true);
}

Test(exec, cuts_a_long_complaint_at_a_whole_character)
{
    struct tried tried;
    try_in(&tried,
           (const char *const[]){
               "sh", "-c", "i=0; while [ $i -lt 300 ]; do printf '\\303\\251' >&2; i=$((i+1)); done; exit 1", NULL },
           "", TIMEOUT_MS, ".");
    size_t bad = 0;
    cr_expect(tried.exec.is_error);
    cr_expect_eq(tried.exec.output.length, strlen("sh: exit code 1: ") + 398);
    cr_expect(baton_utf8_valid(tried.exec.output.data, tried.exec.output.length, &bad));
    baton_arena_free(tried.arena);
}

Test(exec, limits_the_output)
{
    struct tried tried;
    try_in(&tried, (const char *const[]){ "sh", "-c", "head -c 1048576 /dev/zero | tr '\\0' x", NULL }, "", TIMEOUT_MS,
           ".");
    cr_expect_not(tried.exec.is_error, "as much as is allowed");
    cr_expect_eq(tried.exec.output.length, BATON_TOOL_RESULT_BYTES_MAX);
    baton_arena_free(tried.arena);
    try_in(&tried, (const char *const[]){ "sh", "-c", "head -c 1048577 /dev/zero | tr '\\0' x", NULL }, "", TIMEOUT_MS,
           ".");
    expect_output("a byte more", &tried.exec, "sh: its output is too long", true);
    baton_arena_free(tried.arena);
    try_in(&tried, (const char *const[]){ "yes", NULL }, "", TIMEOUT_MS, ".");
    expect_output("without an end", &tried.exec, "yes: its output is too long", true);
    baton_arena_free(tried.arena);
}

/* ---- time ---- */

static uint64_t now_ms(void)
{
    return baton_clock_system()->now_ns(baton_clock_system()) / NS_PER_MS;
}

/* Whether the process has ended, perhaps without anybody having asked for its status. */
static bool is_dead(const char *pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        (void)!fscanf(file, "%*s %*s %c", &state);
        fclose(file);
    }
    return state == 'Z' || state == 'X';
}

Test(exec, kills_the_whole_group_at_the_timeout)
{
    char path[] = "/tmp/baton-test-XXXXXX", pid[32] = "";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    uint64_t start = now_ms();
    struct tried tried;
    try_in(&tried, (const char *const[]){ "sh", "-c", "sleep 30 & echo $! >\"$1\"; wait", "sh", path, NULL }, "", 150,
           ".");
    expect_output("a child that sleeps", &tried.exec, "sh: killed after its timeout of 150 ms", true);
    cr_expect_lt(now_ms() - start, 2000, "it is not waited for");
    cr_expect_geq(tried.exec.duration_ns, 150 * (uint64_t)NS_PER_MS);
    cr_assert_gt(read(fd, pid, sizeof pid - 1), 0, "the child had started");
    pid[strcspn(pid, "\n")] = '\0';
    for (unsigned i = 0; i < 100 && !is_dead(pid); i++) {
        usleep(10000);
    }
    cr_expect(is_dead(pid), "the child of the child is dead too");
    close(fd);
    unlink(path);
    baton_arena_free(tried.arena);
}

Test(exec, watches_the_time_of_those_that_close_their_output)
{
    struct tried tried;
    uint64_t start = now_ms();
    try_in(&tried, (const char *const[]){ "sh", "-c", "exec >&- 2>&-; sleep 30", NULL }, "", 100, ".");
    expect_output("closed and asleep", &tried.exec, "sh: killed after its timeout of 100 ms", true);
    cr_expect_lt(now_ms() - start, 2000);
    baton_arena_free(tried.arena);
    try_in(&tried, (const char *const[]){ "sh", "-c", "echo hi; exec >&- 2>&-; sleep 0.1; exit 4", NULL }, "",
           TIMEOUT_MS, ".");
    expect_output("closed and done later", &tried.exec, "sh: exit code 4", true);
    cr_expect_geq(tried.exec.duration_ns, 100 * (uint64_t)NS_PER_MS);
    baton_arena_free(tried.arena);
    start = now_ms();
    try_in(&tried, (const char *const[]){ "sh", "-c", "sleep 30 >/dev/null 2>&1 & echo hi", NULL }, "", TIMEOUT_MS,
           ".");
    expect_output("something is left behind", &tried.exec, "hi", false);
    cr_expect_lt(now_ms() - start, 2000);
    baton_arena_free(tried.arena);
}

Test(exec, runs_commands_side_by_side)
{
    enum { COUNT = 3 };
    static const char *const argv[COUNT][ARGV_MAX] = { { "sh", "-c", "sleep 0.2; echo a", NULL },
                                                       { "sh", "-c", "sleep 0.2; exit 2", NULL },
                                                       { "sh", "-c", "sleep 0.2; cat", NULL } };
    static const char *const want[COUNT] = { "a", "sh: exit code 2", "third" };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_command commands[COUNT];
    struct baton_exec execs[COUNT];
    struct baton_error err;
    for (size_t i = 0; i < COUNT; i++) {
        commands[i] = (struct baton_command){ .argv = argv[i], .folder = "." };
        execs[i] = (struct baton_exec){ .command = &commands[i],
                                        .input = BATON_STR("third"),
                                        .timeout_ns = (uint64_t)TIMEOUT_MS * NS_PER_MS };
    }
    uint64_t start = now_ms();
    cr_assert_eq(baton_exec_all(execs, COUNT, arena, &err), BATON_OK);
    uint64_t took_ms = now_ms() - start;
    cr_expect_lt(took_ms, 500, "three times 200 ms took %llu ms", (unsigned long long)took_ms);
    for (size_t i = 0; i < COUNT; i++) {
        expect_output(want[i], &execs[i], want[i], i == 1);
        cr_expect_geq(execs[i].duration_ns, 200 * (uint64_t)NS_PER_MS, "%s", want[i]);
    }
    baton_arena_free(arena);
}

/* ---- what it leaves behind, and where it runs ---- */

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

Test(exec, leaves_no_file_open)
{
    static const char *const argv[][ARGV_MAX] = {
        { "echo", "hi", NULL },
        { "false", NULL },
        { "./no/such/program", NULL },
        { "yes", NULL },
        { "sh", "-c", "exec >&-; sleep 30", NULL },
    };
    unsigned before = open_files();
    for (size_t i = 0; i < COUNT_OF(argv); i++) {
        struct tried tried;
        try_in(&tried, argv[i], "{}", i == COUNT_OF(argv) - 1 ? 50 : TIMEOUT_MS, ".");
        cr_expect_eq(open_files(), before, "after %s", argv[i][0]);
        baton_arena_free(tried.arena);
    }
}

Test(exec, gives_a_command_no_file_of_its_neighbours)
{
    enum { COUNT = 4 };
    static const char *const argv[] = { "sh", "-c", "ls /proc/self/fd | wc -l", NULL };
    struct tried alone;
    try_in(&alone, argv, "{}", TIMEOUT_MS, ".");
    struct baton_exec execs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        execs[i] = (struct baton_exec){ .command = &alone.command, .timeout_ns = (uint64_t)TIMEOUT_MS * NS_PER_MS };
    }
    struct baton_error err;
    cr_assert_eq(baton_exec_all(execs, COUNT, alone.arena, &err), BATON_OK);
    for (size_t i = 0; i < COUNT; i++) {
        cr_expect(baton_str_equal(execs[i].output, alone.exec.output), "%.*s files, %.*s alone",
                  (int)execs[i].output.length, execs[i].output.data, (int)alone.exec.output.length,
                  alone.exec.output.data);
    }
    baton_arena_free(alone.arena);
}

Test(exec, runs_in_the_folder_of_the_agents_file)
{
    char folder[] = "/tmp/baton-test-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hello", folder);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs("#!/bin/sh\necho \"hello from $(pwd -P)\"\n", file);
    fclose(file);
    cr_assert_eq(chmod(path, 0700), 0);
    struct tried tried;
    try_in(&tried, (const char *const[]){ "./hello", NULL }, "", TIMEOUT_MS, folder);
    char want[80], real[4096] = "";
    cr_assert_not_null(realpath(folder, real));
    snprintf(want, sizeof want, "hello from %.60s", real);
    expect_output("a relative path", &tried.exec, want, false);
    baton_arena_free(tried.arena);
    try_in(&tried, (const char *const[]){ "./hello", NULL }, "", TIMEOUT_MS, "/tmp/no/such/folder");
    expect_output("no such folder", &tried.exec, "./hello: cannot start: No such file or directory", true);
    baton_arena_free(tried.arena);
    unlink(path);
    rmdir(folder);
}

Test(exec, says_so_when_memory_runs_out)
{
    struct baton_error err;
    struct baton_command command = { .argv = (const char *const[]){ "head", "-c", "200000", "/dev/zero", NULL },
                                     .folder = "." };
    struct baton_arena *arena = baton_arena_new((size_t)64 * 1024);
    struct baton_exec exec = { .command = &command, .timeout_ns = (uint64_t)TIMEOUT_MS * NS_PER_MS };
    cr_expect_eq(baton_exec_all(&exec, 1, arena, &err), BATON_ELIMIT);
    cr_expect_str_eq(err.text, "the output of 'head' needs more memory than is allowed");
    baton_arena_free(arena);
    unsigned before = open_files();
    for (uint64_t failing = 1; failing < 6; failing++) {
        struct baton_arena *own = baton_arena_new(MEMORY_MAX);
        command.argv = (const char *const[]){ "sh", "-c", "echo hi; exit 1", NULL };
        exec.output = (struct baton_str){ NULL, 0 };
        baton_arena_fail_after(failing);
        enum baton_status status = baton_exec_all(&exec, 1, own, &err);
        baton_arena_fail_after(0);
        cr_expect_eq(status, failing < 5 ? BATON_ELIMIT : BATON_OK, "allocation %u", (unsigned)failing);
        cr_expect_eq(open_files(), before, "allocation %u", (unsigned)failing);
        baton_arena_free(own);
    }
}
