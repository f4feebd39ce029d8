/* `baton check`: errors with their place, and each kind of advice. */
#include "evals/tests/program.h"

#include <criterion/criterion.h>

#define AGENTS "fixtures/agents/support.yaml"

/* An agents file without anything to advise, to put one thing after the other into. */
#define HEAD "version: 1\nentry: triage\nagents:\n"
#define TRIAGE "  triage: { instructions: Route., handoffs: [billing] }\n"
#define BILLING "  billing: { description: Money., instructions: Help. }\n"

Test(check, each_kind_of_advice_is_given_where_it_is_due)
{
    static const struct row {
        const char *name, *text, *advice; /* behind the file's name; NULL: none */
        size_t count;
    } rows[] = {
        { "all is well", HEAD TRIAGE BILLING, NULL, 0 },
        { "unreachable", HEAD TRIAGE BILLING "  lost: { description: X., instructions: Y. }\n",
          "the agent 'lost' cannot be reached from the entry; no handoff leads there", 1 },
        { "unreachable, but a tool",
          HEAD "  triage: { instructions: Route., handoffs: [billing], tools: [ask] }\n" BILLING
               "  helper: { instructions: Y. }\ntools:\n  ask: { agent: helper }\n",
          NULL, 0 },
        { "a handoff from nowhere",
          HEAD TRIAGE BILLING "  lost: { description: X., instructions: Y., handoffs: [billing] }\n",
          "the handoff lost > billing can never be taken: its agent cannot be reached", 2 },
        { "a handoff that is not enabled",
          HEAD "  triage: { instructions: Route., handoffs: [billing, { agent: tech, enabled: false }] }\n"
               "  billing: { description: Money., instructions: Help., handoffs: [tech] }\n"
               "  tech: { description: Broken things., instructions: Help. }\n",
          "the handoff triage > tech can never be taken: it is not enabled", 1 },
        { "deep",
          HEAD
          "  triage: { instructions: i, handoffs: [a] }\n  a: { description: One., instructions: i, handoffs: [b] }\n"
          "  b: { description: Two., instructions: i, handoffs: [c] }\n  c: { description: Three., instructions: i, handoffs: [d] }\n"
          "  d: { description: Four., instructions: i }\n",
          "the agent 'd' is 4 hops from the entry; users wait for each of them", 1 },
        { "no instructions", HEAD TRIAGE "  billing: { description: Money. }\n",
          "the agent 'billing' has no instructions", 1 },
        { "no description", HEAD TRIAGE "  billing: { instructions: Help. }\n",
          "the agent 'billing' has no description, so nobody can know when to hand over to it", 1 },
        { "the same description",
          HEAD "  triage: { instructions: Route., handoffs: [billing, refunds] }\n"
               "  billing: { description: Payments and refunds of invoices, instructions: Help. }\n"
               "  refunds: { description: 'Refunds, and payments of invoices!', instructions: Help. }\n",
          "'triage' must tell 'billing' and 'refunds' apart, but their descriptions are nearly the same", 1 },
        { "another description",
          HEAD "  triage: { instructions: Route., handoffs: [billing, refunds] }\n"
               "  billing: { description: Payments of invoices, instructions: Help. }\n"
               "  refunds: { description: Money back after a purchase, instructions: Help. }\n",
          NULL, 0 },
        { "an unused tool", HEAD TRIAGE BILLING "tools:\n  spare: { result: ok }\n", "no agent uses the tool 'spare'",
          1 },
        { "a costly entry",
          HEAD "  triage: { instructions: Route., handoffs: [billing], model: large }\n"
               "  billing: { description: Money., instructions: Help., model: small }\n"
               "prices:\n  large: { in: 3, out: 15 }\n  small: { in: 1, out: 5 }\n",
          "the entry 'triage' runs on a costlier model than 'billing', though it only routes; a cheaper one may do",
          1 },
        { "a cheap entry",
          HEAD "  triage: { instructions: Route., handoffs: [billing], model: small }\n"
               "  billing: { description: Money., instructions: Help., model: large }\n"
               "prices:\n  large: { in: 3, out: 15 }\n  small: { in: 1, out: 5 }\n",
          NULL, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        const char *path = program_file(&program, "agents.yaml", rows[i].text);
        struct program_run run = RUN(&program, "check", path);
        const char *advice =
            program_text(&program, "advice: %s: %s\n", path, rows[i].advice == NULL ? "" : rows[i].advice);
        const char *last =
            program_text(&program, "1 files, 0 conversations: 0 errors, %zu pieces of advice\n", rows[i].count);
        cr_expect_eq(run.exit_code, 0, "%s: %d %s", rows[i].name, run.exit_code, run.out.data);
        cr_expect(rows[i].advice == NULL || program_has(run.out, advice), "%s: %s", rows[i].name, run.out.data);
        cr_expect_eq(program_count(run.out, "advice: "), rows[i].count, "%s: %s", rows[i].name, run.out.data);
        cr_expect(program_has(run.out, last), "%s: %s", rows[i].name, run.out.data);
        cr_expect_eq(RUN(&program, "check", "--strict", path).exit_code, rows[i].count == 0 ? 0 : 1, "%s: --strict",
                     rows[i].name);
        program_close(&program);
    }
}

#define SAYS(id) "{\"id\":\"" id "\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n"

Test(check, every_error_of_a_file_is_listed_with_its_place)
{
    struct program program;
    program_open(&program);
    const char *path = program_file(
        &program, "a.jsonl",
        SAYS("a") "{\n" SAYS(
            "b") "\n{\"messages\":[]}\n"
                 "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"biling\"}}]}\n" SAYS(
                     "c"));
    struct program_run run = RUN(&program, "check", "--agents", AGENTS, path);
    cr_expect_eq(run.exit_code, 4);
    static const char *const places[] = { ":2:2: ", ":5:13: a conversation needs at least one user message",
                                          ":6:61: unknown agent 'biling'; did you mean 'billing'?" };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        cr_expect(program_has(run.out, program_text(&program, "error: %s%s", path, places[i])), "%s in %s", places[i],
                  run.out.data);
    }
    cr_expect(program_has(run.out, "1 files, 4 conversations: 3 errors, 0 pieces of advice\n"), "%s", run.out.data);
    program_close(&program);
}

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
