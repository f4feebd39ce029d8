/* `baton record`, and `baton eval --provider cassette`: what a service said is kept, and said again. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *at(struct service *service, const char *name)
{
    return program_path(&service->program, name);
}

#define RESULTS_EQUAL(service, a, b)                                                                               \
    do {                                                                                                           \
        service_expect_equal(program_read(&(service)->program, at((service), a "/results.jsonl")),                 \
                             program_read(&(service)->program, at((service), b "/results.jsonl")), "the results"); \
        service_expect_equal(service_anonymous((service), at((service), a "/summary.json")),                       \
                             service_anonymous((service), at((service), b "/summary.json")), "the summaries");     \
    } while (0)

Test(record, a_recording_is_the_same_at_any_number_of_threads_and_replays_byte_for_byte)
{
    for (size_t i = 0; i < LIVE_FORMATS * 2; i++) {
        struct service service;
        service_open(&service, live_formats[i / 2].codec, i % 2 == 1);
        const char *streams = i % 2 == 1 ? "--stream" : "--no-stream", *other = at(&service, "other.jsonl");
        struct program_run run = ASK(&service, "record", service.suite, "-j8", "--out", at(&service, "rec"), streams);
        cr_assert_eq(run.exit_code, 0, "%s %s: %d %s%s", service.format->codec, streams, run.exit_code, run.out.data,
                     run.err.data);
        cr_expect_eq(service_asked(&service), SERVICE_CALLS);
        cr_expect(program_has(run.err, program_text(&service.program, "recorded %d interactions in '%s'", SERVICE_CALLS,
                                                    service.cassette)),
                  "%s", run.err.data);
        run = ASK(&service, "record", service.suite, "-j1", "--cassette", other, streams);
        cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
        service_expect_equal(service_timeless(&service, service.cassette), service_timeless(&service, other),
                             "the cassettes");
        run = ASK(&service, "eval", service.suite, "--provider", "cassette", "--out", at(&service, "replay"));
        cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
        RESULTS_EQUAL(&service, "rec", "replay");
        service_asked(&service);
        service_close(&service);
    }
}

/* Files of the scratch folder that a run is not to leave behind. */
static void expect_no_leftovers(struct service *service)
{
    static const char *const names[] = { "cassette.jsonl.part",   "cassette.jsonl.new",   "rec/results.jsonl.part",
                                         "rec/summary.json.part", "rec/counts.json.part", "rec/cassette.jsonl.part",
                                         "rec/cassette.jsonl.new" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        cr_expect_neq(access(at(service, names[i]), F_OK), 0, "%s is left", names[i]);
    }
}

static struct program_run record(struct service *service)
{
    struct program_run run = ASK(service, "record", service->suite, "--out", at(service, "rec"));
    cr_assert_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    expect_no_leftovers(service);
    service_asked(service);
    return run;
}

static struct program_run replay(struct service *service, const char *out)
{
    return ASK(service, "eval", service->suite, "--provider", "cassette", "--out", at(service, out));
}

Test(record, a_recording_replays_in_another_folder_home_and_at_another_address)
{
    static const char *const elsewhere[] = { "HOME=/nonexistent/home",
                                             "USER=somebody",
                                             "LOGNAME=somebody",
                                             "TZ=Pacific/Chatham",
                                             "LC_ALL=C.UTF-8",
                                             "OPENAI_BASE_URL=http://127.0.0.1:9/other",
                                             "OPENAI_API_KEY",
                                             "PWD",
                                             NULL };
    struct service service;
    service_open(&service, "openai-chat", true);
    record(&service);
    program_file(&service.program, "some/where/else.txt", "");
    const struct program_options options = { .settings = elsewhere, .folder = at(&service, "some/where") };
    static const char *const arguments[] = { "eval",  "../../suite.yaml", "--provider", "cassette",
                                             "--out", "../../replay",     NULL };
    struct program_run run = program_run_with(&service.program, &options, arguments);
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    RESULTS_EQUAL(&service, "rec", "replay");
    cr_expect_eq(service_asked(&service), 0u);
    service_close(&service);
}

