#include "evals/bench/bench_cassette.h"

#include "engine/base/yaml.h"
#include "engine/core/run.h"
#include "engine/wire/codecs.h"
#include "engine/wire/decoder.h"
#include "engine/wire/encoder.h"
#include "sim/cassette/recorder.h"
#include "sim/virtual_clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONVERSATIONS = 2000, REPLAYS = 100000, RUNS = 5, PATH_BYTES = 512, TEXT_BYTES = 16 * 1024 };
enum { MEMORY_BYTES = 512 * 1024 * 1024 };

struct stand {
    struct baton_provider provider; /* the far end; its first member */
    struct baton_traffic_sink *sink;
    struct baton_arena *lasting, *arena;
    struct baton_agents *agents;
    struct baton_loop_marks marks;
    struct baton_text body, scratch;
    uint64_t request_bytes, request_count;
    struct baton_error err;
};

/* Instructions and tools of a size that real agents have. */
static bool make_agents(struct stand *stand)
{
    static const char sentence[] =
        "Look up the account before you state an amount, and never promise a refund or a date. ";
    struct baton_text text = baton_text_with_limit(TEXT_BYTES);
    baton_text_puts(&text, "version: 1\nentry: triage\ndefaults: { provider: openai, model: m }\nagents:\n"
                           "  triage: { instructions: \"");
    for (unsigned i = 0; i < 14; i++) {
        baton_text_puts(&text, sentence);
    }
    baton_text_puts(&text, "\", handoffs: [billing], tools: [a, b, c, d] }\n  billing: { instructions: \"");
    for (unsigned i = 0; i < 14; i++) {
        baton_text_puts(&text, sentence);
    }
    baton_text_puts(&text, "\", handoffs: [triage], tools: [a, b, c, d] }\ntools:\n");
    for (unsigned i = 0; i < 4; i++) {
        baton_text_printf(&text,
                          "  %c:\n    description: Shows an invoice by its number, or the latest one of an account.\n"
                          "    parameters:\n      type: object\n      properties:\n"
                          "        number: { type: string, description: As it stands on the invoice. }\n"
                          "        account: { type: string, description: Name or address. }\n"
                          "      required: [number]\n    result: ok\n",
                          (char)('a' + i));
    }
    const struct baton_json *root;
    char *copy = baton_arena_copy(stand->lasting, text.data, text.length);
    const struct baton_source source = { .name = "agents.yaml", .line_first = 1, .text = { copy, text.length } };
    baton_text_clear(&text);
    return copy != NULL && baton_yaml_parse(&root, stand->lasting, &source, &stand->err) == BATON_OK &&
           baton_agents_parse(&stand->agents, stand->lasting, &source, root, NULL, &stand->err) == BATON_OK;
}

static enum baton_status far_end(struct baton_provider *provider, const struct baton_request *request,
                                 struct baton_reply *reply, struct baton_error *err)
{
    struct stand *stand = (struct stand *)provider;
    static const char transfer[] =
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
        "\"function\",\"function\":{\"name\":\"transfer_to_billing\",\"arguments\":\"{\\\"reason\\\":\\\"card\\\"}\"}}]},"
        "\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":812,\"completion_tokens\":37}}";
    static const char answer[] =
        "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Sure, which card is it?\"},"
        "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":912,\"completion_tokens\":9}}";
    const struct baton_encode_options options = { .is_stream = false };
    struct baton_decoder *decoder = baton_decoder_new();
    struct baton_traffic traffic = { .asked = request,
                                     .codec = baton_codec_find(BATON_STR("openai")),
                                     .model = BATON_STR("m"),
                                     .status = 200,
                                     .body = request->turn == 0 ? BATON_STR(transfer) : BATON_STR(answer),
                                     .ttft_ns = BATON_TIME_UNKNOWN,
                                     .total_ns = 400000000 };
    baton_text_reset(&stand->body);
    enum baton_status status = decoder == NULL ? BATON_ENOMEM : BATON_OK;
    status = status == BATON_OK ? baton_encode(&stand->body, traffic.codec, request, &options, err) : status;
    traffic.request = baton_text_str(&stand->body);
    stand->request_bytes += traffic.request.length;
    stand->request_count++;
    if (status == BATON_OK) {
        baton_decoder_begin(decoder, traffic.codec, request);
        status = baton_decoder_body(decoder, 200, traffic.body, reply, err);
    }
    baton_decoder_free(decoder);
    return status == BATON_OK ? stand->sink->take(stand->sink, &traffic, err) : status;
}

