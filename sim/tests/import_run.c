#include "sim/tests/import_run.h"

#include "sim/cassette/cassette_check.h"
#include "sim/virtual_clock.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024 };

void import_run_open(struct import_run *played)
{
    memset(played, 0, sizeof *played);
    played->arena = baton_arena_new(MEMORY_MAX);
}

void import_run_close(struct import_run *played)
{
    baton_rebuilt_clear(&played->rebuilt);
    baton_arena_free(played->arena);
}

static enum baton_status note_call(struct baton_provider *provider, const struct baton_request *request,
                                   struct baton_reply *reply, struct baton_error *err)
{
    struct import_run *played = (struct import_run *)((char *)provider - offsetof(struct import_run, provider));
    enum baton_status status = played->replay.provider.call(&played->replay.provider, request, reply, err);
    played->diverged = played->diverged || (status == BATON_OK && reply->kind == BATON_REPLY_DIVERGED);
    if (status == BATON_EMISS || (status == BATON_OK && reply->kind != BATON_REPLY_MESSAGE) ||
        played->call_count == IMPORT_RUN_CALLS_MAX) {
        return status;
    }
    played->calls[played->call_count++] =
        (struct import_run_call){ .instructions = request->agents->list[request->agent].instructions,
                                  .conversation = played->conversation,
                                  .nesting = request->nesting,
                                  .exchange = played->exchange_count,
                                  .usage = reply->usage };
    baton_usage_add(&played->usage, &reply->usage);
    return status;
}

static enum baton_status say(struct import_run *played, enum baton_status status, const struct baton_error *err)
{
    if (status != BATON_OK) {
        baton_error_format(err, played->said, sizeof played->said);
    }
    return status;
}

static enum baton_status play_one(struct import_run *played, const struct baton_conversation *conversation,
                                  const struct baton_replay_options *replaying, struct baton_text *scratch,
                                  struct baton_error *err)
{
    struct baton_virtual_clock clock;
    struct baton_loop_marks marks;
    struct baton_loop_mark *of_agent = baton_arena_array(played->arena, played->agents->count, sizeof *of_agent);
    struct baton_run *run;
    baton_virtual_clock_init(&clock);
    baton_loop_marks_init(&marks, of_agent, played->agents->count);
    played->conversation = conversation->id;
    played->provider.call = note_call;
    baton_replay_init(&played->replay, replaying, conversation->id, played->arena, scratch);
    const struct baton_run_options options = { .agents = played->agents,
                                               .provider = &played->provider,
                                               .clock = &clock.clock,
                                               .tools = &played->replay.tools,
                                               .limits = played->agents->limits,
                                               .marks = &marks,
                                               .conversation_id = conversation->id,
                                               .entry = conversation->entry };
    enum baton_status status = baton_run_new(&run, played->arena, &options, err);
    for (uint32_t i = 0; i < conversation->message_count && status == BATON_OK; i++) {
        struct baton_exchange *exchange;
        status = baton_run_exchange(run, conversation->messages[i].content, conversation->messages[i].starts_over,
                                    &exchange, err);
        if (status == BATON_OK) {
            if (played->exchange_count < IMPORT_RUN_EXCHANGES_MAX) {
                played->ends[played->exchange_count] =
                    baton_arena_printf(played->arena, "%s '%.*s'", baton_run_status_name(exchange->status),
                                       (int)exchange->text.length, exchange->text.data);
            }
            played->exchange_count++;
            played->handoff_count += exchange->depth;
            played->final_text = exchange->text;
            played->final_status = exchange->status;
        }
    }
    played->miss_count += played->replay.miss_count;
    if (played->replay.miss_count > 0) {
        snprintf(played->said, sizeof played->said, "%s", played->replay.first_miss.data);
    }
    return status;
}

static enum baton_status play_all(struct import_run *played, struct baton_error *err)
{
    const struct baton_replay_options replaying = { .cassette = played->cassette, .agents = played->agents };
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    enum baton_status status = BATON_OK;
    unsigned line = 0;
    for (const char *at = played->rebuilt.conversations.data; *at != '\0' && status == BATON_OK;) {
        const char *end = strchr(at, '\n');
        const struct baton_source source = { .name = "conversations.jsonl",
                                             .line_first = ++line,
                                             .text = { at, (size_t)(end - at) } };
        struct baton_conversation conversation;
        const struct baton_json *node;
        status = baton_json_parse(&node, played->arena, &source, err);
        if (status == BATON_OK) {
            status = baton_conversation_read(&conversation, played->arena, played->agents, &source, node,
                                             BATON_STR("x"), err);
        }
        status = status == BATON_OK ? play_one(played, &conversation, &replaying, &scratch, err) : status;
        at = end + 1;
    }
    baton_text_clear(&scratch);
    played->unused_count = baton_cassette_unused(played->cassette, NULL, NULL);
    return status;
}

enum baton_status import_run_play_trace(struct import_run *played, const struct baton_trace *trace, const char *name,
                                        const char *cassette_path)
{
    struct baton_error err;
    const struct baton_import_options options = { .name = name,
                                                  .id = BATON_STR("run"),
                                                  .day = BATON_STR("2026-11-21") };
    enum baton_status status = say(played, baton_rebuild(&played->rebuilt, played->arena, trace, &options, &err), &err);
    if (status != BATON_OK) {
        return status;
    }
    FILE *file = fopen(cassette_path, "w");
    if (file == NULL || fwrite(played->rebuilt.cassette.data, 1, played->rebuilt.cassette.length, file) == 0) {
        return BATON_EIO;
    }
    fclose(file);
    const struct baton_source source = { .name = "agents.json",
                                         .line_first = 1,
                                         .text = baton_text_str(&played->rebuilt.agents) };
    const struct baton_json *root;
    const struct baton_cassette_options loading = { .files = &cassette_path, .file_count = 1 };
    status = say(played, baton_json_parse(&root, played->arena, &source, &err), &err);
    if (status != BATON_OK) {
        return status;
    }
    status = say(played, baton_agents_parse(&played->agents, played->arena, &source, root, NULL, &err), &err);
    if (status != BATON_OK) {
        return status;
    }
    status = say(played, baton_cassette_load(&played->cassette, played->arena, &loading, &err), &err);
    return status == BATON_OK ? say(played, play_all(played, &err), &err) : status;
}

enum baton_status import_run_play(struct import_run *played, const struct baton_recorded_calls *calls, const char *name,
                                  const char *cassette_path)
{
    struct baton_error err;
    struct baton_trace trace;
    const struct baton_import_options options = { .name = name };
    enum baton_status status = say(played, baton_trace_from_http(&trace, played->arena, calls, &options, &err), &err);
    return status == BATON_OK ? import_run_play_trace(played, &trace, name, cassette_path) : status;
}
