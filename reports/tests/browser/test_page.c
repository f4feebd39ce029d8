/* test_page.c - the HTML report as people use it, in a browser. Run by `make check-browser`. */
#include "evals/tests/program.h"
#include "reports/comparison.h"
#include "reports/html/html.h"
#include "reports/tests/browser/browser.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WIDE = 1280, HIGH = 900, NARROW = 400, MANY = 10000, PAGE_BYTES_MAX = 5000000, LOAD_MS_MAX = 2000, LOADS = 3 };

#define SUPPORT "fixtures/suites/support.yaml"
#define ROWS "document.querySelectorAll('tr.conversation')"

/* A browser, and the program to make reports with. */
struct stand {
    struct program program;
    struct browser browser;
};

static void stand_open(struct stand *stand)
{
    browser_open(&stand->browser, WIDE, HIGH);
    program_open(&stand->program);
}

static void stand_close(struct stand *stand)
{
    cr_expect_str_eq(browser_complaints(&stand->browser), "");
    browser_close(&stand->browser);
    program_close(&stand->program);
}

/* Opens the report of a suite. */
static void go_suite(struct stand *stand, const char *suite)
{
    const char *report = program_text(&stand->program, "html=%s/report.html", stand->program.folder);
    struct program_run run = RUN(&stand->program, "eval", suite, "--report", report);
    cr_assert_leq(run.exit_code, 1, "%s", run.err.data);
    browser_go(&stand->browser, program_path(&stand->program, "report.html"));
}

static void go_text(struct stand *stand, struct baton_text *text)
{
    cr_assert(!text->failed);
    browser_go(&stand->browser, program_write(&stand->program, "page.html", baton_text_str(text)));
    baton_text_clear(text);
}

/* ---- what it shows ---- */

Test(page, puts_the_verdict_first_and_shows_the_figures_of_the_summary)
{
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    go_suite(&stand, SUPPORT);
    cr_expect(baton_str_is(browser_text(browser, "document.getElementById('verdict').textContent"), "PASS"));
    cr_expect(baton_str_is(browser_text(browser, "document.getElementById('accuracy').textContent"), "92.5\u202f%"));
    cr_expect(browser_holds(browser, "/37 of 40/.test(document.querySelector('.accuracy').textContent)"));
    cr_expect(browser_holds(browser, "/Replay/.test(document.querySelector('header').textContent)"));
    cr_expect(browser_holds(browser, "/All 32 conversations/.test(document.getElementById('shown').textContent)"));
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.gates li.pass').length"), 12);
    cr_expect_eq(browser_number(browser, ROWS ".length"), 32);
    stand_close(&stand);
}

Test(page, draws_each_agent_and_handoff_and_marks_the_undeclared)
{
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.node').length"), 8, "seven agents and a ghost");
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.edges .undeclared').length"), 1);
    cr_expect(browser_holds(browser, "/triage . refunds: asked for and refused/.test("
                                     "document.querySelector('.edges .undeclared title').textContent)"));
    cr_expect(browser_holds(browser, "document.querySelector('.node.entry text').textContent === 'triage'"));
    stand_close(&stand);
}

/* ---- filters, sorting, search ---- */

Test(page, a_cell_of_the_matrix_filters_the_table)
{
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    browser_click(browser, "[data-cell^='billing'].miss"); /* billing was expected, tech_support answered */
    cr_expect_eq(browser_number(browser, ROWS ".length"), 1);
    cr_expect(baton_str_is(browser_text(browser, ROWS "[0].dataset.id"), "misroute-double-charge"));
    cr_expect(browser_holds(browser,
                            "/expected billing, got tech_support/.test(document.querySelector('.only').textContent)"));
    cr_expect(browser_holds(browser, "document.querySelector('[data-cell^=billing].miss').ariaPressed === 'true'"));
    browser_click(browser, ".only button");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 32);
    cr_expect(browser_holds(browser, "document.activeElement.matches('[data-cell^=billing].miss')"),
              "back where it began");
    browser_click(browser, "[data-filter=failed]");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 3);
    browser_click(browser, "g.node.entry");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 32, "all begin with triage");
    stand_close(&stand);
}

