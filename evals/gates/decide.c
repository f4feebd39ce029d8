#include "evals/gates/decide.h"

#include "reports/comparison.h"

/* Where no gate is about the baseline, being clearly worse fails the run by itself. */
static bool has_baseline_gate(const struct baton_gate *gates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (baton_gate_is_on_baseline(&gates[i])) {
            return true;
        }
    }
    return false;
}

enum baton_status baton_decide(struct baton_decision *out, struct baton_summary *summary,
                               const struct baton_gate *gates, size_t gate_count, bool is_strict,
                               struct baton_arena *arena, struct baton_error *err)
{
    *out = (struct baton_decision){ 0 };
    struct baton_gate_result *results = baton_arena_array(arena, gate_count + 1, sizeof *results);
    if (results == NULL) {
        return baton_error_set(err, BATON_ENOMEM, "out of memory");
    }
    summary->passed = true;
    for (size_t i = 0; i < gate_count; i++) {
        results[i] = baton_gate_check(&gates[i], summary, arena);
        summary->passed = summary->passed && results[i].verdict != BATON_GATE_FAIL;
    }
    summary->gates = results;
    summary->gate_count = gate_count;
    if (summary->baseline != NULL && summary->baseline->verdict == BATON_COMPARISON_WORSE &&
        !has_baseline_gate(gates, gate_count)) {
        summary->passed = false;
        out->reason = "clearly worse than the baseline";
    }
    if (gate_count == 0 && summary->baseline == NULL &&
        summary->routing.all_expectations.correct < summary->routing.all_expectations.n) {
        summary->passed = false;
        out->reason = "without gates every expectation must hold, and some did not";
    }
    out->exit_code = summary->passed ? 0 : 1;
    if (is_strict && summary->counts.diverged > 0) {
        summary->passed = false;
        out->reason = "conversations diverged under --strict";
        out->exit_code = baton_status_exit_code(BATON_EMISS);
    }
    return BATON_OK;
}
