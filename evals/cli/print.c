#include "evals/cli/print.h"

enum { PRINT_BYTES_MAX = 1024 * 1024 * 1024 };

static void print(FILE *file, const char *end, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

static void print(FILE *file, const char *end, const char *format, va_list args)
{
    struct baton_text raw = baton_text_with_limit(PRINT_BYTES_MAX), clean = raw;
    baton_text_vprintf(&raw, format, args);
    baton_terminal_put(&clean, baton_text_str(&raw));
    baton_text_puts(&clean, end);
    baton_print_text(file, &clean);
    baton_text_clear(&raw);
    baton_text_clear(&clean);
}

void baton_print(FILE *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(file, "", format, args);
    va_end(args);
}

void baton_print_line(FILE *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(file, "\n", format, args);
    va_end(args);
}

void baton_print_text(FILE *file, const struct baton_text *text)
{
    if (text->length > 0) {
        (void)fwrite(text->data, 1, text->length, file);
    }
}
