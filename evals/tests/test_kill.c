/* kill -9 at any instant: what was answered is kept, and the run goes on from there to the same end. */
#include "engine/base/json.h"
#include "engine/base/prng.h"
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 100, DELAY_MS = 1, LINE_BYTES_MAX = 1024 * 1024 };

static const char *at(struct service *service, const char *name)
{
    return program_path(&service->program, name);
}

struct verb {
    const char *name, *more[2];  /* how it is begun and gone on with */
    const char *cassette, *part; /* in the scratch folder */
};

static const struct verb verbs[] = {
    { "record", { NULL, NULL }, "cassette.jsonl", "cassette.jsonl.part" },
    { "eval", { "--provider", "live" }, "out/cassette.jsonl", "out/cassette.jsonl.part" },
};

static struct program_child start(struct service *service, const struct verb *verb, bool resumes, const char *jobs)
{
    const char *arguments[] = { verb->name,
                                service->suite,
                                "--out",
                                at(service, "out"),
                                jobs,
                                "-q",
                                verb->more[0] == NULL ? "--stream" : verb->more[0],
                                NULL,
                                NULL,
                                NULL };
    size_t count = 7;
    if (verb->more[1] != NULL) {
        arguments[count++] = verb->more[1];
    }
    if (resumes) {
        arguments[count++] = "--resume";
    }
    return program_start(&service->program, &(struct program_options){ .settings = service->settings }, arguments);
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Marks what the lines of a file hold, and counts them. A last one may be torn. */
static size_t look_into(struct service *service, const char *name, bool known[SERVICE_AGENTS][SERVICE_CASES])
{
    struct baton_str text = program_read(&service->program, at(service, name));
    const char *line = text.data;
    size_t lines = 0;
    for (const char *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct baton_arena *arena = baton_arena_new(LINE_BYTES_MAX);
        const struct baton_source source = { .name = name, .text = { line, (size_t)(end - line) }, .line_first = 1 };
        const struct baton_json *root;
        struct baton_error err;
        int64_t exchange = 1;
        cr_assert_eq(baton_json_parse(&root, arena, &source, &err), BATON_OK, "%s: %s", name, err.text);
        const struct baton_json *agent = baton_json_get(root, "agent");
        if (agent != NULL && baton_json_integer(baton_json_get(root, "exchange"), 0, 1, &exchange) && exchange == 0) {
            known[baton_str_is(agent->text, "triage") ? SERVICE_TRIAGE : SERVICE_BILLING]
                 [strtoul(baton_json_get(root, "conversation")->text.data + 2, NULL, 10)] = true;
        }
        lines += agent != NULL;
        baton_arena_free(arena);
    }
    return lines;
}

/* What is recorded: FILE and FILE.part, or FILE.new where that alone is whole (recorder.h). */
static size_t look(struct service *service, const struct verb *verb, bool known[SERVICE_AGENTS][SERVICE_CASES])
{
    const char *fresh = program_text(&service->program, "%s.new", verb->cassette);
    bool has_part = access(at(service, verb->part), F_OK) == 0, has_fresh = access(at(service, fresh), F_OK) == 0;
    if (has_fresh && !has_part) {
        return look_into(service, fresh, known);
    }
    return look_into(service, verb->cassette, known) + look_into(service, verb->part, known);
}

/* Only what is not known may be asked; but the second exchange of c-0 asks billing again. */
static void expect_nothing_twice(struct service *service, bool known[SERVICE_AGENTS][SERVICE_CASES])
{
    for (unsigned i = 0; i < SERVICE_AGENTS * SERVICE_CASES; i++) {
        unsigned agent = i / SERVICE_CASES, number = i % SERVICE_CASES;
        bool is_double = agent == SERVICE_BILLING && number == 0;
        cr_expect_leq(atomic_load(&service->asked[agent][number]), (known[agent][number] ? 0u : 1u) + is_double,
                      "case %u of agent %u was asked again", number, agent);
    }
}

static void expect_whole(struct service *service, const struct verb *verb)
{
    static const char *const leftovers[] = { "cassette.jsonl.part",     "cassette.jsonl.new",
                                             "out/cassette.jsonl.part", "out/cassette.jsonl.new",
                                             "out/results.jsonl.part",  "out/summary.json.part",
                                             "out/counts.json.part" };
    for (size_t i = 0; i < COUNT_OF(leftovers); i++) {
        cr_expect_neq(access(at(service, leftovers[i]), F_OK), 0, "%s is left", leftovers[i]);
    }
    struct program_run run = ASK(service, "eval", service->suite, "--provider=cassette", "-q", "--cassette",
                                 at(service, verb->cassette), "--out", at(service, "replay"));
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    service_expect_equal(program_read(&service->program, at(service, "out/results.jsonl")),
                         program_read(&service->program, at(service, "replay/results.jsonl")), "the results");
    service_expect_equal(service_anonymous(service, at(service, "out/summary.json")),
                         service_anonymous(service, at(service, "replay/summary.json")), "the summaries");
}

static void begin_anew(struct service *service)
{
    static const char *const files[] = { "cassette.jsonl", "out/cassette.jsonl", "out/results.jsonl",
                                         "out/summary.json", "out/counts.json" };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        unlink(at(service, files[i]));
    }
}

