#include "evals/gates/gates.h"

#include "evals/tests/parsed.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define SUITE "fixtures/suites/support.yaml"

enum { MEMORY_MAX = 64 * 1024 * 1024, MESSAGE_BYTES = 1024, AGENT_COUNT = 2 };

/* Two agents and figures that are easy to tell apart. */
static const struct baton_agent_score scores[AGENT_COUNT] = {
    { .agent = { "billing", 7 },
      .support = 20,
      .predicted = 25,
      .tp = 18,
      .precision = 0.72,
      .recall = 0.9,
      .f1 = 0.8 },
    { .agent = { "tech support", 12 }, .support = 0, .predicted = 3, .tp = 0, .precision = 0, .recall = NAN, .f1 = 0 },
};

static struct baton_summary figures(void)
{
    struct baton_summary summary = { .counts = {
                                         .conversations = 40, .exchanges = 50, .turns = 120, .unanswered = 3 } };
    summary.counts.phantom_handoffs = BATON_FIGURE_NONE;
    summary.routing.accuracy =
        (struct baton_rate){ .correct = 45, .n = 50, .value = 0.9, .ci_low = 0.786398, .ci_high = 0.956515 };
    summary.routing.first_hop = (struct baton_rate){ .value = NAN, .ci_low = NAN, .ci_high = NAN };
    summary.routing.agents = scores;
    summary.routing.agent_count = AGENT_COUNT;
    summary.latency.exchange = (struct baton_distribution){ .n = 30, .p95 = 2500000000 };
    summary.latency.ttft = (struct baton_distribution){ .n = 0, .p95 = BATON_FIGURE_NONE };
    summary.depth.detour = -2;
    return summary;
}

struct reading {
    struct baton_arena *arena;
    struct baton_agents *agents;
};

static struct reading open_reading(void)
{
    static const char text[] = "{\"version\":1,\"entry\":\"billing\",\"agents\":{\"billing\":{},\"tech support\":{}}}";
    struct reading reading = { .arena = baton_arena_new(MEMORY_MAX) };
    struct baton_source source = { .name = "agents.json", .text = baton_str_of(text) };
    const struct baton_json *root = parsed_json(reading.arena, source.text, source.name);
    cr_assert_eq(baton_agents_parse(&reading.agents, reading.arena, &source, root, NULL, NULL), BATON_OK);
    return reading;
}

/* `pass`, `fail`, `skip`, or the message of a refusal. */
static const char *verdict_of(const struct reading *reading, const char *text, const char **why)
{
    struct baton_summary summary = figures();
    struct baton_gate gate;
    struct baton_error err;
    *why = "";
    if (baton_gate_read(&gate, baton_str_of(text), reading->agents, NULL, 0, &err) != BATON_OK) {
        return baton_arena_printf(reading->arena, "%s", err.text);
    }
    struct baton_gate_result result = baton_gate_check(&gate, &summary, reading->arena);
    *why = baton_arena_printf(reading->arena, "%.*s", (int)result.why.length, result.why.data);
    static const char *const verdicts[] = { "fail", "pass", "skip" };
    return verdicts[result.verdict];
}

Test(gates, each_operator_compares_as_it_reads)
{
    static const struct row {
        const char *gate, *want;
    } rows[] = {
        { "accuracy >= 0.9", "pass" },  { "accuracy >= 0.9001", "fail" }, { "accuracy > 0.9", "fail" },
        { "accuracy > 0.89", "pass" },  { "accuracy <= 0.9", "pass" },    { "accuracy <= 0.89", "fail" },
        { "accuracy < 0.9", "fail" },   { "accuracy < 0.91", "pass" },    { "accuracy == 0.9", "pass" },
        { "accuracy == 0.91", "fail" }, { "accuracy != 0.9", "fail" },    { "accuracy != 0.91", "pass" },
    };
    struct reading reading = open_reading();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;
        cr_expect_str_eq(verdict_of(&reading, rows[i].gate, &why), rows[i].want, "%s", rows[i].gate);
    }
    baton_arena_free(reading.arena);
}

