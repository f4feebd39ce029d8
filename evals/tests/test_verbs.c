/* The verbs beside eval, as a user sees them. */
#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

#define AGENTS "fixtures/agents/support.yaml"
#define SUITE "fixtures/suites/support.yaml"
#define ROUTING "fixtures/conversations/support/routing.jsonl"

enum { VERBS = 9 };

static const char *const verbs[VERBS] = { "eval", "record",  "import", "compare", "merge",
                                          "run",  "explain", "check",  "graph" };

/* ---- help ---- */

Test(verbs, help_of_each_verb_begins_with_an_example)
{
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < VERBS; i++) {
        const char *const ways[] = { "--help", "-h" };
        for (size_t k = 0; k < COUNT_OF(ways); k++) {
            struct program_run run = RUN(&program, verbs[i], ways[k]);
            const char *example = program_text(&program, "  baton %s ", verbs[i]);
            cr_expect_eq(run.exit_code, 0, "%s %s", verbs[i], ways[k]);
            cr_expect_eq(strncmp(run.out.data, example, strlen(example)), 0, "%s: %s", verbs[i], run.out.data);
            cr_expect(program_has(run.out, program_text(&program, "\nusage: baton %s ", verbs[i])), "%s", verbs[i]);
            cr_expect_eq(run.err.length, 0u, "%s", verbs[i]);
        }
    }
    program_close(&program);
}

Test(verbs, the_programs_own_help_begins_with_examples_and_lists_the_verbs)
{
    static const char *const ways[] = { "--help", "-h", "help" };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct program_run run = RUN(&program, ways[i]);
        cr_expect_eq(run.exit_code, 0, "%s", ways[i]);
        const char *example = strstr(run.out.data, "\n  baton eval "),
                   *usage = strstr(run.out.data, "\nusage: baton VERB");
        cr_expect(example != NULL && usage != NULL && example < usage, "%s", run.out.data);
        for (size_t k = 0; k < VERBS; k++) {
            cr_expect(program_has(run.out, program_text(&program, "\n  %-9s ", verbs[k])), "%s", verbs[k]);
        }
    }
    program_close(&program);
}

Test(verbs, the_version_is_one_line)
{
    static const char *const ways[] = { "--version", "version" };
    struct program program;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct program_run run = RUN(&program, ways[i]);
        cr_expect_eq(run.exit_code, 0);
        cr_expect(baton_str_is(run.out, "baton " BATON_VERSION "\n"), "%s", run.out.data);
    }
    program_close(&program);
}

/* ---- run ---- */

/* Every line is strict JSON, and the numbers leave nothing out. */
static const struct baton_json **expect_events(struct program *program, struct baton_str out, size_t *count)
{
    const struct baton_json **events = parsed_lines(program->arena, out, count);
    cr_assert_gt(*count, 0u);
    for (size_t i = 0; i < *count; i++) {
        cr_expect_eq(parsed_count(events[i], "seq"), (int64_t)i);
    }
    cr_expect(parsed_is(events[0], "event", "turn_start"));
    cr_expect(parsed_is(events[*count - 1], "event", "done"));
    return events;
}

Test(verbs, run_replays_a_conversation_as_events)
{
    static const char *const ids[] = { "misroute-double-charge", "unanswered-outage", "over-routed-guide" };
    static const char *const statuses[] = { "answered", "unanswered", "answered" };
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct program program;
        size_t count;
        program_open(&program);
        struct program_run run = RUN(&program, "run", AGENTS, "--replay", ROUTING, "--id", ids[i], "--events");
        cr_expect_eq(run.exit_code, 0, "%s: %s", ids[i], run.err.data);
        const struct baton_json **events = expect_events(&program, run.out, &count);
        cr_expect(parsed_is(events[count - 1], "status", statuses[i]), "%s", ids[i]);
        program_close(&program);
    }
}

Test(verbs, events_of_every_recorded_conversation_are_whole)
{
    struct program program;
    size_t line_count;
    program_open(&program);
    struct baton_str text = program_read(&program, "fixtures/conversations/support/sales.jsonl");
    const struct baton_json **lines = parsed_lines(program.arena, text, &line_count);
    for (size_t i = 0; i < line_count; i++) {
        size_t count, done = 0;
        struct baton_str id = parsed_text(lines[i], "id");
        const char *name = program_text(&program, "%.*s", (int)id.length, id.data);
        struct program_run run = RUN(&program, "run", AGENTS, "--replay", "fixtures/conversations/support/sales.jsonl",
                                     "--id", name, "--events");
        const struct baton_json **events = expect_events(&program, run.out, &count);
        for (size_t k = 0; k < count; k++) {
            done += parsed_is(events[k], "event", "done");
        }
        size_t users = 0;
        for (const struct baton_json *message = parsed_at(lines[i], "messages")->child; message != NULL;
             message = message->next) {
            users += parsed_is(message, "role", "user");
        }
        cr_expect_eq(done, users, "%s: one done for each user message", name);
    }
    program_close(&program);
}

