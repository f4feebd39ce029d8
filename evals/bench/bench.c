/* bench.c - what a conversation costs, held against the budgets (`make bench`).
 *
 * Everything is generated; nothing large is stored in the repository. Speeds are the best of several runs. A floor given in
 * conversations per second is scaled down on a machine that is slower than the one it was set on, by a fixed piece of integer
 * work measured in the same run; ratios, bytes and counts are not scaled. Exits 1 when a budget is missed.
 */
#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/prng.h"
#include "evals/bench/bench_cassette.h"
#include "evals/play/evaluate.h"
#include "evals/suite/cases.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define FOLDER "build/bench"
#define AGENTS FOLDER "/agents.yaml"
#define SMALL FOLDER "/one.jsonl"
#define LARGE FOLDER "/100000.jsonl"
#define THOUSAND FOLDER "/thousand.jsonl"
#define RESULTS FOLDER "/results"

enum {
    RUNS = 5,
    PAIRS = 9,
    STARTS = 40,
    LINE_BYTES = 1024,
    LARGE_COUNT = 100000,
    HUGE_COUNT = 1000000,
    REPLAYS = 200000
};

/* Nanoseconds that CALIBRATION_STEPS took on the machine on which the floors were set. */
#define CALIBRATION_STEPS 40000000U
#define CALIBRATION_NS 70e6

static int missed;

static uint64_t now(void)
{
    struct baton_clock *clock = baton_clock_system();
    return clock->now_ns(clock);
}

/* One line of the table; `is_floor`: the value must be at least the budget, else at most. */
static void report(const char *what, double value, const char *unit, double budget, bool is_floor)
{
    bool holds = is_floor ? value >= budget : value <= budget;
    missed += !holds;
    printf("  %-58s %12.2f %-8s %s %10.2f  %s\n", what, value, unit, is_floor ? ">=" : "<=", budget,
           holds ? "ok" : "MISSED");
    fflush(stdout);
}

static void need(bool condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
        exit(2);
    }
}

/* 1 on the reference machine, below 1 on a slower one; never above. */
static double machine_speed(void)
{
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        struct baton_prng prng;
        uint64_t sum = 0, start = now();
        baton_prng_seed(&prng, 1);
        for (uint32_t i = 0; i < CALIBRATION_STEPS; i++) {
            sum += baton_prng_next(&prng);
        }
        double speed = CALIBRATION_NS / (double)(now() - start);
        best = sum != 0 && speed > best ? speed : best;
    }
    return best < 1 ? best : 1;
}

/* ---- data ---- */

static size_t conversation_line(char out[LINE_BYTES], unsigned number)
{
    int length = snprintf(
        out, LINE_BYTES,
        "{\"id\":\"card-%07u\",\"messages\":[{\"role\":\"user\",\"content\":\"I need to update my credit card, number %u\","
        "\"expect\":{\"final\":\"billing\"}},{\"role\":\"assistant\",\"agent\":\"triage\",\"content\":null,\"latency_ms\":%u,"
        "\"usage\":{\"input_tokens\":812,\"output_tokens\":37},\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
        "{\"name\":\"transfer_to_billing\",\"arguments\":\"{\\\"reason\\\":\\\"card\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
        "\"c1\",\"content\":\"{\\\"assistant\\\":\\\"billing\\\"}\"},{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":"
        "\"Sure, which card is it?\",\"latency_ms\":800}],\"tags\":[\"billing\"]}\n",
        number, number % 97, 400 + number % 613);
    return (size_t)length;
}

static void write_conversations(FILE *file, unsigned count)
{
    char line[LINE_BYTES];
    for (unsigned i = 0; i < count; i++) {
        size_t length = conversation_line(line, i);
        need(fwrite(line, 1, length, file) == length, "writing conversations");
    }
}

