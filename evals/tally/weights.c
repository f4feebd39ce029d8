#include "evals/tally/weights.h"

#include "engine/base/fields.h"

#include <math.h>
#include <string.h>

static const struct baton_str any = BATON_STR_INIT("*");

static enum baton_status check_label(struct baton_str label, bool is_observed, const struct baton_agents *agents,
                                     const struct baton_source *source, const struct baton_json *node,
                                     struct baton_error *err)
{
    static const char *const outcomes[] = { "@none", "@exhausted", "@invalid" };
    for (size_t i = 0; is_observed && i < sizeof outcomes / sizeof *outcomes; i++) {
        if (baton_str_is(label, outcomes[i])) {
            return BATON_OK;
        }
    }
    return baton_str_equal(label, any) || baton_agents_find(agents, label) != BATON_NONE
               ? BATON_OK
               : baton_agents_unknown(agents, label, source, node->key_offset, err);
}

static enum baton_status read_weight(struct baton_weight *out, const struct baton_agents *agents,
                                     const struct baton_source *source, const struct baton_json *node,
                                     struct baton_error *err)
{
    size_t left = baton_str_find(node->key, '>');
    bool is_all = baton_str_equal(baton_str_trim(node->key), any);
    if (node->type != BATON_JSON_NUMBER || node->number < 0) {
        return baton_type_error(source, node, "a weight", "a number of at least 0", err);
    }
    if (left == node->key.length && !is_all) {
        return baton_source_error(source, node->key_offset, err,
                                  "a weight is of 'EXPECTED > OBSERVED', of '*' on either side, or of '*'");
    }
    out->weight = node->number;
    out->expected = is_all ? any : baton_str_trim((struct baton_str){ node->key.data, left });
    out->observed = is_all ? any : baton_str_trim(baton_str_after(node->key, left + 1));
    enum baton_status status = check_label(out->expected, false, agents, source, node, err);
    return status == BATON_OK ? check_label(out->observed, true, agents, source, node, err) : status;
}

enum baton_status baton_weights_read(struct baton_weights *out, struct baton_arena *arena,
                                     const struct baton_agents *agents, const struct baton_source *source,
                                     const struct baton_json *object, struct baton_error *err)
{
    *out = (struct baton_weights){ 0 };
    if (object == NULL) {
        return BATON_OK;
    }
    struct baton_weight *list = baton_arena_array(arena, object->count + 1, sizeof *list);
    enum baton_status status = list == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory") : BATON_OK;
    for (const struct baton_json *node = object->child; node != NULL && status == BATON_OK; node = node->next) {
        status = read_weight(&list[out->count++], agents, source, node, err);
    }
    out->list = list;
    return status;
}

/* How well a weight fits a pair: 0 not at all, 4 exactly. */
static int fit(const struct baton_weight *weight, struct baton_str expected, struct baton_str observed)
{
    bool any_expected = baton_str_equal(weight->expected, any), any_observed = baton_str_equal(weight->observed, any);
    if ((!any_expected && !baton_str_equal(weight->expected, expected)) ||
        (!any_observed && !baton_str_equal(weight->observed, observed))) {
        return 0;
    }
    return 1 + (any_expected ? 0 : 2) + (any_observed ? 0 : 1);
}

static double weight_of(const struct baton_weights *weights, struct baton_str expected, struct baton_str observed)
{
    double weight = 1;
    int best = 0;
    for (size_t i = 0; i < weights->count; i++) {
        int fits = fit(&weights->list[i], expected, observed);
        if (fits > best) {
            best = fits;
            weight = weights->list[i].weight;
        }
    }
    return weight;
}

void baton_weights_apply(const struct baton_weights *weights, struct baton_summary *summary)
{
    size_t labels = summary->routing.label_count;
    uint64_t n = 0;
    double sum = 0;
    for (size_t row = 0; row < labels; row++) {
        for (size_t column = 0; column < labels; column++) {
            uint64_t cell = summary->routing.cells[row * labels + column];
            n += cell;
            if (row != column && cell > 0) {
                sum += (double)cell * weight_of(weights, summary->routing.labels[row], summary->routing.labels[column]);
            }
        }
    }
    summary->routing.cost = weights->count == 0 || n == 0 ? NAN : sum / (double)n;
}