Test(page, columns_sort_both_ways)
{
    static const char *const order =
        "(v => v.every((x, i) => i === 0 || %s))"
        "([..." ROWS "].map(r => Number(r.querySelector('[data-title=turns]').textContent)))";
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    const char *rising = program_text(&stand.program, order, "v[i - 1] <= x");
    const char *falling = program_text(&stand.program, order, "v[i - 1] >= x");
    cr_expect(!browser_holds(browser, "%s", rising));
    browser_click(browser, "[data-sort=turns] button");
    cr_expect(browser_holds(browser, "%s", rising));
    cr_expect(baton_str_is(browser_text(browser, "document.querySelector('[data-sort=turns]').ariaSort"), "ascending"));
    browser_click(browser, "[data-sort=turns] button");
    cr_expect(browser_holds(browser, "%s", falling));
    cr_expect(
        baton_str_is(browser_text(browser, "document.querySelector('[data-sort=turns]').ariaSort"), "descending"));
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('[aria-sort]:not([aria-sort=none])').length"), 1);
    stand_close(&stand);
}

Test(page, search_looks_into_ids_and_texts)
{
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    browser_click(browser, "#search");
    browser_type(browser, "MISROUTE");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 1);
    browser_holds(browser, "document.getElementById('search').select() === undefined");
    browser_type(browser, "charged me 2x");
    cr_expect(baton_str_is(browser_text(browser, ROWS "[0].dataset.id"), "misroute-double-charge"));
    browser_holds(browser, "document.getElementById('search').select() === undefined");
    browser_type(browser, "no such words");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 0);
    cr_expect(browser_holds(browser, "/No conversation/.test(document.getElementById('status').textContent)"));
    stand_close(&stand);
}

/* ---- timelines ---- */

Test(page, a_row_opens_into_its_timeline)
{
    static const char *const shown[] = { "charged me 2x",
                                         "Exchange 1",
                                         "handed over to tech_support",
                                         "billing expected",
                                         "not as expected",
                                         "final: expected billing, got tech_support",
                                         "ms",
                                         "tokens in" };
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    browser_click(browser, "tr[data-id=misroute-double-charge] button");
    struct baton_str text = browser_text(browser, "document.querySelector('tr.detail').textContent");
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        cr_expect(program_has(text, shown[i]), "%s: %.*s", shown[i], (int)text.length, text.data);
    }
    cr_expect(browser_holds(browser,
                            "[...document.querySelectorAll('.track .bar')].every(b => b.offsetWidth > 0 && "
                            "b.offsetLeft + b.offsetWidth <= b.parentNode.offsetLeft + b.parentNode.offsetWidth + 1)"));
    browser_click(browser, "tr[data-id=misroute-double-charge] button");
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('tr.detail').length"), 0);
    stand_close(&stand);
}

/* ---- keyboard, theme, width ---- */

static bool is_focused(struct browser *browser, const char *selector)
{
    return browser_holds(browser, "document.activeElement.matches(\"%s\")", selector);
}

/* Presses Tab until the focus is there. */
static void tab_to(struct browser *browser, const char *selector)
{
    unsigned presses = 0;
    while (!is_focused(browser, selector)) {
        cr_assert_lt(++presses, 200u, "Tab never comes to %s", selector);
        browser_press(browser, "Tab");
        cr_expect(browser_holds(browser, "(s => s.outlineStyle !== 'none' || document.activeElement.matches('.node'))"
                                         "(getComputedStyle(document.activeElement))"),
                  "a focus that cannot be seen, before %s", selector);
    }
}

Test(page, works_without_a_mouse)
{
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    struct browser *browser = &stand.browser;
    tab_to(browser, ".cell");
    browser_press(browser, "ArrowRight");
    cr_assert(is_focused(browser, ".cell.miss"), "triage expected, tech_support got");
    browser_press(browser, "ArrowDown");
    browser_press(browser, "Enter");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 1);
    cr_expect(is_focused(browser, ".only button"));
    browser_press(browser, "Escape");
    cr_expect_eq(browser_number(browser, ROWS ".length"), 32);
    cr_expect(is_focused(browser, ".cell.miss"));
    tab_to(browser, "g.node");
    tab_to(browser, "#search");
    tab_to(browser, "button.id");
    browser_press(browser, "ArrowDown");
    cr_expect(is_focused(browser, "tr:nth-child(2) button.id"));
    browser_press(browser, "Enter");
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('tr.detail .step').length > 0 ? 1 : 0"), 1);
    cr_expect(is_focused(browser, "[aria-expanded=true]"));
    browser_press(browser, "Escape");
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('tr.detail').length"), 0);
    browser_press(browser, "End");
    cr_expect(is_focused(browser, "tr:last-child button.id"));
    stand_close(&stand);
}

