/* Strict JSON in three steps. A scan refuses what cJSON would let pass and notes where each token stands; cJSON decodes; its tree
 * and the places become ours. The scan comes first, so that cJSON never sees what it could misread, and recursion over its tree
 * has a bound. cJSON allocates node by node, which would cost a conversation hundreds of allocations: its hooks are ours and
 * draw from the arena of the parse under way. They are one pair for the process, so outside a parse they are plain malloc and
 * free for whoever else uses cJSON, and where a host has set its own, its tree is copied and given back.
 */
#include "engine/base/json.h"

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- cJSON's memory: the calling thread's arena while we parse, the system's for all others in the process ---- */

static _Thread_local struct baton_arena *hook_arena; /* NULL: this thread is not in a parse of ours */
static _Thread_local bool hook_failed, hook_was_asked;

static void *hook_allocate(size_t bytes)
{
    if (hook_arena == NULL) {
        return baton_system_take(bytes);
    }
    void *piece = baton_arena_alloc(hook_arena, bytes);
    hook_was_asked = true;
    hook_failed = hook_failed || piece == NULL;
    return piece;
}

/* No tree of ours is given to anyone, so what is released outside a parse came from the system, here or before. */
static void hook_release(void *piece)
{
    if (hook_arena == NULL) {
        baton_system_give(piece);
    }
}

/* Before main(): no thread is in cJSON yet, and a host that has hooks of its own sets them later and keeps them. */
__attribute__((constructor)) static void hooks_set(void)
{
    cJSON_Hooks hooks = { .malloc_fn = hook_allocate, .free_fn = hook_release };
    cJSON_InitHooks(&hooks);
}

/* ---- the scan: what cJSON would let pass, and the place of each token ---- */

enum { TOKENS_PER_CHUNK = 254 };

struct chunk {
    struct chunk *next;
    uint32_t count;
    uint32_t offsets[TOKENS_PER_CHUNK];
};

enum { CJSON_NUMBER_MAX = 63 }; /* cJSON cuts a longer number and then calls the rest a mistake */

struct scan {
    const struct baton_source *source;
    struct baton_arena *arena;
    struct baton_error *err;
    const char *text;
    size_t length, at;
    unsigned depth;
    bool has_long_number; /* over CJSON_NUMBER_MAX */
    struct chunk *first, *last;
};

static enum baton_status token_note(struct scan *scan, size_t offset)
{
    if (scan->last == NULL || scan->last->count == TOKENS_PER_CHUNK) {
        struct chunk *chunk = baton_arena_alloc(scan->arena, sizeof *chunk);
        if (chunk == NULL) {
            return baton_error_over_limit(scan->err, "'%s'", scan->source->name);
        }
        chunk->next = NULL;
        chunk->count = 0;
        *(scan->last == NULL ? &scan->first : &scan->last->next) = chunk;
        scan->last = chunk;
    }
    scan->last->offsets[scan->last->count++] = (uint32_t)offset;
    return BATON_OK;
}

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = baton_number_hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* Steps over the escape at scan->at, a backslash. */
static enum baton_status scan_escape(struct scan *scan)
{
    const char *p = scan->text + scan->at;
    size_t left = scan->length - scan->at;
    if (left >= 2 && p[1] != 'u') {
        if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) {
            return baton_source_error(scan->source, scan->at, scan->err,
                                      "unknown escape in a string; use \\\\ for a backslash");
        }
        scan->at += 2;
        return BATON_OK;
    }
    int unit = left >= 6 ? hex4(p + 2) : -1;
    if (unit < 0) {
        return baton_source_error(scan->source, scan->at, scan->err, "an escape \\u needs four hex digits");
    }
    if (unit == 0) {
        return baton_source_error(scan->source, scan->at, scan->err, "\\u0000 is not allowed in a text");
    }
    bool is_high = unit >= 0xd800 && unit <= 0xdbff;
    int low = is_high && left >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
    if ((unit >= 0xdc00 && unit <= 0xdfff) || (is_high && (low < 0xdc00 || low > 0xdfff))) {
        return baton_source_error(scan->source, scan->at, scan->err, "half of a surrogate pair alone");
    }
    scan->at += is_high ? 12 : 6;
    return BATON_OK;
}

