/* gates.c - reads a gate and holds a run against it.
 *
 * Everything that can be wrong with a gate is found when it is read, before anything is played: a gate that is misspelt, or
 * that asks a ratio for 80, would else fail (or worse, pass) at the end of a long run. So reading resolves the figure to its
 * row of the table, and checking is a look-up and a comparison.
 */
#include "evals/gates/gates.h"

#include "engine/base/number.h"
#include "engine/base/suggest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MAX = 120, NAMES_BYTES_MAX = 64 * 1024 };
enum { OP_GE, OP_LE, OP_EQ, OP_NE, OP_GT, OP_LT, OP_COUNT };

/* Longer ones first, so that `>=` is not read as `>`. */
static const char *const ops[OP_COUNT] = {
    [OP_GE] = ">=", [OP_LE] = "<=", [OP_EQ] = "==", [OP_NE] = "!=", [OP_GT] = ">", [OP_LT] = "<"
};

static const char form_hint[] =
    "a gate is FIGURE OP NUMBER, with OP one of >= > <= < == !=, and perhaps 'if n >= K'; for example "
    "'recall[billing] >= 0.9 if n >= 20'";

static enum baton_status complain(const struct baton_source *source, size_t offset, struct baton_error *err,
                                  const char *text)
{
    return source == NULL ? baton_error_set(err, BATON_EUSAGE, "%s", text)
                          : baton_source_error(source, offset, err, "%s", text);
}

/* Where operators may stand: behind the figure's brackets, if it has any. */
static size_t after_brackets(struct baton_str text)
{
    size_t open = baton_str_find(text, '[');
    struct baton_str inside = baton_str_after(text, open + 1);
    size_t length = baton_figure_key_length(inside, ".=!<>");
    for (size_t i = 0; i < open; i++) {
        if (strchr("=!<>", text.data[i]) != NULL) {
            return 0;
        }
    }
    return length < inside.length ? open + 1 + length : 0;
}

/* Splits at the first operator; false when there is none. */
static bool split(struct baton_str text, struct baton_str *left, int *op, struct baton_str *right)
{
    for (size_t i = after_brackets(text); i < text.length; i++) {
        struct baton_str rest = baton_str_after(text, i);
        for (int k = 0; k < OP_COUNT; k++) {
            if (baton_str_starts(rest, ops[k])) {
                *left = baton_str_trim((struct baton_str){ text.data, i });
                *op = k;
                *right = baton_str_trim(baton_str_after(rest, strlen(ops[k])));
                return true;
            }
        }
    }
    return false;
}

/* A number at the start; the rest follows. */
static bool take_number(struct baton_str *text, double *number)
{
    bool is_number = baton_number_take_double(text, number);
    *text = baton_str_trim(*text);
    return is_number;
}

/* `if n >= K`, or nothing. */
static bool read_condition(struct baton_str text, uint64_t *n_min)
{
    *n_min = 0;
    if (text.length == 0) {
        return true;
    }
    struct baton_str left, right;
    int op;
    double number;
    if (!baton_str_starts(text, "if ") && !baton_str_starts(text, "if\t")) {
        return false;
    }
    text = baton_str_trim(baton_str_after(text, 2));
    if (!split(text, &left, &op, &right) || !baton_str_is(left, "n") || op != OP_GE || !take_number(&right, &number) ||
        right.length > 0 || number < 0 || number != floor(number) || number > 1e15) {
        return false;
    }
    *n_min = (uint64_t)number;
    return true;
}

/* All names, a line each; the short ones first, as of names equally near the first is offered. */
static struct baton_text all_names(void)
{
    struct baton_text names = baton_text_with_limit(NAMES_BYTES_MAX);
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref);) {
        baton_figure_put_name(&names, &ref);
        baton_text_putc(&names, '\n');
    }
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next(&ref);) {
        baton_figure_put_path(&names, &ref);
        baton_text_putc(&names, '\n');
    }
    return names;
}

static enum baton_status unknown_figure(struct baton_str name, const struct baton_source *source, size_t offset,
                                        struct baton_error *err)
{
    struct baton_text names = all_names();
    struct baton_str left = baton_text_str(&names), shown = baton_str_cut(name, NAME_BYTES_MAX);
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES], text[320];
    baton_suggest_init(&suggest, name);
    while (left.length > 0) {
        size_t length = baton_str_find(left, '\n');
        baton_suggest_offer(&suggest, (struct baton_str){ left.data, length });
        left = baton_str_after(left, length + 1);
    }
    snprintf(text, sizeof text, "unknown figure '%.*s' in a gate%s", BATON_STR_ARGS(shown),
             baton_suggest_text(&suggest, hint));
    baton_text_clear(&names);
    return complain(source, offset, err, text);
}

