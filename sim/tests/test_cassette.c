/* Cassettes as files: what is loaded and refused, how interactions are found, and what the checks say of them. Most lines are
 * written here by hand, as what counts is what a file may hold, not what the recorder makes.
 */
#include "sim/cassette/cassette.h"

#include "engine/base/text.h"
#include "sim/cassette/cassette_check.h"
#include "sim/tests/playback.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HEADER "{\"baton_cassette\":1,\"created\":\"2026-11-21\"}\n"
#define K(digit) "\"key\":\"0000000000000000000000000000000" digit "\""
#define PLACE(id) "\"conversation\":\"" id "\",\"exchange\":0,\"turn\":0"
#define OK_BODY "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}"
#define RESPONSE(body) "\"response\":{\"status\":200,\"headers\":{},\"body\":" body "}"
#define REST PLACE("c") ",\"provider\":\"openai\",\"request\":{},"
#define MODEL_WITH(response)                                                                                           \
    "{" K("1") "," PLACE("c") ",\"agent\":\"a\",\"provider\":\"openai-chat\",\"model\":\"m\",\"request\":{}," response \
                              "}"
#define MODEL MODEL_WITH(RESPONSE(OK_BODY))
#define TOOL(more) "{" K("2") ",\"kind\":\"tool\"," PLACE("c") ",\"name\":\"t\",\"arguments\":\"{}\"" more "}"
#define CONTEXT(more) "{" K("3") ",\"kind\":\"context\"," PLACE("c") ",\"handoff\":\"h\",\"target\":\"b\"" more "}"

enum { MEMORY_MAX = 64 * 1024 * 1024 };

struct loaded {
    enum baton_status status;
    struct baton_cassette *cassette;
    struct baton_error err;
    char said[1200];
};

static struct loaded load(struct playback *playback, const char *text, bool allows_torn_tail)
{
    struct loaded loaded;
    const char **path = baton_arena_alloc(playback->arena, sizeof *path);
    *path = playback_file(playback, "c.jsonl");
    playback_write(playback, *path, text, strlen(text));
    const struct baton_cassette_options options = { .files = path,
                                                    .file_count = 1,
                                                    .allows_torn_tail = allows_torn_tail };
    loaded.status = baton_cassette_load(&loaded.cassette, playback->arena, &options, &loaded.err);
    loaded.said[0] = '\0';
    if (loaded.status != BATON_OK) {
        const char *said = baton_error_format(&loaded.err, loaded.said, sizeof loaded.said);
        const char *file = strstr(said, "c.jsonl");
        memmove(loaded.said, file == NULL ? said : file, strlen(file == NULL ? said : file) + 1);
    }
    return loaded;
}

