#include "engine/base/utf8.h"

#include <string.h>

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0U) == 0x80U;
}

size_t baton_utf8_length(const char *text, size_t left)
{
    static const struct {
        unsigned char low, high, second_low, second_high, length;
    } forms[] = {
        { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].low || p[0] > forms[i].high) {
            continue;
        }
        if (forms[i].length > left ||
            (forms[i].length > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))) {
            return 0;
        }
        for (size_t k = 2; k < forms[i].length; k++) {
            if (!continues(text[k])) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

bool baton_utf8_valid(const char *data, size_t length, size_t *bad)
{
    for (size_t i = 0; i < length;) {
        size_t step = (unsigned char)data[i] < 0x80 ? 1 : baton_utf8_length(data + i, length - i);
        if (step == 0) {
            *bad = i;
            return false;
        }
        i += step;
    }
    return true;
}

uint32_t baton_utf8_point(const char *text, size_t length)
{
    static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t point = (unsigned char)text[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++) {
        point = point << 6 | ((unsigned char)text[i] & 0x3fU);
    }
    return point;
}

size_t baton_utf8_write(char *out, uint32_t point)
{
    static const unsigned char lead_marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(lead_marks[length] | point);
    return length;
}

size_t baton_utf8_floor(const char *text, size_t at)
{
    while (at > 0 && continues(text[at])) {
        at--;
    }
    return at;
}

size_t baton_utf8_count(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        count += !continues(text[i]);
    }
    return count;
}

void baton_utf8_finish(char *text)
{
    size_t length = strlen(text), last = length == 0 ? 0 : baton_utf8_floor(text, length - 1);
    bool is_begun = length > 0 && (unsigned char)text[last] >= 0xc0;
    if (is_begun && baton_utf8_length(text + last, length - last) == 0) {
        text[last] = '\0';
    }
}
