/* Cassettes that are old, broken, incomplete or hold secrets: what eval and check say about them. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"

static const char *at(struct service *service, const char *name)
{
    return program_path(&service->program, name);
}

static struct baton_str recorded(struct service *service)
{
    service_open(service, "openai-chat", false);
    struct program_run run = ASK(service, "record", service->suite);
    cr_assert_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    service_asked(service);
    return program_read(&service->program, service->cassette);
}

/* Puts one text in the place of another, wherever it stands from the given line on, `most` times at most. */
static const char *with(struct service *service, struct baton_str text, unsigned line, const char *from, const char *to,
                        unsigned most)
{
    struct baton_text out = baton_text_with_limit(64 * 1024 * 1024);
    unsigned now = 1;
    for (const char *place = text.data; *place != '\0';) {
        bool is_here = now >= line && most > 0 && strncmp(place, from, strlen(from)) == 0;
        now += *place == '\n';
        most -= is_here;
        baton_text_append(&out, is_here ? to : place, is_here ? strlen(to) : 1);
        place += is_here ? strlen(from) : 1;
    }
    const char *copy = baton_arena_copy(service->program.arena, out.data, out.length);
    baton_text_clear(&out);
    return copy;
}

/* ---- age ---- */

Test(cassettes, recordings_past_their_expiry_are_told_and_fail_where_that_is_asked_for)
{
    static const struct row {
        const char *name, *keys, *strict;
        int exit_code;
        bool is_told;
    } rows[] = {
        { "none", "", "--strict", 0, false },
        { "young enough", "expires: { after_days: 36500, action: error }\n", "--strict", 0, false },
        { "warn", "expires: { after_days: 90, action: warn }\n", "--no-color", 0, true },
        { "warn by itself", "expires: { after_days: 90 }\n", "--no-color", 0, true },
        { "strict", "expires: { after_days: 90, action: warn }\n", "--strict", 6, true },
        { "error", "expires: { after_days: 90, action: error }\n", "--no-color", 6, true },
    };
    struct service service;
    struct baton_str text = recorded(&service);
    const char *day = program_text(&service.program, "%.10s", strstr(text.data, "\"created\":\"") + 11);
    program_file(&service.program, "cassette.jsonl", with(&service, text, 1, day, "2024-02-29", 99));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        service_write(&service, "You are billing.",
                      program_text(&service.program, "provider: cassette\n%s", rows[i].keys));
        struct program_run run = ASK(&service, "eval", service.suite, rows[i].strict);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect_eq(program_has(run.err, "this recording is past its expiry"), rows[i].is_told, "%s: %s", rows[i].name,
                     run.err.data);
        cr_expect(!rows[i].is_told || program_has(run.err, "... and 8 more of these"), "%s", run.err.data);
        cr_expect(rows[i].exit_code == 0 || program_has(run.out, "recordings are past their expiry; record them again"),
                  "%s: %s", rows[i].name, run.out.data);
    }
    cr_expect_eq(service_asked(&service), 0u, "nothing is recorded again by itself");
    service_close(&service);
}

/* ---- what does not fit ---- */

Test(cassettes, recordings_that_nobody_asks_for_are_told_with_their_place)
{
    struct service service;
    recorded(&service);
    program_file(&service.program, "conversations.jsonl",
                 "{\"id\":\"c-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello, case-1.\"}]}\n");
    struct program_run run = ASK(&service, "eval", service.suite, "--provider=cassette");
    cr_expect_eq(run.exit_code, 0, "%s%s", run.out.data, run.err.data);
    cr_expect_eq(program_count(run.err, "nobody asked for this recording"), 5u, "%s", run.err.data);
    cr_expect(program_has(run.err, program_text(&service.program,
                                                "%s:2: nobody asked for this recording: triage, conversation 'c-0'",
                                                service.cassette)),
              "%s", run.err.data);
    cr_expect(program_has(run.err, "... and 7 more of these"), "%s", run.err.data);
    run = ASK(&service, "eval", service.suite, "--provider=cassette", "--filter=c-1");
    cr_expect_not(program_has(run.err, "nobody asked"), "not all conversations were played: %s", run.err.data);
    service_close(&service);
}

Test(cassettes, a_line_that_was_broken_is_refused_at_its_place)
{
    static const struct row {
        const char *name, *from, *to, *says;
    } rows[] = {
        { "a brace", "{\"key\"", "\"key\"", ":4:" },
        { "an unknown key", "\"turn\":", "\"trun\":", "did you mean 'turn'" },
        { "a key that is none", "{\"key\":\"", "{\"key\":\"x", ":4:" },
        { "a wrong type", "\"turn\":0", "\"turn\":\"0\"", ":4:" },
        { "no answer", "\"response\":", "\"responses\":", ":4:" },
    };
    struct service service;
    struct baton_str text = recorded(&service);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        program_file(&service.program, "cassette.jsonl", with(&service, text, 4, rows[i].from, rows[i].to, 1));
        struct program_run run = ASK(&service, "eval", service.suite, "--provider=cassette");
        cr_expect_eq(run.exit_code, 4, "%s: %d %s", rows[i].name, run.exit_code, run.err.data);
        cr_expect(program_has(run.err, program_text(&service.program, "%s:4:", service.cassette)), "%s: %s",
                  rows[i].name, run.err.data);
        cr_expect(program_has(run.err, rows[i].says), "%s: %s", rows[i].name, run.err.data);
        run = ASK(&service, "check", service.cassette);
        cr_expect_eq(run.exit_code, 4, "%s", rows[i].name);
        cr_expect(program_has(run.out, program_text(&service.program, "error: %s:4:", service.cassette)), "%s: %s",
                  rows[i].name, run.out.data);
    }
    service_close(&service);
}

