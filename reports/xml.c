#include "reports/xml.h"

#include "engine/base/json.h"
#include "engine/base/utf8.h"

#include <string.h>

static const char *entity(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

/* The length of a forbidden character at p, or 0. */
static size_t forbidden(const char *p, size_t left)
{
    unsigned char c = (unsigned char)p[0];
    if (c < 0x20) {
        return 1;
    }
    bool is_noncharacter =
        left >= 3 && memcmp(p, "\xef\xbf", 2) == 0 && ((unsigned char)p[2] == 0xbe || (unsigned char)p[2] == 0xbf);
    return is_noncharacter ? 3 : 0;
}

/* Text that is UTF-8. */
static void put_valid(struct baton_text *out, struct baton_str text)
{
    size_t start = 0, i = 0;
    while (i < text.length) {
        const char *name = entity(text.data[i]);
        size_t skip = name != NULL ? 1 : forbidden(text.data + i, text.length - i);
        if (skip == 0) {
            i++;
            continue;
        }
        baton_text_append(out, text.data + start, i - start);
        if (name != NULL) {
            baton_text_puts(out, name);
        }
        i += skip;
        start = i;
    }
    if (text.length > start) {
        baton_text_append(out, text.data + start, text.length - start);
    }
}

void baton_xml_text(struct baton_text *out, struct baton_str text)
{
    size_t start = 0, bad = 0;
    while (start < text.length && !baton_utf8_valid(text.data + start, text.length - start, &bad)) {
        put_valid(out, (struct baton_str){ text.data + start, bad });
        baton_text_puts(out, "\xef\xbf\xbd");
        start += bad + 1;
    }
    if (start < text.length) {
        put_valid(out, (struct baton_str){ text.data + start, text.length - start });
    }
}
