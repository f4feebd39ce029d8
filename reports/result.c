/* result.c - a conversation's result: its line, and what the test reports ask of it.
 *
 * The line has all keys in the order of the format whatever is known, with null for what is not, so that a reader need not
 * look for them. How a conversation came out is decided here and nowhere else: all forms and all counts agree.
 */
#include "reports/result.h"

#include "engine/base/json_writer.h"

static void put_bool(struct baton_json_writer *writer, const char *key, bool value)
{
    baton_jw_key(writer, key);
    baton_jw_bool(writer, value);
}

static void put_signed(struct baton_json_writer *writer, const char *key, bool is_known, int64_t value)
{
    baton_jw_key(writer, key);
    if (is_known) {
        baton_jw_i64(writer, value);
    } else {
        baton_jw_null(writer);
    }
}

static void put_ms(struct baton_json_writer *writer, const char *key, int64_t ns)
{
    baton_jw_key(writer, key);
    if (ns == BATON_RESULT_UNKNOWN) {
        baton_jw_null(writer);
    } else {
        baton_jw_ms(writer, (uint64_t)ns);
    }
}

static void put_names(struct baton_json_writer *writer, const char *key, const struct baton_str *names, uint32_t count)
{
    baton_jw_key(writer, key);
    baton_jw_open(writer, '[');
    for (uint32_t i = 0; i < count; i++) {
        baton_jw_str(writer, names[i]);
    }
    baton_jw_close(writer, ']');
}

static void put_loop(struct baton_json_writer *writer, const struct baton_result_loop *loop)
{
    baton_jw_key(writer, "loop");
    if (loop->kind == NULL) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    baton_jw_put_str(writer, "kind", baton_str_of(loop->kind));
    baton_jw_put_u64(writer, "k", loop->k);
    baton_jw_put_u64(writer, "onset", loop->onset);
    baton_jw_put_u64(writer, "detected", loop->detected);
    baton_jw_close(writer, '}');
}

static void put_label(struct baton_json_writer *writer, const struct baton_result_label *label)
{
    if (label->is_labelled && label->expected_count > 0) {
        put_names(writer, "expected", label->expected, label->expected_count);
    } else {
        baton_jw_key(writer, "expected");
        baton_jw_null(writer);
    }
    baton_jw_key(writer, "correct");
    if (label->is_labelled && label->is_judged) {
        baton_jw_bool(writer, label->is_correct);
    } else {
        baton_jw_null(writer);
    }
    baton_jw_key(writer, "failed");
    baton_jw_open(writer, '[');
    for (uint32_t i = 0; i < label->failed_count; i++) {
        baton_jw_string(writer, label->failed[i]);
    }
    baton_jw_close(writer, ']');
}

static void put_tokens(struct baton_json_writer *writer, const struct baton_result_tokens *tokens)
{
    baton_jw_key(writer, "tokens");
    if (!tokens->is_known) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    put_signed(writer, "input", true, tokens->input);
    put_signed(writer, "output", true, tokens->output);
    put_signed(writer, "cached", true, tokens->cached);
    put_signed(writer, "cache_write", true, tokens->cache_write);
    baton_jw_close(writer, '}');
}

static void put_exchange(struct baton_json_writer *writer, const struct baton_result_exchange *exchange)
{
    baton_jw_open(writer, '{');
    baton_jw_put_str(writer, "start", exchange->start);
    put_names(writer, "route", exchange->route, exchange->route_count);
    baton_jw_put_str(writer, "final", exchange->final);
    put_bool(writer, "answered", exchange->is_answered);
    baton_jw_put_str(writer, "status", baton_str_of(exchange->status));
    baton_jw_put_u64(writer, "turns", exchange->turns);
    baton_jw_put_u64(writer, "depth", exchange->route_count);
    put_signed(writer, "optimal", exchange->optimal != BATON_RESULT_UNKNOWN, exchange->optimal);
    put_signed(writer, "detour", exchange->has_detour, exchange->detour);
    baton_jw_put_u64(writer, "looped", exchange->looped);
    baton_jw_put_u64(writer, "invalid_handoffs", exchange->invalid_handoffs);
    put_bool(writer, "revisit", exchange->is_revisit);
    put_loop(writer, &exchange->loop);
    put_label(writer, &exchange->label);
    put_ms(writer, "latency_ms", exchange->latency_ns);
    put_ms(writer, "ttft_ms", exchange->ttft_ns);
    put_tokens(writer, &exchange->tokens);
    baton_jw_put_str(writer, "text", exchange->text);
    baton_jw_close(writer, '}');
}

