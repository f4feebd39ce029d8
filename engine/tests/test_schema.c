#include "engine/schema/schema.h"

#include "engine/base/document.h"
#include "engine/base/pattern.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/schema/value.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* ---- the corpus of JSON-Schema-Test-Suite ---- */

/* Keywords that schema.h does not list, or not in that form: a group that uses one is passed over, and stands with the keyword
 * in LEFT_OUT, which names all of them and no more. */
#define LEFT_OUT "fixtures/corpus/json_schema/left_out.txt"

static const char *const unsupported[] = {
    "$anchor",     "$dynamicAnchor", "$dynamicRef",      "$id",          "$vocabulary",      "contains",
    "maxContains", "minContains",    "dependentSchemas", "dependencies", "unevaluatedItems", "unevaluatedProperties",
};

/* Groups that ask for something else that is not there. */
static const struct {
    const char *description, *why;
} passed_over[] = {
    { "pattern with Unicode property escape requires unicode mode", "\\p{Letter}, which PCRE2 calls \\p{L}" },
};

static const char *unsupported_member(const struct baton_json *member)
{
    for (size_t i = 0; i < COUNT(unsupported); i++) {
        if (baton_str_is(member->key, unsupported[i])) {
            return unsupported[i];
        }
    }
    bool leads_elsewhere =
        baton_str_is(member->key, "$ref") && (member->text.length == 0 || member->text.data[0] != '#');
    return leads_elsewhere ? "$ref to another document" : NULL;
}

/* The first keyword in a schema that is not supported, or NULL. Any key of that name counts, also where it names a property:
 * better one group too few. */
static const char *unsupported_in(const struct baton_json *schema)
{
    bool is_object = schema->type == BATON_JSON_OBJECT;
    const char *found = NULL;
    for (const struct baton_json *child = schema->child; child != NULL && found == NULL; child = child->next) {
        found = is_object ? unsupported_member(child) : NULL;
        found = found == NULL ? unsupported_in(child) : found;
    }
    return found;
}

static const char *why_passed_over(const struct baton_json *group)
{
    for (size_t i = 0; i < COUNT(passed_over); i++) {
        if (baton_str_is(baton_json_get(group, "description")->text, passed_over[i].description)) {
            return passed_over[i].why;
        }
    }
    return unsupported_in(baton_json_get(group, "schema"));
}

static size_t run_group(const char *file, const struct baton_json *group, const struct baton_source *source)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_json *schema = baton_json_get(group, "schema");
    const char *name = baton_json_get(group, "description")->text.data;
    struct baton_error err;
    enum baton_status status = baton_schema_validate(schema, source, &err);
    cr_expect_eq(status, BATON_OK, "%s: %s: %s", file, name, err.text);
    size_t count = 0;
    for (const struct baton_json *test = baton_json_get(group, "tests")->child; test != NULL; test = test->next) {
        char reason[256];
        bool fits = baton_schema_check(schema, baton_json_get(test, "data"), arena, reason, sizeof reason);
        cr_expect_eq(fits, baton_json_get(test, "valid")->boolean, "%s: %s: %s: %s", file, name,
                     baton_json_get(test, "description")->text.data, reason);
        cr_expect_eq(fits, reason[0] == '\0', "a reason just when it does not fit");
        cr_expect_eq(baton_arena_in_use(arena), 0, "the arena is as it was");
        count++;
    }
    baton_arena_free(arena);
    return count;
}

struct tally {
    size_t cases, groups;
};

/* No text of ours holds \u0000, so another character stands in for it. */
static void stand_in_for_nul(struct baton_arena *arena, struct baton_str *text)
{
    char *copy = baton_arena_copy(arena, text->data, text->length);
    for (char *at = copy; (at = strstr(at, "\\u0000")) != NULL;) {
        memcpy(at, "\\ue000", 6);
    }
    text->data = copy;
}

