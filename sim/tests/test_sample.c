/* The sample cassette of the support assistant: its hand-written conversations, answered over a wire that is none. */
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
    struct studio studio;
    struct baton_conversation conversations[COUNT_OF(wanted)];
};

static void open_set(struct set *set)
{
    struct baton_error err;
    struct baton_source source;
    size_t count = 0;
    studio_open(&set->studio);
    cr_assert_eq(baton_agents_load(&set->studio.agents, set->studio.arena, AGENTS, NULL, &err), BATON_OK, "%s",
                 err.text);
    cr_assert_eq(baton_source_load(&source, set->studio.arena, CONVERSATIONS, BATON_FILE_BYTES_MAX, &err), BATON_OK);
    for (const char *at = source.text.data; *at != '\0' && count < COUNT_OF(wanted);) {
        const char *end = strchr(at, '\n');
        const struct baton_source line = { .name = CONVERSATIONS, .line_first = 1, .text = { at, (size_t)(end - at) } };
        const struct baton_json *node;
        struct baton_conversation *conversation = &set->conversations[count];
        cr_assert_eq(baton_json_parse(&node, set->studio.arena, &line, &err), BATON_OK, "%s", err.text);
        cr_assert_eq(baton_conversation_read(conversation, set->studio.arena, set->studio.agents, &line, node,
                                             BATON_STR("x"), &err),
                     BATON_OK, "%s", err.text);
        count += baton_str_is(conversation->id, wanted[count]);
        at = end + 1;
    }
    cr_assert_eq(count, COUNT_OF(wanted));
}

/* All exchanges; with a transcript, that one is told where it stands. Tells `id: start > entered ... 'text' ms`. */
static void play(const struct set *set, const struct baton_conversation *conversation, struct baton_provider *provider,
                 struct baton_tool_runner *tools, struct baton_transcript *transcript, struct baton_arena *arena,
                 struct baton_text *told)
{
    struct baton_virtual_clock clock;
    struct baton_loop_marks marks;
    struct baton_loop_mark *of_agent = baton_arena_array(arena, set->studio.agents->count, sizeof *of_agent);
    struct baton_run *run;
    struct baton_error err;
    baton_virtual_clock_init(&clock);
    baton_loop_marks_init(&marks, of_agent, set->studio.agents->count);
    const struct baton_run_options options = { .agents = set->studio.agents,
                                               .provider = provider,
                                               .clock = &clock.clock,
                                               .tools = tools,
                                               .limits = set->studio.agents->limits,
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
        baton_text_printf(told, "%.*s:", (int)conversation->id.length, conversation->id.data);
        for (uint32_t k = 0; k <= exchange->depth; k++) {
            struct baton_str name = baton_agent_name(set->studio.agents, exchange->path[k]);
            baton_text_printf(told, " %.*s", (int)name.length, name.data);
        }
        baton_text_printf(told, " %s '%.*s' at %llu\n", baton_run_status_name(exchange->status),
                          (int)exchange->text.length, exchange->text.data, (unsigned long long)exchange->end_ns);
    }
}

static void record(struct set *set, const char *path, struct baton_text *told)
{
    struct baton_recorder *recorder;
    struct baton_error err;
    struct baton_str order[COUNT_OF(wanted)];
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    char digest[BATON_HASH_HEX_BYTES];
    struct baton_recorder_options options = studio_options(&set->studio, path);
    baton_hash_hex(set->studio.agents->digest, digest);
    options.header.agents_digest = baton_str_of(digest);
    cr_assert_eq(baton_recorder_open(&recorder, &options, &err), BATON_OK, "%s", err.text);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        struct baton_arena *arena = baton_arena_new(SAMPLE_MEMORY);
        struct baton_transcript transcript;
        struct studio_live live;
        struct baton_recording recording;
        order[i] = set->conversations[i].id;
        baton_transcript_init(&transcript, set->studio.agents, &set->conversations[i], arena);
        studio_live_init(&live, baton_recorder_sink(recorder));
        live.inner = &transcript.provider;
        live.codec = baton_codec_find(BATON_STR("anthropic"));
        baton_recording_init(&recording, recorder, &live.provider, NULL, order[i], arena, &scratch);
        play(set, &set->conversations[i], &recording.provider, &recording.tools, &transcript, arena, told);
        baton_arena_free(arena);
    }
    cr_assert_eq(baton_recorder_finish(recorder, order, COUNT_OF(wanted), &err), BATON_OK, "%s", err.text);
    baton_recorder_close(recorder);
    baton_text_clear(&scratch);
}

Test(sample, the_cassette_is_what_its_conversations_come_to)
{
    struct set set;
    struct baton_text told = baton_text_with_limit(SAMPLE_MEMORY), replayed = told;
    const char *golden = getenv("BATON_GOLDEN");
    open_set(&set);
    const char *path = studio_file(&set.studio, "support.jsonl");
    record(&set, path, &told);
    struct baton_str bytes = studio_read(&set.studio, path);
    if (golden != NULL && strcmp(golden, "write") == 0) {
        studio_write(&set.studio, SAMPLE, bytes.data, bytes.length);
    }
    cr_expect(baton_str_equal(studio_read(&set.studio, SAMPLE), bytes),
              "%s is not what is recorded now: see make golden", SAMPLE);
    struct baton_cassette *cassette = studio_load(&set.studio, SAMPLE);
    const struct baton_replay_options options = { .cassette = cassette, .agents = set.studio.agents };
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
    cr_expect_str_eq(replayed.data, told.data);
    cr_expect_not_null(strstr(told.data, "billing-then-tech: billing tech_support answered"), "%s", told.data);
    baton_text_clear(&scratch);
    baton_text_clear(&told);
    baton_text_clear(&replayed);
    studio_close(&set.studio);
}
