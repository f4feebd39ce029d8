#include "reports/forms/terminal_comparison.h"

#include "engine/base/terminal.h"
#include "reports/report.h"

#include <inttypes.h>
#include <math.h>

enum { SHOWN_MAX = 50, ROWS_MAX = 40 };

static void write_case(struct baton_text *out, const struct baton_comparison *comparison,
                       const struct baton_comparison_case *one)
{
    baton_text_puts(out, "  ");
    baton_terminal_pad(out, one->id, 0);
    if (comparison->has_repeats) {
        baton_text_printf(out, "  %.0f %% > %.0f %%", one->baseline * 100, one->candidate * 100);
    }
    if (one->failed.length > 0) {
        baton_text_puts(out, "  ");
        baton_terminal_pad(out, one->failed, 0);
    }
    baton_text_putc(out, '\n');
    if (one->baseline_route.length > 0 && !baton_str_equal(one->baseline_route, one->candidate_route)) {
        baton_text_puts(out, "      was ");
        baton_terminal_pad(out, one->baseline_route, 0);
        baton_text_puts(out, "\n      now ");
        baton_terminal_pad(out, one->candidate_route, 0);
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
    baton_report_points(out, comparison->difference);
    baton_text_puts(out, " points [");
    baton_report_points(out, comparison->ci_low);
    baton_text_puts(out, ", ");
    baton_report_points(out, comparison->ci_high);
    if (comparison->has_repeats) {
        baton_text_puts(out, "], sign-flip p ");
        baton_report_chance(out, comparison->flip_p);
    } else {
        baton_text_puts(out, "], McNemar mid-p ");
        baton_report_chance(out, comparison->mid_p);
        baton_text_puts(out, ", exact p ");
        baton_report_chance(out, comparison->exact_p);
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
        if (!baton_comparison_has_moved(figure)) {
            continue;
        }
        if (!has_any) {
            baton_text_puts(out, "\nfigures that changed (was > now)\n");
            has_any = true;
        }
        baton_text_printf(out, "  %-28s ", figure->name);
        baton_report_number(out, figure->baseline);
        baton_text_puts(out, " > ");
        baton_report_number(out, figure->candidate);
        baton_text_putc(out, '\n');
    }
}

void baton_terminal_comparison_write(struct baton_text *out, const struct baton_comparison *comparison, bool has_colour)
{
    static const enum baton_colour of[] = { BATON_GREEN, BATON_RED, BATON_GREEN, BATON_YELLOW };
    baton_terminal_colour(out, has_colour, of[comparison->verdict]);
    baton_terminal_colour(out, has_colour, BATON_BOLD);
    baton_terminal_pad(out, comparison->sentence, 0);
    baton_terminal_colour(out, has_colour, BATON_PLAIN);
    baton_text_putc(out, '\n');
    write_statistics(out, comparison);
    write_cases(out, comparison, "newly failing", comparison->newly_failing, comparison->newly_failing_count);
    write_cases(out, comparison, "newly passing", comparison->newly_passing, comparison->newly_passing_count);
    write_agents(out, comparison);
    write_figures(out, comparison);
}
