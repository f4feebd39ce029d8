/* html_line.c - a conversation as the page holds it: one line of JSON, keys short, as thousands of them must stay small.
 *
 *   { id, o: outcome, runs: [RUN], counts: {outcome: n} of all repeats, names: [agent, ...] }
 *   RUN       { n: repeat, o: outcome, x: [EXCHANGE], left: exchanges not in here, whole: LABEL,
 *             div: divergence }
 *   EXCHANGE  LABEL and { q: question, s: start, r: [route], hops: where r is cut, f: final, st: status, opt, det, lo,
 *             inv, rev, loop, ms, ttft, t: text, turns, steps: [STEP], left }
 *   LABEL     { e: [expected], got: what the confusion matrix calls it, c: correct, why: [failed] }
 *   STEP      { a: agent, c: choice, of: [offered], more: offered and left out, to, want, why, at: [start, end] in ms,
 *             n: calls, tok: [in, out], t: text }
 *
 * Agents are indices into `names`. What is false, empty, unknown or the usual is left out. A text that was cut is the pair
 * [start of it, bytes of all of it]. `of` stands where it differs from what the agent was offered last.
 */
#include "reports/html/html.h"

#include <string.h>

enum { NAMES_MAX = 256, REASON_BYTES = 600, NS_PER_US = 1000 };

struct line {
    struct baton_json_writer json;
    struct baton_str names[NAMES_MAX];
    const struct baton_result_turn *offered_by[NAMES_MAX]; /* where the agent's offers were written last */
    uint32_t name_count;
    size_t bytes_left, exchanges_left, steps_left, hops_left;
};

/* ---- pieces ---- */

static void put_text(struct line *line, const char *key, struct baton_str text, size_t bytes_max)
{
    size_t most = line->bytes_left < bytes_max ? line->bytes_left : bytes_max;
    size_t length = baton_str_cut(text, most).length;
    if (text.length == 0) {
        return;
    }
    if (key != NULL) {
        baton_jw_key(&line->json, key);
    }
    line->bytes_left -= length;
    if (length == text.length) {
        baton_jw_str(&line->json, text);
        return;
    }
    baton_jw_open(&line->json, '[');
    baton_jw_str(&line->json, (struct baton_str){ text.data, length });
    baton_jw_u64(&line->json, text.length);
    baton_jw_close(&line->json, ']');
}

static uint32_t name_index(struct line *line, struct baton_str name)
{
    uint32_t i = 0;
    while (i < line->name_count && !baton_str_equal(line->names[i], name)) {
        i++;
    }
    if (i == line->name_count && i < NAMES_MAX) {
        line->names[line->name_count++] = name;
    }
    return i;
}

/* The index of the name, or the name itself where there are too many. */
static void put_name(struct line *line, const char *key, struct baton_str name)
{
    if (key != NULL) {
        baton_jw_key(&line->json, key);
    }
    uint32_t index = name_index(line, name);
    if (index < NAMES_MAX) {
        baton_jw_u64(&line->json, index);
    } else {
        size_t most = line->bytes_left < BATON_HTML_NAME_BYTES ? line->bytes_left : BATON_HTML_NAME_BYTES;
        line->bytes_left -= name.length < most ? name.length : most;
        baton_report_put_short(&line->json, name, most);
    }
}

static void put_names(struct line *line, const char *key, const struct baton_str *names, size_t count)
{
    if (count == 0) {
        return;
    }
    baton_jw_key(&line->json, key);
    baton_jw_open(&line->json, '[');
    for (size_t i = 0; i < count; i++) {
        put_name(line, NULL, names[i]);
    }
    baton_jw_close(&line->json, ']');
}

static void put_string(struct line *line, const char *key, const char *value)
{
    baton_jw_key(&line->json, key);
    baton_jw_string(&line->json, value);
}

static void put_number(struct line *line, const char *key, int64_t value)
{
    baton_jw_key(&line->json, key);
    baton_jw_i64(&line->json, value);
}

static void put_count(struct line *line, const char *key, uint64_t value)
{
    if (value > 0) {
        baton_jw_key(&line->json, key);
        baton_jw_u64(&line->json, value);
    }
}

