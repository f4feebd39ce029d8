#include "evals/play/shard_order.h"

#include "engine/base/source.h"

struct baton_shard_order baton_shard_order_none(void)
{
    return (struct baton_shard_order){ .between = baton_text_with_limit(BATON_FILE_BYTES_MAX) };
}

void baton_shard_order_reset(struct baton_shard_order *order)
{
    struct baton_text between = order->between;
    baton_text_reset(&between);
    *order = (struct baton_shard_order){ .between = between };
}

void baton_shard_order_clear(struct baton_shard_order *order)
{
    baton_text_clear(&order->between);
}

void baton_shard_order_merge(struct baton_shard_order *order, const struct baton_shard_order *next)
{
    if (!next->has_own) {
        order->last += next->last;
        return;
    }
    uint64_t before = order->last + next->first;
    if (order->has_own) {
        baton_text_putc(&order->between, ' ');
        baton_text_u64(&order->between, before);
    } else {
        order->first = before;
    }
    baton_text_append(&order->between, next->between.data, next->between.length);
    order->between.failed = order->between.failed || next->between.failed;
    order->has_own = true;
    order->last = next->last;
}

void baton_shard_order_note(struct baton_shard_order *order, bool is_own)
{
    baton_shard_order_merge(order, &(struct baton_shard_order){ .has_own = is_own, .last = is_own ? 0 : 1 });
}

void baton_shard_order_write(struct baton_text *out, const struct baton_shard_order *order)
{
    if (order->has_own) {
        baton_text_u64(out, order->first);
        baton_text_append(out, order->between.data, order->between.length);
    }
    out->failed = out->failed || order->between.failed;
}
