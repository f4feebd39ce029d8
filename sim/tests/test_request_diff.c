/* Comparing requests: tables of pairs, then requests of each client changed leaf by leaf, so that whatever counts is named as the
 * first difference and whatever does not is none.
 */
#include "sim/cassette/request_diff.h"

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

static const struct baton_json *parsed(struct baton_arena *arena, const char *text)
{
    struct tree tree = tree_json(arena, text);
    cr_assert_eq(tree.status, BATON_OK, "%s in %s", tree_error(arena, &tree), text);
    return tree.root;
}

static struct baton_request_diff diff_of(struct baton_arena *arena, const struct baton_json *a,
                                         const struct baton_json *b)
{
    struct baton_request_diff diff;
    cr_assert_eq(baton_request_diff(&diff, arena, a, b, NULL), BATON_OK);
    return diff;
}

static const char *diff_text(struct baton_arena *arena, const struct baton_request_diff *diff)
{
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    baton_request_diff_write(&out, diff);
    const char *kept = baton_arena_copy(arena, out.data, out.length);
    baton_text_clear(&out);
    return kept;
}

/* ---- the first difference ---- */

static const struct comparison {
    const char *name, *asked, *recorded, *want;
} comparisons[] = {
    { "the same", "{\"model\":\"m\",\"n\":1}", "{\"model\":\"m\",\"n\":1}", "no difference" },
    { "order of keys and white space", "{\"a\":1,\"b\":{\"c\":[1,2],\"d\":null}}",
      "{ \"b\" : { \"d\":null, \"c\":[ 1, 2 ] },\n\"a\" : 1 }", "no difference" },
    { "escapes say the same", "{\"a\":\"\\u00e9\\/\"}", "{\"a\":\"\xc3\xa9/\"}", "no difference" },
    { "a model", "{\"model\":\"a\"}", "{\"model\":\"b\"}", "model: asked \"a\", recorded \"b\" (equal for 0 bytes)" },
    { "a message", "{\"messages\":[{\"content\":\"x\"},{\"role\":\"user\",\"content\":\"refund order 42\"}]}",
      "{\"messages\":[{\"content\":\"x\"},{\"role\":\"user\",\"content\":\"refund order 41\"}]}",
      "messages[1].content: asked \"refund order 42\", recorded \"refund order 41\" (equal for 14 bytes)" },
    { "a long message",
      "{\"x\":\"The quick brown fox jumps over the lazy dog, and the dog sleeps on and on and on and on and on\"}",
      "{\"x\":\"The quick brown fox jumps over the lazy cat, and the dog sleeps on and on and on and on and on\"}",
      "x: asked ...\"fox jumps over the lazy dog, and the dog sleeps on and on and on\"..., recorded "
      "...\"fox jumps over the lazy cat, and the dog sleeps on and on and on\"... (equal for 40 bytes)" },
    { "characters stay whole", "{\"x\":\"a\xc3\xa9\"}", "{\"x\":\"a\xc3\xa8\"}",
      "x: asked \"a\xc3\xa9\", recorded \"a\xc3\xa8\" (equal for 1 bytes)" },
    { "numbers count as written", "{\"n\":1}", "{\"n\":1.0}", "n: asked 1, recorded 1.0" },
    { "types count", "{\"n\":\"1\"}", "{\"n\":1}", "n: asked \"1\", recorded 1" },
    { "null is not nothing", "{\"a\":null}", "{}", "a: asked null, recorded nothing" },
    { "true and false", "{\"a\":true}", "{\"a\":false}", "a: asked true, recorded false" },
    { "one message more", "{\"m\":[1,2]}", "{\"m\":[1]}", "m[1]: asked 2, recorded nothing" },
    { "one message less", "{\"m\":[1]}", "{\"m\":[1,{\"a\":2}]}", "m[1]: asked nothing, recorded {\"a\":2}" },
    { "a field more in the recording", "{\"a\":1}", "{\"a\":1,\"z\":2}", "z: asked nothing, recorded 2" },
    { "an empty list is not nothing", "{\"tools\":[]}", "{}", "tools: asked [], recorded nothing" },
    { "an empty list is no empty object", "{\"tools\":[]}", "{\"tools\":{}}", "tools: asked [], recorded {}" },
    { "the first in the order of what is asked", "{\"b\":1,\"a\":1}", "{\"a\":2,\"b\":2}", "b: asked 1, recorded 2" },
    { "a list where a text was", "{\"content\":\"x\"}", "{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
      "content: asked \"x\", recorded [{\"type\":\"text\",\"text\":\"x\"}]" },
    { "odd keys", "{\"a b\":{\"\":{\"x.y\":1}}}", "{\"a b\":{\"\":{\"x.y\":2}}}",
      "[\"a b\"][\"\"][\"x.y\"]: asked 1, recorded 2" },
    { "all of it", "[1]", "{\"a\":1}", "the whole request: asked [1], recorded {\"a\":1}" },
    { "a large value is shortened",
      "{\"a\":[\"0123456789\",\"0123456789\",\"0123456789\",\"0123456789\",\"0123456789\",1]}", "{}",
      "a: asked [\"0123456789\",\"0123456789\",\"0123456789\",\"0123456789\",\"0123456789..., recorded nothing" },
    { "arguments count byte for byte", "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]}]}",
      "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{ }\"}}]}]}",
      "messages[0].tool_calls[0].function.arguments: asked \"{}\", recorded \"{ }\" (equal for 1 bytes)" },
    { "a signature counts", "{\"messages\":[{\"content\":[{\"type\":\"thinking\",\"signature\":\"Eq\"}]}]}",
      "{\"messages\":[{\"content\":[{\"type\":\"thinking\",\"signature\":\"Er\"}]}]}",
      "messages[0].content[0].signature: asked \"Eq\", recorded \"Er\" (equal for 1 bytes)" },
    { "a field of a schema that is named as one that changes",
      "{\"tools\":[{\"input_schema\":{\"properties\":{\"cache_control\":{\"type\":\"string\"}}}}]}",
      "{\"tools\":[{\"input_schema\":{\"properties\":{\"cache_control\":{\"type\":\"number\"}}}}]}",
      "tools[0].input_schema.properties.cache_control.type: asked \"string\", recorded \"number\" (equal for 0 bytes)" },
    { "an argument that is named as an id",
      "{\"messages\":[{\"content\":[{\"type\":\"tool_use\",\"id\":\"t1\",\"input\":{\"id\":\"7\",\"call_id\":\"a\"}}]}]}",
      "{\"messages\":[{\"content\":[{\"type\":\"tool_use\",\"id\":\"t2\",\"input\":{\"id\":\"8\",\"call_id\":\"a\"}}]}]}",
      "messages[0].content[0].input.id: asked \"7\", recorded \"8\" (equal for 0 bytes)" },
    { "a result that goes to the other call",
      "{\"messages\":[{\"tool_calls\":[{\"id\":\"a\"},{\"id\":\"b\"}]},{\"tool_call_id\":\"a\"},{\"tool_call_id\":\"b\"}]}",
      "{\"messages\":[{\"tool_calls\":[{\"id\":\"c\"},{\"id\":\"d\"}]},{\"tool_call_id\":\"d\"},{\"tool_call_id\":\"c\"}]}",
      "messages[1].tool_call_id: asked \"a\" (id 1 of this request), recorded \"d\" (id 2 of this request)" },
    { "a date outside a reminder counts", "{\"messages\":[{\"content\":\"Today's date is 2026-11-21.\"}]}",
      "{\"messages\":[{\"content\":\"Today's date is 2026-11-22.\"}]}",
      "messages[0].content: asked ...\"oday's date is 2026-11-21.\", recorded ...\"oday's date is 2026-11-22.\" (equal for "
      "25 bytes)" },
    { "a wall time within a line counts", "{\"input\":[{\"output\":\"the Wall time: 1 s\"}]}",
      "{\"input\":[{\"output\":\"the Wall time: 2 s\"}]}",
      "input[0].output: asked \"the Wall time: 1 s\", recorded \"the Wall time: 2 s\" (equal for 15 bytes)" },
    { "an element that is never closed counts", "{\"input\":\"<env>a\"}", "{\"input\":\"<env>b\"}",
      "input: asked \"<env>a\", recorded \"<env>b\" (equal for 5 bytes)" },
    { "the same words outside of prose count", "{\"tools\":[{\"description\":\"<env>a</env>\"}]}",
      "{\"tools\":[{\"description\":\"<env>b</env>\"}]}",
      "tools[0].description: asked \"<env>a</env>\", recorded \"<env>b</env>\" (equal for 5 bytes)" },
};

