#include "reports/forms/graph.h"

#include <inttypes.h>

enum { WIDTH_STEPS = 5 };

/* 0 for an edge never taken, else 1 to 5 by its share of the most taken one. */
static unsigned width(const struct baton_graph *graph, const struct baton_graph_edge *edge)
{
    uint64_t most = 1;
    for (size_t i = 0; i < graph->edge_count; i++) {
        most = graph->edges[i].count > most ? graph->edges[i].count : most;
    }
    return edge->count == 0 ? 0 : 1 + (unsigned)((edge->count - 1) * WIDTH_STEPS / most);
}

static void put_dot_name(struct baton_text *out, struct baton_str name)
{
    baton_text_putc(out, '"');
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\') {
            baton_text_putc(out, '\\');
        }
        baton_text_putc(out, name.data[i]);
    }
    baton_text_putc(out, '"');
}

void baton_graph_write_dot(struct baton_text *out, const struct baton_graph *graph)
{
    baton_text_puts(out,
                    "digraph handoffs {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
                    "  edge [fontname=\"sans-serif\"];\n");
    for (uint32_t i = 0; i < graph->node_count; i++) {
        baton_text_puts(out, "  ");
        put_dot_name(out, graph->names[i]);
        baton_text_puts(out, i == graph->entry ? " [penwidth=2];\n" : ";\n");
    }
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct baton_graph_edge *edge = &graph->edges[i];
        baton_text_puts(out, "  ");
        put_dot_name(out, graph->names[edge->from]);
        baton_text_puts(out, " -> ");
        put_dot_name(out, graph->names[edge->to]);
        if (graph->has_counts && edge->count == 0) {
            baton_text_puts(out, " [style=dashed, color=gray]");
        } else if (graph->has_counts) {
            baton_text_printf(out, " [label=\"%" PRIu64 "\", penwidth=%u%s]", edge->count, width(graph, edge),
                              edge->is_declared ? "" : ", color=red");
        }
        baton_text_puts(out, ";\n");
    }
    baton_text_puts(out, "}\n");
}

/* Mermaid reads a label in quotes with entities. A backtick or %%{ would begin other syntax, a line break end the block. */
static void put_mermaid_label(struct baton_text *out, struct baton_str name)
{
    baton_text_putc(out, '"');
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (c == '"' || c == '<' || c == '>' || c == '&' || c == '#' || c == ';' || c == '`' || c == '%') {
            baton_text_printf(out, "#%d;", (unsigned char)c);
        } else {
            baton_text_putc(out, (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c);
        }
    }
    baton_text_putc(out, '"');
}

void baton_graph_write_mermaid(struct baton_text *out, const struct baton_graph *graph)
{
    baton_text_puts(out, "flowchart LR\n");
    for (uint32_t i = 0; i < graph->node_count; i++) {
        baton_text_printf(out, "  a%u%s", i, i == graph->entry ? "([" : "[");
        put_mermaid_label(out, graph->names[i]);
        baton_text_puts(out, i == graph->entry ? "])\n" : "]\n");
    }
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct baton_graph_edge *edge = &graph->edges[i];
        if (graph->has_counts && edge->count == 0) {
            baton_text_printf(out, "  a%u -.-> a%u\n", edge->from, edge->to);
        } else if (graph->has_counts) {
            baton_text_printf(out, "  a%u -->|%" PRIu64 "| a%u\n", edge->from, edge->count, edge->to);
        } else {
            baton_text_printf(out, "  a%u --> a%u\n", edge->from, edge->to);
        }
    }
    for (size_t i = 0; graph->has_counts && i < graph->edge_count; i++) {
        if (graph->edges[i].count > 0) {
            baton_text_printf(out, "  linkStyle %zu stroke-width:%upx%s\n", i, width(graph, &graph->edges[i]),
                              graph->edges[i].is_declared ? "" : ",stroke:red");
        }
    }
}
