/* labels.h - what each label came to over the trials of its case, and the rates that it counts in (METRICS 4.1 to 4.6).
 *
 * A label is one judged expectation: the final agent of an exchange, its route, ... Its value is the share of its trials in
 * which it held, so that playing a case more often makes no rate look surer. Most cases are one conversation with its repeats:
 * its trials are gone once it has ended. The trials of conversations that carry a `case` wait, in memory, until all were seen.
 *
 * Owns:     its tables, until baton_labels_clear().
 * Threads:  one at a time; baton_labels_merge() adds up those of several.
 * Limits:   some 160 bytes for each label of a named case.
 * Errors:   out of memory sets `failed` somewhere within: baton_labels_failed().
 */
#ifndef BATON_EVALS_TALLY_LABELS_H
#define BATON_EVALS_TALLY_LABELS_H

#include "evals/tally/names.h"
#include "evals/tally/rates.h"
#include "evals/tally/suspects.h"

enum { BATON_LABEL_WHOLE = UINT32_MAX }; /* in place of an exchange: the conversation's own expectation */

enum baton_position { BATON_POSITION_FIRST, BATON_POSITION_STAY, BATON_POSITION_SWITCH, BATON_POSITION_NONE };

/* How a final agent that is not the expected one is called (METRICS 3.2); NOWHERE: none answered, and it is none of these. */
enum baton_misroute {
    BATON_ROUTED_RIGHT,
    BATON_ROUTED_OVER,
    BATON_ROUTED_UNDER,
    BATON_ROUTED_WRONG,
    BATON_ROUTED_NOWHERE
};

/* Whose labels these are. */
struct baton_label_case {
    struct baton_str id; /* `case`, or the conversation's id */
    uint64_t name;       /* hash of `case`; 0: the conversation alone */
    uint64_t cluster;    /* hash of `cluster`, or of the case; 0: the conversation alone */
    uint64_t weight;     /* millionths */
    const uint64_t *slices;
    uint32_t slice_count; /* those of its labels whatever the exchange: tags, entry */
};

/* One label, judged once. */
struct baton_label_trial {
    enum baton_rate_kind kind; /* ACCURACY, FIRST_HOP, ROUTE, ALL or FACTS */
    uint32_t exchange;         /* or BATON_LABEL_WHOLE */
    uint32_t fact;             /* which of the facts */
    uint64_t expectation;      /* hash of what is expected */
    uint64_t order;            /* of the play in the input: the first says where a label stands */
    bool holds;
    /* of ACCURACY alone */
    bool expects_direct; /* the agent that holds the conversation is the expected one */
    bool is_answered;    /* `observed` is an agent that answered */
    enum baton_misroute misroute;
    enum baton_position position;
    uint32_t expected, observed; /* row and column of the confusion matrix */
    uint64_t model;              /* slice of the model that was asked first; 0: none */
};

/* A cell of the confusion matrix: key high expected, low observed. */
struct baton_label_cell {
    baton_u128 weighted, plain; /* in BATON_RATE_ONE millionths; in BATON_RATE_ONE */
};

struct baton_labels {
    struct baton_rates rates;
    struct baton_table cells;   /* struct baton_label_cell */
    struct baton_table waiting; /* trials of named cases */
    struct baton_table current; /* trials of the conversation under way */
    struct baton_table slice_sets;
    struct baton_names cases; /* names of those that wait */
    struct baton_suspects suspects;
    struct baton_label_case under_way;
    uint64_t slice_set;
};

struct baton_labels baton_labels_of(void);
void baton_labels_clear(struct baton_labels *labels);
void baton_labels_merge(struct baton_labels *into, const struct baton_labels *from);
bool baton_labels_failed(const struct baton_labels *labels);

/* Begins a conversation with all its repeats; what `under_way` points to must live until the end of it. */
void baton_labels_begin(struct baton_labels *labels, const struct baton_label_case *under_way);
void baton_labels_add(struct baton_labels *labels, const struct baton_label_trial *trial);
void baton_labels_end(struct baton_labels *labels);

/* Counts the labels of named cases and ends all clusters. Nothing can be added or merged after. */
void baton_labels_finish(struct baton_labels *labels);

#endif