Test(page, is_light_or_dark_as_the_system_or_the_switch_says)
{
    static const char *const is_dark = "getComputedStyle(document.body).backgroundColor === 'rgb(20, 23, 26)'";
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    go_suite(&stand, SUPPORT);
    cr_expect(!browser_holds(browser, "%s", is_dark));
    browser_prefer(browser, "dark");
    cr_expect(browser_holds(browser, "%s", is_dark));
    browser_click(browser, "#theme");
    cr_expect(!browser_holds(browser, "%s", is_dark));
    browser_go(browser, program_path(&stand.program, "report.html"));
    cr_expect(!browser_holds(browser, "%s", is_dark), "remembered");
    browser_click(browser, "#theme");
    cr_expect(browser_holds(browser, "%s", is_dark));
    stand_close(&stand);
}

/* WCAG 2: the contrast of each text in the matrix, and of a few others, with what is behind it. */
static const char contrast[] =
    "(() => {"
    "  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });"
    "  const light = colour => { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);"
    "    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => v / 255)"
    "      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);"
    "    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
    "  const behind = e => (c => c === 'rgba(0, 0, 0, 0)' ? behind(e.parentElement) : c)(getComputedStyle(e).backgroundColor);"
    "  return Math.min(...[...document.querySelectorAll('.cell small, .cell b, .faint, .note, .state, .link, .mark, .bad')]"
    "    .map(e => [light(getComputedStyle(e).color), light(behind(e))])"
    "    .map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)));"
    "})()";

Test(page, texts_can_be_read_in_both_themes)
{
    static const char *const schemes[] = { "light", "dark" };
    struct stand stand;
    stand_open(&stand);
    go_suite(&stand, SUPPORT);
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        browser_prefer(&stand.browser, schemes[i]);
        double least = browser_number(&stand.browser, "%s", contrast);
        cr_expect_geq(least, 4.5, "%s: a contrast of %.2f", schemes[i], least);
    }
    stand_close(&stand);
}

Test(page, fits_narrow_windows)
{
    static const unsigned widths[] = { NARROW, 320, 768, WIDE };
    static const char *const suites[] = { SUPPORT, "fixtures/suites/mwoz.yaml", "fixtures/suites/support_loops.yaml" };
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    for (size_t s = 0; s < COUNT_OF(suites); s++) {
        for (size_t i = 0; i < COUNT_OF(widths); i++) {
            browser_resize(browser, widths[i], HIGH);
            go_suite(&stand, suites[s]);
            browser_click(browser, "tr.conversation button");
            browser_holds(browser,
                          "document.querySelectorAll('details').forEach(d => { d.open = true; }) === undefined");
            double width = browser_number(browser, "document.documentElement.scrollWidth");
            cr_expect_leq(width, widths[i], "%s at %u: %g", suites[s], widths[i], width);
        }
    }
    stand_close(&stand);
}

/* ---- many conversations ---- */

static const char agents_file[] =
    "version: 1\nentry: triage\nagents:\n"
    "  triage: { description: First., instructions: Route., handoffs: [billing, tech, sales, orders, accounts] }\n"
    "  billing: { description: Money., instructions: Bill., handoffs: [triage, refunds] }\n"
    "  tech: { description: Faults., instructions: Mend., handoffs: [triage] }\n"
    "  sales: { description: Plans., instructions: Sell., handoffs: [triage, billing] }\n"
    "  orders: { description: Parcels., instructions: Track., handoffs: [triage, refunds] }\n"
    "  accounts: { description: Sign-in., instructions: Check., handoffs: [triage] }\n"
    "  refunds: { description: Money back., instructions: Refund., handoffs: [] }\n";
static const char *const names[] = { "billing", "tech", "sales", "orders", "accounts" };

