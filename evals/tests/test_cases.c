#include "evals/suite/cases.h"

#include "engine/base/hash.h"
#include "evals/tests/program.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MEMORY_MAX = 256 * 1024 * 1024, MESSAGE_BYTES = 1024, FILES_MAX = 8 };

/* A reading of files, from first to last. */
struct reading {
    struct program program;
    struct baton_agents *agents;
    struct baton_text told; /* `id@line text` of each conversation, or the message of a refusal; one a line */
    struct baton_cases *cases;
    size_t chunks, conversations;
    bool is_one_by_one;
    enum baton_status status;
};

static void reading_open(struct reading *reading)
{
    *reading = (struct reading){ .told = baton_text_with_limit(MEMORY_MAX) };
    program_open(&reading->program);
    cr_assert_eq(
        baton_agents_load(&reading->agents, reading->program.arena, "fixtures/agents/support.yaml", NULL, NULL),
        BATON_OK);
}

static void reading_close(struct reading *reading)
{
    baton_cases_free(reading->cases);
    baton_text_clear(&reading->told);
    program_close(&reading->program);
}

static void tell_error(struct reading *reading, const struct baton_error *err)
{
    char message[MESSAGE_BYTES];
    baton_text_puts(&reading->told, baton_error_format(err, message, sizeof message));
    baton_text_putc(&reading->told, '\n');
}

static void read_chunk(struct reading *reading, const struct baton_chunk *chunk, struct baton_arena *arena)
{
    struct baton_chunk_cursor cursor = { 0 };
    struct baton_conversation got;
    struct baton_error err;
    cr_expect_eq(chunk->number, reading->chunks++, "chunks are counted");
    while (baton_chunk_next(chunk, &cursor, &got, arena, reading->agents, &reading->status, &err)) {
        uint32_t user = baton_conversation_next_user(&got, 0);
        struct baton_str text = got.messages[user].content;
        baton_text_printf(&reading->told, "%.*s@%u %.*s\n", (int)got.id.length, got.id.data, got.source.line_first,
                          (int)(text.length > 40 ? 40 : text.length), text.data);
        reading->conversations++;
        baton_arena_reset(arena);
    }
    if (reading->status != BATON_OK) {
        tell_error(reading, &err);
    }
}

/* Reads the files until their end or the first refusal; what was told of an earlier reading is forgotten. */
static void read_files(struct reading *reading, const char *const *paths, size_t count)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_chunk chunk = { 0 };
    struct baton_error err;
    baton_cases_free(reading->cases);
    baton_text_reset(&reading->told);
    reading->chunks = reading->conversations = 0;
    reading->status = baton_cases_new(&reading->cases, reading->program.arena, paths, count, &err);
    if (reading->status != BATON_OK) {
        tell_error(reading, &err);
    } else if (reading->is_one_by_one) {
        baton_cases_one_by_one(reading->cases);
    }
    while (reading->status == BATON_OK) {
        reading->status = baton_cases_next(reading->cases, &chunk, &err);
        if (reading->status != BATON_OK) {
            tell_error(reading, &err);
        } else if (chunk.text.length == 0) {
            break;
        } else {
            read_chunk(reading, &chunk, arena);
        }
    }
    baton_chunk_clear(&chunk);
    baton_arena_free(arena);
}

static const char *read_text(struct reading *reading, const char *name, struct baton_str text)
{
    const char *path = program_write(&reading->program, name, text);
    read_files(reading, &path, 1);
    return reading->told.data == NULL ? "" : reading->told.data;
}

Test(cases, one_by_one_a_chunk_is_a_conversation)
{
    struct reading reading;
    reading_open(&reading);
    reading.is_one_by_one = true;
    static const char *const path = "fixtures/conversations/swarm_triage.jsonl";
    read_files(&reading, &path, 1);
    cr_expect_eq(reading.chunks, reading.conversations);
    cr_expect_eq(reading.conversations, 80, "%zu", reading.conversations);
    reading_close(&reading);
}

/* ---- forms ---- */

