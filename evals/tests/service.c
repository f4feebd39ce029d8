#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024, FOLDERS_OPEN_MAX = 16 };

/* ---- answers ---- */

/* The format's answer with the number of the case in it: `Hello.` becomes `Hello case-3.` */
static const char *numbered(struct service *service, const char *answer, unsigned number)
{
    struct baton_text text = baton_text_with_limit(FILE_BYTES_MAX);
    for (const char *at = answer; *at != '\0';) {
        if (strncmp(at, "llo.", 4) == 0) {
            baton_text_puts(&text, program_text(&service->program, "llo case-%u.", number));
            at += 4;
        } else {
            baton_text_putc(&text, *at++);
        }
    }
    const char *copy = baton_arena_copy(service->program.arena, text.data, text.length);
    baton_text_clear(&text);
    return copy;
}

static const struct misbehave_step *choose(void *user, const struct misbehave_request *request)
{
    struct service *service = user;
    const char *body = request->bytes + request->head_length, *said = strstr(body, "case-");
    unsigned number = said == NULL ? 0 : (unsigned)strtoul(said + 5, NULL, 10) % SERVICE_CASES;
    enum service_agent agent = strstr(body, "You are triage") != NULL ? SERVICE_TRIAGE : SERVICE_BILLING;
    const char *generation = strstr(request->bytes, "/base-");
    if (generation != NULL && strtoul(generation + 6, NULL, 10) != atomic_load(&service->generation)) {
        return &service->hand;
    }
    unsigned before = atomic_fetch_add(&service->asked_all, 1);
    atomic_fetch_add(&service->asked[agent][number], 1);
    const struct misbehave_step *chosen = service->choose == NULL ? NULL : service->choose(service, request);
    if (chosen != NULL) {
        return chosen;
    }
    if (service->trouble != NULL && before >= service->trouble_after) {
        return service->trouble;
    }
    return agent == SERVICE_TRIAGE && number % 2 == 0 ? &service->hand : &service->texts[number];
}

static struct misbehave_step step_of(const struct service *service, const char *body)
{
    return (struct misbehave_step){ .head = service->streams ? LIVE_SSE : LIVE_JSON,
                                    .body = body,
                                    .framing = service->streams ? MISBEHAVE_CHUNKED : MISBEHAVE_LENGTH,
                                    .chunk_bytes = 200 };
}

static void prepare_answers(struct service *service)
{
    const struct live_format *format = service->format;
    service->hand = step_of(service, service->streams ? format->hand_sse : format->hand_json);
    for (unsigned i = 0; i < SERVICE_CASES; i++) {
        service->texts[i] =
            step_of(service, numbered(service, service->streams ? format->text_sse : format->text_json, i));
    }
}

/* ---- files ---- */

static void write_conversations(struct service *service)
{
    struct baton_text text = baton_text_with_limit(FILE_BYTES_MAX);
    for (unsigned i = 0; i < SERVICE_CASES; i++) {
        baton_text_puts(
            &text,
            program_text(&service->program,
                         "{\"id\":\"c-%u\",\"messages\":[{\"role\":\"user\",\"content\":\"%s case-%u.\",\"expect\":"
                         "{\"final\":\"%s\"}}%s]}\n",
                         i, i % 2 == 0 ? "My card," : "Hello,", i, i % 2 == 0 ? "billing" : "triage",
                         i == 0 ? ",{\"role\":\"user\",\"content\":\"Thank you.\"}" : ""));
    }
    service->conversations = program_write(&service->program, "conversations.jsonl", baton_text_str(&text));
    baton_text_clear(&text);
}

