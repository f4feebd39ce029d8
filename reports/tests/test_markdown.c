#include "reports/forms/markdown.h"

#include "reports/tests/sample.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024, REPORT_MAX = 64 * 1024 * 1024, MANY = 500, FAILURES = 10000 };

/* Bars that divide cells. */
static size_t bars(struct baton_str line)
{
    size_t count = 0;
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == '\\') {
            i++;
        } else {
            count += line.data[i] == '|';
        }
    }
    return count;
}

/* Whether a line outside a graph holds nothing that is markup but ours; kinds of lines are few. */
static bool is_tame(struct baton_str line)
{
    static const char *const starts[] = { "## PASS: ", "## FAIL: ", "### Not as expected", "- ", "| ", "|---" };
    size_t begin = 0;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (line.length >= strlen(starts[i]) && memcmp(line.data, starts[i], strlen(starts[i])) == 0) {
            begin = strlen(starts[i]);
        }
    }
    for (size_t i = begin; i < line.length; i++) {
        char c = line.data[i];
        if (c == '\\') {
            i++;
            bool is_marked = i + 7 < line.length && memcmp(line.data + i + 1, "&#8203;", 7) == 0;
            if (strchr("@#", line.data[i]) != NULL && !is_marked) {
                return false; /* a mention, found once the backslash is gone */
            }
            i += is_marked ? 7 : 0;
        } else if (strchr("`<>@#_~$!{}", c) != NULL || (unsigned char)c < 0x20 || c == 0x7f) {
            return false;
        } else if (c == '[' && begin == 0) {
            return false;
        } else if (c == '&') {
            return false;
        }
    }
    return true;
}

static bool is_graph_line(struct baton_str line)
{
    static const char *const starts[] = { "flowchart LR", "  a", "  linkStyle " };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (line.length >= strlen(starts[i]) && memcmp(line.data, starts[i], strlen(starts[i])) == 0) {
            size_t quotes = 0, odd = 0;
            for (size_t k = 0; k < line.length; k++) {
                quotes += line.data[k] == '"';
                odd += strchr("`<%", line.data[k]) != NULL || (unsigned char)line.data[k] < 0x20;
                odd += quotes == 1 && line.data[k] == '>';
            }
            return (quotes == 0 || quotes == 2) && odd == 0;
        }
    }
    return false;
}

/* NULL, or the first line that is not as it must be. */
static const char *problem(struct baton_arena *arena, struct baton_str text)
{
    bool is_in_graph = false;
    size_t table_bars = 0;
    for (size_t at = 0; at < text.length;) {
        const char *end = memchr(text.data + at, '\n', text.length - at);
        struct baton_str line = { text.data + at, end == NULL ? 0 : (size_t)(end - text.data) - at };
        const char *copy = baton_arena_copy(arena, line.data, line.length);
        at += line.length + 1;
        if (end == NULL) {
            return "the last line does not end";
        }
        if (baton_str_is(line, "```mermaid") || (is_in_graph && baton_str_is(line, "```"))) {
            is_in_graph = !is_in_graph;
            continue;
        }
        if (is_in_graph ? !is_graph_line(line) : !is_tame(line)) {
            return copy;
        }
        bool is_row = !is_in_graph && line.length > 0 && line.data[0] == '|';
        if (is_row && table_bars != 0 && bars(line) != table_bars) {
            return copy;
        }
        table_bars = is_row ? bars(line) : 0;
    }
    return is_in_graph ? "the graph does not end" : NULL;
}

static struct baton_str markdown(struct baton_arena *arena, struct baton_str text)
{
    struct baton_text report =
        sample_report(arena, baton_report_form_find(BATON_STR("markdown")), "FP", text, REPORT_MAX);
    cr_assert(!report.failed);
    struct baton_str kept = { baton_arena_copy(arena, report.data, report.length), report.length };
    baton_text_clear(&report);
    return kept;
}

Test(markdown, hostile_texts_stay_text)
{
    for (size_t i = 0; i < SAMPLE_TEXTS; i++) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_str text = markdown(arena, sample_text(arena, i));
        const char *line = problem(arena, text);
        cr_expect_null(line, "text %zu: %.300s", i, line);
        cr_expect_leq(text.length, (size_t)BATON_MARKDOWN_BYTES_MAX, "text %zu", i);
        baton_arena_free(arena);
    }
}

Test(markdown, a_row_shows_the_text_with_its_markup_escaped)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_str text = markdown(arena, BATON_STR("| a_b | `c` @d <e>"));
    cr_expect_not_null(strstr(text.data, "| \\| a\\_b \\| \\`c\\` \\@&#8203;d \\<e\\> | 0.5 | 2 | **FAIL** |\n"), "%s",
                       text.data);
    cr_expect_not_null(strstr(text.data, "\n```mermaid\nflowchart LR\n  a0[\"| a_b | #96;c#96; @d #60;e#62;\"]\n"),
                       "%s", text.data);
    baton_arena_free(arena);
}

/* 500 agents, all pairs of neighbours as edges, 1,000 gates, 10,000 failures of 1 KB each. */
Test(markdown, a_large_run_stays_below_the_limit_and_says_what_it_left_out)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_summary *summary = sample_summary(arena, "F", BATON_STR("x"));
    char large[1025];
    memset(large, '@', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    struct baton_agent_score *agents = baton_arena_zero(arena, MANY * sizeof *agents);
    struct baton_edge_count *edges = baton_arena_zero(arena, MANY * sizeof *edges);
    struct baton_gate_result *gates = baton_arena_zero(arena, MANY * sizeof *gates);
    struct baton_text failures = baton_text_with_limit(REPORT_MAX);
    for (size_t i = 0; i < MANY; i++) {
        agents[i] = (struct baton_agent_score){ .agent = { large, sizeof large - 1 }, .precision = NAN };
        edges[i] = (struct baton_edge_count){ { large, i + 1 }, { large, i }, 1 };
        gates[i] = (struct baton_gate_result){ .gate = i == MANY - 1 ? BATON_STR("last") : baton_str_of(large),
                                               .verdict = i == MANY - 1 ? BATON_GATE_FAIL : BATON_GATE_PASS };
    }
    for (size_t i = 0; i < FAILURES; i++) {
        baton_text_printf(&failures, "c%zu: %s\n", i, large);
    }
    summary->routing.agents = agents;
    summary->edges = edges;
    summary->gates = gates;
    summary->routing.agent_count = summary->edge_count = summary->gate_count = MANY;
    summary->routing.all_expectations = (struct baton_rate){ .n = FAILURES };
    struct baton_text text = baton_text_with_limit(REPORT_MAX);
    baton_markdown_write(&text, &(struct baton_report_context){ .summary = summary, .failures = failures.data });
    const char *line = problem(arena, baton_text_str(&text));
    cr_expect_null(line, "%.300s", line);
    cr_expect_leq(text.length, (size_t)BATON_MARKDOWN_BYTES_MAX);
    cr_expect_geq(text.length, (size_t)BATON_MARKDOWN_BYTES_MAX / 2, "%zu: the room is used", text.length);
    static const char *const wants[] = { " more gates are in summary.json",
                                         " more agents are in summary.json",
                                         "The graph of 500 handoffs is too large to draw here",
                                         "| last | ",
                                         " more expectations do not hold or met an error; all are in results.jsonl",
                                         "- c0\\: " };
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        cr_expect_not_null(strstr(text.data, wants[i]), "%s", wants[i]);
    }
    baton_text_clear(&text);
    baton_text_clear(&failures);
    baton_arena_free(arena);
}