static void make_data(void)
{
    static const char agents[] =
        "version: 1\nentry: triage\nagents:\n"
        "  triage: { description: First contact., instructions: Route., handoffs: [billing] }\n"
        "  billing: { description: Payments., instructions: Help., handoffs: [triage] }\n";
    mkdir("build", 0777);
    mkdir(FOLDER, 0777);
    FILE *file = fopen(AGENTS, "w");
    need(file != NULL && fputs(agents, file) >= 0 && fclose(file) == 0, AGENTS);
    file = fopen(SMALL, "w");
    need(file != NULL, SMALL);
    write_conversations(file, 1);
    need(fclose(file) == 0, SMALL);
    file = fopen(THOUSAND, "w");
    need(file != NULL, THOUSAND);
    write_conversations(file, 1000);
    need(fclose(file) == 0, THOUSAND);
    file = fopen(LARGE, "w");
    need(file != NULL, LARGE);
    write_conversations(file, LARGE_COUNT);
    need(fclose(file) == 0, LARGE);
}

/* ---- in process ---- */

/* Plays one parsed conversation again and again; conversations per second, and allocations of the system for each. */
static double replay_parsed(double *allocations)
{
    struct baton_error err;
    struct baton_arena *lasting = baton_arena_new(BATON_FILE_BYTES_MAX), *arena = baton_arena_new(BATON_FILE_BYTES_MAX);
    struct baton_agents *agents;
    struct baton_conversation conversation;
    struct baton_evaluator evaluator;
    struct baton_tally tally = { 0 };
    const struct baton_json *node;
    char line[LINE_BYTES];
    struct baton_source source = { .name = "bench", .line_first = 1, .text = { line, conversation_line(line, 1) } };
    need(baton_agents_load(&agents, lasting, AGENTS, NULL, &err) == BATON_OK, "agents");
    struct baton_play play = { .agents = agents, .repeat_count = 1, .limits = agents->limits };
    need(baton_json_parse(&node, lasting, &source, &err) == BATON_OK, "parsing");
    need(baton_conversation_read(&conversation, lasting, agents, &source, node, BATON_STR("x"), &err) == BATON_OK,
         "reading");
    need(baton_evaluator_init(&evaluator, lasting, &play, &tally, &err) == BATON_OK, "evaluator");
    double best = 0;
    for (int run = 0; run < RUNS; run++) {
        uint64_t allocated = baton_system_allocations(), start = now();
        for (unsigned i = 0; i < REPLAYS; i++) {
            struct baton_result result;
            struct baton_exchange **records;
            need(baton_evaluate(&evaluator, &result, &records, arena, &conversation, 0, &err) == BATON_OK, "replaying");
            baton_arena_reset(arena);
        }
        double rate = REPLAYS * 1e9 / (double)(now() - start);
        best = rate > best ? rate : best;
        *allocations = (double)(baton_system_allocations() - allocated) / REPLAYS;
    }
    need(tally.counts.final_correct == (uint64_t)REPLAYS * RUNS, "the replay did not go as recorded");
    baton_tally_clear(&tally);
    baton_arena_free(arena);
    baton_arena_free(lasting);
    return best;
}

/* ---- the program ---- */

struct run {
    double seconds;
    double peak_mib;
};