static enum baton_status scan_string(struct scan *scan)
{
    size_t start = scan->at++;
    while (scan->at < scan->length) {
        unsigned char byte = (unsigned char)scan->text[scan->at];
        if (byte == '"') {
            scan->at++;
            return token_note(scan, start);
        }
        if (byte == '\\') {
            enum baton_status status = scan_escape(scan);
            if (status != BATON_OK) {
                return status;
            }
        } else if (byte < 0x20) {
            return baton_source_error(scan->source, scan->at, scan->err,
                                      "control byte 0x%02x in a string; write it as an escape such as \\n", byte);
        } else if (byte < 0x80) {
            scan->at++;
        } else {
            size_t step = baton_utf8_length(scan->text + scan->at, scan->length - scan->at);
            if (step == 0) {
                return baton_source_error(scan->source, scan->at, scan->err, "not UTF-8: byte 0x%02x", byte);
            }
            scan->at += step;
        }
    }
    return baton_source_error(scan->source, start, scan->err, "a string that starts here is never closed");
}

static enum baton_status scan_number(struct scan *scan)
{
    size_t start = scan->at;
    size_t length = baton_number_length((struct baton_str){ scan->text + start, scan->length - start });
    if (length == 0) {
        return baton_source_error(scan->source, start, scan->err, "not a JSON number");
    }
    scan->at += length;
    scan->has_long_number = scan->has_long_number || length > CJSON_NUMBER_MAX;
    return token_note(scan, start);
}

static enum baton_status scan_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t length = strlen(words[i]);
        if (scan->length - scan->at >= length && memcmp(scan->text + scan->at, words[i], length) == 0) {
            enum baton_status status = token_note(scan, scan->at);
            scan->at += length;
            return status;
        }
    }
    return baton_source_error(scan->source, scan->at, scan->err, "not valid JSON here: expected a value");
}

static enum baton_status scan_token(struct scan *scan)
{
    char c = scan->text[scan->at];
    if (c == '"') {
        return scan_string(scan);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return scan_number(scan);
    }
    if (c == '{' || c == '[') {
        if (++scan->depth > BATON_JSON_DEPTH_MAX) {
            return baton_source_error(scan->source, scan->at, scan->err, "nested deeper than %d levels",
                                      BATON_JSON_DEPTH_MAX);
        }
        return token_note(scan, scan->at++);
    }
    if (c == '}' || c == ']') {
        scan->depth -= scan->depth > 0;
    } else if (c != ',' && c != ':' && c != ' ' && c != '\t' && c != '\n' && c != '\r') {
        return scan_word(scan);
    }
    scan->at++;
    return BATON_OK;
}

/* ---- our own tree, from cJSON's and the places ---- */

struct build {
    const struct baton_source *source;
    struct baton_arena *arena;
    struct baton_error *err;
    const char *text; /* of the source */
    size_t length;
    const struct chunk *chunk;
    uint32_t next;
    bool copies; /* cJSON's tree is not in the arena */
};

static uint32_t token_next(struct build *build)
{
    if (build->next == build->chunk->count) {
        build->chunk = build->chunk->next;
        build->next = 0;
    }
    return build->chunk->offsets[build->next++];
}

static enum baton_status no_memory(const struct build *build)
{
    return baton_error_over_limit(build->err, "'%s'", build->source->name);
}

static enum baton_status text_take(const struct build *build, const char *text, struct baton_str *out)
{
    *out = baton_str_of(text);
    if (build->copies) {
        out->data = baton_arena_copy(build->arena, text, out->length);
    }
    return out->data != NULL ? BATON_OK : no_memory(build);
}

