/* recording.c - what one conversation records: it asks what is known first, then the live provider and tools.
 *
 * Model calls are written by the live provider's sink before their answer is used; results of tools and contexts are written
 * here, before the model is told of them. A result that is no text is made one for the cassette and for the model alike, so that
 * the live run and its replay go on with the same words. Results are written in the order of the calls, whichever came first.
 */
#include "engine/base/utf8.h"
#include "engine/core/run.h"
#include "engine/core/tool_runner.h"
#include "sim/cassette/recorder.h"
#include "sim/redact/redact.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static struct baton_recording *of_provider(struct baton_provider *provider)
{
    return (struct baton_recording *)((char *)provider - offsetof(struct baton_recording, provider));
}

static struct baton_recording *of_runner(struct baton_tool_runner *runner)
{
    return (struct baton_recording *)((char *)runner - offsetof(struct baton_recording, tools));
}

/* ---- model calls ---- */

static enum baton_status record_call(struct baton_provider *provider, const struct baton_request *request,
                                     struct baton_reply *reply, struct baton_error *err)
{
    struct baton_recording *recording = of_provider(provider);
    bool is_found;
    enum baton_status status = baton_replay_try_call(&recording->replay, request, reply, &is_found, err);
    if (is_found && !baton_recorder_options_of(recording->recorder)->tells_times) {
        reply->latency_ns = reply->ttft_ns = BATON_TIME_UNKNOWN;
    }
    if (is_found) {
        return status;
    }
    return status == BATON_OK ? recording->live->call(recording->live, request, reply, err) : status;
}

/* ---- tools ---- */

static enum baton_status no_memory(struct baton_error *err)
{
    return baton_error_over_limit(err, "a tool's result");
}

/* A result as a cassette can hold it: what is no text becomes U+FFFD, also for the model that is told now. */
static bool make_textual(struct baton_str *text, struct baton_arena *arena)
{
    size_t bad;
    if (baton_utf8_valid(text->data, text->length, &bad) && memchr(text->data, '\0', text->length) == NULL) {
        return true;
    }
    char *copy = baton_arena_array(arena, text->length, sizeof REPLACEMENT - 1);
    size_t length = 0;
    for (size_t i = 0; copy != NULL && i < text->length;) {
        size_t good = text->length - i;
        if (!baton_utf8_valid(text->data + i, good, &bad)) {
            good = bad;
        }
        good = strnlen(text->data + i, good);
        memcpy(copy + length, text->data + i, good);
        length += good;
        i += good;
        if (i < text->length) {
            memcpy(copy + length, REPLACEMENT, sizeof REPLACEMENT - 1);
            length += sizeof REPLACEMENT - 1;
            i++;
        }
    }
    *text = (struct baton_str){ copy, length };
    return copy != NULL;
}

static enum baton_status append(struct baton_recording *recording, struct baton_text *line, struct baton_error *err)
{
    enum baton_status status =
        line->failed ? no_memory(err) : baton_recorder_append(recording->recorder, baton_text_str(line), err);
    baton_text_clear(line);
    return status;
}

/* The key of the call, and of the call as a replay will see it where the model's arguments are redacted. */
static enum baton_status key_call(struct baton_recording *recording, const struct baton_tool_call *call,
                                  struct baton_interaction *about, struct baton_error *err)
{
    struct baton_replay *replay = &recording->replay;
    struct baton_text redacted = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    struct baton_tool_call as_replayed = *call;
    enum baton_status status = baton_interaction_tool_key(&about->key, replay->route.scratch, replay->arena,
                                                          replay->route.conversation, call, err);
    baton_redact_text(&redacted, baton_recorder_options_of(recording->recorder)->values, call->arguments);
    as_replayed.arguments = baton_text_str(&redacted);
    about->has_redacted_key = !baton_str_equal(as_replayed.arguments, call->arguments);
    if (status == BATON_OK && redacted.failed) {
        status = no_memory(err);
    }
    if (status == BATON_OK && about->has_redacted_key) {
        status = baton_interaction_tool_key(&about->redacted_key, replay->route.scratch, replay->arena,
                                            replay->route.conversation, &as_replayed, err);
    }
    baton_text_clear(&redacted);
    return status;
}

