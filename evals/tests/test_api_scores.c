/* Scores of the library, through its headers alone: they are those of `baton eval` on the same conversations. */
#include "evals/tests/program.h"

#include <baton/baton.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENTS "fixtures/agents/support.yaml"
#define CONVERSATIONS "fixtures/conversations/support/routing.jsonl"

static const char case_text[] = "{\"id\":\"x\",\"messages\":["
                                "{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"billing\"}}]}";

#define expect_text(got, want) cr_expect_str_eq((got), (want), "got: %s", (got))

struct bench {
    struct baton_agents *agents;
    struct baton_scores *scores, *more;
    struct baton_error_info error;
};

static void bench_open(struct bench *bench)
{
    bench->agents = baton_agents_open(AGENTS, &bench->error);
    bench->scores = baton_scores_new(bench->agents, "some", &bench->error);
    bench->more = baton_scores_new(bench->agents, NULL, &bench->error);
    cr_assert_not_null(bench->more, "%s", bench->error.text);
}

static void bench_close(struct bench *bench)
{
    baton_scores_free(bench->more);
    baton_scores_free(bench->scores);
    baton_agents_close(bench->agents);
}

/* Adds every line to one of the two, in turn where there are two. */
static unsigned add_lines(struct bench *bench, struct baton_scores *second, struct baton_judgement *last)
{
    FILE *file = fopen(CONVERSATIONS, "r");
    char *line = NULL;
    size_t capacity = 0;
    unsigned count = 0;
    cr_assert_not_null(file);
    while (getline(&line, &capacity, file) > 0) {
        struct baton_scores *scores = count++ % 2 == 0 ? bench->scores : second;
        cr_assert_eq(baton_scores_add_recording(scores, line, last, &bench->error), 0, "%s", bench->error.text);
    }
    free(line);
    fclose(file);
    return count;
}

/* The summary without what names the run, and what was decided of it. */
static const char *counts_of(const char *summary)
{
    char *from = strstr(summary, "\"counts\""), *to = strstr(summary, "\"gates\"");
    cr_assert(from != NULL && to != NULL && from < to, "%s", summary);
    *to = '\0';
    return from;
}

Test(api_scores, are_those_of_the_program)
{
    struct program program;
    struct bench bench;
    struct baton_judgement last;
    program_open(&program);
    bench_open(&bench);
    struct program_run run =
        RUN(&program, "eval", "--agents", AGENTS, "--conversations", CONVERSATIONS, "--json", "--quiet");
    cr_expect_gt(add_lines(&bench, bench.scores, &last), 10u);
    const char *summary = baton_scores_summary(bench.scores, &bench.error);
    cr_assert_not_null(summary, "%s", bench.error.text);
    cr_expect_not_null(strstr(summary, "\"name\":\"some\""), "%s", summary);
    cr_expect_eq(strncmp(strstr(summary, "\"fingerprint\""), strstr(run.out.data, "\"fingerprint\""), 50), 0,
                 "the same conversations, questions and labels: %s", summary);
    expect_text(counts_of(summary), counts_of(run.out.data));
    bench_close(&bench);
    program_close(&program);
}

Test(api_scores, add_up_from_parts)
{
    struct bench whole, parts;
    bench_open(&whole);
    bench_open(&parts);
    add_lines(&whole, whole.scores, NULL);
    add_lines(&parts, parts.more, NULL);
    cr_expect_eq(baton_scores_merge(parts.scores, parts.more, &parts.error), 0);
    expect_text(baton_scores_summary(parts.scores, NULL), baton_scores_summary(whole.scores, NULL));
    cr_expect_eq(baton_scores_merge(parts.scores, whole.scores, NULL), BATON_ERROR_USAGE, "other agents");
    cr_expect_eq(baton_scores_merge(parts.scores, parts.scores, NULL), BATON_ERROR_USAGE);
    bench_close(&whole);
    bench_close(&parts);
}

Test(api_scores, go_on_after_a_summary)
{
    struct bench bench;
    struct baton_judgement judgement;
    struct baton_score figure;
    bench_open(&bench);
    for (unsigned i = 1; i <= 3; i++) {
        cr_assert_eq(baton_scores_add_recording(bench.scores, case_text, &judgement, &bench.error), 0);
        expect_text(judgement.outcome, "failed");
        expect_text(judgement.reasons, "final: expected billing, got @none");
        cr_expect_not_null(strstr(judgement.line, "{\"id\":\"x\""), "%s", judgement.line);
        cr_expect_null(strchr(judgement.line, '\n'));
        cr_assert_eq(baton_scores_figure(bench.scores, "routing.accuracy.value", &figure, &bench.error), 0);
        cr_expect_eq(figure.value, 0);
        cr_expect_eq(figure.n, i);
    }
    bench_close(&bench);
}