static const struct bad_line {
    const char *name, *text;
    unsigned line;
    const char *at; /* the first of it in the line is the place */
    const char *want;
} bad_lines[] = {
    { "empty", "", 1, "", "not a cassette: its first line must be {\"baton_cassette\":1,...}" },
    { "a conversation", "{\"messages\":[]}\n", 1, "{", "not a cassette" },
    { "a list", "[]\n", 1, "[", "not a cassette" },
    { "no JSON", "hello\n", 1, "h", "" },
    { "another version", "{\"baton_cassette\":2}\n", 1, "2", "'baton_cassette' must be" },
    { "an unknown member", "{\"baton_cassette\":1,\"profil\":\"x\"}\n", 1, "\"profil",
      "unknown key 'profil' in the header of a cassette; did you mean 'profile'?" },
    { "a day that is none", "{\"baton_cassette\":1,\"created\":\"2026-02-29\"}\n", 1, "\"2026",
      "'created' must begin with a day" },
    { "how to match", "{\"baton_cassette\":1,\"match\":\"luck\"}\n", 1, "\"luck", "" },
    { "an empty line", HEADER "\n", 2, "", "" },
    { "no object", HEADER "[]\n", 2, "[", "an interaction must be an object, not an array" },
    { "broken JSON", HEADER "{\"key\":}\n", 2, "}", "" },
    { "text after it", HEADER MODEL " x\n", 2, "x\n", "" },
    { "no key", HEADER "{" PLACE("c") "}\n", 2, "{", "" },
    { "a short key", HEADER "{\"key\":\"12\"," REST RESPONSE(OK_BODY) "}\n", 2, "\"12",
      "'key' must be 32 lower-case hex digits" },
    { "a key in capitals", HEADER "{\"key\":\"ABCDEFABCDEFABCDEFABCDEFABCDEFAB\"," REST RESPONSE(OK_BODY) "}\n", 2,
      "\"ABC", "'key' must be" },
    { "a redacted key", HEADER "{" K("1") ",\"redacted_key\":\"x\"," REST RESPONSE(OK_BODY) "}\n", 2, "\"x",
      "'redacted_key' must be" },
    { "a twofold key", HEADER "{" K("1") "," K("2") "}\n", 2, K("2"), "" },
    { "an unknown kind", HEADER "{" K("1") ",\"kind\":\"tol\"," PLACE("c") "}\n", 2, "\"tol", "" },
    { "an exchange below 0", HEADER "{" K("1") ",\"conversation\":\"c\",\"exchange\":-1,\"turn\":0}\n", 2, "-1",
      "'exchange' must be" },
    { "an unknown provider",
      HEADER "{" K("1") "," PLACE("c") ",\"provider\":\"gemini\",\"request\":{}," RESPONSE(OK_BODY) "}\n", 2,
      "\"gemini", "unknown provider 'gemini'" },
    { "a misspelt member", HEADER "{" K("1") "," REST "\"respons\":{}}\n", 2, "\"respons\"",
      "unknown key 'respons' in a model call; did you mean 'response'?" },
    { "no request", HEADER "{" K("1") "," PLACE("c") ",\"provider\":\"openai\"," RESPONSE(OK_BODY) "}\n", 2, "{", "" },
    { "no body", HEADER MODEL_WITH("\"response\":{\"status\":200}") "\n", 2, "{\"status",
      "a response needs either 'body' or 'events'" },
    { "body and events", HEADER MODEL_WITH("\"response\":{\"status\":200,\"body\":{},\"events\":[]}") "\n", 2,
      "{\"status", "a response needs either" },
    { "a status", HEADER MODEL_WITH("\"response\":{\"status\":20,\"body\":{}}") "\n", 2, "20,", "'status' must be" },
    { "an event that is none", HEADER MODEL_WITH("\"response\":{\"status\":200,\"events\":[[0,\"a\"]]}") "\n", 2, "[0",
      "an event must be [milliseconds, \"event\", \"data\"]" },
    { "an event before its time", HEADER MODEL_WITH("\"response\":{\"status\":200,\"events\":[[-1,\"a\",\"b\"]]}") "\n",
      2, "[-1", "an event must be" },
    { "a day", HEADER "{" K("1") ",\"recorded_at\":\"yesterday\"," REST RESPONSE(OK_BODY) "}\n", 2, "\"yesterday",
      "'recorded_at' must begin with a day" },
    { "a tool without a result", HEADER TOOL("") "\n", 2, "{", "a tool's result needs either 'result' or 'run_by'" },
    { "a tool with both", HEADER TOOL(",\"result\":\"r\",\"run_by\":\"b\"") "\n", 2, "{", "a tool's result needs" },
    { "a result that is no text", HEADER TOOL(",\"result\":17") "\n", 2, "17", "'result' must be a text" },
    { "a tool with a request", HEADER TOOL(",\"result\":\"r\",\"request\":{}") "\n", 2, "\"request",
      "unknown key 'request' in a tool's result" },
    { "a context of nothing", HEADER CONTEXT("") "\n", 2, "{", "a context provider's answer needs" },
    { "a context of both", HEADER CONTEXT(",\"instructions\":\"i\",\"result\":\"r\"") "\n", 2, "{", "" },
    { "cut off", HEADER MODEL "\n{\"key\":\"00", 3, "\"00",
      "the last line is cut off, as by a recording that was interrupted: go on with it (--resume)" },
    { "the header cut off", "{\"baton_cass", 1, "\"bat", "the last line is cut off" },
};

Test(cassette, bad_lines_are_refused_with_their_place)
{
    for (size_t i = 0; i < COUNT_OF(bad_lines); i++) {
        struct playback playback;
        playback_open(&playback);
        const char *line = bad_lines[i].text;
        for (unsigned skip = 1; skip < bad_lines[i].line; skip++) {
            line = strchr(line, '\n') + 1;
        }
        const char *at = strstr(line, bad_lines[i].at);
        cr_assert_not_null(at, "%s", bad_lines[i].name);
        const char *want = baton_arena_printf(playback.arena, "c.jsonl:%u:%d: %s", bad_lines[i].line,
                                              (int)(at - line) + 1, bad_lines[i].want);
        struct loaded loaded = load(&playback, bad_lines[i].text, false);
        cr_expect_eq(loaded.status, BATON_EINPUT, "%s", bad_lines[i].name);
        cr_expect_null(loaded.cassette, "%s", bad_lines[i].name);
        cr_expect(strncmp(loaded.said, want, strlen(want)) == 0, "%s: %s, not %s", bad_lines[i].name, loaded.said,
                  want);
        playback_close(&playback);
    }
}