Test(request_diff, names_the_first_difference)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(comparisons); i++) {
        const struct comparison *row = &comparisons[i];
        const struct baton_json *a = parsed(arena, row->asked), *b = parsed(arena, row->recorded);
        struct baton_request_diff diff = diff_of(arena, a, b);
        cr_expect_str_eq(diff_text(arena, &diff), row->want, "%s: %s", row->name, diff_text(arena, &diff));
        cr_expect_eq(diff_of(arena, b, a).is_equal, diff.is_equal, "%s: the other way round", row->name);
    }
    baton_arena_free(arena);
}

/* ---- what does not count ---- */

static const struct same {
    const char *name, *one, *other;
} sames[] = {
    { "the user of a message", "{\"m\":1,\"metadata\":{\"user_id\":\"a\"}}",
      "{\"m\":1,\"metadata\":{\"user_id\":\"b\"}}" },
    { "a user alone and nothing at all", "{\"metadata\":{\"user_id\":\"a\"}}", "{}" },
    { "metadata of a user alone and none", "{\"m\":1,\"metadata\":{\"user_id\":\"a\"}}", "{\"m\":1}" },
    { "the key of the cache", "{\"prompt_cache_key\":\"a\",\"m\":1}", "{\"m\":1,\"prompt_cache_key\":\"b\"}" },
    { "Codex' metadata", "{\"client_metadata\":{\"a\":[1]},\"m\":1}", "{\"m\":1}" },
    { "ids of items", "{\"input\":[{\"id\":\"msg_1\",\"role\":\"user\"}]}", "{\"input\":[{\"role\":\"user\"}]}" },
    { "marks of the cache",
      "{\"cache_control\":{\"type\":\"e\"},\"system\":[{\"text\":\"s\",\"cache_control\":{}}],\"tools\":[{\"cache_control\":1}],"
      "\"messages\":[{\"content\":[{\"content\":[{\"text\":\"x\",\"cache_control\":{}}],\"cache_control\":{}}]}]}",
      "{\"system\":[{\"text\":\"s\"}],\"tools\":[{}],\"messages\":[{\"content\":[{\"content\":[{\"text\":\"x\"}]}]}]}" },
    { "ids of calls, by their order",
      "{\"messages\":[{\"tool_calls\":[{\"id\":\"call_1\"}]},{\"tool_call_id\":\"call_1\"}]}",
      "{\"messages\":[{\"tool_calls\":[{\"id\":\"call_x\"}]},{\"tool_call_id\":\"call_x\"}]}" },
    { "ids of uses, by their order",
      "{\"messages\":[{\"content\":[{\"id\":\"toolu_1\"},{\"id\":\"toolu_2\"}]},{\"content\":[{\"tool_use_id\":\"toolu_2\"}]}]}",
      "{\"messages\":[{\"content\":[{\"id\":\"b\"},{\"id\":\"a\"}]},{\"content\":[{\"tool_use_id\":\"a\"}]}]}" },
    { "ids of items' calls", "{\"input\":[{\"call_id\":\"a\"},{\"call_id\":\"a\"}],\"previous_response_id\":\"r1\"}",
      "{\"previous_response_id\":\"r2\",\"input\":[{\"call_id\":\"b\"},{\"call_id\":\"b\"}]}" },
    { "order of keys where ids stand in both",
      "{\"messages\":[{\"tool_calls\":[{\"id\":\"a\"}],\"tool_call_id\":\"b\"},{\"tool_call_id\":\"b\"}]}",
      "{\"messages\":[{\"tool_call_id\":\"y\",\"tool_calls\":[{\"id\":\"x\"}]},{\"tool_call_id\":\"y\"}]}" },
    { "Claude's bill",
      "{\"system\":[{\"text\":\"x-anthropic-billing-header: cc_version=2.1.197.1c0; cc_entrypoint=sdk-cli;\"}]}",
      "{\"system\":[{\"text\":\"x-anthropic-billing-header: cc_version=2.1.197.849; cc_entrypoint=sdk-cli;\"}]}" },
    { "the date in Claude's reminder",
      "{\"messages\":[{\"content\":[{\"text\":\"<system-reminder>\\n# currentDate\\nToday's date is "
      "2026-11-21.\\n</system-reminder>\\n\"}]}]}",
      "{\"messages\":[{\"content\":[{\"text\":\"<system-reminder>\\n# currentDate\\nToday's date is "
      "2027-01-02.\\n</system-reminder>\\n\"}]}]}" },
    { "Claude's environment",
      "{\"system\":\"Be brief.\\n<env>\\nWorking directory: /a\\nToday's date: 1\\n</env>\\nEnd\"}",
      "{\"system\":\"Be brief.\\n<env>\\nWorking directory: /b/c\\nToday's date: 22\\n</env>\\nEnd\"}" },
    { "Claude's newer environment",
      "{\"system\":[{\"text\":\"# Environment\\n - Primary working directory: /a\\n - x\"}]}",
      "{\"system\":[{\"text\":\"# Environment\\n - Primary working directory: /bb\\n - x\"}]}" },
    { "the end of an agent's result",
      "{\"messages\":[{\"content\":[{\"content\":[{\"text\":\"agentId: a79 (use it)\\n<usage>subagent_tokens: "
      "18\\nduration_ms: 19</usage>\"}]}]}]}",
      "{\"messages\":[{\"content\":[{\"content\":[{\"text\":\"agentId: b8 (do)\\n<usage>subagent_tokens: "
      "18\\nduration_ms: 49</usage>\"}]}]}]}" },
    { "Codex' environment",
      "{\"input\":[{\"content\":[{\"text\":\"<environment_context>\\n<cwd>/a</cwd></environment_context>\"}]}]}",
      "{\"input\":[{\"content\":[{\"text\":\"<environment_context>\\n<cwd>/b</cwd></environment_context>\"}]}]}" },
    { "Codex' result", "{\"input\":[{\"output\":\"Chunk ID: 3f18ad\\nWall time: 0.0 seconds\\nOutput:\\nok\"}]}",
      "{\"input\":[{\"output\":\"Chunk ID: 77\\nWall time: 0.25 seconds\\nOutput:\\nok\"}]}" },
    { "Codex' result of parts", "{\"input\":[{\"output\":[{\"text\":\"Wall time: 0.1 seconds\\nOutput:\"}]}]}",
      "{\"input\":[{\"output\":[{\"text\":\"Wall time: 0.21 seconds\\nOutput:\"}]}]}" },
    { "Copilot's time",
      "{\"messages\":[{\"content\":\"<current_datetime>2026-11-21T00:52</current_datetime>\\n\\nhello\"}]}",
      "{\"messages\":[{\"content\":\"<current_datetime>2026-12-01T10:00</current_datetime>\\n\\nhello\"}]}" },
    { "Kimi's reminder", "{\"messages\":[{\"content\":\"<system-reminder>\\nToday's date is 2026-11-21. It is.\"}]}",
      "{\"messages\":[{\"content\":\"<system-reminder>\\nToday's date is 2026-11-22. It is.\"}]}" },
    { "Kimi's wall time", "{\"messages\":[{\"role\":\"tool\",\"content\":\"Wall time: 0.049 seconds\\nTransferred\"}]}",
      "{\"messages\":[{\"role\":\"tool\",\"content\":\"Wall time: 1 seconds\\nTransferred\"}]}" },
};

