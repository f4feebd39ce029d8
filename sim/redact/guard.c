#include "sim/redact/guard.h"

#include "engine/base/text.h"
#include "sim/redact/limits.h"
#include "sim/redact/secrets.h"

#include <stdio.h>
#include <string.h>

static bool next_secret(struct baton_secret_search *search, bool hides_shapes, struct baton_secret *out)
{
    while (baton_secret_search_next(search, out)) {
        if (hides_shapes || out->kind == BATON_SECRET_VALUE) {
            return true;
        }
    }
    return false;
}

/* The text without its secrets; untouched where it has none. False: the arena is too small. */
static bool hide(const struct baton_guard *guard, bool hides_shapes, struct baton_arena *arena, struct baton_str *text)
{
    struct baton_secret_search search = baton_secret_search_in(guard->values, *text);
    struct baton_secret secret;
    struct baton_text out = baton_text_with_limit(BATON_GUARD_TEXT_BYTES_MAX);
    size_t done = 0;
    while (next_secret(&search, hides_shapes, &secret)) {
        baton_text_append(&out, text->data + done, secret.start - done);
        baton_text_puts(&out, BATON_REDACTED);
        done = secret.end;
    }
    if (done == 0) {
        return true;
    }
    baton_text_append(&out, text->data + done, text->length - done);
    char *copy = out.failed ? NULL : baton_arena_copy(arena, out.data, out.length);
    *text = (struct baton_str){ copy, out.length };
    baton_text_clear(&out);
    return copy != NULL;
}

void baton_guard_error(const struct baton_known_values *values, struct baton_error *err)
{
    struct baton_secret_search search = baton_secret_search_in(values, baton_str_of(err->text));
    struct baton_secret secret;
    char out[BATON_ERROR_TEXT_BYTES] = "";
    size_t done = 0, length = 0;
    while (length < sizeof out && next_secret(&search, false, &secret)) {
        length += (size_t)snprintf(out + length, sizeof out - length, "%.*s" BATON_REDACTED, (int)(secret.start - done),
                                   err->text + done);
        done = secret.end;
    }
    if (done > 0 && length < sizeof out) {
        snprintf(out + length, sizeof out - length, "%s", err->text + done);
    }
    if (done > 0) {
        memcpy(err->text, out, sizeof out);
    }
}

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_over_limit(err, "an answer");
}

/* ---- model calls ---- */

static void on_text(void *user, struct baton_str delta)
{
    const struct baton_guard *guard = user;
    if (hide(guard, false, guard->asked->arena, &delta)) {
        guard->asked->on_text(guard->asked->user, delta);
    }
}

static bool hide_in_reply(const struct baton_guard *guard, struct baton_arena *arena, struct baton_reply *reply)
{
    struct baton_tool_call *calls = baton_arena_array(arena, reply->call_count + 1, sizeof *calls);
    bool is_done = calls != NULL && hide(guard, guard->hides_shapes, arena, &reply->text);
    for (uint32_t i = 0; is_done && i < reply->call_count; i++) {
        calls[i] = reply->calls[i];
        is_done = hide(guard, false, arena, &calls[i].id) && hide(guard, false, arena, &calls[i].name) &&
                  hide(guard, false, arena, &calls[i].arguments);
    }
    reply->calls = calls;
    return is_done;
}

static enum baton_status call(struct baton_provider *provider, const struct baton_request *request,
                              struct baton_reply *reply, struct baton_error *err)
{
    struct baton_guard *guard = (struct baton_guard *)((char *)provider - offsetof(struct baton_guard, provider));
    struct baton_request asked = *request;
    guard->asked = request;
    asked.on_text = request->on_text == NULL ? NULL : on_text;
    asked.user = guard;
    enum baton_status status = guard->live->call(guard->live, &asked, reply, err);
    if (status != BATON_OK) {
        baton_guard_error(guard->values, err);
        return status;
    }
    return hide_in_reply(guard, request->arena, reply) ? BATON_OK : no_memory(err);
}

/* ---- tools ---- */

static enum baton_status run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                   struct baton_error *err)
{
    struct baton_guard *guard = (struct baton_guard *)((char *)runner - offsetof(struct baton_guard, tools));
    enum baton_status status = guard->live_tools->run_tools(guard->live_tools, batch, err);
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        status = hide(guard, false, batch->arena, &batch->jobs[i].result) ? BATON_OK : no_memory(err);
    }
    return status;
}

static enum baton_status provide_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                         struct baton_error *err)
{
    struct baton_guard *guard = (struct baton_guard *)((char *)runner - offsetof(struct baton_guard, tools));
    enum baton_status status = guard->live_tools->provide_context(guard->live_tools, job, err);
    if (status != BATON_OK && err != NULL) {
        baton_guard_error(guard->values, err);
    }
    return status != BATON_OK || hide(guard, false, job->arena, &job->instructions) ? status : no_memory(err);
}

void baton_guard_init(struct baton_guard *guard, struct baton_provider *live, struct baton_tool_runner *live_tools,
                      const struct baton_known_values *values, bool hides_shapes)
{
    *guard = (struct baton_guard){ .provider = { .call = call },
                                   .tools = { .run_tools = run_tools, .provide_context = provide_context },
                                   .live = live,
                                   .live_tools = live_tools,
                                   .values = values,
                                   .hides_shapes = hides_shapes };
}