static const struct gate_row {
    const char *gate;
    int code;
    const char *verdict, *words; /* in the error or why */
} gates[] = {
    { "accuracy >= 0.5", 0, "fail", "" },
    { "routing.accuracy.value == 0", 0, "pass", "" },
    { "accuracy >= 0.5 if n >= 100", 0, "skip", "only 1 of the 100" },
    { "latency.exchange.p95 <= 10", 0, "fail", "is undefined" },
    { "accuarcy >= 0.5", BATON_ERROR_USAGE, "", "did you mean 'accuracy'?" },
    { "recall[bilings] >= 0.5", BATON_ERROR_USAGE, "", "did you mean 'billing'?" },
    { "accuracy", BATON_ERROR_USAGE, "", "a gate is FIGURE OP NUMBER" },
};

Test(api_scores, check_gates)
{
    struct bench bench;
    bench_open(&bench);
    cr_assert_eq(baton_scores_add_recording(bench.scores, case_text, NULL, &bench.error), 0);
    for (size_t i = 0; i < COUNT_OF(gates); i++) {
        struct baton_gate_check check;
        cr_expect_eq(baton_scores_gate(bench.scores, gates[i].gate, &check, &bench.error), gates[i].code, "%s",
                     gates[i].gate);
        cr_expect_str_eq(check.verdict, gates[i].verdict, "%s: %s", gates[i].gate, check.verdict);
        const char *words = gates[i].code == 0 ? check.why : bench.error.text;
        cr_expect_not_null(strstr(words, gates[i].words), "%s: %s", gates[i].gate, words);
    }
    cr_expect_eq(baton_scores_gate(bench.scores, "loops == 0", NULL, NULL), 0);
    bench_close(&bench);
}

static const struct bad_row {
    const char *text;
    int code;
    const char *words;
} bad[] = {
    { "{", BATON_ERROR_INPUT, "the conversation:1:" },
    { "{\"messages\":[]}", BATON_ERROR_INPUT, "user" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"bilings\"}}]}", BATON_ERROR_INPUT,
      "did you mean 'billing'?" },
    { NULL, BATON_ERROR_USAGE, "must not be NULL" },
};

Test(api_scores, do_not_count_what_cannot_be_judged)
{
    struct bench bench;
    struct baton_score figure;
    bench_open(&bench);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        cr_expect_eq(baton_scores_add_recording(bench.scores, bad[i].text, NULL, &bench.error), bad[i].code, "%zu", i);
        cr_expect_not_null(strstr(bench.error.text, bad[i].words), "%zu: %s", i, bench.error.text);
    }
    cr_assert_eq(baton_scores_figure(bench.scores, "counts.conversations", &figure, &bench.error), 0);
    cr_expect_eq(figure.value, 0);
    cr_assert_eq(baton_scores_figure(bench.scores, "accuracy", &figure, &bench.error), 0);
    cr_expect(isnan(figure.value), "a ratio over nothing is undefined");
    cr_expect_eq(baton_scores_figure(bench.scores, "accuracy.n.m", &figure, NULL), BATON_ERROR_USAGE);
    bench_close(&bench);
}

/* ---- runs ---- */

static void answer(void *user, struct baton_call *call)
{
    (void)user;
    if (strcmp(baton_call_agent(call), "triage") == 0) {
        baton_call_handoff(call, "billing", NULL);
    } else {
        baton_call_text(call, "Paid.");
    }
}

static const struct label_row {
    const char *labels;
    int code;
    const char *words; /* of the error, or of the reasons */
} labels[] = {
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"billing\",\"route\":[\"billing\"]}}]}",
      0, "" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"says\":\"refund\"}}]}", 0,
      "says: the final text does not match 'refund'" },
    { "{\"expect\":{\"max_depth\":0},\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", 0,
      "max_depth: expected at most 0, got 1" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"Ho\"}]}", BATON_ERROR_USAGE, "user message 1 of the labels" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"user\",\"content\":\"Hi\"}]}",
      BATON_ERROR_USAGE, "the labels have 2 user messages, the run had 1" },
};

