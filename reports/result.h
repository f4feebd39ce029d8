/* result.h - one conversation's result: its line in results.jsonl (FORMATS section 6), how it came out and why.
 *
 * A result knows names, not the engine's indices: it is what every report is made from.
 *
 * Owns:     nothing; it lives as long as the arena it was made in.
 */
#ifndef BATON_REPORTS_RESULT_H
#define BATON_REPORTS_RESULT_H

#include "engine/base/text.h"

#define BATON_RESULT_UNKNOWN INT64_C(-1)

struct baton_result_loop {
    const char *kind; /* NULL: none */
    uint32_t k, onset, detected;
};

struct baton_result_tokens {
    int64_t input, output, cached, cache_write;
    bool is_known;
};

/* A judgement on a label: of an exchange, or of the conversation as a whole. */
struct baton_result_label {
    bool is_labelled;
    bool is_judged; /* false: nothing to say (an error of the provider) */
    bool is_correct;
    const struct baton_str
        *expected; /* final agents that would do; none where the label says nothing of the final one */
    uint32_t expected_count;
    const char *const *failed; /* `final: expected billing, got tech` */
    uint32_t failed_count;
};

/* One model call of an exchange, for timelines. Times from the start of the exchange. */
struct baton_result_turn {
    struct baton_str agent, text;
    const struct baton_str *offered; /* agents that it could have handed over to */
    uint32_t offered_count, call_count;
    const char *choice;          /* answer, tools, handoff, rejected, nothing */
    struct baton_str handoff_to; /* empty: none was taken */
    struct baton_str wanted;     /* the transfer it called, taken or not; empty: none */
    struct baton_str reason;     /* of the handoff, or why it was refused */
    int64_t start_ns, end_ns;    /* or BATON_RESULT_UNKNOWN */
    struct baton_result_tokens tokens;
};

struct baton_result_exchange {
    struct baton_str question;             /* the user's */
    const struct baton_result_turn *steps; /* NULL: not asked for */
    uint32_t step_count;
    struct baton_str start, final;
    const struct baton_str *route; /* agents entered */
    uint32_t route_count;
    bool is_answered, is_revisit;
    const char *status;
    uint32_t turns, invalid_handoffs, looped;
    int64_t optimal, detour; /* BATON_RESULT_UNKNOWN: null (detour may be negative: see has_detour) */
    bool has_detour;
    struct baton_result_loop loop;
    struct baton_result_label label;
    int64_t latency_ns, ttft_ns; /* or BATON_RESULT_UNKNOWN */
    struct baton_result_tokens tokens;
    struct baton_str text;
};

struct baton_result_divergence {
    bool happened;
    uint32_t exchange, turn;
    struct baton_str recorded, asked;
};

struct baton_result {
    struct baton_str id;
    uint32_t repeat;
    const char *status; /* of the first exchange that did not end well, else of the last */
    const struct baton_result_exchange *exchanges;
    uint32_t exchange_count;
    struct baton_result_label whole; /* label of the conversation, written only where there is one */
    struct baton_result_divergence divergence;
};

/* Outcomes of a conversation as test reports see it. */
enum baton_test_outcome {
    BATON_TEST_PASSED,
    BATON_TEST_FAILED,
    BATON_TEST_ERROR,
    BATON_TEST_SKIPPED,
    BATON_TEST_OUTCOME_COUNT
};

/* Failed when some label of it does not hold, an error when the provider failed, skipped when it has no label. */
enum baton_test_outcome baton_result_outcome(const struct baton_result *result);

/* Time of all its exchanges as recorded, in nanoseconds. */
uint64_t baton_result_time_ns(const struct baton_result *result);

/* What failed, in one line: `exchange 2: final: expected billing, got tech; ...`. */
void baton_result_reasons(struct baton_text *out, const struct baton_result *result);

/* Whether some repeat of a conversation failed or could not be judged. */
bool baton_result_is_failure(const struct baton_result *repeats, uint32_t count);

/* One line with its line break. */
void baton_result_write(struct baton_text *out, const struct baton_result *result);

#endif
