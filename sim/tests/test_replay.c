/* Replay: what is found by key and in which order, what a miss says, and what a limit or a failure does to the rest.
 */
#include "sim/cassette/replay.h"

#include "engine/wire/codecs.h"
#include "sim/tests/playback.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 64 * 1024 * 1024 };

struct reel {
    struct playback playback;
    struct baton_cassette *cassette;
    struct baton_text events;
};

static void record(struct reel *reel, const struct playback_case *cases, size_t count, bool is_stream)
{
    struct playback_live live;
    struct baton_error err;
    playback_open(&reel->playback);
    reel->events = baton_text_with_limit(LIMIT);
    const char *path = playback_file(&reel->playback, "c.jsonl");
    const struct baton_recorder_options options = playback_options(&reel->playback, path);
    playback_live_init(&live, NULL);
    live.is_stream = is_stream;
    cr_assert_eq(playback_record(&reel->playback, &options, cases, count, &live, &reel->events, &err), BATON_OK, "%s",
                 err.text);
    reel->cassette = playback_load(&reel->playback, path);
    baton_text_reset(&reel->events);
}

static void give_back(struct reel *reel)
{
    baton_text_clear(&reel->events);
    playback_close(&reel->playback);
}

/* ---- misses ---- */

static const struct playback_case recorded[] = {
    { "one", { "hello there", "billing please" } },
    { "two", { "lookup ann" } },
};

/* The text with * for what may stand there. */
static bool is_like(const char *text, const char *pattern)
{
    const char *star = NULL, *back = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++back;
        } else {
            return false;
        }
    }
    return *pattern == '\0' || (*pattern == '*' && pattern[1] == '\0');
}

Test(replay, a_miss_names_the_place_the_nearest_recording_and_the_first_difference)
{
    static const struct {
        const char *name;
        struct playback_case it;
        uint32_t misses;
        const char *want;
    } rows[] = {
        { "another word",
          { "one", { "hello them" } },
          1,
          "no recorded answer for agent 'triage' of conversation 'one', exchange 1, turn 1; nearest is *c.jsonl:2 (*% "
          "alike), which differs at messages[1].content: asked *hello them*, recorded *hello there*; record it" },
        { "later on",
          { "one", { "hello there", "billing now" } },
          1,
          "no recorded answer for agent 'triage' of conversation 'one', exchange 2, turn 1; nearest is *c.jsonl:3 (*% "
          "alike), which differs at messages[3].content: *" },
        { "another conversation",
          { "three", { "hello then" } },
          1,
          "no recorded answer for agent 'triage' of conversation 'three', exchange 1, turn 1; nearest is *c.jsonl:2 (*" },
        { "a tool's arguments",
          { "two", { "ask lookup" } },
          1,
          "no recorded answer for agent 'triage' of conversation 'two', exchange 1, turn 1; nearest is *c.jsonl:6 (*" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reel reel;
        struct baton_replay replay;
        struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
        record(&reel, recorded, COUNT_OF(recorded), false);
        const struct baton_replay_options options = { .cassette = reel.cassette,
                                                      .agents = reel.playback.agents,
                                                      .advice = "record it" };
        baton_replay_init(&replay, &options, baton_str_of(rows[i].it.id), reel.playback.arena, &scratch);
        cr_assert_eq(playback_play(&reel.playback, &rows[i].it, &replay.provider, &replay.tools, reel.playback.arena,
                                   &reel.events),
                     BATON_OK);
        cr_expect_eq(replay.miss_count, rows[i].misses, "%s", rows[i].name);
        cr_expect(is_like(replay.first_miss.data, rows[i].want), "%s: %s", rows[i].name, replay.first_miss.data);
        cr_expect_not_null(strstr(reel.events.data, " error no recorded answer"), "%s: %s", rows[i].name,
                           reel.events.data);
        baton_text_clear(&scratch);
        give_back(&reel);
    }
}

Test(replay, nothing_recorded_is_a_miss_too)
{
    static const struct playback_case none[] = { { "none", { "hello" } } };
    struct reel reel;
    uint32_t misses = 0;
    record(&reel, recorded, 0, false);
    /* Without any recording nothing says in which format the agents are asked but their own provider. */
    cr_assert_eq(playback_replay(&reel.playback, &none[0], reel.cassette, &reel.events, &misses), BATON_OK);
    cr_expect_eq(misses, 1);
    cr_expect_not_null(strstr(reel.events.data, "nothing like it was recorded"), "%s", reel.events.data);
    give_back(&reel);
}

/* ---- requests by hand ---- */

static struct baton_reply ask(struct reel *reel, struct baton_replay *replay, const char *agent, const char *said,
                              void (*on_text)(void *user, struct baton_str delta), struct baton_error *err)
{
    uint32_t index = baton_agents_find(reel->playback.agents, baton_str_of(agent));
    static const bool enabled[4] = { true, true, true, true };
    struct baton_message message = { .role = BATON_ROLE_USER, .has_content = true, .content = baton_str_of(said) };
    const struct baton_request request = { .agents = reel->playback.agents,
                                           .agent = index,
                                           .conversation_id = replay->route.conversation,
                                           .messages = &message,
                                           .message_count = 1,
                                           .handoff_enabled = enabled,
                                           .arena = reel->playback.arena,
                                           .on_text = on_text,
                                           .user = &reel->events };
    struct baton_reply reply = { .latency_ns = BATON_TIME_UNKNOWN, .ttft_ns = BATON_TIME_UNKNOWN };
    err->text[0] = '\0';
    err->status = replay->provider.call(&replay->provider, &request, &reply, err);
    return reply;
}

static void note_piece(void *user, struct baton_str delta)
{
    baton_text_printf(user, "[%.*s]", (int)delta.length, delta.data);
}

Test(replay, a_stream_comes_in_its_pieces_and_with_its_times)
{
    struct reel reel;
    struct baton_replay replay;
    struct baton_error err;
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    record(&reel, recorded, COUNT_OF(recorded), true);
    const struct baton_replay_options options = { .cassette = reel.cassette, .agents = reel.playback.agents };
    baton_replay_init(&replay, &options, BATON_STR("one"), reel.playback.arena, &scratch);
    struct baton_reply reply = ask(&reel, &replay, "triage", "hello there", note_piece, &err);
    cr_assert_eq(err.status, BATON_OK, "%s", err.text);
    cr_expect_str_eq(reel.events.data, "[triage says][ hello there]");
    cr_expect(reply.was_streamed);
    cr_expect_eq(reply.ttft_ns, 1500000);
    cr_expect_eq(reply.latency_ns, 10000023);
    reply = ask(&reel, &replay, "triage", "hello there", NULL, &err);
    cr_expect(!reply.was_streamed);
    cr_expect(baton_str_is(reply.text, "triage says hello there"));
    baton_text_clear(&scratch);
    give_back(&reel);
}

#if defined(BATON_ARENA_SEPARATE) && BATON_ARENA_SEPARATE
#define ARENA_IS_ONE_BLOCK false /* each piece is the system's own, for the sanitisers */
#else
#define ARENA_IS_ONE_BLOCK true
#endif

Test(replay, takes_no_memory_of_the_system_once_it_runs, .disabled = !ARENA_IS_ONE_BLOCK)
{
    enum { ROUNDS = 1000 };
    struct reel reel;
    struct baton_replay replay;
    struct baton_error err;
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
    record(&reel, recorded, COUNT_OF(recorded), false);
    const struct baton_replay_options options = { .cassette = reel.cassette, .agents = reel.playback.agents };
    struct baton_arena *arena = baton_arena_new(LIMIT);
    uint64_t before = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        baton_replay_init(&replay, &options, BATON_STR("one"), arena, &scratch);
        ask(&reel, &replay, "triage", "hello there", NULL, &err);
        cr_assert_eq(err.status, BATON_OK, "%s", err.text);
        before = i == 0 ? baton_system_allocations() : before;
    }
    cr_expect_eq(baton_system_allocations(), before);
    baton_arena_free(arena);
    baton_text_clear(&scratch);
    give_back(&reel);
}

