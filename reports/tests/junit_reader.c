#include "reports/tests/junit_reader.h"

#include "engine/base/json.h"
#include "engine/base/utf8.h"

#include <string.h>

struct reader {
    struct baton_arena *arena;
    const char *at, *start, *end;
    const char *problem;
};

static bool fail(struct reader *reader, const char *what)
{
    if (reader->problem == NULL) {
        reader->problem = baton_arena_printf(reader->arena, "byte %zu: %s", (size_t)(reader->at - reader->start), what);
    }
    return false;
}

static bool skip(struct reader *reader, const char *literal)
{
    size_t length = strlen(literal);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, literal, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static struct baton_str name(struct reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", *reader->at) != NULL &&
           *reader->at != '\0') {
        reader->at++;
    }
    if (reader->at == start) {
        fail(reader, "a name was expected");
    }
    return (struct baton_str){ start, (size_t)(reader->at - start) };
}

/* One character or reference, decoded into out. */
static bool character(struct reader *reader, struct baton_text *out, bool is_attribute)
{
    static const struct {
        const char *reference;
        char value;
    } references[] = { { "&lt;", '<' },   { "&gt;", '>' },  { "&amp;", '&' },  { "&quot;", '"' },
                       { "&#39;", '\'' }, { "&#9;", '\t' }, { "&#10;", '\n' }, { "&#13;", '\r' } };
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        if (skip(reader, references[i].reference)) {
            baton_text_putc(out, references[i].value);
            return true;
        }
    }
    unsigned char c = (unsigned char)*reader->at;
    if (c == '&' || c == '<' || (c < 0x20 && (c != '\n' || is_attribute))) {
        return fail(reader, "a character that may not stand there");
    }
    size_t left = (size_t)(reader->end - reader->at);
    if (left >= 3 && (memcmp(reader->at, "\xef\xbf\xbe", 3) == 0 || memcmp(reader->at, "\xef\xbf\xbf", 3) == 0)) {
        return fail(reader, "U+FFFE or U+FFFF");
    }
    if (left >= 3 && memcmp(reader->at, "]]>", 3) == 0) {
        return fail(reader, "]]> in text");
    }
    baton_text_putc(out, *reader->at++);
    return true;
}

static bool read_text(struct reader *reader, struct baton_str *out, char stop, bool is_attribute)
{
    struct baton_text text = baton_text_with_limit(SIZE_MAX / 2);
    baton_text_append(&text, out->data, out->length);
    while (reader->problem == NULL && reader->at < reader->end && *reader->at != stop) {
        character(reader, &text, is_attribute);
    }
    *out = (struct baton_str){ baton_arena_copy(reader->arena, text.length == 0 ? "" : text.data, text.length),
                               text.length };
    baton_text_clear(&text);
    return reader->problem == NULL && (reader->at < reader->end || fail(reader, "the text does not end"));
}

static bool attributes(struct reader *reader, struct xml_node *node)
{
    while (skip(reader, " ")) {
        if (node->attribute_count == XML_ATTRIBUTES_MAX) {
            return fail(reader, "too many attributes");
        }
        struct baton_str key = name(reader), value = { "", 0 };
        if (xml_attribute(node, baton_arena_copy(reader->arena, key.data, key.length)).data != NULL) {
            return fail(reader, "an attribute twice");
        }
        if (!skip(reader, "=\"") || !read_text(reader, &value, '"', true) || !skip(reader, "\"")) {
            return fail(reader, "a value in double quotes was expected");
        }
        node->attributes[node->attribute_count].name = key;
        node->attributes[node->attribute_count++].value = value;
    }
    return true;
}

/* A start tag, behind its <. */
static struct xml_node *open_node(struct reader *reader, struct xml_node *parent, bool *is_closed)
{
    struct xml_node *node = baton_arena_zero(reader->arena, sizeof *node);
    node->parent = parent;
    node->name = name(reader);
    node->text = (struct baton_str){ "", 0 };
    if (parent != NULL) {
        *(parent->last == NULL ? &parent->child : &parent->last->next) = node;
        parent->last = node;
    }
    attributes(reader, node);
    *is_closed = skip(reader, "/>");
    if (!*is_closed && !skip(reader, ">")) {
        fail(reader, "a tag that does not end");
    }
    return node;
}