static struct tally run_folder(const char *folder, struct baton_text *left_out)
{
    struct tally tally = { 0, 0 };
    struct baton_arena *arena = tree_arena();
    for (const char **names = tree_folder(arena, folder, "json", 10); *names != NULL; names++) {
        struct baton_error err;
        const struct baton_json *groups;
        const char *path = baton_arena_printf(arena, "%s/%s", folder, *names);
        struct baton_source source = { .name = path, .text = tree_file(arena, path) };
        stand_in_for_nul(arena, &source.text);
        cr_assert_eq(baton_json_parse(&groups, arena, &source, &err), BATON_OK, "%s", err.text);
        for (const struct baton_json *group = groups->child; group != NULL; group = group->next) {
            const char *why = why_passed_over(group);
            if (why != NULL) {
                baton_text_printf(left_out, "%s: %s: %s\n", path + strlen("fixtures/corpus/json_schema/"),
                                  baton_json_get(group, "description")->text.data, why);
            } else {
                tally.groups++;
                tally.cases += run_group(path, group, &source);
            }
        }
    }
    baton_arena_free(arena);
    return tally;
}

Test(schema, agrees_with_the_test_suite)
{
    struct baton_text left_out = baton_text_with_limit(1024 * 1024);
    struct baton_arena *arena = tree_arena();
    struct tally now = run_folder("fixtures/corpus/json_schema/draft2020-12", &left_out);
    struct tally before = run_folder("fixtures/corpus/json_schema/draft7", &left_out);
    cr_expect_eq(now.cases, 363, "%zu cases in %zu groups", now.cases, now.groups);
    cr_expect_eq(before.cases, 351, "%zu cases in %zu groups", before.cases, before.groups);
    cr_expect_str_eq(left_out.data, tree_file(arena, LEFT_OUT).data);
    baton_text_clear(&left_out);
    baton_arena_free(arena);
}

/* ---- keywords that the corpus has no file for ---- */