Test(cassette, what_a_provider_got_wrong_is_a_recorded_error)
{
    static const struct {
        const char *name, *response, *want;
    } rows[] = {
        { "an error", "\"response\":{\"status\":400,\"body\":{\"error\":{\"message\":\"no\",\"type\":\"x\"}}}",
          "openai-chat: HTTP 400, x: no" },
        { "a page", "\"response\":{\"status\":502,\"body\":\"<html>\"}", "openai-chat: HTTP 502: <html>" },
        { "no JSON", "\"response\":{\"status\":200,\"body\":\"hello\"}", "openai-chat: the answer:1:1: " },
        { "a stream without its end", "\"response\":{\"status\":200,\"events\":[]}",
          "openai-chat: the stream ended after 0 events" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct playback playback;
        playback_open(&playback);
        const char *text = baton_arena_printf(playback.arena, HEADER MODEL_WITH("%s") "\n", rows[i].response);
        struct loaded loaded = load(&playback, text, false);
        cr_assert_eq(loaded.status, BATON_OK, "%s: %s", rows[i].name, loaded.said);
        const struct baton_interaction *it = baton_cassette_at(loaded.cassette, 0);
        cr_expect(it->is_failure && strncmp(it->error, rows[i].want, strlen(rows[i].want)) == 0, "%s: %s", rows[i].name,
                  it->error);
        playback_close(&playback);
    }
}

Test(cassette, a_torn_tail_is_passed_over_where_that_is_asked_for)
{
    static const struct {
        const char *text;
        uint32_t count;
        bool has_header, is_torn;
    } rows[] = {
        { "", 0, false, false },
        { "{\"baton_", 0, false, true },
        { HEADER, 0, true, false },
        { HEADER MODEL "\n", 1, true, false },
        { HEADER MODEL "\n" MODEL, 1, true, true },
        { HEADER MODEL "\n{", 1, true, true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct playback playback;
        playback_open(&playback);
        struct loaded loaded = load(&playback, rows[i].text, true);
        cr_assert_eq(loaded.status, BATON_OK, "%zu: %s", i, loaded.said);
        const char *last = strrchr(rows[i].text, '\n');
        cr_expect_eq(loaded.cassette->count, rows[i].count, "%zu", i);
        cr_expect_eq(loaded.cassette->files[0].has_header, rows[i].has_header, "%zu", i);
        cr_expect_eq(loaded.cassette->files[0].is_torn, rows[i].is_torn, "%zu", i);
        cr_expect_eq(loaded.cassette->files[0].whole_bytes, last == NULL ? 0 : (size_t)(last + 1 - rows[i].text), "%zu",
                     i);
        playback_close(&playback);
    }
}

/* ---- finding ---- */

static const char *found_by(const struct baton_cassette *cassette, const char *conversation, uint32_t n, bool is_strict,
                            uint32_t shared)
{
    const struct baton_cassette_ask ask = { .kind = BATON_INTERACTION_TOOL,
                                            .key = { 0, 2 },
                                            .conversation = baton_str_of(conversation),
                                            .n = n,
                                            .is_strict = is_strict,
                                            .shared_file_count = shared };
    const struct baton_interaction *it = baton_cassette_find(cassette, &ask);
    return it == NULL ? "none" : it->result.data;
}

#define RESULT_OF(id, result) \
    "{" K("2") ",\"kind\":\"tool\"," PLACE(id) ",\"name\":\"t\",\"arguments\":\"{}\",\"result\":\"" result "\"}\n"

Test(cassette, the_same_conversation_comes_first_and_then_the_order)
{
    static const struct {
        const char *conversation;
        uint32_t n;
        bool is_strict;
        uint32_t shared;
        const char *want;
    } rows[] = {
        { "a", 0, false, 0, "a0" },  { "a", 1, false, 0, "a1" }, { "a", 2, false, 0, "a1" },
        { "a", 9, false, 0, "a1" },  { "b", 0, false, 0, "b0" }, { "b", 1, false, 0, "b0" },
        { "c", 0, false, 0, "a0" },  { "c", 1, false, 0, "b0" }, { "c", 2, false, 0, "a1" },
        { "c", 3, false, 0, "a1" },  { "a", 1, true, 0, "a1" },  { "a", 2, true, 1, "none" },
        { "c", 0, true, 0, "none" }, { "c", 0, true, 1, "a0" },
    };
    struct playback playback;
    playback_open(&playback);
    struct loaded loaded =
        load(&playback, HEADER RESULT_OF("a", "a0") RESULT_OF("b", "b0") RESULT_OF("a", "a1"), false);
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.said);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_str_eq(found_by(loaded.cassette, rows[i].conversation, rows[i].n, rows[i].is_strict, rows[i].shared),
                         rows[i].want, "row %zu", i);
    }
    const struct baton_cassette_ask another = { .kind = BATON_INTERACTION_MODEL,
                                                .key = { 0, 2 },
                                                .conversation = BATON_STR("a") };
    cr_expect_null(baton_cassette_find(loaded.cassette, &another), "a key of another kind");
    playback_close(&playback);
}

