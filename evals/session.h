/* session.h - what a verb works with: the suite, its agents and who answers, put together from a file and the command line.
 *
 * Owns:     its arena and its model, until baton_session_clear().
 */
#ifndef BATON_EVALS_SESSION_H
#define BATON_EVALS_SESSION_H

#include "evals/args.h"
#include "evals/evaluate.h"
#include "evals/gates.h"
#include "evals/suite.h"

/* The switches that verbs share; each verb's own struct begins with it. */
struct baton_session_args {
    const char *agents, *provider, *profile;
    struct baton_arg_list conversations;
    int64_t seed, repeat, max_turns, max_handoffs;
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
          "who answers: transcript (the recording), sim:oracle, sim:random, sim:rules.yaml, ...",                        \
          0,                                                                                                             \
          0 },                                                                                                           \
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

struct baton_session {
    struct baton_arena *arena;
    struct baton_suite suite;
    struct baton_agents *agents;
    struct baton_model *model; /* NULL: transcript */
    struct baton_play play;
};

/* The switches unset. */
struct baton_session_args baton_session_args_unset(void);

/* Loads the suite (NULL: only the switches) and all it names but the conversations. The caller clears it, also on errors. */
BATON_MUST_CHECK enum baton_status baton_session_open(struct baton_session *out, const char *suite_path,
                                                      const struct baton_session_args *args, struct baton_error *err);
void baton_session_clear(struct baton_session *session);

/* The gates of the suite and of the command line, in that order. */
BATON_MUST_CHECK enum baton_status baton_session_gates(const struct baton_session *session,
                                                       const struct baton_arg_list *more, struct baton_gate **out,
                                                       size_t *count, struct baton_error *err);

#endif