static const struct fit {
    const char *schema, *fits, *does_not; /* lists of values */
} fits[] = {
    { "{\"type\":[\"integer\",\"null\"]}", "[1,1.0,1e300,null]", "[1.5,\"1\",true,[],{}]" },
    { "{\"enum\":[1,\"a\",{\"b\":[null],\"c\":1}]}", "[1.0,\"a\",{\"c\":1e0,\"b\":[null]}]",
      "[2,\"A\",{\"b\":[null]},true,[]]" },
    { "{\"enum\":[]}", "[]", "[1,null]" },
    { "{\"const\":9007199254740993}", "[9007199254740993,9007199254740993.0]", "[9007199254740992,9007199254740994]" },
    { "{\"minimum\":1.5}", "[1.5,2,\"a\"]", "[1,1.4999,-3]" },
    { "{\"minimum\":-9007199254740993}", "[-9007199254740993,0]", "[-9007199254740994]" },
    { "{\"exclusiveMinimum\":0}", "[1e-300,1]", "[0,-0.0,-1]" },
    { "{\"exclusiveMaximum\":18446744073709551615}", "[18446744073709551614]", "[18446744073709551615,1e20]" },
    { "{\"multipleOf\":0.01}", "[0.07,19.99,0,-0.3,4.35,\"x\"]", "[0.001,19.999]" },
    { "{\"multipleOf\":3}", "[9007199254740993,-9,0,3e18]", "[9007199254740992,1,3.5]" },
    { "{\"multipleOf\":0.123456789}", "[12345678900]", "[1e308]" },
    { "{\"multipleOf\":1e-8}", "[12391239123]", "[1e-9]" },
    { "{\"multipleOf\":1024}", "[1e300,2048,1024e-0]", "[1e9,10.25e3]" },
    { "{\"minLength\":2,\"maxLength\":3}", "[\"ab\",\"\\ud83d\\ude00x\",\"\xc3\xa9\xc3\xa9\xc3\xa9\",1]",
      "[\"\",\"\\ud83d\\ude00\",\"abcd\"]" },
    { "{\"items\":{\"type\":\"integer\"}}", "[[],[1,2],\"x\"]", "[[1,\"2\"]]" },
    { "{\"items\":false,\"prefixItems\":[true]}", "[[],[1]]", "[[1,2]]" },
    { "{\"items\":[{\"type\":\"string\"}],\"additionalItems\":{\"type\":\"null\"}}", "[[],[\"a\"],[\"a\",null]]",
      "[[1],[\"a\",1]]" },
    { "{\"additionalItems\":false}", "[[1,2,3]]", "[]" },
    { "{\"minItems\":1,\"maxItems\":2}", "[[1],[1,2],{}]", "[[],[1,2,3]]" },
    { "{\"uniqueItems\":true}", "[[1,2],[[1],[2]],[\"1\",1],[{\"a\":1},{\"a\":2}]]",
      "[[1,1.0],[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}],[[],[]]]" },
    { "{\"properties\":{\"a\":{\"type\":\"string\"}}}", "[{},{\"a\":\"x\"},{\"b\":1}]", "[{\"a\":1}]" },
    { "{\"properties\":{\"a\":true},\"additionalProperties\":false}", "[{},{\"a\":1}]", "[{\"b\":1},{\"A\":1}]" },
    { "{\"additionalProperties\":{\"type\":\"integer\"}}", "[{},{\"a\":1}]", "[{\"a\":\"1\"}]" },
    { "{\"patternProperties\":{\"^x-\":{\"type\":\"integer\"}},\"additionalProperties\":false}", "[{},{\"x-a\":1}]",
      "[{\"x-a\":\"1\"},{\"a\":1}]" },
    { "{\"propertyNames\":{\"maxLength\":2}}", "[{},{\"ab\":1}]", "[{\"abc\":1}]" },
    { "{\"required\":[\"a\",\"b\"]}", "[{\"b\":null,\"a\":0},1]", "[{},{\"a\":1},{\"A\":1,\"b\":1}]" },
    { "{\"dependentRequired\":{\"a\":[\"b\"]}}", "[{},{\"b\":1},{\"a\":1,\"b\":1}]", "[{\"a\":1}]" },
    { "{\"minProperties\":1,\"maxProperties\":1}", "[{\"a\":1},[]]", "[{},{\"a\":1,\"b\":2}]" },
    { "{\"anyOf\":[{\"type\":\"integer\"},{\"minLength\":2}]}", "[1,\"ab\",true]", "[\"a\"]" },
    { "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "[1,2,3]", "[0,4]" },
    { "{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "[1,4]", "[2,3,\"x\"]" },
    { "{\"not\":{\"type\":\"string\"}}", "[1]", "[\"a\"]" },
    { "{\"if\":{\"properties\":{\"k\":{\"const\":1}}},\"then\":{\"required\":[\"a\"]},\"else\":{\"required\":[\"b\"]}}",
      "[{\"k\":1,\"a\":1},{\"k\":2,\"b\":1}]", "[{\"k\":1,\"b\":1},{\"k\":2,\"a\":1}]" },
    { "{\"$ref\":\"#/$defs/a~1b~0c%25\",\"$defs\":{\"a/b~c%\":{\"type\":\"null\"}}}", "[null]", "[1]" },
    { "{\"$ref\":\"#/$defs/~01\",\"$defs\":{\"~1\":{\"type\":\"null\"},\"/\":true}}", "[null]", "[1]" },
    { "{\"$ref\":\"#/allOf/1\",\"allOf\":[true,{\"type\":\"null\"}]}", "[null]", "[1]" },
    { "{\"$ref\":\"#/$defs/a\",\"minimum\":2,\"$defs\":{\"a\":{\"maximum\":3}}}", "[2,3]", "[1,4]" },
    { "{\"type\":\"object\",\"properties\":{\"next\":{\"anyOf\":[{\"$ref\":\"#\"},{\"type\":\"null\"}]}},\"required\":[\"next\"]}",
      "[{\"next\":null},{\"next\":{\"next\":{\"next\":null}}}]", "[{\"next\":{}},{\"next\":{\"next\":1}}]" },
    { "{\"pattern\":\"^\\\\d{2}$\"}", "[\"12\",12]", "[\"1\",\"12\\n\",\"\xd9\xa1\xd9\xa2\"]" },
    { "{\"pattern\":\"\\\\u00e9[\\\\u{1F600}]\"}", "[\"\xc3\xa9\xf0\x9f\x98\x80\"]", "[\"e\"]" },
    { "{\"pattern\":\"^\\\\p{L}+$\"}", "[\"\xc3\xa9t\xc3\xa9\"]", "[\"1\",\"\"]" },
    { "{\"pattern\":\"^.$\"}", "[\"\xf0\x9f\x98\x80\"]", "[\"ab\",\"\"]" },
    { "{\"pattern\":\"\"}", "[\"\",\"a\"]", "[]" },
    { "{}", "[1,null,{},[]]", "[]" },
    { "true", "[1,null]", "[]" },
    { "false", "[]", "[1,null]" },
    { "{\"format\":\"email\",\"nullable\":true,\"x-odd\":[1],\"contains\":false}", "[1,\"not an address\",[1]]", "[]" },
    { "{\"type\":\"string\",\"default\":1,\"examples\":[2],\"description\":\"d\"}", "[\"a\"]", "[1]" },
};

static void check_all(const struct baton_json *schema, const struct baton_json *values, bool wanted)
{
    struct baton_arena *arena = tree_arena();
    for (const struct baton_json *value = values->child; value != NULL; value = value->next) {
        char reason[200];
        bool is_fit = baton_schema_check(schema, value, arena, reason, sizeof reason);
        cr_expect_eq(is_fit, wanted, "%s: %s: %s", tree_text(arena, schema), tree_text(arena, value), reason);
    }
    baton_arena_free(arena);
}

Test(schema, tells_what_fits)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(fits); i++) {
        struct tree schema = tree_json(arena, fits[i].schema);
        struct tree good = tree_json(arena, fits[i].fits), bad = tree_json(arena, fits[i].does_not);
        cr_assert(schema.root != NULL && good.root != NULL && bad.root != NULL, "row %zu", i);
        const struct baton_source source = { .name = "s", .text = BATON_STR("") };
        struct baton_error err;
        cr_expect_eq(baton_schema_validate(schema.root, &source, &err), BATON_OK, "%s: %s", fits[i].schema, err.text);
        check_all(schema.root, good.root, true);
        check_all(schema.root, bad.root, false);
    }
    baton_arena_free(arena);
}

