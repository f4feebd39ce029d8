/* Recording: each way of going on with a file, and every moment at which it can be killed. A recording is right when its replay
 * has the same events, byte for byte, with the same times.
 */
#include "sim/cassette/recorder.h"

#include "engine/wire/codecs.h"
#include "sim/cassette/cassette_check.h"
#include "sim/tests/playback.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct playback_case cases[] = {
    { "card-1", { "billing please", "thanks" } },
    { "look", { "lookup ann", "lookup ann", "lookup bad" } },
    { "nest", { "ask why", "both lamps", "fix it" } },
    { "plain", { "hello" } },
    { "again", { "hello", "hello" } },
    { "error", { "fail", "hello" } },
    { "nobody", { "billing for nobody" } },
};

enum { CASES = COUNT_OF(cases), CALLS = 20, LIMIT = 64 * 1024 * 1024 };

struct kept {
    struct playback playback;
    const char *path;
    struct baton_text events; /* of the recording */
    struct playback_live live;
};

static void record_all(struct kept *kept, const char *codec, bool is_stream)
{
    struct baton_error err;
    playback_open(&kept->playback);
    kept->path = playback_file(&kept->playback, "c.jsonl");
    kept->events = baton_text_with_limit(LIMIT);
    playback_live_init(&kept->live, NULL);
    kept->live.codec = baton_codec_find(baton_str_of(codec));
    kept->live.is_stream = is_stream;
    struct baton_recorder_options options = playback_options(&kept->playback, kept->path);
    options.header.provider = baton_str_of(codec);
    options.codec = kept->live.codec;
    cr_assert_eq(playback_record(&kept->playback, &options, cases, CASES, &kept->live, &kept->events, &err), BATON_OK,
                 "%s", err.text);
}

static void give_back(struct kept *kept)
{
    baton_text_clear(&kept->events);
    playback_close(&kept->playback);
}

Test(recorder, a_replay_is_what_was_recorded)
{
    static const struct {
        const char *codec;
        bool is_stream;
    } rows[] = { { "openai", false }, { "openai", true }, { "openrouter", true }, { "anthropic", false } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct kept kept;
        record_all(&kept, rows[i].codec, rows[i].is_stream);
        struct baton_cassette *cassette = playback_load(&kept.playback, kept.path);
        struct baton_text replayed = baton_text_with_limit(LIMIT);
        uint32_t misses = 0;
        for (size_t c = 0; c < CASES; c++) {
            cr_assert_eq(playback_replay(&kept.playback, &cases[c], cassette, &replayed, &misses), BATON_OK);
        }
        cr_expect_eq(misses, 0, "%s", rows[i].codec);
        cr_expect_str_eq(replayed.data, kept.events.data, "%s", rows[i].codec);
        cr_expect_eq(baton_cassette_unused(cassette, NULL, NULL), 0, "%s", rows[i].codec);
        cr_expect(!playback_has(playback_file(&kept.playback, "c.jsonl.part")));
        cr_expect(!playback_has(playback_file(&kept.playback, "c.jsonl.new")));
        baton_text_clear(&replayed);
        give_back(&kept);
    }
}

Test(recorder, tools_and_context_providers_are_not_run_in_a_replay)
{
    struct kept kept;
    record_all(&kept, "openai", false);
    cr_expect_eq(kept.live.tool_count, 4);
    cr_expect_eq(kept.live.context_count, 2);
    struct baton_cassette *cassette = playback_load(&kept.playback, kept.path);
    uint32_t kinds[3] = { 0 };
    for (uint32_t i = 0; i < cassette->count; i++) {
        kinds[baton_cassette_at(cassette, i)->kind]++;
    }
    cr_expect_eq(kinds[BATON_INTERACTION_MODEL], kept.live.call_count);
    cr_expect_eq(kinds[BATON_INTERACTION_TOOL], 4);
    cr_expect_eq(kinds[BATON_INTERACTION_CONTEXT], 2);
    give_back(&kept);
}

/* ---- threads ---- */