static enum baton_status node_fill(struct build *build, struct baton_json *node, const cJSON *item)
{
    node->offset = token_next(build);
    switch (item->type & 0xff) {
    case cJSON_True:
    case cJSON_False:
        node->type = BATON_JSON_BOOLEAN;
        node->boolean = (item->type & 0xff) == cJSON_True;
        return BATON_OK;
    case cJSON_Number:
        node->type = BATON_JSON_NUMBER;
        node->number = item->valuedouble;
        node->text.data = build->text + node->offset;
        node->text.length = baton_number_length((struct baton_str){ node->text.data, build->length - node->offset });
        if (node->text.length > CJSON_NUMBER_MAX) {
            char *copy = baton_arena_copy(build->arena, node->text.data, node->text.length);
            if (copy == NULL) {
                return no_memory(build);
            }
            node->number = strtod(copy, NULL);
        }
        if (!isfinite(node->number)) {
            return baton_source_error(build->source, node->offset, build->err, "the number is too large");
        }
        return BATON_OK;
    case cJSON_String:
        node->type = BATON_JSON_STRING;
        return text_take(build, item->valuestring, &node->text);
    case cJSON_Array:
    case cJSON_Object:
        node->type = (item->type & 0xff) == cJSON_Array ? BATON_JSON_ARRAY : BATON_JSON_OBJECT;
        return BATON_OK;
    default:
        node->type = BATON_JSON_NULL;
        return BATON_OK;
    }
}

/* Recursion is bounded by BATON_JSON_DEPTH_MAX, which the scan has checked. */
static enum baton_status node_build(struct build *build, struct baton_json *node, const cJSON *item)
{
    enum baton_status status = node_fill(build, node, item);
    const struct baton_json **link = &node->child;
    for (const cJSON *member = item->child; member != NULL && status == BATON_OK; member = member->next) {
        struct baton_json *child = baton_arena_zero(build->arena, sizeof *child);
        if (child == NULL) {
            return no_memory(build);
        }
        if (node->type == BATON_JSON_OBJECT) {
            child->key_offset = token_next(build);
            status = text_take(build, member->string, &child->key);
            if (status != BATON_OK) {
                return status;
            }
        }
        *link = child;
        link = &child->next;
        node->count++;
        status = node_build(build, child, member);
    }
    if (status == BATON_OK && node->type == BATON_JSON_OBJECT) {
        status = baton_json_check_keys(node, build->source, build->arena, build->err);
    }
    return status;
}

static enum baton_status key_error(const struct baton_source *source, const struct baton_json *member,
                                   struct baton_error *err)
{
    return baton_source_error(source, member->key_offset, err, "the key '%.*s' stands here twice; remove one",
                              (int)member->key.length, member->key.data);
}

static int by_key(const void *a, const void *b)
{
    const struct baton_json *left = *(const struct baton_json *const *)a, *right = *(const struct baton_json *const *)b;
    size_t shorter = left->key.length < right->key.length ? left->key.length : right->key.length;
    int order = memcmp(left->key.data, right->key.data, shorter);
    if (order == 0) {
        order = (left->key.length > right->key.length) - (left->key.length < right->key.length);
    }
    return order != 0 ? order : (left->key_offset > right->key_offset) - (left->key_offset < right->key_offset);
}

static enum baton_status check_many_keys(const struct baton_json *object, const struct baton_source *source,
                                         struct baton_arena *arena, struct baton_error *err)
{
    struct baton_arena_mark mark = baton_arena_mark(arena);
    const struct baton_json **members = baton_arena_array(arena, object->count, sizeof *members);
    if (members == NULL) {
        return baton_error_over_limit(err, "'%s'", source->name);
    }
    size_t count = 0;
    for (const struct baton_json *member = object->child; member != NULL; member = member->next) {
        members[count++] = member;
    }
    qsort(members, count, sizeof *members, by_key);
    enum baton_status status = BATON_OK;
    for (size_t i = 1; i < count && status == BATON_OK; i++) {
        if (baton_str_equal(members[i - 1]->key, members[i]->key)) {
            status = key_error(source, members[i], err);
        }
    }
    baton_arena_rollback(arena, mark);
    return status;
}

