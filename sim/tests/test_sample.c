/* The sample cassette of the support assistant: its hand-written conversations, answered over a wire that is none. */
#include "engine/wire/codecs.h"
#include "sim/cassette/recorder.h"
#include "sim/tests/playback.h"
#include "sim/transcript.h"
#include "sim/virtual_clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define AGENTS "fixtures/agents/support.yaml"
#define CONVERSATIONS "fixtures/conversations/support/routing.jsonl"
#define SAMPLE "fixtures/cassettes/support.jsonl"

enum { SAMPLE_MEMORY = 256 * 1024 * 1024 };

static const char *const wanted[] = { "direct-hello", "billing-card", "tech-export-500", "billing-then-tech",
                                      "start-over" };

struct set {
    struct playback playback;
    struct baton_conversation conversations[COUNT_OF(wanted)];
};

static void open_set(struct set *set)
{
    struct baton_error err;
    struct baton_source source;
    size_t count = 0;
    playback_open(&set->playback);
    cr_assert_eq(baton_agents_load(&set->playback.agents, set->playback.arena, AGENTS, NULL, &err), BATON_OK, "%s",
                 err.text);
    cr_assert_eq(baton_source_load(&source, set->playback.arena, CONVERSATIONS, BATON_FILE_BYTES_MAX, &err), BATON_OK);
    for (const char *at = source.text.data; *at != '\0' && count < COUNT_OF(wanted);) {
        const char *end = strchr(at, '\n');
        const struct baton_source line = { .name = CONVERSATIONS, .line_first = 1, .text = { at, (size_t)(end - at) } };
        const struct baton_json *node;
        struct baton_conversation *conversation = &set->conversations[count];
        cr_assert_eq(baton_json_parse(&node, set->playback.arena, &line, &err), BATON_OK, "%s", err.text);
        cr_assert_eq(baton_conversation_read(conversation, set->playback.arena, set->playback.agents, &line, node,
                                             BATON_STR("x"), &err),
                     BATON_OK, "%s", err.text);
        count += baton_str_is(conversation->id, wanted[count]);
        at = end + 1;
    }
    cr_assert_eq(count, COUNT_OF(wanted));
}

/* All exchanges; a transcript, where there is one, follows them. Writes `id: start > entered ... 'text' ms`. */
static void play(const struct set *set, const struct baton_conversation *conversation, struct baton_provider *provider,
                 struct baton_tool_runner *tools, struct baton_transcript *transcript, struct baton_arena *arena,
                 struct baton_text *events)
{
    struct baton_virtual_clock clock;
    struct baton_loop_marks marks;
    struct baton_loop_mark *of_agent = baton_arena_array(arena, set->playback.agents->count, sizeof *of_agent);
    struct baton_run *run;
    struct baton_error err;
    baton_virtual_clock_init(&clock);
    baton_loop_marks_init(&marks, of_agent, set->playback.agents->count);
    const struct baton_run_options options = { .agents = set->playback.agents,
                                               .provider = provider,
                                               .clock = &clock.clock,
                                               .tools = tools,
                                               .limits = set->playback.agents->limits,
                                               .marks = &marks,
                                               .conversation_id = conversation->id,
                                               .entry = conversation->entry };
    cr_assert_eq(baton_run_new(&run, arena, &options, &err), BATON_OK);
    for (uint32_t i = baton_conversation_next_user(conversation, 0); i < conversation->message_count;
         i = baton_conversation_next_user(conversation, i + 1)) {
        struct baton_exchange *exchange;
        if (transcript != NULL) {
            baton_transcript_begin(transcript, i);
        }
        cr_assert_eq(baton_run_exchange(run, conversation->messages[i].content, conversation->messages[i].starts_over,
                                        &exchange, &err),
                     BATON_OK, "%s", err.text);
        baton_text_printf(events, "%.*s:", (int)conversation->id.length, conversation->id.data);
        for (uint32_t k = 0; k <= exchange->depth; k++) {
            struct baton_str name = baton_agent_name(set->playback.agents, exchange->path[k]);
            baton_text_printf(events, " %.*s", (int)name.length, name.data);
        }
        baton_text_printf(events, " %s '%.*s' at %llu\n", baton_run_status_name(exchange->status),
                          (int)exchange->text.length, exchange->text.data, (unsigned long long)exchange->end_ns);
    }
}

static void record(struct set *set, const char *path, struct baton_text *events)
{
    struct baton_recorder *recorder;
    struct baton_error err;
    struct baton_str order[COUNT_OF(wanted)];
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    char digest[BATON_HASH_HEX_BYTES];
    struct baton_recorder_options options = playback_options(&set->playback, path);
    baton_hash_hex(set->playback.agents->digest, digest);
    options.header.agents_digest = baton_str_of(digest);
    cr_assert_eq(baton_recorder_open(&recorder, &options, &err), BATON_OK, "%s", err.text);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct baton_arena *arena = baton_arena_new(SAMPLE_MEMORY);
        struct baton_transcript transcript;
        struct playback_live live;
        struct baton_recording recording;
        order[i] = set->conversations[i].id;
        baton_transcript_init(&transcript, set->playback.agents, &set->conversations[i], arena);
        playback_live_init(&live, baton_recorder_sink(recorder));
        live.inner = &transcript.provider;
        live.codec = baton_codec_find(BATON_STR("anthropic"));
        baton_recording_init(&recording, recorder, &live.provider, NULL, order[i], arena, &scratch);
        play(set, &set->conversations[i], &recording.provider, &recording.tools, &transcript, arena, events);
        baton_arena_free(arena);
    }
    cr_assert_eq(baton_recorder_finish(recorder, order, COUNT_OF(wanted), &err), BATON_OK, "%s", err.text);
    baton_recorder_close(recorder);
    baton_text_clear(&scratch);
}

Test(sample, the_cassette_is_what_its_conversations_come_to)
{
    struct set set;
    struct baton_text events = baton_text_with_limit(SAMPLE_MEMORY), replayed = events;
    const char *golden = getenv("BATON_GOLDEN");
    open_set(&set);
    const char *path = playback_file(&set.playback, "support.jsonl");
    record(&set, path, &events);
    struct baton_str bytes = playback_read(&set.playback, path);
    if (golden != NULL && strcmp(golden, "write") == 0) {
        playback_write(&set.playback, SAMPLE, bytes.data, bytes.length);
    }
    cr_expect(baton_str_equal(playback_read(&set.playback, SAMPLE), bytes),
              "%s is not what is recorded now: see make golden", SAMPLE);
    struct baton_cassette *cassette = playback_load(&set.playback, SAMPLE);
    const struct baton_replay_options options = { .cassette = cassette, .agents = set.playback.agents };
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    uint32_t misses = 0;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct baton_arena *arena = baton_arena_new(SAMPLE_MEMORY);
        struct baton_replay replay;
        baton_replay_init(&replay, &options, set.conversations[i].id, arena, &scratch);
        play(&set, &set.conversations[i], &replay.provider, &replay.tools, NULL, arena, &replayed);
        misses += replay.miss_count;
        baton_arena_free(arena);
    }
    cr_expect_eq(misses, 0);
    cr_expect_str_eq(replayed.data, events.data);
    cr_expect_not_null(strstr(events.data, "billing-then-tech: billing tech_support answered"), "%s", events.data);
    baton_text_clear(&scratch);
    baton_text_clear(&events);
    baton_text_clear(&replayed);
    playback_close(&set.playback);
}