Test(cassettes, a_last_line_that_was_cut_off_is_refused_with_advice)
{
    struct service service;
    struct baton_str text = recorded(&service);
    program_write(&service.program, "cassette.jsonl", (struct baton_str){ text.data, text.length - 40 });
    struct program_run run = ASK(&service, "eval", service.suite, "--provider=cassette");
    cr_expect_eq(run.exit_code, 4, "%d", run.exit_code);
    cr_expect(program_has(run.err, program_text(&service.program, "%s:14:", service.cassette)), "%s", run.err.data);
    cr_expect(program_has(run.err, "the last line is cut off") && program_has(run.err, "--resume"), "%s", run.err.data);
    service_close(&service);
}

/* ---- check ---- */

Test(cassettes, check_finds_secrets_and_does_not_show_them)
{
    struct service service;
    struct baton_str text = recorded(&service);
    struct program_run run = ASK(&service, "check", service.cassette);
    cr_expect_eq(run.exit_code, 0, "%s", run.out.data);
    cr_expect_str_eq(run.out.data, "1 files, 0 conversations, 13 recordings: 0 errors, 0 pieces of advice\n");
    program_file(&service.program, "cassette.jsonl", with(&service, text, 5, "case-1.", SECRET, 1));
    for (size_t i = 0; i < 2; i++) { /* the file, and the suite that names it */
        run = ASK(&service, "check", i == 0 ? service.cassette : service.suite);
        cr_expect_eq(run.exit_code, 4, "%s", run.out.data);
        const char *found = strstr(run.out.data, program_text(&service.program, "error: %s:5:", service.cassette));
        cr_assert_not_null(found, "%s", run.out.data);
        cr_expect_not_null(strstr(found, ": an API key stands here"), "%s", found);
        cr_expect_null(strstr(run.out.data, "sk-proj"), "%s", run.out.data);
    }
    service_close(&service);
}

Test(cassettes, check_plays_a_suite_and_tells_what_is_missing_unused_and_old)
{
    static const struct row {
        const char *name, *prompt, *keys, *says;
        size_t advice;
        int exit_code, strict_code;
    } rows[] = {
        { "all is well", "You are billing.", "", "8 conversations, 13 recordings: 0 errors, 0 pieces of advice\n", 0, 0,
          0 },
        { "another prompt", "You are billing now.", "", "5 answers that conversations ask for are not in it", 6, 0, 1 },
        { "unused ones", "You are billing now.", "",
          "no conversation asks for this recording: billing, conversation 'c-0'", 6, 0, 1 },
        { "old ones", "You are billing.", "expires: { after_days: 1 }\n", "this recording is past its expiry", 13, 0,
          1 },
        { "too old ones", "You are billing.", "expires: { after_days: 1, action: error }\n",
          "recordings are past their expiry; record them again", 13, 4, 4 },
    };
    struct service service;
    struct baton_str text = recorded(&service);
    const char *day = program_text(&service.program, "%.10s", strstr(text.data, "\"created\":\"") + 11);
    program_file(&service.program, "cassette.jsonl", with(&service, text, 1, day, "2024-02-29", 99));
    struct baton_str before = program_read(&service.program, service.cassette);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        service_write(&service, rows[i].prompt, rows[i].keys);
        struct program_run run = ASK(&service, "check", service.suite);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s%s", rows[i].name, run.exit_code, run.out.data,
                     run.err.data);
        cr_expect(program_has(run.out, rows[i].says), "%s: %s", rows[i].name, run.out.data);
        cr_expect_eq(program_count(run.out, "advice: "), rows[i].advice, "%s: %s", rows[i].name, run.out.data);
        cr_expect_eq(ASK(&service, "check", service.suite, "--strict").exit_code, rows[i].strict_code, "%s",
                     rows[i].name);
    }
    service_expect_equal(program_read(&service.program, service.cassette), before, "the cassette");
    cr_expect_eq(service_asked(&service), 0u);
    service_close(&service);
}

Test(cassettes, check_minds_a_missing_cassette_only_where_the_suite_is_played_from_it)
{
    struct service service;
    service_open(&service, "anthropic", true);
    cr_expect_eq(ASK(&service, "check", service.suite).exit_code, 0, "it is yet to be recorded");
    service_write(&service, "You are billing.", "provider: cassette\n");
    struct program_run run = ASK(&service, "check", service.suite);
    cr_expect_eq(run.exit_code, 4, "%s", run.out.data);
    cr_expect(program_has(run.out, "cassette.jsonl"), "%s", run.out.data);
    run = ASK(&service, "eval", service.suite);
    cr_expect_eq(run.exit_code, 4, "%s", run.err.data);
    cr_expect(program_has(run.err, at(&service, "cassette.jsonl")), "%s", run.err.data);
    service_close(&service);
}
