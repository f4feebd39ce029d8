/* baton-threads - callers in several threads share one live provider, its limits and its sink: for `make check-tsan`, as
 * Criterion cannot run under TSan. Exit code 1 when an answer is missing or the sums are wrong.
 */
#include "engine/base/yaml.h"
#include "engine/core/run.h"
#include "engine/providers/live.h"
#include "engine/tests/misbehave.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, CONVERSATIONS = 25, ARENA_BYTES_MAX = 16 * 1024 * 1024, TROUBLES = 3, TOKENS = 18 };

#define SSE "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
#define HALF "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Go\"}}]}\n\n"
#define TEXT                                                                                                  \
    HALF "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"od.\"},\"finish_reason\":\"stop\"}]}\n\n" \
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n"

static const struct misbehave_step steps[] = {
    { .head = "HTTP/1.1 500 Oh\r\n", .times = TROUBLES },
    { .head = SSE, .body = TEXT, .framing = MISBEHAVE_CHUNKED },
};

static const char agents_text[] = "version: 1\nentry: a\ndefaults: { provider: openai, model: m }\nagents: { a: {} }\n";

/* What all threads share. */
struct shared {
    struct baton_traffic_sink sink; /* first */
    pthread_mutex_t lock;
    unsigned recorded;
    const struct baton_agents *agents;
    struct baton_live *live;
};

struct worker {
    pthread_t thread;
    struct shared *shared;
    unsigned answered;
    char error[BATON_ERROR_TEXT_BYTES];
};

static const char *setting(void *user, const char *name)
{
    (void)user;
    return strcmp(name, "OPENAI_BASE_URL") == 0 ? "http://localhost/v1" : NULL;
}

static enum baton_status record(struct baton_traffic_sink *sink, const struct baton_traffic *traffic,
                                struct baton_error *err)
{
    struct shared *shared = (struct shared *)sink;
    (void)err;
    pthread_mutex_lock(&shared->lock);
    shared->recorded += traffic->event_count > 0;
    pthread_mutex_unlock(&shared->lock);
    return BATON_OK;
}

static enum baton_status converse(struct worker *worker, struct baton_arena *arena, struct baton_provider *provider,
                                  struct baton_error *err)
{
    struct baton_loop_mark marks_of[1];
    struct baton_loop_marks marks;
    struct baton_run *run = NULL;
    struct baton_exchange *exchange = NULL;
    const struct baton_agents *agents = worker->shared->agents;
    baton_loop_marks_init(&marks, marks_of, agents->count);
    const struct baton_run_options options = { .agents = agents,
                                               .provider = provider,
                                               .clock = baton_clock_system(),
                                               .limits = agents->limits,
                                               .marks = &marks,
                                               .conversation_id = BATON_STR("c") };
    enum baton_status status = baton_run_new(&run, arena, &options, err);
    status = status == BATON_OK ? baton_run_exchange(run, BATON_STR("hi"), false, &exchange, err) : status;
    if (status == BATON_OK) {
        worker->answered += baton_str_is(exchange->text, "Good.");
        snprintf(err->text, sizeof err->text, "%.*s", (int)exchange->text.length, exchange->text.data);
    }
    return status;
}

static void *work(void *user)
{
    struct worker *worker = user;
    struct baton_live_caller *caller = NULL;
    struct baton_error err = { .text = "out of memory" };
    struct baton_arena *arena = baton_arena_new(ARENA_BYTES_MAX);
    enum baton_status status =
        arena == NULL ? BATON_ENOMEM : baton_live_caller_new(&caller, worker->shared->live, &err);
    for (unsigned i = 0; i < CONVERSATIONS && status == BATON_OK; i++) {
        status = converse(worker, arena, baton_live_caller_provider(caller), &err);
        baton_arena_reset(arena);
    }
    snprintf(worker->error, sizeof worker->error, "%s", err.text);
    baton_live_caller_free(caller);
    baton_arena_free(arena);
    return NULL;
}

static unsigned work_all(struct shared *shared)
{
    struct worker workers[THREADS];
    unsigned answered = 0;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .shared = shared };
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fputs("baton-threads: cannot start a thread\n", stderr);
            return 0;
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        answered += workers[i].answered;
        if (workers[i].answered < CONVERSATIONS) {
            fprintf(stderr, "thread %zu: %u answers: %s\n", i, workers[i].answered, workers[i].error);
        }
    }
    return answered;
}

static enum baton_status begin(struct shared *shared, struct baton_arena *arena, const struct misbehave *server,
                               struct baton_error *err)
{
    static const struct baton_source source = { .name = "agents.yaml", .text = BATON_STR_INIT(agents_text) };
    const struct baton_json *root = NULL;
    struct baton_agents *agents = NULL;
    enum baton_status status = baton_yaml_parse(&root, arena, &source, err);
    status = status == BATON_OK ? baton_agents_parse(&agents, arena, &source, root, NULL, err) : status;
    if (status != BATON_OK) {
        return status;
    }
    struct baton_live_options options = baton_live_options_default(agents);
    options.is_stream = true;
    options.requests_per_minute = 1000000;
    options.tokens_per_minute = 100000000;
    options.tokens_max = 1000000;
    options.retry.retries_max = TROUBLES;
    options.retry.base_ns = 1000000;
    options.setting = setting;
    options.sink = &shared->sink;
    options.unix_socket = misbehave_socket(server);
    shared->agents = agents;
    return baton_live_new(&shared->live, &options, err);
}

int main(void)
{
    struct shared shared = { .sink = { .take = record }, .lock = PTHREAD_MUTEX_INITIALIZER };
    struct misbehave *server = misbehave_start(steps, sizeof steps / sizeof *steps);
    struct baton_arena *arena = baton_arena_new(ARENA_BYTES_MAX);
    struct baton_error err = { .text = "out of memory" };
    bool is_good = arena != NULL && begin(&shared, arena, server, &err) == BATON_OK;
    if (is_good) {
        const unsigned wanted = THREADS * CONVERSATIONS, answered = work_all(&shared);
        const struct baton_live_totals totals = baton_live_totals(shared.live);
        is_good = answered == wanted && shared.recorded == wanted && totals.calls == wanted &&
                  totals.attempts == wanted + TROUBLES && totals.tokens == (uint64_t)wanted * TOKENS;
        printf("live calls in %d threads: %u of %u answered\n", THREADS, answered, wanted);
    } else {
        fprintf(stderr, "baton-threads: %s\n", err.text);
    }
    baton_live_free(shared.live);
    baton_arena_free(arena);
    misbehave_stop(server);
    return is_good ? 0 : 1;
}
