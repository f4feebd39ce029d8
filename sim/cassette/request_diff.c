/* request_diff.c - compares two requests as trees without what does not count.
 *
 * Both are built first, with the rules that may still fit carried down as bits, so that each member is held to the table once;
 * ids get the number of their first appearance, in the order of sorted keys, so that neither their letters nor the order of
 * keys counts. Then one walk counts equal leaves and notes the first difference. A request of thousands of messages is
 * compared with dozens of recordings, hence no list of all differences.
 */
#include "sim/cassette/request_diff.h"

#include "engine/base/json.h"
#include "engine/base/map.h"
#include "engine/base/text.h"
#include "sim/cassette/limits.h"
#include "sim/cassette/volatile_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tables ---- */

enum { SEGMENTS_MAX = 7 };

enum meaning {
    PLAIN,
    IGNORED, /* changes from run to run */
    ID,      /* compared by order of first appearance */
    PROSE    /* a text in which clients put what changes; see volatile_text.h */
};

static const struct rule {
    const char *path[SEGMENTS_MAX]; /* keys; [] for an element of an array */
    enum meaning meaning;
} rules[] = {
    { { "metadata", "user_id" }, IGNORED }, /* device and session: Claude, Kimi */
    { { "prompt_cache_key" }, IGNORED },    /* Codex, Copilot, Kimi */
    { { "client_metadata" }, IGNORED },     /* Codex */
    { { "input", "[]", "id" }, IGNORED },   /* Codex */
    { { "cache_control" }, IGNORED },       /* moves to the newest message every turn */
    { { "system", "[]", "cache_control" }, IGNORED },
    { { "tools", "[]", "cache_control" }, IGNORED },
    { { "tools", "[]", "function", "cache_control" }, IGNORED },
    { { "messages", "[]", "cache_control" }, IGNORED },
    { { "messages", "[]", "content", "[]", "cache_control" }, IGNORED },
    { { "messages", "[]", "content", "[]", "content", "[]", "cache_control" }, IGNORED },

    { { "messages", "[]", "tool_calls", "[]", "id" }, ID },
    { { "messages", "[]", "tool_call_id" }, ID },
    { { "messages", "[]", "content", "[]", "id" }, ID },
    { { "messages", "[]", "content", "[]", "tool_use_id" }, ID },
    { { "input", "[]", "call_id" }, ID },
    { { "input", "[]", "approval_request_id" }, ID },
    { { "previous_response_id" }, ID },
    { { "contents", "[]", "parts", "[]", "functionCall", "id" }, ID },
    { { "contents", "[]", "parts", "[]", "functionResponse", "id" }, ID },

    { { "system" }, PROSE },
    { { "system", "[]", "text" }, PROSE },
    { { "instructions" }, PROSE },
    { { "messages", "[]", "content" }, PROSE },
    { { "messages", "[]", "content", "[]", "text" }, PROSE },
    { { "messages", "[]", "content", "[]", "content" }, PROSE },
    { { "messages", "[]", "content", "[]", "content", "[]", "text" }, PROSE },
    { { "input" }, PROSE },
    { { "input", "[]", "content" }, PROSE },
    { { "input", "[]", "content", "[]", "text" }, PROSE },
    { { "input", "[]", "output" }, PROSE },
    { { "input", "[]", "output", "[]", "text" }, PROSE },
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };
_Static_assert(RULE_COUNT < 64, "the rules that may still fit are bits of a uint64_t");

/* ---- a request without what does not count ---- */

struct part {
    const struct baton_json *json;
    struct baton_str text; /* of a string */
    bool is_id;
    uint32_t id;          /* its number by first appearance, from 0 */
    uint32_t count;       /* of the parts below, in the order of the source */
    size_t leaf_count;    /* a scalar is one; so is an empty array or object. 0: held nothing but what is ignored */
    struct part *parts;   /* one after the other */
    struct part **by_key; /* an object's, sorted */
};

struct builder {
    struct baton_arena *arena;
    size_t id_count;
};

static bool is_leaf(const struct part *part)
{
    return part->json->type != BATON_JSON_ARRAY && part->json->type != BATON_JSON_OBJECT;
}

