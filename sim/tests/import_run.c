#include "sim/tests/import_run.h"

#include "sim/cassette/cassette_check.h"
#include "sim/virtual_clock.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_MAX = 512 * 1024 * 1024 };

void rerun_open(struct rerun *rerun)
{
    memset(rerun, 0, sizeof *rerun);
    rerun->arena = baton_arena_new(MEMORY_MAX);
}

void rerun_close(struct rerun *rerun)
{
    baton_vcr_import_clear(&rerun->import);
    baton_arena_free(rerun->arena);
}

static enum baton_status note_call(struct baton_provider *provider, const struct baton_request *request,
                                   struct baton_reply *reply, struct baton_error *err)
{
    struct rerun *rerun = (struct rerun *)((char *)provider - offsetof(struct rerun, provider));
    enum baton_status status = rerun->replay.provider.call(&rerun->replay.provider, request, reply, err);
    rerun->diverged = rerun->diverged || (status == BATON_OK && reply->kind == BATON_REPLY_DIVERGED);
    if (status == BATON_EMISS || (status == BATON_OK && reply->kind != BATON_REPLY_MESSAGE) ||
        rerun->call_count == RERUN_CALLS_MAX) {
        return status;
    }
    rerun->calls[rerun->call_count++] =
        (struct rerun_call){ .instructions = request->agents->list[request->agent].instructions,
                             .conversation = rerun->conversation,
                             .nesting = request->nesting,
                             .exchange = rerun->exchange_count,
                             .usage = reply->usage };
    baton_usage_add(&rerun->usage, &reply->usage);
    return status;
}

static enum baton_status say(struct rerun *rerun, enum baton_status status, const struct baton_error *err)
{
    if (status != BATON_OK) {
        baton_error_format(err, rerun->said, sizeof rerun->said);
    }
    return status;
}

static enum baton_status play_one(struct rerun *rerun, const struct baton_conversation *conversation,
                                  const struct baton_replay_options *replaying, struct baton_text *scratch,
                                  struct baton_error *err)
{
    struct baton_virtual_clock clock;
    struct baton_loop_marks marks;
    struct baton_loop_mark *of_agent = baton_arena_array(rerun->arena, rerun->agents->count, sizeof *of_agent);
    struct baton_run *run;
    baton_virtual_clock_init(&clock);
    baton_loop_marks_init(&marks, of_agent, rerun->agents->count);
    rerun->conversation = conversation->id;
    rerun->provider.call = note_call;
    baton_replay_init(&rerun->replay, replaying, conversation->id, rerun->arena, scratch);
    const struct baton_run_options options = { .agents = rerun->agents,
                                               .provider = &rerun->provider,
                                               .clock = &clock.clock,
                                               .tools = &rerun->replay.tools,
                                               .limits = rerun->agents->limits,
                                               .marks = &marks,
                                               .conversation_id = conversation->id,
                                               .entry = conversation->entry };
    enum baton_status status = baton_run_new(&run, rerun->arena, &options, err);
    for (uint32_t i = 0; i < conversation->message_count && status == BATON_OK; i++) {
        struct baton_exchange *exchange;
        status = baton_run_exchange(run, conversation->messages[i].content, conversation->messages[i].starts_over,
                                    &exchange, err);
        if (status == BATON_OK) {
            if (rerun->exchange_count < RERUN_EXCHANGES_MAX) {
                rerun->ends[rerun->exchange_count] =
                    baton_arena_printf(rerun->arena, "%s '%.*s'", baton_run_status_name(exchange->status),
                                       (int)exchange->text.length, exchange->text.data);
            }
            rerun->exchange_count++;
            rerun->handoff_count += exchange->depth;
            rerun->final_text = exchange->text;
            rerun->final_status = exchange->status;
        }
    }
    rerun->miss_count += rerun->replay.miss_count;
    if (rerun->replay.miss_count > 0) {
        snprintf(rerun->said, sizeof rerun->said, "%s", rerun->replay.first_miss.data);
    }
    return status;
}

static enum baton_status play_all(struct rerun *rerun, struct baton_error *err)
{
    const struct baton_replay_options replaying = { .cassette = rerun->cassette, .agents = rerun->agents };
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    enum baton_status status = BATON_OK;
    unsigned line = 0;
    for (const char *at = rerun->import.conversations.data; *at != '\0' && status == BATON_OK;) {
        const char *end = strchr(at, '\n');
        const struct baton_source source = { .name = "conversations.jsonl",
                                             .line_first = ++line,
                                             .text = { at, (size_t)(end - at) } };
        struct baton_conversation conversation;
        const struct baton_json *node;
        status = baton_json_parse(&node, rerun->arena, &source, err);
        if (status == BATON_OK) {
            status =
                baton_conversation_read(&conversation, rerun->arena, rerun->agents, &source, node, BATON_STR("x"), err);
        }
        status = status == BATON_OK ? play_one(rerun, &conversation, &replaying, &scratch, err) : status;
        at = end + 1;
    }
    baton_text_clear(&scratch);
    rerun->unused_count = baton_cassette_unused(rerun->cassette, NULL, NULL);
    return status;
}

enum baton_status rerun_play(struct rerun *rerun, const struct baton_vcr *vcr, const char *name,
                             const char *cassette_path)
{
    struct baton_error err;
    const struct baton_vcr_import_options options = { .name = name,
                                                      .id = BATON_STR("run"),
                                                      .day = BATON_STR("2026-11-21") };
    enum baton_status status = say(rerun, baton_vcr_import(&rerun->import, rerun->arena, vcr, &options, &err), &err);
    if (status != BATON_OK) {
        return status;
    }
    FILE *file = fopen(cassette_path, "w");
    if (file == NULL || fwrite(rerun->import.cassette.data, 1, rerun->import.cassette.length, file) == 0) {
        return BATON_EIO;
    }
    fclose(file);
    const struct baton_source source = { .name = "agents.json",
                                         .line_first = 1,
                                         .text = baton_text_str(&rerun->import.agents) };
    const struct baton_json *root;
    const struct baton_cassette_options loading = { .files = &cassette_path, .file_count = 1 };
    status = say(rerun, baton_json_parse(&root, rerun->arena, &source, &err), &err);
    if (status == BATON_OK) {
        status = say(rerun, baton_agents_parse(&rerun->agents, rerun->arena, &source, root, NULL, &err), &err);
    }
    if (status == BATON_OK) {
        status = say(rerun, baton_cassette_load(&rerun->cassette, rerun->arena, &loading, &err), &err);
    }
    return status == BATON_OK ? say(rerun, play_all(rerun, &err), &err) : status;
}
