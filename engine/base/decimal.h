/* decimal.h - numbers as they are written, exactly: digits * 10^power.
 *
 * As doubles 0.3 would be no multiple of 0.1, and two ids past 2^53 the same.
 *
 * Owns:     nothing.
 * Limits:   digits up to 2^64-1, zeros at both ends not counted; past that a decimal is not exact and says no more.
 */
#ifndef BATON_ENGINE_BASE_DECIMAL_H
#define BATON_ENGINE_BASE_DECIMAL_H

#include "engine/base/str.h"

#include <stdint.h>

struct baton_decimal {
    uint64_t digits; /* without zeros at the end; 0 is 0 * 10^0 */
    int64_t power;
    bool is_negative; /* never for 0 */
    bool is_exact;
};

/* Of a JSON number. */
struct baton_decimal baton_decimal_of(struct baton_str number);

/* One digit 0 more, and a power less: the same number. False where that does not fit. */
bool baton_decimal_lengthen(struct baton_decimal *decimal);

/* Below 0, 0 or above 0, as a is less than, equal to or more than b; both exact. */
int baton_decimal_order(struct baton_decimal a, struct baton_decimal b);

/* The size, without the sign, of a whole number; false where it is none, or too large. */
bool baton_decimal_whole(struct baton_decimal decimal, uint64_t *out);

#endif