static int keys_compare(struct baton_str a, struct baton_str b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int by_key(const void *a, const void *b)
{
    return keys_compare((*(struct part *const *)a)->json->key, (*(struct part *const *)b)->json->key);
}

/* The rules that still fit one level further down, a bit for each; *meaning is what the one says that ends there. */
static uint64_t rules_below(uint64_t fitting, size_t depth, const struct baton_json *child, bool is_element,
                            enum meaning *meaning)
{
    uint64_t still = 0;
    *meaning = PLAIN;
    for (size_t i = 0; fitting != 0 && i < RULE_COUNT; i++, fitting >>= 1) {
        const char *segment = (fitting & 1U) != 0 && depth < SEGMENTS_MAX ? rules[i].path[depth] : NULL;
        if (segment == NULL || (is_element ? segment[0] != '[' : !baton_str_is(child->key, segment))) {
            continue;
        }
        still |= (uint64_t)1 << i;
        if (depth + 1 == SEGMENTS_MAX || rules[i].path[depth + 1] == NULL) {
            *meaning = rules[i].meaning;
        }
    }
    return still;
}

static bool build_leaf(struct builder *builder, struct part *part, enum meaning meaning)
{
    part->leaf_count = 1;
    if (part->json->type != BATON_JSON_STRING) {
        return true;
    }
    part->text = meaning == PROSE ? baton_volatile_text_strip(builder->arena, part->json->text) : part->json->text;
    part->is_id = meaning == ID && part->text.length > 0;
    builder->id_count += part->is_id;
    return part->text.data != NULL || part->json->text.length == 0;
}

static bool build_by_key(struct builder *builder, struct part *part)
{
    part->by_key = baton_arena_array(builder->arena, part->count, sizeof *part->by_key);
    if (part->by_key == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < part->count; i++) {
        part->by_key[i] = &part->parts[i];
    }
    if (part->count > 1) {
        qsort(part->by_key, part->count, sizeof *part->by_key, by_key);
    }
    return true;
}

/* False without memory. Recursion is bounded by BATON_JSON_DEPTH_MAX. */
static bool build(struct builder *builder, struct part *part, const struct baton_json *json, uint64_t fitting,
                  size_t depth, enum meaning meaning)
{
    *part = (struct part){ .json = json };
    if (is_leaf(part)) {
        return build_leaf(builder, part, meaning);
    }
    bool is_array = json->type == BATON_JSON_ARRAY;
    part->parts = baton_arena_array(builder->arena, json->count, sizeof *part->parts);
    if (part->parts == NULL) {
        return false;
    }
    for (const struct baton_json *child = json->child; child != NULL; child = child->next) {
        enum meaning below;
        uint64_t still = rules_below(fitting, depth, child, is_array, &below);
        struct part *next = &part->parts[part->count];
        if (below == IGNORED) {
            continue;
        }
        if (!build(builder, next, child, still, depth + 1, below)) {
            return false;
        }
        if (is_array && next->leaf_count == 0) { /* an element keeps its place */
            next->leaf_count = 1;
        }
        part->count++;
        part->leaf_count += next->leaf_count;
    }
    part->leaf_count += json->count == 0;
    return is_array || build_by_key(builder, part);
}

/* Numbers the ids as they come, keys sorted, so that the order of keys has no say. */
static void number_ids(struct baton_map *map, uint32_t *next, struct part *part)
{
    if (part->is_id) {
        part->id = baton_map_put(map, part->text, *next);
        *next += part->id == *next;
    }
    for (uint32_t i = 0; i < part->count; i++) {
        number_ids(map, next, part->by_key != NULL ? part->by_key[i] : &part->parts[i]);
    }
}

static enum baton_status request_build(struct part *part, struct baton_arena *arena, const struct baton_json *request,
                                       struct baton_error *err)
{
    struct builder builder = { .arena = arena };
    struct baton_map map;
    uint32_t next = 0;
    if (!build(&builder, part, request, UINT64_MAX >> (64 - RULE_COUNT), 0, PLAIN) ||
        !baton_map_init(&map, arena, builder.id_count + 1)) {
        return baton_error_over_limit(err, "comparing requests");
    }
    number_ids(&map, &next, part);
    part->leaf_count += part->leaf_count == 0; /* the request itself is there, whatever it holds */
    return BATON_OK;
}

/* ---- the difference ---- */

enum { SHOWN_BYTES = 64, SHOWN_BEFORE = 24 };

struct segment {
    struct baton_str key;
    uint32_t index;
    bool is_index;
};

struct comparer {
    struct baton_arena *arena;
    struct baton_request_diff *out;
    struct segment path[BATON_JSON_DEPTH_MAX + 1];
    size_t depth;
    bool failed; /* out of memory */
};

static struct baton_str kept(struct comparer *comparer, struct baton_text *text)
{
    struct baton_str all = baton_text_str(text);
    const char *copy = text->failed ? NULL : baton_arena_copy(comparer->arena, all.data, all.length);
    comparer->failed = comparer->failed || copy == NULL;
    all = (struct baton_str){ copy == NULL ? "" : copy, copy == NULL ? 0 : all.length };
    baton_text_clear(text);
    return all;
}

static bool is_word(struct baton_str key)
{
    for (size_t i = 0; i < key.length; i++) {
        char c = key.data[i];
        bool is_letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '-' || c == '$';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return key.length > 0;
}

static struct baton_str path_text(struct comparer *comparer)
{
    struct baton_text text = baton_text_with_limit(BATON_DIFF_PATH_BYTES_MAX);
    for (size_t i = 0; i < comparer->depth; i++) {
        const struct segment *segment = &comparer->path[i];
        struct baton_str key = segment->key;
        if (segment->is_index) {
            baton_text_printf(&text, "[%u]", segment->index);
        } else if (is_word(key) && key.length <= SHOWN_BYTES) {
            baton_text_puts(&text, i > 0 ? "." : "");
            baton_text_append(&text, key.data, key.length);
        } else {
            baton_text_putc(&text, '[');
            struct baton_str start = baton_str_cut(key, SHOWN_BYTES);
            baton_text_json_string(&text, start.data, start.length);
            baton_text_puts(&text, start.length < key.length ? "...]" : "]");
        }
    }
    return comparer->depth == 0 ? BATON_STR("the whole request") : kept(comparer, &text);
}

/* A text from a little before `from`, in quotes, with dots for what is left out. */
static struct baton_str shown_text(struct comparer *comparer, const struct part *part, size_t from)
{
    struct baton_text text = baton_text_with_limit(BATON_DIFF_TEXT_BYTES_MAX);
    struct baton_str before = baton_str_cut(part->text, from > SHOWN_BEFORE ? from - SHOWN_BEFORE : 0);
    struct baton_str rest = baton_str_after(part->text, before.length), piece = baton_str_cut(rest, SHOWN_BYTES);
    baton_text_puts(&text, before.length > 0 ? "..." : "");
    baton_text_json_string(&text, piece.data, piece.length);
    baton_text_puts(&text, piece.length < rest.length ? "..." : "");
    if (part->is_id) {
        baton_text_printf(&text, " (id %u of this request)", part->id + 1);
    }
    return kept(comparer, &text);
}

static struct baton_str shown(struct comparer *comparer, const struct part *part)
{
    if (part == NULL) {
        return BATON_STR("nothing");
    }
    if (part->json->type == BATON_JSON_STRING) {
        return shown_text(comparer, part, 0);
    }
    struct baton_text text = baton_text_with_limit(BATON_DIFF_TEXT_BYTES_MAX);
    baton_json_write(&text, part->json);
    if (!text.failed && text.length > SHOWN_BYTES) {
        text.length = baton_str_cut(baton_text_str(&text), SHOWN_BYTES).length;
        baton_text_puts(&text, "...");
    }
    return kept(comparer, &text);
}

/* How far two texts are the same, in whole characters of both. */
static size_t common_bytes(struct baton_str a, struct baton_str b)
{
    size_t same = 0;
    while (same < a.length && same < b.length && a.data[same] == b.data[same]) {
        same++;
    }
    return baton_str_cut(a, baton_str_cut(b, same).length).length;
}

/* Notes a difference, if it is the first. */
static void differ(struct comparer *comparer, const struct part *asked, const struct part *recorded)
{
    struct baton_request_diff *out = comparer->out;
    if (!out->is_equal) {
        return;
    }
    out->is_equal = false;
    out->path = path_text(comparer);
    out->are_texts = asked != NULL && recorded != NULL && asked->json->type == BATON_JSON_STRING &&
                     recorded->json->type == BATON_JSON_STRING && !(asked->is_id && recorded->is_id);
    if (!out->are_texts) {
        out->asked = shown(comparer, asked);
        out->recorded = shown(comparer, recorded);
        return;
    }
    out->common_bytes = common_bytes(asked->text, recorded->text);
    out->asked = shown_text(comparer, asked, out->common_bytes);
    out->recorded = shown_text(comparer, recorded, out->common_bytes);
}

static bool leaves_equal(const struct part *a, const struct part *b)
{
    if (a->json->type != b->json->type || a->is_id != b->is_id) {
        return false;
    }
    switch ((enum baton_json_type)a->json->type) {
    case BATON_JSON_STRING:
        return a->is_id ? a->id == b->id : baton_str_equal(a->text, b->text);
    case BATON_JSON_NUMBER:
        return baton_str_equal(a->json->text, b->json->text);
    case BATON_JSON_BOOLEAN:
        return a->json->boolean == b->json->boolean;
    default:
        return true;
    }
}

static const struct part *member(const struct part *object, struct baton_str key)
{
    size_t low = 0, high = object->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = keys_compare(object->by_key[middle]->json->key, key);
        if (order == 0) {
            return object->by_key[middle];
        }
        *(order < 0 ? &low : &high) = middle + (order < 0);
    }
    return NULL;
}

static void compare(struct comparer *comparer, const struct part *a, const struct part *b);

static void compare_below(struct comparer *comparer, struct segment segment, const struct part *a, const struct part *b)
{
    comparer->path[comparer->depth++] = segment;
    compare(comparer, a, b);
    comparer->depth--;
}

static void compare_arrays(struct comparer *comparer, const struct part *a, const struct part *b)
{
    for (uint32_t i = 0; i < a->count || i < b->count; i++) {
        compare_below(comparer, (struct segment){ .index = i, .is_index = true }, i < a->count ? &a->parts[i] : NULL,
                      i < b->count ? &b->parts[i] : NULL);
    }
}

static void compare_objects(struct comparer *comparer, const struct part *a, const struct part *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        struct baton_str key = a->parts[i].json->key;
        compare_below(comparer, (struct segment){ .key = key }, &a->parts[i], member(b, key));
    }
    for (uint32_t i = 0; i < b->count; i++) {
        struct baton_str key = b->parts[i].json->key;
        if (member(a, key) == NULL) {
            compare_below(comparer, (struct segment){ .key = key }, NULL, &b->parts[i]);
        }
    }
}

