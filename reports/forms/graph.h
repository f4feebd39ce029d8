/* graph.h - the handoff graph as a picture: declared handoffs, and how often each was taken.
 */
#ifndef BATON_REPORTS_FORMS_GRAPH_H
#define BATON_REPORTS_FORMS_GRAPH_H

#include "engine/base/text.h"

struct baton_graph_edge {
    uint32_t from, to; /* nodes */
    uint64_t count;    /* times taken; meaningful where the graph has counts */
    bool is_declared;  /* false: taken, but not in the agents file */
};

struct baton_graph {
    const struct baton_str *names;
    uint32_t node_count, entry;
    const struct baton_graph_edge *edges;
    size_t edge_count;
    bool has_counts; /* from a result: unused edges are dashed, wide ones were taken often */
};

/* Graphviz DOT. */
void baton_graph_write_dot(struct baton_text *out, const struct baton_graph *graph);

/* Mermaid flowchart, as GitHub and GitLab draw it. */
void baton_graph_write_mermaid(struct baton_text *out, const struct baton_graph *graph);

#endif
