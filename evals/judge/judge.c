/* judge.c - holds what happened against a label, field by field.
 *
 * All fields are looked at, also after the first that failed: whoever reads the report wants to know everything that went
 * wrong with a conversation, not one thing at a time. Only a pattern that takes too many steps stops the run, since neither
 * answer would be true.
 */
#include "evals/judge/judge.h"

#include <stdio.h>
#include <string.h>

enum { FAILED_MAX = 16, NAMES_BYTES = 200 };

/* A judgement under way. */
struct judge {
    const struct baton_expect *expect;
    const struct baton_observation *seen;
    struct baton_arena *arena;
    const char *failed[FAILED_MAX];
    uint32_t failed_count;
    bool is_out_of_memory;
    struct baton_error *err;
};

bool baton_is_completed(enum baton_run_status status)
{
    return status == BATON_RUN_ANSWERED || status == BATON_RUN_HANDOFF;
}

enum baton_outcome baton_outcome_of(const struct baton_observation *observation)
{
    switch (observation->status) {
    case BATON_RUN_ANSWERED:
    case BATON_RUN_HANDOFF:
        return BATON_OUTCOME_AGENT;
    case BATON_RUN_MAX_TURNS:
    case BATON_RUN_MAX_HANDOFFS:
    case BATON_RUN_LOOP:
        return BATON_OUTCOME_EXHAUSTED;
    case BATON_RUN_UNANSWERED:
        return observation->ended_rejected ? BATON_OUTCOME_INVALID : BATON_OUTCOME_NONE;
    case BATON_RUN_ERROR:
        break;
    }
    return BATON_OUTCOME_ERROR;
}

const char *baton_outcome_label(enum baton_outcome outcome)
{
    static const char *const labels[] = { NULL, "@none", "@exhausted", "@invalid", NULL };
    return labels[outcome];
}

static void fail(struct judge *judge, const char *text)
{
    if (text == NULL) {
        judge->is_out_of_memory = true;
    } else if (judge->failed_count < FAILED_MAX) {
        judge->failed[judge->failed_count++] = text;
    }
}

static uint32_t resolve(const struct judge *judge, uint32_t agent)
{
    return agent == BATON_DIRECT ? judge->seen->path[0] : agent;
}

/* Names joined by `separator`; long lists end in `...`. */
static void join(const struct judge *judge, const uint32_t *agents, uint32_t count, const char *separator,
                 char out[NAMES_BYTES])
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        struct baton_str name = baton_agent_name(judge->seen->agents, resolve(judge, agents[i]));
        int length =
            snprintf(out + at, NAMES_BYTES - at, "%s%.*s", i == 0 ? "" : separator, (int)name.length, name.data);
        if (length < 0 || (size_t)length >= NAMES_BYTES - at) {
            memcpy(out + NAMES_BYTES - 4, "...", 4);
            return;
        }
        at += (size_t)length;
    }
}

static const char *outcome_name(const struct judge *judge, char buffer[NAMES_BYTES])
{
    const char *label = baton_outcome_label(baton_outcome_of(judge->seen));
    if (label != NULL) {
        return label;
    }
    join(judge, &judge->seen->final, 1, "", buffer);
    return buffer;
}

/* ---- one field each ---- */

static bool check_final(struct judge *judge)
{
    const struct baton_expect *expect = judge->expect;
    bool is_completed = baton_is_completed(judge->seen->status);
    for (uint32_t i = 0; is_completed && i < expect->final_count; i++) {
        if (resolve(judge, expect->final[i]) == judge->seen->final) {
            return true;
        }
    }
    char wanted[NAMES_BYTES], got[NAMES_BYTES];
    join(judge, expect->final, expect->final_count, " or ", wanted);
    fail(judge, baton_arena_printf(judge->arena, "final: expected %s, got %s", wanted, outcome_name(judge, got)));
    return false;
}

static bool check_first(struct judge *judge)
{
    const struct baton_observation *seen = judge->seen;
    bool wants_direct = judge->expect->first == BATON_DIRECT;
    if (wants_direct ? seen->depth == 0 : seen->depth > 0 && seen->path[1] == judge->expect->first) {
        return true;
    }
    char wanted[NAMES_BYTES] = "@direct", got[NAMES_BYTES] = "@direct";
    if (!wants_direct) {
        join(judge, &judge->expect->first, 1, "", wanted);
    }
    if (seen->depth > 0) {
        join(judge, seen->path + 1, 1, "", got);
    }
    fail(judge, baton_arena_printf(judge->arena, "first: expected %s, got %s", wanted, got));
    return false;
}