/* Whether what held nothing but what is ignored counts as not there beside the other. */
static bool is_absent(const struct part *part, const struct part *other)
{
    return part != NULL && part->leaf_count == 0 && (other == NULL || other->by_key == NULL || other->count == 0);
}

/* One of the two may be NULL: it is not there. Recursion is bounded by BATON_JSON_DEPTH_MAX. */
static void compare(struct comparer *comparer, const struct part *a, const struct part *b)
{
    struct baton_request_diff *out = comparer->out;
    a = is_absent(a, b) ? NULL : a;
    b = is_absent(b, a) ? NULL : b;
    if (a == NULL && b == NULL) {
        return;
    }
    bool is_same_kind = a != NULL && b != NULL && (a->json->type == b->json->type || (is_leaf(a) && is_leaf(b)));
    if (!is_same_kind) {
        size_t leaves_a = a == NULL ? 0 : a->leaf_count, leaves_b = b == NULL ? 0 : b->leaf_count;
        out->leaf_count += leaves_a > leaves_b ? leaves_a : leaves_b;
        differ(comparer, a, b);
    } else if (is_leaf(a) || (a->count == 0 && b->count == 0)) {
        bool is_equal = leaves_equal(a, b);
        out->leaf_count++;
        out->leaf_equal_count += is_equal;
        if (!is_equal) {
            differ(comparer, a, b);
        }
    } else if (a->json->type == BATON_JSON_ARRAY) {
        compare_arrays(comparer, a, b);
    } else {
        compare_objects(comparer, a, b);
    }
}

