#include "reports/result.h"

#include "evals/tests/parsed.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { MEMORY_MAX = 16 * 1024 * 1024 };

static const struct baton_str route[] = { { "billing", 7 }, { "tech", 4 } },
                              expected[] = { { "tech", 4 }, { "sales", 5 } };
static const char *const failed[] = { "first: expected tech, got billing", "says: no \"thanks\"" };

/* An exchange with all that one can have. */
static struct baton_result_exchange full_exchange(void)
{
    return (struct baton_result_exchange){
        .start = BATON_STR("triage"),
        .final = BATON_STR("tech"),
        .route = route,
        .route_count = 2,
        .is_answered = true,
        .is_revisit = true,
        .status = "answered",
        .turns = 3,
        .invalid_handoffs = 1,
        .looped = 2,
        .optimal = 1,
        .detour = -1,
        .has_detour = true,
        .loop = { .kind = "ping_pong", .k = 2, .onset = 3, .detected = 4 },
        .label = { .is_labelled = true,
                   .is_judged = true,
                   .expected = expected,
                   .expected_count = 2,
                   .failed = failed,
                   .failed_count = 2 },
        .latency_ns = 1234567890,
        .ttft_ns = 500000,
        .tokens = { .input = 812, .output = 37, .cached = 1, .cache_write = 2, .is_known = true },
        .text = BATON_STR("Done.\n\"Bye\" \x01 \xc3\xa4"),
    };
}

static struct baton_result_exchange bare_exchange(void)
{
    return (struct baton_result_exchange){ .start = BATON_STR("triage"),
                                           .final = BATON_STR("triage"),
                                           .status = "unanswered",
                                           .optimal = BATON_RESULT_UNKNOWN,
                                           .latency_ns = BATON_RESULT_UNKNOWN,
                                           .ttft_ns = BATON_RESULT_UNKNOWN,
                                           .text = BATON_STR("") };
}

static struct baton_str write(struct baton_arena *arena, const struct baton_result *result)
{
    struct baton_text text = baton_text_with_limit(MEMORY_MAX);
    baton_result_write(&text, result);
    cr_assert(!text.failed);
    struct baton_str copy = { baton_arena_copy(arena, text.data, text.length), text.length };
    baton_text_clear(&text);
    return copy;
}

/* The names of an object's members in order, with spaces between. */
static const char *keys(struct baton_arena *arena, const struct baton_json *object)
{
    const char *told = "";
    for (const struct baton_json *member = object->child; member != NULL; member = member->next) {
        told = baton_arena_printf(arena, "%s%s%.*s", told, told[0] == '\0' ? "" : " ", (int)member->key.length,
                                  member->key.data);
    }
    return told;
}

Test(result, a_full_line_is_as_the_format_says)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange exchange = full_exchange();
    struct baton_result result = { .id = BATON_STR("card-1"),
                                   .repeat = 3,
                                   .status = "answered",
                                   .exchanges = &exchange,
                                   .exchange_count = 1,
                                   .divergence = { .happened = true,
                                                   .exchange = 1,
                                                   .turn = 2,
                                                   .recorded = BATON_STR("tech"),
                                                   .asked = BATON_STR("sales") } };
    struct baton_str line = write(arena, &result);
    cr_expect_str_eq(
        line.data,
        "{\"id\":\"card-1\",\"repeat\":3,\"status\":\"answered\",\"exchanges\":[{\"start\":\"triage\",\"route\":[\"billing\","
        "\"tech\"],\"final\":\"tech\",\"answered\":true,\"status\":\"answered\",\"turns\":3,\"depth\":2,\"optimal\":1,"
        "\"detour\":-1,\"looped\":2,\"invalid_handoffs\":1,\"revisit\":true,\"loop\":{\"kind\":\"ping_pong\",\"k\":2,"
        "\"onset\":3,\"detected\":4},\"expected\":[\"tech\",\"sales\"],\"correct\":false,\"failed\":[\"first: expected "
        "tech, got billing\",\"says: no \\\"thanks\\\"\"],\"latency_ms\":1234.56789,\"ttft_ms\":0.5,\"tokens\":{"
        "\"input\":812,\"output\":37,\"cached\":1,\"cache_write\":2},\"text\":\"Done.\\n\\\"Bye\\\" \\u0001 \xc3\xa4\"}],"
        "\"diverged\":{\"exchange\":1,\"turn\":2,\"recorded\":\"tech\",\"asked\":\"sales\"}}\n",
        "%s", line.data);
    baton_arena_free(arena);
}

