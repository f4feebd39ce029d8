#include "evals/cli/progress.h"

#include "engine/base/clock.h"

#include <inttypes.h>
#include <unistd.h>

#define NS_PER_S 1e9

enum { QUIET_FIRST_NS = 300000000, REDRAW_NS = 100000000 };

static uint64_t now(void)
{
    struct baton_clock *clock = baton_clock_system();
    return clock->now_ns(clock);
}

void baton_progress_init(struct baton_progress_line *line, FILE *file)
{
    *line = (struct baton_progress_line){ .file = file, .is_terminal = isatty(fileno(file)) == 1, .start_ns = now() };
}

static void print(const struct baton_progress_line *line, const struct baton_progress *progress, double seconds,
                  unsigned percent)
{
    double rate = seconds > 0 ? (double)progress->conversations / seconds : 0;
    fprintf(line->file, "%3u %%  %" PRIu64 " conversations", percent, progress->conversations);
    if (progress->labelled > 0) {
        fprintf(line->file, "  %" PRIu64 "/%" PRIu64 " as expected", progress->correct, progress->labelled);
    }
    fprintf(line->file, "  %" PRIu64 " loops  %.0f/s", progress->loops, rate);
    if (percent > 0 && percent < 100) {
        fprintf(line->file, "  %.0f s left", seconds * (100 - percent) / percent);
    }
}

void baton_progress_update(void *user, const struct baton_progress *progress)
{
    struct baton_progress_line *line = user;
    uint64_t passed = now() - line->start_ns;
    if (passed < QUIET_FIRST_NS || progress->bytes_all == 0) {
        return;
    }
    unsigned percent = (unsigned)(progress->bytes_read * 100 / progress->bytes_all);
    percent = percent > 100 ? 100 : percent;
    if (line->is_terminal && (!line->is_drawn || passed - line->drawn_ns >= REDRAW_NS)) {
        fputs("\r\033[K", line->file);
        print(line, progress, (double)passed / NS_PER_S, percent);
        fflush(line->file);
        line->is_drawn = true;
        line->drawn_ns = passed;
    } else if (!line->is_terminal && percent / 10 > line->tenths) {
        line->tenths = percent / 10;
        print(line, progress, (double)passed / NS_PER_S, percent);
        fputc('\n', line->file);
    }
}

void baton_progress_end(struct baton_progress_line *line)
{
    if (line->is_terminal && line->is_drawn) {
        fputs("\r\033[K", line->file);
        fflush(line->file);
    }
}