void service_write(struct service *service, const char *prompt, const char *more)
{
    struct program *program = &service->program;
    service->agents = program_file(
        program, "agents.yaml",
        program_text(program,
                     "version: 1\nentry: triage\ndefaults: { provider: %s, model: m }\nagents:\n"
                     "  triage: { description: First contact., instructions: You are triage., handoffs: [billing] }\n"
                     "  billing: { description: Handles payments., instructions: '%s' }\n"
                     "prices: { m: { in: 1, cached: 0.1, cache_write: 1.25, out: 5 } }\n",
                     service->format->codec, prompt));
    service->suite =
        program_file(program, "suite.yaml",
                     program_text(program,
                                  "version: 1\nname: asked\nagents: agents.yaml\nconversations: [conversations.jsonl]\n"
                                  "cassette: cassette.jsonl\n%s",
                                  more));
    write_conversations(service);
}

/* ---- life ---- */

static void set_environment(struct service *service)
{
    static const char *const names[] = { "OPENAI", "ANTHROPIC", "OPENROUTER" };
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        service->settings[count++] = program_text(&service->program, "%s_API_KEY=%s", names[i], SERVICE_KEY);
        service->settings[count++] =
            program_text(&service->program, "%s_BASE_URL=http://127.0.0.1:%u/base-%u", names[i],
                         misbehave_port(service->server), atomic_load(&service->generation));
    }
    service->settings[count++] = "TOOL_KEY=" SERVICE_TOOL_KEY;
    service->settings[count] = NULL;
}

void service_open(struct service *service, const char *codec, bool streams)
{
    *service = (struct service){ .streams = streams };
    for (size_t i = 0; i < LIVE_FORMATS; i++) {
        service->format = strcmp(live_formats[i].codec, codec) == 0 ? &live_formats[i] : service->format;
    }
    cr_assert_not_null(service->format, "%s", codec);
    program_open(&service->program);
    prepare_answers(service);
    service->server = misbehave_start_choosing(choose, service);
    service->cassette = program_path(&service->program, "cassette.jsonl");
    service_write(service, "You are billing.", "");
    set_environment(service);
}

void service_close(struct service *service)
{
    misbehave_stop(service->server);
    program_close(&service->program);
}

void service_delay(struct service *service, unsigned delay_ms)
{
    service->hand.delay_ms = delay_ms;
    for (unsigned i = 0; i < SERVICE_CASES; i++) {
        service->texts[i].delay_ms = delay_ms;
    }
}

void service_move(struct service *service)
{
    atomic_fetch_add(&service->generation, 1);
    set_environment(service);
    service_asked(service);
}

unsigned service_asked(struct service *service)
{
    for (unsigned i = 0; i < SERVICE_AGENTS * SERVICE_CASES; i++) {
        atomic_store(&service->asked[i / SERVICE_CASES][i % SERVICE_CASES], 0);
    }
    return atomic_exchange(&service->asked_all, 0);
}

struct program_run service_run(struct service *service, const char *const *arguments)
{
    const struct program_options options = { .settings = service->settings };
    return program_run_with(&service->program, &options, arguments);
}

/* ---- keys ---- */

const char *service_percent(struct service *service, const char *key)
{
    const char *out = "";
    for (; *key != '\0'; key++) {
        out = program_text(&service->program, isalnum((unsigned char)*key) ? "%s%c" : "%s%%%02X", out, *key);
    }
    return out;
}

const char *service_escaped(struct service *service, const char *key)
{
    const char *out = "";
    for (; *key != '\0'; key++) {
        out = *key == '/'                     ? program_text(&service->program, "%s\\%c", out, *key)
              : strchr("&<>+=", *key) != NULL ? program_text(&service->program, "%s\\u%04x", out, (unsigned)*key)
                                              : program_text(&service->program, "%s%c", out, *key);
    }
    return out;
}

