/* cjson - a host that uses cJSON itself, before baton, in another thread during it, and after, first with cJSON's own memory,
 * then with hooks of its own. For `make check-install`: an allocator that baton changed under it would show as a crash, as a
 * finding of the sanitisers, or in its own count. Exit code 1 when something is not as it was.
 */
#include <baton/baton.h>
#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000, RUNS = 200 };

static const char document[] = "{\"a\":[1,2.5,\"three\",null,true],\"b\":{\"c\":\"d\"}}";

static atomic_int is_over, taken, given;

static void *take(size_t bytes)
{
    atomic_fetch_add(&taken, 1);
    return malloc(bytes);
}

static void give(void *piece)
{
    atomic_fetch_add(&given, piece != NULL);
    free(piece);
}

/* Parses, changes and prints; whether all came out as it should. */
static int use_cjson(cJSON *kept)
{
    cJSON *tree = cJSON_Parse(document);
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(tree, "a"), cJSON_CreateString("more"));
    cJSON_ReplaceItemInObjectCaseSensitive(kept, "n", cJSON_CreateNumber(7));
    char *text = cJSON_PrintUnformatted(tree);
    int is_good = text != NULL && strcmp(text, "{\"a\":[1,2.5,\"three\",null,true,\"more\"],\"b\":{\"c\":\"d\"}}") == 0;
    cJSON_free(text);
    cJSON_Delete(tree);
    return is_good;
}

static void *work(void *user)
{
    int *bad = user;
    cJSON *kept = cJSON_Parse("{\"n\":1}");
    for (int i = 0; i < ROUNDS || !atomic_load(&is_over); i++) {
        *bad += !use_cjson(kept);
    }
    cJSON_Delete(kept);
    return NULL;
}

static void answer(void *user, struct baton_call *call)
{
    (void)user;
    if (baton_call_turn(call) == 0) {
        baton_call_handoff(call, "b", "why not");
    } else {
        baton_call_text(call, "Done.");
    }
}

/* Each run parses: agents, arguments, labels. */
static int use_baton(void)
{
    struct baton_error_info error;
    struct baton_answer said = { 0 };
    int is_good = 0;
    struct baton_agents *agents = baton_agents_open_text(
        "{\"version\":1,\"entry\":\"a\",\"agents\":{\"a\":{\"handoffs\":[\"b\"]},\"b\":{}}}", "agents.json", &error);
    struct baton_provider *provider = baton_provider_callback(answer, NULL, &error);
    struct baton_scores *scores = baton_scores_new(agents, NULL, &error);
    struct baton_run_setup setup = baton_run_setup_for(agents);
    setup.provider = provider;
    struct baton_run *run = baton_run_open(&setup, &error);
    if (run != NULL && baton_run_say(run, "Hi", &said, &error) == 0 && strcmp(said.agent, "b") == 0) {
        is_good =
            baton_scores_add_run(scores, run,
                                 "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"expect\":{\"final\":\"b\"}}]}",
                                 NULL, &error) == 0;
    }
    if (!is_good) {
        fprintf(stderr, "cjson: %s\n", error.text);
    }
    baton_run_close(run);
    baton_scores_free(scores);
    baton_provider_free(provider);
    baton_agents_close(agents);
    return is_good;
}

static int side_by_side(void)
{
    pthread_t thread;
    int bad = 0;
    cJSON *before = cJSON_Parse(document);
    atomic_store(&is_over, 0);
    if (pthread_create(&thread, NULL, work, &bad) != 0) {
        return 0;
    }
    int good = 0;
    for (int i = 0; i < RUNS; i++) {
        good += use_baton();
    }
    atomic_store(&is_over, 1);
    pthread_join(thread, NULL);
    cJSON *after = cJSON_Duplicate(before, 1);
    int is_same = cJSON_Compare(before, after, 1);
    cJSON_Delete(before);
    cJSON_Delete(after);
    printf("%d runs, %d bad uses of cJSON beside them, %s\n", good, bad, is_same ? "the same after" : "CHANGED after");
    return good == RUNS && bad == 0 && is_same;
}

int main(void)
{
    cJSON_Hooks hooks = { take, give };
    int is_good = side_by_side();
    cJSON_InitHooks(&hooks);
    is_good = side_by_side() && is_good;
    cJSON *own = cJSON_Parse(document);
    int before = atomic_load(&given);
    cJSON_Delete(own);
    int is_ours = atomic_load(&given) > before && atomic_load(&taken) == atomic_load(&given);
    printf("the host's hooks are %s\n", is_ours ? "the host's still, and all they gave came back" : "NOT the host's");
    return is_good && is_ours ? 0 : 1;
}
