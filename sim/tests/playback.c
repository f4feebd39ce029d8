/* playback.c - records and plays cassettes for tests.
 *
 * The far end is no server but the codecs turned round: what a rule answers is written as the provider would write it, decoded
 * by the decoder of live calls and handed to a sink with made-up times, so that a recording goes through all that a live one
 * does but the network.
 */
#include "sim/tests/playback.h"

#include "engine/base/json_writer.h"
#include "engine/base/yaml.h"
#include "engine/core/tool_runner.h"
#include "engine/wire/codecs.h"
#include "engine/wire/decoder.h"
#include "engine/wire/encoder.h"
#include "engine/wire/sse.h"
#include "sim/virtual_clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char agents_text[] = "version: 1\n"
                                  "entry: triage\n"
                                  "defaults: { provider: openai, model: m-1 }\n"
                                  "agents:\n"
                                  "  triage:\n"
                                  "    instructions: Find out who can help.\n"
                                  "    handoffs: [{ agent: billing, context: { exec: [./who] } }]\n"
                                  "    tools: [lookup, fix, ask]\n"
                                  "  billing: { instructions: Payments., handoffs: [triage], tools: [lookup] }\n"
                                  "  tech: { instructions: Answer in one word., tools: [lookup] }\n"
                                  "tools:\n"
                                  "  lookup: { description: Looks up., exec: [./lookup] }\n"
                                  "  fix: { result: fixed }\n"
                                  "  ask: { agent: tech }\n";

void playback_open(struct playback *playback)
{
    char folder[] = "/tmp/baton-playback-XXXXXX";
    *playback = (struct playback){ .arena = baton_arena_new(PLAYBACK_MEMORY_MAX) };
    cr_assert_not_null(mkdtemp(folder));
    playback->folder = baton_arena_copy(playback->arena, folder, strlen(folder));
    struct baton_source source = { .name = "agents.yaml", .line_first = 1, .text = baton_str_of(agents_text) };
    const struct baton_json *root = NULL;
    struct baton_error err;
    cr_assert_eq(baton_yaml_parse(&root, playback->arena, &source, &err), BATON_OK, "%s", err.text);
    cr_assert_eq(baton_agents_parse(&playback->agents, playback->arena, &source, root, NULL, &err), BATON_OK, "%s",
                 err.text);
}