Test(cases, each_form_gives_conversations_with_their_lines)
{
#define SAYS(text) "{\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]}"
    static const struct row {
        const char *name, *file, *text, *want;
    } rows[] = {
        { "lines", "a.jsonl", SAYS("one") "\n" SAYS("two") "\n", "a-1@1 one\na-2@2 two\n" },
        { "the other ending", "a.ndjson", SAYS("one") "\n", "a-1@1 one\n" },
        { "an ending in capitals", "a.JSONL", SAYS("one") "\n", "a-1@1 one\n" },
        { "blank lines count as lines", "a.jsonl", "\n \n" SAYS("one") "\n\n\n" SAYS("two"), "a-3@3 one\na-6@6 two\n" },
        { "one document", "my.case.json", "\n{\n \"messages\": [\n{\"role\":\"user\",\"content\":\"one\"}]}\n",
          "my.case@1 one\n" },
        { "one document with its id", "a.json", "{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"one\"}]}",
          "x@1 one\n" },
        { "YAML", "a.yaml", "id: x\nmessages:\n  - role: user\n    content: one\n", "x@1 one\n" },
        { "YAML, for short", "b.yml", "messages: [{ role: user, content: one }]\n", "b@1 one\n" },
        { "labels", "a.csv", "text,final\none,sales\ntwo,billing\n", "a-2@2 one\na-3@3 two\n" },
        { "labels with a line break", "a.csv", "text,final\n\"o\nne\",sales\n\ntwo,billing\n",
          "a-2@2 o\nne\na-5@5 two\n" },
        { "labels with ids", "a.csv", "id,final,text\nx,sales,one\n,billing,two\n", "x@2 one\na-3@3 two\n" },
        { "labels with a byte order mark", "a.csv", "\xef\xbb\xbftext,final\r\none,sales\r\n", "a-2@2 one\n" },
        { "labels with tabs", "a.tsv", "text\tfinal\none, two\tsales\n", "a-2@2 one, two\n" },
        { "a header alone", "a.csv", "text,final\n", "" },
        { "nothing", "a.jsonl", "", "" },
        { "nothing, as a document", "a.json", "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reading reading;
        reading_open(&reading);
        const char *got = read_text(&reading, rows[i].file, baton_str_of(rows[i].text));
        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].name, got);
        cr_expect_eq(reading.status, BATON_OK, "%s", rows[i].name);
        reading.is_one_by_one = true;
        got = read_text(&reading, rows[i].file, baton_str_of(rows[i].text));
        cr_expect_str_eq(got, rows[i].want, "%s, one by one: %s", rows[i].name, got);
        reading_close(&reading);
    }
}

Test(cases, a_bad_record_is_refused_with_its_line)
{
    static const struct row {
        const char *name, *file, *text, *want; /* % stands for the path */
    } rows[] = {
        { "a line", "a.jsonl", SAYS("one") "\n\n" SAYS("two") "x\n", "a-1@1 one\n%:3:47: " },
        { "a document", "a.json", "{\n \"messages\": 3 }\n", "%:2:14: 'messages' must be a list, not a number\n" },
        { "YAML", "a.yaml", "messages:\n  - role: usr\n", "%:2:11: 'role' must be one of " },
        { "a row", "a.csv", "text,final\n\"o\nne\",sales\ntwo\n",
          "a-2@2 o\nne\n%:4:1: a row of 1 fields where the header has 2\n" },
        { "a row with a quote that stays open", "a.csv", "text,final\none,sales\n\"two,sales\nthree,sales\n",
          "a-2@2 one\n%:3:1: a quoted field that starts here is never closed\n" },
        { "a header", "a.csv", "txt,final\none,sales\n", "%:1:1: unknown column 'txt'; did you mean 'text'?\n" },
        { "an empty table", "a.csv", "", "%:1:1: " },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reading reading;
        reading_open(&reading);
        const char *got = read_text(&reading, rows[i].file, baton_str_of(rows[i].text));
        size_t before = strcspn(rows[i].want, "%");
        const char *want = program_text(&reading.program, "%.*s%s/%s%s", (int)before, rows[i].want,
                                        reading.program.folder, rows[i].file, rows[i].want + before + 1);
        cr_expect_eq(strncmp(got, want, strlen(want)), 0, "%s: %s", rows[i].name, got);
        cr_expect_eq(reading.status, BATON_EINPUT, "%s", rows[i].name);
        reading_close(&reading);
    }
}

/* ---- chunks ---- */

static void put_filler(struct baton_text *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        baton_text_putc(text, 'f');
    }
}