/* ---- reasons ---- */

static const struct reason {
    const char *schema, *value, *want;
} reasons[] = {
    { "{\"type\":\"object\"}", "3", "must be an object, not a number" },
    { "{\"properties\":{\"id\":{\"type\":\"string\"}}}", "{\"id\":7}", "at /id: must be a string, not a number" },
    { "{\"properties\":{\"n\":{\"type\":\"integer\"}}}", "{\"n\":1.5}", "at /n: must be an integer, not a fraction" },
    { "{\"type\":[\"integer\",\"null\"]}", "\"x\"", "must be an integer or null, not a string" },
    { "{\"items\":{\"properties\":{\"a/b~\":{\"minimum\":3}}}}", "[{},{\"a/b~\":2.50}]",
      "at /1/a~1b~0: must be at least 3, not 2.50" },
    { "{\"exclusiveMaximum\":3}", "3", "must be less than 3, not 3" },
    { "{\"multipleOf\":2}", "3", "must be a multiple of 2, not 3" },
    { "{\"required\":[\"a\",\"b\"]}", "{\"a\":1}", "the key 'b' is missing" },
    { "{\"properties\":{\"order_id\":true},\"additionalProperties\":false}", "{\"orderid\":1}",
      "unknown key 'orderid'; did you mean 'order_id'?" },
    { "{\"additionalProperties\":false}", "{\"x\":1}", "unknown key 'x'" },
    { "{\"enum\":[\"a\",\"b\",3]}", "\"c\"", "must be one of \"a\", \"b\", 3" },
    { "{\"const\":{\"a\":1}}", "1", "must be {\"a\":1}" },
    { "{\"minLength\":1}", "\"\"", "must have at least 1 character, not 0" },
    { "{\"maxItems\":2}", "[1,2,3]", "must have at most 2 items, not 3" },
    { "{\"minProperties\":2}", "{}", "must have at least 2 keys, not 0" },
    { "{\"uniqueItems\":true}", "[3,1,2,1.0,3]", "must have no equal items, but those at 1 and 3 are" },
    { "{\"pattern\":\"^a\"}", "\"b\"", "does not match the pattern '^a'" },
    { "{\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}}}", "{\"a\":1}",
      "at /a: fits none of 2 alternatives; the first one: must be a string, not a number" },
    { "{\"oneOf\":[{\"items\":{\"type\":\"null\"}},false]}", "[null,1]",
      "fits none of 2 alternatives; the first one: at /1: must be null, not a number" },
    { "{\"oneOf\":[true,true]}", "1", "fits more than one alternative of 'oneOf'" },
    { "{\"not\":{}}", "1", "must not fit the schema of 'not'" },
    { "{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}", "at /ab: must have at most 1 character, not 2" },
    { "{\"properties\":{\"a\":false}}", "{\"a\":1}", "at /a: nothing is allowed here" },
    { "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "the key 'b' is missing" },
};

Test(schema, says_what_does_not_fit_and_where)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(reasons); i++) {
        char reason[256];
        const struct baton_json *schema = tree_json(arena, reasons[i].schema).root;
        const struct baton_json *value = tree_json(arena, reasons[i].value).root;
        cr_assert(schema != NULL && value != NULL, "row %zu", i);
        cr_expect_not(baton_schema_check(schema, value, arena, reason, sizeof reason), "%s", reasons[i].want);
        cr_expect_str_eq(reason, reasons[i].want, "%s", reason);
    }
    baton_arena_free(arena);
}

