/* markdown.c - the run and the comparison of two as Markdown.
 *
 * What GitHub is given too much of it drops whole, so each section may fill the text only up to a mark of its own: a row is
 * written, and taken back where it goes over. Long gates thus leave room for the agents, and both for the failures, and
 * what is left out is said with where it can be found.
 */
#include "reports/forms/markdown.h"

#include "reports/comparison.h"
#include "reports/figures.h"
#include "reports/forms/graph.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Where the sections end at the latest, so that each has room: what does not fit is left out, and said. */
enum { GATES_END = 15000, AGENTS_END = 30000, GRAPH_END = 45000, FAILURES_END = BATON_MARKDOWN_BYTES_MAX - 500 };

/* Text in a table cell or a paragraph: nothing in it is markup, nor a mention of a user or an issue (those are found after
 * the escapes are gone, hence the blank without width). */
static void plain(struct baton_text *out, struct baton_str text)
{
    struct baton_str cut = baton_str_cut(text, BATON_MARKDOWN_TEXT_BYTES_MAX);
    for (size_t i = 0; i < cut.length; i++) {
        unsigned char c = (unsigned char)cut.data[i];
        if (c < 0x20 || c == 0x7f) {
            baton_text_putc(out, ' ');
            continue;
        }
        if (c < 0x80 && strchr("\\`*_{}[]<>()#+-.:!|~@$&", c) != NULL) {
            baton_text_putc(out, '\\');
        }
        baton_text_putc(out, (char)c);
        if (c == '@' || c == '#') {
            baton_text_puts(out, "&#8203;");
        }
    }
    if (cut.length < text.length) {
        baton_text_puts(out, "\xe2\x80\xa6");
    }
}

/* Whether what was written from `start` on fits; takes it back where not. */
static bool fits(struct baton_text *out, size_t start, size_t end)
{
    if (out->length <= end) {
        return true;
    }
    out->length = start;
    out->data[start] = '\0';
    return false;
}

static void percent(struct baton_text *out, double number)
{
    if (isnan(number)) {
        baton_text_puts(out, "n/a");
    } else {
        baton_text_printf(out, "%.1f %%", number * 100);
    }
}

static void gate_row(struct baton_text *out, const struct baton_gate_result *gate)
{
    baton_text_puts(out, "| ");
    plain(out, gate->gate);
    baton_text_puts(out, " | ");
    baton_report_number(out, gate->value);
    baton_text_printf(out, " | %" PRIu64 " | ", gate->n);
    baton_text_puts(out, gate->verdict == BATON_GATE_PASS   ? "ok"
                         : gate->verdict == BATON_GATE_SKIP ? "skipped"
                                                            : "**FAIL**");
    baton_text_puts(out, gate->why.length == 0 ? "" : ": ");
    plain(out, gate->why);
    baton_text_puts(out, " |\n");
}

/* Those that failed come first where there are more than fit. */
static void write_gates(struct baton_text *out, const struct baton_summary *summary)
{
    static const enum baton_gate_verdict by_verdict[] = { BATON_GATE_FAIL, BATON_GATE_PASS, BATON_GATE_SKIP };
    bool is_whole = summary->gate_count <= BATON_MARKDOWN_ROWS_MAX;
    size_t shown = 0;
    if (summary->gate_count == 0) {
        return;
    }
    baton_text_puts(out, "\n| gate | value | n | |\n|---|---:|---:|---|\n");
    for (size_t v = 0; v < sizeof by_verdict / sizeof *by_verdict; v++) {
        for (size_t i = 0; i < summary->gate_count && shown < BATON_MARKDOWN_ROWS_MAX; i++) {
            size_t start = out->length;
            if (is_whole || summary->gates[i].verdict == by_verdict[v]) {
                gate_row(out, &summary->gates[i]);
                if (!fits(out, start, GATES_END)) {
                    break;
                }
                shown++;
            }
        }
        if (is_whole) {
            break;
        }
    }
    if (shown < summary->gate_count) {
        baton_text_printf(out, "\n%zu more gates are in summary.json.\n", summary->gate_count - shown);
    }
}

static void rate_row(struct baton_text *out, const struct baton_figure *row, const struct baton_rate *rate)
{
    if (rate->n > 0) {
        baton_text_printf(out, "| %s | ", row->label);
        percent(out, rate->value);
        baton_text_printf(out, " [%.1f, %.1f], %" PRIu64 " of %" PRIu64 " |\n", rate->ci_low * 100, rate->ci_high * 100,
                          rate->correct, rate->n);
    }
}

static void distribution_row(struct baton_text *out, const struct baton_figure *row, const struct baton_distribution *d)
{
    if (d->n > 0) {
        baton_text_printf(out, "| %s: %s (%s) | p50 %.0f, p95 %.0f, max %.0f, n %" PRIu64 " |\n",
                          baton_section_name(row->section), row->label, baton_unit_of(row->unit)->name,
                          (double)d->p50 / 1e6, (double)d->p95 / 1e6, (double)d->max / 1e6, d->n);
    }
}

