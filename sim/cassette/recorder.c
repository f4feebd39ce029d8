/* recorder.c - the files of a recording; recording.c has what one conversation does with them.
 *
 * Lines are appended as they come, each with one write() under a lock, so that a kill loses nothing that was used; threads mix
 * their conversations in FILE.part, and only the end puts them in order. A file that is there is never written into: FILE.new is
 * made beside it and renamed over it, and the order of the three steps (write, remove FILE.part, rename) says to whoever comes
 * after a kill what is whole. The first failure to write is kept and is the answer to all that follows.
 */
#include "sim/cassette/recorder.h"

#include "sim/redact/redact.h"
#include "sim/redact/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, COPY_BYTES = 64 * 1024, FILE_MODE = 0666 };

struct baton_recorder {
    struct baton_traffic_sink sink;
    struct baton_recorder_options options;
    struct baton_replay_options replay;
    struct baton_arena *arena;
    struct baton_cassette *known;
    char part[PATH_BYTES], fresh[PATH_BYTES];
    struct baton_str header;
    const char *files[2]; /* what `known` is of */
    uint32_t file_count;
    int fd;                     /* of FILE.part */
    bool is_part_new, is_begun; /* FILE.part was not there before; what it is to begin with stands in it */
    pthread_mutex_t lock;
    uint64_t size, count;       /* under the lock, as is_begun and the next */
    struct baton_error failure; /* of the first write that failed */
};

const struct baton_recorder_options *baton_recorder_options_of(const struct baton_recorder *recorder)
{
    return &recorder->options;
}

const struct baton_replay_options *baton_recorder_replay_options(const struct baton_recorder *recorder)
{
    return &recorder->replay;
}

const struct baton_cassette *baton_recorder_known(const struct baton_recorder *recorder)
{
    return recorder->known;
}

struct baton_traffic_sink *baton_recorder_sink(struct baton_recorder *recorder)
{
    return &recorder->sink;
}

uint64_t baton_recorder_count(struct baton_recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    uint64_t count = recorder->count;
    pthread_mutex_unlock(&recorder->lock);
    return count;
}

/* ---- appending ---- */

static bool write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written == 0) {
            errno = ENOSPC;
            return false;
        }
        data += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static enum baton_status refuse_keys(const struct baton_recorder *recorder, struct baton_str lines,
                                     struct baton_error *err)
{
    struct baton_secret_search search = baton_secret_search_in(recorder->options.values, lines);
    struct baton_secret secret;
    while (baton_secret_search_next(&search, &secret)) {
        if (secret.kind == BATON_SECRET_VALUE) {
            return baton_error_set(
                err, BATON_EUSAGE,
                "a key stands where it cannot be redacted, in the name of a conversation, an agent or a "
                "model; nothing was written");
        }
    }
    return BATON_OK;
}

/* Called with the lock, as the next; failures go to recorder->failure. */
static void put(struct baton_recorder *recorder, struct baton_str lines)
{
    if (write_all(recorder->fd, lines.data, lines.length)) {
        recorder->size += lines.length;
        return;
    }
    baton_error_set(&recorder->failure, BATON_EIO, "cannot record into '%s': %s", recorder->part, strerror(errno));
    if (ftruncate(recorder->fd, (off_t)recorder->size) != 0) {
        /* then half a line stays, as after a kill: it is taken away when the recording goes on */
        errno = 0;
    }
}

/* Takes away what is not to be gone on with, and writes the header where there is none. */
static void begin(struct baton_recorder *recorder)
{
    recorder->is_begun = true;
    if (recorder->options.replaces) {
        unlink(recorder->fresh);
        unlink(recorder->options.path);
    }
    if (ftruncate(recorder->fd, (off_t)recorder->size) != 0) {
        baton_error_set(&recorder->failure, BATON_EIO, "cannot shorten '%s': %s", recorder->part, strerror(errno));
    } else if (recorder->size == 0) {
        put(recorder, recorder->header);
    }
}