Test(cassette, several_files_are_one_and_must_be_matched_alike)
{
    struct playback playback;
    struct baton_cassette *cassette;
    struct baton_error err;
    playback_open(&playback);
    const char *paths[] = { playback_file(&playback, "1.jsonl"), playback_file(&playback, "2.jsonl") };
    const struct baton_cassette_options options = { .files = paths, .file_count = 2 };
    playback_write(&playback, paths[0], HEADER RESULT_OF("a", "a0"), strlen(HEADER RESULT_OF("a", "a0")));
    playback_write(&playback, paths[1], HEADER RESULT_OF("a", "a1"), strlen(HEADER RESULT_OF("a", "a1")));
    cr_assert_eq(baton_cassette_load(&cassette, playback.arena, &options, &err), BATON_OK, "%s", err.text);
    cr_expect_str_eq(found_by(cassette, "a", 1, false, 0), "a1");
    cr_expect_eq(baton_cassette_at(cassette, 1)->file, 1);
    static const char by_order[] = "{\"baton_cassette\":1,\"match\":\"order\"}\n";
    playback_write(&playback, paths[1], by_order, strlen(by_order));
    cr_expect_eq(baton_cassette_load(&cassette, playback.arena, &options, &err), BATON_EINPUT);
    cr_expect_not_null(strstr(err.text, "they cannot be used together"), "%s", err.text);
    playback_close(&playback);
}

Test(cassette, a_header_is_read_as_it_is_written)
{
    struct playback playback;
    playback_open(&playback);
    const struct baton_cassette_header header = { .created = BATON_STR("2026-11-21"),
                                                  .profile = BATON_STR("baton"),
                                                  .agents_digest = BATON_STR("0123"),
                                                  .provider = BATON_STR("openrouter"),
                                                  .model = BATON_STR("m\"1"),
                                                  .source = BATON_STR("a.yaml"),
                                                  .is_by_order = true };
    struct baton_text text = baton_text_with_limit(MEMORY_MAX), again = text;
    baton_cassette_header_write(&text, &header);
    struct loaded loaded = load(&playback, text.data, false);
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.said);
    baton_cassette_header_write(&again, &loaded.cassette->files[0].header);
    cr_expect_str_eq(again.data, text.data);
    baton_text_clear(&text);
    baton_text_clear(&again);
    playback_close(&playback);
}

/* ---- checks ---- */

static void note_line(void *user, const struct baton_cassette *cassette, const struct baton_interaction *it)
{
    (void)cassette;
    baton_text_printf(user, "%u ", it->line);
}

static void note_secret(void *user, const struct baton_secret_place *place)
{
    baton_text_printf(user, "%u:%u %s\n", place->line, place->column, baton_secret_kind_text(place->kind));
}

