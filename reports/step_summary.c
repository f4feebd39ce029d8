#include "reports/step_summary.h"

#include "reports/forms/markdown.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *not_added(char note[BATON_STEP_SUMMARY_NOTE_BYTES], const char *path, const char *why)
{
    snprintf(note, BATON_STEP_SUMMARY_NOTE_BYTES, "nothing was added to the step summary '%s': %s", path, why);
    return note;
}

const char *baton_step_summary_add(const char *path, const struct baton_report_context *context,
                                   char note[BATON_STEP_SUMMARY_NOTE_BYTES])
{
    const char *result = NULL;
    struct stat info;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || fstat(fd, &info) != 0) {
        result = not_added(note, path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return result;
    }
    struct baton_text text = baton_text_with_limit(BATON_STEP_SUMMARY_BYTES_MAX);
    baton_text_puts(&text, info.st_size > 0 ? "\n" : ""); /* what is there may lack its last line break */
    baton_markdown_write(&text, context);
    if (text.failed) {
        result = not_added(note, path, "out of memory");
    } else if ((uint64_t)info.st_size + text.length > BATON_STEP_SUMMARY_BYTES_MAX) {
        result = not_added(note, path, "it would be over the 1024 KiB that GitHub shows");
    } else {
        ssize_t written = write(fd, text.data, text.length);
        if (written != (ssize_t)text.length) {
            result = not_added(note, path, written < 0 ? strerror(errno) : "the disk is full");
        }
    }
    baton_text_clear(&text);
    if (close(fd) != 0 && result == NULL) {
        result = not_added(note, path, strerror(errno));
    }
    return result;
}