/* Every seventh goes to the wrong agent, and every hundredth to and fro. */
static const char *write_many(struct stand *stand, int text_bytes)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX);
    for (unsigned i = 0; i < MANY; i++) {
        const char *wanted = names[i % 5], *got = names[i % 7 == 3 ? (i + 1) % 5 : i % 5];
        baton_text_printf(
            &text,
            "{\"id\":\"made-%05u\",\"messages\":[{\"role\":\"user\",\"content\":\"Question %u: can you see to "
            "my %s matter? %0*u\",\"expect\":{\"final\":\"%s\"}}",
            i, i, wanted, text_bytes, i, wanted);
        for (unsigned hop = 0; hop < (i % 100 == 99 ? 4 : 0); hop++) {
            baton_text_printf(
                &text,
                ",{\"role\":\"assistant\",\"agent\":\"%s\",\"latency_ms\":300,\"tool_calls\":[{\"id\":\"h%u\",\"type\":"
                "\"function\",\"function\":{\"name\":\"transfer_to_%s\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
                "\"tool_call_id\":\"h%u\",\"content\":\"ok\"}",
                hop % 2 ? "sales" : "triage", hop, hop % 2 ? "triage" : "sales", hop);
        }
        baton_text_printf(
            &text,
            ",{\"role\":\"assistant\",\"agent\":\"triage\",\"latency_ms\":%u,\"tool_calls\":[{\"id\":\"c\",\"type\":"
            "\"function\",\"function\":{\"name\":\"transfer_to_%s\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
            "\"tool_call_id\":\"c\",\"content\":\"ok\"},{\"role\":\"assistant\",\"agent\":\"%s\",\"content\":\"Done, "
            "that is seen to.\",\"latency_ms\":%u}]}\n",
            300 + i * 7919 % 900, got, got, 400 + i * 104729 % 2500);
    }
    cr_assert(!text.failed);
    const char *path = program_write(&stand->program, "many.jsonl", baton_text_str(&text));
    baton_text_clear(&text);
    return path;
}

/* Makes the report of ten thousand and gives its best time to open, in milliseconds. */
static double open_many(struct stand *stand, int text_bytes)
{
    double best = INFINITY;
    const char *agents = program_file(&stand->program, "agents.yaml", agents_file);
    const char *report = program_text(&stand->program, "html=%s/many.html", stand->program.folder);
    struct program_run run = RUN(&stand->program, "eval", "--agents", agents, "--conversations",
                                 write_many(stand, text_bytes), "--report", report);
    cr_assert_leq(run.exit_code, 1, "%s", run.err.data);
    struct baton_str file = program_read(&stand->program, program_path(&stand->program, "many.html"));
    cr_expect_lt(file.length, PAGE_BYTES_MAX, "%zu bytes", file.length);
    for (unsigned i = 0; i < LOADS; i++) {
        browser_go(&stand->browser, program_path(&stand->program, "many.html"));
        best =
            fmin(best, browser_number(&stand->browser, "performance.getEntriesByType('navigation')[0].loadEventEnd"));
    }
    fprintf(stderr, "page: %d conversations, %zu bytes, open after %.0f ms\n", MANY, file.length, best);
    return best;
}

Test(page, ten_thousand_conversations_are_small_and_quick_to_open, .timeout = 300)
{
    static const int text_bytes[] = { 1, 900 };
    static const char *const bounded = "/^[0-9],[0-9]+ of 10,000 conversations are in this page, failures first "
                                       ".1,429 of 1,429 failing/";
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    for (size_t i = 0; i < COUNT_OF(text_bytes); i++) {
        double ms = open_many(&stand, text_bytes[i]);
        cr_expect(ms > 0 && ms < LOAD_MS_MAX, "%g ms", ms);
        struct baton_str shown = browser_text(browser, "document.getElementById('shown').textContent");
        cr_expect(browser_holds(browser, "%s.test(document.getElementById('shown').textContent)", bounded), "%.*s",
                  (int)shown.length, shown.data);
        cr_expect_eq(browser_number(browser, ROWS ".length"), 50, "paged");
        browser_click(browser, "#next");
        cr_expect(browser_holds(browser, "/^51 to 100 of /.test(document.getElementById('status').textContent)"));
        browser_click(browser, "#search");
        browser_type(browser, "made-09999"); /* the last that fails */
        cr_expect_eq(browser_number(browser, ROWS ".length"), 1);
    }
    stand_close(&stand);
}

