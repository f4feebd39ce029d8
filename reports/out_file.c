#include "reports/out_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

enum baton_status baton_out_folder_make(const char *folder, struct baton_error *err)
{
    char path[PATH_BYTES];
    if (folder[0] == '\0' || strlen(folder) >= sizeof path) {
        return baton_error_set(err, BATON_EUSAGE, "'%s' cannot be a folder's name", folder);
    }
    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            return baton_error_set(err, BATON_EIO, "cannot make the folder '%s': %s", path, strerror(errno));
        }
        if (slash != NULL) {
            *slash = '/';
        }
    }
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return baton_error_set(err, BATON_EIO, "'%s' is there already and is not a folder", folder);
    }
    return BATON_OK;
}

enum baton_status baton_out_open(struct baton_out_file *out, struct baton_arena *arena, const char *folder,
                                 const char *name, struct baton_error *err)
{
    *out = (struct baton_out_file){ 0 };
    out->path =
        folder == NULL ? baton_arena_copy(arena, name, strlen(name)) : baton_arena_printf(arena, "%s/%s", folder, name);
    struct stat info;
    bool is_special = out->path != NULL && lstat(out->path, &info) == 0 && !S_ISREG(info.st_mode);
    out->part = out->path == NULL || is_special ? out->path : baton_arena_printf(arena, "%s.part", out->path);
    if (out->part == NULL) {
        return baton_error_no_memory(err, NULL);
    }
    out->file = fopen(out->part, "we");
    return out->file != NULL ? BATON_OK
                             : baton_error_set(err, BATON_EIO, "cannot write '%s': %s", out->part, strerror(errno));
}

enum baton_status baton_out_commit(struct baton_out_file *out, struct baton_error *err)
{
    if (out->file == NULL) {
        return BATON_OK;
    }
    bool is_written = fflush(out->file) == 0 && !ferror(out->file);
    int failure = errno;
    is_written = fclose(out->file) == 0 && is_written;
    out->file = NULL;
    out->is_broken = true;
    if (!is_written) {
        return baton_error_set(err, BATON_EIO, "cannot write '%s': %s", out->part, strerror(failure));
    }
    if (out->part != out->path && rename(out->part, out->path) != 0) {
        return baton_error_set(err, BATON_EIO, "cannot rename '%s' to '%s': %s", out->part, out->path, strerror(errno));
    }
    out->is_broken = false;
    return BATON_OK;
}

void baton_out_discard(struct baton_out_file *out)
{
    bool is_there = out->file != NULL || out->is_broken;
    if (out->file != NULL) {
        fclose(out->file);
        out->file = NULL;
    }
    if (is_there && out->part != out->path) {
        unlink(out->part);
    }
    out->is_broken = false;
}

enum baton_status baton_out_write(struct baton_arena *arena, const char *folder, const char *name,
                                  struct baton_str text, struct baton_error *err)
{
    struct baton_out_file out;
    enum baton_status status = baton_out_open(&out, arena, folder, name, err);
    if (status != BATON_OK) {
        return status;
    }
    (void)fwrite(text.data, 1, text.length, out.file); /* a short write shows in ferror() */
    status = baton_out_commit(&out, err);
    baton_out_discard(&out);
    return status;
}

void baton_out_remove(struct baton_arena *arena, const char *folder, const char *name)
{
    const char *path = baton_arena_printf(arena, "%s/%s", folder, name);
    if (path != NULL) {
        unlink(path);
    }
}