static enum baton_status record_job(struct baton_recording *recording, const struct baton_tool_batch *batch,
                                    uint32_t index, struct baton_error *err)
{
    struct baton_tool_job *job = &batch->jobs[index];
    const struct baton_recorder_options *options = baton_recorder_options_of(recording->recorder);
    if (!make_textual(&job->result, batch->arena)) {
        return no_memory(err);
    }
    struct baton_interaction about = { .kind = BATON_INTERACTION_TOOL,
                                       .position = { recording->replay.route.conversation, batch->exchange, batch->turn,
                                                     baton_run_options_of(batch->run)->nesting },
                                       .agent = baton_agent_name(batch->agents, batch->agent),
                                       .recorded_at = options->day,
                                       .name = job->call->name,
                                       .call = index,
                                       .arguments = job->call->arguments,
                                       .result = job->result,
                                       .is_error = job->is_error,
                                       .duration_ns = (int64_t)job->duration_ns };
    enum baton_status status = key_call(recording, job->call, &about, err);
    if (status != BATON_OK) {
        return status;
    }
    struct baton_text line = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_interaction_write_tool(&line, options->values, &about);
    return append(recording, &line, err);
}

/* What is recorded is given, all else runs as ever, side by side; then the new results are written down, in call order. */
static enum baton_status record_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                      struct baton_error *err)
{
    struct baton_recording *recording = of_runner(runner);
    struct baton_tool_batch live = *batch;
    live.jobs = baton_arena_array(batch->arena, batch->count, sizeof *live.jobs);
    uint32_t *indices = baton_arena_array(batch->arena, batch->count, sizeof *indices);
    enum baton_status status = live.jobs == NULL || indices == NULL ? no_memory(err) : BATON_OK;
    live.count = 0;
    for (uint32_t i = 0; i < batch->count && status == BATON_OK; i++) {
        bool is_found = false;
        if (baton_replay_records(batch->jobs[i].tool)) {
            status = baton_replay_try_tool(&recording->replay, &batch->jobs[i], &is_found, err);
        }
        if (!is_found) {
            indices[live.count] = i;
            live.jobs[live.count++] = batch->jobs[i];
        }
    }
    if (status == BATON_OK && live.count > 0) {
        status = recording->live_tools->run_tools(recording->live_tools, &live, err);
    }
    for (uint32_t i = 0; i < live.count && status == BATON_OK; i++) {
        batch->jobs[indices[i]] = live.jobs[i];
        if (baton_replay_records(live.jobs[i].tool)) {
            status = record_job(recording, batch, indices[i], err);
        }
    }
    return status;
}

/* ---- context providers ---- */

static enum baton_status record_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                        struct baton_error *err)
{
    struct baton_recording *recording = of_runner(runner);
    struct baton_replay *replay = &recording->replay;
    const struct baton_recorder_options *options = baton_recorder_options_of(recording->recorder);
    struct baton_error local = { .status = BATON_OK };
    bool is_found;
    err = err == NULL ? &local : err;
    enum baton_status status = baton_replay_try_context(replay, job, &is_found, err);
    if (status != BATON_OK || is_found) {
        return status;
    }
    enum baton_status outcome = recording->live_tools->provide_context(recording->live_tools, job, err);
    if (outcome == BATON_ENOMEM || outcome == BATON_ELIMIT || outcome == BATON_EINTERRUPTED) {
        return outcome;
    }
    struct baton_interaction about = { .kind = BATON_INTERACTION_CONTEXT,
                                       .position = { replay->route.conversation, job->exchange, job->turn,
                                                     baton_run_options_of(job->run)->nesting },
                                       .recorded_at = options->day,
                                       .name = job->handoff->tool_name,
                                       .target = baton_agent_name(options->agents, job->handoff->target),
                                       .is_error = outcome != BATON_OK,
                                       .result = outcome != BATON_OK ? baton_str_of(err->text) : job->instructions };
    struct baton_error writing;
    struct baton_text line = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    status = baton_interaction_context_key(&about.key, replay->route.scratch, replay->route.conversation, about.name,
                                           about.target, &writing);
    if (status == BATON_OK) {
        baton_interaction_write_context(&line, options->values, &about);
        status = append(recording, &line, &writing);
    }
    if (status != BATON_OK) {
        *err = writing;
        return BATON_ELIMIT; /* any other would only refuse the handoff, and the recording would go on without it */
    }
    return outcome;
}

void baton_recording_init(struct baton_recording *recording, struct baton_recorder *recorder,
                          struct baton_provider *live, struct baton_tool_runner *live_tools,
                          struct baton_str conversation_id, struct baton_arena *arena, struct baton_text *scratch)
{
    recording->provider.call = record_call;
    recording->tools.run_tools = record_tools;
    recording->tools.provide_context = record_context;
    recording->recorder = recorder;
    recording->live = live;
    recording->live_tools = live_tools == NULL ? baton_tool_runner_default() : live_tools;
    baton_replay_init(&recording->replay, baton_recorder_replay_options(recorder), conversation_id, arena, scratch);
}