Test(verbs, run_without_an_id_takes_the_first_conversation)
{
    struct program program;
    program_open(&program);
    const char *path = program_file(&program, "a.yaml",
                                    "id: only\nmessages:\n  - { role: user, content: Hi }\n"
                                    "  - { role: assistant, content: 'Good day.' }\n");
    struct program_run run = RUN(&program, "run", AGENTS, "--replay", path);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect(baton_str_is(run.out, "triage: Good day.\n"), "%s", run.out.data);
    program_close(&program);
}

Test(verbs, run_talks_line_by_line)
{
    struct program program;
    program_open(&program);
    const char *rules =
        program_file(&program, "rules.yaml",
                     "version: 1\nrules:\n  - { agent: triage, when: money, hand_to: billing, reason: 'a bill' }\n"
                     "  - { agent: billing, say: 'Which bill?', repeat: true }\n");
    const char *args[] = { "run", AGENTS, "--provider", program_text(&program, "sim:%s", rules), NULL };
    struct program_options options = { .input = BATON_STR("Hello\n\nIt is about money\r\nThis one") };
    struct program_run run = program_run_with(&program, &options, args);
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect(baton_str_is(run.out, "triage: [triage] That is for me, and it is done.\n"
                                    "  calls transfer_to_billing {\"reason\":\"a bill\"}\n"
                                    "  triage > billing\n"
                                    "    reason: a bill\n"
                                    "billing: Which bill?\n"
                                    "billing: Which bill?\n"),
              "%s", run.out.data);
    struct program_options bad = { .input = BATON_STR("Hello\n\xff\n") };
    run = program_run_with(&program, &bad, args);
    cr_expect_eq(run.exit_code, 4);
    cr_expect(program_has(run.err, "standard input: not UTF-8"), "%s", run.err.data);
    struct program_options nothing = { .input = BATON_STR("\n") };
    run = program_run_with(&program, &nothing, args);
    cr_expect(run.exit_code == 0 && run.out.length == 0);
    program_close(&program);
}

Test(verbs, run_of_one_message_gives_the_same_bytes_for_the_same_seed)
{
    struct program program;
    program_open(&program);
    struct program_run first =
        RUN(&program, "run", AGENTS, "Hello", "--provider", "sim:random", "--seed", "11", "--events");
    struct program_run again =
        RUN(&program, "run", AGENTS, "Hello", "--provider", "sim:random", "--seed=11", "--events");
    cr_expect_eq(first.exit_code, 0);
    cr_expect(baton_str_equal(first.out, again.out));
    bool differs = false;
    for (int seed = 12; seed < 22; seed++) {
        const char *text = program_text(&program, "%d", seed);
        struct program_run other =
            RUN(&program, "run", AGENTS, "Hello", "--provider", "sim:random", "--seed", text, "--events");
        differs = differs || !baton_str_equal(first.out, other.out);
    }
    cr_expect(differs, "ten seeds alike");
    program_close(&program);
}

Test(verbs, run_stops_at_its_limits_and_says_so)
{
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "run", AGENTS, "Hello", "--provider", "sim:adversary", "--max-turns", "3");
    cr_expect_eq(run.exit_code, 0);
    cr_expect(program_has(run.out, "\n  ended: max_turns; next would speak "), "%s", run.out.data);
    program_close(&program);
}

/* ---- explain ---- */

Test(verbs, explain_shows_each_hop_of_a_conversation_of_a_suite)
{
    struct program program;
    program_open(&program);
    struct program_run run = RUN(&program, "explain", SUITE, "misroute-double-charge");
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect(baton_str_is(
                  run.out,
                  "misroute-double-charge: answered\n"
                  "  exchange 1  charged me 2x for the same seat this month??\n"
                  "    turn 1  triage  646 ms  427 tokens in, 28 out\n"
                  "      offered  billing, tech_support, sales\n"
                  "      chose    handoff to tech_support (reason: Something went wrong with a seat.)\n"
                  "    turn 2  tech_support  720 ms  556 tokens in, 16 out\n"
                  "      offered  billing, triage\n"
                  "      chose    1 tool call\n"
                  "    turn 3  tech_support  824 ms  591 tokens in, 27 out\n"
                  "      offered  billing, triage\n"
                  "      chose    to answer: All our systems run normally. Could you tell me which browser you use and "
                  "whether clearing the cache helps?\n"
                  "    ended answered with tech_support: 3 turns, depth 1 (shortest 1)\n"
                  "    expected billing: NOT AS EXPECTED\n"
                  "      final: expected billing, got tech_support\n"),
              "%s", run.out.data);
    program_close(&program);
}