Test(gates, figures_are_named_in_full_in_short_and_by_agent)
{
    static const struct row {
        const char *gate, *want;
    } rows[] = {
        { "routing.accuracy.value == 0.9", "pass" },
        { "accuracy.n == 50", "pass" },
        { "accuracy.correct == 45", "pass" },
        { "accuracy.ci_low < 0.7864", "pass" },
        { "unanswered == 3", "pass" },
        { "counts.unanswered == 3", "pass" },
        { "recall[billing] == 0.9", "pass" },
        { "precision[billing] == 0.72", "pass" },
        { "f1[billing] == 0.8", "pass" },
        { "precision[tech support] == 0", "pass" },
        { "latency.exchange.p95 == 2500", "pass" },
        { "depth.detour == -2", "pass" },
        { "depth.detour >= -2.5e0", "pass" },
        { "  loops==0  ", "pass" },
        { "loops\t==\t0", "pass" },
    };
    struct reading reading = open_reading();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;
        cr_expect_str_eq(verdict_of(&reading, rows[i].gate, &why), rows[i].want, "%s", rows[i].gate);
    }
    baton_arena_free(reading.arena);
}

Test(gates, if_n_skips_below_it_and_an_undefined_figure_fails_with_the_reason)
{
    static const struct row {
        const char *gate, *want, *why;
    } rows[] = {
        { "accuracy >= 0.95 if n >= 50", "fail", "" },
        { "accuracy >= 0.95 if n >= 51", "skip", "only 50 of the 51 that it asks for" },
        { "recall[billing] >= 0.9 if n >= 20", "pass", "" },
        { "recall[billing] >= 0.9 if n >= 21", "skip", "only 20 of the 21 that it asks for" },
        { "precision[billing] >= 0.9 if n >= 21", "fail", "" },
        { "recall[tech support] >= 0 if n >= 1", "skip", "only 0 of the 1 that it asks for" },
        { "recall[tech support] >= 0", "fail", "recall[tech support] is undefined: there is nothing to count it over" },
        { "recall[tech support] != 1", "fail", "recall[tech support] is undefined: there is nothing to count it over" },
        { "first_hop >= 0", "fail", "first_hop is undefined: there is nothing to count it over" },
        { "latency.ttft.p95 <= 1e9", "fail", "latency.ttft.p95 is undefined: there is nothing to count it over" },
        { "cost_usd.mean <= 1", "fail", "cost_usd.mean is undefined: there is nothing to count it over" },
        { "phantom_handoffs == 0", "fail", "phantom_handoffs is undefined: there is nothing to count it over" },
        { "accuracy >= 0.5 if n >= 0", "pass", "" },
    };
    struct reading reading = open_reading();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;
        cr_expect_str_eq(verdict_of(&reading, rows[i].gate, &why), rows[i].want, "%s", rows[i].gate);
        cr_expect_str_eq(why, rows[i].why, "%s", rows[i].gate);
    }
    baton_arena_free(reading.arena);
}

