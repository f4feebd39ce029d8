/* score.c - the scores of the API: plays or takes a conversation, judges it, counts it; figures are made when they are asked for.
 *
 * All of it is what `baton eval` does for one conversation with one repeat (evals/play/runner.c), on one thread and without
 * files. Making figures packs the counters that they come from, so it is done on a copy; what was made is kept until
 * something is added.
 */
#include <baton/score.h>

#include "engine/api/give.h"
#include "engine/api/talk.h"
#include "evals/gates/gates.h"
#include "evals/judge/phantom.h"
#include "evals/play/evaluate.h"
#include "evals/suite/fingerprint.h"
#include "evals/tally/repeats.h"
#include "evals/tally/summarize.h"
#include "reports/figure_names.h"
#include "reports/summary_json.h"

#include <string.h>

enum {
    LASTING_BYTES_MAX = 64 * 1024 * 1024,
    CONVERSATION_BYTES_MAX = 512 * 1024 * 1024,
    FIGURES_BYTES_MAX = 512 * 1024 * 1024,
    TEXT_BYTES_MAX = 512 * 1024 * 1024
};

struct baton_scores {
    struct baton_arena *lasting, *conversation, *figures; /* the first holds this */
    struct baton_str name;
    struct baton_play play;
    struct baton_evaluator evaluator;
    struct baton_phantoms phantoms;
    struct baton_tally tally;
    struct baton_hash fingerprint;
    bool has_recordings, has_runs; /* among what was added */
    bool is_fresh;                 /* summary and its arena are of all that was added */
    struct baton_summary summary;
    struct baton_text reasons, line, json;
};

/* ---- making ---- */