/* Runs the program once; `stdin_count` conversations come through a pipe when above 0. */
static struct run run_program(const char *const argv[], unsigned stdin_count)
{
    int ends[2] = { -1, -1 };
    posix_spawn_file_actions_t actions;
    pid_t pid;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (stdin_count > 0) {
        need(pipe2(ends, O_CLOEXEC) == 0, "pipe");
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    }
    uint64_t start = now();
    errno = posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    need(errno == 0, argv[0]);
    posix_spawn_file_actions_destroy(&actions);
    if (stdin_count > 0) {
        close(ends[0]);
        FILE *file = fdopen(ends[1], "w");
        need(file != NULL, "pipe");
        write_conversations(file, stdin_count);
        need(fclose(file) == 0, "pipe");
    }
    int status;
    struct rusage usage;
    need(wait4(pid, &status, 0, &usage) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the program failed");
    return (struct run){ .seconds = (double)(now() - start) / 1e9, .peak_mib = (double)usage.ru_maxrss / 1024 };
}

static double best_seconds(const char *const argv[], int runs)
{
    double best = 1e9;
    for (int i = 0; i < runs; i++) {
        double seconds = run_program(argv, 0).seconds;
        best = seconds < best ? seconds : best;
    }
    return best;
}

/* With every report that a CI run leaves. */
static void bench_reports(const char *program, double speed)
{
    const char *const reports[] = { program, "eval",     "--agents", AGENTS,  "--conversations", THOUSAND, "--report",
                                    "junit", "--report", "html",     "--out", RESULTS,           "-q",     NULL };
    struct run best = { .seconds = 1e9, .peak_mib = 1e9 };
    for (int i = 0; i < STARTS; i++) {
        struct run run = run_program(reports, 0);
        best.seconds = run.seconds < best.seconds ? run.seconds : best.seconds;
        best.peak_mib = run.peak_mib < best.peak_mib ? run.peak_mib : best.peak_mib;
    }
    report("1,000 conversations with JSON, JUnit and HTML", best.seconds * 1e3 * speed, "ms", 60, false);
    report("peak memory of that", best.peak_mib, "MiB", 16, false);
}

static void bench_program(const char *program, double speed)
{
    const char *const version[] = { program, "--version", NULL };
    const char *const one[] = { program, "eval", "--agents", AGENTS, "--conversations", SMALL, "--json", "-q", NULL };
    const char *const on_one[] = { program, "eval", "--agents", AGENTS, "--conversations", LARGE, "-q", "-j1", NULL };
    const char *const on_two[] = { program, "eval", "--agents", AGENTS, "--conversations", LARGE, "-q", "-j2", NULL };
    const char *const piped[] = { program, "eval", "--agents", AGENTS, "--conversations", "-", "-q", "-j2", NULL };
    report("start: baton --version", best_seconds(version, STARTS) * 1e3 * speed, "ms", 3, false);
    report("start: eval of one conversation", best_seconds(one, STARTS) * 1e3 * speed, "ms", 5, false);
    bench_reports(program, speed);
    double single = 1e9, both = 1e9;
    for (int i = 0; i < PAIRS; i++) { /* in turn, so that noise hits both alike */
        double seconds = best_seconds(on_one, 1);
        single = seconds < single ? seconds : single;
        seconds = best_seconds(on_two, 1);
        both = seconds < both ? seconds : both;
    }
    report("replay with reading and parsing JSONL, one core", LARGE_COUNT / single / speed, "conv/s", 100000, true);
    report("two cores against one", single / both, "x", 1.8, true);
    report("peak memory at 10^5 conversations", run_program(piped, LARGE_COUNT).peak_mib, "MiB", 64, false);
    report("peak memory at 10^6 conversations", run_program(piped, HUGE_COUNT).peak_mib, "MiB", 64, false);
}

int main(int argc, char **argv)
{
    const char *program = argc > 1 ? argv[1] : "build/release/baton";
    double allocations = 0, speed = machine_speed();
    make_data();
    printf("machine speed against the reference: %.2f (floors in conv/s and ms are scaled by it)\n", speed);
    report("replay from a parsed transcript, one core", replay_parsed(&allocations) / speed, "conv/s", 250000, true);
    report("system allocations per conversation, steady state", allocations, "", 10, false);
    struct bench_cassette cassette;
    need(bench_cassette(&cassette, FOLDER), "cassette");
    report("replay from a cassette, 3 KB a request, one core", cassette.conversations_per_second / speed, "conv/s",
           100000, true);
    report("system allocations per conversation from a cassette", cassette.allocations, "", 1, false);
    bench_program(program, speed);
    unlink(LARGE);
    printf("%d budgets missed\n", missed);
    return missed == 0 ? 0 : 1;
}
