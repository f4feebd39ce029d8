#include "engine/base/yaml.h"

#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* ---- what a document means ---- */

static const struct reading {
    const char *name, *text, *want;
} readings[] = {
    { "yes and no are texts", "a: yes\nb: No\nc: on\nd: off\n",
      "{\"a\":\"yes\",\"b\":\"No\",\"c\":\"on\",\"d\":\"off\"}" },
    { "an octal of old is a text", "a: 012\nb: 0o12\nc: 0x1F\n", "{\"a\":\"012\",\"b\":\"0o12\",\"c\":\"0x1F\"}" },
    { "a time of day is a text", "a: 12:30\nb: 2024-01-02\n", "{\"a\":\"12:30\",\"b\":\"2024-01-02\"}" },
    { "a version is a text", "a: 1.2.3\nb: 1_000\nc: +1\nd: .5\ne: 1.\n",
      "{\"a\":\"1.2.3\",\"b\":\"1_000\",\"c\":\"+1\",\"d\":\".5\",\"e\":\"1.\"}" },
    { "numbers as in JSON", "[0, -1, 2.50, 1e3, 18446744073709551615]", "[0,-1,2.50,1e3,18446744073709551615]" },
    { "three spellings of null, true, false", "[null, Null, NULL, true, True, TRUE, false, False, FALSE]",
      "[null,null,null,true,true,true,false,false,false]" },
    { "other spellings are texts", "[nULL, tRUE, .inf, .NaN]", "[\"nULL\",\"tRUE\",\".inf\",\".NaN\"]" },
    { "a tilde and nothing are null", "a: ~\nb:\nc: [~, ]\nd: {e: }\n",
      "{\"a\":null,\"b\":null,\"c\":[null],\"d\":{\"e\":null}}" },
    { "what is quoted is a text", "[\"1\", 'true', \"null\", '~', '']", "[\"1\",\"true\",\"null\",\"~\",\"\"]" },
    { "what is tagged a text is one", "a: !!str 12\nb: !!str\nc: ! 3\nd: !!str true\n",
      "{\"a\":\"12\",\"b\":\"\",\"c\":\"3\",\"d\":\"true\"}" },
    { "keys are texts", "1: a\ntrue: b\n~: c\nnull: d\n", "{\"1\":\"a\",\"true\":\"b\",\"~\":\"c\",\"null\":\"d\"}" },
    { "a key in quotes", "\"a b\": 1\n'c: d': 2\n? e\n: 3\n", "{\"a b\":1,\"c: d\":2,\"e\":3}" },
    { "a literal block", "a: |\n  one\n    two\n\n  three\nb: 1\n", "{\"a\":\"one\\n  two\\n\\nthree\\n\",\"b\":1}" },
    { "a literal block without its last line break", "a: |-\n  one\n  two\n", "{\"a\":\"one\\ntwo\"}" },
    { "a literal block with all of them", "a: |+\n  one\n\n\nb: 1\n", "{\"a\":\"one\\n\\n\\n\",\"b\":1}" },
    { "a folded block", "a: >\n  one\n  two\n\n  three\n", "{\"a\":\"one two\\nthree\\n\"}" },
    { "a block with an indentation of its own", "a: |2\n    one\n", "{\"a\":\"  one\\n\"}" },
    { "a block of digits is a text", "a: |\n  12\n", "{\"a\":\"12\\n\"}" },
    { "plain text over lines", "a: one\n  two\n  three\n", "{\"a\":\"one two three\"}" },
    { "escapes in double quotes", "a: \"\\x41\\u00e9\\U0001F600\\t\\e\\\"\"\n",
      "{\"a\":\"A\xc3\xa9\xf0\x9f\x98\x80\\t\\u001b\\\"\"}" },
    { "no escapes in single quotes", "a: 'it''s \\n'\n", "{\"a\":\"it's \\\\n\"}" },
    { "two quotes in a row", "a: 'x''''y'\nb: ''''''\n", "{\"a\":\"x''y\",\"b\":\"''\"}" },
    { "an escaped backslash before an escaped line break", "a: \"b\\\\\\\n  , c\"\n", "{\"a\":\"b\\\\, c\"}" },
    { "lines in double quotes", "a: \"x \\\n  \\ y \\t \n\n\n  z\n  \\\n\n  w\"\n",
      "{\"a\":\"x  y \\t\\n\\nz \\nw\"}" },
    { "lines in single quotes", "a: 'x \\\n\n   y\t\n  z '\n", "{\"a\":\"x \\\\\\ny z \"}" },
    { "quoted lines of other systems", "a: \"x \r\n\r\n  y\\\r\n  z\"\r\n", "{\"a\":\"x\\nyz\"}" },
    { "every escape", "\"\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\\N\\_\\L\\P\\x7e\\u00E9\\U0001f600\"",
      "\"\\u0007\\b\\t\\n\\u000b\\f\\r\\u001b \\\"/\\\\\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9~\xc3\xa9\xf0\x9f\x98\x80"
      "\"" },
    { "comments", "# one\na: 1 # two\n# three\nb: '#4'\n", "{\"a\":1,\"b\":\"#4\"}" },
    { "one document with its marks", "%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}" },
    { "a byte order mark",
      "\xef\xbb\xbf"
      "a: 1\n",
      "{\"a\":1}" },
    { "line breaks of other systems", "a: 1\r\nb:\r\n  - 2\r\n", "{\"a\":1,\"b\":[2]}" },
    { "an anchor on a text", "a: &x one\nb: *x\n", "{\"a\":\"one\",\"b\":\"one\"}" },
    { "an anchor on a list", "a: &x [1, 2]\nb: *x\nc: [*x, *x]\n", "{\"a\":[1,2],\"b\":[1,2],\"c\":[[1,2],[1,2]]}" },
    { "an anchor on an object", "a: &x\n  b: 1\n  c: {d: 2}\ne: *x\n",
      "{\"a\":{\"b\":1,\"c\":{\"d\":2}},\"e\":{\"b\":1,\"c\":{\"d\":2}}}" },
    { "an anchor within an anchor", "a: &x [&y {k: 1}]\nb: [*y, *x]\n",
      "{\"a\":[{\"k\":1}],\"b\":[{\"k\":1},[{\"k\":1}]]}" },
    { "an anchor on nothing", "a: &x\nb: *x\n", "{\"a\":null,\"b\":null}" },
    { "an anchor set twice: the later one", "- &x 1\n- &x 2\n- *x\n", "[1,2,2]" },
    { "an anchor on a key", "&x a: 1\nb: 2\n", "{\"a\":1,\"b\":2}" },
    { "a lone scalar", "42\n", "42" },
    { "a lone text", "just text\n", "\"just text\"" },
    { "a list at the indentation of its key", "a:\n- 1\n- b: 2\n  c: 3\n", "{\"a\":[1,{\"b\":2,\"c\":3}]}" },
    { "JSON", "{\"a\":[1,true,null,\"\\u00e9\"],\"b\":{}}", "{\"a\":[1,true,null,\"\xc3\xa9\"],\"b\":{}}" },
    { "blank lines indented more", "a: |\n  x\n   \n   \n    y\n", "{\"a\":\"x\\n \\n \\n  y\\n\"}" },
    { "an empty block at the end", "a: |\nb: >\n  ", "{\"a\":\"\",\"b\":\"\"}" },
    { "a block without a last line break", "a: |\n  x", "{\"a\":\"x\"}" },
    { "a block of blanks at the end", "a: |2\n    ", "{\"a\":\"  \"}" },
    { "a block of blanks at the end, kept", "a: |+\n  x\n\n\n", "{\"a\":\"x\\n\\n\\n\"}" },
    { "a tab after a colon", "a:\tb\nc:\t|\n  d\n", "{\"a\":\"b\",\"c\":\"d\\n\"}" },
    { "a merge key is a key like any other", "a: &x {b: 1}\nc:\n  <<: *x\n",
      "{\"a\":{\"b\":1},\"c\":{\"<<\":{\"b\":1}}}" },
};