Test(gates, what_is_no_gate_is_refused)
{
    static const struct row {
        const char *gate, *says;
    } rows[] = {
        { "", "cannot read the gate '': a gate is FIGURE OP NUMBER" },
        { "accuracy", "cannot read the gate 'accuracy'" },
        { "accuracy >= ", "cannot read the gate" },
        { ">= 0.9", "cannot read the gate" },
        { "accuracy => 0.9", "unknown figure 'accuracy =' in a gate; did you mean 'accuracy'?" },
        { "accuracy = 0.9", "cannot read the gate" },
        { "accuracy >= 90%", "cannot read the gate" },
        { "accuracy >= .9", "cannot read the gate" },
        { "accuracy >= nan", "cannot read the gate" },
        { "accuracy >= 1e999", "cannot read the gate" },
        { "accuracy >= 0.9 if", "cannot read the gate" },
        { "accuracy >= 0.9 if n > 5", "cannot read the gate" },
        { "accuracy >= 0.9 if n >= 2.5", "cannot read the gate" },
        { "accuracy >= 0.9 if n >= -1", "cannot read the gate" },
        { "accuracy >= 0.9 ifn >= 5", "cannot read the gate" },
        { "accuracy >= 0.9 and loops == 0", "cannot read the gate" },
        { "acuracy >= 0.9", "unknown figure 'acuracy' in a gate; did you mean 'accuracy'?" },
        { "Accuracy >= 0.9", "unknown figure 'Accuracy' in a gate; did you mean 'accuracy'?" },
        { "recall >= 0.9", "unknown figure 'recall' in a gate" },
        { "recall[] >= 0.9", "unknown figure 'recall[]' in a gate" },
        { "recall[billing >= 0.9", "unknown figure 'recall[billing' in a gate" },
        { "suite.name >= 0", "unknown figure 'suite.name' in a gate" },
        { "routing.agents >= 0", "unknown figure 'routing.agents' in a gate" },
        { "recall[biling] >= 0.9", "unknown agent 'biling'; did you mean 'billing'? in a gate" },
        { "f1[tech_support] >= 0.9", "unknown agent 'tech_support'; did you mean 'tech support'? in a gate" },
    };
    struct reading reading = open_reading();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why, *got = verdict_of(&reading, rows[i].gate, &why);
        cr_expect_eq(strncmp(got, rows[i].says, strlen(rows[i].says)), 0, "'%s': %s", rows[i].gate, got);
    }
    baton_arena_free(reading.arena);
}

Test(gates, a_ratio_is_no_percentage)
{
    static const struct row {
        const char *gate, *says;
    } rows[] = {
        { "accuracy >= 80", "the gate 'accuracy >= 80' is about a ratio from 0 to 1: 0.80?" },
        { "recall[billing] >= 92.5 if n >= 3",
          "the gate 'recall[billing] >= 92.5 if n >= 3' is about a ratio from 0 to 1: 0.925?" },
        { "accuracy.ci_low > 1.5", "the gate 'accuracy.ci_low > 1.5' is about a ratio from 0 to 1: 0.015?" },
        { "kappa >= -2", "the gate 'kappa >= -2' is about a ratio from -1 to 1" },
        { "baseline.mid_p >= 500", "the gate 'baseline.mid_p >= 500' is about a ratio from 0 to 1" },
        { "pass_hat[2] >= 90", "the gate 'pass_hat[2] >= 90' is about a ratio from 0 to 1: 0.90?" },
        { "accuracy == 1", "fail" },
        { "kappa >= -1", "pass" },
        { "depth.detour >= -80", "pass" },
        { "accuracy.correct <= 80", "pass" },
        { "latency.exchange.p95 <= 80", "fail" },
        { "routing.cost <= 80", "pass" },
    };
    struct reading reading = open_reading();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;
        cr_expect_str_eq(verdict_of(&reading, rows[i].gate, &why), rows[i].says, "%s", rows[i].gate);
    }
    static const char text[] = "gates:\n  - accuracy >= 1\n  - accuracy >= 80\n";
    struct baton_source source = { .name = "suite.yaml", .line_first = 1, .text = baton_str_of(text) };
    struct baton_gate gate;
    struct baton_error err;
    char line[MESSAGE_BYTES];
    size_t offset = (size_t)(strstr(text, "accuracy >= 80") - text);
    cr_expect_eq(baton_gate_read(&gate, BATON_STR("accuracy >= 80"), reading.agents, &source, offset, &err),
                 BATON_EINPUT);
    cr_expect_str_eq(baton_error_format(&err, line, sizeof line),
                     "suite.yaml:3:5: the gate 'accuracy >= 80' is about a ratio from 0 to 1: 0.80?");
    baton_arena_free(reading.arena);
}

