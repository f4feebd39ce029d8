#include "evals/play/counterfactual.h"

#include "reports/figure_names.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, NAME_BYTES_MAX = 256 };

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