Test(replay, the_model_and_the_provider_that_were_overridden_are_those_of_the_recording)
{
    struct reel reel;
    struct baton_error err;
    struct playback_live live;
    uint32_t misses = 0;
    record(&reel, recorded, COUNT_OF(recorded), false);
    const char *path = playback_file(&reel.playback, "o.jsonl");
    struct baton_recorder_options options = playback_options(&reel.playback, path);
    options.codec = baton_codec_find(BATON_STR("anthropic"));
    playback_live_init(&live, NULL);
    live.codec = options.codec;
    cr_assert_eq(playback_record(&reel.playback, &options, recorded, COUNT_OF(recorded), &live, &reel.events, &err),
                 BATON_OK);
    cr_assert_eq(
        playback_replay(&reel.playback, &recorded[0], playback_load(&reel.playback, path), &reel.events, &misses),
        BATON_OK);
    cr_expect_eq(misses, 0);
    give_back(&reel);
}

/* ---- memory ---- */

Test(replay, survives_every_failed_allocation)
{
    static const struct playback_case all[] = { { "a", { "billing please", "both lamps" } } };
    static const struct playback_case other[] = { { "a", { "billing please", "both lambs" } } };
    for (unsigned round = 0; round < 2; round++) {
        struct reel reel;
        enum baton_status status = BATON_ENOMEM;
        record(&reel, all, 1, round == 1);
        for (uint64_t n = 1; status != BATON_OK; n++) {
            uint32_t misses = 0;
            struct baton_arena *arena = baton_arena_new(LIMIT);
            struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
            struct baton_text events = baton_text_with_limit(LIMIT);
            const struct baton_replay_options options = { .cassette = reel.cassette, .agents = reel.playback.agents };
            struct baton_replay replay;
            baton_replay_init(&replay, &options, BATON_STR("a"), arena, &scratch);
            baton_arena_fail_after(n);
            status = playback_play(&reel.playback, round == 0 ? &all[0] : &other[0], &replay.provider, &replay.tools,
                                   arena, &events);
            baton_arena_fail_after(0);
            status = status == BATON_OK && events.failed ? BATON_ENOMEM : status;
            misses += replay.miss_count;
            cr_assert(status == BATON_OK || status == BATON_ELIMIT || status == BATON_ENOMEM, "%llu: %d",
                      (unsigned long long)n, status);
            cr_assert(status != BATON_OK || misses == round, "%llu", (unsigned long long)n);
            baton_text_clear(&events);
            baton_text_clear(&scratch);
            baton_arena_free(arena);
        }
        give_back(&reel);
    }
}
