#include "engine/core/price.h"

#include <criterion/criterion.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

Test(price, multiplies_in_whole_pico_usd)
{
    static const struct baton_price price = { .in = 3, .cached = 0.3, .cache_write = 3.75, .out = 15 };
    static const struct {
        struct baton_usage usage;
        uint64_t pico;
    } rows[] = {
        { { 0 }, 0 },
        { { .input = 1 }, 3000000 },
        { { .output = 1 }, 15000000 },
        { { .input = 1000, .cached = 10, .cache_write = 4, .output = 7, .reasoning = 5 }, 3123000000 },
        { { .input = INT64_MAX, .output = 1 }, UINT64_MAX },
        { { .input = 3074467345618, .output = INT64_MAX / 15000000 }, UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_expect_eq(baton_price_pico(&price, &rows[i].usage), rows[i].pico, "row %zu: %llu", i,
                     (unsigned long long)baton_price_pico(&price, &rows[i].usage));
    }
}

Test(price, is_found_by_the_whole_name_of_the_model)
{
    static const struct baton_price prices[] = { { .model = BATON_STR_INIT("haiku"), .in = 1 },
                                                 { .model = BATON_STR_INIT("haiku-2"), .in = 2 } };
    const struct baton_agents agents = { .prices = prices, .price_count = COUNT_OF(prices) };
    cr_expect_eq(baton_price_find(&agents, BATON_STR("haiku")), &prices[0]);
    cr_expect_eq(baton_price_find(&agents, BATON_STR("haiku-2")), &prices[1]);
    cr_expect_null(baton_price_find(&agents, BATON_STR("haiku-3")));
}