Test(gates, quotes_let_an_agents_name_hold_any_character)
{
    static const char text[] = "{\"version\":1,\"entry\":\"a>=b\",\"agents\":{\"a>=b\":{},\"x]y\":{},\"\\\"q\\\"\":{},"
                               "\"[\":{},\"] >= 1\":{},\"billing\":{}}}";
    static const struct row {
        const char *gate, *says;
    } rows[] = {
        { "recall[\"a>=b\"] >= 0.5", "fail" },
        { "recall[a>=b] >= 0.5", "fail" },
        { "recall[\"x]y\"]>=0.5 if n >= 4", "skip" },
        { "recall[x]y] >= 0.5", "fail" },
        { "recall[\"\\\"q\\\"\"] >= 0.5", "fail" },
        { "recall[\"[\"] >= 0.5", "fail" },
        { "recall[\"] >= 1\"] >= 0.5", "fail" },
        { "recall[\"billing\"] >= 0.5", "pass" },
        { "recall[\"x]z\"] >= 0.5", "unknown agent '\"x]z\"' in a gate" },
        { "recall[\"billing] >= 0.5", "unknown figure 'recall[\"billing]' in a gate" },
    };
    struct reading reading = { .arena = baton_arena_new(MEMORY_MAX) };
    struct baton_source source = { .name = "agents.json", .text = baton_str_of(text) };
    const struct baton_json *root = parsed_json(reading.arena, source.text, source.name);
    cr_assert_eq(baton_agents_parse(&reading.agents, reading.arena, &source, root, NULL, NULL), BATON_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *why;
        cr_expect_str_eq(verdict_of(&reading, rows[i].gate, &why), rows[i].says, "%s", rows[i].gate);
    }
    baton_arena_free(reading.arena);
}

Test(gates, a_gate_of_a_file_is_refused_with_its_place)
{
    static const char text[] = "gates:\n  - accuracy >= 1\n  - acuracy >= 1\n";
    struct baton_source source = { .name = "suite.yaml", .line_first = 1, .text = baton_str_of(text) };
    struct reading reading = open_reading();
    struct baton_gate gate;
    struct baton_error err;
    char line[MESSAGE_BYTES];
    size_t offset = (size_t)(strstr(text, "acuracy") - text);
    cr_expect_eq(baton_gate_read(&gate, BATON_STR("acuracy >= 1"), reading.agents, &source, offset, &err),
                 BATON_EINPUT);
    cr_expect_str_eq(baton_error_format(&err, line, sizeof line),
                     "suite.yaml:3:5: unknown figure 'acuracy' in a gate; did you mean 'accuracy'?");
    cr_expect_eq(baton_gate_read(&gate, BATON_STR("recall[x] >= 1"), reading.agents, &source, offset, &err),
                 BATON_EINPUT);
    cr_expect_str_eq(baton_error_format(&err, line, sizeof line), "suite.yaml:3:5: unknown agent 'x'");
    baton_arena_free(reading.arena);
}

/* ---- what the program makes of them ---- */

/* PASS goes with 0 and FAIL with all else, on the terminal and in the file. */
static void expect_agreement(const char *name, const struct program_run *printed, const struct program_run *json,
                             struct baton_arena *arena)
{
    bool passed = strncmp(printed->out.data, "PASS", 4) == 0;
    cr_expect(passed || strncmp(printed->out.data, "FAIL", 4) == 0, "%s: %s", name, printed->out.data);
    cr_expect_eq(passed, printed->exit_code == 0, "%s: printed %.4s with exit code %d", name, printed->out.data,
                 printed->exit_code);
    cr_expect_eq(json->exit_code, printed->exit_code, "%s", name);
    const struct baton_json *summary = parsed_json(arena, json->out, name);
    cr_expect(parsed_is(summary, "verdict", passed ? "pass" : "fail"), "%s", name);
}