enum baton_status baton_recorder_append(struct baton_recorder *recorder, struct baton_str lines,
                                        struct baton_error *err)
{
    enum baton_status refused = refuse_keys(recorder, lines, err);
    if (refused != BATON_OK) {
        return refused;
    }
    if (lines.length > BATON_LINE_BYTES_MAX) {
        return baton_error_set(err, BATON_ELIMIT, "an interaction of more than %d MiB cannot be recorded",
                               BATON_LINE_BYTES_MAX >> 20);
    }
    pthread_mutex_lock(&recorder->lock);
    if (recorder->failure.status == BATON_OK && !recorder->is_begun) {
        begin(recorder);
    }
    if (recorder->failure.status == BATON_OK) {
        put(recorder, lines);
        recorder->count += recorder->failure.status == BATON_OK;
    }
    enum baton_status status = recorder->failure.status;
    if (status != BATON_OK && err != NULL) {
        *err = recorder->failure;
    }
    pthread_mutex_unlock(&recorder->lock);
    return status;
}

/* ---- model calls ---- */

static enum baton_status take(struct baton_traffic_sink *sink, const struct baton_traffic *traffic,
                              struct baton_error *err)
{
    struct baton_recorder *recorder = (struct baton_recorder *)((char *)sink - offsetof(struct baton_recorder, sink));
    const struct baton_request *asked = traffic->asked;
    struct baton_interaction_keys keys;
    struct baton_text line = baton_text_with_limit(BATON_RECORDER_BYTES_MAX),
                      normal = baton_text_with_limit(BATON_RECORDER_BYTES_MAX);
    struct baton_arena *scratch = baton_arena_new(BATON_RECORDER_BYTES_MAX);
    enum baton_status status = scratch == NULL ? baton_error_no_memory(err, NULL) : BATON_OK;
    if (status == BATON_OK) {
        status = baton_interaction_request_keys(&keys, &normal, traffic->codec, asked, traffic->model,
                                                recorder->options.values, true, err);
    }
    if (status == BATON_OK) {
        const struct baton_interaction about = {
            .key = keys.key,
            .redacted_key = keys.redacted_key,
            .has_redacted_key = keys.has_redacted_key,
            .kind = BATON_INTERACTION_MODEL,
            .position = { asked->conversation_id, asked->exchange, asked->turn, asked->nesting },
            .agent = baton_agent_name(asked->agents, asked->agent),
            .recorded_at = recorder->options.day,
            .reply = { .latency_ns = (int64_t)traffic->total_ns, .ttft_ns = traffic->ttft_ns },
        };
        baton_interaction_write_model(&line, recorder->options.values, scratch, &about, traffic, false);
        status = line.failed ? baton_error_set(err, BATON_ELIMIT, "an interaction is too large to be recorded")
                             : baton_recorder_append(recorder, baton_text_str(&line), err);
    }
    baton_arena_free(scratch);
    baton_text_clear(&normal);
    baton_text_clear(&line);
    return status;
}

/* ---- opening ---- */

static bool exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

static enum baton_status name_files(struct baton_recorder *recorder, struct baton_error *err)
{
    const char *path = recorder->options.path;
    int part = snprintf(recorder->part, sizeof recorder->part, "%s.part", path);
    int fresh = snprintf(recorder->fresh, sizeof recorder->fresh, "%s.new", path);
    if (part < 0 || fresh < 0 || (size_t)part >= sizeof recorder->part || (size_t)fresh >= sizeof recorder->fresh) {
        return baton_error_set(err, BATON_EUSAGE, "the name of the cassette is too long");
    }
    return BATON_OK;
}

/* What finish() was at when it was killed: with FILE.part gone, FILE.new is whole. */
static enum baton_status settle_fresh(struct baton_recorder *recorder, struct baton_error *err)
{
    if (exists(recorder->part) || !exists(recorder->fresh)) {
        return BATON_OK;
    }
    return rename(recorder->fresh, recorder->options.path) == 0
               ? BATON_OK
               : baton_error_set(err, BATON_EIO, "cannot rename '%s' to '%s': %s", recorder->fresh,
                                 recorder->options.path, strerror(errno));
}

