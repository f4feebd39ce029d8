#include "evals/play/counterfactual.h"

#include "reports/summary_json.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32 };

static bool read_limit(const char *value, int32_t *out)
{
    char *end;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || number < -1 || number == 0 || number > BATON_TURNS_MAX) {
        return false;
    }
    *out = (int32_t)number;
    return true;
}

static bool read_word(const char *value, const char *yes, const char *no, bool *out)
{
    *out = strcmp(value, yes) == 0;
    return *out || strcmp(value, no) == 0;
}

static bool read_one(struct baton_play *play, const char *key, const char *value)
{
    if (strcmp(key, "max_turns") == 0) {
        return read_limit(value, &play->limits.max_turns);
    }
    if (strcmp(key, "max_handoffs") == 0) {
        return strcmp(value, "0") == 0 ? (play->limits.max_handoffs = 0, true)
                                       : read_limit(value, &play->limits.max_handoffs);
    }
    if (strcmp(key, "loops") == 0) {
        return read_word(value, "stop", "report", &play->loops_stop);
    }
    return strcmp(key, "on_handoff") == 0 && read_word(value, "stop", "continue", &play->on_handoff_stop);
}

enum baton_status baton_counterfactual_read(struct baton_play *play, const char *text, struct baton_error *err)
{
    for (const char *at = text; at != NULL;) {
        const char *comma = strchr(at, ',');
        size_t length = comma == NULL ? strlen(at) : (size_t)(comma - at);
        char piece[KEY_BYTES] = "";
        if (length < sizeof piece) {
            memcpy(piece, at, length);
            piece[length] = '\0';
        }
        char *equals = strchr(piece, '=');
        if (equals == NULL) {
            equals = piece + strlen(piece);
        } else {
            *equals++ = '\0';
        }
        if (!read_one(play, piece, equals)) {
            return baton_error_set(err, BATON_EUSAGE,
                                   "--counterfactual cannot read '%.*s'; it takes max_turns=N, max_handoffs=N, "
                                   "loops=stop|report and on_handoff=continue|stop, with commas between",
                                   (int)(length > 60 ? 60 : length), at);
        }
        at = comma == NULL ? NULL : comma + 1;
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

void baton_counterfactual_write(struct baton_text *out, const char *text, const struct baton_summary *was,
                                const struct baton_summary *would_be)
{
    static const char *const names[] = {
        "counts.turns",
        "counts.answered",
        "counts.unanswered",
        "counts.exhausted",
        "counts.handoffs",
        "accuracy",
        "first_hop",
        "route",
        "all_expectations",
        "balanced",
        "over_routing",
        "under_routing",
        "misrouting",
        "depth.mean",
        "depth.max",
        "loops",
        "revisits",
        "loops.wasted_turns",
        "latency.exchange.p50",
        "latency.exchange.p95",
        "tokens.input",
        "tokens.output",
        "cost_usd.total",
    };
    bool has_any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct baton_figure_value a = { .value = NAN }, b = { .value = NAN };
        (void)baton_summary_figure(was, baton_str_of(names[i]), &a);
        (void)baton_summary_figure(would_be, baton_str_of(names[i]), &b);
        if (a.value == b.value || (isnan(a.value) && isnan(b.value))) {
            continue;
        }
        if (!has_any) {
            baton_text_printf(out, "\nunder other limits: %s\n  %-22s %16s %16s\n", text, "", "as it was",
                              "as it would be");
            has_any = true;
        }
        baton_text_printf(out, "  %-22s", names[i]);
        put(out, a.value);
        put(out, b.value);
        baton_text_putc(out, '\n');
    }
    if (!has_any) {
        baton_text_printf(out, "\nunder other limits: %s\n  nothing would change\n", text);
    }
}