Test(yaml, means_what_the_same_in_json_means)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(readings); i++) {
        struct tree tree = tree_yaml(arena, readings[i].text);
        cr_expect_eq(tree.status, BATON_OK, "%s: %s", readings[i].name, tree_error(arena, &tree));
        if (tree.status == BATON_OK) {
            cr_expect_str_eq(tree_text(arena, tree.root), readings[i].want, "%s: %s", readings[i].name,
                             tree_text(arena, tree.root));
            cr_expect_eq(tree_json(arena, readings[i].want).status, BATON_OK, "%s", readings[i].name);
        }
    }
    baton_arena_free(arena);
}

/* ---- what is refused, and where ---- */

static const struct refusal {
    const char *name, *text;
    size_t length; /* 0: up to the NUL */
    const char *want;
} refusals[] = {
    { "nothing", "", 0, "file:1:1: empty, where YAML was expected" },
    { "only a comment", "# nothing\n", 0, "file:1:1: empty, where YAML was expected" },
    { "duplicate keys", "a: 1\nb: 2\na: 3\n", 0, "file:3:1: the key 'a' stands here twice; remove one" },
    { "duplicate keys below", "a:\n  b: {c: 1, c: 2}\n", 0, "file:2:13: the key 'c' stands here twice; remove one" },
    { "keys equal once unquoted", "a: 1\n\"\\x61\": 2\n", 0, "file:2:1: the key 'a' stands here twice; remove one" },
    { "a tab after the colon of a ? key", "? q:\t- b\n", 0, "file:1:3: a key must be a plain word or a quoted text" },
    { "a tab for indentation", "a:\n\tb: 1\n", 0, "file:2:1: not valid YAML: a tab cannot be used for indentation" },
    { "a quote never closed", "a: 1\nb: \"open\n", 0, "file:2:4: not valid YAML: a quote that is never closed" },
    { "a single quote never closed", "a: 1\n\xc3\xa9: 'open\n", 0,
      "file:2:5: not valid YAML: a quote that is never closed" },
    { "a bracket never closed", "a: [1, 2\n", 0,
      "file:2:1: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence" },
    { "wrong indentation", "a: 1\n  b: 2\n", 0,
      "file:2:4: not valid YAML: mapping values are not allowed in this context" },
    { "an unknown escape", "a: \"\\q\"\n", 0,
      "file:1:5: not valid YAML: found unknown escape character, while parsing a quoted scalar" },
    { "an alias never anchored", "a: 1\nb: *nowhere\n", 0, "file:2:4: no anchor '&nowhere' before this alias" },
    { "an alias before its anchor", "a: *x\nb: &x 1\n", 0, "file:1:4: no anchor '&x' before this alias" },
    { "an alias within its own anchor", "a: &x [1, *x]\n", 0, "file:1:11: no anchor '&x' before this alias" },
    { "an alias for a key", "a: &x b\n*x : 1\n", 0, "file:2:1: an alias cannot be a key" },
    { "a list for a key", "? [1]\n: 2\n", 0, "file:1:3: a key must be a plain word or a quoted text" },
    { "an object for a key", "{{a: 1}: 2}\n", 0, "file:1:2: a key must be a plain word or a quoted text" },
    { "a second document", "a: 1\n---\nb: 2\n", 0, "file:2:1: a second document; one file holds one" },
    { "a tag for a number", "a: 1\nb: !!int 3\n", 0, "file:2:4: the tag 'tag:yaml.org,2002:int' is not supported" },
    { "a tag of one's own", "a: !mine 3\n", 0, "file:1:4: the tag '!mine' is not supported" },
    { "a tag of odd bytes", "!%2e%!!%2e%%2D1", 0,
      "file:1:5: not valid YAML: did not find URI escaped octet, while parsing a tag" },
    { "a tag on an object", "a: !!map {}\n", 0, "file:1:4: the tag 'tag:yaml.org,2002:map' is not supported" },
    { "a number too large", "a: 1\nb: 1e999\n", 0, "file:2:4: the number is too large" },
    { "invalid UTF-8", "a: 1\nb: \xff\n", 0, "file:2:4: not UTF-8: byte 0xff" },
    { "NUL in a text", "a: x\0y\n", 7, "file:1:5: control byte 0x00; write it as an escape in double quotes" },
    { "a control byte", "a: |\n  x\x1by\n", 0, "file:2:4: control byte 0x1b; write it as an escape in double quotes" },
    { "a line break of old YAML", "a: x\xc2\x85y\n", 0,
      "file:1:5: a line break of old YAML, U+0085; write it as an escape in double quotes" },
    { "NUL at the end", "a: x\n\0", 6, "file:2:1: control byte 0x00; write it as an escape in double quotes" },
    { "half a surrogate pair", "\"\\ud800\"", 0,
      "file:1:4: not valid YAML: found invalid Unicode character escape code, while parsing a quoted scalar" },
    { "an escaped NUL", "a: \"\\0\"\n", 0, "file:1:4: a NUL byte is not allowed in a text" },
    { "an escaped NUL in a key", "\"\\0\": 1\n", 0, "file:1:1: a NUL byte is not allowed in a text" },
};