static enum baton_status init(struct baton_scores *scores, const struct baton_agents *agents, const char *name,
                              struct baton_error *err)
{
    const char *copy = baton_give_text(scores->lasting, baton_str_of(name == NULL ? "baton" : name));
    scores->conversation = baton_arena_new(CONVERSATION_BYTES_MAX);
    scores->figures = baton_arena_new(FIGURES_BYTES_MAX);
    scores->reasons = scores->line = scores->json = baton_text_with_limit(TEXT_BYTES_MAX);
    scores->play = (struct baton_play){ .agents = agents,
                                        .sources = { .kind = BATON_SOURCE_TRANSCRIPT },
                                        .repeat_count = 1,
                                        .limits = agents->limits,
                                        .loops_stop = agents->loops_stop,
                                        .on_handoff_stop = agents->on_handoff_stop };
    if (copy == NULL || scores->conversation == NULL || scores->figures == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    scores->name = baton_str_of(copy);
    enum baton_status status = baton_phantoms_init(&scores->phantoms, NULL, err);
    return status == BATON_OK
               ? baton_evaluator_init(&scores->evaluator, scores->lasting, &scores->play, &scores->tally, err)
               : status;
}

struct baton_scores *baton_scores_new(const struct baton_agents *agents, const char *name,
                                      struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    if (agents == NULL) {
        baton_give_error(error, baton_give_missing(&err, "the agents"), &err);
        return NULL;
    }
    struct baton_arena *lasting = baton_arena_new(LASTING_BYTES_MAX);
    struct baton_scores *scores = lasting == NULL ? NULL : baton_arena_zero(lasting, sizeof *scores);
    enum baton_status status = BATON_ENOMEM;
    if (scores == NULL) {
        baton_error_no_memory(&err, NULL);
        baton_arena_free(lasting);
    } else {
        scores->lasting = lasting;
        status = init(scores, agents, name, &err);
    }
    if (status != BATON_OK) {
        baton_scores_free(scores);
        scores = NULL;
    }
    baton_give_error(error, status, &err);
    return scores;
}

void baton_scores_free(struct baton_scores *scores)
{
    if (scores == NULL) {
        return;
    }
    baton_evaluator_clear(&scores->evaluator);
    baton_phantoms_clear(&scores->phantoms);
    baton_tally_clear(&scores->tally);
    baton_text_clear(&scores->reasons);
    baton_text_clear(&scores->line);
    baton_text_clear(&scores->json);
    baton_arena_free(scores->conversation);
    baton_arena_free(scores->figures);
    baton_arena_free(scores->lasting); /* the scores lie in it */
}

/* ---- adding ---- */

static enum baton_status read_conversation(struct baton_scores *scores, struct baton_conversation *out,
                                           const char *text, const char *what, struct baton_error *err)
{
    const struct baton_json *root = NULL;
    const struct baton_source source = { .name = what, .text = baton_str_of(text) };
    baton_arena_reset(scores->conversation);
    if (source.text.length > BATON_LINE_BYTES_MAX) {
        return baton_error_set(err, BATON_EINPUT, "%s are more than %d bytes", what, BATON_LINE_BYTES_MAX);
    }
    enum baton_status status = baton_json_parse(&root, scores->conversation, &source, err);
    return status == BATON_OK ? baton_conversation_read(out, scores->conversation, scores->play.agents, &source, root,
                                                        BATON_STR("conversation"), err)
                              : status;
}

static const char *outcome_name(const struct baton_result *result)
{
    static const char *const names[BATON_TEST_OUTCOME_COUNT] = { [BATON_TEST_PASSED] = "passed",
                                                                 [BATON_TEST_FAILED] = "failed",
                                                                 [BATON_TEST_ERROR] = "error",
                                                                 [BATON_TEST_SKIPPED] = "skipped" };
    return names[baton_result_outcome(result)];
}

static enum baton_status fill_judgement(struct baton_scores *scores, const struct baton_result *result,
                                        struct baton_judgement *judgement, struct baton_error *err)
{
    baton_text_reset(&scores->reasons);
    baton_text_reset(&scores->line);
    baton_text_puts(&scores->reasons, "");
    baton_result_reasons(&scores->reasons, result);
    baton_result_write(&scores->line, result);
    if (scores->reasons.failed || scores->line.failed) {
        return baton_error_no_memory(err, NULL);
    }
    scores->line.data[scores->line.length - 1] = '\0'; /* its line break */
    *judgement = (struct baton_judgement){ .outcome = outcome_name(result),
                                           .reasons = scores->reasons.data,
                                           .line = scores->line.data };
    return BATON_OK;
}

/* Plays a recording, or takes what was `played` already, and counts it. */
static enum baton_status add(struct baton_scores *scores, const struct baton_conversation *conversation,
                             const struct baton_played *played, struct baton_judgement *judgement,
                             struct baton_error *err)
{
    struct baton_result result;
    struct baton_exchange **exchanges;
    struct baton_repeats repeats = baton_repeats_begin(&scores->tally);
    scores->is_fresh = false;
    enum baton_status status = played != NULL ? baton_evaluate_played(&scores->evaluator, &result, &exchanges,
                                                                      scores->conversation, conversation, played, err)
                                              : baton_evaluate(&scores->evaluator, &result, &exchanges,
                                                               scores->conversation, conversation, 0, err);
    if (status != BATON_OK) {
        return status;
    }
    baton_repeats_add(&repeats, &result);
    struct baton_phantom_counts phantoms = baton_phantoms_count(&scores->phantoms, exchanges, result.exchange_count);
    scores->tally.counts.phantom_checked += phantoms.checked;
    scores->tally.counts.phantom_handoffs += phantoms.handoffs;
    baton_repeats_end(&repeats, &scores->tally, conversation->id);
    baton_fingerprint_add(&scores->fingerprint, conversation);
    scores->has_recordings = scores->has_recordings || played == NULL;
    scores->has_runs = scores->has_runs || played != NULL;
    status = baton_tally_failed(&scores->tally) ? baton_error_no_memory(err, NULL) : BATON_OK;
    return status == BATON_OK && judgement != NULL ? fill_judgement(scores, &result, judgement, err) : status;
}

static void forget(struct baton_judgement *judgement)
{
    if (judgement != NULL) {
        *judgement = (struct baton_judgement){ .outcome = "", .reasons = "", .line = "" };
    }
}

int baton_scores_add_recording(struct baton_scores *scores, const char *conversation, struct baton_judgement *judgement,
                               struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_conversation recorded;
    forget(judgement);
    if (scores == NULL || conversation == NULL) {
        return baton_give_error(error, baton_give_missing(&err, scores == NULL ? "the scores" : "the conversation"),
                                &err);
    }
    enum baton_status status = read_conversation(scores, &recorded, conversation, "the conversation", &err);
    status = status == BATON_OK ? add(scores, &recorded, NULL, judgement, &err) : status;
    return baton_give_error(error, status, &err);
}

/* Whether the labels are those of the run: as many messages, with the same words. */
static enum baton_status check_labels(const struct baton_scores *scores, const struct baton_conversation *labels,
                                      const struct baton_talk *talk, struct baton_error *err)
{
    uint32_t count;
    const struct baton_message *history = baton_run_history(talk->run, &count);
    if (talk->agents != scores->play.agents) {
        return baton_error_set(err, BATON_EUSAGE, "the run has other agents than the scores");
    }
    if (talk->said != talk->exchange_count) {
        return baton_error_set(err, BATON_EUSAGE,
                               "the run has %u messages and %u exchanges: one ended in an error of memory "
                               "or money, and cannot be judged",
                               talk->said, talk->exchange_count);
    }
    if (labels->exchange_count != talk->exchange_count) {
        return baton_error_set(err, BATON_EUSAGE, "the labels have %u user messages, the run had %u",
                               labels->exchange_count, talk->exchange_count);
    }
    for (uint32_t i = 0, at = 0; i < talk->exchange_count; i++, at++) {
        at = baton_conversation_next_user(labels, at);
        if (!baton_str_equal(labels->messages[at].content, history[talk->exchanges[i]->message_first].content)) {
            return baton_error_set(err, BATON_EUSAGE, "user message %u of the labels is not what the run was told",
                                   i + 1);
        }
    }
    return BATON_OK;
}

int baton_scores_add_run(struct baton_scores *scores, const struct baton_run *run, const char *labels,
                         struct baton_judgement *judgement, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_conversation expected;
    forget(judgement);
    if (scores == NULL || run == NULL || labels == NULL) {
        const char *what = scores == NULL ? "the scores" : run == NULL ? "the run" : "the labels";
        return baton_give_error(error, baton_give_missing(&err, what), &err);
    }
    const struct baton_talk *talk = baton_talk_of(run);
    const struct baton_played played = { .run = talk->run,
                                         .exchanges = talk->exchanges,
                                         .count = talk->exchange_count };
    enum baton_status status = read_conversation(scores, &expected, labels, "the labels", &err);
    status = status == BATON_OK ? check_labels(scores, &expected, talk, &err) : status;
    status = status == BATON_OK ? add(scores, &expected, &played, judgement, &err) : status;
    return baton_give_error(error, status, &err);
}

int baton_scores_merge(struct baton_scores *scores, const struct baton_scores *from, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    enum baton_status status = BATON_OK;
    if (scores == NULL || from == NULL || scores == from) {
        status = baton_error_set(&err, BATON_EUSAGE, "two scores are needed to merge them");
    } else if (scores->play.agents != from->play.agents) {
        status = baton_error_set(&err, BATON_EUSAGE, "the scores have different agents");
    } else {
        scores->is_fresh = false;
        baton_fingerprint_merge(&scores->fingerprint, from->fingerprint);
        scores->has_recordings = scores->has_recordings || from->has_recordings;
        scores->has_runs = scores->has_runs || from->has_runs;
        baton_tally_merge(&scores->tally, &from->tally);
        status = baton_tally_failed(&scores->tally) ? baton_error_no_memory(&err, NULL) : BATON_OK;
    }
    return baton_give_error(error, status, &err);
}

/* ---- figures ---- */

/* Who answered: a run's provider is the host's affair. */
static struct baton_str provider_name(const struct baton_scores *scores)
{
    return !scores->has_runs ? BATON_STR("transcript") : scores->has_recordings ? BATON_STR("mixed") : BATON_STR("run");
}

/* NULL when out of memory. */
static const char *hex(struct baton_scores *scores, struct baton_hash hash)
{
    char digits[BATON_HASH_HEX_BYTES];
    baton_hash_hex(hash, digits);
    return baton_arena_copy(scores->figures, digits, sizeof digits - 1);
}

static enum baton_status describe(struct baton_scores *scores, struct baton_error *err)
{
    struct baton_summary *summary = &scores->summary;
    const char *agents = hex(scores, scores->play.agents->digest), *fingerprint = hex(scores, scores->fingerprint);
    if (agents == NULL || fingerprint == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    summary->suite.name = scores->name;
    summary->suite.fingerprint = baton_str_of(fingerprint);
    summary->suite.agents_digest = baton_str_of(agents);
    summary->suite.conversations_digest = BATON_STR("");
    summary->suite.provider = provider_name(scores);
    summary->suite.profile = baton_str_of(scores->play.agents->profile->name);
    summary->suite.repeat = 1;
    summary->passed = summary->routing.all_expectations.correct == summary->routing.all_expectations.n;
    return BATON_OK;
}

static enum baton_status refresh(struct baton_scores *scores, struct baton_error *err)
{
    struct baton_tally copy = { 0 };
    if (scores->is_fresh) {
        return BATON_OK;
    }
    baton_arena_reset(scores->figures);
    scores->summary = (struct baton_summary){ 0 };
    baton_tally_merge(&copy, &scores->tally);
    enum baton_status status =
        baton_tally_failed(&copy) ? baton_error_no_memory(err, NULL)
                                  : baton_summarize(&scores->summary, scores->figures, scores->play.agents, &copy, err);
    baton_tally_clear(&copy);
    status = status == BATON_OK ? describe(scores, err) : status;
    scores->is_fresh = status == BATON_OK;
    return status;
}

const char *baton_scores_summary(struct baton_scores *scores, struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    enum baton_status status = scores == NULL ? baton_give_missing(&err, "the scores") : refresh(scores, &err);
    if (status == BATON_OK) {
        baton_text_reset(&scores->json);
        baton_summary_write(&scores->json, &scores->summary);
        status = scores->json.failed ? baton_error_no_memory(&err, NULL) : BATON_OK;
    }
    baton_give_error(error, status, &err);
    return status == BATON_OK ? scores->json.data : NULL;
}

static enum baton_status check(struct baton_scores *scores, const char *gate, struct baton_gate_result *out,
                               struct baton_error *err)
{
    struct baton_gate read;
    enum baton_status status = refresh(scores, err);
    status =
        status == BATON_OK ? baton_gate_read(&read, baton_str_of(gate), scores->play.agents, NULL, 0, err) : status;
    if (status == BATON_OK) {
        *out = baton_gate_check(&read, &scores->summary, scores->figures);
    }
    return status;
}

int baton_scores_gate(struct baton_scores *scores, const char *gate, struct baton_gate_check *result,
                      struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_gate_result found;
    if (result != NULL) {
        *result = (struct baton_gate_check){ .verdict = "", .why = "" };
    }
    if (scores == NULL || gate == NULL) {
        return baton_give_error(error, baton_give_missing(&err, scores == NULL ? "the scores" : "the gate"), &err);
    }
    enum baton_status status = check(scores, gate, &found, &err);
    if (status == BATON_OK && result != NULL) {
        const char *why = baton_give_text(scores->figures, found.why);
        *result = (struct baton_gate_check){ .verdict = baton_gate_verdict_name(found.verdict),
                                             .value = found.value,
                                             .n = found.n,
                                             .why = why == NULL ? "" : why };
    }
    return baton_give_error(error, status, &err);
}

/* A figure is read as gates read them, so that an unknown one or agent is refused with the nearest. */
static enum baton_status find_figure(struct baton_scores *scores, const char *path, struct baton_figure_value *out,
                                     struct baton_error *err)
{
    struct baton_gate gate;
    const char *text = NULL;
    enum baton_status status = refresh(scores, err);
    if (status == BATON_OK) {
        text = baton_arena_printf(scores->figures, "%s == 0", path);
        status = text == NULL ? baton_error_no_memory(err, NULL)
                              : baton_gate_read(&gate, baton_str_of(text), scores->play.agents, NULL, 0, err);
    }
    if (status == BATON_OK) {
        *out = baton_figure_value(&gate.figure, &scores->summary);
    }
    return status;
}

int baton_scores_figure(struct baton_scores *scores, const char *path, struct baton_score *figure,
                        struct baton_error_info *error)
{
    struct baton_error err = { 0 };
    struct baton_figure_value found = { .value = 0 };
    if (scores == NULL || path == NULL || figure == NULL) {
        const char *what = scores == NULL ? "the scores" : path == NULL ? "the path of a figure" : "the figure";
        return baton_give_error(error, baton_give_missing(&err, what), &err);
    }
    enum baton_status status = find_figure(scores, path, &found, &err);
    const char *why = status == BATON_OK && found.why != NULL ? found.why : "";
    *figure = (struct baton_score){ .value = found.value, .n = found.n, .why = why };
    return baton_give_error(error, status, &err);
}
