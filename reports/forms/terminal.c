/* terminal.c - the report for people, a section for each question that they ask.
 *
 * A section that has nothing to say is left out whole, heading and all. Lists are short, the worst first, as the rest is in
 * the files; each figure stands with what it was counted over, and an interval where chance matters.
 */
#include "reports/forms/terminal.h"

#include "engine/base/terminal.h"
#include "reports/figures.h"
#include "reports/forms/terminal_comparison.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    AGENT_ROWS_MAX = 16,
    MISTAKE_ROWS_MAX = 8,
    UNUSED_MAX = 6,
    FLAKY_ROWS_MAX = 6,
    BAR_WIDTH = 30,
    ITEMS_WIDTH = 90
};

struct page {
    struct baton_text *out;
    const struct baton_summary *summary;
    const struct baton_report_context *options;
};

static void colour(const struct page *page, enum baton_colour which)
{
    baton_terminal_colour(page->out, page->options->has_colour, which);
}

static void heading(const struct page *page, const char *text)
{
    baton_text_putc(page->out, '\n');
    colour(page, BATON_BOLD);
    baton_text_puts(page->out, text);
    colour(page, BATON_PLAIN);
    baton_text_putc(page->out, '\n');
}

/* A ratio as a percentage in eight columns. */
static void percent(const struct page *page, double value)
{
    if (isnan(value)) {
        baton_text_printf(page->out, "%8s", "n/a");
    } else {
        baton_text_printf(page->out, "%6.1f %%", value * 100);
    }
}

static void number(const struct page *page, double value)
{
    if (isnan(value)) {
        baton_text_puts(page->out, "n/a");
    } else {
        baton_text_printf(page->out, "%.3f", value);
    }
}

/* ---- figures of the table ---- */

static void rate_line(const struct page *page, const struct baton_figure *row, const void *base)
{
    struct baton_rate rate;
    memcpy(&rate, (const char *)base + row->offset, sizeof rate);
    if (rate.n > 0) {
        baton_text_printf(page->out, "  %-17s", row->label);
        percent(page, rate.value);
        baton_text_printf(page->out, "  [%.1f, %.1f]  %" PRIu64 " of %" PRIu64 "\n", rate.ci_low * 100,
                          rate.ci_high * 100, rate.correct, rate.n);
    }
}

static void share_line(const struct page *page, const struct baton_figure *row, const void *base)
{
    uint64_t n = baton_figure_n(row, base);
    if (n > 0) {
        baton_text_printf(page->out, "  %-17s", row->label);
        percent(page, baton_figure_number(row, base));
        baton_text_printf(page->out, "  of %" PRIu64 " %s\n", n, row->of);
    }
}

/* Whether a row is one of those that items() writes, and has something to say. */
static bool is_item(const struct page *page, const struct baton_figure *row)
{
    const void *base = baton_figure_base(row, page->summary);
    bool is_plain = row->kind != BATON_FIGURE_RATE && row->kind != BATON_FIGURE_DISTRIBUTION && row->of == NULL;
    return is_plain && base != NULL && baton_figure_n(row, base) > 0 &&
           ((row->on & BATON_ON_NOT_0) == 0 || fabs(baton_figure_number(row, base)) > 0);
}

/* The plain figures of a section in a line: `loops 1 (self 0, ping-pong 1)  revisits 2`. */
static void items(const struct page *page, enum baton_section section, const char *indent)
{
    bool has_any = false, is_open = false;
    size_t start = page->out->length;
    for (const struct baton_figure *row = NULL;
         (row = baton_figure_next_on(row, section, BATON_ON_TERMINAL)) != NULL;) {
        bool is_part = (row->on & BATON_ON_PART) != 0;
        if (!is_item(page, row)) {
            continue;
        }
        baton_text_puts(page->out, is_open && !is_part ? ")" : "");
        if (!is_part && page->out->length - start > ITEMS_WIDTH) {
            baton_text_putc(page->out, '\n');
            start = page->out->length;
        }
        baton_text_puts(page->out, page->out->length == start ? indent : !is_part ? "  " : is_open ? ", " : " (");
        baton_text_printf(page->out, "%s ", row->label);
        baton_figure_put(page->out, row, baton_figure_number(row, baton_figure_base(row, page->summary)));
        is_open = is_part;
        has_any = true;
    }
    baton_text_puts(page->out, is_open ? ")\n" : has_any ? "\n" : "");
}

/* The rates of a section, then the shares of it. */
static void lines(const struct page *page, enum baton_section section, const struct baton_figure *but)
{
    for (int shares = 0; shares <= 1; shares++) {
        for (const struct baton_figure *row = NULL;
             (row = baton_figure_next_on(row, section, BATON_ON_TERMINAL)) != NULL;) {
            const void *base = baton_figure_base(row, page->summary);
            if (!shares && base != NULL && row->kind == BATON_FIGURE_RATE && row != but) {
                rate_line(page, row, base);
            } else if (shares && base != NULL && row->of != NULL) {
                share_line(page, row, base);
            }
        }
    }
}

