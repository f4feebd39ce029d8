/* Any bytes, as a cassette: they are loaded, or refused with the place. What was loaded is found again by its keys, read again
 * from its file, and can be replayed; with a torn tail, what is whole is loaded too. The same bytes, as traffic that vcrpy
 * recorded, are imported, and then the import is a good cassette. */
#include "engine/base/text.h"
#include "sim/cassette/cassette_check.h"
#include "sim/cassette/replay.h"
#include "sim/import/rebuild.h"
#include "sim/import/vcr.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMORY_BYTES = 256 * 1024 * 1024, PATH_BYTES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

/* A file that is none on a disk. */
static int file_of(const void *data, size_t size, char path[PATH_BYTES])
{
    int fd = memfd_create("cassette", MFD_CLOEXEC);
    expect(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

static void look_again(const struct baton_cassette *cassette, struct baton_arena *arena)
{
    for (uint32_t i = 0; i < cassette->count; i++) {
        struct baton_interaction *it = baton_cassette_at(cassette, i);
        const struct baton_cassette_ask ask = { .kind = it->kind,
                                                .key = it->key,
                                                .conversation = it->position.conversation };
        const struct baton_interaction *found = baton_cassette_find(cassette, &ask);
        expect(found != NULL && found->kind == it->kind &&
               baton_str_equal(found->position.conversation, it->position.conversation));
        expect(it->kind != BATON_INTERACTION_MODEL || it->codec != NULL);
        expect(it->is_failure == (it->error != NULL));
        size_t pieces = 0;
        for (uint32_t k = 0; k < it->piece_count; k++) {
            pieces += it->pieces[k];
        }
        expect(it->piece_count == 0 || pieces == it->reply.text.length);
        if (it->kind == BATON_INTERACTION_MODEL) {
            const struct baton_json *request;
            struct baton_error err;
            expect(baton_cassette_request(&request, cassette, it, arena, &err) == BATON_OK);
        }
        baton_interaction_use(it);
    }
    expect(baton_cassette_unused(cassette, NULL, NULL) == 0);
}

static void load(const char *path, bool allows_torn_tail, bool must_be_good)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_BYTES);
    const struct baton_cassette_options options = { .files = &path,
                                                    .file_count = 1,
                                                    .allows_torn_tail = allows_torn_tail };
    struct baton_cassette *cassette;
    struct baton_error err;
    uint32_t count;
    enum baton_status status = baton_cassette_load(&cassette, arena, &options, &err);
    expect((status == BATON_OK) == (cassette != NULL));
    expect(status == BATON_OK || status == BATON_EINPUT || status == BATON_ELIMIT || status == BATON_ENOMEM);
    expect(status != BATON_EINPUT || err.line > 0);
    expect(status == BATON_OK || !must_be_good);
    if (status == BATON_OK) {
        look_again(cassette, arena);
    }
    expect(baton_cassette_secrets(&count, path, NULL, NULL, NULL, &err) == BATON_OK || status != BATON_OK);
    baton_arena_free(arena);
}

static void import(const uint8_t *data, size_t size)
{
    struct baton_arena *arena = baton_arena_new(MEMORY_BYTES);
    const struct baton_source source = { .name = "input.json", .text = { (const char *)data, size } };
    const struct baton_import_options options = { .name = "input.json", .id = BATON_STR("run") };
    struct baton_recorded_calls calls;
    struct baton_trace trace;
    struct baton_rebuilt out;
    struct baton_error err;
    if (baton_vcr_read(&calls, arena, &source, &err) == BATON_OK &&
        baton_trace_from_http(&trace, arena, &calls, &options, &err) == BATON_OK &&
        baton_rebuild(&out, arena, &trace, &options, &err) == BATON_OK) {
        char path[PATH_BYTES];
        int fd = file_of(out.cassette.data, out.cassette.length, path);
        load(path, false, true);
        close(fd);
        baton_rebuilt_clear(&out);
    }
    baton_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH_BYTES];
    int fd = file_of(data, size, path);
    load(path, false, false);
    load(path, true, false);
    close(fd);
    import(data, size);
    return 0;
}
