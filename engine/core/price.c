#include "engine/core/price.h"

#include <math.h>

const struct baton_price *baton_price_find(const struct baton_agents *agents, struct baton_str model)
{
    for (uint32_t i = 0; i < agents->price_count; i++) {
        if (baton_str_equal(agents->prices[i].model, model)) {
            return &agents->prices[i];
        }
    }
    return NULL;
}

static uint64_t add(uint64_t sum, int64_t tokens, double usd_per_million)
{
    uint64_t more = 0, total = 0;
    bool is_over =
        tokens > 0 && __builtin_mul_overflow((uint64_t)tokens, (uint64_t)llround(usd_per_million * 1e6), &more);
    return is_over || __builtin_add_overflow(sum, more, &total) ? UINT64_MAX : total;
}

uint64_t baton_price_pico(const struct baton_price *price, const struct baton_usage *usage)
{
    uint64_t sum = add(0, usage->input, price->in);
    sum = add(sum, usage->cached, price->cached);
    sum = add(sum, usage->cache_write, price->cache_write);
    return add(sum, usage->output, price->out);
}
