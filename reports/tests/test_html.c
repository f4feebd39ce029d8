#include "reports/html/html.h"

#include "evals/tests/parsed.h"
#include "reports/comparison.h"
#include "reports/html/assets.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 64 * 1024 * 1024, LINE_MAX_BYTES = 1024 * 1024 };

static const struct baton_str offered[] = { BATON_STR_INIT("billing"), BATON_STR_INIT("tech") };
static const char *const failed[] = { "final: expected tech, got billing" };

static const struct baton_result_turn steps[] = {
    { .agent = BATON_STR_INIT("triage"),
      .offered = offered,
      .offered_count = 2,
      .choice = "handoff",
      .handoff_to = BATON_STR_INIT("billing"),
      .wanted = BATON_STR_INIT("transfer_to_billing"),
      .reason = BATON_STR_INIT("an invoice"),
      .start_ns = 0,
      .end_ns = 420000999,
      .call_count = 1,
      .tokens = { .input = 800, .cached = 12, .output = 37, .is_known = true } },
    { .agent = BATON_STR_INIT("billing"),
      .choice = "answer",
      .start_ns = 421000000,
      .end_ns = 900000000,
      .text = BATON_STR_INIT("Here it is.") },
};

/* One that went to billing where tech was expected. */
static struct baton_result_exchange misrouted(void)
{
    return (struct baton_result_exchange){
        .question = BATON_STR("My invoice?"),
        .steps = steps,
        .step_count = 2,
        .start = BATON_STR("triage"),
        .final = BATON_STR("billing"),
        .route = offered,
        .route_count = 1,
        .is_answered = true,
        .status = "answered",
        .turns = 2,
        .optimal = 1,
        .label = { .is_labelled = true,
                   .is_judged = true,
                   .expected = offered + 1,
                   .expected_count = 1,
                   .failed = failed,
                   .failed_count = 1 },
        .latency_ns = 900000000,
        .ttft_ns = BATON_RESULT_UNKNOWN,
        .text = BATON_STR("Here it is."),
    };
}

static struct baton_result_exchange bare(const char *status)
{
    return (struct baton_result_exchange){ .start = BATON_STR("triage"),
                                           .final = BATON_STR("triage"),
                                           .status = status,
                                           .optimal = BATON_RESULT_UNKNOWN,
                                           .latency_ns = BATON_RESULT_UNKNOWN,
                                           .ttft_ns = BATON_RESULT_UNKNOWN };
}

static struct baton_result result_of(const struct baton_result_exchange *exchanges, uint32_t count)
{
    return (struct baton_result){
        .id = BATON_STR("card-1"), .status = "answered", .exchanges = exchanges, .exchange_count = count
    };
}

static struct baton_str line_of(struct baton_arena *arena, const struct baton_result *repeats, uint32_t count)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_html_conversation(&text, BATON_STR("suite"), repeats, count);
    cr_assert(!text.failed);
    cr_assert_eq(text.data[text.length - 1], '\n');
    cr_expect_eq(memchr(text.data, '\n', text.length), text.data + text.length - 1, "one line");
    struct baton_str copy = { baton_arena_copy(arena, text.data, text.length), text.length };
    baton_text_clear(&text);
    return copy;
}

static const struct baton_json *read_line(struct baton_arena *arena, const struct baton_result *repeats, uint32_t count)
{
    return parsed_json(arena, line_of(arena, repeats, count), "line");
}

/* ---- a conversation ---- */

Test(html, a_conversation_is_one_line_with_short_keys)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange exchange = misrouted();
    struct baton_result result = result_of(&exchange, 1);
    struct baton_str line = line_of(arena, &result, 1);
    cr_expect_str_eq(
        line.data,
        "{\"id\":\"card-1\",\"o\":\"failed\",\"runs\":[{\"o\":\"failed\",\"x\":[{\"q\":\"My invoice?\","
        "\"s\":0,\"r\":[1],\"f\":1,\"opt\":1,\"e\":[2],\"got\":1,\"c\":false,\"why\":[\"final: expected tech, got billing\"],"
        "\"ms\":900,\"turns\":2,\"steps\":[{\"a\":0,\"c\":\"handoff\",\"of\":[1,2],\"to\":1,\"why\":\"an invoice\","
        "\"at\":[0,420],\"tok\":[812,37]},{\"a\":1,\"c\":\"answer\",\"of\":[],\"at\":[421,900],\"t\":\"Here it is.\"}]"
        "}]}],\"names\":[\"triage\",\"billing\",\"tech\"]}\n",
        "%s", line.data);
    baton_arena_free(arena);
}