Test(result, what_is_unknown_is_null)
{
    static const char *const nulls[] = { "optimal", "detour",     "loop",    "expected",
                                         "correct", "latency_ms", "ttft_ms", "tokens" };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange exchange = bare_exchange();
    struct baton_result result = {
        .id = BATON_STR("a"), .status = "unanswered", .exchanges = &exchange, .exchange_count = 1
    };
    const struct baton_json *root = parsed_json(arena, write(arena, &result), "line");
    for (size_t i = 0; i < COUNT_OF(nulls); i++) {
        cr_expect(parsed_is_null(parsed_at(root, "exchanges.0"), nulls[i]), "%s", nulls[i]);
    }
    cr_expect(parsed_is_null(root, "diverged"));
    cr_expect_eq(parsed_at(root, "exchanges.0.failed")->count, 0u);
    cr_expect_eq(parsed_at(root, "exchanges.0.route")->count, 0u);
    cr_expect_null(baton_json_get(root, "whole"));
    baton_arena_free(arena);
}

Test(result, keys_are_in_the_order_of_the_format_whatever_is_known)
{
    static const char order[] =
        "start route final answered status turns depth optimal detour looped invalid_handoffs revisit loop "
        "expected correct failed latency_ms ttft_ms tokens text";
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    struct baton_result_exchange exchanges[] = { full_exchange(), bare_exchange() };
    struct baton_result result = {
        .id = BATON_STR("a"), .status = "answered", .exchanges = exchanges, .exchange_count = 2
    };
    const struct baton_json *root = parsed_json(arena, write(arena, &result), "line");
    cr_expect_str_eq(keys(arena, root), "id repeat status exchanges diverged");
    cr_expect_str_eq(keys(arena, parsed_at(root, "exchanges.0")), order);
    cr_expect_str_eq(keys(arena, parsed_at(root, "exchanges.1")), order);
    result.whole.is_labelled = true;
    root = parsed_json(arena, write(arena, &result), "line");
    cr_expect_str_eq(keys(arena, root), "id repeat status exchanges diverged whole");
    cr_expect_str_eq(keys(arena, parsed_at(root, "whole")), "expected correct failed");
    baton_arena_free(arena);
}

Test(result, a_label_is_correct_false_or_null)
{
    static const struct row {
        const char *name;
        struct baton_result_label label;
        const char *want;
    } rows[] = {
        { "none", { .is_labelled = false }, "\"expected\":null,\"correct\":null,\"failed\":[]" },
        { "right",
          { .is_labelled = true, .is_judged = true, .is_correct = true, .expected = expected, .expected_count = 1 },
          "\"expected\":[\"tech\"],\"correct\":true,\"failed\":[]" },
        { "wrong",
          { .is_labelled = true, .is_judged = true, .failed = failed, .failed_count = 1 },
          "\"expected\":null,\"correct\":false,\"failed\":[\"first: expected tech, got billing\"]" },
        { "not judged",
          { .is_labelled = true, .expected = expected, .expected_count = 1 },
          "\"expected\":[\"tech\"],\"correct\":null,\"failed\":[]" },
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct baton_result_exchange exchange = bare_exchange();
        exchange.label = rows[i].label;
        struct baton_result result = {
            .id = BATON_STR("a"), .status = "answered", .exchanges = &exchange, .exchange_count = 1
        };
        struct baton_str line = write(arena, &result);
        cr_expect_not_null(strstr(line.data, rows[i].want), "%s: %s", rows[i].name, line.data);
    }
    baton_arena_free(arena);
}

Test(result, any_text_stays_on_one_line_and_reads_back)
{
    static const char *const texts[] = {
        "", "\n\r\t\b\f\\\"/", "\x7f\xc2\x80\xe2\x80\xa8\xf0\x9f\x98\x80", "\x1b[31m", "{\"a\":[1]}",
    };
    struct baton_arena *arena = baton_arena_new(MEMORY_MAX);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct baton_result_exchange exchange = bare_exchange();
        exchange.text = baton_str_of(texts[i]);
        struct baton_result result = {
            .id = exchange.text, .status = "answered", .exchanges = &exchange, .exchange_count = 1
        };
        struct baton_str line = write(arena, &result);
        cr_expect_eq(memchr(line.data, '\n', line.length), line.data + line.length - 1, "%zu", i);
        const struct baton_json *root = parsed_json(arena, line, "line");
        cr_expect(baton_str_equal(parsed_text(root, "id"), exchange.text), "%zu", i);
        cr_expect(baton_str_equal(parsed_text(root, "exchanges.0.text"), exchange.text), "%zu", i);
    }
    baton_arena_free(arena);
}
