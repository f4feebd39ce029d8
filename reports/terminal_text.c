#include "reports/terminal_text.h"

void baton_terminal_colour(struct baton_text *out, bool has_colour, enum baton_terminal_colour colour)
{
    static const char *const codes[] = { "\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m" };
    if (has_colour) {
        baton_text_puts(out, codes[colour]);
    }
}

void baton_terminal_plain(struct baton_text *out, struct baton_str text, int width)
{
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f) {
            baton_text_append(out, text.data + start, i - start);
            baton_text_putc(out, ' ');
            start = i + 1;
        }
    }
    baton_text_append(out, text.data + start, text.length - start);
    for (int length = (int)text.length; length < width; length++) {
        baton_text_putc(out, ' ');
    }
}