Test(yaml, refuses_with_the_place)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct tree tree =
            tree_read(baton_yaml_parse, arena, row->text, row->length == 0 ? strlen(row->text) : row->length);
        cr_expect_eq(tree.status, BATON_EINPUT, "%s", row->name);
        cr_expect_str_eq(tree_error(arena, &tree), row->want, "%s: %s", row->name, tree_error(arena, &tree));
    }
    baton_arena_free(arena);
}

Test(yaml, keeps_binary_where_it_is_asked_to)
{
    static const char text[] =
        "a: !!binary |\n  H4sI\n  AAAA\nb: &x !!binary \"aGk=\"\nc: *x\nd: aGk=\ne: !!binary 12\n";
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_read(baton_yaml_parse_with_binary, arena, text, sizeof text - 1);
    cr_assert_eq(tree.status, BATON_OK, "%s", tree_error(arena, &tree));
    cr_expect_str_eq(tree_text(arena, tree.root),
                     "{\"a\":\"H4sI\\nAAAA\\n\",\"b\":\"aGk=\",\"c\":\"aGk=\",\"d\":\"aGk=\",\"e\":\"12\"}");
    for (const struct baton_json *member = tree.root->child; member != NULL; member = member->next) {
        cr_expect_eq(member->is_binary, !baton_str_is(member->key, "d"), "%s", member->key.data);
    }
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "a list", "a: !!binary [x]\n", "file:1:4: only a text can be !!binary" },
        { "a key", "!!binary a: x\n", "file:1:1: a key cannot be !!binary" },
        { "another tag", "a: !!int 3\n", "file:1:4: the tag 'tag:yaml.org,2002:int' is not supported" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tree refused = tree_read(baton_yaml_parse_with_binary, arena, rows[i].text, strlen(rows[i].text));
        cr_expect_str_eq(tree_error(arena, &refused), rows[i].want, "%s", rows[i].name);
    }
    struct tree strict = tree_yaml(arena, "a: !!binary aGk=\n");
    cr_expect_str_eq(tree_error(arena, &strict), "file:1:4: the tag 'tag:yaml.org,2002:binary' is not supported");
    baton_arena_free(arena);
}