Test(request_diff, passes_over_what_changes_from_run_to_run)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(sames); i++) {
        const struct same *row = &sames[i];
        const struct baton_json *a = parsed(arena, row->one), *b = parsed(arena, row->other);
        struct baton_request_diff diff = diff_of(arena, a, b);
        cr_expect(diff.is_equal, "%s: %s", row->name, diff_text(arena, &diff));
        cr_expect_eq(diff.leaf_count, diff.leaf_equal_count, "%s", row->name);
    }
    baton_arena_free(arena);
}

/* ---- any change of any request ---- */

static const char *const requests[] = {
    "{\"model\":\"claude\",\"max_tokens\":32000,\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: a;\\nBe "
    "brief\",\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":\"text\",\"text\":\"TRIAGE\"}],\"messages\":[{\"role\":"
    "\"user\",\"content\":[{\"type\":\"text\",\"text\":\"<system-reminder>\\nToday's date is 2026-11-21.\\n</system-reminder>"
    "\\n\"},{\"type\":\"text\",\"text\":\"refund\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
    "\"hm\",\"signature\":\"EqQB\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"transfer\",\"input\":{\"id\":\"7\","
    "\"list\":[]}},{\"type\":\"tool_use\",\"id\":\"toolu_2\",\"name\":\"look\",\"input\":{}}]},{\"role\":\"user\",\"content\":"
    "[{\"tool_use_id\":\"toolu_1\",\"type\":\"tool_result\",\"content\":[{\"type\":\"text\",\"text\":\"ok\"}],\"is_error\":false},"
    "{\"tool_use_id\":\"toolu_2\",\"type\":\"tool_result\",\"content\":\"none\",\"cache_control\":{\"type\":\"ephemeral\"}}]}],"
    "\"tools\":[{\"name\":\"transfer\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},"
    "\"cache_control\":{\"type\":\"string\"}}}}],\"metadata\":{\"user_id\":\"u\",\"tag\":\"t\"},\"stream\":true,\"stop\":null}",
    "{\"model\":\"gpt\",\"input\":[{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
    "\"text\":\"<environment_context><cwd>x</cwd></environment_context>!\"}]},{\"type\":\"reasoning\",\"id\":\"rs_1\","
    "\"encrypted_content\":\"gAAA\",\"summary\":[]},{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":"
    "\"t\",\"arguments\":\"{\\\"a\\\": 1}\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"Chunk ID: "
    "3f\\nWall time: 0.1 s\\nok\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":[{\"text\":\"x\"}]}],"
    "\"tools\":[{\"type\":\"function\",\"name\":\"t\",\"strict\":true}],\"client_metadata\":{\"session_id\":\"s\"},"
    "\"prompt_cache_key\":\"k\",\"reasoning\":{\"effort\":\"low\"},\"temperature\":0.25,\"previous_response_id\":\"resp_1\"}",
    "{\"model\":\"kimi\",\"messages\":[{\"role\":\"system\",\"content\":\"You are\"},{\"role\":\"user\",\"content\":"
    "\"<current_datetime>1</current_datetime>\\n\\nhello\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
    "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"a\",\"arguments\":\"{}\"}},{\"id\":\"call_2\",\"type\":"
    "\"function\",\"function\":{\"name\":\"b\",\"arguments\":\"\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call_2\",\"content\":"
    "\"Wall time: 1 s\\ndone\"},{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"\"}],\"seed\":18446744073709551615,"
    "\"tools\":[],\"odd key\":{\"\":[[1,[2]],{\"x\":{}}]}}",
};

enum leaf { COUNTS, VOLATILE_LEAF, ID_LEAF };

/* Our own reading of what a path means, with numbers left out. */
static enum leaf leaf_kind(const char *path)
{
    static const char *const volatile_paths[] = {
        "metadata.user_id",
        "prompt_cache_key",
        "client_metadata.session_id",
        "input[].id",
        "system[].cache_control.type",
        "messages[].content[].cache_control.type",
    };
    static const char *const id_paths[] = { "messages[].content[].id",
                                            "messages[].content[].tool_use_id",
                                            "messages[].tool_calls[].id",
                                            "messages[].tool_call_id",
                                            "input[].call_id",
                                            "previous_response_id" };
    char bare[200];
    size_t length = 0;
    for (; *path != '\0'; path++) {
        if (*path < '0' || *path > '9') {
            bare[length++] = *path;
        }
    }
    bare[length] = '\0';
    for (size_t i = 0; i < COUNT(volatile_paths); i++) {
        if (strcmp(bare, volatile_paths[i]) == 0) {
            return VOLATILE_LEAF;
        }
    }
    for (size_t i = 0; i < COUNT(id_paths); i++) {
        if (strcmp(bare, id_paths[i]) == 0) {
            return ID_LEAF;
        }
    }
    return COUNTS;
}

/* Writes a tree, changed as it is told. */
struct scribe {
    struct baton_text *out;
    struct baton_prng *prng; /* NULL: keys as they come */
    bool renames, changes_volatile;
    size_t leaf, changed_leaf; /* from 1; 0 = none */
    char changed_path[200];
    enum leaf changed_kind;
    bool drops; /* the changed leaf, where it is a member */
};

static void write_changed(struct scribe *scribe, const struct baton_json *node, const char *path);

static void write_leaf(struct scribe *scribe, const struct baton_json *node, const char *path)
{
    enum leaf kind = leaf_kind(path);
    bool is_changed = ++scribe->leaf == scribe->changed_leaf || (kind == VOLATILE_LEAF && scribe->changes_volatile);
    if (scribe->leaf == scribe->changed_leaf) {
        snprintf(scribe->changed_path, sizeof scribe->changed_path, "%s", path);
        scribe->changed_kind = kind;
    }
    if (kind == ID_LEAF && scribe->renames) {
        baton_text_printf(scribe->out, "\"%llu-%.*s\"",
                          (unsigned long long)baton_hash64(node->text.data, node->text.length, 7),
                          (int)node->text.length, node->text.data);
    } else if (node->type == BATON_JSON_STRING) {
        struct baton_text text = baton_text_with_limit(10000);
        baton_text_append(&text, node->text.data, node->text.length);
        baton_text_puts(&text, is_changed ? "x" : "");
        baton_text_json_string(scribe->out, baton_text_str(&text).data, text.length);
        baton_text_clear(&text);
    } else if (node->type == BATON_JSON_BOOLEAN) {
        baton_text_puts(scribe->out, node->boolean != is_changed ? "true" : "false");
    } else {
        baton_json_write(scribe->out, node);
        if (is_changed && node->type == BATON_JSON_NUMBER) {
            baton_text_putc(scribe->out, '1');
        } else if (is_changed) { /* null, [] or {}: a text in its place */
            scribe->out->length -= node->type == BATON_JSON_NULL ? 4 : 2;
            baton_text_puts(scribe->out, "\"x\"");
        }
    }
}

static void write_object(struct scribe *scribe, const struct baton_json *node, const char *path)
{
    const struct baton_json *members[32];
    size_t count = 0;
    for (const struct baton_json *member = node->child; member != NULL; member = member->next) {
        cr_assert_lt(count, COUNT(members));
        members[count++] = member;
    }
    for (size_t i = count; scribe->prng != NULL && i > 1; i--) {
        size_t other = baton_prng_below(scribe->prng, i);
        const struct baton_json *kept = members[i - 1];
        members[i - 1] = members[other];
        members[other] = kept;
    }
    baton_text_putc(scribe->out, '{');
    bool has_members = false;
    for (size_t i = 0; i < count; i++) {
        char below[200];
        bool is_word = strcspn(members[i]->key.data, " ") == members[i]->key.length && members[i]->key.length > 0;
        snprintf(below, sizeof below, is_word ? "%s%s%.*s" : "%s%s[\"%.*s\"]", path,
                 is_word && *path != '\0' ? "." : "", (int)members[i]->key.length, members[i]->key.data);
        size_t start = scribe->out->length, leaf = scribe->leaf;
        baton_text_puts(scribe->out, has_members ? "," : "");
        baton_text_json_string(scribe->out, members[i]->key.data, members[i]->key.length);
        baton_text_puts(scribe->out, scribe->prng != NULL ? " :\n" : ":");
        write_changed(scribe, members[i], below);
        bool was_leaf = members[i]->child == NULL;
        if (scribe->drops && was_leaf && leaf + 1 == scribe->changed_leaf) {
            scribe->out->length = start;
        } else {
            has_members = true;
        }
    }
    baton_text_putc(scribe->out, '}');
}

static void write_changed(struct scribe *scribe, const struct baton_json *node, const char *path)
{
    if (node->child == NULL) {
        write_leaf(scribe, node, path);
    } else if (node->type == BATON_JSON_OBJECT) {
        write_object(scribe, node, path);
    } else {
        unsigned index = 0;
        baton_text_putc(scribe->out, '[');
        for (const struct baton_json *element = node->child; element != NULL; element = element->next, index++) {
            char below[200];
            snprintf(below, sizeof below, "%s[%u]", path, index);
            baton_text_puts(scribe->out, index > 0 ? ", " : "");
            write_changed(scribe, element, below);
        }
        baton_text_putc(scribe->out, ']');
    }
}

static const struct baton_json *changed(struct baton_arena *arena, struct scribe *scribe, const struct baton_json *root)
{
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    scribe->out = &out;
    write_changed(scribe, root, "");
    cr_assert(!out.failed);
    out.data[out.length] = '\0';
    const struct baton_json *tree = parsed(arena, out.data);
    baton_text_clear(&out);
    return tree;
}

Test(request_diff, passes_over_new_ids_new_order_and_what_changes)
{
    struct baton_arena *arena = tree_arena();
    struct baton_prng prng;
    baton_prng_seed(&prng, 17);
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct baton_json *root = parsed(arena, requests[i]);
        for (unsigned round = 0; round < 200; round++) {
            struct baton_arena_mark mark = baton_arena_mark(arena);
            struct scribe scribe = { .prng = round % 2 == 0 ? &prng : NULL,
                                     .renames = round % 3 == 0,
                                     .changes_volatile = round % 5 == 0 };
            const struct baton_json *other = changed(arena, &scribe, root);
            struct baton_request_diff diff = diff_of(arena, other, root);
            cr_assert(diff.is_equal, "request %zu, round %u: %s", i, round, diff_text(arena, &diff));
            cr_assert_float_eq(baton_request_similarity(&diff), 1.0, 0.0);
            baton_arena_rollback(arena, mark);
        }
    }
    baton_arena_free(arena);
}

Test(request_diff, names_any_other_change)
{
    struct baton_arena *arena = tree_arena();
    struct baton_prng prng;
    baton_prng_seed(&prng, 18);
    size_t counted = 0, volatile_count = 0, id_count = 0;
    for (size_t i = 0; i < COUNT(requests); i++) {
        const struct baton_json *root = parsed(arena, requests[i]);
        for (size_t leaf = 1;; leaf++) {
            for (unsigned way = 0; way < 4; way++) {
                struct scribe scribe = { .changed_leaf = leaf, .drops = way >= 2, .prng = way % 2 == 1 ? &prng : NULL };
                const struct baton_json *other = changed(arena, &scribe, root);
                if (scribe.leaf < leaf) {
                    goto next_request;
                }
                struct baton_request_diff diff = diff_of(arena, other, root);
                bool is_lone_id = strcmp(scribe.changed_path, "previous_response_id") == 0 && !scribe.drops;
                bool is_volatile = scribe.changed_kind == VOLATILE_LEAF || is_lone_id;
                cr_expect_eq(diff.is_equal, is_volatile, "%s, way %u: %s", scribe.changed_path, way,
                             diff_text(arena, &diff));
                counted += scribe.changed_kind == COUNTS;
                volatile_count += is_volatile;
                id_count += scribe.changed_kind == ID_LEAF;
                if (scribe.changed_kind == COUNTS) {
                    cr_expect(baton_str_is(diff.path, scribe.changed_path), "%s, way %u: %s", scribe.changed_path, way,
                              diff_text(arena, &diff));
                    cr_expect_lt(diff.leaf_equal_count, diff.leaf_count);
                }
            }
        }
    next_request:;
    }
    cr_expect(counted > 300 && volatile_count > 20 && id_count > 20, "%zu, %zu, %zu", counted, volatile_count,
              id_count);
    baton_arena_free(arena);
}

Test(request_diff, counts_every_leaf_of_random_requests)
{
    struct baton_arena *arena = tree_arena();
    struct baton_prng prng;
    baton_prng_seed(&prng, 19);
    size_t equal = 0, different = 0;
    for (unsigned round = 0; round < 2000; round++) {
        baton_arena_reset(arena);
        struct baton_text text[2] = { baton_text_with_limit(TEXT_BYTES_MAX), baton_text_with_limit(TEXT_BYTES_MAX) };
        struct tree trees[2];
        struct baton_prng kept = prng;
        tree_random(&text[0], &prng);
        prng.state = round % 3 == 0 ? kept.state : prng.state;
        tree_random(&text[1], &prng);
        for (size_t i = 0; i < 2; i++) {
            trees[i] = tree_read(baton_json_parse, arena, text[i].data, text[i].length);
            baton_text_clear(&text[i]);
        }
        if (trees[0].status == BATON_OK && trees[1].status == BATON_OK) {
            struct baton_request_diff diff = diff_of(arena, trees[0].root, trees[1].root);
            bool is_same = strcmp(tree_text(arena, trees[0].root), tree_text(arena, trees[1].root)) == 0;
            cr_assert(diff.is_equal || !is_same, "%s", diff_text(arena, &diff));
            cr_assert(diff.leaf_equal_count <= diff.leaf_count &&
                      (diff.leaf_equal_count == diff.leaf_count) == diff.is_equal);
            *(diff.is_equal ? &equal : &different) += 1;
        }
    }
    cr_expect(equal > 100 && different > 100, "%zu, %zu", equal, different);
    baton_arena_free(arena);
}

Test(request_diff, finds_the_nearest)
{
    static const struct {
        const char *name, *recorded;
        double want;
    } rows[] = {
        { "the same", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"n\":1}", 1.0 },
        { "another text", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"b\"}],\"n\":1}", 0.75 },
        { "a message more", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},1],\"n\":1}", 0.8 },
        { "nothing in common", "{\"x\":1}", 0.0 },
        { "of another kind", "[1,2,3,4,5]", 0.0 },
    };
    struct baton_arena *arena = tree_arena();
    const struct baton_json *asked = parsed(arena, rows[0].recorded);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct baton_request_diff diff = diff_of(arena, asked, parsed(arena, rows[i].recorded));
        cr_expect_float_eq(baton_request_similarity(&diff), rows[i].want, 1e-12, "%s: %f", rows[i].name,
                           baton_request_similarity(&diff));
        struct baton_request_diff back = diff_of(arena, parsed(arena, rows[i].recorded), asked);
        cr_expect_float_eq(baton_request_similarity(&back), rows[i].want, 1e-12, "%s: back", rows[i].name);
    }
    const struct baton_json *empty = parsed(arena, "{}");
    struct baton_request_diff diff = diff_of(arena, empty, empty);
    cr_expect(diff.is_equal);
    cr_expect_float_eq(baton_request_similarity(&diff), 1.0, 0.0);
    baton_arena_free(arena);
}