Test(html, what_is_unknown_is_left_out)
{
    static const char *const absent[] = { "q",  "r",   "opt",  "det", "lo",  "inv",   "rev",  "loop", "e",
                                          "ms", "why", "ttft", "tok", "got", "steps", "left", "c",    "t" };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange exchange = bare("unanswered");
    struct baton_result result = result_of(&exchange, 1);
    const struct baton_json *root = read_line(arena, &result, 1);
    cr_expect(parsed_is(root, "o", "unlabelled"));
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        cr_expect_null(baton_json_get(parsed_at(root, "runs.0.x.0"), absent[i]), "%s", absent[i]);
    }
    struct baton_result empty = result_of(NULL, 0);
    cr_expect_eq(parsed_at(read_line(arena, &empty, 1), "runs.0.x")->count, 0u);
    baton_arena_free(arena);
}

Test(html, texts_that_look_like_markup_or_escapes_come_back_as_they_were)
{
    static const struct baton_str texts[] = {
        BATON_STR_INIT("</script><script>alert(1)</script>"),
        BATON_STR_INIT("<!-- <script> --> ]]> &lt; &amp;"),
        BATON_STR_INIT("\"quoted\" 'and' \\u003c \\ `${x}`"),
        BATON_STR_INIT("\x01\x02\x1f\x7f tab\tline\nreturn\r"),
        BATON_STR_INIT(
            "line \xe2\x80\xa8 paragraph \xe2\x80\xa9 right-to-left \xe2\x80\xae dcba \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"),
        BATON_STR_INIT("\xf0\x9f\x92\xa5<"),
        BATON_STR_INIT("<"),
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct baton_result_turn step = steps[0];
        struct baton_result_exchange exchange = misrouted();
        struct baton_result result = result_of(&exchange, 1);
        step.agent = step.reason = step.text = result.id = exchange.question = exchange.start = texts[i];
        exchange.steps = &step;
        exchange.step_count = 1;
        struct baton_str line = line_of(arena, &result, 1);
        cr_expect_null(memchr(line.data, '<', line.length), "row %zu: %s", i, line.data);
        const struct baton_json *root = parsed_json(arena, line, "line");
        static const char *const paths[] = { "id", "names.0", "runs.0.x.0.q", "runs.0.x.0.steps.0.why",
                                             "runs.0.x.0.steps.0.t" };
        for (size_t k = 0; k < COUNT_OF(paths); k++) {
            cr_expect(baton_str_equal(parsed_text(root, paths[k]), texts[i]), "row %zu: %s", i, paths[k]);
        }
    }
    baton_arena_free(arena);
}

Test(html, a_long_text_is_cut_and_says_how_long_it_was)
{
    enum { LONG = 100 * 1024 };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    char *text = baton_arena_alloc(arena, LONG);
    memset(text, 'x', LONG);
    struct baton_result_exchange exchange = misrouted();
    struct baton_result result = result_of(&exchange, 1);
    exchange.question = result.id = (struct baton_str){ text, LONG };
    const struct baton_json *root = read_line(arena, &result, 1);
    cr_expect_eq(parsed_text(root, "runs.0.x.0.q.0").length, BATON_HTML_TEXT_BYTES);
    cr_expect_eq(parsed_count(root, "runs.0.x.0.q.1"), LONG);
    cr_expect_eq(parsed_text(root, "id").length, BATON_HTML_NAME_BYTES + strlen("\xe2\x80\xa6"));
    baton_arena_free(arena);
}