static bool has_own_row(const struct baton_figure *row)
{
    return row->kind == BATON_FIGURE_RATE || row->kind == BATON_FIGURE_DISTRIBUTION || row->unit == BATON_UNIT_RATIO;
}

static void own_row(struct baton_text *out, const struct baton_figure *row, const void *base)
{
    const void *place = (const char *)base + row->offset;
    if (row->kind == BATON_FIGURE_RATE) {
        rate_row(out, row, place);
    } else if (row->kind == BATON_FIGURE_DISTRIBUTION) {
        distribution_row(out, row, place);
    } else if (!isnan(baton_figure_number(row, base))) {
        baton_text_printf(out, "| %s | ", row->label);
        baton_figure_put(out, row, baton_figure_number(row, base));
        baton_text_puts(out, " |\n");
    }
}

/* A row for each rate and ratio, and one for the other figures of a section. */
static void write_section(struct baton_text *out, const struct baton_summary *summary, enum baton_section section)
{
    unsigned shared = 0;
    for (const struct baton_figure *row = NULL;
         (row = baton_figure_next_on(row, section, BATON_ON_MARKDOWN)) != NULL;) {
        const void *base = baton_figure_base(row, summary);
        if (base != NULL && has_own_row(row)) {
            own_row(out, row, base);
        }
    }
    for (const struct baton_figure *row = NULL;
         (row = baton_figure_next_on(row, section, BATON_ON_MARKDOWN)) != NULL;) {
        const void *base = baton_figure_base(row, summary);
        if (base != NULL && !has_own_row(row)) {
            if (shared++ == 0) {
                baton_text_printf(out, "| %s | ", baton_section_name(section));
            } else {
                baton_text_puts(out, ", ");
            }
            baton_text_printf(out, "%s ", row->label);
            baton_figure_put(out, row, baton_figure_number(row, base));
        }
    }
    baton_text_puts(out, shared > 0 ? " |\n" : "");
}

static void write_figures(struct baton_text *out, const struct baton_summary *summary)
{
    baton_text_puts(out, "\n| figure | |\n|---|---|\n");
    for (enum baton_section section = 0; section < BATON_SECTION_COUNT; section++) {
        write_section(out, summary, section);
    }
}

static void agent_row(struct baton_text *out, const struct baton_agent_score *score)
{
    baton_text_puts(out, "| ");
    plain(out, score->agent);
    baton_text_printf(out, " | %" PRIu64 " | %" PRIu64 " | ", score->support, score->predicted);
    percent(out, score->precision);
    baton_text_puts(out, " | ");
    percent(out, score->recall);
    baton_text_puts(out, " | ");
    if (isnan(score->f1)) {
        baton_text_puts(out, "n/a |\n");
    } else {
        baton_text_printf(out, "%.3f |\n", score->f1);
    }
}

static void write_agents(struct baton_text *out, const struct baton_summary *summary)
{
    size_t count = summary->routing.agent_count;
    if (count == 0) {
        return;
    }
    baton_text_puts(out,
                    "\n| agent | support | predicted | precision | recall | F1 |\n|---|---:|---:|---:|---:|---:|\n");
    size_t shown = 0;
    for (; shown < count && shown < BATON_MARKDOWN_ROWS_MAX; shown++) {
        size_t start = out->length;
        agent_row(out, &summary->routing.agents[shown]);
        if (!fits(out, start, AGENTS_END)) {
            break;
        }
    }
    if (shown < count) {
        baton_text_printf(out, "\n%zu more agents are in summary.json.\n", count - shown);
    }
}

static uint32_t node_of(struct baton_str *names, uint32_t *count, struct baton_str name)
{
    uint32_t i = 0;
    while (i < *count && !baton_str_equal(names[i], name)) {
        i++;
    }
    if (i == *count) {
        names[(*count)++] = name;
    }
    return i;
}

static const char graph_left_out[] = "\nThe graph of %zu handoffs is too large to draw here; see baton graph.\n";

/* The observed graph, with the handoffs never taken dashed. */
static void write_graph(struct baton_text *out, const struct baton_summary *summary)
{
    struct baton_str names[2 * BATON_MARKDOWN_EDGES_MAX];
    struct baton_graph_edge edges[BATON_MARKDOWN_EDGES_MAX];
    size_t used = summary->edge_count, unused = summary->coverage.unused_edge_count;
    if (used + unused == 0) {
        return;
    }
    if (used + unused > BATON_MARKDOWN_EDGES_MAX) {
        baton_text_printf(out, graph_left_out, used + unused);
        return;
    }
    struct baton_graph graph = {
        .names = names, .edges = edges, .edge_count = used + unused, .entry = UINT32_MAX, .has_counts = true
    };
    for (size_t i = 0; i < used + unused; i++) {
        const struct baton_edge_count *edge = i < used ? &summary->edges[i] : &summary->coverage.unused_edges[i - used];
        edges[i] =
            (struct baton_graph_edge){ .from = node_of(names, &graph.node_count, edge->from), .is_declared = true };
        edges[i].to = node_of(names, &graph.node_count, edge->to);
        edges[i].count = i < used ? edge->count : 0;
    }
    size_t start = out->length;
    baton_text_puts(out, "\n```mermaid\n");
    baton_graph_write_mermaid(out, &graph);
    baton_text_puts(out, "```\n");
    if (!fits(out, start, GRAPH_END)) {
        baton_text_printf(out, graph_left_out, used + unused);
    }
}

