/* cases.h - where conversations come from: files of them, read piece by piece (FORMATS sections 2 and 3).
 *
 * Forms, by ending: .jsonl and .ndjson (one conversation a line), .json .yaml .yml (one conversation), .csv .tsv (labels
 * without recordings); `-` is JSONL from standard input. A chunk holds whole records of one file, so that workers can read
 * ahead of each other and a file of any size needs little memory.
 *
 * Owns:     struct baton_cases owns its open file and its buffers; a chunk owns its text, until baton_chunk_clear().
 * Threads:  one thread at a time may take a chunk; each chunk belongs to who took it.
 * Limits:   BATON_LINE_BYTES_MAX for one record, BATON_FILE_BYTES_MAX for a .json or .yaml file.
 */
#ifndef BATON_EVALS_SUITE_CASES_H
#define BATON_EVALS_SUITE_CASES_H

#include "engine/base/text.h"
#include "engine/core/conversation.h"
#include "evals/suite/csv.h"

enum { BATON_CHUNK_BYTES = 128 * 1024, BATON_CASE_FILES_MAX = 10000 };

enum baton_case_form { BATON_CASES_LINES, BATON_CASES_DOCUMENT, BATON_CASES_CSV, BATON_CASES_TSV };

struct baton_chunk {
    uint64_t number; /* from 0, in input order */
    const char *file;
    enum baton_case_form form;
    unsigned line_first;
    struct baton_csv_columns columns;
    struct baton_text text;
};

/* A place in a chunk. */
struct baton_chunk_cursor {
    size_t at;
    unsigned line;
};

struct baton_cases;

/* Expands patterns (`*.jsonl`) and checks that every file is there and has a known ending. The caller frees it; arena must
 * outlive it. BATON_EINPUT. */
BATON_MUST_CHECK enum baton_status baton_cases_new(struct baton_cases **out, struct baton_arena *arena,
                                                   const char *const *paths, size_t count, struct baton_error *err);
void baton_cases_free(struct baton_cases *cases);

/* From now on reading ends with BATON_EINTERRUPTED soon after the flag is set, also while it waits for input. */
void baton_cases_watch(struct baton_cases *cases, const volatile int *interrupted);

/* From now on a chunk holds one record: for conversations that take long, which workers are to take one by one. */
void baton_cases_one_by_one(struct baton_cases *cases);

/* The next chunk; chunk->text is empty at the end. Uses the chunk's buffer again. */
BATON_MUST_CHECK enum baton_status baton_cases_next(struct baton_cases *cases, struct baton_chunk *chunk,
                                                    struct baton_error *err);

/* Bytes read so far, and in all files together (0 where that is unknown); for progress. */
uint64_t baton_cases_bytes_read(const struct baton_cases *cases);
uint64_t baton_cases_bytes_all(const struct baton_cases *cases);

/* Fingerprint of all bytes read so far, in order. */
struct baton_hash baton_cases_digest(const struct baton_cases *cases);

void baton_chunk_clear(struct baton_chunk *chunk);

/* Adds the place of a record to an error that has none. */
void baton_chunk_blame(const struct baton_chunk *chunk, unsigned line, struct baton_error *err);

/* Whether texts of its conversations point into the chunk, as those of JSON do; others are in the arena. */
bool baton_chunk_is_borrowed(const struct baton_chunk *chunk);

/* Reads the next conversation of a chunk. *out lives in the arena and may point into the chunk. False at the end; *status says
 * what happened. Start with a zeroed cursor. */
bool baton_chunk_next(const struct baton_chunk *chunk, struct baton_chunk_cursor *cursor,
                      struct baton_conversation *out, struct baton_arena *arena, const struct baton_agents *agents,
                      enum baton_status *status, struct baton_error *err);

#endif
