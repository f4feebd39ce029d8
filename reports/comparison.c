#include "reports/comparison.h"

#include "reports/markdown.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { SHOWN_MAX = 50, ROWS_MAX = 40, BREAK_DEPTH = 2 };

const char *baton_comparison_verdict_name(enum baton_comparison_verdict verdict)
{
    static const char *const names[] = { "same", "worse", "better", "unclear" };
    return names[verdict];
}

double baton_comparison_p(const struct baton_comparison *comparison)
{
    return comparison->has_repeats ? comparison->flip_p : comparison->mid_p;
}

/* Without what a terminal would obey. */
static void plain(struct baton_text *out, struct baton_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        baton_text_putc(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

static void number(struct baton_text *out, double value)
{
    if (isnan(value)) {
        baton_text_puts(out, "n/a");
    } else {
        baton_text_double(out, round(value * 1e6) / 1e6);
    }
}

/* A p-value, at least to four places. */
static void chance(struct baton_text *out, double p)
{
    if (p < 0.0001) {
        baton_text_puts(out, "< 0.0001");
    } else {
        number(out, p);
    }
}

static void points(struct baton_text *out, double value)
{
    if (isnan(value)) {
        baton_text_puts(out, "n/a");
    } else {
        double rounded = round(value * 1000) / 10;
        baton_text_printf(out, "%+.1f", rounded == 0 ? 0 : rounded); /* no -0.0 */
    }
}

static bool is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* ---- terminal ---- */

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };

static void colour(struct baton_text *out, bool has_colour, enum colour which)
{
    static const char *const codes[] = { "\033[0m", "\033[1m", "\033[31m", "\033[32m", "\033[33m" };
    if (has_colour) {
        baton_text_puts(out, codes[which]);
    }
}

static void write_case(struct baton_text *out, const struct baton_comparison *comparison,
                       const struct baton_comparison_case *one)
{
    baton_text_puts(out, "  ");
    plain(out, one->id);
    if (comparison->has_repeats) {
        baton_text_printf(out, "  %.0f %% > %.0f %%", one->baseline * 100, one->candidate * 100);
    }
    if (one->failed.length > 0) {
        baton_text_puts(out, "  ");
        plain(out, one->failed);
    }
    baton_text_putc(out, '\n');
    if (one->baseline_route.length > 0 && !baton_str_equal(one->baseline_route, one->candidate_route)) {
        baton_text_puts(out, "      was ");
        plain(out, one->baseline_route);
        baton_text_puts(out, "\n      now ");
        plain(out, one->candidate_route);
        baton_text_putc(out, '\n');
    }
}

static void write_cases(struct baton_text *out, const struct baton_comparison *comparison, const char *heading,
                        const struct baton_comparison_case *cases, size_t count)
{
    if (count == 0) {
        return;
    }
    baton_text_printf(out, "\n%s (%zu)\n", heading, count);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        write_case(out, comparison, &cases[i]);
    }
    if (count > SHOWN_MAX) {
        baton_text_printf(out, "  and %zu more; baton compare --json names all\n", count - SHOWN_MAX);
    }
}

static void write_statistics(struct baton_text *out, const struct baton_comparison *comparison)
{
    baton_text_printf(out,
                      "\n  cases %" PRIu64 ": pass in both %" PRIu64 ", newly pass %" PRIu64 ", newly fail %" PRIu64
                      ", fail in both %" PRIu64 "\n",
                      comparison->cases, comparison->both, comparison->candidate_only, comparison->baseline_only,
                      comparison->neither);
    if (comparison->unjudged > 0) {
        baton_text_printf(out, "  not judged in one of the two, and left out: %" PRIu64 "\n", comparison->unjudged);
    }
    baton_text_puts(out, "  difference ");
    points(out, comparison->difference);
    baton_text_puts(out, " points [");
    points(out, comparison->ci_low);
    baton_text_puts(out, ", ");
    points(out, comparison->ci_high);
    if (comparison->has_repeats) {
        baton_text_puts(out, "], sign-flip p ");
        chance(out, comparison->flip_p);
    } else {
        baton_text_puts(out, "], McNemar mid-p ");
        chance(out, comparison->mid_p);
        baton_text_puts(out, ", exact p ");
        chance(out, comparison->exact_p);
    }
    if (!isnan(comparison->detectable)) {
        baton_text_printf(out, "\n  so many cases can show a difference of %.1f points and more",
                          comparison->detectable * 100);
    } else if (comparison->cases > 0) {
        baton_text_puts(out, "\n  so few cases, of which so few change, can show no difference reliably");
    }
    baton_text_putc(out, '\n');
}

