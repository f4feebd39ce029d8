/* sources.h - who answers in a run: finds the provider that is asked for and opens it, with a recorder where answers are kept.
 *
 * Owns:     what it opened, until baton_sources_close().
 */
#ifndef BATON_EVALS_CLI_SOURCES_H
#define BATON_EVALS_CLI_SOURCES_H

#include "engine/http/limiter.h"
#include "evals/cli/environment.h"
#include "evals/cli/switches.h"
#include "evals/play/binding.h"
#include "evals/suite/suite.h"

/* What the command line says of it. */
struct baton_source_args {
    const char *provider, *cassette, *model, *max_cost;
    int64_t requests_per_minute, tokens_per_minute, max_tokens, answer_tokens, retries, timeout_s;
    bool stream, no_stream;
    bool records, refreshes, resumes; /* into the cassette */
    const char *journal_folder; /* live answers that are not recorded otherwise are kept in cassette.jsonl there */
};

enum { BATON_RETRIES_MAX = 100, BATON_TIMEOUT_SECONDS_MAX = 86400 };

/* Rows for a table of switches (switches.h); `args` is the member of its FORM. */
/* clang-format off */
#define BATON_SOURCE_SWITCHES(args) \
    TEXT("provider", 0, args.provider, "NAME", "who answers: transcript (the conversation itself), cassette, live, sim:oracle, sim:rules.yaml, ..."), \
    TEXT("cassette", 0, args.cassette, "FILE", "recorded provider traffic")

#define BATON_LIVE_SWITCHES(args) \
    TEXT("model", 0, args.model, "NAME", "live: this model for all agents"), \
    FLAG("stream", 0, args.stream, "live: ask for streamed answers"), \
    FLAG("no-stream", 0, args.no_stream, "live: ask for whole answers"), \
    NUMBER("rpm", 0, args.requests_per_minute, "N", 1, BATON_LIMITER_RATE_MAX, "live: requests per minute and provider"), \
    NUMBER("tpm", 0, args.tokens_per_minute, "N", 1, BATON_LIMITER_RATE_MAX, "live: tokens per minute and provider"), \
    TEXT("max-cost", 0, args.max_cost, "USD", "live: stop when this much is spent, by the prices of the agents file"), \
    NUMBER("max-tokens", 0, args.max_tokens, "N", 1, INT64_MAX, "live: stop when so many tokens are used"), \
    NUMBER("answer-tokens", 0, args.answer_tokens, "N", 1, INT32_MAX, "live: tokens of one answer at most"), \
    NUMBER("retries", 0, args.retries, "N", 0, BATON_RETRIES_MAX, "live: further attempts of a call that failed (2)"), \
    NUMBER("timeout", 0, args.timeout_s, "SECONDS", 1, BATON_TIMEOUT_SECONDS_MAX, "live: of a call with all its attempts (600)")
/* clang-format on */

/* What the sources are opened for. */
struct baton_source_needs {
    struct baton_arena *arena; /* outlives the sources */
    const struct baton_agents *agents;
    const struct baton_suite *suite;
    const char *suite_path; /* NULL: only switches */
    const struct baton_source_args *args;
    const struct baton_environment *environment;
    uint64_t seed;
    bool has_person; /* somebody waits for the words as they come: streamed, and in real time */
};

struct baton_source_set {
    struct baton_sources shared;     /* for the workers */
    struct baton_str provider;       /* its name, for results */
    struct baton_str model;          /* one for all agents; empty: each its own */
    struct baton_model *simulated;   /* NULL: nothing is */
    struct baton_live *live;         /* NULL: nobody is asked */
    struct baton_cassette *cassette; /* NULL: none is replayed */
    struct baton_recorder *recorder; /* NULL: nothing is recorded */
    const char *record_path;         /* of the recorder */
    bool is_journal;                 /* which nobody asked for: it replaces the one of the last run */
};

/* Opens them. BATON_EUSAGE, with the nearest name, for a provider that there is not. The caller closes, also on errors. */
BATON_MUST_CHECK enum baton_status baton_sources_open(struct baton_source_set *out,
                                                      const struct baton_source_needs *needs, struct baton_error *err);
void baton_sources_close(struct baton_source_set *set);

#endif