static enum baton_status check_files(struct baton_recorder *recorder, struct baton_error *err)
{
    const struct baton_recorder_options *options = &recorder->options;
    if (options->replaces) {
        return BATON_OK;
    }
    if (exists(options->path) && !options->refreshes) {
        return baton_error_set(err, BATON_EUSAGE,
                               "'%s' exists: add what it lacks (--refresh-missing), or delete it to record it anew",
                               options->path);
    }
    if (exists(recorder->part) && !options->resumes) {
        return baton_error_set(
            err, BATON_EUSAGE,
            "'%s' is left of a recording that was interrupted: go on with it (--resume), or delete it", recorder->part);
    }
    return BATON_OK;
}

static enum baton_status load_known(struct baton_recorder *recorder, struct baton_error *err)
{
    recorder->file_count = 0;
    if (exists(recorder->options.path) && !recorder->options.replaces) {
        recorder->files[recorder->file_count++] = recorder->options.path;
    }
    bool has_part = exists(recorder->part) && !recorder->options.replaces;
    if (has_part) {
        recorder->files[recorder->file_count++] = recorder->part;
    }
    const struct baton_cassette_options options = { .files = recorder->files,
                                                    .file_count = recorder->file_count,
                                                    .allows_torn_tail = has_part };
    enum baton_status status = baton_cassette_load(&recorder->known, recorder->arena, &options, err);
    for (uint32_t i = 0; status == BATON_OK && i < recorder->file_count; i++) {
        if (recorder->known->files[i].header.is_by_order) {
            status = baton_error_set(err, BATON_EUSAGE,
                                     "'%s' was imported and is matched by order: nothing can be added to it",
                                     recorder->files[i]);
        }
    }
    return status;
}

/* The first line, as it will be written; it may not hold a key either. */
static enum baton_status make_header(struct baton_recorder *recorder, struct baton_error *err)
{
    struct baton_text header = baton_text_with_limit(BATON_CASSETTE_HEADER_BYTES_MAX);
    baton_cassette_header_write(&header, &recorder->options.header);
    const char *copy = header.failed ? NULL : baton_arena_copy(recorder->arena, header.data, header.length);
    recorder->header = (struct baton_str){ copy, header.length };
    baton_text_clear(&header);
    return copy == NULL ? baton_error_set(err, BATON_ELIMIT, "the header of the cassette is too long")
                        : refuse_keys(recorder, recorder->header, err);
}

/* Opens FILE.part at the end of its whole lines. */
static enum baton_status open_part(struct baton_recorder *recorder, struct baton_error *err)
{
    const struct baton_cassette_file *part = NULL;
    for (uint32_t i = 0; i < recorder->file_count; i++) {
        part = recorder->files[i] == recorder->part ? &recorder->known->files[i] : part;
    }
    recorder->size = part != NULL && part->has_header ? part->whole_bytes : 0;
    recorder->is_part_new = !exists(recorder->part);
    recorder->fd = open(recorder->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
    if (recorder->fd < 0) {
        return baton_error_set(err, BATON_EIO, "cannot record into '%s': %s", recorder->part, strerror(errno));
    }
    if (flock(recorder->fd, LOCK_EX | LOCK_NB) != 0) {
        recorder->is_part_new = false;
        return baton_error_set(err, BATON_EUSAGE, "somebody else is recording into '%s'", recorder->part);
    }
    if (!recorder->options.replaces) {
        begin(recorder);
    }
    if (recorder->failure.status != BATON_OK) {
        *err = recorder->failure;
    }
    return recorder->failure.status;
}

static enum baton_status open_files(struct baton_recorder *recorder, struct baton_error *err)
{
    static enum baton_status (*const steps[])(struct baton_recorder * recorder,
                                              struct baton_error * err) = { name_files, settle_fresh, check_files,
                                                                            load_known, make_header,  open_part };
    enum baton_status status = recorder->arena == NULL ? baton_error_no_memory(err, NULL) : BATON_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == BATON_OK; i++) {
        status = steps[i](recorder, err);
    }
    return status;
}

