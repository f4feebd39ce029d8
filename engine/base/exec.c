/* Commands side by side, with one poll() over all their pipes: no thread for each, and no shell, ever. What a command reads is a file
 * in memory, not a pipe, so that one that does not read cannot hold us up. Each has a process group, killed whole at its timeout or
 * when it ends, so that nothing it started stays behind; waitid() with WNOWAIT keeps its number taken until that is done.
 */
#include "engine/base/exec.h"

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FIRST_BYTES = 4096, ERROR_BYTES_MAX = 400, NS_PER_MS = 1000000 };

/* One running command. */
struct child {
    struct baton_exec *job;
    pid_t pid;
    int out, error; /* our ends of its pipes; -1 once closed */
    char *data;
    size_t length, capacity;
    char complaint[ERROR_BYTES_MAX]; /* the start of its standard error */
    size_t complaint_length;
    bool is_late, is_too_long, is_starved, is_running;
};

/* Out of memory it leaves the output without data. */
static void fail(struct baton_exec *job, struct baton_arena *arena, const char *what, const char *detail)
{
    char *text =
        baton_arena_printf(arena, "%s: %s%s%s", job->command->argv[0], what, detail[0] == '\0' ? "" : ": ", detail);
    job->output = baton_str_of(text);
    job->is_error = true;
}