/* ---- hostile, empty and large ---- */

static struct baton_summary empty_summary(void)
{
    struct baton_distribution none = { 0, -1, -1, -1, -1, -1, -1, -1 };
    struct baton_rate no_rate = { 0, 0, NAN, NAN, NAN };
    return (struct baton_summary){
        .routing = { .accuracy = no_rate,
                     .first_hop = no_rate,
                     .route = no_rate,
                     .all_expectations = no_rate,
                     .majority = NAN,
                     .balanced = NAN,
                     .macro_f1 = NAN,
                     .weighted_f1 = NAN,
                     .kappa = NAN,
                     .mcc = NAN,
                     .over_routing = NAN,
                     .under_routing = NAN,
                     .misrouting = NAN },
        .counts = { .phantom_handoffs = BATON_FIGURE_NONE },
        .depth = { .mean = NAN, .p95 = BATON_FIGURE_NONE, .max = BATON_FIGURE_NONE, .share_4_or_more = NAN },
        .loops = { .precision = NAN, .recall = NAN },
        .latency = { none, none, none, none, NAN },
        .coverage = { .agents = NAN, .edges = NAN },
        .passed = true,
    };
}

static struct baton_result_exchange one_exchange(const char *agent)
{
    return (struct baton_result_exchange){ .question = BATON_STR("Hello?"),
                                           .start = baton_str_of(agent),
                                           .final = baton_str_of(agent),
                                           .is_answered = true,
                                           .status = "answered",
                                           .turns = 1,
                                           .optimal = BATON_RESULT_UNKNOWN,
                                           .latency_ns = BATON_RESULT_UNKNOWN,
                                           .ttft_ns = BATON_RESULT_UNKNOWN,
                                           .text = BATON_STR("Hello.") };
}

Test(page, says_not_available_where_there_is_nothing)
{
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    struct baton_summary summary = empty_summary();
    struct baton_report_context context = { .summary = &summary };
    struct baton_text text = baton_text_with_limit(PAGE_BYTES_MAX);
    baton_html_before(&text, &context);
    baton_html_after(&text, &context);
    go_text(&stand, &text);
    cr_expect(browser_holds(browser, "/No conversations/.test(document.getElementById('shown').textContent)"));
    cr_expect(baton_str_is(browser_text(browser, "document.querySelector('.big').textContent"), "n/a"));
    cr_expect(browser_holds(browser, "/n.a/.test(document.getElementById('latency').textContent)"));
    cr_expect(
        !browser_holds(browser, "/NaN|undefined|null|Infinity/.test(document.getElementById('page').textContent)"));

    struct baton_result_exchange exchange = one_exchange("only");
    struct baton_result result = {
        .id = BATON_STR("a"), .status = "answered", .exchanges = &exchange, .exchange_count = 1
    };
    summary.counts.conversations = summary.counts.exchanges = summary.counts.turns = context.shown.others =
        context.shown.others_all = 1;
    text = baton_text_with_limit(PAGE_BYTES_MAX);
    baton_html_before(&text, &context);
    baton_html_conversation(&text, BATON_STR("s"), &result, 1);
    baton_html_after(&text, &context);
    go_text(&stand, &text);
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.node').length"), 1);
    cr_expect(baton_str_is(browser_text(browser, "document.querySelector('[data-title=time]').textContent"), "n/a"));
    browser_click(browser, "button.id");
    cr_expect(
        !browser_holds(browser, "/NaN|undefined|null|Infinity/.test(document.getElementById('page').textContent)"));
    stand_close(&stand);
}