Test(schema, cuts_a_long_reason_at_a_character)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_json *schema = tree_json(arena, "{\"additionalProperties\":false}").root;
    const struct baton_json *value =
        tree_json(arena, "{\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\":1}").root;
    for (size_t bytes = 1; bytes < 40; bytes++) {
        char reason[64];
        size_t bad = 0;
        memset(reason, 'x', sizeof reason);
        cr_expect_not(baton_schema_check(schema, value, arena, reason, bytes));
        cr_expect_lt(strnlen(reason, sizeof reason), bytes);
        cr_expect(baton_utf8_valid(reason, strlen(reason), &bad), "%zu bytes", bytes);
    }
    baton_arena_free(arena);
}

Test(schema, shortens_a_long_place)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(100000);
    baton_text_puts(&text, "1");
    for (unsigned i = 0; i < 60; i++) {
        struct baton_str inner = { baton_arena_copy(arena, text.data, text.length), text.length };
        baton_text_reset(&text);
        baton_text_printf(&text, "{\"key\":%.*s}", (int)inner.length, inner.data);
    }
    const struct baton_json *schema =
        tree_json(arena, "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#\"}}").root;
    char reason[256];
    cr_expect_not(baton_schema_check(schema, tree_json(arena, text.data).root, arena, reason, sizeof reason));
    cr_expect_eq(strncmp(reason, "at .../key/key/", 15), 0, "%s", reason);
    cr_expect_neq(strstr(reason, "/key: must be an object, not a number"), NULL, "%s", reason);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

/* ---- limits ---- */

Test(schema, references_end)
{
    static const struct {
        const char *schema, *want;
    } rows[] = {
        { "{\"$ref\":\"#\"}", "the schema's references lead too deep" },
        { "{\"not\":{\"$ref\":\"#\"}}", "the schema's references lead too deep" },
        { "{\"anyOf\":[{\"$ref\":\"#\"},true]}", "the schema's references lead too deep" },
        { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}",
          "the schema's references lead too deep" },
        { "{\"allOf\":[{\"$ref\":\"#/$defs/l\"},{\"$ref\":\"#/$defs/l\"}],\"$defs\":{"
          "\"a\":true,\"b\":{\"allOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"},"
          "{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}]},"
          "\"c\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"},{\"$ref\":\"#/$defs/b\"},{\"$ref\":\"#/$defs/b\"},{\"$ref\":\"#/$defs/b\"}]},"
          "\"d\":{\"allOf\":[{\"$ref\":\"#/$defs/c\"},{\"$ref\":\"#/$defs/c\"},{\"$ref\":\"#/$defs/c\"},{\"$ref\":\"#/$defs/c\"}]},"
          "\"e\":{\"allOf\":[{\"$ref\":\"#/$defs/d\"},{\"$ref\":\"#/$defs/d\"},{\"$ref\":\"#/$defs/d\"},{\"$ref\":\"#/$defs/d\"}]},"
          "\"f\":{\"allOf\":[{\"$ref\":\"#/$defs/e\"},{\"$ref\":\"#/$defs/e\"},{\"$ref\":\"#/$defs/e\"},{\"$ref\":\"#/$defs/e\"}]},"
          "\"g\":{\"allOf\":[{\"$ref\":\"#/$defs/f\"},{\"$ref\":\"#/$defs/f\"},{\"$ref\":\"#/$defs/f\"},{\"$ref\":\"#/$defs/f\"}]},"
          "\"h\":{\"allOf\":[{\"$ref\":\"#/$defs/g\"},{\"$ref\":\"#/$defs/g\"},{\"$ref\":\"#/$defs/g\"},{\"$ref\":\"#/$defs/g\"}]},"
          "\"i\":{\"allOf\":[{\"$ref\":\"#/$defs/h\"},{\"$ref\":\"#/$defs/h\"},{\"$ref\":\"#/$defs/h\"},{\"$ref\":\"#/$defs/h\"}]},"
          "\"l\":{\"not\":{\"allOf\":[{\"$ref\":\"#/$defs/i\"},{\"$ref\":\"#/$defs/i\"},{\"$ref\":\"#/$defs/i\"}]}}}}",
          "the schema has too many references to follow" },
    };
    struct baton_arena *arena = tree_arena();
    const struct baton_source source = { .name = "s", .text = BATON_STR("") };
    const struct baton_json *value = tree_json(arena, "{\"a\":1}").root;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char reason[256];
        struct baton_error err;
        const struct baton_json *schema = tree_json(arena, rows[i].schema).root;
        cr_assert_eq(baton_schema_validate(schema, &source, &err), BATON_OK, "%s", err.text);
        cr_expect_not(baton_schema_check(schema, value, arena, reason, sizeof reason), "row %zu", i);
        cr_expect_str_eq(reason, rows[i].want, "%s", reason);
    }
    baton_arena_free(arena);
}

