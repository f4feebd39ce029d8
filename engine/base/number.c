#include "engine/base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 1100 }; /* more than the longest double written out in full */

static size_t digits_at(struct baton_str text, size_t at)
{
    size_t end = at;
    while (end < text.length && text.data[end] >= '0' && text.data[end] <= '9') {
        end++;
    }
    return end - at;
}

size_t baton_number_length(struct baton_str text)
{
    size_t at = text.length > 0 && text.data[0] == '-';
    size_t digits = digits_at(text, at);
    if (digits == 0 || (text.data[at] == '0' && digits > 1)) {
        return 0;
    }
    at += digits;
    if (at < text.length && text.data[at] == '.') {
        digits = digits_at(text, at + 1);
        if (digits == 0) {
            return 0;
        }
        at += 1 + digits;
    }
    if (at < text.length && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t sign = at + 1 < text.length && (text.data[at + 1] == '+' || text.data[at + 1] == '-');
        digits = digits_at(text, at + 1 + sign);
        if (digits == 0) {
            return 0;
        }
        at += 1 + sign + digits;
    }
    return at;
}

bool baton_number_take_u64(struct baton_str *text, uint64_t *out)
{
    size_t length = digits_at(*text, 0);
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)(text->data[i] - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    if (length == 0) {
        return false;
    }
    *out = number;
    *text = baton_str_after(*text, length);
    return true;
}

bool baton_number_take_double(struct baton_str *text, double *out)
{
    char digits[DIGITS_MAX];
    size_t length = baton_number_length(*text);
    if (length == 0 || length >= sizeof digits) {
        return false;
    }
    memcpy(digits, text->data, length);
    digits[length] = '\0';
    double number = strtod(digits, NULL);
    if (!isfinite(number)) {
        return false;
    }
    *out = number;
    *text = baton_str_after(*text, length);
    return true;
}

bool baton_number_u64(struct baton_str text, uint64_t *out)
{
    uint64_t number = 0;
    bool is_whole = baton_number_take_u64(&text, &number) && text.length == 0;
    *out = is_whole ? number : *out;
    return is_whole;
}

bool baton_number_i64(struct baton_str text, int64_t *out)
{
    uint64_t size = 0;
    bool is_negative = baton_str_starts(text, "-");
    uint64_t size_max = (uint64_t)INT64_MAX + is_negative;
    if (!baton_number_u64(baton_str_after(text, is_negative), &size) || size > size_max) {
        return false;
    }
    *out = is_negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

bool baton_number_double(struct baton_str text, double *out)
{
    double number = 0;
    bool is_whole = baton_number_take_double(&text, &number) && text.length == 0;
    *out = is_whole ? number : *out;
    return is_whole;
}

int baton_number_hex_digit(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}