Test(page, shows_hostile_texts_as_texts)
{
    static const char *const texts[] = { "</script><script>window.hacked = 1</script>",
                                         "<img src=x onerror='window.hacked = 1'>",
                                         "\"><svg onload=window.hacked=1>",
                                         "javascript:window.hacked=1",
                                         "\xe2\x80\xae right to left \xe2\x80\xa8 and on",
                                         "${window.hacked = 1}" };
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct baton_str hostile = baton_str_of(texts[i]);
        struct baton_result_exchange exchange = one_exchange(texts[i]);
        struct baton_result_turn step = { .agent = hostile,
                                          .offered = &hostile,
                                          .offered_count = 1,
                                          .choice = "rejected",
                                          .wanted = hostile,
                                          .reason = hostile,
                                          .text = hostile };
        struct baton_result result = {
            .id = hostile, .status = "answered", .exchanges = &exchange, .exchange_count = 1
        };
        struct baton_gate_result gate = { .gate = hostile, .verdict = BATON_GATE_FAIL, .why = hostile };
        struct baton_edge_count edge = { hostile, BATON_STR("b"), 3 };
        struct baton_summary summary = empty_summary();
        struct baton_report_context context = { .summary = &summary, .explain = texts[i], .verdict_reason = texts[i] };
        struct baton_text text = baton_text_with_limit(PAGE_BYTES_MAX);
        summary.suite.name = hostile;
        summary.gates = &gate;
        summary.edges = &edge;
        summary.gate_count = summary.edge_count = 1;
        exchange.steps = &step;
        exchange.step_count = 1;
        exchange.question = exchange.text = hostile;
        baton_html_before(&text, &context);
        baton_html_conversation(&text, hostile, &result, 1);
        baton_html_after(&text, &context);
        go_text(&stand, &text);
        browser_click(browser, "button.id");
        cr_expect(browser_holds(browser, "window.hacked === undefined"), "%s", texts[i]);
        cr_expect(baton_str_equal(browser_text(browser, "document.querySelector('h1').textContent"), hostile), "%s",
                  texts[i]);
        cr_expect(baton_str_equal(browser_text(browser, "document.querySelector('.said.user').textContent"), hostile),
                  "%s", texts[i]);
        cr_expect_eq(browser_number(browser, "document.querySelectorAll('#page img, #page script').length"), 0);
    }
    stand_close(&stand);
}

/* Agents in a ring with spokes, enough edges to be hard to draw. */
static void go_ring(struct stand *stand, uint32_t count)
{
    struct baton_str agents[64];
    struct baton_edge_count edges[192];
    struct baton_summary summary = empty_summary();
    struct baton_report_context context = { .summary = &summary };
    struct baton_text text = baton_text_with_limit(PAGE_BYTES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        agents[i] = baton_str_of(program_text(&stand->program, "agent_number_%u", i));
    }
    for (uint32_t i = 0; i < count; i++) {
        edges[3 * i] = (struct baton_edge_count){ agents[i], agents[(i + 1) % count], i };
        edges[3 * i + 1] = (struct baton_edge_count){ agents[i / 4], agents[i], 100 + i };
        edges[3 * i + 2] = (struct baton_edge_count){ agents[i], agents[i / 3], 1 };
    }
    summary.edges = edges;
    summary.edge_count = (size_t)count * 3;
    baton_html_before(&text, &context);
    baton_html_after(&text, &context);
    go_text(stand, &text);
}

Test(page, draws_graphs_without_covering_agents)
{
    static const uint32_t counts[] = { 1, 2, 3, 7, 20, 40 };
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        go_ring(&stand, counts[i]);
        cr_expect_eq(browser_number(browser, "document.querySelectorAll('.node').length"), counts[i]);
        cr_expect_eq(
            browser_number(browser,
                           "(b => b.filter((p, i) => b.some((q, k) => k > i && p.x < q.right && q.x < p.right && p.y < "
                           "q.bottom && q.y < p.bottom)).length)([...document.querySelectorAll('.node rect')]"
                           ".map(r => r.getBoundingClientRect()))"),
            0, "%u agents", counts[i]);
        cr_expect(browser_holds(
                      browser,
                      "(s => [...s.querySelectorAll('path, rect')].every(p => p.closest('defs') || (b => b.x >= 0 && "
                      "b.y >= 0 && b.x + b.width <= s.viewBox.baseVal.width && b.y + b.height <= "
                      "s.viewBox.baseVal.height)(p.getBBox())))(document.querySelector('.graph svg'))"),
                  "%u agents: something is drawn outside", counts[i]);
    }
    go_ring(&stand, 41);
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.graph').length"), 0);
    cr_expect(browser_holds(browser, "/41 agents are too many/.test(document.getElementById('handoffs').textContent)"));
    stand_close(&stand);
}

