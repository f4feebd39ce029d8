/* cassette.c - loads cassettes and finds interactions in them.
 *
 * Two indexes of hashes lead to lists of interactions in the order of the files: by key, and by key within a conversation, so
 * that the n-th asking of a conversation is its n-th recording whatever the other threads do. A key and a redacted key lead to
 * the same interaction, hence two nodes for each. Interactions stand in blocks that never move, as they are counted only at the
 * end; requests are not kept, only where they stand.
 */
#include "sim/cassette/cassette.h"

#include "engine/base/fields.h"
#include "engine/base/grow.h"
#include "engine/base/json_writer.h"
#include "engine/base/lines.h"
#include "engine/wire/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_SHIFT = 10, BLOCK_COUNT = 1 << BLOCK_SHIFT };

/* ---- the header ---- */

struct header_form {
    int32_t version, match;
    struct baton_str created, profile, agents_digest, provider, model, source;
};

#define ROW(field, ...) .offset = offsetof(struct header_form, field), __VA_ARGS__

static const char *const match_words[] = { "key", "order", NULL };

static const struct baton_field header_rows[] = {
    { "baton_cassette", NULL, BATON_FIELD_INT32, ROW(version, .is_required = true, .low = 1, .high = 1) },
    { "created", NULL, BATON_FIELD_TEXT, ROW(created, 0) },
    { "profile", NULL, BATON_FIELD_TEXT, ROW(profile, 0) },
    { "agents_digest", NULL, BATON_FIELD_TEXT, ROW(agents_digest, 0) },
    { "provider", NULL, BATON_FIELD_TEXT, ROW(provider, 0) },
    { "model", NULL, BATON_FIELD_TEXT, ROW(model, 0) },
    { "match", NULL, BATON_FIELD_WORD, ROW(match, .words = match_words) },
    { "source", NULL, BATON_FIELD_TEXT, ROW(source, 0) },
};

static void put_given(struct baton_json_writer *writer, const char *key, struct baton_str text)
{
    if (text.length > 0) {
        baton_jw_put_str(writer, key, text);
    }
}

void baton_cassette_header_write(struct baton_text *out, const struct baton_cassette_header *header)
{
    struct baton_json_writer writer = baton_json_writer_to(out, 0);
    baton_jw_open(&writer, '{');
    baton_jw_put_u64(&writer, "baton_cassette", 1);
    put_given(&writer, "created", header->created);
    put_given(&writer, "profile", header->profile);
    put_given(&writer, "agents_digest", header->agents_digest);
    put_given(&writer, "provider", header->provider);
    put_given(&writer, "model", header->model);
    put_given(&writer, "match", header->is_by_order ? BATON_STR("order") : BATON_STR(""));
    put_given(&writer, "source", header->source);
    baton_jw_close(&writer, '}');
    baton_text_putc(out, '\n');
}

/* ---- finding by key ---- */

struct key_slot {
    struct baton_hash key;
    uint32_t head; /* of the list of nodes, or BATON_NONE */
};

/* Lists of interactions by a hash, each in the order of the files. A node is 2 * interaction, + 1 for its redacted key. */
struct baton_key_index {
    struct key_slot *slots;
    size_t mask;
    uint32_t *next; /* by node */
};

static struct baton_hash mixed(struct baton_hash key, enum baton_interaction_kind kind)
{
    key.low ^= (uint64_t)kind * UINT64_C(0x9e3779b97f4a7c15);
    return key;
}

/* Within a conversation. */
static struct baton_hash mixed_here(struct baton_hash key, enum baton_interaction_kind kind,
                                    struct baton_str conversation)
{
    struct baton_hash of = baton_hash128(conversation.data, conversation.length);
    key = mixed(key, kind);
    return (struct baton_hash){ .high = key.high ^ of.high, .low = key.low ^ of.low };
}

static struct key_slot *slot_of(const struct baton_key_index *index, struct baton_hash key)
{
    size_t at = (size_t)key.low & index->mask;
    while (index->slots[at].head != BATON_NONE &&
           (index->slots[at].key.low != key.low || index->slots[at].key.high != key.high)) {
        at = (at + 1) & index->mask;
    }
    return &index->slots[at];
}

