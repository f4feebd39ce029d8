/* figures.h - the table of figures: one row says all there is to say of a figure.
 *
 * What it is called in summary.json and in gates, what kind of number it is and where it stands in struct baton_summary, what
 * it was counted over, in which unit and which way it is better, on which reports it stands, and what it means. The writer of
 * summary.json, gates, `baton gates`, the reports, comparisons and the README's list all read this table, so that a new figure
 * is a row in figures.c (and its formula, where summarize.c fills the struct; a SHARE needs none).
 *
 * Kinds of rows that expand: a RATE and a DISTRIBUTION have members (`accuracy.ci_low`), a LIST has elements with members of
 * their own (`recall[billing]`). Rows of a block that a run need not have are null in the file where there is none.
 *
 * Owns:     nothing; the table is constant.
 * Units:    nanoseconds of the struct are milliseconds in the file and for gates, pico-USD are USD.
 */
#ifndef BATON_REPORTS_FIGURES_H
#define BATON_REPORTS_FIGURES_H

#include "reports/summary.h"

/* What stands at the offset, and so how it is written. */
enum baton_figure_kind {
    BATON_FIGURE_TEXT,         /* struct baton_str; null where data is NULL; not for gates, as all that is no number */
    BATON_FIGURE_COUNT,        /* uint64_t */
    BATON_FIGURE_SIGNED,       /* int64_t */
    BATON_FIGURE_OPTIONAL,     /* int64_t, or BATON_FIGURE_NONE */
    BATON_FIGURE_TIME,         /* int64_t nanoseconds, or BATON_FIGURE_NONE */
    BATON_FIGURE_MONEY,        /* uint64_t pico-USD */
    BATON_FIGURE_REAL,         /* double, NaN where it is undefined; six decimals */
    BATON_FIGURE_SHARE,        /* uint64_t of as many as the n says: a rate beside a count */
    BATON_FIGURE_RATE,         /* struct baton_rate: an object with its members */
    BATON_FIGURE_DISTRIBUTION, /* struct baton_distribution: the same */
    BATON_FIGURE_LIST,         /* a pointer to as many structs as the n says; the first member is the key */
    BATON_FIGURE_TEXTS,        /* a pointer to as many struct baton_str */
    BATON_FIGURE_HISTOGRAM,    /* a pointer to as many struct baton_depth_count */
    BATON_FIGURE_MATRIX,       /* a pointer to as many by as many uint64_t */
    BATON_FIGURE_VERDICT,      /* enum baton_comparison_verdict */
    BATON_FIGURE_ONE_SIDED     /* not in the file: the p-value at `path`, but 1 where the run is not worse */
};

enum baton_unit {
    BATON_UNIT_RATIO, /* shown as a percentage */
    BATON_UNIT_SCORE, /* 0 to 1, shown as it is */
    BATON_UNIT_AGREEMENT,
    BATON_UNIT_CHANCE,
    BATON_UNIT_DIFFERENCE,
    BATON_UNIT_NUMBER,
    BATON_UNIT_MS,
    BATON_UNIT_USD,
    BATON_UNIT_USD_EACH,
    BATON_UNIT_TOKENS,
    BATON_UNIT_HOPS,
    BATON_UNIT_DETOURS, /* hops too many; below 0 where a shorter way was found than the graph has */
    BATON_UNIT_HOPS_EACH,
    BATON_UNIT_CONVERSATIONS,
    BATON_UNIT_EXCHANGES,
    BATON_UNIT_TURNS,
    BATON_UNIT_HANDOFFS,
    BATON_UNIT_ANSWERS,
    BATON_UNIT_CALLS,
    BATON_UNIT_LABELS,
    BATON_UNIT_CASES,
    BATON_UNIT_TIMES
};

struct baton_unit_of {
    const char *name;
    double low, high;  /* of its numbers; INFINITY: no bound */
    int decimals;      /* for people */
    const char *after; /* for people: behind the number */
};

enum baton_better { BATON_NEITHER, BATON_HIGHER, BATON_LOWER, BATON_AS_WHOLE /* a member: as the rate it is of */ };

/* Parts of summary.json that may be null. */
enum baton_block { BATON_ALWAYS, BATON_TOKENS, BATON_COST, BATON_REPEATS, BATON_BASELINE };

/* Where it stands on reports; they show sections in this order, and the figures of one in the order of the table. */
enum baton_section {
    BATON_SECTION_RUN,
    BATON_SECTION_ROUTING,
    BATON_SECTION_AGENTS,
    BATON_SECTION_DEPTH,
    BATON_SECTION_LOOPS,
    BATON_SECTION_LIMITS,
    BATON_SECTION_LATENCY,
    BATON_SECTION_COST,
    BATON_SECTION_COVERAGE,
    BATON_SECTION_REPEATS,
    BATON_SECTION_BASELINE,
    BATON_SECTION_COUNT
};

/* On which reports, beside what they draw. All that gates can name is in `baton gates` and in the CSV of figures. */
enum {
    BATON_ON_TERMINAL = 1,
    BATON_ON_MARKDOWN = 2,
    BATON_ON_HTML = 4,
    BATON_ON_COMPARE = 8, /* among what changed between two runs, or would under other limits */
    BATON_ON_PART = 16,   /* in brackets behind the one before */
    BATON_ON_NOT_0 = 32   /* on reports only where it is known and not 0 */
};

struct baton_figure {
    const char *path; /* in summary.json, with dots between; of a member its key */
    const char *name; /* short, for gates; or NULL */
    enum baton_figure_kind kind;
    enum baton_unit unit;
    enum baton_better better;
    enum baton_block block;
    size_t offset, n_offset;                /* in struct baton_summary, or what block or member it is of */
    const struct baton_figure_shape *shape; /* of what has members */
    const char *or_path;                    /* ONE_SIDED: the p-value to take where the first is undefined; or NULL */
    enum baton_section section;
    unsigned on;
    const char *label; /* for people */
    const char *of;    /* for people, behind `of N`; or NULL */
    const char *means; /* one line */
};

struct baton_figure_shape {
    const struct baton_figure *rows;
    size_t row_count;
    size_t bytes; /* of an element of a list */
    const char
        *key_word; /* how help calls the key of a list: AGENT, or K where it is a number; NULL: no gate looks in it */
    const char *no_such; /* why there is no element; or NULL */
};

/* The i-th row in the order of summary.json, or NULL past the end. */
const struct baton_figure *baton_figure_at(size_t i);

/* The next row of a section that is on one of those reports; begins with NULL, and ends with it. */
const struct baton_figure *baton_figure_next_on(const struct baton_figure *last, enum baton_section section,
                                                unsigned on);

const char *baton_section_name(enum baton_section section);
const struct baton_unit_of *baton_unit_of(enum baton_unit unit);

/* What the offsets of a row count from: the summary or its block; NULL where the run has no such block. */
const void *baton_figure_base(const struct baton_figure *row, const struct baton_summary *summary);

/* Why a block is null, or NULL where nothing more is to be said. */
const char *baton_block_missing(enum baton_block block);

/* The value at a base, in the unit of the file; NaN where it is undefined or no number. Of a rate its value. */
double baton_figure_number(const struct baton_figure *row, const void *base);
uint64_t baton_figure_n(const struct baton_figure *row, const void *base);

/* A p-value on whether it got worse: 1 where it did not. */
double baton_figure_one_sided(double p, double difference);

/* The value for people, in its unit: `92.5 %`, `0.893`, `1967`, `0.0061 USD`, `n/a`. */
void baton_figure_put(struct baton_text *out, const struct baton_figure *row, double value);

#endif