/* Far more of everything than a page has room for. */
static struct baton_result *huge(struct baton_arena *arena, uint32_t repeats, uint32_t exchanges)
{
    enum { TURNS = 40, OFFERED = 300, TEXT = 5000, NAME = 300 };
    struct baton_result *results = baton_arena_zero(arena, repeats * sizeof *results);
    struct baton_result_exchange *rows = baton_arena_array(arena, exchanges, sizeof *rows);
    struct baton_result_turn *turns = baton_arena_array(arena, TURNS, sizeof *turns);
    struct baton_str *names = baton_arena_array(arena, OFFERED, sizeof *names);
    char *text = baton_arena_alloc(arena, TEXT);
    memset(text, '<', TEXT);
    for (uint32_t i = 0; i < OFFERED; i++) {
        names[i] = (struct baton_str){ baton_arena_printf(arena, "%0*u", NAME, i), NAME };
    }
    for (uint32_t i = 0; i < TURNS; i++) {
        turns[i] = steps[i % 2];
        turns[i].text = turns[i].reason = turns[i].wanted = (struct baton_str){ text, TEXT };
        turns[i].offered = names;
        turns[i].offered_count = OFFERED - i;
    }
    for (uint32_t i = 0; i < exchanges; i++) {
        rows[i] = misrouted();
        rows[i].question = rows[i].text = (struct baton_str){ text, TEXT };
        rows[i].steps = turns;
        rows[i].step_count = TURNS;
        rows[i].route = names;
        rows[i].route_count = OFFERED;
    }
    for (uint32_t i = 0; i < repeats; i++) {
        results[i] = result_of(rows, exchanges);
        results[i].repeat = i;
    }
    return results;
}

Test(html, a_line_is_bounded_and_says_what_it_leaves_out)
{
    enum { REPEATS = 30, EXCHANGES = 60 };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_str line = line_of(arena, huge(arena, REPEATS, EXCHANGES), REPEATS);
    cr_expect_lt(line.length, LINE_MAX_BYTES, "%zu", line.length);
    const struct baton_json *root = parsed_json(arena, line, "line"), *runs = parsed_at(root, "runs");
    cr_expect_eq(runs->count, BATON_HTML_RUNS);
    cr_expect_eq(parsed_count(root, "counts.failed"), REPEATS);
    int64_t shown = 0, left = 0, shown_steps = 0;
    for (const struct baton_json *run = runs->child; run != NULL; run = run->next) {
        const struct baton_json *rest = baton_json_get(run, "left");
        shown += parsed_at(run, "x")->count;
        left += rest == NULL ? 0 : (int64_t)rest->number;
        for (const struct baton_json *x = parsed_at(run, "x")->child; x != NULL; x = x->next) {
            const struct baton_json *list = baton_json_get(x, "steps");
            shown_steps += list == NULL ? 0 : list->count;
        }
    }
    cr_expect_eq(shown, BATON_HTML_EXCHANGES);
    cr_expect_eq(shown + left, BATON_HTML_RUNS * EXCHANGES);
    cr_expect_eq(shown_steps, BATON_HTML_STEPS);
    cr_expect_eq(parsed_at(root, "runs.0.x.0.steps.0.of")->count, BATON_HTML_OFFERED);
    cr_expect_eq(parsed_count(root, "runs.0.x.0.steps.0.more"), 300 - BATON_HTML_OFFERED);
    cr_expect_eq(parsed_count(root, "runs.0.x.30.hops"), 300);
    baton_arena_free(arena);
}

Test(html, an_offer_is_written_once_until_it_changes)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_turn turns[] = { steps[0], steps[0], steps[0] };
    turns[2].offered_count = 1;
    struct baton_result_exchange exchange = misrouted();
    exchange.steps = turns;
    exchange.step_count = 3;
    struct baton_result result = result_of(&exchange, 1);
    const struct baton_json *list = parsed_at(read_line(arena, &result, 1), "runs.0.x.0.steps");
    cr_expect_eq(parsed_at(list, "0.of")->count, 2u);
    cr_expect_null(baton_json_get(parsed_at(list, "1"), "of"));
    cr_expect_eq(parsed_at(list, "2.of")->count, 1u);
    baton_arena_free(arena);
}

