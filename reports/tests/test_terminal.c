#include "reports/forms/terminal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { TEXT_MAX = 1024 * 1024, MANY_AGENTS = 40 };

static const struct baton_agent_score agents[] = {
    { .agent = { "billing", 7 },
      .support = 20,
      .predicted = 25,
      .tp = 18,
      .precision = 0.72,
      .recall = 0.9,
      .f1 = 0.8 },
    { .agent = { "an_agent_with_a_name_that_is_longer_than_the_column", 51 },
      .support = 0,
      .predicted = 3,
      .precision = 0,
      .recall = NAN,
      .f1 = 0 },
};
static const struct baton_str labels[] = { { "billing", 7 }, { "@none", 5 } };
static const uint64_t cells[] = { 18, 2, 0, 0 };
static const struct baton_depth_count depths[] = { { 0, 10 }, { 1, 40 }, { 4, 1 } };
static const struct baton_gate_result gates[] = {
    { .gate = { "loops == 0", 10 }, .value = 0, .n = 51, .verdict = BATON_GATE_PASS },
    { .gate = { "accuracy >= 0.95", 16 }, .value = 0.9, .n = 50, .verdict = BATON_GATE_FAIL },
    { .gate = { "recall[x] >= 1", 14 },
      .value = NAN,
      .n = 0,
      .verdict = BATON_GATE_SKIP,
      .why = { "only 0 of the 20", 16 } },
};

static struct baton_summary sample(void)
{
    struct baton_summary summary = {
        .suite = { .name = BATON_STR("my suite") },
        .counts = { .conversations = 40,
                    .exchanges = 51,
                    .turns = 99,
                    .answered = 48,
                    .unanswered = 2,
                    .labelled = 50,
                    .exhausted = 1 },
        .depth = { .per_exchange = depths, .per_exchange_count = 3, .mean = 0.863, .p95 = 1, .max = 4 },
        .gates = gates,
        .gate_count = 3,
    };
    summary.routing.accuracy =
        (struct baton_rate){ .correct = 45, .n = 50, .value = 0.9, .ci_low = 0.786398, .ci_high = 0.956515 };
    summary.routing.first_hop = (struct baton_rate){ .value = NAN, .ci_low = NAN, .ci_high = NAN };
    summary.routing.majority = 0.4;
    summary.routing.balanced = NAN;
    summary.routing.kappa = 0.85;
    summary.routing.mcc = NAN;
    summary.routing.agents = agents;
    summary.routing.agent_count = 2;
    summary.routing.labels = labels;
    summary.routing.cells = cells;
    summary.routing.label_count = 2;
    summary.latency.exchange = (struct baton_distribution){
        .n = 30, .p50 = 515000000, .p90 = 1210000000, .p95 = 2300000000, .p99 = 2300000000, .max = 2300000000
    };
    summary.latency.routing_tax = NAN;
    return summary;
}

/* The report; to be cleared. */
static struct baton_text report(const struct baton_summary *summary, const struct baton_report_context *options)
{
    struct baton_report_context context = *options;
    context.summary = summary;
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    baton_terminal_write(&text, &context);
    cr_assert(!text.failed && text.length > 0);
    return text;
}

Test(terminal, the_verdict_comes_first_and_the_gates_next)
{
    struct baton_summary summary = sample();
    struct baton_report_context options = { .is_replay = true };
    struct baton_text text = report(&summary, &options);
    static const char want[] = "FAIL  my suite: 40 conversations, 51 exchanges, 99 turns\n"
                               "      replay: judges the harness and the recorded decisions, not a model of today\n"
                               "\n"
                               "gates\n"
                               "  ok   loops == 0                                     0  (n 51)\n"
                               "  FAIL accuracy >= 0.95                               0.9  (n 50)\n"
                               "  skip recall[x] >= 1                                  (n 0)  only 0 of the 20\n";
    cr_expect_eq(strncmp(text.data, want, strlen(want)), 0, "%s", text.data);
    baton_text_clear(&text);
    summary.passed = true;
    options.is_replay = false;
    options.verdict_reason = "as somebody said";
    text = report(&summary, &options);
    static const char passed[] =
        "PASS  my suite: 40 conversations, 51 exchanges, 99 turns; as somebody said\n\ngates\n";
    cr_expect_eq(strncmp(text.data, passed, strlen(passed)), 0, "%s", text.data);
    baton_text_clear(&text);
}

Test(terminal, colours_are_only_where_they_are_wanted_and_change_nothing_else)
{
    struct baton_summary summary = sample();
    struct baton_text plain =
        report(&summary, &(struct baton_report_context){ .has_colour = false, .is_replay = true });
    struct baton_text colours =
        report(&summary, &(struct baton_report_context){ .has_colour = true, .is_replay = true });
    cr_expect_null(memchr(plain.data, '\033', plain.length));
    cr_expect_not_null(strstr(colours.data, "\033[31m\033[1mFAIL\033[0m"), "%s", colours.data);
    size_t length = 0;
    for (size_t i = 0; i < colours.length; i++) { /* takes the codes out */
        if (colours.data[i] == '\033') {
            i += strcspn(colours.data + i, "m");
        } else {
            colours.data[length++] = colours.data[i];
        }
    }
    cr_expect(length == plain.length && memcmp(colours.data, plain.data, length) == 0);
    baton_text_clear(&plain);
    baton_text_clear(&colours);
}

