/* sinks.h - the reports of a run, each on its way to a file or to standard output.
 *
 * Workers write each conversation's part into texts of their own; the runner adds those in input order. What needs the
 * figures of the whole run waits: parts of such forms go to a file without a name beside the report, so that a report of any
 * length costs no memory, and come together at the end. results.jsonl is written as it comes: after a crash or Ctrl-C, what
 * is there is whole up to its last line.
 *
 * Threads:  parts belong to who writes them; the sinks to one thread at a time.
 */
#ifndef BATON_REPORTS_SINKS_H
#define BATON_REPORTS_SINKS_H

#include "reports/forms/forms.h"
#include "reports/out_file.h"

enum { BATON_SINKS_MAX = 32 };

/* What some conversations add to one report. Of a bounded form: those that failed, and the others. */
struct baton_report_part {
    struct baton_text texts[2];
    uint64_t counts[2];
};

struct baton_report_sink {
    const struct baton_report_form *form;
    const char *path; /* NULL: standard output */
    struct baton_out_file file;
    FILE *spools[2]; /* NULL: parts go to the file itself, or there are none */
    size_t bytes[2];
    struct baton_report_shares shares;
    bool is_direct; /* parts go to the file itself */
    FILE *given;    /* of the caller, which keeps it; or NULL */
};

struct baton_report_sinks {
    struct baton_arena *arena;
    struct baton_report_sink list[BATON_SINKS_MAX];
    size_t count;
    bool wants_steps; /* some form wants results with their turns */
};

/* What the command line says of reports. */
struct baton_report_choice {
    const char *folder;         /* of --out; NULL: none */
    const char *const *reports; /* `FORM[=FILE]` each */
    size_t report_count;
    bool has_rows;  /* conversations will be given; else forms with a part for each are refused */
    bool has_steps; /* with their turns; else forms that want those are refused */
    bool is_json, is_quiet;
};

/* Adds what was chosen: the rows and the figures into the folder, every report to its file, into the folder or to standard
 * output, and where none was chosen the one for the terminal. BATON_EUSAGE, with the nearest form. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_choose(struct baton_report_sinks *sinks,
                                                             struct baton_arena *arena,
                                                             const struct baton_report_choice *choice,
                                                             struct baton_error *err);

/* Adds results.jsonl to a file of the caller's, who closes it. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_add_rows(struct baton_report_sinks *sinks, FILE *file,
                                                               struct baton_error *err);

/* The path of a results.jsonl that can be read again once it is settled, or NULL. */
const char *baton_report_sinks_rows(const struct baton_report_sinks *sinks);

/* Opens the files of those that have a part for conversations, and tries whether the others can be written: BATON_EIO.
 * BATON_EUSAGE when two would go to the same file. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_open(struct baton_report_sinks *sinks, struct baton_error *err);

/* The parts of one worker's stretch of input, one for each sink. */
void baton_report_parts_init(struct baton_report_part *parts, size_t count);
void baton_report_parts_reset(struct baton_report_part *parts, size_t count);
void baton_report_parts_clear(struct baton_report_part *parts, size_t count);

/* Writes all repeats of a conversation into the parts. BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_report_parts_write(struct baton_report_part *parts,
                                                            const struct baton_report_sinks *sinks,
                                                            struct baton_str suite, const struct baton_result *repeats,
                                                            uint32_t count, struct baton_error *err);

/* Adds parts, in input order. BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_take(struct baton_report_sinks *sinks,
                                                           const struct baton_report_part *parts,
                                                           struct baton_error *err);

/* Puts in place what was written as it came. BATON_EIO. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_settle(struct baton_report_sinks *sinks, struct baton_error *err);

/* Writes what is left of every report and puts the files in place. context->shown is filled in for each. */
BATON_MUST_CHECK enum baton_status baton_report_sinks_finish(struct baton_report_sinks *sinks,
                                                             struct baton_report_context *context,
                                                             struct baton_error *err);

/* After an error: what was written as it came stays under its name (*kept: the first such path, or NULL), all else is
 * removed. What cannot be completed, as on a full disk, stays in its .part. */
void baton_report_sinks_keep(struct baton_report_sinks *sinks, const char **kept);

/* Removes all that was written; old files stay. Also after finish or keep: then nothing is left to do. */
void baton_report_sinks_discard(struct baton_report_sinks *sinks);

#endif