/* What stands between two tags, and the tag. Returns the node that is open behind it. */
static struct xml_node *step(struct reader *reader, struct xml_node *node, size_t *depth)
{
    bool is_closed;
    if (!read_text(reader, &node->text, '<', false)) {
        return NULL;
    }
    if (skip(reader, "</")) {
        struct baton_str closing = name(reader);
        if (!baton_str_equal(closing, node->name) || !skip(reader, ">")) {
            fail(reader, "the closing tag of another element");
        }
        --*depth;
        return node->parent;
    }
    skip(reader, "<");
    if (*depth == XML_DEPTH_MAX) {
        fail(reader, "too deep");
        return NULL;
    }
    struct xml_node *child = open_node(reader, node, &is_closed);
    *depth += !is_closed;
    return is_closed ? node : child;
}

const struct xml_node *xml_read(struct baton_arena *arena, struct baton_str text, const char **problem)
{
    struct reader reader = { .arena = arena, .at = text.data, .start = text.data, .end = text.data + text.length };
    size_t bad = 0, depth = 1;
    bool is_closed = false;
    struct xml_node *root = NULL;
    if (!baton_utf8_valid(text.data, text.length, &bad)) {
        fail(&reader, "not UTF-8");
    } else if (!skip(&reader, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<")) {
        fail(&reader, "no declaration");
    } else {
        root = open_node(&reader, NULL, &is_closed);
    }
    for (struct xml_node *node = is_closed ? NULL : root; node != NULL && reader.problem == NULL;) {
        node = step(&reader, node, &depth);
    }
    if (reader.problem == NULL && (!skip(&reader, "\n") || reader.at != reader.end)) {
        fail(&reader, "text behind the root");
    }
    *problem = reader.problem;
    return reader.problem == NULL ? root : NULL;
}

struct baton_str xml_attribute(const struct xml_node *node, const char *name_wanted)
{
    for (size_t i = 0; i < node->attribute_count; i++) {
        if (baton_str_is(node->attributes[i].name, name_wanted)) {
            return node->attributes[i].value;
        }
    }
    return (struct baton_str){ NULL, 0 };
}

const struct xml_node *xml_child(const struct xml_node *node, const char *wanted)
{
    const struct xml_node *child = node->child;
    while (child != NULL && !baton_str_is(child->name, wanted)) {
        child = child->next;
    }
    return child;
}

size_t xml_count(const struct xml_node *node, const char *wanted)
{
    size_t count = 0;
    for (const struct xml_node *child = node->child; child != NULL; child = child->next) {
        count += baton_str_is(child->name, wanted);
    }
    return count;
}

/* ---- the schemas ---- */

#define REPEAT "type!,message", "stackTrace! system-out? system-err?", false

/* What both schemas allow: attributes (! must be there); children in order (! one, ? at most one, * any). Jenkins lets children
 * come in any order, Surefire knows no testsuites. */
static const struct rule {
    const char *element, *attributes, *children;
    bool has_text;
} rules[] = {
    { "testsuites", "name,tests,failures,errors,time", "testsuite*", false },
    { "testsuite", "name!,tests!,failures!,errors!,skipped!,time,group", "properties* testcase*", false },
    { "properties", "", "property*", false },
    { "property", "name!,value!", "", false },
    { "testcase", "name!,time!,classname,group",
      "failure* rerunFailure* flakyFailure* skipped? error? rerunError* flakyError* system-out? system-err?", false },
    { "failure", "type!,message", "", true },
    { "error", "type!,message", "", true },
    { "skipped", "message", "", true },
    { "rerunFailure", REPEAT },
    { "flakyFailure", REPEAT },
    { "rerunError", REPEAT },
    { "flakyError", REPEAT },
    { "stackTrace", "", "", true },
    { "system-out", "", "", true },
    { "system-err", "", "", true },
};

static const struct rule *rule_of(struct baton_str element)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (baton_str_is(element, rules[i].element)) {
            return &rules[i];
        }
    }
    return NULL;
}

/* The next word of a list that ends in one of `ends`; *mark gets a mark behind it, or 0. */
static bool next_word(const char **list, struct baton_str *word, char *mark)
{
    size_t length = strcspn(*list, ", ");
    if (length == 0) {
        return false;
    }
    bool is_marked = strchr("!?*", (*list)[length - 1]) != NULL;
    *mark = is_marked ? (*list)[length - 1] : '\0';
    *word = (struct baton_str){ *list, length - is_marked };
    *list += length + ((*list)[length] != '\0');
    return true;
}

