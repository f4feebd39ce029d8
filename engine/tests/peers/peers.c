/* baton-peers URL - baton's live providers against somebody else's idea of the wire formats, for `make check-peers`.
 *
 * The server answers as aimock.json says: by the system prompt that it is sent, so a handoff that did not take the other
 * agent's prompt along would get no answer. Prints a line for each check; exit code 1 when one fails.
 */
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "engine/core/run.h"
#include "engine/providers/live.h"

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES_MAX = 64 * 1024 * 1024, URL_BYTES = 256, STREAMED_DELTAS_MIN = 3 };

#define ANSWER "Which card is it? Vis\xc3\xa0 or another \xe2\x80\x94 tell me its last four digits."
#define GREETING "One moment, please."

static const char agents_text[] =
    "version: 1\n"
    "entry: triage\n"
    "defaults: { model: peer-model }\n"
    "agents:\n"
    "  triage: { description: First contact., instructions: You are triage., handoffs: [billing] }\n"
    "  billing: { description: Handles payments., instructions: You are billing. }\n";

static const struct peer {
    const char *provider, *variable, *path;
} peers[] = {
    { "openai-chat", "OPENAI_BASE_URL", "/v1" },
    { "openai-responses", "OPENAI_BASE_URL", "/v1" },
    { "anthropic", "ANTHROPIC_BASE_URL", "" },
    { "openrouter", "OPENROUTER_BASE_URL", "/api/v1" },
};

enum { PEERS = sizeof peers / sizeof *peers };

/* One conversation, and what was seen of it. */
struct play {
    const struct peer *peer;
    const char *server;
    char base_url[URL_BYTES];
    struct baton_text heard;
    unsigned deltas;
};

static const char *setting(void *user, const char *name)
{
    struct play *play = user;
    snprintf(play->base_url, sizeof play->base_url, "%s%s", play->server, play->peer->path);
    return strcmp(name, play->peer->variable) == 0 ? play->base_url
           : strstr(name, "_API_KEY") != NULL      ? "peer-key"
                                                   : NULL;
}

static void on_event(void *user, const struct baton_event *event)
{
    struct play *play = user;
    if (event->type == BATON_EVENT_TEXT_DELTA) {
        play->deltas++;
        baton_text_append(&play->heard, event->text.data, event->text.length);
    } else if (event->type == BATON_EVENT_HANDOFF) {
        baton_text_puts(&play->heard, " > ");
    }
}

static enum baton_status play_run(struct play *play, const struct baton_agents *agents, struct baton_arena *arena,
                                  struct baton_provider *provider, const char *says, struct baton_exchange **out,
                                  struct baton_error *err)
{
    struct baton_loop_mark marks_of[2];
    struct baton_loop_marks marks;
    baton_loop_marks_init(&marks, marks_of, agents->count);
    const struct baton_run_options options = { .agents = agents,
                                               .provider = provider,
                                               .clock = baton_clock_system(),
                                               .limits = agents->limits,
                                               .marks = &marks,
                                               .conversation_id = BATON_STR("peer"),
                                               .entry = agents->entry,
                                               .events = { on_event, play } };
    struct baton_run *run = NULL;
    enum baton_status status = baton_run_new(&run, arena, &options, err);
    return status == BATON_OK ? baton_run_exchange(run, baton_str_of(says), false, out, err) : status;
}

static bool handed_over(const struct play *play, const struct baton_agents *agents,
                        const struct baton_exchange *exchange, uint64_t attempts, bool is_stream)
{
    const struct baton_str heard = baton_text_str(&play->heard);
    return exchange->status == BATON_RUN_ANSWERED && attempts == 2 &&
           baton_str_is(baton_agent_name(agents, exchange->final), "billing") && baton_str_is(exchange->text, ANSWER) &&
           baton_str_is(heard, GREETING " > " ANSWER) && (!is_stream || play->deltas >= STREAMED_DELTAS_MIN);
}