enum baton_status baton_recorder_open(struct baton_recorder **out, const struct baton_recorder_options *options,
                                      struct baton_error *err)
{
    struct baton_recorder *recorder = baton_system_take(sizeof *recorder);
    *out = NULL;
    if (recorder == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    *recorder = (struct baton_recorder){ .sink = { .take = take },
                                         .options = *options,
                                         .arena = baton_arena_new(BATON_RECORDER_BYTES_MAX),
                                         .fd = -1,
                                         .lock = PTHREAD_MUTEX_INITIALIZER };
    struct baton_cassette_header *header = &recorder->options.header;
    if (header->provider.length == 0 && options->codec != NULL) {
        header->provider = baton_str_of(options->codec->name);
    }
    header->model = header->model.length == 0 ? options->model : header->model;
    enum baton_status status = open_files(recorder, err);
    if (status != BATON_OK) {
        baton_recorder_close(recorder);
        return status;
    }
    recorder->replay =
        (struct baton_replay_options){ .cassette = recorder->known,
                                       .agents = options->agents,
                                       .codec = options->codec,
                                       .model = options->model,
                                       .values = options->values,
                                       .is_strict = true,
                                       .shared_file_count = exists(options->path) && !options->replaces };
    *out = recorder;
    return BATON_OK;
}

void baton_recorder_close(struct baton_recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    if (recorder->fd >= 0) {
        if (recorder->is_part_new && recorder->count == 0) {
            unlink(recorder->part);
        }
        close(recorder->fd);
    }
    pthread_mutex_destroy(&recorder->lock);
    baton_arena_free(recorder->arena);
    baton_system_give(recorder);
}

/* ---- finishing ---- */

struct entry {
    uint64_t rank; /* of its conversation */
    uint32_t index;
    struct baton_str conversation;
};

static int by_rank(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    if (left->rank == UINT64_MAX) { /* in neither list: by id */
        struct baton_str x = left->conversation, y = right->conversation;
        int order = memcmp(x.data, y.data, x.length < y.length ? x.length : y.length);
        order = order != 0 ? order : (x.length > y.length) - (x.length < y.length);
        if (order != 0) {
            return order;
        }
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

/* Conversations that FILE has stand where they did, new ones follow as the caller says. */
static struct entry *sorted(const struct baton_cassette *all, bool has_base, struct baton_arena *arena,
                            const struct baton_str *order, size_t order_count)
{
    struct entry *entries = baton_arena_array(arena, all->count, sizeof *entries);
    uint32_t base_count = has_base ? all->files[0].count : 0;
    struct baton_map ranks;
    if (entries == NULL || order_count >= UINT32_MAX / 2 || !baton_map_init(&ranks, arena, base_count + order_count)) {
        return NULL;
    }
    uint32_t rank = 0;
    for (uint32_t i = 0; i < base_count; i++) {
        rank += baton_map_put(&ranks, baton_cassette_at(all, i)->position.conversation, rank) == rank;
    }
    for (size_t i = 0; i < order_count; i++) {
        rank += baton_map_put(&ranks, order[i], rank) == rank;
    }
    for (uint32_t i = 0; i < all->count; i++) {
        struct baton_str conversation = baton_cassette_at(all, i)->position.conversation;
        uint32_t found = baton_map_get(&ranks, conversation);
        entries[i] = (struct entry){ .rank = found == BATON_NONE ? UINT64_MAX : found,
                                     .index = i,
                                     .conversation = conversation };
    }
    qsort(entries, all->count, sizeof *entries, by_rank);
    return entries;
}

static enum baton_status write_failed(const struct baton_recorder *recorder, struct baton_error *err)
{
    return baton_error_set(err, BATON_EIO, "cannot write '%s': %s; what was recorded is in '%s'", recorder->fresh,
                           strerror(errno), recorder->part);
}

/* A line of one of the files, with its line feed. */
static bool read_line(int fd, const struct baton_interaction *it, struct baton_text *out, char *buffer)
{
    size_t left = it->length;
    off_t at = (off_t)it->offset;
    while (left > 0) {
        ssize_t got = pread(fd, buffer, left < COPY_BYTES ? left : COPY_BYTES, at);
        if (got <= 0) {
            return false;
        }
        baton_text_append(out, buffer, (size_t)got);
        left -= (size_t)got;
        at += got;
    }
    baton_text_putc(out, '\n');
    return true;
}

static enum baton_status copy_lines(const struct baton_recorder *recorder, const struct baton_cassette *all,
                                    const struct entry *entries, int to, struct baton_error *err)
{
    int from[2] = { -1, -1 };
    char *buffer = baton_arena_alloc(recorder->arena, COPY_BYTES);
    struct baton_text out = baton_text_with_limit(BATON_RECORDER_BYTES_MAX);
    enum baton_status status = buffer == NULL ? baton_error_no_memory(err, NULL) : BATON_OK;
    for (uint32_t i = 0; i < all->file_count && status == BATON_OK; i++) {
        from[i] = open(all->files[i].path, O_RDONLY | O_CLOEXEC);
        if (from[i] < 0) {
            status = baton_error_set(err, BATON_EIO, "cannot read '%s': %s", all->files[i].path, strerror(errno));
        }
    }
    baton_cassette_header_write(&out, all->files[0].has_header ? &all->files[0].header : &recorder->options.header);
    for (uint32_t i = 0; i < all->count && status == BATON_OK; i++) {
        const struct baton_interaction *it = baton_cassette_at(all, entries[i].index);
        if (!read_line(from[it->file], it, &out, buffer)) {
            status = baton_error_set(err, BATON_EIO, "cannot read '%s' again", all->files[it->file].path);
        } else if (out.length >= COPY_BYTES) {
            status = out.failed || write_all(to, out.data, out.length) ? status : write_failed(recorder, err);
            out.length = 0;
        }
    }
    if (status == BATON_OK && out.failed) {
        status = baton_error_no_memory(err, NULL);
    }
    if (status == BATON_OK && (!write_all(to, out.data, out.length) || fsync(to) != 0)) {
        status = write_failed(recorder, err);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (from[i] >= 0) {
            close(from[i]);
        }
    }
    baton_text_clear(&out);
    return status;
}

static enum baton_status write_fresh(const struct baton_recorder *recorder, const struct baton_cassette *all,
                                     const struct entry *entries, struct baton_error *err)
{
    int fd = open(recorder->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return write_failed(recorder, err);
    }
    enum baton_status status = copy_lines(recorder, all, entries, fd, err);
    if (close(fd) != 0 && status == BATON_OK) {
        status = write_failed(recorder, err);
    }
    return status;
}

enum baton_status baton_recorder_finish(struct baton_recorder *recorder, const struct baton_str *order,
                                        size_t order_count, struct baton_error *err)
{
    const char *files[] = { recorder->options.path, recorder->part };
    bool has_base = exists(recorder->options.path);
    struct baton_cassette *all;
    if (!recorder->is_begun) {
        begin(recorder);
        has_base = false;
    }
    if (recorder->failure.status != BATON_OK) {
        *err = recorder->failure;
        return recorder->failure.status;
    }
    const struct baton_cassette_options options = { .files = has_base ? files : files + 1,
                                                    .file_count = has_base ? 2 : 1 };
    enum baton_status status = baton_cassette_load(&all, recorder->arena, &options, err);
    if (status != BATON_OK) {
        return status;
    }
    struct entry *entries = sorted(all, has_base, recorder->arena, order, order_count);
    status = entries == NULL ? baton_error_no_memory(err, NULL) : write_fresh(recorder, all, entries, err);
    recorder->is_part_new = false;
    if (status == BATON_OK && (unlink(recorder->part) != 0 || rename(recorder->fresh, recorder->options.path) != 0)) {
        status = write_failed(recorder, err);
    }
    return status;
}
