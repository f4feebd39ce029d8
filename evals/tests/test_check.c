/* `baton check` on many files and kinds of files; each error and each advice is a case of fixtures/golden. */
#include "evals/tests/program.h"

#include <criterion/criterion.h>

#define AGENTS "fixtures/agents/support.yaml"

/* An agents file without anything to advise, to put one thing after the other into. */
#define HEAD "version: 1\nentry: triage\nagents:\n"
#define TRIAGE "  triage: { instructions: Route., handoffs: [billing] }\n"
#define BILLING "  billing: { description: Money., instructions: Help. }\n"

#define SAYS(id) "{\"id\":\"" id "\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n"

Test(check, a_file_with_many_errors_does_not_hide_the_next_one)
{
    struct program program;
    struct baton_text text = baton_text_with_limit(1024 * 1024);
    program_open(&program);
    for (int i = 0; i < 100; i++) {
        baton_text_puts(&text, "{\n");
    }
    const char *bad = program_write(&program, "bad.jsonl", baton_text_str(&text)),
               *other = program_file(&program, "other.jsonl", "[\n");
    baton_text_clear(&text);
    struct program_run run = RUN(&program, "check", "--agents", AGENTS, bad, other);
    cr_expect_eq(run.exit_code, 4);
    cr_expect_eq(program_count(run.out, program_text(&program, "error: %s:", bad)), 20u, "%s", run.out.data);
    cr_expect(program_has(run.out, program_text(&program, "error: %s:1:", other)), "%s", run.out.data);
    program_close(&program);
}

Test(check, what_a_file_is_shows_in_its_keys)
{
    static const struct row {
        const char *name, *file, *text, *says;
        int exit_code;
    } rows[] = {
        { "an agents file", "a.yaml", HEAD TRIAGE BILLING, "1 files, 0 conversations: 0 errors", 0 },
        { "a suite", "a.yaml", "version: 1\nagents: b.yaml\nconversations: c.jsonl\n",
          "1 files, 1 conversations: 0 errors", 0 },
        { "a suite with a bad gate", "a.yaml", "version: 1\nagents: b.yaml\nconversations: c.jsonl\ngates: [x >= 1]\n",
          "a.yaml:4:9: unknown figure 'x' in a gate", 4 },
        { "a suite without its file", "a.yaml", "version: 1\nagents: b.yaml\nconversations: none.jsonl\n",
          "cannot open '", 4 },
        { "a conversation", "a.json", "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
          "1 files, 1 conversations: 0 errors", 0 },
        { "labels", "a.csv", "text,final\nx,billing\n", "1 files, 1 conversations: 0 errors", 0 },
        { "something else", "a.yaml", "hello: world\n", "a.yaml:1:1: unknown key 'hello' in an agents file", 4 },
        { "no YAML", "a.yaml", "a: [\n", "error: ", 4 },
        { "nothing of ours", "a.txt", "hello", "has no known ending", 4 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        program_file(&program, "c.jsonl", SAYS("a"));
        const char *agents = program_file(&program, "b.yaml", HEAD TRIAGE BILLING);
        const char *path = program_file(&program, rows[i].file, rows[i].text);
        struct program_run run = RUN(&program, "check", "--agents", agents, path);
        cr_expect_eq(run.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, run.exit_code, run.out.data);
        cr_expect(program_has(run.out, rows[i].says), "%s: %s", rows[i].name, run.out.data);
        program_close(&program);
    }
}

Test(check, conversations_need_their_agents)
{
    struct program program;
    program_open(&program);
    const char *path = program_file(&program, "a.jsonl", SAYS("a"));
    struct program_run run = RUN(&program, "check", path);
    cr_expect_eq(run.exit_code, 4);
    cr_expect(
        program_has(run.out, "conversations are checked against their agents: give --agents FILE, or check a suite"),
        "%s", run.out.data);
    cr_expect_eq(RUN(&program, "check", AGENTS, path).exit_code, 0, "those of a file before it will do");
    cr_expect_eq(RUN(&program, "check", "--agents", AGENTS, path).exit_code, 0);
    program_close(&program);
}

Test(check, the_fixtures_are_without_errors)
{
    struct program program;
    program_open(&program);
    struct program_run run =
        RUN(&program, "check", "fixtures/suites/support.yaml", "fixtures/suites/support_loops.yaml",
            "fixtures/suites/tau_airline.yaml", "fixtures/suites/mwoz.yaml", "fixtures/suites/swarm_triage.yaml");
    cr_expect_eq(run.exit_code, 0, "%s", run.out.data);
    cr_expect(program_has(run.out, "5 files, 718 conversations: 0 errors, "), "%s", run.out.data);
    program_close(&program);
}