static const char *brackets(struct baton_arena *arena, unsigned depth)
{
    char *text = baton_arena_alloc(arena, 2 * (size_t)depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

Test(yaml, bounds_nesting)
{
    struct baton_arena *arena = tree_arena();
    struct tree flat = tree_yaml(arena, brackets(arena, 63));
    cr_expect_eq(flat.status, BATON_OK, "%s", tree_error(arena, &flat));
    static const unsigned deep[] = { 65, 100, 20000 };
    for (size_t i = 0; i < COUNT(deep); i++) {
        cr_expect_eq(tree_yaml(arena, brackets(arena, deep[i])).status, BATON_EINPUT, "%u", deep[i]);
    }
    struct baton_text block = baton_text_with_limit(1000000);
    for (unsigned i = 0; i < 500; i++) {
        baton_text_printf(&block, "%*sa:\n", (int)i, "");
    }
    cr_expect_eq(tree_yaml(arena, block.data).status, BATON_EINPUT);
    baton_text_clear(&block);
    baton_arena_free(arena);
}

/* a0: &a0 [[[...]]], a1: &a1 [[[... *a0]]]: each alias hangs one more pile of brackets below. */
Test(yaml, aliases_do_not_get_round_the_depth)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(1000000);
    baton_text_printf(&text, "a0: &a0 %s\n", brackets(arena, 40));
    baton_text_printf(&text, "a1: &a1 %.*s*a0%s\n", 22, brackets(arena, 22), brackets(arena, 22) + 22);
    struct tree fits = tree_yaml(arena, text.data);
    cr_expect_eq(fits.status, BATON_OK, "%s", tree_error(arena, &fits));
    cr_expect_eq(tree_json(arena, tree_text(arena, fits.root)).status, BATON_OK, "no deeper than JSON may be");
    baton_text_printf(&text, "a2: [[*a1]]\n");
    struct tree deep = tree_yaml(arena, text.data);
    cr_expect_str_eq(tree_error(arena, &deep), "file:3:7: nested deeper than 64 levels with this alias", "%s",
                     tree_error(arena, &deep));
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(yaml, refuses_a_billion_laughs_at_once, .timeout = 5)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(1000000);
    baton_text_puts(&text, "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (char c = 'b'; c <= 'j'; c++) {
        baton_text_printf(&text, "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c - 1, c - 1,
                          c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    }
    struct tree tree = tree_yaml(arena, text.data);
    cr_expect_eq(tree.status, BATON_EINPUT);
    cr_expect_neq(strstr(tree_error(arena, &tree), "more than 1000000 nodes"), NULL, "%s", tree_error(arena, &tree));
    cr_expect_lt(baton_arena_peak(arena), 1000000);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(yaml, bounds_the_anchors, .timeout = 5)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(1000000);
    for (unsigned i = 0; i < 1024; i++) {
        baton_text_printf(&text, "- &a%u x\n", i);
    }
    cr_expect_eq(tree_yaml(arena, text.data).status, BATON_OK);
    baton_text_puts(&text, "- &more x\n");
    struct tree tree = tree_yaml(arena, text.data);
    cr_expect_str_eq(tree_error(arena, &tree), "file:1025:3: more than 1024 anchors", "%s", tree_error(arena, &tree));
    baton_text_clear(&text);
    baton_arena_free(arena);
}

/* Some readers need four times as long for twice as many. */
Test(yaml, reads_much_white_space_at_once, .timeout = 5)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(1000000);
    baton_text_puts(&text, "a: |\n  x");
    for (unsigned i = 0; i < 200000; i++) {
        baton_text_puts(&text, "\n  ");
    }
    struct tree tree = tree_yaml(arena, text.data);
    cr_expect_eq(tree.status, BATON_OK, "%s", tree_error(arena, &tree));
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(yaml, names_the_places_of_values_and_keys)
{
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_yaml(arena, "a: 1\n\xc3\xa9: 'two'\nc:\n  - x\n  - {d: 4}\ne: |\n  text\n");
    cr_assert_eq(tree.status, BATON_OK);
    static const struct {
        const char *key;
        uint32_t key_offset, offset;
    } rows[] = { { "a", 0, 3 }, { "\xc3\xa9", 5, 9 }, { "c", 15, 20 }, { "e", 35, 0 } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct baton_json *node = baton_json_get(tree.root, rows[i].key);
        cr_assert_not_null(node);
        cr_expect_eq(node->key_offset, rows[i].key_offset, "%s is at %u", rows[i].key, node->key_offset);
        cr_expect(rows[i].offset == 0 || node->offset == rows[i].offset, "%s's value is at %u", rows[i].key,
                  node->offset);
    }
    baton_arena_free(arena);
}

/* ---- the corpus and random documents ---- */

Test(yaml, survives_the_test_suite)
{
    struct baton_arena *arena = tree_arena();
    size_t loaded = 0;
    for (const char **names = tree_folder(arena, "fixtures/corpus/yaml", "yaml", 150); *names != NULL; names++) {
        struct baton_str text = tree_file(arena, baton_arena_printf(arena, "fixtures/corpus/yaml/%s", *names));
        struct tree tree = tree_read(baton_yaml_parse, arena, text.data, text.length);
        cr_expect(tree.status == BATON_OK || tree.status == BATON_EINPUT, "%s", *names);
        loaded += tree.status == BATON_OK;
        if (tree.status == BATON_OK) { /* what it says is JSON too */
            const char *written = tree_text(arena, tree.root);
            struct tree again = tree_json(arena, written);
            cr_assert_eq(again.status, BATON_OK, "%s: %s", *names, tree_error(arena, &again));
            cr_expect_str_eq(tree_text(arena, again.root), written, "%s", *names);
        }
    }
    cr_expect_gt(loaded, 100, "%zu", loaded);
    baton_arena_free(arena);
}

Test(yaml, reads_the_samples_of_this_repository)
{
    struct baton_arena *arena = tree_arena();
    static const char *const folders[] = { "fixtures/agents", "fixtures/suites" };
    for (size_t i = 0; i < COUNT(folders); i++) {
        for (const char **names = tree_folder(arena, folders[i], "yaml", 1); *names != NULL; names++) {
            struct baton_str text = tree_file(arena, baton_arena_printf(arena, "%s/%s", folders[i], *names));
            struct tree tree = tree_read(baton_yaml_parse, arena, text.data, text.length);
            cr_expect_eq(tree.status, BATON_OK, "%s: %s", *names, tree_error(arena, &tree));
        }
    }
    baton_arena_free(arena);
}

/* JSON is YAML too. */
Test(yaml, random_json_is_the_same_in_both_readers)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 5);
    struct baton_arena *arena = tree_arena();
    struct baton_text text = baton_text_with_limit(16 * 1024 * 1024);
    size_t same = 0;
    for (unsigned i = 0; i < 1000; i++) {
        baton_text_reset(&text);
        baton_arena_reset(arena);
        tree_random(&text, &prng);
        struct tree json = tree_read(baton_json_parse, arena, text.data, text.length);
        if (json.status != BATON_OK || strpbrk(text.data, "\x7f\xc2\xef") != NULL) { /* YAML wants some escaped */
            continue;
        }
        struct tree yaml = tree_read(baton_yaml_parse, arena, text.data, text.length);
        cr_assert_eq(yaml.status, BATON_OK, "%s\n%s", tree_error(arena, &yaml), text.data);
        cr_assert_str_eq(tree_text(arena, yaml.root), tree_text(arena, json.root));
        same++;
    }
    cr_expect_gt(same, 250, "%zu", same);
    baton_text_clear(&text);
    baton_arena_free(arena);
}