enum baton_status baton_request_diff(struct baton_request_diff *out, struct baton_arena *arena,
                                     const struct baton_json *asked, const struct baton_json *recorded,
                                     struct baton_error *err)
{
    *out = (struct baton_request_diff){ .is_equal = true };
    struct part a, b;
    enum baton_status status = request_build(&a, arena, asked, err);
    if (status == BATON_OK) {
        status = request_build(&b, arena, recorded, err);
    }
    if (status == BATON_OK) {
        struct comparer comparer = { .arena = arena, .out = out };
        compare(&comparer, &a, &b);
        if (comparer.failed) {
            status = baton_error_over_limit(err, "comparing requests");
        }
    }
    return status;
}

double baton_request_similarity(const struct baton_request_diff *diff)
{
    return diff->leaf_count == 0 ? 1.0 : (double)diff->leaf_equal_count / (double)diff->leaf_count;
}

void baton_request_diff_write(struct baton_text *out, const struct baton_request_diff *diff)
{
    if (diff->is_equal) {
        baton_text_puts(out, "no difference");
        return;
    }
    baton_text_append(out, diff->path.data, diff->path.length);
    baton_text_puts(out, ": asked ");
    baton_text_append(out, diff->asked.data, diff->asked.length);
    baton_text_puts(out, ", recorded ");
    baton_text_append(out, diff->recorded.data, diff->recorded.length);
    if (diff->are_texts) {
        baton_text_printf(out, " (equal for %zu bytes)", diff->common_bytes);
    }
}