Test(cassette, tells_of_what_is_unused_and_what_is_old)
{
    struct playback playback;
    struct baton_text found = baton_text_with_limit(MEMORY_MAX);
    struct baton_error err;
    uint32_t count;
    playback_open(&playback);
    struct loaded loaded = load(&playback,
                                HEADER RESULT_OF("a", "a0") "{" K("2") ",\"kind\":\"tool\"," PLACE(
                                    "b") ",\"recorded_at\":\"2027-01-01T10:00:00Z\",\"name\":\"t\",\"result\":\"\"}\n",
                                false);
    cr_assert_eq(loaded.status, BATON_OK, "%s", loaded.said);
    baton_interaction_use(baton_cassette_at(loaded.cassette, 1));
    cr_expect_eq(baton_cassette_unused(loaded.cassette, note_line, &found), 1);
    cr_expect_str_eq(found.data, "2 ");
    static const struct {
        const char *today;
        uint32_t days, want;
    } rows[] = {
        { "2026-11-21", 0, 0 },  { "2026-11-22", 0, 1 },  { "2027-02-19", 90, 0 }, { "2027-02-20", 90, 1 },
        { "2027-04-01", 90, 1 }, { "2027-04-02", 90, 2 }, { "2028-02-29", 90, 2 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert_eq(baton_cassette_expired(&count, loaded.cassette, baton_str_of(rows[i].today), rows[i].days, NULL,
                                            NULL, &err),
                     BATON_OK);
        cr_expect_eq(count, rows[i].want, "%s after %u days: %u", rows[i].today, rows[i].days, count);
    }
    cr_expect_eq(baton_cassette_expired(&count, loaded.cassette, BATON_STR("today"), 1, NULL, NULL, &err),
                 BATON_EUSAGE);
    baton_text_clear(&found);
    playback_close(&playback);
}

Test(cassette, tells_where_secrets_are_and_not_which)
{
    struct playback playback;
    struct baton_text found = baton_text_with_limit(MEMORY_MAX);
    struct baton_error err;
    uint32_t count;
    playback_open(&playback);
    static const char line[] = RESULT_OF("a", "sk-ant-");
    char want[128];
    snprintf(want, sizeof want, "2:%d an API key\n3:9 an access token\n", (int)(strstr(line, "sk-ant-") - line) + 1);
    load(&playback,
         HEADER RESULT_OF(
             "a",
             "sk-ant-api03-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") "no json ghp_0123456789012345678901234567890123AB\n",
         false);
    cr_assert_eq(baton_cassette_secrets(&count, playback_file(&playback, "c.jsonl"), NULL, note_secret, &found, &err),
                 BATON_OK);
    cr_expect_eq(count, 2);
    cr_expect_str_eq(found.data, want);
    baton_text_clear(&found);
    playback_close(&playback);
}

Test(cassette, days_are_those_of_the_calendar)
{
    static const struct {
        const char *text;
        bool is_day;
        int64_t want;
    } rows[] = {
        { "1970-01-01", true, 0 },
        { "1969-12-31", true, -1 },
        { "2000-02-29", true, 11016 },
        { "2026-11-21", true, 20778 },
        { "2026-11-21T09:30", true, 20778 },
        { "1900-02-29", false, 0 },
        { "2026-13-01", false, 0 },
        { "2026-00-10", false, 0 },
        { "2026-04-31", false, 0 },
        { "2026-4-31", false, 0 },
        { "26-04-30", false, 0 },
        { "2026/04/30", false, 0 },
        { "", false, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t day;
        cr_expect_eq(baton_day_parse(baton_str_of(rows[i].text), &day), rows[i].is_day, "%s", rows[i].text);
        cr_expect_eq(day, rows[i].want, "%s: %lld", rows[i].text, (long long)day);
    }
}

/* ---- memory ---- */

Test(cassette, loading_survives_every_failed_allocation)
{
    struct playback playback;
    struct baton_error err;
    uint64_t n = 0;
    enum baton_status status = BATON_ENOMEM;
    playback_open(&playback);
    const char *path = playback_file(&playback, "c.jsonl");
    const char text[] = HEADER MODEL "\n" TOOL(",\"result\":\"r\"") "\n" CONTEXT(",\"instructions\":\"i\"") "\n" MODEL_WITH(
        "\"response\":{\"status\":200,\"events\":[[0,\"\",\"{\\\"choices\\\":[{\\\"delta\\\":{\\\"content\\\":\\\"a\\\"}}]}\"],[1,\"\",\"{\\\"choices\\\":[{\\\"delta\\\":"
        "{\\\"content\\\":\\\"b\\\"},\\\"finish_reason\\\":\\\"stop\\\"}]}\"],[2,\"\",\"[DONE]\"]]}") "\n" MODEL_WITH("\"response\":{\"status\":400,\"body\":\"x\"}") "\n";
    playback_write(&playback, path, text, strlen(text));
    const struct baton_cassette_options options = { .files = &path, .file_count = 1 };
    while (status != BATON_OK) {
        struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
        struct baton_cassette *cassette;
        baton_arena_fail_after(++n);
        status = baton_cassette_load(&cassette, arena, &options, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ELIMIT || status == BATON_ENOMEM, "%llu: %s",
                  (unsigned long long)n, err.text);
        cr_assert_eq(cassette != NULL, status == BATON_OK);
        if (status == BATON_OK) {
            cr_expect_eq(cassette->count, 5);
            cr_expect_eq(baton_cassette_at(cassette, 3)->piece_count, 2);
        }
        baton_arena_free(arena);
    }
    cr_expect_gt(n, 30);
    playback_close(&playback);
}