static void put_divergence(struct baton_json_writer *writer, const struct baton_result_divergence *divergence)
{
    baton_jw_key(writer, "diverged");
    if (!divergence->happened) {
        baton_jw_null(writer);
        return;
    }
    baton_jw_open(writer, '{');
    baton_jw_put_u64(writer, "exchange", divergence->exchange);
    baton_jw_put_u64(writer, "turn", divergence->turn);
    baton_jw_put_str(writer, "recorded", divergence->recorded);
    baton_jw_put_str(writer, "asked", divergence->asked);
    baton_jw_close(writer, '}');
}

void baton_result_write(struct baton_text *out, const struct baton_result *result)
{
    struct baton_json_writer writer = baton_json_writer_to(out, 0);
    baton_jw_open(&writer, '{');
    baton_jw_put_str(&writer, "id", result->id);
    baton_jw_put_u64(&writer, "repeat", result->repeat);
    baton_jw_put_str(&writer, "status", baton_str_of(result->status));
    baton_jw_key(&writer, "exchanges");
    baton_jw_open(&writer, '[');
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        put_exchange(&writer, &result->exchanges[i]);
    }
    baton_jw_close(&writer, ']');
    put_divergence(&writer, &result->divergence);
    if (result->whole.is_labelled) {
        baton_jw_key(&writer, "whole");
        baton_jw_open(&writer, '{');
        put_label(&writer, &result->whole);
        baton_jw_close(&writer, '}');
    }
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}

/* ---- how it came out ---- */

enum baton_test_outcome baton_result_outcome(const struct baton_result *result)
{
    bool is_labelled = result->whole.is_labelled && result->whole.is_judged, has_error = false;
    bool is_correct = !is_labelled || result->whole.is_correct;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        const struct baton_result_label *label = &result->exchanges[i].label;
        has_error = has_error || (label->is_labelled && !label->is_judged);
        if (label->is_labelled && label->is_judged) {
            is_labelled = true;
            is_correct = is_correct && label->is_correct;
        }
    }
    if (!is_correct) {
        return BATON_TEST_FAILED;
    }
    return has_error ? BATON_TEST_ERROR : is_labelled ? BATON_TEST_PASSED : BATON_TEST_SKIPPED;
}

bool baton_result_is_failure(const struct baton_result *repeats, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        enum baton_test_outcome outcome = baton_result_outcome(&repeats[i]);
        if (outcome == BATON_TEST_FAILED || outcome == BATON_TEST_ERROR) {
            return true;
        }
    }
    return false;
}

uint64_t baton_result_time_ns(const struct baton_result *result)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        sum += result->exchanges[i].latency_ns == BATON_RESULT_UNKNOWN ? 0 : (uint64_t)result->exchanges[i].latency_ns;
    }
    return sum;
}

static void put_reasons(struct baton_text *out, const struct baton_result_label *label, size_t start, int exchange)
{
    for (uint32_t i = 0; i < label->failed_count; i++) {
        if (out->length > start) {
            baton_text_puts(out, "; ");
        }
        if (exchange > 0 && i == 0) {
            baton_text_printf(out, "exchange %d: ", exchange);
        }
        baton_text_puts(out, label->failed[i]);
    }
}

void baton_result_reasons(struct baton_text *out, const struct baton_result *result)
{
    size_t start = out->length;
    for (uint32_t i = 0; i < result->exchange_count; i++) {
        put_reasons(out, &result->exchanges[i].label, start, result->exchange_count > 1 ? (int)i + 1 : 0);
    }
    put_reasons(out, &result->whole, start, 0);
}