/* Starts, kills and goes on, again and again. Returns how often a run came to its end before. */
static unsigned kill_at_random(struct service *service, const struct verb *verb, uint64_t seed)
{
    struct baton_prng prng;
    unsigned kills = 0, ended = 0;
    bool resumes = false;
    baton_prng_seed(&prng, seed);
    uint64_t began = now_us();
    struct program_child child = start(service, verb, false, "-j4");
    cr_assert_eq(program_finish(&service->program, &child).exit_code, 0);
    uint64_t whole_us = now_us() - began;
    begin_anew(service);
    while (kills < KILLS) {
        bool known[SERVICE_AGENTS][SERVICE_CASES] = { { false } }, later[SERVICE_AGENTS][SERVICE_CASES];
        size_t before = look(service, verb, known);
        unsigned threads = kills % 2 == 0 ? 4 : 1;
        service_move(service);
        child = start(service, verb, resumes, threads == 4 ? "-j4" : "-j1");
        uint64_t wait_us = baton_prng_below(&prng, whole_us);
        nanosleep(
            &(struct timespec){ .tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000 },
            NULL);
        kill(child.pid, SIGKILL);
        struct program_run run = program_finish(&service->program, &child);
        expect_nothing_twice(service, known);
        size_t after = look(service, verb, later);
        unsigned asked = atomic_load(&service->asked_all);
        cr_expect(run.exit_code == 0 || run.exit_code == PROGRAM_SIGNAL + SIGKILL, "%d %s", run.exit_code,
                  run.err.data);
        cr_expect_leq(before + asked, after + threads, "%zu known, %u asked, %zu kept", before, asked, after);
        cr_expect_geq(after, before, "recordings were lost");
        resumes = true;
        kills += run.exit_code != 0;
        if (run.exit_code == 0) {
            ended++;
            expect_whole(service, verb);
            begin_anew(service);
            resumes = false;
        }
    }
    return ended;
}

Test(kill, a_recording_survives_at_every_instant)
{
    struct service service;
    service_open(&service, "openai-chat", true);
    service_delay(&service, DELAY_MS);
    unsigned ended = kill_at_random(&service, &verbs[0], 20261121);
    cr_log_info("%d kills, %u runs came to their end", KILLS, ended);
    cr_expect_geq(ended, 1u, "the kills came too early to see an end");
    service_close(&service);
}

Test(kill, a_live_eval_survives_at_every_instant)
{
    struct service service;
    service_open(&service, "anthropic", false);
    service_delay(&service, DELAY_MS);
    unsigned ended = kill_at_random(&service, &verbs[1], 42);
    cr_log_info("%d kills, %u runs came to their end", KILLS, ended);
    cr_expect_geq(ended, 1u, "the kills came too early to see an end");
    service_close(&service);
}