/* Milliseconds to the microsecond. */
static void put_ms(struct line *line, const char *key, int64_t ns)
{
    if (ns != BATON_RESULT_UNKNOWN) {
        if (key != NULL) {
            baton_jw_key(&line->json, key);
        }
        baton_jw_ms(&line->json, (uint64_t)ns / NS_PER_US * NS_PER_US);
    }
}

static void put_tokens(struct line *line, const struct baton_result_tokens *tokens)
{
    if (tokens->is_known) {
        baton_jw_key(&line->json, "tok");
        baton_jw_open(&line->json, '[');
        baton_jw_i64(&line->json, tokens->input + tokens->cached);
        baton_jw_i64(&line->json, tokens->output);
        baton_jw_close(&line->json, ']');
    }
}

/* ---- a step ---- */

static bool same_offer(const struct baton_result_turn *a, const struct baton_result_turn *b)
{
    bool is_same = a != NULL && a->offered_count == b->offered_count;
    for (uint32_t i = 0; is_same && i < b->offered_count; i++) {
        is_same = baton_str_equal(a->offered[i], b->offered[i]);
    }
    return is_same;
}

static void put_offered(struct line *line, const struct baton_result_turn *step)
{
    uint32_t index = name_index(line, step->agent);
    if (index < NAMES_MAX && same_offer(line->offered_by[index], step)) {
        return;
    }
    if (index < NAMES_MAX) {
        line->offered_by[index] = step;
    }
    uint32_t count = step->offered_count < BATON_HTML_OFFERED ? step->offered_count : BATON_HTML_OFFERED;
    baton_jw_key(&line->json, "of");
    baton_jw_open(&line->json, '[');
    for (uint32_t i = 0; i < count; i++) {
        put_name(line, NULL, step->offered[i]);
    }
    baton_jw_close(&line->json, ']');
    put_count(line, "more", step->offered_count - count);
}

static void put_step(struct line *line, const struct baton_result_turn *step)
{
    baton_jw_open(&line->json, '{');
    put_name(line, "a", step->agent);
    put_string(line, "c", step->choice);
    put_offered(line, step);
    if (step->handoff_to.length > 0) {
        put_name(line, "to", step->handoff_to);
    } else {
        put_text(line, "want", step->wanted, BATON_HTML_NAME_BYTES);
    }
    put_text(line, "why", step->reason, REASON_BYTES);
    if (step->start_ns != BATON_RESULT_UNKNOWN && step->end_ns != BATON_RESULT_UNKNOWN) {
        baton_jw_key(&line->json, "at");
        baton_jw_open(&line->json, '[');
        put_ms(line, NULL, step->start_ns);
        put_ms(line, NULL, step->end_ns);
        baton_jw_close(&line->json, ']');
    }
    if (strcmp(step->choice, "tools") == 0) {
        put_count(line, "n", step->call_count);
    }
    put_tokens(line, &step->tokens);
    put_text(line, "t", step->text, BATON_HTML_TEXT_BYTES);
    baton_jw_close(&line->json, '}');
}

/* ---- an exchange ---- */

/* What the confusion matrix counts an exchange as: the agent that answered, or how it ended without one. */
static struct baton_str observed(const struct baton_result_exchange *exchange)
{
    static const struct {
        const char *status, *label;
    } labels[] = { { "max_turns", "@exhausted" },
                   { "max_handoffs", "@exhausted" },
                   { "loop", "@exhausted" },
                   { "unanswered", "@none" } };
    bool was_refused = exchange->steps == NULL || exchange->step_count == 0
                           ? exchange->invalid_handoffs > 0
                           : strcmp(exchange->steps[exchange->step_count - 1].choice, "rejected") == 0;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(exchange->status, labels[i].status) == 0) {
            bool is_none = strcmp(labels[i].label, "@none") == 0;
            return baton_str_of(is_none && was_refused ? "@invalid" : labels[i].label);
        }
    }
    return exchange->final;
}

