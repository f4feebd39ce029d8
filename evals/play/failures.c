#include "evals/play/failures.h"

#include "engine/base/source.h"
#include "engine/base/terminal.h"

#include <string.h>

struct baton_failures baton_failures_none(void)
{
    return (struct baton_failures){ .lines = baton_text_with_limit(BATON_FILE_BYTES_MAX) };
}

void baton_failures_clear(struct baton_failures *failures)
{
    baton_text_clear(&failures->lines);
}

void baton_failures_reset(struct baton_failures *failures)
{
    baton_text_reset(&failures->lines);
    failures->count = 0;
}

/* `exchange` from 0; -1: the conversation. `error`: the text of a provider's failure; empty: none. */
static void note(struct baton_failures *failures, struct baton_str id, int exchange,
                 const struct baton_result_label *label, struct baton_str error)
{
    struct baton_text *lines = &failures->lines;
    bool has_failed = label->is_labelled && label->is_judged && !label->is_correct;
    if ((!has_failed && error.length == 0) || failures->count >= BATON_FAILURES_MAX) {
        return;
    }
    failures->count++;
    baton_terminal_put(lines, id);
    if (exchange >= 0) {
        baton_text_printf(lines, ", exchange %d", exchange + 1);
    }
    for (uint32_t i = 0; error.length == 0 && i < label->failed_count; i++) {
        baton_text_puts(lines, i == 0 ? ": " : "; ");
        baton_terminal_put(lines, baton_str_of(label->failed[i]));
    }
    if (error.length > 0) {
        baton_text_puts(lines, ": error: ");
        baton_terminal_put(lines, error);
    }
    baton_text_putc(lines, '\n');
}

/* Of a conversation that the provider failed on, the first error says why; what came after it followed from it. */
void baton_failures_note(struct baton_failures *failures, const struct baton_result *result)
{
    bool has_error = false;
    for (uint32_t i = 0; i < result->exchange_count && !has_error; i++) {
        const struct baton_result_exchange *exchange = &result->exchanges[i];
        has_error = strcmp(exchange->status, "error") == 0;
        note(failures, result->id, result->exchange_count > 1 ? (int)i : -1, &exchange->label,
             has_error ? exchange->text : BATON_STR(""));
    }
    if (!has_error) {
        note(failures, result->id, -1, &result->whole, BATON_STR(""));
    }
}

void baton_failures_merge(struct baton_failures *failures, const struct baton_failures *later)
{
    struct baton_str rest = baton_text_str(&later->lines);
    while (rest.length > 0 && failures->count < BATON_FAILURES_MAX) {
        size_t end = baton_str_find(rest, '\n'), length = end < rest.length ? end + 1 : end;
        baton_text_append(&failures->lines, rest.data, length);
        rest = baton_str_after(rest, length);
        failures->count++;
    }
}