Test(yaml, survives_any_change_of_bytes)
{
    struct baton_prng prng;
    baton_prng_seed(&prng, 6);
    struct baton_arena *arena = tree_arena();
    struct baton_str text = tree_file(arena, "fixtures/agents/support.yaml");
    static const char likely[] = "\"'{}[]:,-?&*!|>%#@`\n\t \x80\xff";
    size_t length = text.length < 1500 ? text.length : 1500;
    size_t loaded = 0, refused = 0;
    for (unsigned i = 0; i < 2000; i++) {
        char bytes[1500];
        struct baton_arena_mark mark = baton_arena_mark(arena);
        memcpy(bytes, text.data, length);
        for (uint64_t k = baton_prng_below(&prng, 3) + 1; k > 0; k--) {
            bytes[baton_prng_below(&prng, length)] = likely[baton_prng_below(&prng, sizeof likely)];
        }
        struct tree tree = tree_read(baton_yaml_parse, arena, bytes, length);
        *(tree.status == BATON_OK ? &loaded : &refused) += 1;
        cr_assert(tree.status == BATON_OK || (tree.status == BATON_EINPUT && tree.err.line > 0), "%s",
                  tree_error(arena, &tree));
        baton_arena_rollback(arena, mark);
    }
    cr_expect(loaded > 20 && refused > 200, "%zu loaded, %zu refused", loaded, refused);
    baton_arena_free(arena);
}

