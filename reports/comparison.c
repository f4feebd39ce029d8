#include "reports/comparison.h"

#include <math.h>

const char *baton_comparison_verdict_name(enum baton_comparison_verdict verdict)
{
    static const char *const names[] = { "same", "worse", "better", "unclear" };
    return names[verdict];
}

double baton_comparison_p(const struct baton_comparison *comparison)
{
    return comparison->has_repeats ? comparison->flip_p : comparison->mid_p;
}

bool baton_comparison_has_moved(const struct baton_comparison_figure *figure)
{
    bool is_undefined = isnan(figure->baseline) && isnan(figure->candidate);
    return !is_undefined && figure->baseline != figure->candidate;
}