Test(api_scores, judge_a_run_as_it_went)
{
    struct bench bench;
    struct baton_judgement judgement;
    bench_open(&bench);
    struct baton_run_setup setup = baton_run_setup_for(bench.agents);
    setup.provider = baton_provider_callback(answer, NULL, &bench.error);
    struct baton_run *run = baton_run_open(&setup, &bench.error);
    cr_assert_eq(baton_run_say(run, "Hi", NULL, &bench.error), 0, "%s", bench.error.text);
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        cr_expect_eq(baton_scores_add_run(bench.scores, run, labels[i].labels, &judgement, &bench.error),
                     labels[i].code, "%zu: %s", i, bench.error.text);
        const char *words = labels[i].code == 0 ? judgement.reasons : bench.error.text;
        cr_expect_not_null(strstr(words, labels[i].words), "%zu: %s", i, words);
        cr_expect_eq(words[0] == '\0', labels[i].words[0] == '\0', "%zu: %s", i, words);
    }
    struct baton_score turns;
    cr_assert_eq(baton_scores_figure(bench.scores, "counts.turns", &turns, &bench.error), 0);
    cr_expect_eq(turns.value, 6, "two turns of three judged runs");
    cr_expect_not_null(strstr(baton_scores_summary(bench.scores, NULL), "\"provider\":\"run\""));
    baton_run_close(run);
    baton_provider_free(setup.provider);
    bench_close(&bench);
}

Test(api_scores, take_null_for_what_is_optional_and_refuse_it_elsewhere)
{
    struct bench bench;
    struct baton_score figure;
    bench_open(&bench);
    cr_expect_null(baton_scores_new(NULL, NULL, NULL));
    baton_scores_free(NULL);
    cr_expect_eq(baton_scores_add_recording(NULL, case_text, NULL, NULL), BATON_ERROR_USAGE);
    cr_expect_eq(baton_scores_add_run(bench.scores, NULL, case_text, NULL, NULL), BATON_ERROR_USAGE);
    cr_expect_eq(baton_scores_merge(NULL, bench.scores, NULL), BATON_ERROR_USAGE);
    cr_expect_null(baton_scores_summary(NULL, NULL));
    cr_expect_eq(baton_scores_figure(bench.scores, NULL, &figure, NULL), BATON_ERROR_USAGE);
    cr_expect_eq(baton_scores_figure(bench.scores, "accuracy", NULL, NULL), BATON_ERROR_USAGE);
    cr_expect_eq(baton_scores_gate(NULL, "loops == 0", NULL, NULL), BATON_ERROR_USAGE);
    bench_close(&bench);
}

/* ---- replays ---- */

static void write_line(void *user, const struct baton_run_event *event)
{
    struct baton_text *out = user;
    baton_text_puts(out, baton_run_event_line(event));
    baton_text_putc(out, '\n');
}

/* The events of a replay through the library, line by line. */
static void replay_line(const char *line, struct baton_text *out)
{
    struct baton_error_info error;
    struct baton_agents *agents = baton_agents_open(AGENTS, &error);
    struct baton_provider *provider = baton_provider_recorded(agents, line, &error);
    struct baton_run_setup setup = baton_run_setup_for(agents);
    setup.provider = provider;
    setup.callbacks.user = out;
    setup.callbacks.event = write_line;
    struct baton_run *run = baton_run_open(&setup, &error);
    cr_assert_not_null(run, "%s", error.text);
    while (baton_run_say(run, "whatever", NULL, &error) == 0) {
    }
    cr_expect_not_null(strstr(error.text, "has no message after its"), "%s", error.text);
    baton_run_close(run);
    baton_provider_free(provider);
    baton_agents_close(agents);
}

/* The id that a line begins with. */
static const char *id_of(struct program *program, const char *line)
{
    const char *id = strstr(line, "\"id\":\"");
    cr_assert_not_null(id, "%s", line);
    id += strlen("\"id\":\"");
    return program_text(program, "%.*s", (int)strcspn(id, "\""), id);
}

Test(api_replays, tell_the_events_of_the_program)
{
    static const char *const files[] = { CONVERSATIONS, "fixtures/conversations/support/loops.jsonl" };
    struct program program;
    unsigned count = 0;
    program_open(&program);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct baton_str text = program_read(&program, files[i]);
        for (const char *line = text.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
            struct baton_text told = baton_text_with_limit(16 * 1024 * 1024);
            const char *one = program_text(&program, "%.*s", (int)strcspn(line, "\n"), line);
            const char *id = id_of(&program, one);
            replay_line(one, &told);
            struct program_run run = RUN(&program, "run", AGENTS, "--replay", files[i], "--id", id, "--events");
            cr_expect_str_eq(told.data, run.out.data, "%s:\n%s\n%s", id, told.data, run.out.data);
            baton_text_clear(&told);
            count++;
        }
    }
    cr_expect_gt(count, 20u);
    program_close(&program);
}
