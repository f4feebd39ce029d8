#include "reports/comparison_json.h"

#include "reports/report.h"

#include <stdio.h>

enum { BREAK_DEPTH = 2 };

static const struct baton_comparison_limits no_limits = { SIZE_MAX, SIZE_MAX };

static void put_text(struct baton_json_writer *writer, const struct baton_comparison_limits *limits, const char *key,
                     struct baton_str text)
{
    baton_jw_key(writer, key);
    baton_report_put_short(writer, text.data == NULL ? BATON_STR("") : text, limits->text_bytes);
}

static void put_cases(struct baton_json_writer *writer, const struct baton_comparison_limits *limits, const char *key,
                      const struct baton_comparison_case *cases, size_t count)
{
    char count_key[32];
    snprintf(count_key, sizeof count_key, "%s_count", key);
    if (limits != &no_limits) {
        baton_jw_put_u64(writer, count_key, count);
    }
    baton_jw_key(writer, key);
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < count && i < limits->cases; i++) {
        baton_jw_open(writer, '{');
        put_text(writer, limits, "id", cases[i].id);
        baton_jw_put_ratio(writer, "baseline", cases[i].baseline);
        baton_jw_put_ratio(writer, "candidate", cases[i].candidate);
        put_text(writer, limits, "baseline_route", cases[i].baseline_route);
        put_text(writer, limits, "candidate_route", cases[i].candidate_route);
        put_text(writer, limits, "failed", cases[i].failed);
        baton_jw_close(writer, '}');
    }
    baton_jw_close(writer, ']');
}

static void put_counts(struct baton_json_writer *writer, uint64_t both, uint64_t candidate_only, uint64_t baseline_only,
                       uint64_t neither)
{
    baton_jw_put_u64(writer, "both", both);
    baton_jw_put_u64(writer, "candidate_only", candidate_only);
    baton_jw_put_u64(writer, "baseline_only", baseline_only);
    baton_jw_put_u64(writer, "neither", neither);
}

static void put_agents(struct baton_json_writer *writer, const struct baton_comparison_limits *limits,
                       const struct baton_comparison *comparison)
{
    baton_jw_key(writer, "agents");
    baton_jw_open(writer, '[');
    for (size_t i = 0; i < comparison->agent_count; i++) {
        const struct baton_comparison_agent *agent = &comparison->agents[i];
        baton_jw_open(writer, '{');
        put_text(writer, limits, "agent", agent->agent);
        put_counts(writer, agent->both, agent->candidate_only, agent->baseline_only, agent->neither);
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

void baton_comparison_json_put(struct baton_json_writer *writer, const struct baton_comparison *comparison,
                               const struct baton_comparison_limits *limits)
{
    limits = limits == NULL ? &no_limits : limits;
    baton_jw_open(writer, '{');
    put_text(writer, limits, "baseline", comparison->baseline);
    put_text(writer, limits, "candidate", comparison->candidate);
    baton_jw_put_str(writer, "verdict", baton_str_of(baton_comparison_verdict_name(comparison->verdict)));
    put_text(writer, limits, "sentence", comparison->sentence);
    baton_jw_put_u64(writer, "cases", comparison->cases);
    baton_jw_put_u64(writer, "unjudged", comparison->unjudged);
    baton_jw_key(writer, "repeats");
    baton_jw_bool(writer, comparison->has_repeats);
    put_counts(writer, comparison->both, comparison->candidate_only, comparison->baseline_only, comparison->neither);
    const struct {
        const char *key;
        double value;
    } ratios[] = { { "difference", comparison->difference }, { "ci_low", comparison->ci_low },
                   { "ci_high", comparison->ci_high },       { "alpha", comparison->alpha },
                   { "exact_p", comparison->exact_p },       { "mid_p", comparison->mid_p },
                   { "flip_p", comparison->flip_p },         { "detectable", comparison->detectable } };
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        baton_jw_put_ratio(writer, ratios[i].key, ratios[i].value);
    }
    put_cases(writer, limits, "newly_failing", comparison->newly_failing, comparison->newly_failing_count);
    put_cases(writer, limits, "newly_passing", comparison->newly_passing, comparison->newly_passing_count);
    put_agents(writer, limits, comparison);
    put_figures(writer, comparison);
    baton_jw_close(writer, '}');
}

void baton_comparison_json_write(struct baton_text *out, const struct baton_comparison *comparison)
{
    struct baton_json_writer writer = baton_json_writer_to(out, BREAK_DEPTH);
    baton_comparison_json_put(&writer, comparison, NULL);
    baton_text_putc(out, '\n');
}
