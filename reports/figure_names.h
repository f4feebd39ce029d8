/* figure_names.h - figures by their names, as gates write them: `accuracy`, `accuracy.ci_low`, `routing.accuracy.value`, `loops`,
 * `latency.exchange.p95`, `recall[billing]`, `recall["any ] name"]`, `pass_at[8]`.
 *
 * Owns:     nothing; a key points into the name it was read from.
 */
#ifndef BATON_REPORTS_FIGURE_NAMES_H
#define BATON_REPORTS_FIGURE_NAMES_H

#include "reports/figures.h"

struct baton_json;

/* A number that a gate can name: a row of the table, and below it what the row's kind has. */
struct baton_figure_ref {
    const struct baton_figure *row;
    const struct baton_figure *element; /* of a list: the member; else NULL */
    const struct baton_figure *member;  /* of a rate or a distribution; else NULL */
    struct baton_str key; /* of a list: what stands between the brackets, quotes and all; empty: none yet */
};

/* False where there is no such figure. */
bool baton_figure_find(struct baton_str name, struct baton_figure_ref *out);

/* Goes through all, from { 0 } on; lists without a key. False at the end. */
bool baton_figure_next(struct baton_figure_ref *ref);

/* Goes through those that comparisons show, section by section. */
bool baton_figure_next_compared(struct baton_figure_ref *ref);

/* The row that says what kind of number it is. */
const struct baton_figure *baton_figure_leaf(const struct baton_figure_ref *ref);
enum baton_better baton_figure_better(const struct baton_figure_ref *ref);

/* Its shortest name (a list without a key has its key word in the brackets); its path in summary.json. */
void baton_figure_put_name(struct baton_text *out, const struct baton_figure_ref *ref);
void baton_figure_put_path(struct baton_text *out, const struct baton_figure_ref *ref);

/* `higher`, `lower` or nothing. */
const char *baton_better_name(enum baton_better better);

/* The key of a list's i-th element, written as above; false past the end. */
bool baton_figure_put_key_at(struct baton_text *out, const struct baton_figure_ref *ref,
                             const struct baton_summary *summary, uint64_t i);

/* What it means, in one line. */
void baton_figure_put_meaning(struct baton_text *out, const struct baton_figure_ref *ref);

/* A key of a list: whether it is this one, and written so that baton_figure_find() reads it. */
bool baton_figure_key_is(struct baton_str key, struct baton_str name);
void baton_figure_put_key(struct baton_text *out, struct baton_str name);

/* Where the key ends that begins a text (behind the bracket): the length of it; the text's where it does not. */
size_t baton_figure_key_length(struct baton_str text, const char *ends);

struct baton_figure_value {
    double value;    /* in the unit of the file; NaN: undefined */
    uint64_t n;      /* what it was counted over */
    const char *why; /* why it is undefined, where that is known; or NULL */
};

struct baton_figure_value baton_figure_value(const struct baton_figure_ref *ref, const struct baton_summary *summary);

/* The same out of a summary.json; NaN where it is null or not there. */
double baton_figure_in_file(const struct baton_figure_ref *ref, const struct baton_json *summary);

/* The member at a path of names with dots between, or NULL. */
const struct baton_json *baton_json_at(const struct baton_json *node, struct baton_str path);

#endif