/* ---- the comparison ---- */

static const struct baton_comparison_case failing[] = {
    { .id = BATON_STR_INIT("worse"),
      .baseline = 1,
      .baseline_route = BATON_STR_INIT("a > b"),
      .candidate_route = BATON_STR_INIT("a"),
      .failed = BATON_STR_INIT("final: expected b, got a") },
    { .id = BATON_STR_INIT("elsewhere"), .baseline = 1 },
};

Test(page, a_newly_failing_conversation_leads_to_its_timeline)
{
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    struct baton_summary summary = empty_summary();
    struct baton_comparison comparison = { .baseline = BATON_STR("old"),
                                           .candidate = BATON_STR("new"),
                                           .both = 90,
                                           .baseline_only = 2,
                                           .neither = 8,
                                           .difference = -0.02,
                                           .ci_low = -0.055,
                                           .ci_high = 0.012,
                                           .exact_p = 0.5,
                                           .mid_p = 0.25,
                                           .flip_p = NAN,
                                           .detectable = 0.06,
                                           .newly_failing = failing,
                                           .newly_failing_count = 2,
                                           .verdict = BATON_COMPARISON_UNCLEAR,
                                           .sentence = BATON_STR("2 got worse, none better: this may be chance") };
    struct baton_report_context context = { .summary = &summary, .comparison = &comparison };
    struct baton_result_exchange exchange = one_exchange("a");
    struct baton_result result = {
        .id = BATON_STR("worse"), .status = "answered", .exchanges = &exchange, .exchange_count = 1
    };
    struct baton_text text = baton_text_with_limit(PAGE_BYTES_MAX);
    baton_html_before(&text, &context);
    baton_html_conversation(&text, BATON_STR("s"), &result, 1);
    baton_html_after(&text, &context);
    go_text(&stand, &text);
    cr_expect(browser_holds(browser, "/may be chance/.test(document.getElementById('compared').textContent)"));
    cr_expect(browser_holds(browser,
                            "/elsewhere \\(not in this page\\)/.test(document.querySelector('.cases').textContent)"));
    cr_expect_eq(browser_number(browser, "document.querySelectorAll('.cases button').length"), 1);
    browser_click(browser, ".cases button");
    cr_expect(browser_holds(browser, "document.querySelector('tr.detail').dataset.id === 'worse'"));
    cr_expect(browser_holds(browser, "document.activeElement.matches('button.id[aria-expanded=true]')"));
    stand_close(&stand);
}

/* ---- pictures for the documentation ---- */

enum { PICTURE_BYTES_MAX = 150 * 1024, PICTURE_WIDE = 1100, PICTURE_HIGH = 780 };

static void check_picture(struct stand *stand, const char *name)
{
    struct baton_str picture = browser_picture(&stand->browser);
    cr_expect(picture.length > 1000 && picture.length < PICTURE_BYTES_MAX, "%s: %zu bytes", name, picture.length);
    if (getenv("BATON_PICTURES") == NULL) {
        return;
    }
    FILE *file = fopen(program_text(&stand->program, "reports/docs/%s.png", name), "we");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(picture.data, 1, picture.length, file), picture.length);
    cr_assert_eq(fclose(file), 0);
}

Test(page, has_its_picture_taken)
{
    static const char *const show = "document.querySelector('%s').scrollIntoView() === undefined";
    struct stand stand;
    stand_open(&stand);
    struct browser *browser = &stand.browser;
    browser_resize(browser, PICTURE_WIDE, PICTURE_HIGH);
    go_suite(&stand, SUPPORT);
    check_picture(&stand, "report");
    browser_holds(browser, show, "#handoffs");
    check_picture(&stand, "report-graph");
    browser_click(browser, "tr[data-id=misroute-double-charge] button");
    browser_prefer(browser, "dark");
    browser_holds(browser, show, "tr.conversation");
    check_picture(&stand, "report-timeline-dark");
    browser_prefer(browser, "light");
    browser_resize(browser, NARROW, PICTURE_HIGH);
    browser_go(browser, program_path(&stand.program, "report.html"));
    check_picture(&stand, "report-narrow");
    stand_close(&stand);
}