Test(cases, records_longer_than_a_chunk_come_whole)
{
    static const size_t sizes[] = { BATON_CHUNK_BYTES - 100, BATON_CHUNK_BYTES, BATON_CHUNK_BYTES + 1,
                                    3 * BATON_CHUNK_BYTES };
    static const struct row {
        const char *file, *first, *before, *after, *last, *want;
    } rows[] = {
        { "a.jsonl", SAYS("one") "\n", "{\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}\n", SAYS("two") "\n",
          "a-1@1 one\na-2@2 ffffffffffffffffffffffffffffffffffffffff\na-3@3 two\n" },
        { "a.csv", "text,final\none,sales\n", "\"", "\n\",sales\n", "two,sales\n",
          "a-2@2 one\na-3@3 ffffffffffffffffffffffffffffffffffffffff\na-5@5 two\n" },
    };
    struct reading reading;
    reading_open(&reading);
    for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(sizes); i++) {
        const struct row *row = &rows[i / COUNT_OF(sizes)];
        struct baton_text text = baton_text_with_limit(MEMORY_MAX);
        baton_text_puts(&text, row->first);
        baton_text_puts(&text, row->before);
        put_filler(&text, sizes[i % COUNT_OF(sizes)]);
        baton_text_puts(&text, row->after);
        baton_text_puts(&text, row->last);
        const char *got = read_text(&reading, row->file, baton_text_str(&text));
        cr_expect_str_eq(got, row->want, "%s, %zu bytes: %s", row->file, sizes[i % COUNT_OF(sizes)], got);
        baton_text_clear(&text);
    }
    reading_close(&reading);
}

/* A file in which a chunk ends `shift` bytes after the start of a record that is hard to cut. */
struct cut {
    const char *file, *head;
    const char *before, *after; /* of the record that fills the chunk */
    const char *hard;           /* comes twice */
    const char *want;
};

static const char *read_cut(struct reading *reading, const struct cut *cut, size_t shift)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_text_puts(&text, cut->head);
    baton_text_puts(&text, cut->before);
    put_filler(&text, BATON_CHUNK_BYTES - shift - text.length - strlen(cut->after));
    baton_text_puts(&text, cut->after);
    cr_assert_eq(text.length, BATON_CHUNK_BYTES - shift);
    baton_text_puts(&text, cut->hard);
    baton_text_puts(&text, cut->hard);
    const char *got = read_text(reading, cut->file, baton_text_str(&text));
    size_t chunks = reading->is_one_by_one ? reading->chunks : shift == 2 * strlen(cut->hard) ? 1 : 2;
    cr_expect_eq(reading->chunks, chunks, "%s, cut at %zu: %zu chunks", cut->file, shift, reading->chunks);
    baton_text_clear(&text);
    return got;
}

Test(cases, a_border_of_chunks_may_lie_at_any_byte)
{
#define F40 "ffffffffffffffffffffffffffffffffffffffff"
    static const struct cut cuts[] = {
        { "a.csv", "text,final\n", "", ",sales\n", "\"a\"\"\n\",\"sales\"\r\n",
          "a-2@2 " F40 "\na-3@3 a\"\n\na-5@5 a\"\n\n" },
        { "b.csv", "text,final\n", "", ",sales\n", "5\"\" a,sales\n", "b-2@2 " F40 "\nb-3@3 5\"\" a\nb-4@4 5\"\" a\n" },
        { "c.tsv", "text\tfinal\n", "", "\tsales\n", "\"\t\n\n\"\"\"\tsales\n",
          "c-2@2 " F40 "\nc-3@3 \t\n\n\"\nc-6@6 \t\n\n\"\n" },
        { "d.jsonl", "", "{\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}\n",
          "\r\n" SAYS("\xc3\xa4") "\r\n\n", "d-1@1 " F40 "\nd-3@3 \xc3\xa4\nd-6@6 \xc3\xa4\n" },
    };
    struct reading reading;
    reading_open(&reading);
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        for (size_t shift = 0; shift <= 2 * strlen(cuts[i].hard); shift++) {
            const char *got = read_cut(&reading, &cuts[i], shift);
            cr_assert_str_eq(got, cuts[i].want, "%s cut at %zu: %s", cuts[i].file, shift, got);
            reading.is_one_by_one = true;
            got = read_cut(&reading, &cuts[i], shift);
            cr_assert_str_eq(got, cuts[i].want, "%s one by one, cut at %zu: %s", cuts[i].file, shift, got);
            reading.is_one_by_one = false;
        }
    }
    reading_close(&reading);
}

