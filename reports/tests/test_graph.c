#include "reports/forms/graph.h"

#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { TEXT_MAX = 64 * 1024 };

/* Whether the picture has that piece; prints it where it has not. */
static bool draws(void (*write)(struct baton_text *out, const struct baton_graph *graph),
                  const struct baton_graph *graph, const char *piece)
{
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    write(&text, graph);
    bool found = !text.failed && strstr(text.data, piece) != NULL;
    if (!found) {
        cr_log_error("%s", text.data);
    }
    baton_text_clear(&text);
    return found;
}

static const struct baton_str plain_names[] = { { "triage", 6 }, { "billing", 7 }, { "tech", 4 } };
static const struct baton_graph_edge plain_edges[] = {
    { .from = 0, .to = 1, .count = 100, .is_declared = true },
    { .from = 0, .to = 2, .count = 1, .is_declared = true },
    { .from = 1, .to = 2, .count = 0, .is_declared = true },
    { .from = 2, .to = 0, .count = 50 },
};

static struct baton_graph plain(bool has_counts)
{
    return (struct baton_graph){ .names = plain_names,
                                 .node_count = 3,
                                 .edges = plain_edges,
                                 .edge_count = has_counts ? 4 : 3,
                                 .has_counts = has_counts };
}

Test(graph, dot_draws_what_is_declared)
{
    struct baton_graph graph = plain(false);
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    baton_graph_write_dot(&text, &graph);
    cr_expect_str_eq(text.data,
                     "digraph handoffs {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                     "  edge [fontname=\"sans-serif\"];\n  \"triage\" [penwidth=2];\n  \"billing\";\n  \"tech\";\n"
                     "  \"triage\" -> \"billing\";\n  \"triage\" -> \"tech\";\n  \"billing\" -> \"tech\";\n}\n",
                     "%s", text.data);
    baton_text_clear(&text);
}

Test(graph, dot_draws_how_often_each_handoff_was_taken)
{
    struct baton_graph graph = plain(true);
    cr_expect(draws(baton_graph_write_dot, &graph, "\"triage\" -> \"billing\" [label=\"100\", penwidth=5];\n"), "%s",
              "often");
    cr_expect(draws(baton_graph_write_dot, &graph, "\"triage\" -> \"tech\" [label=\"1\", penwidth=1];\n"), "%s",
              "once");
    cr_expect(draws(baton_graph_write_dot, &graph, "\"billing\" -> \"tech\" [style=dashed, color=gray];\n"), "%s",
              "never");
    cr_expect(draws(baton_graph_write_dot, &graph, "\"tech\" -> \"triage\" [label=\"50\", penwidth=3, color=red];\n"),
              "%s", "undeclared");
}

Test(graph, mermaid_draws_the_same)
{
    struct baton_graph graph = plain(false);
    struct baton_text text = baton_text_with_limit(TEXT_MAX);
    baton_graph_write_mermaid(&text, &graph);
    cr_expect_str_eq(
        text.data,
        "flowchart LR\n  a0([\"triage\"])\n  a1[\"billing\"]\n  a2[\"tech\"]\n  a0 --> a1\n  a0 --> a2\n  a1 --> a2\n",
        "%s", text.data);
    baton_text_clear(&text);
    graph = plain(true);
    cr_expect(draws(baton_graph_write_mermaid, &graph, "  a0 -->|100| a1\n"), "%s", "often");
    cr_expect(draws(baton_graph_write_mermaid, &graph, "  a1 -.-> a2\n"), "%s", "never");
    cr_expect(
        draws(
            baton_graph_write_mermaid, &graph,
            "  linkStyle 0 stroke-width:5px\n  linkStyle 1 stroke-width:1px\n  linkStyle 3 stroke-width:3px,stroke:red\n"),
        "%s", "widths, of those taken");
}

Test(graph, widths_go_from_1_to_5_with_the_share_of_the_most_taken)
{
    static const struct row {
        uint64_t count, most;
        const char *want;
    } rows[] = {
        { 1, 1, "penwidth=1" },    { 1, 100, "penwidth=1" },  { 20, 100, "penwidth=1" },  { 21, 100, "penwidth=2" },
        { 60, 100, "penwidth=3" }, { 81, 100, "penwidth=5" }, { 100, 100, "penwidth=5" }, { 5, 5, "penwidth=5" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_graph_edge edges[] = { { .from = 0, .to = 1, .count = rows[i].count, .is_declared = true },
                                            { .from = 1, .to = 0, .count = rows[i].most, .is_declared = true } };
        struct baton_graph graph = {
            .names = plain_names, .node_count = 2, .edges = edges, .edge_count = 2, .has_counts = true
        };
        struct baton_text text = baton_text_with_limit(TEXT_MAX);
        baton_graph_write_dot(&text, &graph);
        const char *edge = strstr(text.data, "\"triage\" -> ");
        cr_assert_not_null(edge);
        cr_expect_eq(strncmp(strstr(edge, "penwidth"), rows[i].want, strlen(rows[i].want)), 0, "%zu of %zu: %s",
                     (size_t)rows[i].count, (size_t)rows[i].most, edge);
        baton_text_clear(&text);
    }
}

Test(graph, odd_names_cannot_break_out)
{
    static const struct row {
        const char *name, *agent, *dot, *mermaid;
    } rows[] = {
        { "quotes", "a\"b", "\"a\\\"b\" [penwidth=2];", "a0([\"a#34;b\"])" },
        { "a backslash at the end", "a\\", "\"a\\\\\" [penwidth=2];", "a0([\"a\\\"])" },
        { "markup", "<b>&x;#1", "\"<b>&x;#1\" [penwidth=2];", "a0([\"#60;b#62;#38;x#59;#35;1\"])" },
        { "brackets", "a])b", "\"a])b\" [penwidth=2];", "a0([\"a])b\"])" },
        { "a line break", "a\nb", "\"a\nb\" [penwidth=2];", "a0([\"a b\"])" },
        { "other letters", "caf\xc3\xa9", "\"caf\xc3\xa9\" [penwidth=2];", "a0([\"caf\xc3\xa9\"])" },
        { "nothing but a keyword", "end", "\"end\" [penwidth=2];", "a0([\"end\"])" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_graph_edge edge = { .from = 0, .to = 0, .is_declared = true };
        struct baton_str agent = baton_str_of(rows[i].agent);
        struct baton_graph graph = { .names = &agent, .node_count = 1, .edges = &edge, .edge_count = 1 };
        cr_expect(draws(baton_graph_write_dot, &graph, rows[i].dot), "%s", rows[i].name);
        cr_expect(draws(baton_graph_write_mermaid, &graph, rows[i].mermaid), "%s", rows[i].name);
    }
}