static struct baton_key_index *index_new(struct baton_arena *arena, uint32_t count)
{
    struct baton_key_index *index = baton_arena_alloc(arena, sizeof *index);
    size_t slots = 4, nodes = 2 * (size_t)count;
    while (slots < nodes * 2) {
        slots *= 2;
    }
    if (index == NULL) {
        return NULL;
    }
    index->mask = slots - 1;
    index->slots = baton_arena_array(arena, slots, sizeof *index->slots);
    index->next = baton_arena_array(arena, nodes, sizeof *index->next);
    for (size_t i = 0; index->slots != NULL && i < slots; i++) {
        index->slots[i] = (struct key_slot){ .head = BATON_NONE };
    }
    return index->slots == NULL || index->next == NULL ? NULL : index;
}

/* To the front: interactions are put last first. */
static void index_put(struct baton_key_index *index, struct baton_hash key, uint32_t node)
{
    struct key_slot *slot = slot_of(index, key);
    index->next[node] = slot->head;
    *slot = (struct key_slot){ .key = key, .head = node };
}

static bool index_all(struct baton_cassette *cassette, struct baton_arena *arena)
{
    cassette->by_key = index_new(arena, cassette->count);
    cassette->by_key_here = index_new(arena, cassette->count);
    if (cassette->by_key == NULL || cassette->by_key_here == NULL) {
        return false;
    }
    for (uint32_t i = cassette->count; i-- > 0;) {
        const struct baton_interaction *it = baton_cassette_at(cassette, i);
        struct baton_str conversation = it->position.conversation;
        if (it->has_redacted_key) {
            index_put(cassette->by_key, mixed(it->redacted_key, it->kind), 2 * i + 1);
            index_put(cassette->by_key_here, mixed_here(it->redacted_key, it->kind, conversation), 2 * i + 1);
        }
        index_put(cassette->by_key, mixed(it->key, it->kind), 2 * i);
        index_put(cassette->by_key_here, mixed_here(it->key, it->kind, conversation), 2 * i);
    }
    return true;
}

struct baton_interaction *baton_cassette_at(const struct baton_cassette *cassette, uint32_t index)
{
    return &cassette->blocks[index >> BLOCK_SHIFT][index & (BLOCK_COUNT - 1)];
}

/* The n-th of a list, or its last where it is shorter and that will do. */
static uint32_t nth(const struct baton_key_index *index, struct baton_hash key, uint32_t n, bool last_will_do)
{
    uint32_t node = slot_of(index, key)->head;
    while (node != BATON_NONE && n > 0 && (index->next[node] != BATON_NONE || !last_will_do)) {
        node = index->next[node];
        n--;
    }
    return node;
}

struct baton_interaction *baton_cassette_find(const struct baton_cassette *cassette,
                                              const struct baton_cassette_ask *ask)
{
    struct baton_hash here = mixed_here(ask->key, ask->kind, ask->conversation);
    uint32_t node = nth(cassette->by_key_here, here, ask->n, !ask->is_strict);
    if (node == BATON_NONE && slot_of(cassette->by_key_here, here)->head == BATON_NONE) {
        node = nth(cassette->by_key, mixed(ask->key, ask->kind), ask->n, true);
        bool is_shared = node != BATON_NONE && baton_cassette_at(cassette, node / 2)->file < ask->shared_file_count;
        node = ask->is_strict && !is_shared ? BATON_NONE : node;
    }
    return node == BATON_NONE ? NULL : baton_cassette_at(cassette, node / 2);
}

void baton_interaction_use(struct baton_interaction *interaction)
{
    if (!atomic_load_explicit(&interaction->is_used, memory_order_relaxed)) {
        atomic_store_explicit(&interaction->is_used, true, memory_order_relaxed);
    }
}

uint32_t baton_cassette_first_in_conversation(const struct baton_cassette *cassette, struct baton_str conversation)
{
    return baton_map_get(&cassette->conversations, conversation);
}