/* All figures of a section but those that a picture of it shows. */
static void figures(const struct page *page, enum baton_section section)
{
    items(page, section, "  ");
    lines(page, section, NULL);
}

/* ---- verdict and gates ---- */

static void verdict(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    colour(page, summary->passed ? BATON_GREEN : BATON_RED);
    colour(page, BATON_BOLD);
    baton_text_puts(page->out, summary->passed ? "PASS" : "FAIL");
    colour(page, BATON_PLAIN);
    baton_text_puts(page->out, "  ");
    baton_terminal_pad(page->out, summary->suite.name, 0);
    baton_text_printf(page->out, ": %" PRIu64 " conversations, %" PRIu64 " exchanges, %" PRIu64 " turns",
                      summary->counts.conversations, summary->counts.exchanges, summary->counts.turns);
    if (page->options->verdict_reason != NULL) {
        baton_text_printf(page->out, "; %s", page->options->verdict_reason);
    }
    baton_text_putc(page->out, '\n');
    if (page->options->is_replay) {
        colour(page, BATON_DIM);
        baton_text_puts(page->out,
                        "      replay: judges the harness and the recorded decisions, not a model of today\n");
        colour(page, BATON_PLAIN);
    }
    figures(page, BATON_SECTION_RUN);
}

static void gates(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    if (summary->gate_count == 0) {
        return;
    }
    heading(page, "gates");
    for (size_t i = 0; i < summary->gate_count; i++) {
        const struct baton_gate_result *gate = &summary->gates[i];
        bool passed = gate->verdict == BATON_GATE_PASS, skipped = gate->verdict == BATON_GATE_SKIP;
        colour(page, passed ? BATON_GREEN : skipped ? BATON_YELLOW : BATON_RED);
        baton_text_printf(page->out, "  %-5s", passed ? "ok" : skipped ? "skip" : "FAIL");
        colour(page, BATON_PLAIN);
        baton_terminal_pad(page->out, gate->gate, 46);
        if (!isnan(gate->value)) {
            baton_text_putc(page->out, ' ');
            baton_report_number(page->out, gate->value);
        }
        baton_text_printf(page->out, "  (n %" PRIu64 ")", gate->n);
        if (gate->why.length > 0) {
            baton_text_puts(page->out, "  ");
            baton_terminal_pad(page->out, gate->why, 0);
        }
        baton_text_putc(page->out, '\n');
    }
}

static void baseline(const struct page *page)
{
    if (page->summary->baseline != NULL) {
        heading(page, "against the baseline");
        baton_terminal_comparison_write(page->out, page->summary->baseline, page->options->has_colour);
        figures(page, BATON_SECTION_BASELINE);
    }
}

/* ---- routing ---- */

/* Where exchanges fall together by conversation, the plain interval says too much. */
static void clusters(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    if (summary->routing.clusters.n < summary->routing.accuracy.n && !isnan(summary->routing.clusters.ci_low)) {
        baton_text_printf(page->out, "    by conversation            [%.1f, %.1f]  %" PRIu64 " of them, design effect ",
                          summary->routing.clusters.ci_low * 100, summary->routing.clusters.ci_high * 100,
                          summary->routing.clusters.n);
        number(page, summary->routing.clusters.design_effect);
        baton_text_putc(page->out, '\n');
    }
}

static void routing(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    heading(page, "routing");
    if (summary->counts.labelled == 0) {
        baton_text_puts(page->out,
                        "  no labels, so nothing to judge; add \"expect\": {\"final\": ...} to user messages\n");
        return;
    }
    const struct baton_figure *first = baton_figure_next_on(NULL, BATON_SECTION_ROUTING, BATON_ON_TERMINAL);
    rate_line(page, first, summary); /* accuracy, and what it is to be held against */
    if (summary->routing.accuracy.n > 0) {
        items(page, BATON_SECTION_ROUTING, "    ");
        clusters(page);
    }
    lines(page, BATON_SECTION_ROUTING, first);
}