Test(html, an_exchange_is_got_as_the_confusion_matrix_counts_it)
{
    static const struct row {
        const char *status, *last_choice, *want;
    } rows[] = {
        { "answered", "answer", "triage" },     { "handoff", "handoff", "triage" },
        { "unanswered", "nothing", "@none" },   { "unanswered", "rejected", "@invalid" },
        { "max_turns", "tools", "@exhausted" }, { "max_handoffs", "rejected", "@exhausted" },
        { "loop", "handoff", "@exhausted" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_result_turn turns[] = { steps[0], steps[1] };
        turns[1].choice = rows[i].last_choice;
        struct baton_result_exchange exchange = bare(rows[i].status);
        exchange.label = misrouted().label;
        exchange.steps = turns;
        exchange.step_count = 2;
        struct baton_result result = result_of(&exchange, 1);
        const struct baton_json *root = read_line(arena, &result, 1);
        const char *place = baton_arena_printf(arena, "names.%d", (int)parsed_count(root, "runs.0.x.0.got"));
        cr_expect(parsed_is(root, place, rows[i].want), "%s after %s", rows[i].status, rows[i].last_choice);
    }
    baton_arena_free(arena);
}

Test(html, repeats_come_with_the_failing_ones_first)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange wrong = misrouted(), right = misrouted(), broken = misrouted();
    right.label.is_correct = true;
    broken.label.is_judged = false;
    struct baton_result repeats[] = { result_of(&right, 1), result_of(&broken, 1), result_of(&right, 1),
                                      result_of(&wrong, 1) };
    for (uint32_t i = 0; i < COUNT_OF(repeats); i++) {
        repeats[i].repeat = i;
    }
    const struct baton_json *root = read_line(arena, repeats, COUNT_OF(repeats));
    cr_expect(parsed_is(root, "o", "failed"));
    cr_expect(parsed_is(root, "runs.0.o", "failed") && parsed_count(root, "runs.0.n") == 3);
    cr_expect(parsed_is(root, "runs.1.o", "error") && parsed_count(root, "runs.1.n") == 1);
    cr_expect(parsed_is(root, "runs.2.o", "passed") && baton_json_get(parsed_at(root, "runs.2"), "n") == NULL);
    cr_expect_eq(parsed_count(root, "counts.passed"), 2);
    baton_arena_free(arena);
}

/* ---- the frame and the figures ---- */

static struct baton_summary small_summary(void)
{
    static const struct baton_gate_result gates[] = {
        { .gate = { "accuracy >= 1", 13 }, .value = NAN, .verdict = BATON_GATE_FAIL, .why = { "</script>", 9 } },
    };
    return (struct baton_summary){
        .suite = { .name = BATON_STR("<b>&\"'</title>"), .provider = BATON_STR("transcript") },
        .routing = { .accuracy = { .value = NAN, .ci_low = NAN, .ci_high = NAN }, .kappa = NAN },
        .gates = gates,
        .gate_count = 1,
    };
}

static const struct baton_comparison_case cases[] = {
    { .id = BATON_STR_INIT("<i>"), .baseline = 1, .candidate = 0, .failed = BATON_STR_INIT("final") },
};
static const struct baton_comparison_agent compared_agents[] = {
    { .agent = BATON_STR_INIT("billing"), .both = 7, .baseline_only = 1, .mid_p = 0.5, .mid_p_holm = NAN },
};
static const struct baton_comparison_figure compared_figures[] = { { "accuracy", 0.9, NAN } };

static struct baton_comparison small_comparison(void)
{
    return (struct baton_comparison){
        .baseline = BATON_STR("before"),
        .candidate = BATON_STR("after"),
        .both = 7,
        .baseline_only = 1,
        .difference = -0.125,
        .ci_low = -0.47,
        .ci_high = 0.22,
        .exact_p = 1,
        .mid_p = 0.5,
        .flip_p = NAN,
        .detectable = NAN,
        .newly_failing = cases,
        .newly_failing_count = COUNT_OF(cases),
        .agents = compared_agents,
        .agent_count = COUNT_OF(compared_agents),
        .figures = compared_figures,
        .figure_count = COUNT_OF(compared_figures),
        .verdict = BATON_COMPARISON_UNCLEAR,
        .sentence = BATON_STR("one case got worse; that may be chance"),
    };
}

static void put_page(struct baton_text *text, const struct baton_report_context *context)
{
    struct baton_result_exchange exchange = misrouted();
    struct baton_result result = result_of(&exchange, 1);
    baton_html_before(text, context);
    baton_html_conversation(text, BATON_STR("suite"), &result, 1);
    baton_html_after(text, context);
}

/* What stands between two marks; the second one is looked for behind the first. */
static struct baton_str between(struct baton_str text, const char *from, const char *to)
{
    const char *start = strstr(text.data, from);
    cr_assert_not_null(start, "%s", from);
    start += strlen(from);
    const char *end = strstr(start, to);
    cr_assert_not_null(end, "%s", to);
    return (struct baton_str){ start, (size_t)(end - start) };
}

