/* decide.h - whether a run passed: the gates decide; without any, every expectation must hold. With a baseline a run that is
 * clearly worse fails, unless a gate is about the baseline, and expectations need not all hold. Under --strict a divergence
 * fails too. Here once, so that a merged run is judged as a whole one is.
 */
#ifndef BATON_EVALS_GATES_DECIDE_H
#define BATON_EVALS_GATES_DECIDE_H

#include "evals/gates/gates.h"

struct baton_decision {
    int exit_code;
    const char *reason; /* where no gate decided it; or NULL */
};

/* Fills the summary's gates and verdict; they live in the arena. BATON_ENOMEM. */
BATON_MUST_CHECK enum baton_status baton_decide(struct baton_decision *out, struct baton_summary *summary,
                                                const struct baton_gate *gates, size_t gate_count, bool is_strict,
                                                struct baton_arena *arena, struct baton_error *err);

#endif