static void put_label(struct line *line, const struct baton_result_label *label,
                      const struct baton_result_exchange *last)
{
    if (!label->is_labelled) {
        return;
    }
    put_names(line, "e", label->expected,
              label->expected_count < BATON_HTML_OFFERED ? label->expected_count : BATON_HTML_OFFERED);
    if (label->is_judged) {
        if (last != NULL) {
            put_name(line, "got", observed(last));
        }
        baton_jw_key(&line->json, "c");
        baton_jw_bool(&line->json, label->is_correct);
    }
    if (label->failed_count > 0) {
        baton_jw_key(&line->json, "why");
        baton_jw_open(&line->json, '[');
        for (uint32_t i = 0; i < label->failed_count; i++) {
            put_text(line, NULL, baton_str_of(label->failed[i]), REASON_BYTES);
        }
        baton_jw_close(&line->json, ']');
    }
}

static void put_loop(struct line *line, const struct baton_result_loop *loop)
{
    if (loop->kind != NULL) {
        baton_jw_key(&line->json, "loop");
        baton_jw_open(&line->json, '{');
        put_string(line, "kind", loop->kind);
        put_number(line, "k", loop->k);
        put_number(line, "onset", loop->onset);
        put_number(line, "detected", loop->detected);
        baton_jw_close(&line->json, '}');
    }
}

static void put_path(struct line *line, const struct baton_result_exchange *exchange)
{
    put_name(line, "s", exchange->start);
    size_t hops = exchange->route_count < line->hops_left ? exchange->route_count : line->hops_left;
    line->hops_left -= hops;
    put_names(line, "r", exchange->route, hops);
    if (hops < exchange->route_count) {
        put_number(line, "hops", exchange->route_count);
    }
    put_name(line, "f", exchange->final);
    if (!exchange->is_answered) {
        put_string(line, "st", exchange->status);
    }
    if (exchange->optimal != BATON_RESULT_UNKNOWN) {
        put_number(line, "opt", exchange->optimal);
    }
    if (exchange->has_detour) {
        put_number(line, "det", exchange->detour);
    }
    put_count(line, "lo", exchange->looped);
    put_count(line, "inv", exchange->invalid_handoffs);
    put_count(line, "rev", exchange->is_revisit);
    put_loop(line, &exchange->loop);
}

static void put_steps(struct line *line, const struct baton_result_exchange *exchange)
{
    size_t count = exchange->steps == NULL ? 0 : exchange->step_count;
    size_t shown = count < line->steps_left ? count : line->steps_left;
    line->steps_left -= shown;
    if (shown > 0) {
        baton_jw_key(&line->json, "steps");
        baton_jw_open(&line->json, '[');
        for (size_t i = 0; i < shown; i++) {
            put_step(line, &exchange->steps[i]);
        }
        baton_jw_close(&line->json, ']');
    }
    put_count(line, "left", count - shown);
}

static void put_exchange(struct line *line, const struct baton_result_exchange *exchange)
{
    const struct baton_result_turn *last =
        exchange->steps == NULL || exchange->step_count == 0 ? NULL : &exchange->steps[exchange->step_count - 1];
    baton_jw_open(&line->json, '{');
    put_text(line, "q", exchange->question, BATON_HTML_TEXT_BYTES);
    put_path(line, exchange);
    put_label(line, &exchange->label, exchange);
    put_ms(line, "ms", exchange->latency_ns);
    put_ms(line, "ttft", exchange->ttft_ns);
    put_count(line, "turns", exchange->turns);
    if (last == NULL || !baton_str_equal(last->text, exchange->text)) { /* else the last step says it */
        put_text(line, "t", exchange->text, BATON_HTML_TEXT_BYTES);
    }
    put_steps(line, exchange);
    baton_jw_close(&line->json, '}');
}

/* ---- runs ---- */

static const char *const outcome_names[] = { [BATON_TEST_PASSED] = "passed",
                                             [BATON_TEST_FAILED] = "failed",
                                             [BATON_TEST_ERROR] = "error",
                                             [BATON_TEST_SKIPPED] = "unlabelled" };

static void put_divergence(struct line *line, const struct baton_result_divergence *divergence)
{
    if (divergence->happened) {
        baton_jw_key(&line->json, "div");
        baton_jw_open(&line->json, '{');
        put_number(line, "x", divergence->exchange);
        put_number(line, "turn", divergence->turn);
        put_text(line, "recorded", divergence->recorded, BATON_HTML_NAME_BYTES);
        put_text(line, "asked", divergence->asked, BATON_HTML_NAME_BYTES);
        baton_jw_close(&line->json, '}');
    }
}