static void repeats(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    if (summary->repeats.n < 2 || summary->repeats.cases == 0) {
        return;
    }
    heading(page, "repeats");
    figures(page, BATON_SECTION_REPEATS);
    baton_text_printf(page->out, "  %-12s %14s %14s\n", "k", "one of k", "all of k");
    for (size_t i = 0; i < summary->repeats.pass_count; i++) {
        const struct baton_pass_figures *pass = &summary->repeats.passes[i];
        baton_text_printf(page->out, "  %-12" PRIu64 "       ", pass->k);
        percent(page, pass->pass_at);
        baton_text_puts(page->out, "       ");
        percent(page, pass->pass_hat);
        baton_text_putc(page->out, '\n');
    }
    for (size_t i = 0; i < summary->repeats.flakiest_count && i < FLAKY_ROWS_MAX; i++) {
        const struct baton_flaky_case *one = &summary->repeats.flakiest[i];
        baton_text_puts(page->out, i == 0 ? "  flakiest: " : ", ");
        baton_terminal_pad(page->out, one->id, 0);
        baton_text_printf(page->out, " %" PRIu64 "/%" PRIu64, one->passed, one->n);
    }
    baton_text_puts(page->out, summary->repeats.flakiest_count > 0 ? "\n" : "");
}

/* The i-th agent by rising F1 among those with support, or the i-th when all are shown. */
static size_t next_worst(const struct baton_summary *summary, bool *is_shown)
{
    size_t worst = summary->routing.agent_count;
    for (size_t i = 0; i < summary->routing.agent_count; i++) {
        const struct baton_agent_score *score = &summary->routing.agents[i];
        if (!is_shown[i] && (worst == summary->routing.agent_count ||
                             (isnan(score->f1) ? 2 : score->f1) <
                                 (isnan(summary->routing.agents[worst].f1) ? 2 : summary->routing.agents[worst].f1))) {
            worst = i;
        }
    }
    return worst;
}

static void agent_row(const struct page *page, const struct baton_agent_score *score, int width)
{
    baton_text_puts(page->out, "  ");
    baton_terminal_pad(page->out, score->agent, (size_t)width);
    baton_text_printf(page->out, " %8" PRIu64 " %9" PRIu64 " ", score->support, score->predicted);
    percent(page, score->precision);
    baton_text_puts(page->out, " ");
    percent(page, score->recall);
    baton_text_puts(page->out, "  ");
    number(page, score->f1);
    baton_text_putc(page->out, '\n');
}

static void agents(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    size_t count = summary->routing.agent_count;
    bool is_shown[1024] = { false };
    if (count == 0 || count > sizeof is_shown) {
        return;
    }
    bool shows_all = count <= AGENT_ROWS_MAX;
    int width = 16;
    for (size_t i = 0; i < count; i++) {
        width =
            (int)summary->routing.agents[i].agent.length > width ? (int)summary->routing.agents[i].agent.length : width;
    }
    heading(page, shows_all ? "agents" : "agents (the worst by F1)");
    baton_text_printf(page->out, "  %-*s %8s %9s %9s %8s %6s\n", width, "", "support", "predicted", "precision",
                      "recall", "F1");
    for (size_t row = 0; row < count && row < AGENT_ROWS_MAX; row++) {
        size_t i = shows_all ? row : next_worst(summary, is_shown);
        is_shown[i] = true;
        agent_row(page, &summary->routing.agents[i], width);
    }
    figures(page, BATON_SECTION_AGENTS);
}

/* The most frequent cells off the diagonal. */
static void mistakes(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    size_t count = summary->routing.label_count;
    uint64_t last = UINT64_MAX;
    size_t last_cell = 0;
    for (unsigned row = 0; row < MISTAKE_ROWS_MAX; row++) {
        size_t best = SIZE_MAX;
        for (size_t cell = 0; cell < count * count; cell++) {
            uint64_t n = summary->routing.cells[cell];
            bool is_left = n < last || (n == last && cell > last_cell);
            if (cell / count != cell % count && n > 0 && is_left &&
                (best == SIZE_MAX || n > summary->routing.cells[best])) {
                best = cell;
            }
        }
        if (best == SIZE_MAX) {
            return;
        }
        if (row == 0) {
            heading(page, "confused most often (expected > got)");
        }
        last = summary->routing.cells[best];
        last_cell = best;
        struct baton_str from = summary->routing.labels[best / count], to = summary->routing.labels[best % count];
        baton_text_printf(page->out, "  %5" PRIu64 "  ", last);
        baton_terminal_pad(page->out, from, 0);
        baton_text_puts(page->out, " > ");
        baton_terminal_pad(page->out, to, 0);
        baton_text_putc(page->out, '\n');
    }
}

/* ---- depth, loops, latency ---- */

static void depth(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    uint64_t most = 1;
    for (size_t i = 0; i < summary->depth.per_exchange_count; i++) {
        most = summary->depth.per_exchange[i].count > most ? summary->depth.per_exchange[i].count : most;
    }
    heading(page, "handoff depth (hops per exchange)");
    for (size_t i = 0; i < summary->depth.per_exchange_count && i < AGENT_ROWS_MAX; i++) {
        const struct baton_depth_count *row = &summary->depth.per_exchange[i];
        baton_text_printf(page->out, "  %3" PRIu64 " %8" PRIu64 " ", row->depth, row->count);
        uint64_t bar = (row->count * BAR_WIDTH + most - 1) / most;
        for (uint64_t k = 0; k < bar; k++) {
            baton_text_putc(page->out, '#');
        }
        baton_text_putc(page->out, '\n');
    }
    figures(page, BATON_SECTION_DEPTH);
}

