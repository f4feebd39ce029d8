/* Who answers a host: recordings, simulated models, live services; one provider in several threads. */
#include "engine/tests/host.h"
#include "engine/tests/misbehave.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { THREADS = 4, RUNS = 20 };

/* ---- other providers ---- */

Test(api, replays_its_own_transcript)
{
    HOST(host, { .agent = "triage", .text = "Hm. ", .tool = "look" },
         { .text = "Go. ", .to = "billing", .reason = "r" }, { .text = "Ok." }, { .text = "Bye." });
    host_say(&host, "U");
    host_say(&host, "V");
    struct host again;
    host_open(&again, NULL, 0);
    baton_provider_free(again.provider);
    again.provider = again.setup.provider =
        baton_provider_recorded(again.agents, baton_run_transcript(host.run, &host.error), &again.error);
    cr_assert_not_null(again.provider, "%s", again.error.text);
    expect_text(host_say(&again, "U").agent, "billing");
    expect_text(host_say(&again, "V").text, "Bye.");
    expect_text(again.log, host.log);
    cr_expect_eq(baton_run_say(again.run, "W", NULL, &again.error), BATON_ERROR_USAGE);
    expect_text(again.error.text, "the recording 'run' has no message after its 2");
    host_close(&host);
    host_close(&again);
}

Test(api, refuses_a_provider_of_other_agents)
{
    HOST(host, { .text = "x" });
    struct baton_agents *others = baton_agents_open_text(host_agents, NULL, &host.error);
    struct baton_provider *provider = baton_provider_simulated(others, "direct", 1, &host.error);
    cr_assert_not_null(provider, "%s", host.error.text);
    host.setup.provider = provider;
    cr_expect_null(baton_run_open(&host.setup, &host.error));
    cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
    baton_provider_free(provider);
    baton_agents_close(others);
    host_close(&host);
}

Test(api, plays_simulated_models)
{
    char logs[2][HOST_LOG_BYTES];
    for (int i = 0; i < 2; i++) {
        struct host host;
        host_open(&host, NULL, 0);
        baton_provider_free(host.provider);
        host.provider = host.setup.provider = baton_provider_simulated(host.agents, "random", 7, &host.error);
        cr_assert_not_null(host.provider, "%s", host.error.text);
        host_say(&host, "U");
        memcpy(logs[i], host.log, HOST_LOG_BYTES);
        cr_expect_null(baton_provider_simulated(host.agents, "orcale", 7, &host.error));
        cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
        host_close(&host);
    }
    expect_text(logs[0], logs[1]);
}

/* Settings of a host that has one key. */
static const char *setting(void *user, const char *name)
{
    const char *const *pair = user;
    return strcmp(name, "OPENAI_BASE_URL") == 0 ? pair[0] : strcmp(name, "OPENAI_API_KEY") == 0 ? pair[1] : NULL;
}

#define SSE "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
#define PIECE(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define END "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

Test(api, asks_live_services_with_the_keys_of_the_host)
{
    static const struct misbehave_step steps[] = { { .head = SSE, .body = PIECE("Hel") PIECE("lo.") END } };
    struct misbehave *server = misbehave_start(steps, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1", misbehave_port(server));
    const char *settings[] = { url, "sk-of-the-host" };
    struct host host;
    host_open(&host, NULL, 0);
    struct baton_live_setup setup = baton_live_setup_for(host.agents);
    setup.provider = "openai";
    setup.model = "m";
    cr_expect_null(baton_provider_live(&setup, &host.error), "who gives no `setting` gives no key");
    setup.setting = setting;
    setup.user = settings;
    baton_provider_free(host.provider);
    host.provider = host.setup.provider = baton_provider_live(&setup, &host.error);
    cr_assert_not_null(host.provider, "%s", host.error.text);
    expect_text(host_say(&host, "U").text, "Hello.");
    expect_text(host.log, "turn_start text_delta(Hel) text_delta(lo.) turn_end done(Hello.)");
    setup.provider = "opnai";
    cr_expect_null(baton_provider_live(&setup, &host.error));
    cr_expect_eq(host.error.code, BATON_ERROR_USAGE);
    host_close(&host);
    misbehave_stop(server);
}

struct aborter {
    struct host *host;
    pthread_t thread;
};

static void *abort_soon(void *user)
{
    struct aborter *aborter = user;
    struct timespec pause = { .tv_nsec = 200000000 };
    nanosleep(&pause, NULL);
    baton_run_abort(aborter->host->run);
    return NULL;
}

Test(api, aborts_a_live_call_from_another_thread)
{
    static const struct misbehave_step steps[] = { { .head = SSE,
                                                     .body = PIECE("Hel"),
                                                     .framing = MISBEHAVE_CHUNKED,
                                                     .is_cut = true,
                                                     .cut_after = 130,
                                                     .end = MISBEHAVE_HANG } };
    struct misbehave *server = misbehave_start(steps, 1);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/v1", misbehave_port(server));
    const char *settings[] = { url, NULL };
    struct host host;
    host_open(&host, NULL, 0);
    struct baton_live_setup setup = baton_live_setup_for(host.agents);
    setup.provider = "openai";
    setup.model = "m";
    setup.setting = setting;
    setup.user = settings;
    baton_provider_free(host.provider);
    host.provider = host.setup.provider = baton_provider_live(&setup, &host.error);
    host.run = baton_run_open(&host.setup, &host.error);
    cr_assert_not_null(host.run, "%s", host.error.text);
    struct aborter aborter = { .host = &host };
    pthread_create(&aborter.thread, NULL, abort_soon, &aborter);
    struct baton_answer said = host_say(&host, "U");
    pthread_join(aborter.thread, NULL);
    expect_text(said.text, "the host aborted the exchange");
    cr_expect_lt(said.duration_ns, UINT64_C(5000000000));
    host_close(&host);
    misbehave_stop(server);
}

/* ---- threads, memory ---- */

static void greet(void *user, struct baton_call *call)
{
    (void)user;
    baton_call_text(call, baton_call_conversation(call));
}

struct worker {
    pthread_t thread;
    const struct baton_agents *agents;
    struct baton_provider *provider;
    unsigned answered;
};

static void *work(void *user)
{
    struct worker *worker = user;
    for (unsigned i = 0; i < RUNS; i++) {
        char id[16];
        struct baton_answer said;
        struct baton_run_setup setup = baton_run_setup_for(worker->agents);
        snprintf(id, sizeof id, "c-%u", i);
        setup.provider = worker->provider;
        setup.conversation = id;
        struct baton_run *run = baton_run_open(&setup, NULL);
        worker->answered += baton_run_say(run, "U", &said, NULL) == 0 && strcmp(said.text, id) == 0;
        baton_run_close(run);
    }
    return NULL;
}

Test(api, shares_agents_and_providers_among_threads)
{
    struct worker workers[THREADS];
    struct baton_agents *agents = baton_agents_open_text(host_agents, NULL, NULL);
    struct baton_provider *provider = baton_provider_callback(greet, NULL, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .agents = agents, .provider = provider };
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_expect_eq(workers[i].answered, (unsigned)RUNS);
    }
    baton_provider_free(provider);
    baton_agents_close(agents);
}