Test(html, figures_are_in_the_page_as_json)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary summary = small_summary();
    struct baton_comparison comparison = small_comparison();
    struct baton_report_context context = { .summary = &summary,
                                            .is_replay = true,
                                            .explain = "baton explain x",
                                            .comparison = &comparison,
                                            .shown = { .failed = 1, .failed_all = 2, .others_all = 9 } };
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    put_page(&text, &context);
    cr_assert(!text.failed);
    struct baton_str run = between(baton_text_str(&text), "id=\"run\">\n", "</script>");
    const struct baton_json *root = parsed_json(arena, run, "run");
    cr_expect_eq(parsed_count(root, "shown.failed_all"), 2);
    cr_expect(parsed_true(root, "is_replay") && parsed_is_null(root, "reason"));
    cr_expect(parsed_is_null(root, "summary.routing.accuracy.value"), "undefined is not 0");
    cr_expect(parsed_is(root, "summary.gates.0.why", "</script>"));
    cr_expect(parsed_is(root, "comparison.newly_failing.0.id", "<i>"));
    cr_expect(parsed_is(root, "comparison.verdict", "unclear") && parsed_is_null(root, "comparison.flip_p"));
    cr_expect(parsed_is_null(root, "comparison.agents.0.mid_p_holm"));
    cr_expect_eq(parsed_number(root, "comparison.figures.0.baseline"), 0.9);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(html, the_page_asks_nothing_of_a_network_and_lets_in_only_its_own_script)
{
    struct baton_summary summary = small_summary();
    struct baton_report_context context = { .summary = &summary };
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    put_page(&text, &context);
    cr_assert(!text.failed);
    struct baton_str policy = between(baton_text_str(&text), "Content-Security-Policy\" content=\"", "\"");
    cr_expect_eq(
        strncmp(policy.data, "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-", 75), 0);
    cr_expect_null(memmem(policy.data, policy.length, "unsafe", 6));
    struct baton_str title = between(baton_text_str(&text), "<title>", "</title>");
    cr_expect(baton_str_is(title, "FAIL: &lt;b&gt;&amp;&quot;&#39;&lt;/title&gt; - baton"), "%.*s", (int)title.length,
              title.data);
    static const char *const never[] = { "src=", "href=\"http", "@import", "url(http", "innerHTML", "insertAdjacent" };
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        cr_expect_null(strstr(text.data, never[i]), "%s", never[i]);
    }
    baton_text_clear(&text);
}

Test(html, style_and_script_end_nothing_early)
{
    const struct baton_html_asset *const assets[] = { &baton_html_css, &baton_html_js };
    for (size_t i = 0; i < COUNT_OF(assets); i++) {
        cr_expect_eq(strlen(assets[i]->hash), strlen("sha256-") + 44);
        cr_expect_null(memmem(assets[i]->bytes, assets[i]->length, "</", 2));
        cr_expect_null(memmem(assets[i]->bytes, assets[i]->length, "<!--", 4));
        cr_expect_null(memchr(assets[i]->bytes, '\r', assets[i]->length), "the parser would change it, and its hash");
    }
}

Test(html, without_memory_or_room_the_text_says_so)
{
    struct baton_summary summary = small_summary();
    struct baton_comparison comparison = small_comparison();
    struct baton_report_context context = { .summary = &summary, .comparison = &comparison };
    struct baton_text whole = baton_text_with_limit(MEMORY_MAX);
    put_page(&whole, &context);
    cr_assert(!whole.failed);
    uint64_t failures = 0;
    for (uint64_t n = 1;; n++) {
        struct baton_text text = baton_text_with_limit(MEMORY_MAX);
        baton_arena_fail_after(n);
        put_page(&text, &context);
        baton_arena_fail_after(0);
        bool has_failed = text.failed;
        cr_expect(has_failed || (text.length == whole.length && memcmp(text.data, whole.data, text.length) == 0),
                  "allocation %llu", (unsigned long long)n);
        baton_text_clear(&text);
        if (!has_failed) {
            break;
        }
        failures++;
    }
    cr_expect_gt(failures, 10u);
    for (size_t limit = 0; limit < whole.length; limit += 997) {
        struct baton_text text = baton_text_with_limit(limit);
        put_page(&text, &context);
        cr_expect(text.failed, "limit %zu", limit);
        baton_text_clear(&text);
    }
    baton_text_clear(&whole);
}