enum baton_status baton_json_check_keys(const struct baton_json *object, const struct baton_source *source,
                                        struct baton_arena *arena, struct baton_error *err)
{
    enum { FEW = 16 };
    if (object->count > BATON_JSON_KEYS_MAX) {
        return baton_source_error(source, object->offset, err, "an object of %u keys; the limit is %d", object->count,
                                  BATON_JSON_KEYS_MAX);
    }
    if (object->count > FEW) {
        return check_many_keys(object, source, arena, err);
    }
    for (const struct baton_json *a = object->child; a != NULL; a = a->next) {
        for (const struct baton_json *b = object->child; b != a; b = b->next) {
            if (baton_str_equal(a->key, b->key)) {
                return key_error(source, a, err);
            }
        }
    }
    return BATON_OK;
}

static enum baton_status scan_all(struct scan *scan)
{
    enum baton_status status = BATON_OK;
    if (scan->length >= 3 && memcmp(scan->text, "\xef\xbb\xbf", 3) == 0) {
        scan->at = 3;
    }
    while (scan->at < scan->length && status == BATON_OK) {
        status = scan_token(scan);
    }
    if (status == BATON_OK && scan->first == NULL) {
        status = baton_source_error(scan->source, 0, scan->err, "empty, where JSON was expected");
    }
    return status;
}

/* A copy of the text for cJSON, with each long number as 0 and spaces; node_fill() reads those itself. Or NULL. */
static const char *long_numbers_blanked(const struct scan *scan)
{
    char *copy = baton_arena_copy(scan->arena, scan->text, scan->length);
    for (const struct chunk *chunk = scan->first; chunk != NULL && copy != NULL; chunk = chunk->next) {
        for (uint32_t i = 0; i < chunk->count; i++) {
            char *token = copy + chunk->offsets[i];
            size_t length = baton_number_length((struct baton_str){ token, scan->length - chunk->offsets[i] });
            if (length > CJSON_NUMBER_MAX) {
                memset(token, ' ', length);
                token[0] = '0';
            }
        }
    }
    return copy;
}

/* What cJSON made of the scanned text. */
struct decoded {
    cJSON *item;
    const char *text; /* as cJSON saw it */
    size_t stop;      /* where it stopped reading */
    bool is_in_arena; /* false: a host's own hooks gave the memory, and it goes back to them */
    bool is_over_limit;
};