static void trouble(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    heading(page, "loops and limits");
    figures(page, BATON_SECTION_LOOPS);
    figures(page, BATON_SECTION_LIMITS);
    uint64_t others =
        summary->counts.answered + summary->counts.unanswered + summary->counts.exhausted + summary->counts.errors;
    if (summary->counts.exchanges > others) {
        baton_text_printf(page->out, "  stopped at a handoff %" PRIu64 "\n", summary->counts.exchanges - others);
    }
}

static void distribution(const struct page *page, const struct baton_figure *row)
{
    struct baton_distribution d;
    memcpy(&d, (const char *)page->summary + row->offset, sizeof d);
    if (d.n == 0) {
        return;
    }
    const int64_t values[] = { d.p50, d.p90, d.p95, d.p99, d.max };
    baton_text_printf(page->out, "  %-14s %8" PRIu64, row->label, d.n);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        baton_text_printf(page->out, " %8.0f", (double)values[i] / 1e6);
    }
    baton_text_putc(page->out, '\n');
}

static void latency(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    if (summary->latency.exchange.n == 0) {
        return;
    }
    heading(page, "latency as recorded (ms)");
    baton_text_printf(page->out, "  %-14s %8s %8s %8s %8s %8s %8s\n", "", "n", "p50", "p90", "p95", "p99", "max");
    for (const struct baton_figure *row = NULL;
         (row = baton_figure_next_on(row, BATON_SECTION_LATENCY, BATON_ON_TERMINAL)) != NULL;) {
        if (row->kind == BATON_FIGURE_DISTRIBUTION) {
            distribution(page, row);
        }
    }
    figures(page, BATON_SECTION_LATENCY);
}

static void money(const struct page *page)
{
    if (page->summary->tokens.n > 0) {
        heading(page, baton_section_name(BATON_SECTION_COST));
        figures(page, BATON_SECTION_COST);
    }
}

static void coverage(const struct page *page)
{
    const struct baton_summary *summary = page->summary;
    if (summary->coverage.edges_n == 0) {
        return;
    }
    heading(page, "coverage");
    baton_text_printf(page->out, "  agents %" PRIu64 " of %" PRIu64 ", handoffs %" PRIu64 " of %" PRIu64,
                      summary->coverage.agents_n - summary->coverage.unused_agent_count, summary->coverage.agents_n,
                      summary->coverage.edges_n - summary->coverage.unused_edge_count, summary->coverage.edges_n);
    for (size_t i = 0; i < summary->coverage.unused_edge_count && i < UNUSED_MAX; i++) {
        const struct baton_edge_count *edge = &summary->coverage.unused_edges[i];
        baton_text_puts(page->out, i == 0 ? "; never used: " : ", ");
        baton_terminal_pad(page->out, edge->from, 0);
        baton_text_puts(page->out, " > ");
        baton_terminal_pad(page->out, edge->to, 0);
    }
    if (summary->coverage.unused_edge_count > UNUSED_MAX) {
        baton_text_printf(page->out, " and %zu more", summary->coverage.unused_edge_count - UNUSED_MAX);
    }
    baton_text_putc(page->out, '\n');
    figures(page, BATON_SECTION_COVERAGE);
}

static void look_at(const struct page *page)
{
    const char *line = page->options->failures;
    if (line == NULL || line[0] == '\0') {
        return;
    }
    heading(page, "to look at");
    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        baton_text_printf(page->out, "  %.*s\n", (int)(end - line), line);
        line = end + 1;
    }
    uint64_t failed = page->summary->routing.all_expectations.n - page->summary->routing.all_expectations.correct +
                      page->summary->counts.errors;
    baton_text_printf(page->out, "  %" PRIu64 " in all", failed);
    if (page->options->explain != NULL) {
        baton_text_printf(page->out, "; one in full: %s ID", page->options->explain);
    }
    baton_text_putc(page->out, '\n');
}

void baton_terminal_write(struct baton_text *out, const struct baton_report_context *context)
{
    struct page page = { .out = out, .summary = context->summary, .options = context };
    verdict(&page);
    gates(&page);
    baseline(&page);
    routing(&page);
    repeats(&page);
    agents(&page);
    mistakes(&page);
    depth(&page);
    trouble(&page);
    latency(&page);
    money(&page);
    coverage(&page);
    look_at(&page);
}