struct worker {
    struct playback *playback;
    struct baton_recorder *recorder;
    size_t from, step;
    enum baton_status status;
};

static void *work(void *user)
{
    struct worker *worker = user;
    struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX), events = baton_text_with_limit(LIMIT);
    for (size_t i = worker->from; i < CASES && worker->status == BATON_OK; i += worker->step) {
        struct baton_arena *arena = baton_arena_new(PLAYBACK_MEMORY_MAX);
        struct baton_recording recording;
        struct playback_live live;
        playback_live_init(&live, baton_recorder_sink(worker->recorder));
        live.codec = baton_codec_find(BATON_STR("openai"));
        baton_recording_init(&recording, worker->recorder, &live.provider, &live.tools, baton_str_of(cases[i].id),
                             arena, &scratch);
        worker->status =
            playback_play(worker->playback, &cases[i], &recording.provider, &recording.tools, arena, &events);
        baton_arena_free(arena);
    }
    baton_text_clear(&scratch);
    baton_text_clear(&events);
    return NULL;
}

Test(recorder, the_file_is_the_same_from_any_number_of_threads)
{
    enum { THREADS_MAX = 4, RUNS = 3 };
    struct kept kept;
    record_all(&kept, "openai", false);
    struct baton_str alone = playback_read(&kept.playback, kept.path);
    struct baton_str order[CASES];
    for (size_t i = 0; i < CASES; i++) {
        order[i] = baton_str_of(cases[i].id);
    }
    for (unsigned count = 2; count <= THREADS_MAX; count++) {
        struct worker workers[THREADS_MAX];
        pthread_t threads[THREADS_MAX];
        const char *path = baton_arena_printf(kept.playback.arena, "%s.%u", kept.path, count);
        struct baton_recorder_options options = playback_options(&kept.playback, path);
        options.header.provider = BATON_STR("openai");
        options.codec = kept.live.codec;
        struct baton_recorder *recorder;
        struct baton_error err;
        cr_assert_eq(baton_recorder_open(&recorder, &options, &err), BATON_OK, "%s", err.text);
        for (unsigned i = 0; i < count; i++) {
            workers[i] = (struct worker){ .playback = &kept.playback, .recorder = recorder, .from = i, .step = count };
            cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
        }
        for (unsigned i = 0; i < count; i++) {
            pthread_join(threads[i], NULL);
            cr_expect_eq(workers[i].status, BATON_OK);
        }
        cr_assert_eq(baton_recorder_finish(recorder, order, CASES, &err), BATON_OK, "%s", err.text);
        baton_recorder_close(recorder);
        cr_expect(baton_str_equal(playback_read(&kept.playback, path), alone), "%u threads", count);
    }
    give_back(&kept);
}

/* ---- kills ---- */

/* Goes on with what a kill left and compares with the recording that was not killed. */
static void go_on(struct kept *kept, const char *part, size_t length, const char *name)
{
    const char *path = playback_file(&kept->playback, "k.jsonl");
    struct playback_live live;
    struct baton_error err;
    struct baton_text events = baton_text_with_limit(LIMIT);
    playback_write(&kept->playback, playback_file(&kept->playback, "k.jsonl.part"), part, length);
    playback_live_init(&live, NULL);
    live.codec = kept->live.codec;
    struct baton_recorder_options options = playback_options(&kept->playback, path);
    options.header.provider = BATON_STR("openai");
    options.codec = live.codec;
    options.resumes = true;
    cr_assert_eq(playback_record(&kept->playback, &options, cases, CASES, &live, &events, &err), BATON_OK, "%s: %s",
                 name, err.text);
    cr_expect(baton_str_equal(playback_read(&kept->playback, path), playback_read(&kept->playback, kept->path)), "%s",
              name);
    cr_assert_eq(unlink(path), 0);
    baton_text_clear(&events);
}