Test(verbs, explain_reads_results_too)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out"), *file = program_path(&program, "out/results.jsonl");
    cr_expect_eq(RUN(&program, "eval", SUITE, "-q", "--out", folder).exit_code, 0);
    const char *const places[] = { folder, file };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct program_run run = RUN(&program, "explain", places[i], "misroute-double-charge");
        cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
        cr_expect(baton_str_is(run.out,
                               "misroute-double-charge: answered\n"
                               "  exchange 1  triage > tech_support  answered after 3 turns\n"
                               "    expected billing\n"
                               "    failed   final: expected billing, got tech_support\n"
                               "  (from the results; name the suite instead to see what each agent was offered)\n"),
                  "%s", run.out.data);
    }
    struct program_run run = RUN(&program, "explain", folder, "nobody");
    cr_expect_eq(run.exit_code, 5);
    cr_expect(program_has(run.err, "no conversation 'nobody' in '"), "%s", run.err.data);
    program_close(&program);
}

Test(verbs, explain_tells_of_the_conversation_as_a_whole)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out");
    RUN(&program, "eval", "fixtures/suites/tau_airline.yaml", "-q", "--out", folder);
    struct program_run played = RUN(&program, "explain", "fixtures/suites/tau_airline.yaml", "tau-airline-02-1");
    struct program_run read = RUN(&program, "explain", folder, "tau-airline-02-1");
    cr_expect(program_has(played.out, "  the conversation as a whole\n    expected airline: NOT AS EXPECTED\n"
                                      "      final: expected airline, got @none\n"),
              "%s", played.out.data);
    cr_expect(
        program_has(
            read.out,
            "  the conversation as a whole\n    expected airline\n    failed   final: expected airline, got @none\n"),
        "%s", read.out.data);
    program_close(&program);
}

Test(verbs, explain_shows_faults_and_nothing_that_a_terminal_would_obey)
{
    static const char text[] =
        "{\"id\":\"odd\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\\u001b[31m\\nthere\"},"
        "{\"role\":\"assistant\",\"agent\":\"triage\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":"
        "\"transfer_to_sales\",\"arguments\":\"{\\\"reason\\\":\\\"red \\\\u001b[31m\\\"}\"}}]},"
        "{\"role\":\"assistant\",\"agent\":\"sales\",\"tool_calls\":[{\"id\":\"d\",\"type\":\"function\",\"function\":{\"name\":"
        "\"transfer_to_legal\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"assistant\",\"agent\":\"billing\",\"content\":\"x\"}]}\n";
    struct program program;
    program_open(&program);
    const char *path = program_file(&program, "odd.jsonl", text);
    struct program_run run = RUN(&program, "explain", "--agents", AGENTS, "--conversations", path, "odd");
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect_null(memchr(run.out.data, '\033', run.out.length), "%s", run.out.data);
    cr_expect(program_has(run.out, "  exchange 1  Hi [31m there\n"), "%s", run.out.data);
    cr_expect(program_has(run.out, "chose    handoff to sales (reason: red  [31m)\n"), "%s", run.out.data);
    cr_expect(program_has(run.out, "chose    transfer_to_legal, which was refused: "), "%s", run.out.data);
    cr_expect(program_has(run.out, "    DIVERGED at turn 3: the recording goes on with billing, but sales was asked\n"),
              "%s", run.out.data);
    run =
        RUN(&program, "eval", "--agents", AGENTS, "--conversations",
            program_file(&program, "id.jsonl",
                         "{\"id\":\"a\\u001b[31m\\nb\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{"
                         "\"final\":\"triage\"}}]}\n"));
    cr_expect_null(memchr(run.out.data, '\033', run.out.length), "%s", run.out.data);
    cr_expect(program_has(run.out, "\nto look at\n  a [31m b: final: expected triage, got @none\n"), "%s",
              run.out.data);
    program_close(&program);
}