Test(schema, patterns_have_limits)
{
    struct baton_arena *arena = tree_arena();
    char *subject = baton_arena_alloc(arena, BATON_PATTERN_SUBJECT_MAX + 4);
    char reason[256];
    memset(subject, 'a', BATON_PATTERN_SUBJECT_MAX + 3);
    subject[0] = subject[BATON_PATTERN_SUBJECT_MAX + 2] = '"';
    subject[BATON_PATTERN_SUBJECT_MAX + 3] = '\0';
    const struct baton_json *plain = tree_json(arena, "{\"pattern\":\"^a\"}").root;
    cr_expect_not(baton_schema_check(plain, tree_json(arena, subject).root, arena, reason, sizeof reason));
    cr_expect_str_eq(reason, "is too long to be matched with the pattern '^a'", "%s", reason);
    subject[BATON_PATTERN_SUBJECT_MAX + 1] = '"';
    subject[BATON_PATTERN_SUBJECT_MAX + 2] = '\0';
    cr_expect(baton_schema_check(plain, tree_json(arena, subject).root, arena, reason, sizeof reason), "%s", reason);
    const struct baton_json *evil = tree_json(arena, "{\"pattern\":\"^(a+)+$\"}").root;
    const struct baton_json *groups = tree_json(arena, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"").root;
    cr_expect_not(baton_schema_check(evil, groups, arena, reason, sizeof reason));
    cr_expect_str_eq(reason, "takes too many steps to be matched with the pattern '^(a+)+$'", "%s", reason);
    baton_arena_free(arena);
}

Test(schema, finds_equal_items_among_many)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(8 * 1024 * 1024);
    baton_text_puts(&text, "[");
    for (unsigned i = 0; i < 100000; i++) {
        baton_text_printf(&text, "%u,", i);
    }
    size_t length = text.length;
    baton_text_puts(&text, "-1]");
    char reason[256];
    const struct baton_json *schema = tree_json(arena, "{\"uniqueItems\":true}").root;
    cr_expect(baton_schema_check(schema, tree_json(arena, text.data).root, arena, reason, sizeof reason), "%s", reason);
    text.length = length;
    baton_text_puts(&text, "77.0]");
    const struct baton_json *twice = tree_json(arena, text.data).root;
    cr_expect_not(baton_schema_check(schema, twice, arena, reason, sizeof reason));
    cr_expect_str_eq(reason, "must have no equal items, but those at 77 and 100000 are");
    baton_arena_fail_after(1);
    cr_expect_not(baton_schema_check(schema, twice, arena, reason, sizeof reason));
    baton_arena_fail_after(0);
    cr_expect_str_eq(reason, "needs more memory than is allowed to be checked");
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(schema, every_allocation_may_fail)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_json *schema = tree_json(arena, "{\"patternProperties\":{\"^a\":{\"pattern\":\"^x+$\"}},"
                                                       "\"uniqueItems\":true,\"additionalProperties\":false}")
                                          .root;
    const struct baton_json *value = tree_json(arena, "{\"a\":\"xx\",\"ab\":\"x\"}").root;
    bool is_fit = false;
    uint64_t n = 0;
    while (!is_fit) {
        char reason[200];
        size_t in_use = baton_arena_in_use(arena);
        baton_arena_fail_after(++n);
        is_fit = baton_schema_check(schema, value, arena, reason, sizeof reason);
        baton_arena_fail_after(0);
        cr_assert(is_fit || strcmp(reason, "needs more memory than is allowed to be checked") == 0 ||
                      strstr(reason, "takes too many steps") != NULL,
                  "%s", reason);
        cr_assert_eq(baton_arena_in_use(arena), in_use, "the arena is as it was");
        cr_assert_lt(n, 1000);
    }
    cr_expect_gt(n, 20);
    const struct baton_source source = { .name = "s", .text = BATON_STR("") };
    struct baton_error err;
    baton_arena_fail_after(1);
    cr_expect_eq(baton_schema_validate(schema, &source, &err), BATON_ENOMEM);
    baton_arena_fail_after(0);
    baton_arena_free(arena);
}