static bool has_changed(const struct baton_comparison_agent *agent)
{
    return agent->candidate_only + agent->baseline_only > 0;
}

static void write_agents(struct baton_text *out, const struct baton_comparison *comparison)
{
    unsigned rows = 0;
    for (size_t i = 0; i < comparison->agent_count && rows < ROWS_MAX; i++) {
        const struct baton_comparison_agent *agent = &comparison->agents[i];
        if (!has_changed(agent)) {
            continue;
        }
        if (rows++ == 0) {
            baton_text_printf(out, "\nagents that changed\n  %-24s %8s %12s %12s %10s %10s\n", "", "cases",
                              "newly pass", "newly fail", "mid-p", "Holm");
        }
        baton_text_printf(out, "  %-24.*s %8" PRIu64 " %12" PRIu64 " %12" PRIu64 " %10.4f %10.4f\n",
                          (int)agent->agent.length, agent->agent.data,
                          agent->both + agent->candidate_only + agent->baseline_only + agent->neither,
                          agent->candidate_only, agent->baseline_only, agent->mid_p, agent->mid_p_holm);
    }
}

static void write_figures(struct baton_text *out, const struct baton_comparison *comparison)
{
    bool has_any = false;
    for (size_t i = 0; i < comparison->figure_count; i++) {
        const struct baton_comparison_figure *figure = &comparison->figures[i];
        if (is_same(figure->baseline, figure->candidate)) {
            continue;
        }
        if (!has_any) {
            baton_text_puts(out, "\nfigures that changed (was > now)\n");
            has_any = true;
        }
        baton_text_printf(out, "  %-28s ", figure->name);
        number(out, figure->baseline);
        baton_text_puts(out, " > ");
        number(out, figure->candidate);
        baton_text_putc(out, '\n');
    }
}

void baton_comparison_write(struct baton_text *out, const struct baton_comparison *comparison, bool has_colour)
{
    static const enum colour of[] = { COLOUR_GREEN, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };
    colour(out, has_colour, of[comparison->verdict]);
    colour(out, has_colour, COLOUR_BOLD);
    plain(out, comparison->sentence);
    colour(out, has_colour, COLOUR_NONE);
    baton_text_putc(out, '\n');
    write_statistics(out, comparison);
    write_cases(out, comparison, "newly failing", comparison->newly_failing, comparison->newly_failing_count);
    write_cases(out, comparison, "newly passing", comparison->newly_passing, comparison->newly_passing_count);
    write_agents(out, comparison);
    write_figures(out, comparison);
}

/* ---- Markdown ---- */

static void markdown_cases(struct baton_text *out, const char *heading, const struct baton_comparison_case *cases,
                           size_t count)
{
    if (count == 0) {
        return;
    }
    baton_text_printf(out, "\n%s: %zu\n\n", heading, count);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        baton_text_puts(out, "- ");
        baton_markdown_plain(out, cases[i].id);
        if (cases[i].failed.length > 0) {
            baton_text_puts(out, ": ");
            baton_markdown_plain(out, cases[i].failed);
        }
        baton_text_putc(out, '\n');
    }
    if (count > SHOWN_MAX) {
        baton_text_printf(out, "- and %zu more\n", count - SHOWN_MAX);
    }
}

void baton_comparison_write_markdown(struct baton_text *out, const struct baton_comparison *comparison)
{
    baton_text_puts(out, "### Against the baseline\n\n");
    baton_markdown_plain(out, comparison->sentence);
    baton_text_puts(out, "\n\n| | |\n|---|---:|\n");
    baton_text_printf(out,
                      "| cases | %" PRIu64 " |\n| newly failing | %" PRIu64 " |\n| newly passing | %" PRIu64 " |\n",
                      comparison->cases, comparison->baseline_only, comparison->candidate_only);
    baton_text_puts(out, "| difference, points | ");
    points(out, comparison->difference);
    baton_text_puts(out, " [");
    points(out, comparison->ci_low);
    baton_text_puts(out, ", ");
    points(out, comparison->ci_high);
    baton_text_printf(out, "] |\n| %s | ", comparison->has_repeats ? "sign-flip p" : "McNemar mid-p");
    chance(out, baton_comparison_p(comparison));
    baton_text_puts(out, " |\n");
    for (size_t i = 0; i < comparison->figure_count; i++) {
        const struct baton_comparison_figure *figure = &comparison->figures[i];
        if (!is_same(figure->baseline, figure->candidate)) {
            baton_text_printf(out, "| %s | ", figure->name);
            number(out, figure->baseline);
            baton_text_puts(out, " > ");
            number(out, figure->candidate);
            baton_text_puts(out, " |\n");
        }
    }
    markdown_cases(out, "Newly failing", comparison->newly_failing, comparison->newly_failing_count);
    markdown_cases(out, "Newly passing", comparison->newly_passing, comparison->newly_passing_count);
}

