#include "engine/tests/script.h"

#include <string.h>

enum { DELTA_BYTES = 5, NS_PER_MS = 1000000 };

static uint64_t clock_now(struct baton_clock *clock)
{
    return ((struct script_clock *)clock)->now_ns;
}

static void clock_sleep(struct baton_clock *clock, uint64_t duration_ns)
{
    ((struct script_clock *)clock)->now_ns += duration_ns;
}

void script_clock_init(struct script_clock *clock)
{
    *clock = (struct script_clock){ .clock = { .now_ns = clock_now, .sleep_ns = clock_sleep },
                                    .now_ns = 5 * (uint64_t)NS_PER_MS };
}

static bool is_blank(const struct script_reply *reply)
{
    return reply->text == NULL && reply->calls[0].name == NULL && reply->kind == BATON_REPLY_MESSAGE &&
           reply->fails_with == BATON_OK && !reply->is_silent;
}

static const struct script_reply *next_reply(const struct script *script)
{
    uint32_t count = 0;
    while (count < SCRIPT_REPLIES_MAX && !is_blank(&script->replies[count])) {
        count++;
    }
    uint32_t index = script->request_count - 1;
    if (script->repeats) {
        index %= count;
    }
    return index < count ? &script->replies[index] : NULL;
}

static bool is_inside_character(const char *text, size_t at)
{
    return ((unsigned char)text[at] & 0xc0U) == 0x80U;
}

static void stream(const struct baton_request *request, struct baton_str text)
{
    for (size_t from = 0; from < text.length;) {
        size_t to = from + DELTA_BYTES < text.length ? from + DELTA_BYTES : text.length;
        while (to < text.length && is_inside_character(text.data, to)) {
            to++;
        }
        request->on_text(request->user, (struct baton_str){ text.data + from, to - from });
        from = to;
    }
}

/* Lets the reply's time pass where it streams, else leaves that to the loop. */
static void deliver(const struct script *script, const struct script_reply *reply, const struct baton_request *request,
                    struct baton_reply *out)
{
    const int64_t latency_ns = SCRIPT_LATENCY_MS * (int64_t)NS_PER_MS, ttft_ns = SCRIPT_TTFT_MS * (int64_t)NS_PER_MS;
    if (reply->fails_with != BATON_OK) {
        script->clock->sleep_ns(script->clock, (uint64_t)latency_ns); /* of a failed call the loop takes no times */
    } else if (!script->streams && reply->is_measured) {
        script->clock->sleep_ns(script->clock, (uint64_t)latency_ns);
        out->latency_ns = BATON_LATENCY_MEASURED;
    } else if (!script->streams) {
        out->latency_ns = reply->is_untimed ? BATON_TIME_UNKNOWN : latency_ns;
        out->ttft_ns = reply->is_untimed || out->text.length == 0 ? BATON_TIME_UNKNOWN : ttft_ns;
    } else {
        script->clock->sleep_ns(script->clock, (uint64_t)(reply->is_untimed ? 0 : ttft_ns));
        stream(request, out->text);
        script->clock->sleep_ns(script->clock, (uint64_t)(reply->is_untimed ? 0 : latency_ns - ttft_ns));
        out->was_streamed = true;
        out->latency_ns = reply->is_untimed ? BATON_TIME_UNKNOWN : BATON_LATENCY_MEASURED;
    }
}

static bool add_calls(const struct script *script, const struct script_reply *reply,
                      const struct baton_request *request, struct baton_reply *out)
{
    struct baton_tool_call *calls = baton_arena_array(request->arena, SCRIPT_CALLS_MAX, sizeof *calls);
    out->calls = calls;
    for (uint32_t i = 0; calls != NULL && i < SCRIPT_CALLS_MAX && reply->calls[i].name != NULL; i++) {
        const struct script_call *call = &reply->calls[i];
        const char *id = call->id != NULL
                             ? call->id
                             : baton_arena_printf(request->arena, "call_%u_%u", script->request_count, i + 1);
        if (id == NULL) {
            return false;
        }
        calls[i] = (struct baton_tool_call){ .id = baton_str_of(id),
                                             .name = baton_str_of(call->name),
                                             .arguments = call->arguments == NULL ? BATON_STR("{}")
                                                                                  : baton_str_of(call->arguments) };
        out->call_count++;
    }
    return calls != NULL;
}

static enum baton_status call(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *out, struct baton_error *err)
{
    struct script *script = (struct script *)provider;
    script->request_count++;
    if (script->on_request != NULL) {
        script->on_request(script->user, request);
    }
    const struct script_reply *reply = next_reply(script);
    if (reply == NULL) {
        out->kind = BATON_REPLY_END;
        return BATON_OK;
    }
    out->kind = reply->kind;
    out->recorded_agent = reply->recorded_agent;
    out->finish = reply->finish;
    out->continues = reply->continues;
    out->has_text = reply->text != NULL;
    out->text = baton_str_of(reply->text == NULL ? "" : reply->text);
    out->usage = (struct baton_usage){ .input = 10, .output = 2, .is_known = true };
    if (!add_calls(script, reply, request, out)) {
        return baton_error_set(err, BATON_ELIMIT, "the script's reply needs more memory than is allowed");
    }
    deliver(script, reply, request, out);
    return reply->fails_with == BATON_OK
               ? BATON_OK
               : baton_error_set(err, reply->fails_with, "HTTP 400: the request is not liked");
}

void script_init(struct script *script, const struct script_reply *replies, struct baton_clock *clock)
{
    *script = (struct script){ .provider = { .call = call }, .replies = replies, .clock = clock };
}