/* ---- loading ---- */

static const struct faulty {
    const char *schema, *want;
} faults[] = {
    { "3", "file:1:1: a schema must be an object, true or false, not a number" },
    { "[]", "file:1:1: a schema must be an object, true or false, not an array" },
    { "{\"type\":\n\"str\"}", "file:2:1: unknown type 'str'" },
    { "{\"type\":\"sting\"}", "file:1:9: unknown type 'sting'; did you mean 'string'?" },
    { "{\"type\":[\"string\",\"int\"]}", "file:1:19: unknown type 'int'" },
    { "{\"type\":[]}", "file:1:9: 'type' must name at least one type" },
    { "{\"type\":[1]}", "file:1:10: this must be the name of a type, not a number" },
    { "{\"type\":{}}", "file:1:9: 'type' must be the name of a type or a list of them, not an object" },
    { "{\"properties\":[]}", "file:1:15: 'properties' must be an object of schemas, not an array" },
    { "{\"properties\":{\"a\":\"string\"}}", "file:1:20: a schema must be an object, true or false, not a string" },
    { "{\"properties\":{\"a\":{\"items\":{\"type\":1}}}}",
      "file:1:37: 'type' must be the name of a type or a list of them, not a number" },
    { "{\"required\":true}", "file:1:13: 'required' must be a list of names, not a boolean" },
    { "{\"required\":[\"a\",1]}", "file:1:18: this must be the name of a key, not a number" },
    { "{\"dependentRequired\":{\"a\":\"b\"}}", "file:1:27: this must be a list of names, not a string" },
    { "{\"additionalProperties\":\"no\"}",
      "file:1:25: 'additionalProperties' must be a schema (an object, true or false), not a string" },
    { "{\"items\":1}", "file:1:10: 'items' must be a schema or a list of them, not a number" },
    { "{\"items\":[1]}", "file:1:11: a schema must be an object, true or false, not a number" },
    { "{\"enum\":\"a\"}", "file:1:9: 'enum' must be a list, not a string" },
    { "{\"minimum\":\"1\"}", "file:1:12: 'minimum' must be a number, not a string" },
    { "{\"minLength\":-1}", "file:1:14: 'minLength' must be a whole number of 0 or more, not -1" },
    { "{\"maxItems\":1.5}", "file:1:13: 'maxItems' must be a whole number of 0 or more, not 1.5" },
    { "{\"multipleOf\":0}", "file:1:15: 'multipleOf' must be a number above 0, not 0" },
    { "{\"uniqueItems\":1}", "file:1:16: 'uniqueItems' must be true or false, not a number" },
    { "{\"pattern\":\"(\"}", "file:1:12: the pattern '(' is wrong at character 2: missing closing parenthesis" },
    { "{\"pattern\":\"\\\\C\"}",
      "file:1:12: the pattern '\\C' is wrong at character 3: using \\C is disabled by the application" },
    { "{\"patternProperties\":{\"[\":{}}}",
      "file:1:23: the pattern '[' is wrong at character 2: missing terminating ] for character class" },
    { "{\"anyOf\":[]}", "file:1:10: 'anyOf' must list at least one schema" },
    { "{\"allOf\":{}}", "file:1:10: 'allOf' must be a list of schemas, not an object" },
    { "{\"not\":[]}", "file:1:8: 'not' must be a schema (an object, true or false), not an array" },
    { "{\"$ref\":1}", "file:1:9: '$ref' must be a text such as '#/$defs/x', not a number" },
    { "{\"$ref\":\"other.json\"}", "file:1:9: the reference 'other.json' leads to no schema; "
                                   "only '#' and '#/...' into the same schema work" },
    { "{\"$ref\":\"#/$defs/a\"}", "file:1:9: the reference '#/$defs/a' leads to no schema; "
                                  "only '#' and '#/...' into the same schema work" },
    { "{\"$ref\":\"#/type\",\"type\":\"null\"}", "file:1:9: the reference '#/type' leads to no schema; "
                                                 "only '#' and '#/...' into the same schema work" },
    { "{\"$defs\":{\"a\":{\"minimum\":[]}}}", "file:1:26: 'minimum' must be a number, not an array" },
};