static const char *say(struct baton_arena *arena, const struct xml_node *node, const char *what, struct baton_str which)
{
    return baton_arena_printf(arena, "<%.*s>: %s '%.*s'", (int)node->name.length, node->name.data, what,
                              (int)which.length, which.data);
}

static bool is_time(struct baton_str value)
{
    size_t i = 0, whole;
    while (i < value.length && value.data[i] >= '0' && value.data[i] <= '9') {
        i++;
    }
    whole = i;
    if (i < value.length && value.data[i] == '.') {
        i++;
        while (i < value.length && value.data[i] >= '0' && value.data[i] <= '9') {
            i++;
        }
    }
    return whole > 0 && i == value.length && i <= whole + 4;
}

static const char *attribute_problem(struct baton_arena *arena, const struct xml_node *node, const struct rule *rule)
{
    const char *list = rule->attributes;
    struct baton_str word;
    char mark;
    size_t known = 0;
    while (next_word(&list, &word, &mark)) {
        struct baton_str value = xml_attribute(node, baton_arena_copy(arena, word.data, word.length));
        known += value.data != NULL;
        if (value.data == NULL && mark == '!') {
            return say(arena, node, "no attribute", word);
        }
        if (value.data != NULL && baton_str_is(word, "time") && !is_time(value)) {
            return say(arena, node, "not a time:", value);
        }
    }
    return known == node->attribute_count ? NULL : say(arena, node, "an attribute that is not allowed", node->name);
}

static const char *children_problem(struct baton_arena *arena, const struct xml_node *node, const struct rule *rule)
{
    const struct xml_node *child = node->child;
    const char *list = rule->children;
    struct baton_str word;
    char mark;
    while (next_word(&list, &word, &mark)) {
        size_t count = 0;
        for (; child != NULL && baton_str_equal(child->name, word); child = child->next) {
            count++;
        }
        if ((mark == '!' && count != 1) || (mark == '?' && count > 1)) {
            return say(arena, node, "none or too many of", word);
        }
    }
    if (child != NULL) {
        return say(arena, node, "not allowed, or not there:", child->name);
    }
    for (size_t i = 0; i < node->text.length && !rule->has_text; i++) {
        if (node->text.data[i] != '\n') {
            return say(arena, node, "text", node->text);
        }
    }
    return NULL;
}

static const char *counts_problem(struct baton_arena *arena, const struct xml_node *node, const struct xml_node *suite)
{
    static const struct {
        const char *attribute, *element;
    } counts[] = { { "tests", NULL }, { "failures", "failure" }, { "errors", "error" }, { "skipped", "skipped" } };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint64_t count = 0;
        for (const struct xml_node *test = suite->child; test != NULL; test = test->next) {
            count += baton_str_is(test->name, "testcase") &&
                     (counts[i].element == NULL || xml_child(test, counts[i].element) != NULL);
        }
        struct baton_str value = xml_attribute(node, counts[i].attribute);
        if (value.data != NULL && !baton_str_is(value, baton_arena_printf(arena, "%llu", (unsigned long long)count))) {
            return say(arena, node,
                       baton_arena_printf(arena, "%llu %s, but", (unsigned long long)count, counts[i].attribute),
                       value);
        }
    }
    return NULL;
}

const char *junit_problem(struct baton_arena *arena, const struct xml_node *root)
{
    const char *problem = NULL;
    if (!baton_str_is(root->name, "testsuites") || root->child == NULL || root->child->next != NULL) {
        return "not testsuites with one testsuite";
    }
    for (const struct xml_node *node = root; node != NULL && problem == NULL;) {
        const struct rule *rule = rule_of(node->name);
        problem = rule == NULL ? say(arena, node, "unknown element", node->name) : attribute_problem(arena, node, rule);
        problem = problem == NULL ? children_problem(arena, node, rule) : problem;
        const struct xml_node *next = node->child;
        while (next == NULL && node != NULL) { /* up to the first one that has a next */
            next = node->next;
            node = node->parent;
        }
        node = next;
    }
    problem = problem == NULL ? counts_problem(arena, root, root->child) : problem;
    return problem == NULL ? counts_problem(arena, root->child, root->child) : problem;
}