Test(terminal, each_part_says_what_it_counts)
{
    static const char *const lines[] = {
        "  accuracy           90.0 %  [78.6, 95.7]  45 of 50\n",
        "    majority baseline 40.0 %  balanced accuracy n/a  kappa 0.850  mcc n/a\n",
        "  billing                                                   20        25   72.0 %   90.0 %  0.800\n",
        "  an_agent_with_a_name_that_is_longer_than_the_column        0         3    0.0 %      n/a  0.000\n",
        "      2  billing > @none\n",
        "    0       10 ########\n",
        "    1       40 ##############################\n",
        "    4        1 #\n",
        "  mean 0.86  p95 1  max 4  in circles 0\n",
        "  loops 0 (self 0, ping-pong 0, longer 0)  revisits 0\n",
        "  answered 48  unanswered 2  invalid handoffs 0  diverged 0  exhausted 1  errors 0  exhausted rate 2.0 %\n",
        "  exchange             30      515     1210     2300     2300     2300\n",
    };
    struct baton_summary summary = sample();
    struct baton_text text = report(&summary, &(struct baton_report_context){ 0 });
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        cr_expect_not_null(strstr(text.data, lines[i]), "no line '%s' in\n%s", lines[i], text.data);
    }
    cr_expect_null(strstr(text.data, " nan"), "%s", text.data);
    cr_expect_null(strstr(text.data, "first hop"), "nothing was labelled so");
    cr_expect_null(strstr(text.data, "tokens"), "none were recorded");
    baton_text_clear(&text);
}

Test(terminal, without_labels_it_says_how_to_get_some)
{
    struct baton_summary summary = sample();
    summary.counts.labelled = 0;
    summary.gate_count = 0;
    summary.routing.agent_count = summary.routing.label_count = 0;
    struct baton_text text = report(&summary, &(struct baton_report_context){ 0 });
    cr_expect_not_null(
        strstr(text.data,
               "\nrouting\n  no labels, so nothing to judge; add \"expect\": {\"final\": ...} to user messages\n"),
        "%s", text.data);
    cr_expect_null(strstr(text.data, "\ngates\n"), "%s", text.data);
    cr_expect_null(strstr(text.data, "\nagents"), "%s", text.data);
    baton_text_clear(&text);
}

Test(terminal, of_many_agents_the_worst_are_shown)
{
    struct baton_agent_score many[MANY_AGENTS] = { { .support = 0 } };
    char names[MANY_AGENTS][16];
    for (size_t i = 0; i < MANY_AGENTS; i++) {
        snprintf(names[i], sizeof names[i], "agent-%02zu", i);
        many[i] = (struct baton_agent_score){ .agent = baton_str_of(names[i]),
                                              .support = 1,
                                              .f1 = (double)(i * 7 % MANY_AGENTS) / 100 };
    }
    struct baton_summary summary = sample();
    summary.routing.agents = many;
    summary.routing.agent_count = MANY_AGENTS;
    struct baton_text text = report(&summary, &(struct baton_report_context){ 0 });
    cr_expect_not_null(strstr(text.data, "agents (the worst by F1)"), "%s", text.data);
    for (size_t i = 0; i < MANY_AGENTS; i++) {
        bool is_worst = i * 7 % MANY_AGENTS < 16;
        cr_expect_eq(strstr(text.data, names[i]) != NULL, is_worst, "%s", names[i]);
    }
    cr_expect_lt(strstr(text.data, "agent-00"), strstr(text.data, "agent-23"), "in rising order: 0.00 before 0.01");
    baton_text_clear(&text);
}

Test(terminal, failures_are_listed_with_the_way_to_see_more)
{
    struct baton_summary summary = sample();
    summary.routing.all_expectations = (struct baton_rate){ .correct = 45, .n = 50 };
    struct baton_report_context options = { .failures = "card-1: final: expected a, got b\ncard-2: says: x\n",
                                            .explain = "baton explain s.yaml" };
    struct baton_text text = report(&summary, &options);
    cr_expect_not_null(
        strstr(text.data,
               "\nto look at\n  card-1: final: expected a, got b\n  card-2: says: x\n  5 in all; one in full: "
               "baton explain s.yaml ID\n"),
        "%s", text.data);
    baton_text_clear(&text);
    options.failures = "";
    text = report(&summary, &options);
    cr_expect_null(strstr(text.data, "to look at"), "%s", text.data);
    baton_text_clear(&text);
}