static void put_run(struct line *line, const struct baton_result *run)
{
    size_t count = run->exchange_count, shown = count < line->exchanges_left ? count : line->exchanges_left;
    line->exchanges_left -= shown;
    baton_jw_open(&line->json, '{');
    put_count(line, "n", run->repeat);
    put_string(line, "o", outcome_names[baton_result_outcome(run)]);
    baton_jw_key(&line->json, "x");
    baton_jw_open(&line->json, '[');
    for (size_t i = 0; i < shown; i++) {
        put_exchange(line, &run->exchanges[i]);
    }
    baton_jw_close(&line->json, ']');
    put_count(line, "left", count - shown);
    put_divergence(line, &run->divergence);
    if (run->whole.is_labelled) {
        baton_jw_key(&line->json, "whole");
        baton_jw_open(&line->json, '{');
        put_label(line, &run->whole, count > 0 ? &run->exchanges[count - 1] : NULL);
        baton_jw_close(&line->json, '}');
    }
    baton_jw_close(&line->json, '}');
}

/* The failing ones first, then those that could not be judged, then the others. */
static void put_runs(struct line *line, const struct baton_result *repeats, uint32_t count)
{
    static const enum baton_test_outcome order[] = { BATON_TEST_FAILED, BATON_TEST_ERROR, BATON_TEST_PASSED,
                                                     BATON_TEST_SKIPPED };
    uint32_t counts[sizeof order / sizeof *order] = { 0 }, shown = 0;
    baton_jw_key(&line->json, "runs");
    baton_jw_open(&line->json, '[');
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        for (uint32_t i = 0; i < count; i++) {
            if (baton_result_outcome(&repeats[i]) == order[k]) {
                counts[k]++;
                if (shown < BATON_HTML_RUNS) {
                    put_run(line, &repeats[i]);
                    shown++;
                }
            }
        }
    }
    baton_jw_close(&line->json, ']');
    if (count > 1) {
        baton_jw_key(&line->json, "counts");
        baton_jw_open(&line->json, '{');
        for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
            put_count(line, outcome_names[order[k]], counts[k]);
        }
        baton_jw_close(&line->json, '}');
    }
}

/* A conversation is what its worst repeat is. */
static const char *outcome_of(const struct baton_result *repeats, uint32_t count)
{
    bool has[BATON_TEST_SKIPPED + 1] = { false };
    for (uint32_t i = 0; i < count; i++) {
        has[baton_result_outcome(&repeats[i])] = true;
    }
    return outcome_names[has[BATON_TEST_FAILED]   ? BATON_TEST_FAILED
                         : has[BATON_TEST_ERROR]  ? BATON_TEST_ERROR
                         : has[BATON_TEST_PASSED] ? BATON_TEST_PASSED
                                                  : BATON_TEST_SKIPPED];
}

void baton_html_conversation(struct baton_text *out, struct baton_str suite, const struct baton_result *repeats,
                             uint32_t count)
{
    struct baton_text text = baton_text_with_limit(out->limit);
    struct line line = { .json = baton_json_writer_to(&text, 0),
                         .bytes_left = BATON_HTML_LINE_BYTES,
                         .exchanges_left = BATON_HTML_EXCHANGES,
                         .steps_left = BATON_HTML_STEPS,
                         .hops_left = BATON_HTML_HOPS };
    (void)suite;
    baton_jw_open(&line.json, '{');
    baton_jw_key(&line.json, "id");
    baton_report_put_short(&line.json, repeats[0].id, BATON_HTML_NAME_BYTES);
    put_string(&line, "o", outcome_of(repeats, count));
    put_runs(&line, repeats, count);
    baton_jw_key(&line.json, "names");
    baton_jw_open(&line.json, '[');
    for (uint32_t i = 0; i < line.name_count; i++) {
        baton_report_put_short(&line.json, line.names[i], BATON_HTML_NAME_BYTES);
    }
    baton_jw_close(&line.json, ']');
    baton_jw_close(&line.json, '}');
    out->failed = out->failed || text.failed;
    baton_html_put_json(out, baton_text_str(&text));
    baton_text_putc(out, '\n');
    baton_text_clear(&text);
}
