#include "reports/comparison_json.h"

#include "engine/base/json_writer.h"

enum { BREAK_DEPTH = 2 };

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

void baton_comparison_json_write(struct baton_text *out, const struct baton_comparison *comparison)
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