static bool check_route(struct judge *judge)
{
    const struct baton_expect *expect = judge->expect;
    const struct baton_observation *seen = judge->seen;
    for (uint32_t i = 0; i < expect->route_count; i++) {
        if (baton_route_matches(expect->match, seen->path + 1, seen->depth, expect->routes[i].agents,
                                expect->routes[i].count)) {
            return true;
        }
    }
    char wanted[NAMES_BYTES], got[NAMES_BYTES];
    join(judge, expect->routes[0].agents, expect->routes[0].count, " > ", wanted);
    join(judge, seen->path + 1, seen->depth, " > ", got);
    fail(judge,
         baton_arena_printf(judge->arena, "route: expected %s [%s]%s, got [%s]", baton_route_match_names[expect->match],
                            wanted, expect->route_count > 1 ? " or another" : "", got));
    return false;
}

static void check_limits(struct judge *judge)
{
    const struct baton_expect *expect = judge->expect;
    const struct baton_observation *seen = judge->seen;
    if (expect->max_depth >= 0 && seen->depth > (uint32_t)expect->max_depth) {
        fail(judge, baton_arena_printf(judge->arena, "max_depth: expected at most %d, got %u", expect->max_depth,
                                       seen->depth));
    }
    if (expect->max_turns >= 0 && seen->turns > (uint32_t)expect->max_turns) {
        fail(judge, baton_arena_printf(judge->arena, "max_turns: expected at most %d, got %u", expect->max_turns,
                                       seen->turns));
    }
    if (expect->loop >= 0 && (expect->loop == 1) != seen->has_loop) {
        fail(judge, expect->loop == 1 ? "loop: expected one, got none" : "loop: expected none, got one");
    }
}

static void check_status(struct judge *judge)
{
    const struct baton_observation *seen = judge->seen;
    if (judge->expect->status >= 0 && (uint32_t)judge->expect->status != (uint32_t)seen->status) {
        fail(judge, baton_arena_printf(judge->arena, "status: expected %s, got %s",
                                       baton_run_status_name((enum baton_run_status)judge->expect->status),
                                       baton_run_status_name(seen->status)));
    } else if (judge->expect->status < 0 && judge->expect->final_count == 0 && !baton_is_completed(seen->status)) {
        /* where `final` is expected it has said so already */
        fail(judge, baton_arena_printf(judge->arena, "status: expected an answer, got %s",
                                       baton_run_status_name(seen->status)));
    }
}

static enum baton_status match(struct judge *judge, const struct baton_expected_text *text, struct baton_str subject,
                               bool *out)
{
    if (text->pattern == NULL) {
        *out = text->literal.length == 0 ||
               (subject.length >= text->literal.length &&
                memmem(subject.data, subject.length, text->literal.data, text->literal.length) != NULL);
        return BATON_OK;
    }
    enum baton_match found = baton_pattern_match(text->pattern, subject);
    *out = found == BATON_MATCH_YES;
    if (found == BATON_MATCH_LIMIT) {
        return baton_error_set(
            judge->err, BATON_EINPUT,
            "the pattern '%.*s' takes too many steps on a text of %zu bytes (at most %d bytes and %d steps); "
            "make it simpler",
            (int)text->literal.length, text->literal.data, subject.length, BATON_PATTERN_SUBJECT_MAX,
            BATON_PATTERN_STEPS_MAX);
    }
    return BATON_OK;
}

static enum baton_status check_says(struct judge *judge, const struct baton_expected_texts *texts, bool wanted)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < texts->count && status == BATON_OK; i++) {
        bool found = false;
        status = match(judge, &texts->list[i], judge->seen->text, &found);
        if (status == BATON_OK && found != wanted) {
            fail(judge, baton_arena_printf(judge->arena, "%s: the final text %s '%.*s'", wanted ? "says" : "not_says",
                                           wanted ? "does not match" : "matches", (int)texts->list[i].literal.length,
                                           texts->list[i].literal.data));
        }
    }
    return status;
}

static bool was_called(const struct baton_observation *seen, struct baton_str name)
{
    for (uint32_t i = 0; i < seen->message_count; i++) {
        for (uint32_t k = 0; k < seen->messages[i].call_count; k++) {
            if (baton_str_equal(seen->messages[i].calls[k].name, name)) {
                return true;
            }
        }
    }
    return false;
}

