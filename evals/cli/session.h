/* session.h - what is asked for: the suite, its agents, limits and gates, put together from a file and the command line, with
 * the sources that answer (sources.h).
 *
 * Owns:     its arena and its sources, until baton_session_clear().
 */
#ifndef BATON_EVALS_CLI_SESSION_H
#define BATON_EVALS_CLI_SESSION_H

#include "evals/cli/sources.h"
#include "evals/gates/gates.h"
#include "evals/play/evaluate.h"

/* The switches that verbs share; each verb's own struct begins with it. */
struct baton_session_args {
    const char *agents, *profile;
    struct baton_arg_list conversations;
    int64_t seed, repeat, max_turns, max_handoffs;
    struct baton_source_args sources;
};

/* None given. */
struct baton_session_args baton_session_args_unset(void);

/* The i-th profile's name, or NULL past the end. */
const char *baton_session_profile_at(size_t i);

/* Rows for a table of switches (switches.h); `args` is the member of its FORM. */
/* clang-format off */
#define BATON_SESSION_SWITCHES(args) \
    TEXT("agents", 0, args.agents, "FILE", "agents file, where no suite names one"), \
    LIST("conversations", 0, args.conversations, "FILE", "conversations (.jsonl .json .yaml .csv .tsv, '*' matches); may be repeated"), \
    BATON_SOURCE_SWITCHES(args.sources), \
    CHOICE("profile", 0, args.profile, "NAME", baton_session_profile_at, "rules of the run loop"), \
    NUMBER("seed", 0, args.seed, "N", 0, INT64_MAX, "seed of every random draw"), \
    NUMBER("repeat", 0, args.repeat, "N", 1, BATON_REPEAT_MAX, "play each conversation N times"), \
    NUMBER("max-turns", 0, args.max_turns, "N", -1, BATON_TURNS_MAX, "model calls per exchange (-1: no limit)"), \
    NUMBER("max-handoffs", 0, args.max_handoffs, "N", -1, BATON_TURNS_MAX, "handoffs per exchange (-1: no limit)")
/* clang-format on */

struct baton_session_options {
    const char *suite_path; /* NULL: only the switches */
    const struct baton_session_args *args;
    const struct baton_environment *environment;
    bool has_person; /* somebody waits for the words as they come: streamed, and in real time */
    bool is_dry;     /* nobody will be asked: no sources are opened */
};

struct baton_session {
    struct baton_arena *arena;
    struct baton_suite suite;
    struct baton_agents *agents;
    struct baton_source_set sources;
    struct baton_play play;
};

/* Loads the suite and all it names but the conversations. The caller clears it, also on errors. */
BATON_MUST_CHECK enum baton_status baton_session_open(struct baton_session *out,
                                                      const struct baton_session_options *options,
                                                      struct baton_error *err);
void baton_session_clear(struct baton_session *session);

/* The gates of the suite and of the command line, in that order. */
BATON_MUST_CHECK enum baton_status baton_session_gates(const struct baton_session *session,
                                                       const struct baton_arg_list *more, struct baton_gate **out,
                                                       size_t *count, struct baton_error *err);

#endif