/* In the folder of the playback, what stands in FILE.part at the moment of its end. */
static struct baton_str part_of(struct kept *kept, uint32_t calls_max)
{
    const char *path = playback_file(&kept->playback, "p.jsonl");
    struct playback_live live;
    struct baton_error err;
    struct baton_text events = baton_text_with_limit(LIMIT);
    playback_live_init(&live, NULL);
    live.codec = kept->live.codec;
    live.calls_max = calls_max;
    struct baton_recorder_options options = playback_options(&kept->playback, path);
    options.header.provider = BATON_STR("openai");
    options.codec = live.codec;
    cr_assert_eq(playback_record(&kept->playback, &options, cases, CASES, &live, &events, &err), BATON_EINTERRUPTED);
    struct baton_str part = playback_read(&kept->playback, playback_file(&kept->playback, "p.jsonl.part"));
    cr_assert_eq(unlink(playback_file(&kept->playback, "p.jsonl.part")), 0);
    baton_text_clear(&events);
    return part;
}

Test(recorder, goes_on_from_a_kill_after_any_call)
{
    struct kept kept;
    record_all(&kept, "openai", false);
    for (uint32_t calls = 1; calls < kept.live.call_count; calls++) {
        char name[32];
        struct baton_str part = part_of(&kept, calls);
        snprintf(name, sizeof name, "%u calls", calls);
        go_on(&kept, part.data, part.length, name);
    }
    cr_expect_geq(kept.live.call_count, CALLS);
    give_back(&kept);
}

Test(recorder, goes_on_from_every_prefix_of_its_file)
{
    struct kept kept;
    record_all(&kept, "openai", false);
    struct baton_str part = part_of(&kept, kept.live.call_count - 1);
    const char *path = playback_file(&kept.playback, "x.part");
    const struct baton_cassette_options loading = { .files = &path, .file_count = 1, .allows_torn_tail = true };
    struct baton_arena *arena = baton_arena_new(PLAYBACK_MEMORY_MAX);
    uint32_t whole = 0;
    for (size_t length = 0; length <= part.length; length++) {
        struct baton_cassette *cassette;
        struct baton_error err;
        char name[32];
        playback_write(&kept.playback, path, part.data, length);
        whole += length > 0 && part.data[length - 1] == '\n';
        cr_assert_eq(baton_cassette_load(&cassette, arena, &loading, &err), BATON_OK, "%zu bytes: %s", length,
                     err.text);
        cr_assert_eq(cassette->count, whole > 0 ? whole - 1 : 0, "%zu bytes", length);
        baton_arena_reset(arena);
        if (length % 997 == 0 || (length > 0 && part.data[length - 1] == '\n') || length < 40) {
            snprintf(name, sizeof name, "%zu bytes", length);
            go_on(&kept, part.data, length, name);
        }
    }
    baton_arena_free(arena);
    give_back(&kept);
}

Test(recorder, finishes_what_it_was_killed_in_the_middle_of_finishing)
{
    struct kept kept;
    struct baton_error err;
    struct baton_recorder *recorder;
    record_all(&kept, "openai", false);
    struct baton_str whole = playback_read(&kept.playback, kept.path);
    struct baton_str part = part_of(&kept, kept.live.call_count - 1);
    playback_write(&kept.playback, playback_file(&kept.playback, "k.jsonl.new"), part.data,
                   100); /* killed while it wrote */
    go_on(&kept, part.data, part.length, "half of the new file");

    const char *path = playback_file(&kept.playback, "z.jsonl"); /* killed before the last rename */
    playback_write(&kept.playback, playback_file(&kept.playback, "z.jsonl.new"), whole.data, whole.length);
    struct baton_recorder_options options = playback_options(&kept.playback, path);
    options.refreshes = true;
    cr_assert_eq(baton_recorder_open(&recorder, &options, &err), BATON_OK, "%s", err.text);
    baton_recorder_close(recorder);
    cr_expect(baton_str_equal(playback_read(&kept.playback, path), whole));
    give_back(&kept);
}

/* ---- adding ---- */