Test(record, only_the_days_in_a_cassette_tell_when_it_was_recorded)
{
    struct service service;
    service_open(&service, "anthropic", false);
    record(&service);
    struct baton_str cassette = program_read(&service.program, service.cassette);
    const char *created = strstr(cassette.data, "\"created\":\"");
    cr_assert_not_null(created);
    const char *day = program_text(&service.program, "%.10s", created + 11);
    cr_expect_eq(program_count(cassette, day), (size_t)SERVICE_CALLS + 1, "%s", day);
    cr_expect_eq(program_count(cassette, program_text(&service.program, "\"recorded_at\":\"%s\"", day)),
                 (size_t)SERVICE_CALLS);
    char *later = baton_arena_copy(service.program.arena, cassette.data, cassette.length);
    for (char *found = later; (found = strstr(found, day)) != NULL;) {
        memcpy(found, "2031-07-04", 10);
    }
    program_file(&service.program, "cassette.jsonl", later);
    cr_expect_eq(replay(&service, "replay").exit_code, 0);
    RESULTS_EQUAL(&service, "rec", "replay");
    cr_expect_eq(program_count(program_read(&service.program, at(&service, "rec/results.jsonl")), day), 0u);
    cr_expect_eq(program_count(program_read(&service.program, at(&service, "rec/summary.json")), day), 0u);
    service_close(&service);
}

static const char *line_of(struct service *service, struct baton_str text, unsigned number)
{
    const char *from = text.data;
    for (unsigned i = 1; i < number && from != NULL; i++) {
        from = strchr(from, '\n');
        from = from == NULL ? NULL : from + 1;
    }
    cr_assert_not_null(from, "there is no line %u", number);
    return program_text(&service->program, "%.*s", (int)strcspn(from, "\n"), from);
}

Test(record, another_prompt_misses_what_it_changes_and_only_that_is_asked_anew)
{
    for (size_t i = 0; i < LIVE_FORMATS; i++) {
        struct service service;
        service_open(&service, live_formats[i].codec, i % 2 == 1);
        record(&service);
        struct baton_str before = program_read(&service.program, service.cassette);
        service_write(&service, "You are billing, and kind.", "");
        struct program_run run = replay(&service, "replay");
        cr_expect_eq(run.exit_code, 6, "%d %s", run.exit_code, run.err.data);
        cr_expect_eq(service_asked(&service), 0u);
        const char *says =
            "no recorded answer for agent 'billing' of conversation 'c-0', exchange 1, turn 2; nearest is ";
        cr_expect(program_has(run.out, says), "%s", run.out.data);
        cr_expect(program_has(run.out, program_text(&service.program, "%s:3 (", service.cassette)), "%s", run.out.data);
        cr_expect(program_has(run.out, "You are billing, and kind."), "%s", run.out.data);
        cr_expect(
            program_has(run.out, program_text(&service.program, "baton record %s --refresh-missing", service.suite)),
            "%s", run.out.data);
        struct baton_str summary = program_read(&service.program, at(&service, "replay/summary.json"));
        cr_expect(program_has(summary, "\"errors\":5,"), "each of the calls to billing that came about: %s",
                  summary.data);
        run = ASK(&service, "record", service.suite, "--refresh-missing", "--out", at(&service, "rec"));
        cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
        cr_expect_eq(service_asked(&service), 5u, "only billing is asked");
        expect_no_leftovers(&service);
        struct baton_str after = program_read(&service.program, service.cassette);
        for (unsigned line = 1; line <= SERVICE_CALLS + 1; line++) {
            cr_expect(program_has(after, line_of(&service, before, line)), "line %u is gone", line);
        }
        cr_expect_eq(program_count(after, "\n"), (size_t)SERVICE_CALLS + 1 + 5);
        run = replay(&service, "replay");
        cr_expect_eq(run.exit_code, 0, "%s", run.out.data);
        RESULTS_EQUAL(&service, "rec", "replay");
        cr_expect_eq(program_count(run.err, "nobody asked for this recording"), 5u, "%s", run.err.data);
        service_close(&service);
    }
}

/* ---- what must not happen to a recording ---- */

