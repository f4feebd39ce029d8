#include "engine/base/decimal.h"

enum { EXPONENT_MAX = 1000000000 }; /* what is larger leads nowhere all the same */

static bool push_digit(uint64_t *digits, unsigned digit)
{
    if (*digits > (UINT64_MAX - digit) / 10) {
        return false;
    }
    *digits = *digits * 10 + digit;
    return true;
}

/* Of `e-7`, or nothing. */
static int64_t exponent_of(struct baton_str text)
{
    int64_t exponent = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9' && exponent < EXPONENT_MAX) {
            exponent = exponent * 10 + (text.data[i] - '0');
        }
    }
    return text.length > 1 && text.data[1] == '-' ? -exponent : exponent;
}

struct baton_decimal baton_decimal_of(struct baton_str number)
{
    struct baton_decimal decimal = { .is_negative = number.length > 0 && number.data[0] == '-', .is_exact = true };
    bool after_point = false;
    int64_t zeros = 0; /* read, but not yet pushed: they may be the last ones */
    size_t i = decimal.is_negative;
    for (; i < number.length && (number.data[i] | 0x20) != 'e'; i++) {
        if (number.data[i] == '.') {
            after_point = true;
            continue;
        }
        decimal.power -= after_point;
        zeros += number.data[i] == '0';
        if (number.data[i] == '0') {
            continue;
        }
        for (; zeros > 0 && decimal.is_exact; zeros--) {
            decimal.is_exact = push_digit(&decimal.digits, 0);
        }
        if (!decimal.is_exact || !push_digit(&decimal.digits, (unsigned)(number.data[i] - '0'))) {
            return (struct baton_decimal){ .is_exact = false };
        }
    }
    if (decimal.digits == 0) {
        return (struct baton_decimal){ .is_exact = true };
    }
    decimal.power += zeros + exponent_of(baton_str_after(number, i));
    return decimal;
}

bool baton_decimal_lengthen(struct baton_decimal *decimal)
{
    bool fits = push_digit(&decimal->digits, 0);
    decimal->power -= fits;
    return fits;
}

static int sign(struct baton_decimal decimal)
{
    return decimal.digits == 0 ? 0 : decimal.is_negative ? -1 : 1;
}

/* The order of two sizes, neither of them 0. */
static int size_order(struct baton_decimal a, struct baton_decimal b)
{
    while (a.power > b.power) {
        if (!baton_decimal_lengthen(&a)) {
            return 1;
        }
    }
    while (b.power > a.power) {
        if (!baton_decimal_lengthen(&b)) {
            return -1;
        }
    }
    return (a.digits > b.digits) - (a.digits < b.digits);
}

int baton_decimal_order(struct baton_decimal a, struct baton_decimal b)
{
    if (sign(a) != sign(b) || sign(a) == 0) {
        return sign(a) - sign(b);
    }
    return a.is_negative ? size_order(b, a) : size_order(a, b);
}

bool baton_decimal_whole(struct baton_decimal decimal, uint64_t *out)
{
    bool fits = decimal.is_exact && decimal.power >= 0;
    while (fits && decimal.power > 0) {
        fits = baton_decimal_lengthen(&decimal);
    }
    *out = decimal.digits;
    return fits;
}