void playback_close(struct playback *playback)
{
    DIR *folder = opendir(playback->folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
    rmdir(playback->folder);
    baton_arena_free(playback->arena);
}

/* ---- files ---- */

const char *playback_file(struct playback *playback, const char *name)
{
    return baton_arena_printf(playback->arena, "%s/%s", playback->folder, name);
}

void playback_write(struct playback *playback, const char *path, const char *bytes, size_t length)
{
    (void)playback;
    FILE *file = fopen(path, "w");
    cr_assert(file != NULL && fwrite(bytes, 1, length, file) == length && fclose(file) == 0, "%s", path);
}

struct baton_str playback_read(struct playback *playback, const char *path)
{
    struct baton_source source;
    struct baton_error err;
    cr_assert_eq(baton_source_load(&source, playback->arena, path, BATON_FILE_BYTES_MAX, &err), BATON_OK, "%s",
                 err.text);
    return source.text;
}

bool playback_has(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

/* ---- the model ---- */

struct answer {
    struct baton_str text;
    struct baton_tool_call calls[2];
    uint32_t call_count;
    int status;
};

static bool begins(struct baton_str text, const char *word, struct baton_str *rest)
{
    size_t length = strlen(word);
    if (text.length < length || memcmp(text.data, word, length) != 0) {
        return false;
    }
    *rest = (struct baton_str){ text.data + length, text.length - length };
    return true;
}

static struct baton_tool_call call_of(struct baton_arena *arena, const struct baton_request *request, const char *name,
                                      struct baton_str argument, unsigned number)
{
    const char *id = baton_arena_printf(arena, "call_%u_%u_%u", request->exchange, request->turn, number);
    struct baton_text arguments = baton_text_with_limit(BATON_FILE_BYTES_MAX);
    baton_text_puts(&arguments, "{\"input\": ");
    baton_text_json_string(&arguments, argument.data, argument.length);
    baton_text_putc(&arguments, '}');
    const char *copy = baton_arena_copy(arena, arguments.data, arguments.length);
    baton_text_clear(&arguments);
    return (
        struct baton_tool_call){ .id = baton_str_of(id), .name = baton_str_of(name), .arguments = baton_str_of(copy) };
}

static struct answer answer_by_rule(const struct playback_live *live, const struct baton_request *request)
{
    const struct baton_message *last = &request->messages[request->message_count - 1];
    struct baton_str agent = baton_agent_name(request->agents, request->agent), rest = { "", 0 };
    struct baton_arena *arena = request->arena;
    struct answer answer = { .text = { "", 0 }, .status = 200 };
    bool is_user = last->role == BATON_ROLE_USER;
    if (is_user && begins(last->content, "billing", &rest)) {
        answer.calls[answer.call_count++] = call_of(arena, request, "transfer_to_billing", rest, 0);
    } else if (is_user && begins(last->content, "lookup ", &rest)) {
        answer.calls[answer.call_count++] = call_of(arena, request, "lookup", rest, 0);
    } else if (is_user && begins(last->content, "fix", &rest)) {
        answer.calls[answer.call_count++] = call_of(arena, request, "fix", rest, 0);
    } else if (is_user && begins(last->content, "ask ", &rest)) {
        answer.calls[answer.call_count++] = call_of(arena, request, "ask", rest, 0);
    } else if (is_user && begins(last->content, "both ", &rest)) {
        answer.calls[answer.call_count++] = call_of(arena, request, "lookup", rest, 0);
        answer.calls[answer.call_count++] = call_of(arena, request, "ask", rest, 1);
    } else if (is_user && begins(last->content, "fail", &rest)) {
        answer.status = 400;
    } else {
        answer.text = baton_str_of(baton_arena_printf(
            arena, "%.*s says %.*s%s%s", (int)agent.length, agent.data, (int)last->content.length, last->content.data,
            live->secret == NULL ? "" : " ", live->secret == NULL ? "" : live->secret));
    }
    return answer;
}

/* ---- the wire ---- */

static void write_chat_message(struct baton_json_writer *json, const struct answer *answer)
{
    baton_jw_open(json, '{');
    baton_jw_key(json, "role");
    baton_jw_string(json, "assistant");
    baton_jw_key(json, "content");
    if (answer->call_count > 0) {
        baton_jw_null(json);
        baton_jw_key(json, "tool_calls");
        baton_jw_open(json, '[');
        for (uint32_t i = 0; i < answer->call_count; i++) {
            baton_jw_open(json, '{');
            baton_jw_key(json, "index");
            baton_jw_u64(json, i);
            baton_jw_key(json, "id");
            baton_jw_str(json, answer->calls[i].id);
            baton_jw_key(json, "type");
            baton_jw_string(json, "function");
            baton_jw_key(json, "function");
            baton_jw_open(json, '{');
            baton_jw_key(json, "name");
            baton_jw_str(json, answer->calls[i].name);
            baton_jw_key(json, "arguments");
            baton_jw_str(json, answer->calls[i].arguments);
            baton_jw_close(json, '}');
            baton_jw_close(json, '}');
        }
        baton_jw_close(json, ']');
    } else {
        baton_jw_str(json, answer->text);
    }
    baton_jw_close(json, '}');
}

static void write_chat(struct baton_text *out, const struct answer *answer, const char *member)
{
    struct baton_json_writer json = baton_json_writer_to(out, 0);
    baton_jw_open(&json, '{');
    baton_jw_key(&json, "choices");
    baton_jw_open(&json, '[');
    baton_jw_open(&json, '{');
    baton_jw_key(&json, "index");
    baton_jw_u64(&json, 0);
    baton_jw_key(&json, member);
    write_chat_message(&json, answer);
    baton_jw_key(&json, "finish_reason");
    baton_jw_string(&json, answer->call_count > 0 ? "tool_calls" : "stop");
    baton_jw_close(&json, '}');
    baton_jw_close(&json, ']');
    baton_jw_key(&json, "usage");
    baton_jw_raw(&json, BATON_STR("{\"prompt_tokens\":100,\"completion_tokens\":7,\"total_tokens\":107}"));
    baton_jw_close(&json, '}');
}

static void write_anthropic(struct baton_text *out, const struct answer *answer)
{
    struct baton_json_writer json = baton_json_writer_to(out, 0);
    baton_text_puts(out, "{\"type\":\"message\",\"role\":\"assistant\",\"content\":");
    baton_jw_open(&json, '[');
    if (answer->text.length > 0) {
        baton_jw_open(&json, '{');
        baton_jw_key(&json, "type");
        baton_jw_string(&json, "text");
        baton_jw_key(&json, "text");
        baton_jw_str(&json, answer->text);
        baton_jw_close(&json, '}');
    }
    for (uint32_t i = 0; i < answer->call_count; i++) {
        baton_jw_open(&json, '{');
        baton_jw_key(&json, "type");
        baton_jw_string(&json, "tool_use");
        baton_jw_key(&json, "id");
        baton_jw_str(&json, answer->calls[i].id);
        baton_jw_key(&json, "name");
        baton_jw_str(&json, answer->calls[i].name);
        baton_jw_key(&json, "input");
        baton_jw_raw(&json, answer->calls[i].arguments);
        baton_jw_close(&json, '}');
    }
    baton_jw_close(&json, ']');
    baton_text_printf(out, ",\"stop_reason\":\"%s\",\"usage\":{\"input_tokens\":100,\"output_tokens\":7}}",
                      answer->call_count > 0 ? "tool_use" : "end_turn");
}

/* A text in two pieces, each an event. */
static size_t write_events(struct baton_arena *arena, const struct answer *answer, struct baton_traffic_event *events)
{
    size_t count = 0, half = answer->text.length / 2;
    struct answer parts[2] = { *answer, *answer };
    parts[0].text.length = half;
    parts[1].text = (struct baton_str){ answer->text.data + half, answer->text.length - half };
    for (unsigned i = 0; i < (answer->call_count > 0 ? 1U : 2U); i++) {
        struct baton_text chunk = baton_text_with_limit(BATON_FILE_BYTES_MAX);
        write_chat(&chunk, &parts[i], "delta");
        const char *copy = baton_arena_copy(arena, chunk.data, chunk.length);
        events[count] = (struct baton_traffic_event){ .time_ns = 1500000 * count,
                                                      .name = BATON_STR("message"),
                                                      .data = { copy, chunk.length } };
        count++;
        baton_text_clear(&chunk);
    }
    events[count] =
        (struct baton_traffic_event){ .time_ns = 9000000, .name = BATON_STR("message"), .data = BATON_STR("[DONE]") };
    return count + 1;
}

static enum baton_status decode(struct baton_traffic *traffic, struct baton_reply *reply, struct baton_error *err)
{
    struct baton_decoder *decoder = baton_decoder_new();
    enum baton_status status = decoder == NULL ? baton_error_set(err, BATON_ENOMEM, "out of memory") : BATON_OK;
    if (status != BATON_OK) {
        return status;
    }
    baton_decoder_begin(decoder, traffic->codec, traffic->asked);
    if (traffic->is_stream) {
        for (size_t i = 0; i < traffic->event_count && status == BATON_OK; i++) {
            const struct baton_sse_event event = { .type = traffic->events[i].name, .data = traffic->events[i].data };
            status = baton_decoder_event(decoder, &event, err);
        }
        status = baton_decoder_end(decoder, reply, err);
    } else {
        status = baton_decoder_body(decoder, (int)traffic->status, traffic->body, reply, err);
    }
    baton_decoder_free(decoder);
    return status;
}

static enum baton_status answer_of(struct playback_live *live, const struct baton_request *request,
                                   struct answer *answer, struct baton_reply *reply, struct baton_error *err)
{
    if (live->inner == NULL) {
        *answer = answer_by_rule(live, request);
        return BATON_OK;
    }
    enum baton_status status = live->inner->call(live->inner, request, reply, err);
    *answer = (struct answer){ .text = reply->text, .call_count = reply->call_count, .status = 200 };
    for (uint32_t i = 0; i < reply->call_count; i++) {
        answer->calls[i] = reply->calls[i];
    }
    return status;
}

static enum baton_status live_call(struct baton_provider *provider, const struct baton_request *request,
                                   struct baton_reply *reply, struct baton_error *err)
{
    struct playback_live *live = (struct playback_live *)provider; /* its first member */
    static const struct baton_wire_header headers[] = { { BATON_STR_INIT("content-type"),
                                                          BATON_STR_INIT("application/json") },
                                                        { BATON_STR_INIT("set-cookie"), BATON_STR_INIT("secret=1") },
                                                        { BATON_STR_INIT("x-served-by"), BATON_STR_INIT("1") },
                                                        { BATON_STR_INIT("X-Served-By"), BATON_STR_INIT("2") } };
    struct baton_text sent = baton_text_with_limit(BATON_FILE_BYTES_MAX), body = sent;
    struct baton_traffic_event events[3];
    struct answer answer;
    if (live->calls_max > 0 && live->call_count == live->calls_max) {
        return baton_error_set(err, BATON_EINTERRUPTED, "killed");
    }
    live->call_count++;
    enum baton_status status = answer_of(live, request, &answer, reply, err);
    if (status != BATON_OK || reply->kind != BATON_REPLY_MESSAGE) {
        return status;
    }
    struct baton_traffic traffic = {
        .asked = request,
        .codec = live->codec != NULL ? live->codec : baton_codec_find(BATON_STR("openai")),
        .model = request->agents->list[request->agent].model,
        .status = (unsigned)answer.status,
        .headers = { headers, COUNT_OF(headers) },
        .is_stream = live->is_stream && answer.status == 200,
        .ttft_ns = live->is_stream ? 1500000 : BATON_TIME_UNKNOWN,
        .total_ns = reply->latency_ns > 0 ? (uint64_t)reply->latency_ns : 10000000 + answer.text.length,
    };
    const struct baton_encode_options options = { .is_stream = traffic.is_stream };
    status = baton_encode(&sent, traffic.codec, request, &options, err);
    traffic.request = baton_text_str(&sent);
    if (answer.status != 200) {
        baton_text_puts(&body, "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}");
    } else if (traffic.is_stream) {
        traffic.event_count = write_events(request->arena, &answer, events);
        traffic.events = events;
    } else if (traffic.codec == baton_codec_find(BATON_STR("anthropic"))) {
        write_anthropic(&body, &answer);
    } else {
        write_chat(&body, &answer, "message");
    }
    traffic.body = baton_text_str(&body);
    enum baton_status decoded = decode(&traffic, reply, err);
    if (status == BATON_OK && live->sink != NULL) {
        struct baton_error sink_err;
        status = live->sink->take(live->sink, &traffic, &sink_err);
        if (status != BATON_OK) {
            *err = sink_err;
        }
    }
    reply->latency_ns = (int64_t)traffic.total_ns;
    reply->ttft_ns = traffic.ttft_ns;
    baton_text_clear(&sent);
    baton_text_clear(&body);
    return status == BATON_OK ? decoded : status;
}

static enum baton_status live_run_tools(struct baton_tool_runner *runner, struct baton_tool_batch *batch,
                                        struct baton_error *err)
{
    struct playback_live *live = (struct playback_live *)((char *)runner - offsetof(struct playback_live, tools));
    for (uint32_t i = 0; i < batch->count; i++) {
        struct baton_tool_job *job = &batch->jobs[i];
        struct baton_tool_batch one = *batch;
        one.jobs = job;
        one.count = 1;
        if (job->tool->kind != BATON_TOOL_EXEC) {
            enum baton_status status = baton_tool_runner_default()->run_tools(baton_tool_runner_default(), &one, err);
            if (status != BATON_OK) {
                return status;
            }
            continue;
        }
        live->tool_count++;
        job->is_error = memmem(job->call->arguments.data, job->call->arguments.length, "bad", 3) != NULL;
        job->result = baton_str_of(baton_arena_printf(batch->arena, "found %.*s%s%s", (int)job->call->arguments.length,
                                                      job->call->arguments.data, live->secret == NULL ? "" : " ",
                                                      live->secret == NULL ? "" : live->secret));
        job->duration_ns = 2000000;
    }
    return BATON_OK;
}

static enum baton_status live_context(struct baton_tool_runner *runner, struct baton_context_job *job,
                                      struct baton_error *err)
{
    struct playback_live *live = (struct playback_live *)((char *)runner - offsetof(struct playback_live, tools));
    const struct baton_message *last = &job->messages[0];
    live->context_count++;
    if (memmem(last->content.data, last->content.length, "nobody", 6) != NULL) {
        return baton_error_set(err, BATON_EPROVIDER, "nobody is known here");
    }
    job->instructions = BATON_STR("The user is number 7.");
    return BATON_OK;
}

void playback_live_init(struct playback_live *live, struct baton_traffic_sink *sink)
{
    *live = (struct playback_live){ .provider = { .call = live_call },
                                    .tools = { .run_tools = live_run_tools, .provide_context = live_context },
                                    .sink = sink };
}

/* ---- conversations ---- */

struct event_writer {
    struct baton_text *events;
    const struct baton_agents *agents;
};

static void tell(void *user, const struct baton_event *event)
{
    const struct event_writer *event_writer = user;
    baton_event_write(event_writer->events, event, event_writer->agents);
    baton_text_putc(event_writer->events, '\n');
}

enum baton_status playback_play(const struct playback *playback, const struct playback_case *it,
                                struct baton_provider *provider, struct baton_tool_runner *tools,
                                struct baton_arena *arena, struct baton_text *events)
{
    struct baton_virtual_clock clock;
    struct baton_loop_mark *of_agent = baton_arena_array(arena, playback->agents->count, sizeof *of_agent);
    struct baton_loop_marks marks;
    struct event_writer event_writer = { events, playback->agents };
    struct baton_run *run;
    struct baton_exchange *exchange;
    struct baton_error err;
    if (of_agent == NULL) {
        return BATON_ELIMIT;
    }
    baton_virtual_clock_init(&clock);
    baton_loop_marks_init(&marks, of_agent, playback->agents->count);
    const struct baton_run_options options = { .agents = playback->agents,
                                               .provider = provider,
                                               .clock = &clock.clock,
                                               .tools = tools,
                                               .limits = playback->agents->limits,
                                               .marks = &marks,
                                               .conversation_id = baton_str_of(it->id),
                                               .entry = playback->agents->entry,
                                               .events = { tell, &event_writer } };
    enum baton_status status = baton_run_new(&run, arena, &options, &err);
    for (size_t i = 0; i < PLAYBACK_SAYS_MAX && it->says[i] != NULL && status == BATON_OK; i++) {
        status = baton_run_exchange(run, baton_str_of(it->says[i]), false, &exchange, &err);
        if (status == BATON_OK) {
            baton_text_printf(events, "%s %s %.*s, %lld tokens\n", it->id, baton_run_status_name(exchange->status),
                              (int)exchange->text.length, exchange->text.data, (long long)exchange->usage.output);
        }
    }
    return status;
}

struct baton_cassette *playback_load(struct playback *playback, const char *path)
{
    const char **kept = baton_arena_alloc(playback->arena, sizeof *kept);
    *kept = path;
    const struct baton_cassette_options options = { .files = kept, .file_count = 1 };
    struct baton_cassette *cassette;
    struct baton_error err;
    char text[1024];
    cr_assert_eq(baton_cassette_load(&cassette, playback->arena, &options, &err), BATON_OK, "%s",
                 baton_error_format(&err, text, sizeof text));
    return cassette;
}

enum baton_status playback_replay(const struct playback *playback, const struct playback_case *it,
                                  const struct baton_cassette *cassette, struct baton_text *events, uint32_t *misses)
{
    struct baton_arena *arena = baton_arena_new(PLAYBACK_MEMORY_MAX);
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    const struct baton_replay_options options = { .cassette = cassette, .agents = playback->agents };
    struct baton_replay replay;
    baton_replay_init(&replay, &options, baton_str_of(it->id), arena, &scratch);
    enum baton_status status = playback_play(playback, it, &replay.provider, &replay.tools, arena, events);
    *misses += replay.miss_count;
    baton_text_clear(&scratch);
    baton_arena_free(arena);
    return status;
}

struct baton_recorder_options playback_options(const struct playback *playback, const char *path)
{
    return (
        struct baton_recorder_options){ .path = path,
                                        .header = { .created = BATON_STR("2026-11-21"), .profile = BATON_STR("baton") },
                                        .day = BATON_STR("2026-11-21"),
                                        .agents = playback->agents };
}

enum baton_status playback_record(struct playback *playback, const struct baton_recorder_options *options,
                                  const struct playback_case *cases, size_t count, struct playback_live *live,
                                  struct baton_text *events, struct baton_error *err)
{
    struct baton_recorder *recorder;
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    struct baton_str *order = baton_arena_array(playback->arena, count, sizeof *order);
    enum baton_status status = baton_recorder_open(&recorder, options, err);
    if (status != BATON_OK) {
        return status;
    }
    live->sink = baton_recorder_sink(recorder);
    for (size_t i = 0; i < count && status == BATON_OK; i++) {
        struct baton_arena *arena = baton_arena_new(PLAYBACK_MEMORY_MAX);
        struct baton_recording recording;
        order[i] = baton_str_of(cases[i].id);
        baton_recording_init(&recording, recorder, &live->provider, &live->tools, order[i], arena, &scratch);
        status = playback_play(playback, &cases[i], &recording.provider, &recording.tools, arena, events);
        baton_arena_free(arena);
    }
    if (status == BATON_OK) {
        status = baton_recorder_finish(recorder, order, count, err);
    }
    baton_recorder_close(recorder);
    baton_text_clear(&scratch);
    return status;
}
