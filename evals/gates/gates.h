/* gates.h - what must hold for a run to pass: `accuracy >= 0.95`, `recall[billing] >= 0.9 if n >= 20` (FORMATS section 5).
 *
 * A gate names a figure (reports/figure_names.h), one of >= > <= < == !=, a number, and perhaps a least n below which it is
 * skipped. Agents stand in brackets; quotes let their names hold any character: `recall["x]y"] >= 1`. An unknown figure or
 * agent, and a bound that a ratio cannot reach, are errors when it is read, not a gate that passes. A gate on an undefined
 * figure fails and says why.
 */
#ifndef BATON_EVALS_GATES_GATES_H
#define BATON_EVALS_GATES_GATES_H

#include "engine/core/agents.h"
#include "reports/figure_names.h"

enum { BATON_GATES_MAX = 1000 };

struct baton_gate {
    struct baton_str text, name; /* name: of the figure, as it was written */
    struct baton_figure_ref figure;
    int op; /* index into the table of gates.c */
    double bound;
    uint64_t n_min;
};

/* Reads a gate. `source` and `offset` name its place; source NULL: it came from the command line (BATON_EUSAGE). */
BATON_MUST_CHECK enum baton_status baton_gate_read(struct baton_gate *out, struct baton_str text,
                                                   const struct baton_agents *agents, const struct baton_source *source,
                                                   size_t offset, struct baton_error *err);

/* Whether it is about the comparison with a baseline. */
bool baton_gate_is_on_baseline(const struct baton_gate *gate);

/* Whether it holds. Texts of the result live in the arena. */
struct baton_gate_result baton_gate_check(const struct baton_gate *gate, const struct baton_summary *summary,
                                          struct baton_arena *arena);

#endif
