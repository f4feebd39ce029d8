/* play.h - plays conversations without the program: agents and conversations as texts in, a result and counts out.
 *
 * The usual agents: triage hands over to billing and tech, billing to tech and triage, tech to triage; all may call
 * `lookup`. Most conversations can be written in short with the macros below.
 *
 * Owns:     play_open() takes memory, play_close() gives it back; a played conversation lives until the next one.
 * Threads:  one.
 */
#ifndef BATON_EVALS_TESTS_PLAY_H
#define BATON_EVALS_TESTS_PLAY_H

#include "evals/play/evaluate.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { PLAY_MESSAGE_BYTES = 1024 };

/* Messages of a conversation; CASE("a", USER("Hello") TO("triage", "billing") SAYS("billing", "Done.")) */
#define CASE(id, messages) "{\"id\":\"" id "\",\"messages\":[" messages "{\"role\":\"system\",\"content\":\"\"}]}"
#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"},"
#define ASKS(text, expect) "{\"role\":\"user\",\"content\":\"" text "\",\"expect\":{" expect "}},"
#define SAYS(agent, text) "{\"role\":\"assistant\",\"agent\":\"" agent "\",\"content\":\"" text "\"},"
#define CALLS(agent, id, tool, result)                                                                          \
    "{\"role\":\"assistant\",\"agent\":\"" agent "\",\"content\":null,\"tool_calls\":[{\"id\":\"" id            \
    "\",\"type\":\"function\",\"function\":{\"name\":\"" tool "\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\"," \
    "\"tool_call_id\":\"" id "\",\"content\":\"" result "\"},"
#define TO(agent, target) CALLS(agent, "c", "transfer_to_" target, "ok")

struct play {
    struct baton_arena *lasting, *arena;
    struct baton_agents *agents;
    struct baton_model *model;
    struct baton_play how; /* may be changed between conversations */
    struct baton_tally tally;
    struct baton_evaluator evaluator;
    struct baton_conversation conversation;
    struct baton_result result;
    struct baton_exchange **records;
    const char *row; /* its line of results */
    enum baton_status status;
    char message[PLAY_MESSAGE_BYTES]; /* where status is not BATON_OK */
};

/* `agents_yaml` NULL: the usual ones. */
void play_open(struct play *play, const char *agents_yaml);
void play_close(struct play *play);

/* From now on the model of that name plays, and no recording. */
void play_model(struct play *play, const char *name);

/* Plays a conversation, given as its JSON line. Refusals are in status and message. */
void play_case(struct play *play, const char *json, uint32_t repeat);

/* `answered final a>b turns n` of an exchange; for routes, depth and outcome at a glance. */
const char *play_outcome(struct play *play, uint32_t exchange);

/* The failed expectations of an exchange, with `; ` between; of the whole conversation where exchange is BATON_NONE. */
const char *play_failed(struct play *play, uint32_t exchange);

#endif