Test(gates, the_printed_verdict_and_the_exit_code_agree)
{
    static const char good[] =
        "{\"id\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"triage\"}},"
        "{\"role\":\"assistant\",\"content\":\"y\"}]}\n";
    static const char bad[] =
        "{\"id\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"expect\":{\"final\":\"sales\"}},"
        "{\"role\":\"assistant\",\"content\":\"y\"}]}\n";
    static const char free[] = "{\"id\":\"c\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},"
                               "{\"role\":\"assistant\",\"content\":\"y\"}]}\n";
    static const char diverged[] = "{\"id\":\"d\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"},"
                                   "{\"role\":\"assistant\",\"agent\":\"sales\",\"content\":\"y\"}]}\n";
    static const struct row {
        const char *name, *text;
        const char *more[4];
        int exit_code;
    } rows[] = {
        { "as expected", good, { NULL }, 0 },
        { "not as expected, without a gate", bad, { NULL }, 1 },
        { "not as expected, but the gates hold", bad, { "--gate", "loops == 0" }, 0 },
        { "a gate fails", good, { "--gate", "turns >= 2" }, 4 },
        { "the accuracy fails", bad, { "--gate", "accuracy >= 0.5" }, 1 },
        { "one of two gates fails", good, { "--gate", "accuracy >= 0.5", "--gate", "loops > 0" }, 1 },
        { "a gate is skipped", bad, { "--gate", "accuracy >= 0.5 if n >= 2" }, 0 },
        { "an undefined figure", free, { "--gate", "accuracy >= 0" }, 1 },
        { "no gate and no label", free, { NULL }, 0 },
        { "diverged", diverged, { NULL }, 0 },
        { "diverged, strictly", diverged, { "--strict" }, 6 },
        { "diverged, strictly, and a gate fails", diverged, { "--strict", "--gate", "loops > 0" }, 6 },
        { "nothing diverged, strictly", good, { "--strict" }, 0 },
        { "nothing selected", good, { "--filter", "z" }, 5 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct program program;
        program_open(&program);
        const char *path = program_file(&program, "a.jsonl", rows[i].text);
        const char *args[16] = { "eval", "--agents", "fixtures/agents/support.yaml", "--conversations", path };
        memcpy(args + 5, rows[i].more, sizeof rows[i].more);
        struct program_run printed = program_run(&program, args);
        cr_expect_eq(printed.exit_code, rows[i].exit_code, "%s: %d %s", rows[i].name, printed.exit_code,
                     printed.err.data);
        memmove(args + 2, args + 1, 10 * sizeof *args);
        args[1] = "--json";
        struct program_run json = program_run(&program, args);
        if (rows[i].exit_code < 4 || rows[i].exit_code == 6) {
            expect_agreement(rows[i].name, &printed, &json, program.arena);
        } else {
            cr_expect_eq(printed.out.length, 0u, "%s: a verdict on nothing", rows[i].name);
        }
        program_close(&program);
    }
}

Test(gates, results_of_gates_stand_in_the_summary_and_in_the_report)
{
    struct program program;
    program_open(&program);
    struct program_run run =
        RUN(&program, "eval", SUITE, "--gate", "recall[sales] >= 1 if n >= 50", "--gate", "loops > 0", "--json");
    const struct baton_json *summary = parsed_json(program.arena, run.out, "summary");
    const struct baton_json *gates = parsed_at(summary, "gates");
    cr_expect_eq(run.exit_code, 1);
    cr_assert_eq(gates->count, 14u, "twelve of the suite, two more");
    cr_expect(parsed_is(gates, "0.gate", "accuracy >= 0.9"));
    cr_expect(parsed_is(gates, "0.verdict", "pass"));
    cr_expect_eq(parsed_number(gates, "0.value"), 0.925);
    cr_expect_eq(parsed_count(gates, "0.n"), 40);
    cr_expect(parsed_is(gates, "12.verdict", "skip"));
    cr_expect(parsed_is(gates, "12.why", "only 4 of the 50 that it asks for"));
    cr_expect(parsed_is(gates, "13.verdict", "fail"));
    run = RUN(&program, "eval", SUITE, "--gate", "recall[sales] >= 1 if n >= 50", "--gate", "loops > 0");
    cr_expect(program_has(run.out, "  ok   accuracy >= 0.9 "), "%s", run.out.data);
    cr_expect(program_has(run.out, "  skip recall[sales] >= 1 if n >= 50 "), "%s", run.out.data);
    cr_expect(program_has(run.out, "  FAIL loops > 0 "), "%s", run.out.data);
    program_close(&program);
}
