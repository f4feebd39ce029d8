/* session.h - what a verb works with: the suite, its agents and who answers, put together from a file and the command line.
 *
 * Owns:     its arena and its model, until baton_session_clear().
 */
#ifndef BATON_EVALS_CLI_SESSION_H
#define BATON_EVALS_CLI_SESSION_H

#include "engine/http/limiter.h"
#include "evals/cli/args.h"
#include "evals/gates/gates.h"
#include "evals/play/evaluate.h"
#include "evals/suite/suite.h"

/* The switches that verbs share; each verb's own struct begins with it. */
struct baton_session_args {
    const char *agents, *provider, *profile;
    struct baton_arg_list conversations;
    int64_t seed, repeat, max_turns, max_handoffs;
    struct {
        const char *model, *max_cost;
        int64_t requests_per_minute, tokens_per_minute, max_tokens, answer_tokens, retries, timeout_s;
        bool stream, no_stream;
    } live;
    const char *cassette;
    bool records, refreshes, resumes; /* into the cassette */
    const char *journal_folder; /* live answers that are not recorded otherwise are kept in cassette.jsonl there */
};

#define BATON_SESSION_UNSET INT64_MIN

/* Rows for a verb's table of switches, where `args` is the member of its struct. */
#define BATON_SESSION_SWITCHES(form, args)                                                                               \
    { "agents",                                                                                                          \
      0,                                                                                                                 \
      BATON_SWITCH_TEXT,                                                                                                 \
      offsetof(struct form, args.agents),                                                                                \
      "FILE",                                                                                                            \
      "agents file, where no suite names one",                                                                           \
      0,                                                                                                                 \
      0 },                                                                                                               \
        { "conversations",                                                                                               \
          0,                                                                                                             \
          BATON_SWITCH_LIST,                                                                                             \
          offsetof(struct form, args.conversations),                                                                     \
          "FILE",                                                                                                        \
          "conversations (.jsonl .json .yaml .csv .tsv, '*' matches); may be repeated",                                  \
          0,                                                                                                             \
          0 },                                                                                                           \
        { "provider",                                                                                                    \
          0,                                                                                                             \
          BATON_SWITCH_TEXT,                                                                                             \
          offsetof(struct form, args.provider),                                                                          \
          "NAME",                                                                                                        \
          "who answers: transcript (the conversation itself), cassette, live, sim:oracle, sim:rules.yaml, ...",          \
          0,                                                                                                             \
          0 },                                                                                                           \
        { "cassette", 0, BATON_SWITCH_TEXT, offsetof(struct form, args.cassette), "FILE", "recorded provider traffic",   \
          0,          0 },                                                                                               \
        { "profile", 0, BATON_SWITCH_TEXT, offsetof(struct form, args.profile), "NAME", "rules of the run loop (baton)", \
          0,         0 },                                                                                                \
        { "seed", 0,        BATON_SWITCH_NUMBER, offsetof(struct form, args.seed), "N", "seed of every random draw",     \
          0,      INT64_MAX },                                                                                           \
        { "repeat",                                                                                                      \
          0,                                                                                                             \
          BATON_SWITCH_NUMBER,                                                                                           \
          offsetof(struct form, args.repeat),                                                                            \
          "N",                                                                                                           \
          "play each conversation N times",                                                                              \
          1,                                                                                                             \
          BATON_REPEAT_MAX },                                                                                            \
        { "max-turns",                                                                                                   \
          0,                                                                                                             \
          BATON_SWITCH_NUMBER,                                                                                           \
          offsetof(struct form, args.max_turns),                                                                         \
          "N",                                                                                                           \
          "model calls per exchange (-1: no limit)",                                                                     \
          -1,                                                                                                            \
          BATON_TURNS_MAX },                                                                                             \
    {                                                                                                                    \
        "max-handoffs", 0, BATON_SWITCH_NUMBER, offsetof(struct form, args.max_handoffs), "N",                           \
            "handoffs per exchange (-1: no limit)", -1, BATON_TURNS_MAX                                                  \
    }