Test(record, what_cannot_begin_leaves_nothing_behind_and_destroys_nothing)
{
    static const char *const no_key[] = { "OPENAI_API_KEY", "OPENAI_BASE_URL", NULL };
    struct service service;
    service_open(&service, "openai-chat", false);
    const char *arguments[] = { "record", service.suite, NULL };
    const struct program_options options = { .settings = no_key };
    struct program_run run = program_run_with(&service.program, &options, arguments);
    cr_expect_eq(run.exit_code, 4, "%s", run.err.data);
    cr_expect(program_has(run.err, "OPENAI_API_KEY"), "%s", run.err.data);
    expect_no_leftovers(&service);
    run = ASK(&service, "record", service.suite, "--filter", "nothing");
    cr_expect_eq(run.exit_code, 5, "%s", run.err.data);
    expect_no_leftovers(&service);
    cr_expect_neq(access(service.cassette, F_OK), 0, "an empty cassette");
    record(&service);

    static const struct row {
        const char *name, *more[2], *says;
        int exit_code;
    } rows[] = {
        { "anew", { NULL, NULL }, "cassette.jsonl' exists: add what it lacks (--refresh-missing), or delete it", 4 },
        { "a provider that is none", { "--provider", "antropic" }, "did you mean 'anthropic'?", 4 },
        { "no live provider", { "--provider", "sim:random" }, "only what live services answer can be recorded", 4 },
        { "a bad gate", { "--refresh-missing", "--gate=acuracy >= 1" }, "unknown figure 'acuracy'", 4 },
        { "nothing missing", { "--refresh-missing", NULL }, "recorded 0 interactions", 0 },
        { "going on with what is whole", { "--resume", NULL }, "recorded 0 interactions", 0 },
        { "nothing selected", { "--refresh-missing", "--filter=nothing" }, "no conversation selected", 5 },
    };
    struct baton_str before = program_read(&service.program, service.cassette);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run = ASK(&service, "record", service.suite, rows[i].more[0], rows[i].more[1]);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(program_has(run.err, rows[i].says), "%s: %s", rows[i].name, run.err.data);
        service_expect_equal(program_read(&service.program, service.cassette), before, rows[i].name);
        cr_expect_eq(service_asked(&service), 0u, "%s", rows[i].name);
        expect_no_leftovers(&service);
    }
    service_close(&service);
}

Test(record, a_summary_says_live_whoever_answers_when_the_suite_is_replayed)
{
    static const struct row {
        const char *more, *provider, *says;
    } rows[] = {
        { "", NULL, "\"provider\":\"live\"" },
        { "provider: cassette\n", NULL, "\"provider\":\"live\"" },
        { "provider: sim:oracle\n", NULL, "\"provider\":\"live\"" },
        { "provider: cassette\n", "--provider=anthropic", "\"provider\":\"anthropic\"" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        service_open(&service, "anthropic", false);
        service_write(&service, "You are billing.", rows[i].more);
        struct program_run run = ASK(&service, "record", service.suite, "--out", at(&service, "rec"), rows[i].provider);
        cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
        struct baton_str summary = program_read(&service.program, at(&service, "rec/summary.json"));
        cr_expect(program_has(summary, rows[i].says), "%s %s", rows[i].more, summary.data);
        service_close(&service);
    }
}

Test(record, an_eval_that_cannot_begin_leaves_the_answers_of_the_last_one)
{
    static const char *const bad[][2] = {
        { "--gate", "acuracy >= 1" }, { "--max-cost", "much" }, { "--filter", "nothing" }, { "--report", "nothing" }
    };
    struct service service;
    service_open(&service, "openai-responses", false);
    const char *out = at(&service, "out"), *kept = at(&service, "out/cassette.jsonl");
    cr_expect_eq(ASK(&service, "eval", service.suite, "--provider", "live", "--out", out).exit_code, 0);
    struct baton_str before = program_read(&service.program, kept);
    cr_expect_eq(program_count(before, "\n"), (size_t)SERVICE_CALLS + 1);
    service_asked(&service);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct program_run run =
            ASK(&service, "eval", service.suite, "--provider", "live", "--out", out, bad[i][0], bad[i][1]);
        cr_expect_neq(run.exit_code, 0);
        service_expect_equal(program_read(&service.program, kept), before, bad[i][1]);
    }
    cr_expect_eq(service_asked(&service), 0u);
    cr_expect_eq(ASK(&service, "eval", service.suite, "--provider", "live", "--out", out, "--resume").exit_code, 0);
    cr_expect_eq(service_asked(&service), 0u, "all was known");
    cr_expect_eq(ASK(&service, "eval", service.suite, "--provider", "live", "--out", out).exit_code, 0);
    cr_expect_eq(service_asked(&service), (unsigned)SERVICE_CALLS, "without --resume a run begins anew");
    cr_expect_neq(access(at(&service, "out/cassette.jsonl.part"), F_OK), 0);
    service_close(&service);
}