/* ---- hostile requests ---- */

Test(request_diff, takes_time_in_line_with_the_length, .timeout = 30)
{
    static const char *const pieces[] = { "<env>",       "</env>",
                                          "<env></env>", "<system-reminder>Today's date is ",
                                          "Wall time: ", "\\nWall time: 1",
                                          "agentId: ",   "Today's date is 1",
                                          " ",           "-" };
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX);
        baton_text_puts(&text, "{\"system\":\"");
        while (text.length < 1000000) {
            baton_text_puts(&text, pieces[i]);
        }
        baton_text_puts(&text, "\"}");
        const struct baton_json *root = parsed(arena, text.data);
        cr_expect(diff_of(arena, root, root).is_equal, "%s", pieces[i]);
        baton_text_clear(&text);
        baton_arena_rollback(arena, mark);
    }
    baton_arena_free(arena);
}

Test(request_diff, bears_many_ids_and_depth, .timeout = 30)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX);
    baton_text_puts(&text, "{\"messages\":[{}");
    for (unsigned i = 0; i < 50000; i++) {
        baton_text_printf(&text, ",{\"tool_call_id\":\"call_%u\"}", i % 40000);
    }
    baton_text_puts(&text, "]}");
    const struct baton_json *root = parsed(arena, text.data);
    cr_expect(diff_of(arena, root, root).is_equal);
    baton_text_reset(&text);
    for (unsigned i = 0; i < BATON_JSON_DEPTH_MAX; i++) {
        baton_text_puts(&text, i % 2 == 0 ? "[" : "{\"a\":");
    }
    baton_text_putc(&text, '1');
    for (unsigned i = BATON_JSON_DEPTH_MAX; i-- > 0;) {
        baton_text_puts(&text, i % 2 == 0 ? "]" : "}");
    }
    const struct baton_json *deep = parsed(arena, text.data);
    *strchr(text.data, '1') = '2';
    struct baton_request_diff diff = diff_of(arena, deep, parsed(arena, text.data));
    cr_expect(!diff.is_equal && diff.path.length > 100, "%s", diff_text(arena, &diff));
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(request_diff, every_allocation_may_fail)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_json *a = parsed(arena, requests[0]), *b = parsed(arena, requests[1]);
    enum baton_status status = BATON_ELIMIT;
    uint64_t n = 0;
    while (status != BATON_OK) {
        struct baton_request_diff diff;
        struct baton_error err;
        baton_arena_fail_after(++n);
        status = baton_request_diff(&diff, arena, a, b, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || status == BATON_ELIMIT, "allocation %llu", (unsigned long long)n);
        cr_assert_lt(n, 10000);
    }
    cr_expect_gt(n, 5);
    baton_arena_free(arena);
}