/* The same for verbs that can ask live services. */
#define BATON_LIVE_SWITCHES(form, args)                                                           \
    {                                                                                             \
        "model",                                                                                  \
        0,                                                                                        \
        BATON_SWITCH_TEXT,                                                                        \
        offsetof(struct form, args.live.model),                                                   \
        "NAME",                                                                                   \
        "live: this model for all agents",                                                        \
        0,                                                                                        \
        0                                                                                         \
    },                                                                                            \
        { "stream",                                                                               \
          0,                                                                                      \
          BATON_SWITCH_FLAG,                                                                      \
          offsetof(struct form, args.live.stream),                                                \
          NULL,                                                                                   \
          "live: ask for streamed answers",                                                       \
          0,                                                                                      \
          0 },                                                                                    \
        { "no-stream",                                                                            \
          0,                                                                                      \
          BATON_SWITCH_FLAG,                                                                      \
          offsetof(struct form, args.live.no_stream),                                             \
          NULL,                                                                                   \
          "live: ask for whole answers",                                                          \
          0,                                                                                      \
          0 },                                                                                    \
        { "rpm",                                                                                  \
          0,                                                                                      \
          BATON_SWITCH_NUMBER,                                                                    \
          offsetof(struct form, args.live.requests_per_minute),                                   \
          "N",                                                                                    \
          "live: requests per minute and provider",                                               \
          1,                                                                                      \
          BATON_LIMITER_RATE_MAX },                                                               \
        { "tpm",                                                                                  \
          0,                                                                                      \
          BATON_SWITCH_NUMBER,                                                                    \
          offsetof(struct form, args.live.tokens_per_minute),                                     \
          "N",                                                                                    \
          "live: tokens per minute and provider",                                                 \
          1,                                                                                      \
          BATON_LIMITER_RATE_MAX },                                                               \
        { "max-cost",                                                                             \
          0,                                                                                      \
          BATON_SWITCH_TEXT,                                                                      \
          offsetof(struct form, args.live.max_cost),                                              \
          "USD",                                                                                  \
          "live: stop when this much is spent, by the prices of the agents file",                 \
          0,                                                                                      \
          0 },                                                                                    \
        { "max-tokens",                                                                           \
          0,                                                                                      \
          BATON_SWITCH_NUMBER,                                                                    \
          offsetof(struct form, args.live.max_tokens),                                            \
          "N",                                                                                    \
          "live: stop when so many tokens are used",                                              \
          1,                                                                                      \
          INT64_MAX },                                                                            \
        { "answer-tokens",                                                                        \
          0,                                                                                      \
          BATON_SWITCH_NUMBER,                                                                    \
          offsetof(struct form, args.live.answer_tokens),                                         \
          "N",                                                                                    \
          "live: tokens of one answer at most",                                                   \
          1,                                                                                      \
          INT32_MAX },                                                                            \
        { "retries",                                                                              \
          0,                                                                                      \
          BATON_SWITCH_NUMBER,                                                                    \
          offsetof(struct form, args.live.retries),                                               \
          "N",                                                                                    \
          "live: further attempts of a call that failed (2)",                                     \
          0,                                                                                      \
          100 },                                                                                  \
    {                                                                                             \
        "timeout", 0, BATON_SWITCH_NUMBER, offsetof(struct form, args.live.timeout_s), "SECONDS", \
            "live: of a call with all its attempts (600)", 1, 86400                               \
    }

struct baton_session {
    struct baton_arena *arena;
    struct baton_suite suite;
    struct baton_agents *agents;
    struct baton_model *model;       /* NULL: nothing simulated */
    struct baton_live *live;         /* NULL: nobody is asked */
    struct baton_cassette *cassette; /* NULL: none is replayed */
    struct baton_recorder *recorder; /* NULL: nothing is recorded */
    const char *record_path;         /* of the recorder */
    bool is_journal;                 /* which nobody asked for: it replaces the one of the last run */
    struct baton_play play;
};

/* The switches unset. */
struct baton_session_args baton_session_args_unset(void);

/* What a session needs of the outside world. */
struct baton_session_world {
    const char *(*setting)(void *user, const char *name); /* of the environment; NULL: none is set */
    const volatile int *interrupted;
    bool has_person;   /* somebody waits for the words as they come: streamed, and in real time */
    bool is_dry;       /* nobody will be asked: who answers is not looked for */
    const char *today; /* 2026-11-21, for recordings; NULL: unknown */
};

/* Loads the suite (NULL: only the switches) and all it names but the conversations. The caller clears it, also on errors. */
BATON_MUST_CHECK enum baton_status baton_session_open(struct baton_session *out, const char *suite_path,
                                                      const struct baton_session_args *args,
                                                      const struct baton_session_world *world, struct baton_error *err);
void baton_session_clear(struct baton_session *session);

/* The gates of the suite and of the command line, in that order. */
BATON_MUST_CHECK enum baton_status baton_session_gates(const struct baton_session *session,
                                                       const struct baton_arg_list *more, struct baton_gate **out,
                                                       size_t *count, struct baton_error *err);

#endif