/* ---- JSON ---- */

static void put_cases(struct baton_json_writer *writer, const char *key, const struct baton_comparison_case *cases,
                      size_t count)
{
    baton_jw_key(writer, key);
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "id", cases[i].id);
        baton_jw_put_ratio(writer, "baseline", cases[i].baseline);
        baton_jw_put_ratio(writer, "candidate", cases[i].candidate);
        baton_jw_put_str(writer, "baseline_route", cases[i].baseline_route);
        baton_jw_put_str(writer, "candidate_route", cases[i].candidate_route);
        baton_jw_put_str(writer, "failed", cases[i].failed);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_agents(struct baton_json_writer *writer, const struct baton_comparison *comparison)
{
    baton_jw_key(writer, "agents");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < comparison->agent_count; i++) {
        const struct baton_comparison_agent *agent = &comparison->agents[i];
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "agent", agent->agent);
        baton_jw_put_u64(writer, "both", agent->both);
        baton_jw_put_u64(writer, "candidate_only", agent->candidate_only);
        baton_jw_put_u64(writer, "baseline_only", agent->baseline_only);
        baton_jw_put_u64(writer, "neither", agent->neither);
        baton_jw_put_ratio(writer, "mid_p", agent->mid_p);
        baton_jw_put_ratio(writer, "mid_p_holm", agent->mid_p_holm);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_figures(struct baton_json_writer *writer, const struct baton_comparison *comparison)
{
    baton_jw_key(writer, "figures");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < comparison->figure_count; i++) {
        baton_jw_open(writer, '{');
        baton_jw_put_str(writer, "figure", baton_str_of(comparison->figures[i].name));
        baton_jw_put_ratio(writer, "baseline", comparison->figures[i].baseline);
        baton_jw_put_ratio(writer, "candidate", comparison->figures[i].candidate);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

void baton_comparison_write_json(struct baton_text *out, const struct baton_comparison *comparison)
{
    struct baton_json_writer writer = baton_json_writer_to(out, BREAK_DEPTH);
    baton_jw_open(&writer, '{');
    baton_jw_put_str(&writer, "baseline", comparison->baseline);
    baton_jw_put_str(&writer, "candidate", comparison->candidate);
    baton_jw_put_str(&writer, "verdict", baton_str_of(baton_comparison_verdict_name(comparison->verdict)));
    baton_jw_put_str(&writer, "sentence", comparison->sentence);
    baton_jw_put_u64(&writer, "cases", comparison->cases);
    baton_jw_put_u64(&writer, "unjudged", comparison->unjudged);
    baton_jw_key(&writer, "repeats");
    baton_jw_bool(&writer, comparison->has_repeats);
    baton_jw_put_u64(&writer, "both", comparison->both);
    baton_jw_put_u64(&writer, "candidate_only", comparison->candidate_only);
    baton_jw_put_u64(&writer, "baseline_only", comparison->baseline_only);
    baton_jw_put_u64(&writer, "neither", comparison->neither);
    baton_jw_put_ratio(&writer, "difference", comparison->difference);
    baton_jw_put_ratio(&writer, "ci_low", comparison->ci_low);
    baton_jw_put_ratio(&writer, "ci_high", comparison->ci_high);
    baton_jw_put_ratio(&writer, "alpha", comparison->alpha);
    baton_jw_put_ratio(&writer, "exact_p", comparison->exact_p);
    baton_jw_put_ratio(&writer, "mid_p", comparison->mid_p);
    baton_jw_put_ratio(&writer, "flip_p", comparison->flip_p);
    baton_jw_put_ratio(&writer, "detectable", comparison->detectable);
    put_cases(&writer, "newly_failing", comparison->newly_failing, comparison->newly_failing_count);
    put_cases(&writer, "newly_passing", comparison->newly_passing, comparison->newly_passing_count);
    put_agents(&writer, comparison);
    put_figures(&writer, comparison);
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}
