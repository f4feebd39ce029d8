/* comparison.h - two results of the same conversations side by side: what got worse, and whether that is noise.
 *
 * A case is one labelled conversation; it passes when every label of it holds (with repeats: its share of passes counts).
 * Formulas: evals/stats/intervals.h and evals/stats/resample.h, METRICS section 3.9.
 *
 * Owns:     nothing; all lives in the arena of whoever made it.
 */
#ifndef BATON_REPORTS_COMPARISON_H
#define BATON_REPORTS_COMPARISON_H

#include "engine/base/text.h"

enum { BATON_COMPARISON_DETAILS_MAX = 1000, BATON_COMPARISON_AGENTS_MAX = 64 };

/* A conversation whose verdict changed. Routes and what failed are known of the first BATON_COMPARISON_DETAILS_MAX each way;
 * ids of all. */
struct baton_comparison_case {
    struct baton_str id;
    double baseline, candidate;                       /* share of its repeats that passed: 0 or 1 without repeats */
    struct baton_str baseline_route, candidate_route; /* `triage > billing | billing`, an exchange each */
    struct baton_str failed;                          /* what does not hold in the run where it fails */
};

/* The cases that expect this final agent somewhere; such a case passes here when every label that does so holds. */
struct baton_comparison_agent {
    struct baton_str agent;
    uint64_t both, candidate_only, baseline_only, neither;
    double mid_p, mid_p_holm; /* NaN: no discordant case */
};

/* A figure of summary.json in both; NaN where it is undefined. */
struct baton_comparison_figure {
    const char *name;
    double baseline, candidate;
};

enum baton_comparison_verdict {
    BATON_COMPARISON_SAME,   /* no case changed */
    BATON_COMPARISON_WORSE,  /* by more than chance explains, at level alpha */
    BATON_COMPARISON_BETTER, /* the same the other way */
    BATON_COMPARISON_UNCLEAR /* some changed, but chance may explain it */
};

struct baton_comparison {
    struct baton_str baseline, candidate; /* names of the two, as given */
    uint64_t cases, unjudged;             /* in both; labelled ones that the provider failed in one of the two */
    bool has_repeats;                     /* then a case counts as passed below when most of its repeats did */
    uint64_t both, candidate_only, baseline_only, neither;
    double difference, ci_low, ci_high; /* candidate minus baseline; Newcombe, paired; with repeats of the means */
    double alpha;                       /* level of the verdict */
    double exact_p, mid_p;              /* McNemar; NaN with repeats */
    double flip_p;                      /* sign-flip permutation of the cases' shares; NaN without repeats */
    double detectable; /* smallest difference that so many cases show with a chance of 80 %; NaN: none */
    const struct baton_comparison_case *newly_failing, *newly_passing; /* in input order of the candidate */
    size_t newly_failing_count, newly_passing_count;
    const struct baton_comparison_agent *agents;
    size_t agent_count;
    const struct baton_comparison_figure *figures;
    size_t figure_count;
    enum baton_comparison_verdict verdict;
    struct baton_str sentence; /* the verdict, for people */
};

/* same, worse, better, unclear */
const char *baton_comparison_verdict_name(enum baton_comparison_verdict verdict);

/* The p-value that decides: mid-p, with repeats that of the sign flips. */
double baton_comparison_p(const struct baton_comparison *comparison);

/* Whether a figure is another in the candidate; one that is undefined in both is not. */
bool baton_comparison_has_moved(const struct baton_comparison_figure *figure);

#endif
