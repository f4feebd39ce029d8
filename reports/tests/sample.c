#include "reports/tests/sample.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { GATES = 3, EDGES = 2, LABELS = 3, LINES = 12 };

static const char *const texts[SAMPLE_TEXTS - 1] = {
    "plain",
    "<b>&\"'</b>",
    "]]>",
    "a\x01\x1b[31m\x1f\x7f b",
    "tab\tline\nreturn\rboth\r\n",
    "\xf0\x9f\x98\x80 \xc3\xa9",
    "\xef\xbf\xbe\xef\xbf\xbf",
    "=1+1",
    "+1",
    "-1",
    "@octocat",
    "'quoted",
    "\t=1",
    "\r=1",
    "a # SKIP no",
    "a \\# b \\",
    "1..5",
    "not ok 1",
    "| a | `b` \\| c |",
    "<script>alert(1)</script>",
    "x\r```\n<script>\n\n## heading\n- item",
    "```",
    "%%{init: {}}%%",
    "::error::x%0A,:",
    "\xe2\x80\xa8 \xe2\x80\xa9 \xc2\x85 \xef\xbb\xbf",
    "a,b\"c\"",
    "https://example.com www.example.com a@example.com #1",
};

struct baton_str sample_text(struct baton_arena *arena, size_t i)
{
    if (i < SAMPLE_TEXTS - 1) {
        return baton_str_of(texts[i]);
    }
    char *large = baton_arena_alloc(arena, SAMPLE_TEXT_BYTES_LARGE + 1);
    cr_assert_not_null(large);
    for (size_t k = 0; k < SAMPLE_TEXT_BYTES_LARGE; k += 4) {
        memcpy(large + k, k % 16 == 0 ? "\"|&\n" : "\xf0\x9f\x98\x80", 4);
    }
    large[SAMPLE_TEXT_BYTES_LARGE] = '\0';
    return (struct baton_str){ large, SAMPLE_TEXT_BYTES_LARGE };
}

static void *take(struct baton_arena *arena, size_t count, size_t bytes)
{
    void *piece = baton_arena_zero(arena, count * bytes);
    cr_assert_not_null(piece);
    return piece;
}

struct baton_result sample_result(struct baton_arena *arena, char letter, struct baton_str text)
{
    struct baton_result_exchange *exchange = take(arena, 1, sizeof *exchange);
    struct baton_str *names = take(arena, 2, sizeof *names);
    const char **failed = take(arena, 1, sizeof *failed);
    names[0] = names[1] = text;
    failed[0] = text.data;
    *exchange = (struct baton_result_exchange){ .start = text,
                                                .final = text,
                                                .route = names,
                                                .route_count = 2,
                                                .status = letter == 'E' ? "provider_error" : "answered",
                                                .turns = 3,
                                                .optimal = BATON_RESULT_UNKNOWN,
                                                .detour = -1,
                                                .has_detour = true,
                                                .latency_ns = 1500000,
                                                .ttft_ns = BATON_RESULT_UNKNOWN,
                                                .text = text };
    exchange->label = (struct baton_result_label){ .is_labelled = letter != 'S',
                                                   .is_judged = letter != 'E',
                                                   .is_correct = letter == 'P',
                                                   .expected = names,
                                                   .expected_count = 1,
                                                   .failed = failed,
                                                   .failed_count = letter == 'F' };
    return (struct baton_result){ .id = text, .status = exchange->status, .exchanges = exchange, .exchange_count = 1 };
}

struct baton_result *sample_repeats(struct baton_arena *arena, const char *letters, struct baton_str text)
{
    struct baton_result *repeats = take(arena, strlen(letters), sizeof *repeats);
    for (uint32_t i = 0; letters[i] != '\0'; i++) {
        repeats[i] = sample_result(arena, letters[i], text);
        repeats[i].repeat = i;
    }
    return repeats;
}