static bool was_refused(const struct baton_exchange *exchange, uint64_t attempts)
{
    return exchange->status == BATON_RUN_ERROR && attempts == 2 && strstr(exchange->text.data, "Too busy.") != NULL;
}

/* Asks once, prints what came of it, and says whether that is as it should be. */
static bool check(struct play *play, const struct baton_agents *agents, bool is_stream, bool is_refusal)
{
    struct baton_arena *arena = baton_arena_new(ARENA_BYTES_MAX);
    struct baton_live *live = NULL;
    struct baton_live_caller *caller = NULL;
    struct baton_exchange *exchange = NULL;
    struct baton_error err = { .text = "out of memory" };
    struct baton_live_options options = baton_live_options_default(agents);
    options.provider = baton_str_of(play->peer->provider);
    options.is_stream = is_stream;
    options.retry.retries_max = 1;
    options.retry.base_ns = 1000000;
    options.setting = setting;
    options.user = play;
    play->heard = baton_text_with_limit(ARENA_BYTES_MAX);
    play->deltas = 0;
    enum baton_status status = arena == NULL ? BATON_ENOMEM : baton_live_new(&live, &options, &err);
    status = status == BATON_OK ? baton_live_caller_new(&caller, live, &err) : status;
    status = status == BATON_OK ? play_run(play, agents, arena, baton_live_caller_provider(caller),
                                           is_refusal ? "this is too much" : "my card", &exchange, &err)
                                : status;
    bool is_good = false;
    if (status == BATON_OK) {
        const uint64_t attempts = baton_live_totals(live).attempts;
        is_good =
            is_refusal ? was_refused(exchange, attempts) : handed_over(play, agents, exchange, attempts, is_stream);
        const struct baton_str final = baton_agent_name(agents, exchange->final);
        printf("%s %-16s %-8s %s, %.*s, %u requests, %u deltas: %.*s\n", is_good ? "ok  " : "FAIL",
               play->peer->provider, is_stream ? "streamed" : "whole", baton_run_status_name(exchange->status),
               (int) final.length, final.data, (unsigned)attempts, play->deltas, (int)exchange->text.length,
               exchange->text.data);
    } else {
        printf("FAIL %-16s %s\n", play->peer->provider, err.text);
    }
    baton_live_caller_free(caller);
    baton_live_free(live);
    baton_text_clear(&play->heard);
    baton_arena_free(arena);
    return is_good;
}

static unsigned check_all(const char *server, const struct baton_agents *agents)
{
    unsigned failed = 0;
    for (size_t i = 0; i < PEERS; i++) {
        struct play play = { .peer = &peers[i], .server = server };
        for (int is_stream = 0; is_stream < 2; is_stream++) {
            failed += !check(&play, agents, is_stream == 1, false);
            failed += !check(&play, agents, is_stream == 1, true);
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    static const struct baton_source source = { .name = "agents.yaml", .text = BATON_STR_INIT(agents_text) };
    struct baton_arena *arena = baton_arena_new(ARENA_BYTES_MAX);
    const struct baton_json *root = NULL;
    struct baton_agents *agents = NULL;
    struct baton_error err = { .text = "" };
    if (argc != 2 || arena == NULL) {
        fputs("usage: baton-peers http://127.0.0.1:PORT\n", stderr);
        return 4;
    }
    enum baton_status status = baton_yaml_parse(&root, arena, &source, &err);
    status = status == BATON_OK ? baton_agents_parse(&agents, arena, &source, root, NULL, &err) : status;
    if (status != BATON_OK) {
        fprintf(stderr, "%s\n", err.text);
        return baton_status_exit_code(status);
    }
    const unsigned failed = check_all(argv[1], agents);
    printf("check-peers: %u checks, %u failed\n", 4 * PEERS, failed);
    baton_arena_free(arena);
    return failed == 0 ? 0 : 1;
}
