#include "evals/play/counterfactual.h"

#include "engine/base/number.h"
#include "evals/tally/summarize.h"
#include "reports/figure_names.h"
#include "reports/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES_SHOWN = 60, NAME_BYTES_MAX = 256 };

static bool read_limit(struct baton_str value, int32_t low, int32_t *out)
{
    int64_t number = 0;
    if (!baton_number_i64(value, &number) || number > BATON_TURNS_MAX || (number != -1 && number < low)) {
        return false;
    }
    *out = (int32_t)number;
    return true;
}

static bool read_word(struct baton_str value, const char *yes, const char *no, bool *out)
{
    *out = baton_str_is(value, yes);
    return *out || baton_str_is(value, no);
}

static bool read_one(struct baton_play *play, struct baton_str key, struct baton_str value)
{
    if (baton_str_is(key, "max_turns")) {
        return read_limit(value, 1, &play->limits.max_turns);
    }
    if (baton_str_is(key, "max_handoffs")) {
        return read_limit(value, 0, &play->limits.max_handoffs);
    }
    if (baton_str_is(key, "loops")) {
        return read_word(value, "stop", "report", &play->loops_stop);
    }
    return baton_str_is(key, "on_handoff") && read_word(value, "stop", "continue", &play->on_handoff_stop);
}

enum baton_status baton_counterfactual_read(struct baton_play *play, const char *text, struct baton_error *err)
{
    struct baton_str rest = baton_str_of(text);
    for (bool is_last = false; !is_last;) {
        struct baton_str piece = { rest.data, baton_str_find(rest, ',') };
        size_t equals = baton_str_find(piece, '=');
        is_last = piece.length == rest.length;
        if (!read_one(play, (struct baton_str){ piece.data, equals }, baton_str_after(piece, equals + 1))) {
            struct baton_str shown = baton_str_cut(piece, PIECE_BYTES_SHOWN);
            return baton_error_set(err, BATON_EUSAGE,
                                   "--counterfactual cannot read '%.*s'; it takes max_turns=N, max_handoffs=N, "
                                   "loops=stop|report and on_handoff=continue|stop, with commas between",
                                   BATON_STR_ARGS(shown));
        }
        rest = baton_str_after(rest, piece.length + 1);
    }
    return BATON_OK;
}

static void put(struct baton_text *out, double value)
{
    char text[32];
    if (isnan(value)) {
        baton_text_printf(out, " %16s", "n/a");
        return;
    }
    snprintf(text, sizeof text, "%.6f", value);
    for (size_t length = strlen(text); text[length - 1] == '0' || text[length - 1] == '.'; length--) {
        bool is_point = text[length - 1] == '.';
        text[length - 1] = '\0';
        if (is_point) {
            break;
        }
    }
    baton_text_printf(out, " %16s", text);
}

static void write_table(struct baton_text *out, const char *text, const struct baton_summary *was,
                        const struct baton_summary *would_be)
{
    struct baton_text name = baton_text_with_limit(NAME_BYTES_MAX);
    bool has_any = false;
    for (struct baton_figure_ref ref = { 0 }; baton_figure_next_compared(&ref);) {
        double a = baton_figure_value(&ref, was).value, b = baton_figure_value(&ref, would_be).value;
        if (a == b || (isnan(a) && isnan(b))) {
            continue;
        }
        if (!has_any) {
            baton_text_printf(out, "\nunder other limits: %s\n  %-22s %16s %16s\n", text, "", "as it was",
                              "as it would be");
            has_any = true;
        }
        baton_text_reset(&name);
        baton_figure_put_name(&name, &ref);
        baton_text_printf(out, "  %-22s", name.failed ? "" : name.data);
        put(out, a);
        put(out, b);
        baton_text_putc(out, '\n');
    }
    out->failed = out->failed || name.failed;
    baton_text_clear(&name);
    if (!has_any) {
        baton_text_printf(out, "\nunder other limits: %s\n  nothing would change\n", text);
    }
}

enum baton_status baton_counterfactual_run(struct baton_text *out, const char *text,
                                           const struct baton_runner_options *options, const struct baton_summary *was,
                                           struct baton_arena *arena, struct baton_error *err)
{
    struct baton_play play = *options->play;
    struct baton_runner_options others = *options;
    struct baton_tally tally = { 0 };
    struct baton_runner_result ran;
    struct baton_summary would_be;
    others.play = &play;
    enum baton_status status = baton_counterfactual_read(&play, text, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_runner_run(&ran, &tally, &others, err);
    if (status == BATON_OK) {
        status = baton_summarize(&would_be, arena, play.agents, &tally, err);
    }
    if (status == BATON_OK) {
        write_table(out, text, was, &would_be);
    }
    baton_tally_clear(&tally);
    return status;
}