Test(recorder, a_refresh_asks_for_what_is_missing_only_and_keeps_what_is_there)
{
    static const struct playback_case more[] = { { "card-1", { "billing please", "thanks", "one more" } },
                                                 { "new", { "lookup eve" } },
                                                 { "plain", { "hello" } } };
    struct kept kept;
    struct playback_live live;
    struct baton_error err;
    record_all(&kept, "openai", false);
    struct baton_str before = playback_read(&kept.playback, kept.path);
    playback_live_init(&live, NULL);
    live.codec = kept.live.codec;
    struct baton_recorder_options options = playback_options(&kept.playback, kept.path);
    options.refreshes = true;
    options.day = BATON_STR("2027-01-02");
    baton_text_reset(&kept.events);
    cr_assert_eq(playback_record(&kept.playback, &options, more, COUNT_OF(more), &live, &kept.events, &err), BATON_OK,
                 "%s", err.text);
    cr_expect_eq(live.call_count, 3);
    cr_expect_eq(live.tool_count, 1);
    struct baton_cassette *cassette = playback_load(&kept.playback, kept.path);
    struct baton_str after = playback_read(&kept.playback, kept.path);
    uint32_t added = 0;
    const char *at = before.data;
    for (const char *line = after.data; *line != '\0';) {
        const char *end = strchr(line, '\n') + 1;
        size_t length = (size_t)(end - line);
        if (strncmp(line, at, length) == 0) {
            at += length;
        } else {
            added++;
        }
        line = end;
    }
    cr_expect_eq(*at, '\0', "a line that was there is gone or moved");
    cr_expect_eq(added, 4);
    uint32_t misses = 0;
    struct baton_text replayed = baton_text_with_limit(LIMIT);
    for (size_t i = 0; i < COUNT_OF(more); i++) {
        cr_assert_eq(playback_replay(&kept.playback, &more[i], cassette, &replayed, &misses), BATON_OK);
    }
    cr_expect_eq(misses, 0);
    baton_text_clear(&replayed);
    give_back(&kept);
}

Test(recorder, files_in_the_way_are_refused)
{
    struct kept kept;
    struct baton_recorder *recorder, *second;
    struct baton_error err;
    record_all(&kept, "openai", false);
    struct baton_recorder_options options = playback_options(&kept.playback, kept.path);
    cr_expect_eq(baton_recorder_open(&recorder, &options, &err), BATON_EUSAGE);
    cr_expect_not_null(strstr(err.text, "exists: add what it lacks (--refresh-missing)"), "%s", err.text);
    options.path = playback_file(&kept.playback, "d.jsonl");
    cr_assert_eq(baton_recorder_open(&recorder, &options, &err), BATON_OK);
    cr_expect_eq(baton_recorder_open(&second, &options, &err), BATON_EUSAGE);
    cr_expect_not_null(strstr(err.text, "--resume"), "%s", err.text);
    options.resumes = true;
    cr_expect_eq(baton_recorder_open(&second, &options, &err), BATON_EUSAGE);
    cr_expect_not_null(strstr(err.text, "somebody else is recording"), "%s", err.text);
    baton_recorder_close(recorder);
    cr_assert_eq(baton_recorder_open(&second, &options, &err), BATON_OK, "%s", err.text);
    baton_recorder_close(second);
    options.path = playback_file(&kept.playback, "none/e.jsonl");
    cr_expect_eq(baton_recorder_open(&second, &options, &err), BATON_EIO);
    give_back(&kept);
}

