/* evaluation_setup.c - reads all that an evaluation was asked for and opens it, before the first conversation is played: a run
 * may take hours and money, and must not end with what could have been refused at its start.
 */
#include "evals/cli/evaluation_setup.h"

#include "evals/play/counterfactual.h"
#include "evals/results/failed_ids.h"

struct baton_evaluation_args baton_evaluation_args_unset(void)
{
    return (struct baton_evaluation_args){ .session = baton_session_args_unset() };
}

static enum baton_status read_selection(struct baton_evaluation *eval)
{
    const struct baton_evaluation_args *args = eval->args;
    eval->selection = (struct baton_selection){ .filter = baton_str_of(args->filter),
                                                .tag = baton_str_of(args->tag),
                                                .only = args->only_failed == NULL ? NULL : &eval->only };
    enum baton_status status = baton_selection_read_shard(&eval->selection, args->shard, eval->err);
    return status == BATON_OK && args->only_failed != NULL
               ? baton_failed_ids_read(&eval->only, eval->session.arena, args->only_failed, eval->err)
               : status;
}

/* Wald's test at 5 % both ways. */
static enum baton_status read_stop_early(struct baton_evaluation *eval)
{
    struct baton_sprt_plan plan = { .alpha = 0.05, .beta = 0.05 };
    struct baton_str rest = baton_str_of(eval->args->stop_early);
    if (eval->args->stop_early == NULL) {
        return BATON_OK;
    }
    bool is_read = baton_args_take_decimal(&rest, &plan.rate_good) && baton_str_starts(rest, ",");
    rest = baton_str_after(rest, 1);
    is_read = is_read && baton_args_take_decimal(&rest, &plan.rate_bad) && rest.length == 0;
    return is_read && baton_resample_sprt_init(&eval->sprt, &plan)
               ? BATON_OK
               : baton_error_set(eval->err, BATON_EUSAGE,
                                 "--stop-early must be two pass rates, the good one first, as 0.95,0.8, not '%s'",
                                 eval->args->stop_early);
}

/* A mistake in it is said before the run. */
static enum baton_status check_counterfactual(struct baton_evaluation *eval)
{
    struct baton_play other = eval->session.play;
    return eval->args->counterfactual == NULL
               ? BATON_OK
               : baton_counterfactual_read(&other, eval->args->counterfactual, eval->err);
}

static enum baton_status choose_reports(struct baton_evaluation *eval)
{
    const struct baton_report_choice choice = { .folder = eval->args->out,
                                                .reports = eval->args->reports.items,
                                                .report_count = eval->args->reports.count,
                                                .has_rows = true,
                                                .has_steps = true,
                                                .is_json = eval->args->json,
                                                .is_quiet = eval->args->quiet };
    enum baton_status status = baton_report_sinks_choose(&eval->sinks, eval->session.arena, &choice, eval->err);
    if (status == BATON_OK && eval->session.suite.conversation_count == 0) {
        status =
            baton_error_set(eval->err, BATON_EUSAGE, "no conversations: name a suite, or give --conversations FILE");
    }
    return status;
}

/* Why this run cannot become the baseline, or NULL. */
static const char *why_no_update(const struct baton_evaluation *eval, const char *path, bool is_selection)
{
    if (path == NULL) {
        return "--update-baseline needs --baseline PATH, or `baseline:` in the suite";
    }
    if (eval->environment->is_ci) {
        return "--update-baseline is refused where CI is set: a baseline is changed by people, in a commit that others "
               "read";
    }
    return is_selection || eval->args->shard != NULL ? "--update-baseline takes whole runs, not a selection or a shard"
                                                     : NULL;
}

static enum baton_status open_baseline(struct baton_evaluation *eval)
{
    const struct baton_evaluation_args *args = eval->args;
    const char *path = args->baseline != NULL ? args->baseline : eval->session.suite.baseline;
    bool is_selection = args->filter != NULL || args->tag != NULL || args->only_failed != NULL;
    const char *why = args->update_baseline ? why_no_update(eval, path, is_selection) : NULL;
    if (why != NULL) {
        return baton_error_set(eval->err, BATON_EUSAGE, "%s", why);
    }
    if (args->baseline == NULL && path != NULL && is_selection) {
        fputs("baton: a selection of the conversations is not compared with the suite's baseline\n", stderr);
        return BATON_OK;
    }
    return baton_baseline_open(&eval->baseline, eval->session.arena, path, args->update_baseline, eval->err);
}

static enum baton_status open_session(struct baton_evaluation *eval)
{
    const struct baton_session_options options = { .suite_path = eval->suite_path,
                                                   .args = &eval->args->session,
                                                   .environment = eval->environment };
    return baton_session_open(&eval->session, &options, eval->err);
}

static enum baton_status read_gates(struct baton_evaluation *eval)
{
    return baton_session_gates(&eval->session, &eval->args->gates, &eval->gates, &eval->gate_count, eval->err);
}

static enum baton_status read_weights(struct baton_evaluation *eval)
{
    return baton_weights_read(&eval->weights, eval->session.arena, eval->session.agents, &eval->session.suite.source,
                              eval->session.suite.weights, eval->err);
}

/* All that can be refused, in the order in which people look for mistakes. */
enum baton_status baton_evaluation_set_up(struct baton_evaluation *eval)
{
    static enum baton_status (*const steps[])(struct baton_evaluation * eval) = {
        open_session,         choose_reports, read_gates,      open_baseline,
        check_counterfactual, read_selection, read_stop_early, read_weights,
    };
    enum baton_status status = BATON_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == BATON_OK; i++) {
        status = steps[i](eval);
    }
    return status;
}