static void write_failures(struct baton_text *out, const struct baton_report_context *context)
{
    const char *line = context->failures;
    if (line == NULL || line[0] == '\0') {
        return;
    }
    baton_text_puts(out, "\n### Not as expected\n\n");
    uint64_t shown = 0;
    while (*line != '\0' && shown < BATON_MARKDOWN_ROWS_MAX) {
        const char *end = strchrnul(line, '\n');
        size_t start = out->length;
        baton_text_puts(out, "- ");
        plain(out, (struct baton_str){ line, (size_t)(end - line) });
        baton_text_putc(out, '\n');
        if (!fits(out, start, FAILURES_END)) {
            break;
        }
        shown++;
        line = *end == '\0' ? end : end + 1;
    }
    uint64_t failed = context->summary->routing.all_expectations.n -
                      context->summary->routing.all_expectations.correct + context->summary->counts.errors;
    if (failed > shown) {
        baton_text_printf(out,
                          "\n%" PRIu64 " more expectations do not hold or met an error; all are in results.jsonl.\n",
                          failed - shown);
    }
}

/* ---- two runs ---- */

static void write_cases(struct baton_text *out, const char *heading, const struct baton_comparison_case *cases,
                        size_t count)
{
    if (count == 0) {
        return;
    }
    baton_text_printf(out, "\n%s: %zu\n\n", heading, count);
    for (size_t i = 0; i < count && i < BATON_MARKDOWN_CASES_MAX; i++) {
        baton_text_puts(out, "- ");
        plain(out, cases[i].id);
        if (cases[i].failed.length > 0) {
            baton_text_puts(out, ": ");
            plain(out, cases[i].failed);
        }
        baton_text_putc(out, '\n');
    }
    if (count > BATON_MARKDOWN_CASES_MAX) {
        baton_text_printf(out, "- and %zu more\n", count - BATON_MARKDOWN_CASES_MAX);
    }
}

void baton_markdown_write_comparison(struct baton_text *out, const struct baton_comparison *comparison)
{
    baton_text_puts(out, "### Against the baseline\n\n");
    plain(out, comparison->sentence);
    baton_text_puts(out, "\n\n| | |\n|---|---:|\n");
    baton_text_printf(out,
                      "| cases | %" PRIu64 " |\n| newly failing | %" PRIu64 " |\n| newly passing | %" PRIu64 " |\n",
                      comparison->cases, comparison->baseline_only, comparison->candidate_only);
    baton_text_puts(out, "| difference, points | ");
    baton_report_points(out, comparison->difference);
    baton_text_puts(out, " [");
    baton_report_points(out, comparison->ci_low);
    baton_text_puts(out, ", ");
    baton_report_points(out, comparison->ci_high);
    baton_text_printf(out, "] |\n| %s | ", comparison->has_repeats ? "sign-flip p" : "McNemar mid-p");
    baton_report_chance(out, baton_comparison_p(comparison));
    baton_text_puts(out, " |\n");
    for (size_t i = 0; i < comparison->figure_count; i++) {
        const struct baton_comparison_figure *figure = &comparison->figures[i];
        if (baton_comparison_has_moved(figure)) {
            baton_text_printf(out, "| %s | ", figure->name);
            baton_report_number(out, figure->baseline);
            baton_text_puts(out, " > ");
            baton_report_number(out, figure->candidate);
            baton_text_puts(out, " |\n");
        }
    }
    write_cases(out, "Newly failing", comparison->newly_failing, comparison->newly_failing_count);
    write_cases(out, "Newly passing", comparison->newly_passing, comparison->newly_passing_count);
}

/* ---- the whole ---- */

void baton_markdown_write(struct baton_text *out, const struct baton_report_context *context)
{
    const struct baton_summary *summary = context->summary;
    baton_text_printf(out, "## %s: ", summary->passed ? "PASS" : "FAIL");
    plain(out, summary->suite.name);
    baton_text_printf(out, "\n\n%" PRIu64 " conversations, %" PRIu64 " exchanges, %" PRIu64 " turns",
                      summary->counts.conversations, summary->counts.exchanges, summary->counts.turns);
    if (context->verdict_reason != NULL) {
        baton_text_puts(out, "; ");
        plain(out, baton_str_of(context->verdict_reason));
    }
    baton_text_puts(out, context->is_replay
                             ? ". A replay: judges the harness and the recorded decisions, not a model of today.\n"
                             : ".\n");
    write_gates(out, summary);
    if (summary->baseline != NULL) {
        baton_text_putc(out, '\n');
        baton_markdown_write_comparison(out, summary->baseline);
    }
    write_figures(out, summary);
    write_agents(out, summary);
    write_graph(out, summary);
    write_failures(out, context);
}
