#include "evals/gates/gates.h"

#include "engine/base/json.h"
#include "engine/base/number.h"
#include "engine/base/suggest.h"
#include "reports/summary_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OP_GE, OP_LE, OP_EQ, OP_NE, OP_GT, OP_LT, OP_COUNT };

/* Longer ones first, so that `>=` is not read as `>`. */
static const char *const ops[OP_COUNT] = {
    [OP_GE] = ">=", [OP_LE] = "<=", [OP_EQ] = "==", [OP_NE] = "!=", [OP_GT] = ">", [OP_LT] = "<"
};

static const char form_hint[] =
    "a gate is FIGURE OP NUMBER, with OP one of >= > <= < == !=, and perhaps 'if n >= K'; for example "
    "'recall[billing] >= 0.9 if n >= 20'";

static struct baton_str trim(struct baton_str text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t')) {
        text.length--;
    }
    return text;
}

static enum baton_status complain(const struct baton_source *source, size_t offset, struct baton_error *err,
                                  const char *text)
{
    return source == NULL ? baton_error_set(err, BATON_EUSAGE, "%s", text)
                          : baton_source_error(source, offset, err, "%s", text);
}

/* Splits at the first operator; false when there is none. */
static bool split(struct baton_str text, struct baton_str *left, int *op, struct baton_str *right)
{
    for (size_t i = 0; i < text.length; i++) {
        for (int k = 0; k < OP_COUNT; k++) {
            size_t length = strlen(ops[k]);
            if (text.length - i >= length && memcmp(text.data + i, ops[k], length) == 0) {
                *left = trim((struct baton_str){ text.data, i });
                *op = k;
                *right = trim((struct baton_str){ text.data + i + length, text.length - i - length });
                return true;
            }
        }
    }
    return false;
}

/* A number at the start; the rest follows. */
static bool take_number(struct baton_str *text, double *number)
{
    size_t length = baton_number_length(*text);
    char digits[64];
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, text->data, length);
    digits[length] = '\0';
    *number = strtod(digits, NULL);
    *text = trim((struct baton_str){ text->data + length, text->length - length });
    return isfinite(*number);
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
    if (text.length < 3 || memcmp(text.data, "if", 2) != 0 || (text.data[2] != ' ' && text.data[2] != '\t')) {
        return false;
    }
    text = trim((struct baton_str){ text.data + 2, text.length - 2 });
    if (!split(text, &left, &op, &right) || !baton_str_is(left, "n") || op != OP_GE || !take_number(&right, &number) ||
        right.length > 0 || number < 0 || number != floor(number) || number > 1e15) {
        return false;
    }
    *n_min = (uint64_t)number;
    return true;
}

static enum baton_status unknown_figure(struct baton_str name, const struct baton_source *source, size_t offset,
                                        struct baton_error *err)
{
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES], text[320];
    baton_suggest_init(&suggest, name);
    for (size_t i = 0; baton_summary_figure_name(i) != NULL; i++) {
        baton_suggest_offer(&suggest, baton_str_of(baton_summary_figure_name(i)));
    }
    snprintf(text, sizeof text, "unknown figure '%.*s' in a gate%s", (int)(name.length > 120 ? 120 : name.length),
             name.data, baton_suggest_text(&suggest, hint));
    return complain(source, offset, err, text);
}

/* The agent in brackets must exist. */
static enum baton_status check_agent(struct baton_str figure, const struct baton_agents *agents,
                                     const struct baton_source *source, size_t offset, struct baton_error *err)
{
    const char *open = memchr(figure.data, '[', figure.length);
    if (open == NULL ||
        (open - figure.data > 5 && memcmp(figure.data, "pass_", 5) == 0)) { /* pass_at[K]: in brackets is a number */
        return BATON_OK;
    }
    struct baton_str name = { open + 1, figure.length - (size_t)(open + 2 - figure.data) };
    if (baton_agents_find(agents, name) != BATON_NONE) {
        return BATON_OK;
    }
    enum baton_status status =
        baton_agents_unknown(agents, name, source == NULL ? &agents->source : source, offset, err);
    if (source != NULL) {
        return status;
    }
    char text[BATON_ERROR_TEXT_BYTES];
    memcpy(text, err->text, sizeof text);
    return baton_error_set(err, BATON_EUSAGE, "%s in a gate", text);
}

enum baton_status baton_gate_read(struct baton_gate *out, struct baton_str text, const struct baton_agents *agents,
                                  const struct baton_source *source, size_t offset, struct baton_error *err)
{
    struct baton_str right;
    *out = (struct baton_gate){ .text = trim(text) };
    if (!split(out->text, &out->figure, &out->op, &right) || out->figure.length == 0 ||
        !take_number(&right, &out->bound) || !read_condition(right, &out->n_min)) {
        char words[320];
        snprintf(words, sizeof words, "cannot read the gate '%.*s': %s", (int)(text.length > 80 ? 80 : text.length),
                 text.data, form_hint);
        return complain(source, offset, err, words);
    }
    if (!baton_summary_has(out->figure)) {
        return unknown_figure(out->figure, source, offset, err);
    }
    return check_agent(out->figure, agents, source, offset, err);
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
    struct baton_figure_value figure = { .value = NAN, .n = 0 };
    struct baton_gate_result result = { .gate = gate->text, .verdict = BATON_GATE_FAIL };
    const char *why = NULL;
    bool is_known = baton_summary_figure(summary, gate->figure, &figure);
    result.value = figure.value;
    result.n = figure.n;
    if (figure.n < gate->n_min) {
        result.verdict = BATON_GATE_SKIP;
        why = baton_arena_printf(arena, "only %llu of the %llu that it asks for", (unsigned long long)figure.n,
                                 (unsigned long long)gate->n_min);
    } else if (!is_known || isnan(figure.value)) {
        why = baton_arena_printf(arena, "%.*s is undefined: %s", (int)gate->figure.length, gate->figure.data,
                                 figure.why == NULL ? "there is nothing to count it over" : figure.why);
    } else if (holds(gate->op, figure.value, gate->bound)) {
        result.verdict = BATON_GATE_PASS;
    }
    result.why = baton_str_of(why == NULL ? "" : why);
    return result;
}