Test(schema, refuses_a_faulty_schema_with_its_place)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(faults); i++) {
        const struct baton_source source = { .name = "file", .text = baton_str_of(faults[i].schema) };
        struct tree tree = tree_json(arena, faults[i].schema);
        cr_assert_eq(tree.status, BATON_OK, "row %zu: %s", i, tree_error(arena, &tree));
        tree.status = baton_schema_validate(tree.root, &source, &tree.err);
        cr_expect_eq(tree.status, BATON_EINPUT, "%s", faults[i].schema);
        cr_expect_str_eq(tree_error(arena, &tree), faults[i].want, "%s: %s", faults[i].schema,
                         tree_error(arena, &tree));
    }
    baton_arena_free(arena);
}

Test(schema, a_faulty_keyword_is_ignored_by_the_check)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_json *value = tree_json(arena, "{\"a\":[1,\"x\"]}").root;
    for (size_t i = 0; i < COUNT(faults); i++) {
        char reason[256];
        const struct baton_json *schema = tree_json(arena, faults[i].schema).root;
        bool is_fit = baton_schema_check(schema, value, arena, reason, sizeof reason);
        cr_expect_eq(is_fit, reason[0] == '\0', "%s: %s", faults[i].schema, reason);
    }
    baton_arena_free(arena);
}

Test(schema, takes_the_schemas_of_the_sample_agents)
{
    struct baton_arena *arena = tree_arena();
    size_t count = 0;
    for (const char **names = tree_folder(arena, "fixtures/agents", "yaml", 1); *names != NULL; names++) {
        struct baton_source source;
        struct baton_error err;
        const struct baton_json *root;
        const char *path = baton_arena_printf(arena, "fixtures/agents/%s", *names);
        cr_assert_eq(baton_document_load(&root, &source, arena, path, &err), BATON_OK, "%s", err.text);
        const struct baton_json *tools = baton_json_get(root, "tools");
        for (const struct baton_json *tool = tools == NULL ? NULL : tools->child; tool != NULL; tool = tool->next) {
            const struct baton_json *schema = baton_json_get(tool, "parameters");
            if (schema != NULL) {
                count++;
                cr_expect_eq(baton_schema_validate(schema, &source, &err), BATON_OK, "%s: %s", path, err.text);
            }
        }
    }
    cr_expect_gt(count, 0);
    baton_arena_free(arena);
}

/* ---- values ---- */

Test(schema, orders_numbers_exactly)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {
        { "1", "1.0", 0 },
        { "100", "1e2", 0 },
        { "0.1", "1E-1", 0 },
        { "-0.0", "0", 0 },
        { "9007199254740993", "9007199254740992", 1 },
        { "9007199254740992.5", "9007199254740993", -1 },
        { "18446744073709551615", "18446744073709551614", 1 },
        { "-18446744073709551615", "-18446744073709551614", -1 },
        { "1e300", "1e299", 1 },
        { "1e-300", "0", 1 },
        { "-1", "1e-300", -1 },
        { "123456789012345678901234567890", "123456789012345678901234567890.0", 0 },
        { "1e-400", "2e-400", -1 },
        { "0.30", "0.3000000000000000001", -1 },
    };
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct baton_json *a = tree_json(arena, rows[i].a).root, *b = tree_json(arena, rows[i].b).root;
        int order = baton_value_order(a, b), back = baton_value_order(b, a);
        cr_expect_eq((order > 0) - (order < 0), rows[i].want, "%s and %s", rows[i].a, rows[i].b);
        cr_expect_eq((back > 0) - (back < 0), -rows[i].want, "%s and %s", rows[i].b, rows[i].a);
        cr_expect_eq(baton_value_equal(a, b), rows[i].want == 0, "%s and %s", rows[i].a, rows[i].b);
    }
    baton_arena_free(arena);
}