static void check_tools(struct judge *judge, const struct baton_expected_names *names, bool wanted)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (was_called(judge->seen, names->list[i]) != wanted) {
            fail(judge, baton_arena_printf(judge->arena, "tools: %.*s was %scalled", (int)names->list[i].length,
                                           names->list[i].data, wanted ? "not " : ""));
        }
    }
}

static enum baton_status is_visible(struct judge *judge, const struct baton_expected_text *fact, bool *out)
{
    const struct baton_turn *turn = judge->seen->final_first;
    enum baton_status status = BATON_OK;
    *out = false;
    if (turn == NULL) {
        return BATON_OK;
    }
    status = match(judge, fact, turn->extra_instructions, out);
    for (uint32_t i = 0; i < turn->seen_count && !*out && status == BATON_OK; i++) {
        const struct baton_message *message = &turn->seen[i];
        status = match(judge, fact, message->content, out);
        for (uint32_t k = 0; k < message->call_count && !*out && status == BATON_OK; k++) {
            status = match(judge, fact, message->calls[k].arguments, out);
        }
    }
    return status;
}

static enum baton_status check_facts(struct judge *judge, uint32_t *kept)
{
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < judge->expect->facts.count && status == BATON_OK; i++) {
        const struct baton_expected_text *fact = &judge->expect->facts.list[i];
        bool found = false;
        status = is_visible(judge, fact, &found);
        *kept += status == BATON_OK && found;
        if (status == BATON_OK && !found) {
            fail(judge, baton_arena_printf(judge->arena, "facts: '%.*s' did not reach the final agent",
                                           (int)fact->literal.length, fact->literal.data));
        }
    }
    return status;
}

static enum baton_status check_texts(struct judge *judge, uint32_t *facts_kept)
{
    enum baton_status status = check_says(judge, &judge->expect->says, true);
    if (status == BATON_OK) {
        status = check_says(judge, &judge->expect->not_says, false);
    }
    return status == BATON_OK ? check_facts(judge, facts_kept) : status;
}

/* ---- the whole ---- */

static enum baton_status fill_label(struct judge *judge, const struct baton_verdict *verdict,
                                    struct baton_result_label *label)
{
    const struct baton_expect *expect = judge->expect;
    struct baton_str *expected = baton_arena_array(judge->arena, expect->final_count + 1, sizeof *expected);
    const char **failed = baton_arena_array(judge->arena, judge->failed_count + 1, sizeof *failed);
    if (expected == NULL || failed == NULL || judge->is_out_of_memory) {
        return baton_error_over_limit(judge->err, "a conversation");
    }
    for (uint32_t i = 0; i < expect->final_count; i++) {
        expected[i] = baton_agent_name(judge->seen->agents, resolve(judge, expect->final[i]));
    }
    memcpy(failed, judge->failed, judge->failed_count * sizeof *failed);
    *label = (struct baton_result_label){ .is_labelled = true,
                                          .is_judged = baton_outcome_of(judge->seen) != BATON_OUTCOME_ERROR ||
                                                       expect->status == (int32_t)BATON_RUN_ERROR,
                                          .is_correct = verdict->is_correct,
                                          .expected = expected,
                                          .expected_count = expect->final_count,
                                          .failed = failed,
                                          .failed_count = judge->failed_count };
    return BATON_OK;
}

enum baton_status baton_expect_judge(struct baton_verdict *out, struct baton_result_label *label,
                                     const struct baton_expect *expect, const struct baton_observation *observation,
                                     struct baton_arena *arena, struct baton_error *err)
{
    struct judge judge = { .expect = expect, .seen = observation, .arena = arena, .err = err };
    *out = (struct baton_verdict){ .label = BATON_NONE };
    check_status(&judge);
    if (expect->final_count > 0) {
        out->final_holds = check_final(&judge);
        out->label = resolve(&judge, expect->final[0]);
    }
    out->first_holds = expect->first == BATON_NONE || check_first(&judge);
    out->route_holds = expect->route_count == 0 || check_route(&judge);
    check_limits(&judge);
    enum baton_status status = check_texts(&judge, &out->facts_kept);
    if (status != BATON_OK) {
        return status;
    }
    check_tools(&judge, &expect->called, true);
    check_tools(&judge, &expect->not_called, false);
    out->is_correct = judge.failed_count == 0;
    return fill_label(&judge, out, label);
}