uint32_t baton_cassette_first_of_agent(const struct baton_cassette *cassette, struct baton_str agent)
{
    return baton_map_get(&cassette->agents, agent);
}

/* Joins the interactions of each conversation, and of each agent, in order: from the last one, so that heads come out. */
static bool join_all(struct baton_cassette *cassette, struct baton_arena *arena)
{
    struct baton_map *maps[] = { &cassette->conversations, &cassette->agents };
    uint32_t *tails = baton_arena_array(arena, cassette->count, sizeof *tails);
    for (unsigned m = 0; m < 2; m++) {
        if (tails == NULL || !baton_map_init(maps[m], arena, cassette->count)) {
            return false;
        }
        for (uint32_t i = 0; i < cassette->count; i++) {
            struct baton_interaction *it = baton_cassette_at(cassette, i);
            *(m == 0 ? &it->next_in_conversation : &it->next_of_agent) = BATON_NONE;
            uint32_t head = baton_map_put(maps[m], m == 0 ? it->position.conversation : it->agent, i);
            if (head != i) {
                struct baton_interaction *tail = baton_cassette_at(cassette, tails[head]);
                *(m == 0 ? &tail->next_in_conversation : &tail->next_of_agent) = i;
            }
            tails[head] = i;
        }
    }
    return true;
}

/* ---- loading ---- */

struct loading {
    struct baton_cassette *cassette;
    struct baton_cassette_file *files;
    struct baton_arena *arena;
    struct baton_interaction_reader reader;
    uint32_t block_capacity;
    struct baton_error *err;
};

static enum baton_status no_memory(const struct loading *loading, const char *path)
{
    return baton_error_over_limit(loading->err, "cassette '%s'", path);
}

static struct baton_str keep(const struct loading *loading, struct baton_str text, bool *fits)
{
    const char *copy = baton_arena_copy(loading->arena, text.data, text.length);
    *fits = *fits && copy != NULL;
    return (struct baton_str){ copy, copy == NULL ? 0 : text.length };
}

static enum baton_status read_header(struct loading *loading, struct baton_cassette_file *file,
                                     const struct baton_source *source)
{
    struct header_form form = { .version = 1 };
    const struct baton_json *root;
    const struct baton_fields fields = { .source = source,
                                         .rows = header_rows,
                                         .row_count = BATON_FIELD_COUNT(header_rows),
                                         .what = "the header of a cassette" };
    baton_arena_reset(loading->reader.scratch);
    enum baton_status status = baton_json_parse(&root, loading->reader.scratch, source, loading->err);
    if (status != BATON_OK) {
        return status;
    }
    if (root->type != BATON_JSON_OBJECT || baton_json_get(root, "baton_cassette") == NULL) {
        return baton_source_error(source, root->offset, loading->err,
                                  "not a cassette: its first line must be {\"baton_cassette\":1,...}");
    }
    status = baton_fields_read(&fields, root, &form, loading->err);
    int64_t day;
    if (status == BATON_OK && form.created.length > 0 && !baton_day_parse(form.created, &day)) {
        status = baton_source_error(source, baton_json_get(root, "created")->offset, loading->err,
                                    "'created' must begin with a day, as in 2026-11-21");
    }
    if (status != BATON_OK) {
        return status;
    }
    bool fits = true;
    file->header = (struct baton_cassette_header){ .created = keep(loading, form.created, &fits),
                                                   .profile = keep(loading, form.profile, &fits),
                                                   .agents_digest = keep(loading, form.agents_digest, &fits),
                                                   .provider = keep(loading, form.provider, &fits),
                                                   .model = keep(loading, form.model, &fits),
                                                   .source = keep(loading, form.source, &fits),
                                                   .is_by_order = form.match == 1 };
    file->has_header = true;
    if (file != loading->files && file->header.is_by_order != loading->files->header.is_by_order) {
        return baton_source_error(source, root->offset, loading->err,
                                  "'%s' is matched by %s, '%s' by %s: they cannot be used together", file->path,
                                  match_words[file->header.is_by_order], loading->files->path,
                                  match_words[loading->files->header.is_by_order]);
    }
    return fits ? BATON_OK : no_memory(loading, file->path);
}