static struct decoded decode(const struct scan *scan)
{
    size_t skip = scan->length >= 3 && memcmp(scan->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *text = scan->has_long_number ? long_numbers_blanked(scan) : scan->text;
    if (text == NULL) {
        return (struct decoded){ .is_over_limit = true };
    }
    const char *end = NULL;
    hook_arena = scan->arena;
    hook_failed = hook_was_asked = false;
    cJSON *item = cJSON_ParseWithLengthOpts(text + skip, scan->length - skip, &end, 0);
    hook_arena = NULL;
    return (struct decoded){
        .item = item,
        .text = text,
        .stop = end == NULL ? 0 : (size_t)(end - text),
        .is_in_arena = hook_was_asked,
        .is_over_limit = hook_failed,
    };
}

/* Whether it was the whole text. */
static enum baton_status check_decoded(const struct scan *scan, const struct decoded *decoded)
{
    size_t stop = decoded->stop;
    if (decoded->is_over_limit) {
        return baton_error_over_limit(scan->err, "'%s'", scan->source->name);
    }
    if (decoded->item == NULL && scan->depth > 0 && stop + 1 >= scan->length) {
        return baton_source_error(scan->source, scan->length, scan->err, "ends too early: a bracket is still open");
    }
    if (decoded->item == NULL) {
        return baton_source_error(scan->source, stop, scan->err,
                                  "not valid JSON here; look for a missing comma, quote or bracket");
    }
    while (stop < scan->length && strchr(" \t\r\n", decoded->text[stop]) != NULL) {
        stop++;
    }
    if (stop < scan->length) {
        return baton_source_error(scan->source, stop, scan->err, "text after the end of the JSON value");
    }
    return BATON_OK;
}

static enum baton_status build_tree(const struct baton_json **out, const struct scan *scan,
                                    const struct decoded *decoded)
{
    struct baton_json *root = baton_arena_zero(scan->arena, sizeof *root);
    if (root == NULL) {
        return baton_error_over_limit(scan->err, "'%s'", scan->source->name);
    }
    struct build build = {
        .source = scan->source,
        .arena = scan->arena,
        .err = scan->err,
        .text = scan->text,
        .length = scan->length,
        .chunk = scan->first,
        .copies = !decoded->is_in_arena,
    };
    enum baton_status status = node_build(&build, root, decoded->item);
    *out = status == BATON_OK ? root : NULL;
    return status;
}

enum baton_status baton_json_parse(const struct baton_json **out, struct baton_arena *arena,
                                   const struct baton_source *source, struct baton_error *err)
{
    *out = NULL;
    struct scan scan = {
        .source = source, .arena = arena, .err = err, .text = source->text.data, .length = source->text.length
    };
    if (scan.length > BATON_FILE_BYTES_MAX) {
        return baton_error_set(err, BATON_EINPUT, "'%s' is larger than the limit for one text", source->name);
    }
    enum baton_status status = scan_all(&scan);
    if (status != BATON_OK) {
        return status;
    }
    struct decoded decoded = decode(&scan);
    status = check_decoded(&scan, &decoded);
    if (status == BATON_OK) {
        status = build_tree(out, &scan, &decoded);
    }
    if (decoded.item != NULL && !decoded.is_in_arena) {
        cJSON_Delete(decoded.item);
    }
    return status;
}

const struct baton_json *baton_json_get(const struct baton_json *object, const char *key)
{
    struct baton_str wanted = baton_str_of(key);
    for (const struct baton_json *member = object->child; member != NULL; member = member->next) {
        if (baton_str_equal(member->key, wanted)) {
            return member;
        }
    }
    return NULL;
}

bool baton_json_integer(const struct baton_json *node, int64_t low, int64_t high, int64_t *out)
{
    if (node->type != BATON_JSON_NUMBER) {
        return false;
    }
    struct baton_decimal decimal = baton_decimal_of(node->text);
    uint64_t size = 0;
    if (!baton_decimal_whole(decimal, &size) || size > (uint64_t)INT64_MAX + decimal.is_negative) {
        return false;
    }
    *out = decimal.is_negative ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    return *out >= low && *out <= high;
}

const char *baton_json_type_name(const struct baton_json *node)
{
    static const char *const names[] = { "null", "a boolean", "a number", "a string", "an array", "an object" };
    return names[node->type];
}

void baton_json_write(struct baton_text *out, const struct baton_json *node)
{
    switch ((enum baton_json_type)node->type) {
    case BATON_JSON_NULL:
        baton_text_puts(out, "null");
        return;
    case BATON_JSON_BOOLEAN:
        baton_text_puts(out, node->boolean ? "true" : "false");
        return;
    case BATON_JSON_NUMBER:
        baton_text_append(out, node->text.data, node->text.length);
        return;
    case BATON_JSON_STRING:
        baton_text_json_string(out, node->text.data, node->text.length);
        return;
    case BATON_JSON_ARRAY:
    case BATON_JSON_OBJECT:
        break;
    }
    bool is_object = node->type == BATON_JSON_OBJECT;
    baton_text_putc(out, is_object ? '{' : '[');
    for (const struct baton_json *child = node->child; child != NULL; child = child->next) {
        if (is_object) {
            baton_text_json_string(out, child->key.data, child->key.length);
            baton_text_putc(out, ':');
        }
        baton_json_write(out, child);
        if (child->next != NULL) {
            baton_text_putc(out, ',');
        }
    }
    baton_text_putc(out, is_object ? '}' : ']');
}