Test(yaml, every_allocation_may_fail)
{
    static const char text[] =
        "a: &x one\nb: &list [1, *x, {c: 2}]\nd:\n  - *list\n  - |\n    block\n  - !!str 3\n"
        "e: {k1: 1, k2: 2, k3: 3, k4: 4, k5: 5, k6: 6, k7: 7, k8: 8, k9: 9, k10: 1, k11: 1, k12: 1,"
        " k13: 1, k14: 1, k15: 1, k16: 1, k17: 1, k18: ~}\nf: &y\ng: *y\n";
    const struct baton_source source = { .name = "file", .text = BATON_STR(text) };
    struct baton_arena *arena = tree_arena();
    enum baton_status status = BATON_ELIMIT;
    const struct baton_json *root = NULL;
    struct baton_error err;
    uint64_t n = 0;
    while (status != BATON_OK) {
        baton_arena_fail_after(++n);
        status = baton_yaml_parse(&root, arena, &source, &err);
        baton_arena_fail_after(0);
        cr_assert(status == BATON_OK || (status == BATON_ELIMIT && root == NULL), "allocation %llu: %s",
                  (unsigned long long)n, err.text);
        cr_assert_lt(n, 1000);
    }
    cr_expect_gt(n, 50);
    cr_expect_str_eq(tree_text(arena, root), tree_text(arena, tree_yaml(arena, text).root));
    baton_arena_free(arena);
}

/* Where only large pieces fail, a name may be lost although its anchor could be kept. */
Test(yaml, arenas_of_any_size_end_in_a_limit_or_a_tree)
{
    struct baton_arena *large = tree_arena();
    struct baton_text text = baton_text_with_limit(100000);
    baton_text_printf(&text, "- &%0*d x\n- *%0*d\n- &b [1]\n- *b\n", 300, 1, 300, 1);
    const struct baton_source source = { .name = "file", .text = baton_text_str(&text) };
    size_t loaded = 0;
    for (size_t limit = 16; limit < 4096; limit += 16) {
        struct baton_arena *arena = baton_arena_new(limit);
        const struct baton_json *root;
        struct baton_error err;
        enum baton_status status = baton_yaml_parse(&root, arena, &source, &err);
        cr_assert(status == BATON_OK || status == BATON_ELIMIT, "%zu: %s", limit, err.text);
        if (status == BATON_OK) {
            loaded++;
            cr_assert_str_eq(tree_text(large, root), "[\"x\",\"x\",[1],[1]]");
        }
        baton_arena_free(arena);
    }
    cr_expect_gt(loaded, 10);
    baton_text_clear(&text);
    baton_arena_free(large);
}