static struct baton_interaction *interaction_push(struct loading *loading)
{
    struct baton_cassette *cassette = loading->cassette;
    uint32_t block = cassette->count >> BLOCK_SHIFT;
    struct baton_interaction **blocks =
        baton_grow_arena(loading->arena, cassette->blocks, block, &loading->block_capacity, sizeof *blocks);
    if (blocks == NULL) {
        return NULL;
    }
    cassette->blocks = blocks;
    if ((cassette->count & (BLOCK_COUNT - 1)) == 0) {
        cassette->blocks[block] = baton_arena_array(loading->arena, BLOCK_COUNT, sizeof **cassette->blocks);
        if (cassette->blocks[block] == NULL) {
            return NULL;
        }
    }
    return baton_cassette_at(cassette, cassette->count);
}

static enum baton_status take_line(struct loading *loading, struct baton_cassette_file *file,
                                   const struct baton_line *line)
{
    const struct baton_source source = { .name = file->path, .line_first = line->number, .text = line->text };
    if (line->number == 1) {
        return read_header(loading, file, &source);
    }
    struct baton_interaction *it = interaction_push(loading);
    if (it == NULL) {
        return no_memory(loading, file->path);
    }
    if (loading->cassette->count == BATON_INTERACTIONS_MAX) {
        return baton_source_error(&source, 0, loading->err, "more than %d interactions", BATON_INTERACTIONS_MAX);
    }
    enum baton_status status = baton_interaction_read(it, &loading->reader, &source, loading->err);
    if (status != BATON_OK) {
        return status;
    }
    it->file = (uint32_t)(file - loading->files);
    it->line = line->number;
    it->offset = line->offset;
    it->length = (uint32_t)line->text.length;
    loading->cassette->count++;
    file->count++;
    return BATON_OK;
}

/* What a killed writer leaves: the start of a line. */
static enum baton_status torn(const struct loading *loading, const struct baton_cassette_file *file,
                              const struct baton_line *line, enum baton_status status)
{
    struct baton_error error;
    if (status != BATON_EINPUT) {
        return status;
    }
    error = *loading->err;
    baton_error_set(loading->err, BATON_EINPUT,
                    "the last line is cut off, as by a recording that was interrupted: go on with it (--resume), or "
                    "delete the line (%.200s)",
                    error.text);
    baton_error_at(loading->err, file->path, line->number, error.column);
    return BATON_EINPUT;
}

static enum baton_status load_lines(struct loading *loading, struct baton_cassette_file *file,
                                    struct baton_lines *lines, bool allows_torn_tail)
{
    struct baton_line line;
    bool has_line;
    enum baton_status status = baton_lines_next(lines, &line, &has_line, loading->err);
    for (; status == BATON_OK && has_line; status = baton_lines_next(lines, &line, &has_line, loading->err)) {
        if (line.is_torn && allows_torn_tail) {
            file->is_torn = true;
            return BATON_OK;
        }
        status = take_line(loading, file, &line);
        if (status != BATON_OK) {
            baton_error_at(loading->err, file->path, line.number, 0);
            return line.is_torn ? torn(loading, file, &line, status) : status;
        }
        file->whole_bytes = line.offset + line.text.length + !line.is_torn;
        file->is_torn = line.is_torn; /* readable all the same: an editor took the last line feed away */
    }
    if (status == BATON_OK && !file->has_header && !allows_torn_tail) {
        status = baton_error_set(loading->err, BATON_EINPUT,
                                 "not a cassette: its first line must be {\"baton_cassette\":1,...}");
        baton_error_at(loading->err, file->path, 1, 1);
    }
    return status;
}

static enum baton_status load_file(struct loading *loading, struct baton_cassette_file *file, bool allows_torn_tail)
{
    struct baton_lines lines;
    file->first = loading->cassette->count;
    enum baton_status status = baton_lines_open(&lines, file->path, loading->err);
    if (status == BATON_OK) {
        status = load_lines(loading, file, &lines, allows_torn_tail);
        baton_lines_close(&lines);
    }
    return status;
}

