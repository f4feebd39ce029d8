/* report.h - what every form of a report is given beside the results, and what several of them write in the same way.
 *
 * Owns:     nothing; a context points to what its caller keeps.
 * Threads:  any; a context is only read.
 */
#ifndef BATON_REPORTS_REPORT_H
#define BATON_REPORTS_REPORT_H

#include "engine/base/json_writer.h"
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

/* How many gates have that verdict. */
uint64_t baton_report_gates(const struct baton_summary *summary, enum baton_gate_verdict verdict);

/* Why a gate failed: `the value is 0.5 (n 12)`, or what else there is to say. */
void baton_report_gate_reason(struct baton_text *out, const struct baton_gate_result *gate);

/* Appends a text that was made for this one; a failure of it is one of this. The part is cleared. */
void baton_report_absorb(struct baton_text *out, struct baton_text *part,
                         void (*write)(struct baton_text *out, struct baton_str text));

/* A text in JSON: where it is longer than that, its start with a mark. */
void baton_report_put_short(struct baton_json_writer *json, struct baton_str text, size_t bytes_max);

/* A figure to six decimals, `n/a` where it is undefined; a p-value, at least to four places; a difference of shares as
 * points with their sign. */
void baton_report_number(struct baton_text *out, double value);
void baton_report_chance(struct baton_text *out, double p);
void baton_report_points(struct baton_text *out, double value);

#endif
