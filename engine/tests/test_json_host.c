/* A program that uses cJSON itself, before, beside and after what baton does with it. */
#include "engine/base/json.h"
#include "engine/core/agents.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 8 * 1024 * 1024, ROUNDS = 50 };

#define HOST_TEXT "{\"kept\":[1,2.5,\"three\",null,true]}"

/* Parses, changes, prints and deletes a tree of the host's own; whether each step worked. */
static bool host_works(void)
{
    cJSON *tree = cJSON_Parse(HOST_TEXT);
    char *printed = cJSON_PrintUnformatted(tree);
    bool works = printed != NULL && strcmp(printed, HOST_TEXT) == 0 && cJSON_AddNumberToObject(tree, "n", 1) != NULL;
    free(printed); /* as the manual of cJSON allows */
    cJSON_Delete(tree);
    return works && cJSON_Parse("{\"broken\":") == NULL;
}

static void load_agents(void)
{
    struct baton_arena *arena = baton_arena_new(LIMIT);
    struct baton_agents *agents = NULL;
    struct baton_error err;
    cr_assert_eq(baton_agents_load(&agents, arena, "fixtures/agents/support.yaml", NULL, &err), BATON_OK, "%s",
                 err.text);
    struct baton_source source = { .name = "t", .text = BATON_STR("{\"key\":[\"a text\",1,{\"k\":\"v\"}]}") };
    const struct baton_json *root = NULL;
    cr_assert_eq(baton_json_parse(&root, arena, &source, &err), BATON_OK, "%s", err.text);
    cr_expect(baton_str_is(root->child->child->text, "a text"));
    source.text = BATON_STR("[1,2");
    cr_expect_eq(baton_json_parse(&root, arena, &source, &err), BATON_EINPUT);
    baton_arena_free(arena);
}

static atomic_bool is_over, has_failed;

static void *host_thread(void *unused)
{
    (void)unused;
    while (!is_over) {
        if (!host_works()) {
            has_failed = true;
        }
    }
    return NULL;
}

Test(json_host, keeps_its_own_trees)
{
    cJSON *before = cJSON_Parse(HOST_TEXT);
    cr_assert_not_null(before);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, host_thread, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        load_agents();
        cr_expect(host_works(), "between two loads");
    }
    is_over = true;
    pthread_join(thread, NULL);
    cr_expect_not(has_failed, "beside the loads, on another thread");
    char *printed = cJSON_PrintUnformatted(before);
    cr_expect_str_eq(printed, HOST_TEXT, "what was parsed before");
    cJSON_free(printed);
    cJSON_Delete(before);
}

static size_t host_pieces; /* of its own hooks, given out and not yet back */

static void *host_allocate(size_t bytes)
{
    host_pieces++;
    return malloc(bytes);
}

static void host_release(void *piece)
{
    host_pieces -= piece != NULL;
    free(piece);
}

Test(json_host, keeps_hooks_of_its_own)
{
    cJSON_Hooks hooks = { .malloc_fn = host_allocate, .free_fn = host_release };
    cJSON_InitHooks(&hooks);
    load_agents();
    cr_expect_eq(host_pieces, 0, "what was borrowed came back");
    cJSON *tree = cJSON_Parse("[1]");
    cr_expect_eq(host_pieces, 2, "its hooks are still there");
    cJSON_Delete(tree);
    cJSON_InitHooks(NULL);
    load_agents();
    cr_expect(host_works());
}
