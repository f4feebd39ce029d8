/* forms.h - every way to write results down, as a table of forms.
 *
 * A form has a part for each conversation, written as the conversations come, and parts before and after it that need the
 * figures of the whole run. Forms without a part for conversations are made from the summary alone.
 *
 * Threads:  parts for conversations are written by many threads, each into a text of its own; they are put together in input
 *           order, so that a report has the same bytes at any number of threads.
 */
#ifndef BATON_REPORTS_FORMS_H
#define BATON_REPORTS_FORMS_H

#include "reports/comparison.h"
#include "reports/result.h"
#include "reports/summary.h"

/* How many conversations a bounded form was given, and how many it holds. */
struct baton_report_shares {
    uint64_t failed, failed_all, others, others_all;
};

/* What a report may need beside the figures. */
struct baton_report_context {
    const struct baton_summary *summary;
    bool has_colour;
    bool is_replay;                            /* say so: a replay judges recorded decisions */
    const char *failures;                      /* lines of judgements that failed, perhaps not all; or NULL */
    const char *verdict_reason;                /* what decided it, where no gate did; or NULL */
    const char *explain;                       /* command that shows one conversation, without its id; or NULL */
    const char *source;                        /* file that the conversations came from, for annotations; or NULL */
    const struct baton_comparison *comparison; /* with a baseline; or NULL */
    struct baton_report_shares shown;          /* of a bounded form: how many conversations are in it */
};

struct baton_report_form {
    const char *name;
    const char *file_name; /* in the folder of --out; NULL: only where asked for */
    const char *what;      /* one line for the help */
    void (*before)(struct baton_text *out, const struct baton_report_context *context);
    /* All repeats of one conversation, in order; NULL: none. */
    void (*conversation)(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                         uint32_t count);
    void (*after)(struct baton_text *out, const struct baton_report_context *context);
    /* At most so many bytes of conversations: the first that failed, then the first others; 0: all, in input order. A form
     * with such a limit writes one line for each conversation; the first that does not fit ends it. */
    size_t bytes_failed_max, bytes_others_max;
    bool wants_steps; /* results with their turns */
};

/* The form of that name, or NULL; the i-th form, or NULL past the end. */
const struct baton_report_form *baton_report_form_find(struct baton_str name);
const struct baton_report_form *baton_report_form_at(size_t i);

/* Whether some repeat of a conversation failed or could not be judged. */
bool baton_report_is_failure(const struct baton_result *repeats, uint32_t count);

/* Outcomes of a conversation as test reports see it. */
enum baton_test_outcome {
    BATON_TEST_PASSED,
    BATON_TEST_FAILED,
    BATON_TEST_ERROR,
    BATON_TEST_SKIPPED,
    BATON_TEST_OUTCOME_COUNT
};

/* Failed when some label of it does not hold, an error when the provider failed, skipped when it has no label. */
enum baton_test_outcome baton_test_outcome_of(const struct baton_result *result);

/* Time of all its exchanges as recorded, in nanoseconds. */
uint64_t baton_result_time_ns(const struct baton_result *result);

/* What failed, in one line: `exchange 2: final: expected billing, got tech; ...`. */
void baton_result_reasons(struct baton_text *out, const struct baton_result *result);

/* How many gates have that verdict, by its first letter (`p`ass, `f`ail, `s`kip). */
uint64_t baton_report_gates(const struct baton_summary *summary, char verdict);

/* Why a gate failed: `the value is 0.5 (n 12)`, or what else there is to say. */
void baton_gate_reason(struct baton_text *out, const struct baton_gate_result *gate);

/* The text as far as bytes_max bytes, cut at a character's end. */
struct baton_str baton_report_cut(struct baton_str text, size_t bytes_max);

/* Appends a text that was made for this one; a failure of it is one of this. The part is cleared. */
void baton_report_absorb(struct baton_text *out, struct baton_text *part,
                         void (*write)(struct baton_text *out, struct baton_str text));

#endif