Test(cases, many_chunks_keep_the_count_of_lines)
{
    struct reading reading;
    struct baton_text text = baton_text_with_limit(MEMORY_MAX), want = baton_text_with_limit(MEMORY_MAX);
    reading_open(&reading);
    for (unsigned line = 1; line <= 20000; line++) {
        if (line % 7 == 0) {
            baton_text_puts(&text, "\n");
            continue;
        }
        baton_text_printf(&text, "{\"messages\":[{\"role\":\"user\",\"content\":\"%u\"}]}%s", line,
                          line % 5 == 0 ? "\r\n" : "\n");
        baton_text_printf(&want, "a-%u@%u %u\n", line, line, line);
    }
    const char *got = read_text(&reading, "a.jsonl", baton_text_str(&text));
    cr_expect_str_eq(got, want.data);
    cr_expect_gt(reading.chunks, 5u);
    baton_text_clear(&text);
    baton_text_clear(&want);
    reading_close(&reading);
}

/* ---- several files ---- */

Test(cases, files_come_in_the_order_given_and_matches_in_alphabetical_order)
{
    struct reading reading;
    reading_open(&reading);
    program_file(&reading.program, "b.jsonl", SAYS("b1") "\n" SAYS("b2"));
    program_file(&reading.program, "a.jsonl", SAYS("a1"));
    program_file(&reading.program, "z.csv", "text,final\nz2,sales\n");
    const char *paths[FILES_MAX] = { program_path(&reading.program, "z.csv"), program_path(&reading.program, "*.jsonl"),
                                     program_path(&reading.program, "[z].csv") };
    read_files(&reading, paths, 3);
    cr_expect_str_eq(reading.told.data, "z-2@2 z2\na-1@1 a1\nb-1@1 b1\nb-2@2 b2\nz-2@2 z2\n");
    cr_expect_eq(reading.chunks, 4u, "a chunk is of one file");
    reading_close(&reading);
}

Test(cases, a_name_with_a_star_is_a_file_where_there_is_one)
{
    struct reading reading;
    reading_open(&reading);
    program_file(&reading.program, "a.jsonl", SAYS("a"));
    const char *path = program_file(&reading.program, "[a]*.jsonl", SAYS("star"));
    read_files(&reading, &path, 1);
    cr_expect_str_eq(reading.told.data, "[a]*-1@1 star\n");
    reading_close(&reading);
}

Test(cases, the_digest_is_of_all_bytes_and_the_progress_too)
{
    static const char a[] = SAYS("one") "\n\n", b[] = "text,final\none,sales\n";
    struct reading reading;
    reading_open(&reading);
    const char *paths[] = { program_file(&reading.program, "a.jsonl", a), program_file(&reading.program, "b.csv", b) };
    read_files(&reading, paths, 2);
    const char *both = program_text(&reading.program, "%s%s", a, b);
    struct baton_hash want = baton_hash128(both, strlen(both)), got = baton_cases_digest(reading.cases);
    cr_expect(got.high == want.high && got.low == want.low);
    cr_expect_eq(baton_cases_bytes_read(reading.cases), strlen(both));
    cr_expect_eq(baton_cases_bytes_all(reading.cases), strlen(both));
    reading_close(&reading);
}

Test(cases, what_is_no_file_of_conversations_is_refused_at_once)
{
    static const struct row {
        const char *name, *path, *says;
    } rows[] = {
        { "missing", "none.jsonl", "No such file or directory" },
        { "a folder", "fixtures/conversations/support",
          "is a folder; name its files, as in 'fixtures/conversations/support/*.jsonl'" },
        { "an unknown ending", "fixtures/README.md", "has no known ending" },
        { "no ending", "Makefile", "has no known ending" },
        { "a pattern without a match", "fixtures/*.nothing", "matches no file" },
        { "a pattern that matches a folder", "fixtures/conversations/supp*", "is a folder" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reading reading;
        reading_open(&reading);
        read_files(&reading, &rows[i].path, 1);
        cr_expect_eq(reading.status, BATON_EINPUT, "%s", rows[i].name);
        cr_expect(program_has(baton_text_str(&reading.told), rows[i].says), "%s: %s", rows[i].name, reading.told.data);
        cr_expect_null(reading.cases, "%s", rows[i].name);
        reading_close(&reading);
    }
}