Test(verbs, explain_and_run_find_conversations_in_every_form)
{
    static const struct row {
        const char *name, *file, *text, *id, *says;
    } rows[] = {
        { "YAML", "a.yaml", "messages:\n  - { role: user, content: Hi, expect: { final: biling } }\n", "a",
          "a.yaml:2:49: unknown agent 'biling'; did you mean 'billing'?" },
        { "JSON", "a.json",
          "{\"messages\":[\n{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"biling\"}}]}", "a",
          "a.json:2:49: unknown agent 'biling'; did you mean 'billing'?" },
        { "lines", "a.jsonl",
          "\n{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"biling\"}}]}\n", "a-2",
          "a.jsonl:2:62: unknown agent 'biling'; did you mean 'billing'?" },
        { "labels", "a.csv", "text,final\nHi,sales\nHo,billing\n", "a-3", "a-3: unanswered" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        const char *path = program_file(&program, rows[i].file, rows[i].text);
        struct program_run run = RUN(&program, "explain", "--agents", AGENTS, "--conversations", path, rows[i].id);
        cr_expect(program_has(run.err, rows[i].says) || program_has(run.out, rows[i].says), "%s: %s%s", rows[i].name,
                  run.err.data, run.out.data);
        program_close(&program);
    }
}

/* ---- graph ---- */

Test(verbs, graph_draws_what_is_declared_and_what_was_taken)
{
    struct program program;
    program_open(&program);
    const char *folder = program_path(&program, "out"), *summary = program_path(&program, "out/summary.json");
    cr_expect_eq(RUN(&program, "eval", SUITE, "-q", "--out", folder).exit_code, 0);
    struct program_run run = RUN(&program, "graph", AGENTS);
    cr_expect_eq(run.exit_code, 0);
    cr_expect(program_has(run.out, "digraph handoffs {\n"), "%s", run.out.data);
    cr_expect(program_has(run.out, "  \"triage\" -> \"billing\";\n"), "%s", run.out.data);
    cr_expect_eq(program_count(run.out, " -> "), 17u);
    run = RUN(&program, "graph", AGENTS, summary);
    cr_expect(program_has(run.out, "  \"triage\" -> \"billing\" [label=\"10\", penwidth="), "%s", run.out.data);
    cr_expect(program_has(run.out, " [style=dashed, color=gray];\n"), "%s", run.out.data);
    run = RUN(&program, "graph", AGENTS, "--format", "mermaid");
    cr_expect(program_has(run.out, "flowchart LR\n  a0([\"triage\"])\n"), "%s", run.out.data);
    run = RUN(&program, "graph", AGENTS, summary, "-fmermaid");
    cr_expect(program_has(run.out, "  a0 -->|10| a1\n"), "%s", run.out.data);
    run = RUN(&program, "graph", "fixtures/agents/mwoz.yaml", summary);
    cr_expect_eq(run.exit_code, 4, "a summary of other agents");
    cr_expect(program_has(run.err, "unknown agent 'billing'"), "%s", run.err.data);
    program_close(&program);
}

/* ---- reports of eval ---- */

Test(verbs, eval_writes_the_reports_that_are_asked_for)
{
    struct program program;
    program_open(&program);
    const char *json = program_path(&program, "r.json"), *lines = program_path(&program, "r.jsonl"),
               *text = program_path(&program, "r.txt");
    struct program_run plain = RUN(&program, "eval", SUITE);
    struct program_run run =
        RUN(&program, "eval", SUITE, "--report", program_text(&program, "json=%s", json), "--report",
            program_text(&program, "jsonl=%s", lines), "--report", program_text(&program, "terminal=%s", text));
    cr_expect_eq(run.exit_code, 0, "%s", run.err.data);
    cr_expect_eq(run.out.length, 0u, "what goes to files is not printed: %s", run.out.data);
    cr_expect(baton_str_equal(program_read(&program, text), plain.out));
    cr_expect(baton_str_equal(program_read(&program, json), RUN(&program, "eval", SUITE, "--json").out));
    cr_expect_eq(program_count(program_read(&program, lines), "\n"), 32u);
    run = RUN(&program, "eval", SUITE, "--report", "json", "--report", "terminal");
    cr_expect(run.out.data[0] == '{' && program_has(run.out, "}\nPASS  support: "), "%s", run.out.data);
    run = RUN(&program, "eval", SUITE, "-q");
    cr_expect(run.out.length == 0 && run.err.length == 0 && run.exit_code == 0);
    program_close(&program);
}

Test(verbs, eval_of_labels_alone_says_that_nobody_answered)
{
    struct program program;
    program_open(&program);
    const char *path = program_file(&program, "a.csv", "text,final\nHi,sales\n");
    struct program_run run = RUN(&program, "eval", "--agents", AGENTS, "--conversations", path);
    cr_expect_eq(run.exit_code, 1);
    cr_expect(program_has(run.err, "none of these conversations holds a recorded answer; to play them, choose a model"),
              "%s", run.err.data);
    run = RUN(&program, "eval", "--agents", AGENTS, "--conversations", path, "--provider", "sim:oracle");
    cr_expect(run.exit_code == 0 && run.err.length == 0, "%s", run.err.data);
    program_close(&program);
}
