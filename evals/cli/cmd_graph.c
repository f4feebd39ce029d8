/* cmd_graph.c - `baton graph`: the handoff graph, declared and, with a result, observed. */
#include "engine/base/document.h"
#include "engine/base/json.h"
#include "engine/core/agents.h"
#include "evals/cli/print.h"
#include "evals/cli/switches.h"
#include "evals/cli/verbs.h"
#include "reports/forms/graph.h"

#include <string.h>

enum { GRAPH_BYTES_MAX = 512 * 1024 * 1024 };

struct graph_args {
    const char *format;
};

static const struct {
    const char *name;
    void (*write)(struct baton_text *out, const struct baton_graph *graph);
} forms[] = {
    { "dot", baton_graph_write_dot },
    { "mermaid", baton_graph_write_mermaid },
};

enum { FORM_COUNT = sizeof forms / sizeof *forms };

#define FORM struct graph_args

/* clang-format off */
static const struct baton_switch switches[] = {
    TEXT("format", 'f', format, "FORM", "dot (Graphviz, the default) or mermaid"),
};
/* clang-format on */

struct drawing {
    struct baton_arena *arena;
    struct baton_agents *agents;
    struct baton_graph graph;
    struct baton_graph_edge *edges;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct drawing *drawing)
{
    return baton_error_no_memory(drawing->err, NULL);
}

static enum baton_status declare(struct drawing *drawing, size_t more)
{
    const struct baton_agents *agents = drawing->agents;
    size_t count = more;
    for (uint32_t i = 0; i < agents->count; i++) {
        count += agents->list[i].handoff_count;
    }
    struct baton_str *names = baton_arena_array(drawing->arena, agents->count, sizeof *names);
    drawing->edges = baton_arena_array(drawing->arena, count + 1, sizeof *drawing->edges);
    if (names == NULL || drawing->edges == NULL) {
        return no_memory(drawing);
    }
    drawing->graph = (struct baton_graph){
        .names = names, .node_count = agents->count, .entry = agents->entry, .edges = drawing->edges
    };
    for (uint32_t i = 0; i < agents->count; i++) {
        names[i] = agents->list[i].name;
        for (uint32_t h = 0; h < agents->list[i].handoff_count; h++) {
            drawing->edges[drawing->graph.edge_count++] =
                (struct baton_graph_edge){ .from = i, .to = agents->list[i].handoffs[h].target, .is_declared = true };
        }
    }
    return BATON_OK;
}

static struct baton_graph_edge *find_edge(struct drawing *drawing, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < drawing->graph.edge_count; i++) {
        if (drawing->edges[i].from == from && drawing->edges[i].to == to) {
            return &drawing->edges[i];
        }
    }
    struct baton_graph_edge *edge = &drawing->edges[drawing->graph.edge_count++];
    *edge = (struct baton_graph_edge){ .from = from, .to = to };
    return edge;
}

static enum baton_status bad_result(const struct drawing *drawing, const struct baton_source *source, size_t offset)
{
    return baton_source_error(
        source, offset, drawing->err,
        "not a summary.json of 'baton eval': it needs \"edges\": [{\"from\", \"to\", \"count\"}]");
}

static enum baton_status observe(struct drawing *drawing, const struct baton_source *source,
                                 const struct baton_json *list)
{
    const struct baton_agents *agents = drawing->agents;
    for (const struct baton_json *node = list->child; node != NULL; node = node->next) {
        bool is_object = node->type == BATON_JSON_OBJECT;
        const struct baton_json *from = is_object ? baton_json_get(node, "from") : NULL;
        const struct baton_json *to = is_object ? baton_json_get(node, "to") : NULL;
        const struct baton_json *number = is_object ? baton_json_get(node, "count") : NULL;
        int64_t count = 0;
        if (from == NULL || to == NULL || number == NULL || !baton_json_integer(number, 0, INT64_MAX, &count)) {
            return bad_result(drawing, source, node->offset);
        }
        uint32_t ends[2] = { baton_agents_find(agents, from->text), baton_agents_find(agents, to->text) };
        if (ends[0] == BATON_NONE || ends[1] == BATON_NONE) {
            const struct baton_json *unknown = ends[0] == BATON_NONE ? from : to;
            return baton_agents_unknown(agents, unknown->text, source, unknown->offset, drawing->err);
        }
        find_edge(drawing, ends[0], ends[1])->count += (uint64_t)count;
    }
    drawing->graph.has_counts = true;
    return BATON_OK;
}

static enum baton_status build(struct drawing *drawing, const char *agents_path, const char *result_path)
{
    const struct baton_json *root = NULL, *list = NULL;
    struct baton_source source = { 0 };
    enum baton_status status = baton_agents_load(&drawing->agents, drawing->arena, agents_path, NULL, drawing->err);
    if (status == BATON_OK && result_path != NULL) {
        status = baton_document_load(&root, &source, drawing->arena, result_path, drawing->err);
        list = status == BATON_OK && root->type == BATON_JSON_OBJECT ? baton_json_get(root, "edges") : NULL;
        if (status == BATON_OK && (list == NULL || list->type != BATON_JSON_ARRAY)) {
            status = bad_result(drawing, &source, root->offset);
        }
    }
    status = status == BATON_OK ? declare(drawing, list == NULL ? 0 : list->count) : status;
    return status == BATON_OK && list != NULL ? observe(drawing, &source, list) : status;
}

static const char *form_at(size_t i)
{
    return i < FORM_COUNT ? forms[i].name : NULL;
}

static enum baton_status print(const struct drawing *drawing, const char *format)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        if (strcmp(format, forms[i].name) == 0) {
            struct baton_text text = baton_text_with_limit(GRAPH_BYTES_MAX);
            forms[i].write(&text, &drawing->graph);
            bool has_failed = text.failed;
            baton_print_text(stdout, &text);
            baton_text_clear(&text);
            return has_failed ? no_memory(drawing) : BATON_OK;
        }
    }
    return baton_args_unknown("format", format, "formats", form_at, drawing->err);
}

static enum baton_status graph_run(const struct baton_command_line *line, int *exit_code, struct baton_error *err)
{
    struct drawing drawing = { .arena = baton_arena_new(GRAPH_BYTES_MAX), .err = err };
    struct graph_args args = { .format = "dot" };
    struct baton_arg_list plain;
    bool is_done = false;
    enum baton_status status = baton_args_begin(line, drawing.arena, &args, &plain, &is_done, err);
    if (status == BATON_OK && !is_done) {
        status = build(&drawing, plain.items[0], plain.count > 1 ? plain.items[1] : NULL);
        if (status == BATON_OK) {
            status = print(&drawing, args.format);
        }
    }
    *exit_code = 0;
    baton_arena_free(drawing.arena);
    return status;
}

const struct baton_verb baton_verb_graph = {
    .name = "graph",
    .summary = "the handoff graph, declared and observed, as DOT or Mermaid",
    .usage = "AGENTS [SUMMARY.json]",
    .examples = "  baton graph agents.yaml | dot -Tsvg > graph.svg\n"
                "  baton graph agents.yaml results/summary.json --format mermaid",
    .more = "With a summary, edges carry how often they were taken; those never taken are dashed.",
    .switches = switches,
    .switch_count = sizeof switches / sizeof *switches,
    .least = 1,
    .most = 2,
    .run = graph_run,
};