/* The one codec of all model calls, for agents that do not name theirs. */
static const struct baton_codec *only_codec(const struct baton_cassette *cassette)
{
    const struct baton_codec *codec = NULL;
    for (uint32_t i = 0; i < cassette->count; i++) {
        const struct baton_interaction *it = baton_cassette_at(cassette, i);
        if (it->kind == BATON_INTERACTION_MODEL && it->codec != codec) {
            if (codec != NULL) {
                return NULL;
            }
            codec = it->codec;
        }
    }
    return codec;
}

static enum baton_status load_all(struct loading *loading, const struct baton_cassette_options *options)
{
    struct baton_cassette *cassette = loading->cassette;
    enum baton_status status = BATON_OK;
    for (uint32_t i = 0; i < options->file_count && status == BATON_OK; i++) {
        struct baton_cassette_file *file = &loading->files[i];
        file->path = options->files[i];
        status = load_file(loading, file, options->allows_torn_tail && i + 1 == options->file_count);
    }
    if (status == BATON_OK && (!index_all(cassette, loading->arena) || !join_all(cassette, loading->arena))) {
        status = no_memory(loading, options->file_count > 0 ? options->files[0] : "");
    }
    cassette->codec = status == BATON_OK ? only_codec(cassette) : NULL;
    return status;
}

enum baton_status baton_cassette_load(struct baton_cassette **out, struct baton_arena *arena,
                                      const struct baton_cassette_options *options, struct baton_error *err)
{
    struct baton_error local = { .status = BATON_OK };
    struct loading loading = { .arena = arena, .err = err != NULL ? err : &local };
    *out = NULL;
    if (options->file_count > BATON_CASSETTE_FILES_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "more than %d cassettes", BATON_CASSETTE_FILES_MAX);
    }
    loading.cassette = baton_arena_zero(arena, sizeof *loading.cassette);
    loading.files = baton_arena_zero(arena, options->file_count * sizeof *loading.files);
    loading.reader.arena = arena;
    loading.reader.scratch = baton_arena_new(BATON_CASSETTE_SCRATCH_BYTES_MAX);
    loading.reader.decoder = baton_decoder_new();
    enum baton_status status = BATON_OK;
    if (loading.cassette == NULL || loading.files == NULL || loading.reader.scratch == NULL ||
        loading.reader.decoder == NULL) {
        status = baton_error_no_memory(err, NULL);
    } else {
        loading.cassette->files = loading.files;
        loading.cassette->file_count = options->file_count;
        status = load_all(&loading, options);
    }
    baton_decoder_free(loading.reader.decoder);
    baton_arena_free(loading.reader.scratch);
    *out = status == BATON_OK ? loading.cassette : NULL;
    return status;
}

/* ---- requests, read again ---- */

enum baton_status baton_cassette_request(const struct baton_json **out, const struct baton_cassette *cassette,
                                         const struct baton_interaction *interaction, struct baton_arena *arena,
                                         struct baton_error *err)
{
    const char *path = cassette->files[interaction->file].path;
    char *data = baton_arena_alloc(arena, (size_t)interaction->length + 1);
    const struct baton_json *root = NULL;
    *out = NULL;
    if (data == NULL) {
        return baton_error_over_limit(err, "a recorded request");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, data, interaction->length, (off_t)interaction->offset);
    if (fd >= 0) {
        close(fd);
    }
    if (got != (ssize_t)interaction->length) {
        return baton_error_set(err, BATON_EIO, "cannot read '%s' again: %s", path, strerror(errno));
    }
    const struct baton_source source = { .name = path,
                                         .line_first = interaction->line,
                                         .text = { data, interaction->length } };
    enum baton_status status = baton_json_parse(&root, arena, &source, err);
    if (status == BATON_OK) {
        *out = root->type == BATON_JSON_OBJECT ? baton_json_get(root, "request") : NULL;
    }
    if (status == BATON_OK && *out == NULL) {
        status = baton_error_set(err, BATON_EIO, "'%s' was changed since it was loaded", path);
    }
    return status;
}