const char *service_base64(struct service *service, const char *key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = (const unsigned char *)key;
    const char *out = "";
    for (size_t left = strlen(key); left >= 3;
         left -= 3, at += 3) { /* the end, whose digits hang on what follows, is left out */
        unsigned bits = (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
        out = program_text(&service->program, "%s%c%c%c%c", out, digits[bits >> 18], digits[bits >> 12 & 63],
                           digits[bits >> 6 & 63], digits[bits & 63]);
    }
    return out;
}

/* nftw() has no argument of one's own. */
static struct {
    struct service *service;
    const char *when;
} looking;

static int look_into(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    struct service *service = looking.service;
    static const char *const keys[] = { SERVICE_KEY, SERVICE_TOOL_KEY };
    (void)info;
    (void)place;
    struct baton_str text = kind == FTW_F ? program_read(&service->program, path) : (struct baton_str){ NULL, 0 };
    for (size_t i = 0; i < COUNT_OF(keys) && text.data != NULL; i++) {
        const char *forms[] = { keys[i], service_percent(service, keys[i]), service_escaped(service, keys[i]),
                                service_base64(service, keys[i]) };
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            const char *found = memmem(text.data, text.length, forms[k], strlen(forms[k]));
            size_t before = found == NULL ? 0 : (size_t)(found - text.data) < 80 ? (size_t)(found - text.data) : 80;
            cr_expect_null(found, "%s: %s holds a key: ...%.*s", looking.when, path, (int)before + 60,
                           found == NULL ? "" : found - before);
        }
    }
    return 0;
}

void service_expect_no_key(struct service *service, const char *when)
{
    looking.service = service;
    looking.when = when;
    nftw(service->program.folder, look_into, FOLDERS_OPEN_MAX, FTW_PHYS);
}

/* ---- comparing ---- */

static const char *skip_digits(const char *at)
{
    while (isdigit((unsigned char)*at) || *at == '.') {
        at++;
    }
    return at;
}

/* Copies the text but for numbers right behind one of the marks. */
static struct baton_str without_numbers(struct service *service, struct baton_str text, const char *const *marks)
{
    struct baton_text out = baton_text_with_limit(FILE_BYTES_MAX);
    for (const char *at = text.data; at < text.data + text.length;) {
        size_t skipped = 0;
        for (size_t i = 0; marks[i] != NULL && skipped == 0; i++) {
            skipped = strncmp(at, marks[i], strlen(marks[i])) == 0 ? strlen(marks[i]) : 0;
        }
        baton_text_append(&out, at, skipped == 0 ? 1 : skipped);
        at += skipped == 0 ? 1 : skipped;
        at = skipped == 0 ? at : skip_digits(at);
    }
    const char *copy = baton_arena_copy(service->program.arena, out.data, out.length);
    struct baton_str result = { copy, out.length };
    baton_text_clear(&out);
    return result;
}

struct baton_str service_timeless(struct service *service, const char *path)
{
    static const char *const marks[] = { "\"ttft_ms\":", "\"total_ms\":", "\"events\":[[", "],[", NULL };
    struct baton_str text = program_read(&service->program, path);
    cr_assert_not_null(text.data, "there is no %s", path);
    return without_numbers(service, text, marks);
}

struct baton_str service_anonymous(struct service *service, const char *path)
{
    struct baton_str text = program_read(&service->program, path);
    cr_assert_not_null(text.data, "there is no %s", path);
    const char *mark = "\"provider\":\"", *at = strstr(text.data, mark);
    cr_assert_not_null(at, "%s", text.data);
    const char *end = strchr(at + strlen(mark), '"');
    return baton_str_of(program_text(&service->program, "%.*s%s", (int)(at - text.data), text.data, end));
}

void service_expect_equal(struct baton_str a, struct baton_str b, const char *what)
{
    size_t same = 0, line = 1;
    while (same < a.length && same < b.length && a.data[same] == b.data[same]) {
        line += a.data[same++] == '\n';
    }
    if (same < a.length || same < b.length) {
        size_t from = same < 60 ? 0 : same - 60;
        cr_expect_fail("%s differ in line %zu: ...%.120s... and ...%.120s...", what, line, a.data + from,
                       b.data + from);
    }
}