Test(recorder, a_full_disk_is_an_error_and_leaves_whole_lines)
{
    struct kept kept;
    struct baton_error err = { .status = BATON_OK };
    struct playback_live live;
    record_all(&kept, "openai", false);
    struct baton_str whole = playback_read(&kept.playback, kept.path);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = whole.length / 2;
    setrlimit(RLIMIT_FSIZE, &limit);
    playback_live_init(&live, NULL);
    live.codec = kept.live.codec;
    struct baton_recorder_options options = playback_options(&kept.playback, playback_file(&kept.playback, "k.jsonl"));
    options.codec = live.codec;
    options.header.provider = BATON_STR("openai");
    enum baton_status status = playback_record(&kept.playback, &options, cases, CASES, &live, &kept.events, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    cr_expect_eq(status, BATON_EIO);
    cr_expect_not_null(strstr(err.text, "k.jsonl.part': File too large"), "%s", err.text);
    struct baton_str part = playback_read(&kept.playback, playback_file(&kept.playback, "k.jsonl.part"));
    cr_assert_gt(part.length, 0);
    cr_expect_eq(part.data[part.length - 1], '\n');
    go_on(&kept, part.data, part.length, "after the disk was full");
    give_back(&kept);
}

/* ---- secrets ---- */

Test(recorder, no_key_reaches_the_file_and_the_replay_is_the_same_but_for_them)
{
    static const struct playback_case secret_cases[] = {
        { "s", { "lookup sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "hunter2hunter2 again", "billing" } },
        { "t", { "my key is sk-proj-abcdefghijklmnopqrstuvwxyz012345", "and hunter2hunter2" } },
    };
    static const struct baton_str keys[] = { BATON_STR_INIT("hunter2hunter2") };
    struct playback playback;
    struct playback_live live;
    struct baton_error err;
    struct baton_known_values *values;
    struct baton_text events = baton_text_with_limit(LIMIT), replayed = events;
    playback_open(&playback);
    cr_assert_eq(baton_known_values_new(&values, playback.arena, keys, 1, &err), BATON_OK);
    const char *path = playback_file(&playback, "s.jsonl");
    struct baton_recorder_options options = playback_options(&playback, path);
    options.values = values;
    playback_live_init(&live, NULL);
    live.secret = "hunter2hunter2 sk-ant-api03-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
    cr_assert_eq(playback_record(&playback, &options, secret_cases, COUNT_OF(secret_cases), &live, &events, &err),
                 BATON_OK, "%s", err.text);
    struct baton_str written = playback_read(&playback, path);
    cr_expect_null(strstr(written.data, "hunter2"));
    cr_expect_null(strstr(written.data, "sk-ant"));
    cr_expect_null(strstr(written.data, "sk-proj"));
    cr_expect_null(strstr(written.data, "cookie"));
    uint32_t count;
    cr_assert_eq(baton_cassette_secrets(&count, path, values, NULL, NULL, &err), BATON_OK);
    cr_expect_eq(count, 0);

    struct baton_cassette *cassette = playback_load(&playback, path);
    struct baton_replay_options replaying = { .cassette = cassette, .agents = playback.agents, .values = values };
    uint32_t misses = 0;
    for (size_t i = 0; i < COUNT_OF(secret_cases); i++) {
        struct baton_text scratch = baton_text_with_limit(BATON_REQUEST_BYTES_MAX);
        struct baton_replay replay;
        baton_replay_init(&replay, &replaying, baton_str_of(secret_cases[i].id), playback.arena, &scratch);
        cr_assert_eq(
            playback_play(&playback, &secret_cases[i], &replay.provider, &replay.tools, playback.arena, &replayed),
            BATON_OK);
        misses += replay.miss_count;
        baton_text_clear(&scratch);
    }
    cr_expect_eq(misses, 0, "%s", replayed.data);
    cr_expect_eq(baton_cassette_unused(cassette, NULL, NULL), 0);
    baton_text_clear(&events);
    baton_text_clear(&replayed);
    playback_close(&playback);
}

Test(recorder, known_answers_take_their_time_only_on_a_virtual_clock)
{
    static const struct playback_case more[] = { { "plain", { "hello", "and more" } } };
    for (unsigned tells = 0; tells < 2; tells++) {
        struct kept kept;
        struct playback_live live;
        struct baton_error err;
        record_all(&kept, "openai", false);
        struct baton_recorder_options options = playback_options(&kept.playback, kept.path);
        options.refreshes = true;
        options.tells_times = tells == 1;
        playback_live_init(&live, NULL);
        live.codec = kept.live.codec;
        baton_text_reset(&kept.events);
        cr_assert_eq(playback_record(&kept.playback, &options, more, 1, &live, &kept.events, &err), BATON_OK, "%s",
                     err.text);
        cr_expect_eq(strstr(kept.events.data, "\"at_ms\":10.00001") != NULL, tells == 1, "%s", kept.events.data);
        give_back(&kept);
    }
}