static bool play(struct stand *stand, struct baton_provider *provider, struct baton_tool_runner *tools, unsigned number,
                 struct baton_str id)
{
    struct baton_virtual_clock clock;
    struct baton_run *run;
    struct baton_exchange *exchange = NULL;
    char text[128];
    int length = snprintf(text, sizeof text, "I need to update my credit card, number %u", number);
    baton_virtual_clock_init(&clock);
    const struct baton_run_options options = { .agents = stand->agents,
                                               .provider = provider,
                                               .clock = &clock.clock,
                                               .tools = tools,
                                               .limits = stand->agents->limits,
                                               .marks = &stand->marks,
                                               .conversation_id = id,
                                               .entry = stand->agents->entry };
    return baton_run_new(&run, stand->arena, &options, &stand->err) == BATON_OK &&
           baton_run_exchange(run, (struct baton_str){ text, (size_t)length }, false, &exchange, &stand->err) ==
               BATON_OK &&
           exchange->status == BATON_RUN_ANSWERED && exchange->turn_count == 2;
}

static struct baton_str id_of(char id[32], unsigned number)
{
    int length = snprintf(id, 32, "card-%u", number);
    return (struct baton_str){ id, (size_t)length };
}

static bool record(struct stand *stand, const char *path)
{
    const struct baton_recorder_options options = { .path = path,
                                                    .day = BATON_STR("2026-11-21"),
                                                    .agents = stand->agents };
    struct baton_recorder *recorder;
    char part[PATH_BYTES];
    snprintf(part, sizeof part, "%s.part", path);
    unlink(path);
    unlink(part);
    bool is_good = baton_recorder_open(&recorder, &options, &stand->err) == BATON_OK;
    if (!is_good) {
        return false;
    }
    stand->sink = baton_recorder_sink(recorder);
    for (unsigned i = 0; i < CONVERSATIONS && is_good; i++) {
        struct baton_recording recording;
        char id[32];
        baton_recording_init(&recording, recorder, &stand->provider, NULL, id_of(id, i), stand->arena, &stand->scratch);
        is_good = play(stand, &recording.provider, &recording.tools, i, id_of(id, i));
        baton_arena_reset(stand->arena);
    }
    is_good = is_good && baton_recorder_finish(recorder, NULL, 0, &stand->err) == BATON_OK;
    baton_recorder_close(recorder);
    return is_good;
}

static bool replay(struct stand *stand, const char *path, struct bench_cassette *out)
{
    struct baton_clock *clock = baton_clock_system();
    const struct baton_cassette_options loading = { .files = &path, .file_count = 1 };
    struct baton_cassette *cassette;
    uint64_t start = clock->now_ns(clock);
    if (baton_cassette_load(&cassette, stand->lasting, &loading, &stand->err) != BATON_OK) {
        return false;
    }
    out->loads_per_second = (double)cassette->count * 1e9 / (double)(clock->now_ns(clock) - start);
    const struct baton_replay_options options = { .cassette = cassette, .agents = stand->agents };
    for (unsigned run = 0; run < RUNS; run++) {
        uint64_t allocated = baton_system_allocations();
        start = clock->now_ns(clock);
        for (unsigned i = 0; i < REPLAYS; i++) {
            struct baton_replay replaying;
            char id[32];
            baton_replay_init(&replaying, &options, id_of(id, i % CONVERSATIONS), stand->arena, &stand->scratch);
            if (!play(stand, &replaying.provider, &replaying.tools, i % CONVERSATIONS, replaying.route.conversation)) {
                return false;
            }
            baton_arena_reset(stand->arena);
        }
        double rate = REPLAYS * 1e9 / (double)(clock->now_ns(clock) - start);
        out->conversations_per_second = rate > out->conversations_per_second ? rate : out->conversations_per_second;
        out->allocations = (double)(baton_system_allocations() - allocated) / REPLAYS;
    }
    return true;
}

bool bench_cassette(struct bench_cassette *out, const char *folder)
{
    char path[PATH_BYTES / 2];
    snprintf(path, sizeof path, "%s/cassette.jsonl", folder);
    *out = (struct bench_cassette){ 0 };
    struct stand stand = { .provider = { .call = far_end },
                           .lasting = baton_arena_new(MEMORY_BYTES),
                           .arena = baton_arena_new(MEMORY_BYTES),
                           .body = baton_text_with_limit(BATON_REQUEST_BYTES_MAX),
                           .scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX) };
    struct baton_loop_mark of_agent[2];
    bool is_good = stand.lasting != NULL && stand.arena != NULL && make_agents(&stand);
    if (is_good) {
        baton_loop_marks_init(&stand.marks, of_agent, stand.agents->count);
        is_good = record(&stand, path) && replay(&stand, path, out);
        out->request_bytes = (double)stand.request_bytes / (double)stand.request_count;
    }
    if (!is_good) {
        fprintf(stderr, "bench: cassette: %s\n", stand.err.text);
    }
    baton_text_clear(&stand.body);
    baton_text_clear(&stand.scratch);
    baton_arena_free(stand.arena);
    baton_arena_free(stand.lasting);
    return is_good;
}
