/* Text that grows by doubling and remembers that it failed, so that writers of reports need no check after each piece. Numbers are
 * written by hand where that is faster than printf or independent of it: integers, milliseconds from nanoseconds, and doubles in
 * the fewest digits that read back as the same one, which makes results the same on every machine. JSON strings, of which nearly
 * all output consists, are looked through eight bytes at a time.
 */
#include "engine/base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

struct baton_text baton_text_with_limit(size_t limit_bytes)
{
    return (struct baton_text){ .limit = limit_bytes };
}

void baton_text_clear(struct baton_text *text)
{
    free(text->data);
    *text = (struct baton_text){ .limit = text->limit };
}

void baton_text_reset(struct baton_text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data != NULL) {
        text->data[0] = '\0';
    }
}

/* Makes room where reserve() found too little. */
static bool grow(struct baton_text *text, size_t more)
{
    if (text->failed || more > text->limit - text->length) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + more + 1, capacity = text->capacity == 0 ? CAPACITY_FIRST : text->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    char *data = baton_allocation_fails() ? NULL : realloc(text->data, capacity);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    baton_system_allocation_note();
    text->data = data;
    text->capacity = capacity;
    return true;
}

/* Makes room for `more` bytes and a NUL. */
static inline bool reserve(struct baton_text *text, size_t more)
{
    bool has_room = more < text->capacity - text->length && more <= text->limit - text->length && !text->failed;
    return has_room || grow(text, more);
}

void baton_text_append(struct baton_text *text, const char *data, size_t length)
{
    if (reserve(text, length)) {
        if (length > 0) {
            memcpy(text->data + text->length, data, length);
        }
        text->length += length;
        text->data[text->length] = '\0';
    }
}

void baton_text_puts(struct baton_text *text, const char *string)
{
    baton_text_append(text, string, strlen(string));
}

void baton_text_putc(struct baton_text *text, char character)
{
    if (reserve(text, 1)) {
        text->data[text->length++] = character;
        text->data[text->length] = '\0';
    }
}

void baton_text_vprintf(struct baton_text *text, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0 || !reserve(text, (size_t)length)) {
        text->failed = true;
    } else {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void baton_text_printf(struct baton_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    baton_text_vprintf(text, format, args);
    va_end(args);
}

void baton_text_u64(struct baton_text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    baton_text_append(text, digits + at, sizeof digits - at);
}

void baton_text_i64(struct baton_text *text, int64_t number)
{
    if (number < 0) {
        baton_text_putc(text, '-');
        baton_text_u64(text, (uint64_t)0 - (uint64_t)number);
    } else {
        baton_text_u64(text, (uint64_t)number);
    }
}

void baton_text_double(struct baton_text *text, double number)
{
    if (!isfinite(number)) {
        baton_text_puts(text, "null");
        return;
    }
    if (number == floor(number) && fabs(number) < 0x1p53) {
        baton_text_i64(text, (int64_t)number);
        return;
    }
    char digits[40];
    bool is_subnormal = fabs(number) < DBL_MIN; /* only these have fewer than 15 sure digits */
    for (int precision = is_subnormal ? 1 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) {
            break;
        }
    }
    baton_text_puts(text, digits);
}

void baton_text_ms(struct baton_text *text, uint64_t ns)
{
    baton_text_u64(text, ns / 1000000);
    unsigned rest = (unsigned)(ns % 1000000);
    if (rest != 0) {
        char fraction[16];
        int length = snprintf(fraction, sizeof fraction, ".%06u", rest);
        while (fraction[length - 1] == '0') {
            length--;
        }
        baton_text_append(text, fraction, (size_t)length);
    }
}

static void put_escape(struct baton_text *text, unsigned char byte)
{
    static const char names[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
    };
    if (byte < sizeof names && names[byte] != 0) {
        const char escape[2] = { '\\', names[byte] };
        baton_text_append(text, escape, sizeof escape);
    } else {
        baton_text_printf(text, "\\u%04x", byte);
    }
}

/* How many of the bytes are written as they are: up to the first that is escaped, eight at a time where it can be. */
static size_t plain_length(const char *data, size_t length)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    size_t i = 0;
    for (; length - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word, quotes, slashes;
        memcpy(&word, data + i, sizeof word);
        quotes = word ^ ones * '"';
        slashes = word ^ ones * '\\';
        if ((((word - ones * 0x20) | (quotes - ones) | (slashes - ones)) & ~word & highs) != 0) {
            break; /* perhaps only the byte before one: the loop below looks */
        }
    }
    while (i < length && (unsigned char)data[i] >= 0x20 && data[i] != '"' && data[i] != '\\') {
        i++;
    }
    return i;
}

void baton_text_json_string(struct baton_text *text, const char *data, size_t length)
{
    size_t at = plain_length(data, length);
    if (at == length && reserve(text, length + 2)) { /* nearly always: in one go */
        char *to = text->data + text->length;
        *to++ = '"';
        if (length > 0) {
            memcpy(to, data, length);
        }
        to[length] = '"';
        to[length + 1] = '\0';
        text->length += length + 2;
        return;
    }
    baton_text_putc(text, '"');
    for (at = 0; at < length;) {
        size_t plain = plain_length(data + at, length - at);
        baton_text_append(text, data + at, plain);
        at += plain;
        if (at < length) {
            put_escape(text, (unsigned char)data[at++]);
        }
    }
    baton_text_putc(text, '"');
}

struct baton_str baton_text_str(const struct baton_text *text)
{
    return (struct baton_str){ text->data == NULL ? "" : text->data, text->length };
}