/* The agent in brackets must exist. */
static enum baton_status check_agent(const struct baton_figure_ref *figure, const struct baton_agents *agents,
                                     const struct baton_source *source, size_t offset, struct baton_error *err)
{
    if (figure->element == NULL || figure->row->shape->rows[0].kind != BATON_FIGURE_TEXT) {
        return BATON_OK;
    }
    for (uint32_t i = 0; i < agents->count; i++) {
        if (baton_figure_key_is(figure->key, agents->list[i].name)) {
            return BATON_OK;
        }
    }
    enum baton_status status =
        baton_agents_unknown(agents, figure->key, source == NULL ? &agents->source : source, offset, err);
    if (source != NULL) {
        return status;
    }
    char text[BATON_ERROR_TEXT_BYTES];
    memcpy(text, err->text, sizeof text);
    return baton_error_set(err, BATON_EUSAGE, "%s in a gate", text);
}

/* A ratio is no percentage: what no value of the figure can be is a slip of whoever wrote it. */
static enum baton_status check_bound(const struct baton_gate *gate, const struct baton_source *source, size_t offset,
                                     struct baton_error *err)
{
    const struct baton_unit_of *unit = baton_unit_of(baton_figure_leaf(&gate->figure)->unit);
    if (!isfinite(unit->high) || (gate->bound >= unit->low && gate->bound <= unit->high)) {
        return BATON_OK;
    }
    struct baton_str shown = baton_str_cut(gate->text, NAME_BYTES_MAX);
    bool is_percentage = gate->bound > 1 && gate->bound <= 100;
    bool is_short = gate->bound == floor(gate->bound);
    char text[320], cure[32] = "";
    if (is_percentage) {
        snprintf(cure, sizeof cure, is_short ? ": %.2f?" : ": %g?", gate->bound / 100);
    }
    snprintf(text, sizeof text, "the gate '%.*s' is about a ratio from %g to %g%s", BATON_STR_ARGS(shown), unit->low,
             unit->high, cure);
    return complain(source, offset, err, text);
}

enum baton_status baton_gate_read(struct baton_gate *out, struct baton_str text, const struct baton_agents *agents,
                                  const struct baton_source *source, size_t offset, struct baton_error *err)
{
    struct baton_str right;
    *out = (struct baton_gate){ .text = baton_str_trim(text) };
    if (!split(out->text, &out->name, &out->op, &right) || out->name.length == 0 || !take_number(&right, &out->bound) ||
        !read_condition(right, &out->n_min)) {
        char words[320];
        struct baton_str shown = baton_str_cut(text, NAME_BYTES_MAX);
        snprintf(words, sizeof words, "cannot read the gate '%.*s': %s", BATON_STR_ARGS(shown), form_hint);
        return complain(source, offset, err, words);
    }
    if (!baton_figure_find(out->name, &out->figure)) {
        return unknown_figure(out->name, source, offset, err);
    }
    enum baton_status status = check_agent(&out->figure, agents, source, offset, err);
    return status == BATON_OK ? check_bound(out, source, offset, err) : status;
}

bool baton_gate_is_on_baseline(const struct baton_gate *gate)
{
    return gate->figure.row->block == BATON_BASELINE;
}

static bool holds(int op, double value, double bound)
{
    switch (op) {
    case OP_GE:
        return value >= bound;
    case OP_LE:
        return value <= bound;
    case OP_EQ:
        return value == bound;
    case OP_NE:
        return value != bound;
    case OP_GT:
        return value > bound;
    default:
        return value < bound;
    }
}

struct baton_gate_result baton_gate_check(const struct baton_gate *gate, const struct baton_summary *summary,
                                          struct baton_arena *arena)
{
    struct baton_figure_value figure = baton_figure_value(&gate->figure, summary);
    struct baton_gate_result result = {
        .gate = gate->text, .verdict = BATON_GATE_FAIL, .value = figure.value, .n = figure.n
    };
    const char *why = NULL;
    if (figure.n < gate->n_min) {
        result.verdict = BATON_GATE_SKIP;
        why = baton_arena_printf(arena, "only %llu of the %llu that it asks for", (unsigned long long)figure.n,
                                 (unsigned long long)gate->n_min);
    } else if (isnan(figure.value)) {
        why = baton_arena_printf(arena, "%.*s is undefined: %s", BATON_STR_ARGS(gate->name),
                                 figure.why == NULL ? "there is nothing to count it over" : figure.why);
    } else if (holds(gate->op, figure.value, gate->bound)) {
        result.verdict = BATON_GATE_PASS;
    }
    result.why = baton_str_of(why == NULL ? "" : why);
    return result;
}