struct baton_test_counts sample_counts(const char *letters)
{
    bool has_passed = strchr(letters, 'P') != NULL, has_failed = strchr(letters, 'F') != NULL,
         has_error = strchr(letters, 'E') != NULL;
    return (struct baton_test_counts){ .passed = has_passed && !has_failed,
                                       .flaky = has_passed && has_failed,
                                       .failed = !has_passed && has_failed,
                                       .errors = !has_passed && !has_failed && has_error,
                                       .skipped = !has_passed && !has_failed && !has_error };
}

struct baton_summary *sample_summary(struct baton_arena *arena, const char *letters, struct baton_str text)
{
    struct baton_summary *summary = take(arena, 1, sizeof *summary);
    struct baton_gate_result *gates = take(arena, GATES, sizeof *gates);
    struct baton_agent_score *agents = take(arena, LABELS, sizeof *agents);
    struct baton_str *labels = take(arena, LABELS, sizeof *labels);
    struct baton_edge_count *edges = take(arena, EDGES, sizeof *edges);
    static const uint64_t cells[LABELS * LABELS] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    gates[0] = (struct baton_gate_result){ .gate = text, .value = 0.5, .n = 2, .verdict = BATON_GATE_FAIL };
    gates[1] = (struct baton_gate_result){ .gate = text, .value = NAN, .verdict = BATON_GATE_SKIP, .why = text };
    gates[2] = (struct baton_gate_result){ .gate = text, .value = 1, .n = 2, .verdict = BATON_GATE_PASS };
    for (size_t i = 0; i < LABELS; i++) {
        labels[i] = text;
        agents[i] = (struct baton_agent_score){ .agent = text, .support = i, .precision = NAN, .recall = 1, .f1 = NAN };
    }
    edges[0] = (struct baton_edge_count){ text, BATON_STR("b"), 4 };
    edges[1] = (struct baton_edge_count){ BATON_STR("b"), text, 1 };
    uint64_t count = strlen(letters), failed = 0;
    for (size_t i = 0; i < count; i++) {
        failed += letters[i] == 'F';
    }
    *summary = (struct baton_summary){ .tests = sample_counts(letters),
                                       .suite = { .name = text, .provider = text },
                                       .counts = { .conversations = count, .exchanges = count },
                                       .edges = edges,
                                       .edge_count = EDGES,
                                       .gates = gates,
                                       .gate_count = GATES };
    summary->latency.conversation.sum = (int64_t)count * 1500000;
    summary->routing.all_expectations = (struct baton_rate){ .correct = count - failed, .n = count, .value = 0.5 };
    summary->routing.agents = agents;
    summary->routing.agent_count = LABELS;
    summary->routing.labels = labels;
    summary->routing.label_count = LABELS;
    summary->routing.cells = cells;
    return summary;
}

/* Lines of failures as the runner writes them: without control bytes. */
static const char *failure_lines(struct baton_arena *arena, struct baton_str text)
{
    char *lines = take(arena, LINES, text.length + 2), *at = lines;
    for (size_t i = 0; i < LINES; i++) {
        for (size_t k = 0; k < text.length; k++) {
            unsigned char c = (unsigned char)text.data[k];
            *at++ = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
        }
        *at++ = '\n';
    }
    return lines;
}

struct baton_text sample_report(struct baton_arena *arena, const struct baton_report_form *form, const char *letters,
                                struct baton_str text, size_t bytes_max)
{
    struct baton_text out = baton_text_with_limit(bytes_max);
    struct baton_report_context context = { .summary = sample_summary(arena, letters, text),
                                            .failures = failure_lines(arena, text),
                                            .verdict_reason = "as somebody said",
                                            .explain = "baton explain suite.yaml",
                                            .source = "a:b,c.jsonl" };
    const struct baton_result *repeats = sample_repeats(arena, letters, text);
    if (form->before != NULL) {
        form->before(&out, &context);
    }
    if (form->conversation != NULL) {
        form->conversation(&out, text, repeats, (uint32_t)strlen(letters));
    }
    if (form->after != NULL) {
        form->after(&out, &context);
    }
    return out;
}