/* A file in memory, gone once closed, holding what the command reads; -1 and errno where that fails. */
static int input_file(struct baton_str input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    for (size_t at = 0; fd >= 0 && at < input.length;) {
        ssize_t written = write(fd, input.data + at, input.length - at);
        if (written < 0 && errno != EINTR) {
            int failure = errno;
            close(fd);
            errno = failure;
            return -1;
        }
        at += written > 0 ? (size_t)written : 0;
    }
    if (fd >= 0) {
        lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

static int spawn(const struct baton_command *command, int input, int out, int error, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, command->folder);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    int result = posix_spawnp(pid, command->argv[0], &actions, &attributes, (char *const *)command->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static void close_one(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void start(struct child *child, struct baton_exec *job, struct baton_arena *arena)
{
    int out[2] = { -1, -1 }, error[2] = { -1, -1 };
    *child = (struct child){ .job = job, .out = -1, .error = -1 };
    int input = input_file(job->input);
    int failure = input < 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0 ? errno : 0;
    if (failure == 0) {
        failure = spawn(job->command, input, out[1], error[1], &child->pid);
    }
    close_one(&input);
    close_one(&out[1]);
    close_one(&error[1]);
    if (failure != 0) {
        close_one(&out[0]);
        close_one(&error[0]);
        fail(job, arena, "cannot start", strerror(failure));
        return;
    }
    child->out = out[0];
    child->error = error[0];
    child->is_running = true;
}

static bool grow(struct child *child, struct baton_arena *arena)
{
    if (child->length < child->capacity) {
        return true;
    }
    size_t capacity = child->capacity == 0 ? FIRST_BYTES : child->capacity * 2;
    char *data = baton_arena_alloc(arena, capacity + 1);
    if (data == NULL) {
        return false;
    }
    if (child->length > 0) {
        memcpy(data, child->data, child->length);
    }
    child->data = data;
    child->capacity = capacity;
    return true;
}

static void read_out(struct child *child, struct baton_arena *arena)
{
    child->is_starved = !grow(child, arena);
    child->is_too_long = child->length > BATON_COMMAND_OUTPUT_BYTES_MAX;
    if (child->is_starved || child->is_too_long) {
        kill(-child->pid, SIGKILL);
        close_one(&child->out);
        return;
    }
    ssize_t got = read(child->out, child->data + child->length, child->capacity - child->length);
    if (got > 0) {
        child->length += (size_t)got;
    } else if (got == 0 || errno != EINTR) {
        close_one(&child->out);
    }
}

static void read_error(struct child *child)
{
    char rest[512];
    size_t room = sizeof child->complaint - 1 - child->complaint_length;
    char *to = room > 0 ? child->complaint + child->complaint_length : rest;
    ssize_t got = read(child->error, to, room > 0 ? room : sizeof rest);
    if (got > 0) {
        child->complaint_length += room > 0 ? (size_t)got : 0;
    } else if (got == 0 || errno != EINTR) {
        close_one(&child->error);
    }
}

/* The start of its standard error as a text: a character cut off at the end goes, other bytes that are none become ?. */
static void finish_complaint(struct child *child)
{
    char *text = child->complaint;
    size_t length = child->complaint_length, bad = 0;
    bool is_cut = length == sizeof child->complaint - 1;
    while (!baton_utf8_valid(text, length, &bad)) {
        if (is_cut && length - bad < 4) {
            length = bad;
        } else {
            text[bad] = '?';
        }
    }
    while (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    text[length] = '\0';
}

/* Whether the command has ended; then it is gone, with all that it started. */
static bool has_ended(struct child *child, int *status)
{
    siginfo_t info = { 0 };
    if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0) {
        return false;
    }
    kill(-child->pid, SIGKILL); /* whatever it left behind, while its number is still taken */
    while (waitpid(child->pid, status, 0) < 0 && errno == EINTR) {
    }
    child->is_running = false;
    return true;
}

static void take_output(struct child *child, struct baton_arena *arena, int status)
{
    struct baton_exec *job = child->job;
    char code[64];
    finish_complaint(child);
    if (child->is_starved) {
        job->output = (struct baton_str){ NULL, 0 };
    } else if (child->is_late) {
        snprintf(code, sizeof code, "killed after its timeout of %llu ms",
                 (unsigned long long)(job->timeout_ns / NS_PER_MS));
        fail(job, arena, code, "");
    } else if (child->is_too_long) {
        fail(job, arena, "its output is too long", "");
    } else if (WIFSIGNALED(status)) {
        snprintf(code, sizeof code, "signal %d", WTERMSIG(status));
        fail(job, arena, code, child->complaint);
    } else if (WEXITSTATUS(status) != 0) {
        snprintf(code, sizeof code, "exit code %d", WEXITSTATUS(status));
        fail(job, arena, code, child->complaint);
    } else {
        size_t length = child->length;
        length -= length > 0 && child->data[length - 1] == '\n';
        size_t bad = 0;
        job->output = (struct baton_str){ length == 0 ? "" : child->data, length };
        if (!baton_utf8_valid(job->output.data, length, &bad) || memchr(job->output.data, '\0', length) != NULL) {
            fail(job, arena, "its output is not text in UTF-8", "");
        }
    }
}

/* Kills what is over its time; returns the milliseconds until there is something to look after: the next deadline, or
 * almost at once where a command has closed its output and only its end is waited for. */
static int check_deadlines(struct child *children, uint32_t count, uint64_t passed_ns)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        struct child *child = &children[i];
        uint64_t left = passed_ns < child->job->timeout_ns ? child->job->timeout_ns - passed_ns : 0;
        if (!child->is_running) {
            continue;
        }
        if (left == 0 && !child->is_late) {
            child->is_late = true;
            kill(-child->pid, SIGKILL);
            close_one(&child->out);
            close_one(&child->error);
        }
        left = child->out < 0 && child->error < 0 ? 0 : left;
        next = left < next ? left : next;
    }
    return (int)(next / NS_PER_MS + 1);
}

static void wait_and_read(struct child *children, struct pollfd *polls, uint32_t count, int timeout_ms,
                          struct baton_arena *arena)
{
    for (uint32_t i = 0; i < count; i++) {
        polls[2 * i] = (struct pollfd){ .fd = children[i].out, .events = POLLIN };
        polls[2 * i + 1] = (struct pollfd){ .fd = children[i].error, .events = POLLIN };
    }
    if (poll(polls, (nfds_t)count * 2, timeout_ms) <= 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (polls[2 * i].revents != 0) {
            read_out(&children[i], arena);
        }
        if (polls[2 * i + 1].revents != 0 && children[i].error >= 0) {
            read_error(&children[i]);
        }
    }
}

enum baton_status baton_exec_all(struct baton_exec *jobs, uint32_t count, struct baton_arena *arena,
                                 struct baton_error *err)
{
    struct child *children = baton_arena_array(arena, count, sizeof *children);
    struct pollfd *polls = baton_arena_array(arena, (size_t)count * 2, sizeof *polls);
    if (children == NULL || polls == NULL) {
        return baton_error_set(err, BATON_ELIMIT, "commands need more memory than is allowed");
    }
    struct baton_clock *clock = baton_clock_system();
    uint64_t start_ns = clock->now_ns(clock);
    uint32_t running = 0;
    for (uint32_t i = 0; i < count; i++) {
        start(&children[i], &jobs[i], arena);
        running += children[i].is_running;
    }
    while (running > 0) {
        int timeout_ms = check_deadlines(children, count, clock->now_ns(clock) - start_ns);
        wait_and_read(children, polls, count, timeout_ms, arena);
        for (uint32_t i = 0; i < count; i++) {
            struct child *child = &children[i];
            int status = 0;
            if (child->is_running && child->out < 0 && child->error < 0 && has_ended(child, &status)) {
                child->job->duration_ns = clock->now_ns(clock) - start_ns;
                take_output(child, arena, status);
                running--;
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (jobs[i].output.data == NULL) {
            return baton_error_over_limit(err, "the output of '%s'", jobs[i].command->argv[0]);
        }
    }
    return BATON_OK;
}
