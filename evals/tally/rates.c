/* Why sums of 128 and 256 bits: the variance needs squares of weighted sums, and floating point would make it depend on the
 * order in which workers and shards are added up. Doubles appear in baton_rate_value_of() alone, when all is added.
 *
 * Why three sums of products are enough: with S and W of each cluster, the sum of (S - mW)^2 over clusters is
 * sum S^2 - 2m sum SW + m^2 sum W^2, so that m, the mean, need not be known before the end.
 */
#include "evals/tally/rates.h"

#include "engine/base/hash.h"
#include "evals/stats/intervals.h"

#include <math.h>

/* What a cluster has of a rate. */
struct part {
    baton_u128 weight, sum;
    uint64_t kind, id;
};

struct baton_rates baton_rates_of(void)
{
    return (struct baton_rates){ .sums = baton_table_of(sizeof(struct baton_rate_sums)),
                                 .open = baton_table_of(sizeof(struct part)),
                                 .current = baton_table_of(sizeof(struct part)) };
}

void baton_rates_clear(struct baton_rates *rates)
{
    baton_table_clear(&rates->sums);
    baton_table_clear(&rates->open);
    baton_table_clear(&rates->current);
    *rates = baton_rates_of();
}

bool baton_rates_failed(const struct baton_rates *rates)
{
    return rates->failed || rates->sums.failed || rates->open.failed || rates->current.failed;
}

static struct baton_key sums_key(struct baton_rate_key key)
{
    return (struct baton_key){ key.kind, key.id };
}

static void add_to(struct baton_rates *rates, baton_u128 *into, baton_u128 more)
{
    rates->failed = rates->failed || __builtin_add_overflow(*into, more, into);
}

/* ---- labels ---- */

static struct part *part_of(struct baton_rates *rates, struct baton_rate_key key, uint64_t cluster)
{
    if (cluster == 0) {
        return baton_table_at(&rates->current, sums_key(key));
    }
    const uint64_t rate[2] = { key.kind, key.id };
    return baton_table_at(&rates->open, (struct baton_key){ cluster, baton_hash64(rate, sizeof rate, 0) });
}

void baton_rates_add(struct baton_rates *rates, struct baton_rate_key key, const struct baton_rate_item *item)
{
    struct part *part = part_of(rates, key, item->cluster);
    struct baton_rate_sums *sums = baton_table_at(&rates->sums, sums_key(key));
    if (part == NULL || sums == NULL) {
        return; /* the table has failed */
    }
    baton_u128 weighted = item->weight * item->value;
    part->kind = key.kind;
    part->id = key.id;
    add_to(rates, &part->weight, item->weight);
    add_to(rates, &part->sum, weighted);
    add_to(rates, &sums->weight, item->weight);
    add_to(rates, &sums->sum, weighted);
    add_to(rates, &sums->plain, item->value);
    sums->n++;
    uint64_t missing = BATON_RATE_ONE - item->value;
    sums->low = missing > sums->low ? missing : sums->low;
    sums->high = item->value > sums->high ? item->value : sums->high;
}

/* ---- clusters ---- */

static void close_part(struct baton_rates *rates, const struct part *part)
{
    struct baton_rate_key key = { (enum baton_rate_kind)part->kind, part->id };
    struct baton_rate_sums *sums = baton_table_at(&rates->sums, sums_key(key));
    if (sums != NULL) {
        sums->clusters++;
        baton_wide_add_product(&sums->squares, part->sum, part->sum);
        baton_wide_add_product(&sums->products, part->sum, part->weight);
        baton_wide_add_product(&sums->weight_squares, part->weight, part->weight);
    }
}

static void close_all(struct baton_rates *rates, struct baton_table *parts)
{
    struct baton_key ignored;
    for (size_t i = 0; i < parts->used; i++) {
        close_part(rates, baton_table_entry(parts, i, &ignored));
    }
    baton_table_reset(parts);
}

void baton_rates_close(struct baton_rates *rates)
{
    close_all(rates, &rates->current);
}

void baton_rates_finish(struct baton_rates *rates)
{
    close_all(rates, &rates->open);
}

/* ---- adding up ---- */

static void merge_sums(struct baton_rates *rates, struct baton_rate_sums *into, const struct baton_rate_sums *from)
{
    baton_wide_add(&into->squares, &from->squares);
    baton_wide_add(&into->products, &from->products);
    baton_wide_add(&into->weight_squares, &from->weight_squares);
    add_to(rates, &into->weight, from->weight);
    add_to(rates, &into->sum, from->sum);
    add_to(rates, &into->plain, from->plain);
    into->n += from->n;
    into->clusters += from->clusters;
    into->low = from->low > into->low ? from->low : into->low;
    into->high = from->high > into->high ? from->high : into->high;
}

void baton_rates_merge(struct baton_rates *into, const struct baton_rates *from)
{
    struct baton_key key;
    for (size_t i = 0; i < from->sums.used; i++) {
        const struct baton_rate_sums *sums = baton_table_entry(&from->sums, i, &key);
        struct baton_rate_sums *mine = baton_table_at(&into->sums, key);
        if (mine != NULL) {
            merge_sums(into, mine, sums);
        }
    }
    for (size_t i = 0; i < from->open.used; i++) {
        const struct part *part = baton_table_entry(&from->open, i, &key);
        struct part *mine = baton_table_at(&into->open, key);
        if (mine != NULL) {
            mine->kind = part->kind;
            mine->id = part->id;
            add_to(into, &mine->weight, part->weight);
            add_to(into, &mine->sum, part->sum);
        }
    }
    into->failed = into->failed || baton_rates_failed(from);
}

const struct baton_rate_sums *baton_rates_find(const struct baton_rates *rates, struct baton_rate_key key)
{
    return baton_table_find(&rates->sums, sums_key(key));
}

/* ---- figures ---- */

/* Independent labels that so many clustered ones are worth. */
static double effective_n(const struct baton_rate_sums *sums, long double mean)
{
    bool is_constant = sums->low + sums->high == BATON_RATE_ONE;
    if (is_constant || sums->clusters < 2) {
        return (double)sums->clusters;
    }
    long double scale = (long double)BATON_RATE_ONE, weight = baton_u128_value(sums->weight), n = (long double)sums->n;
    long double residuals = baton_wide_value(&sums->squares) / scale / scale -
                            2 * mean * baton_wide_value(&sums->products) / scale +
                            mean * mean * baton_wide_value(&sums->weight_squares);
    long double clusters = (long double)sums->clusters;
    long double variance = clusters / (clusters - 1) * fmaxl(residuals, 0) / weight / weight;
    long double design_effect = variance * (n - 1) / (mean * (1 - mean));
    return (double)(n / fmaxl(1, design_effect));
}

struct baton_rate_value baton_rate_value_of(const struct baton_rate_sums *sums)
{
    struct baton_rate_value out = { .value = NAN, .n_eff = NAN, .ci_low = NAN, .ci_high = NAN };
    if (sums == NULL || sums->n == 0) {
        return out;
    }
    long double scale = (long double)BATON_RATE_ONE;
    long double mean = baton_u128_value(sums->sum) / baton_u128_value(sums->weight) / scale;
    out.n = sums->n;
    out.correct = (double)(baton_u128_value(sums->plain) / scale);
    out.value = (double)mean;
    out.n_eff = effective_n(sums, mean);
    struct baton_interval interval = baton_intervals_wilson_at(out.value, out.n_eff);
    out.ci_low = interval.low;
    out.ci_high = interval.high;
    return out;
}
