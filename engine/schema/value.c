/* Values are compared by what they mean, numbers as exact decimals; where the digits of one do not fit, the nearest doubles
 * decide. Equal pairs in an array are found by hashing each element and comparing those of one hash, as two loops would take n^2.
 */
#include "engine/schema/value.h"

#include "engine/base/decimal.h"
#include "engine/base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

int baton_value_order(const struct baton_json *a, const struct baton_json *b)
{
    struct baton_decimal left = baton_decimal_of(a->text), right = baton_decimal_of(b->text);
    if (!left.is_exact || !right.is_exact) {
        return (a->number > b->number) - (a->number < b->number);
    }
    return baton_decimal_order(left, right);
}

bool baton_value_is_whole(const struct baton_json *number)
{
    struct baton_decimal decimal = baton_decimal_of(number->text);
    return decimal.is_exact ? decimal.power >= 0 : number->number == floor(number->number);
}

bool baton_value_is_multiple(const struct baton_json *number, const struct baton_json *divisor)
{
    struct baton_decimal left = baton_decimal_of(number->text), right = baton_decimal_of(divisor->text);
    if (!left.is_exact || !right.is_exact) {
        return divisor->number != 0 && fmod(number->number, divisor->number) == 0;
    }
    if (left.digits == 0 || right.digits == 0) {
        return right.digits != 0;
    }
    while (right.power > left.power) {
        if (!baton_decimal_lengthen(&right)) {
            return false;
        }
    }
    /* right divides left * 10^shift just when what is left of it without that many twos and fives divides left. */
    int64_t shift = left.power - right.power;
    for (int64_t i = 0; i < shift && right.digits % 2 == 0; i++) {
        right.digits /= 2;
    }
    for (int64_t i = 0; i < shift && right.digits % 5 == 0; i++) {
        right.digits /= 5;
    }
    return left.digits % right.digits == 0;
}

/* ---- all values ---- */

static const struct baton_json *member_of(const struct baton_json *object, struct baton_str key)
{
    const struct baton_json *member = object->child;
    while (member != NULL && !baton_str_equal(member->key, key)) {
        member = member->next;
    }
    return member;
}

static bool children_equal(const struct baton_json *a, const struct baton_json *b)
{
    if (a->count != b->count) {
        return false;
    }
    const struct baton_json *other = b->child;
    for (const struct baton_json *child = a->child; child != NULL; child = child->next) {
        if (a->type == BATON_JSON_OBJECT) {
            const struct baton_json *member = member_of(b, child->key);
            if (member == NULL || !baton_value_equal(child, member)) {
                return false;
            }
        } else if (!baton_value_equal(child, other)) {
            return false;
        }
        other = other->next;
    }
    return true;
}

bool baton_value_equal(const struct baton_json *a, const struct baton_json *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch ((enum baton_json_type)a->type) {
    case BATON_JSON_NULL:
        return true;
    case BATON_JSON_BOOLEAN:
        return a->boolean == b->boolean;
    case BATON_JSON_NUMBER:
        return baton_value_order(a, b) == 0;
    case BATON_JSON_STRING:
        return baton_str_equal(a->text, b->text);
    case BATON_JSON_ARRAY:
    case BATON_JSON_OBJECT:
        break;
    }
    return children_equal(a, b);
}

/* The same for equal values. */
static uint64_t value_hash(const struct baton_json *value)
{
    uint64_t hash = value->type;
    if (value->type == BATON_JSON_STRING) {
        return baton_hash64(value->text.data, value->text.length, hash);
    }
    if (value->type == BATON_JSON_BOOLEAN) {
        return baton_hash64(&value->boolean, sizeof value->boolean, hash);
    }
    if (value->type == BATON_JSON_NUMBER) {
        double number = value->number == 0 ? 0 : value->number; /* no -0 */
        return baton_hash64(&number, sizeof number, hash);
    }
    for (const struct baton_json *child = value->child; child != NULL; child = child->next) {
        uint64_t below = value_hash(child);
        if (value->type == BATON_JSON_OBJECT) {
            hash += baton_hash64(child->key.data, child->key.length, below); /* a sum, as their order is free */
        } else {
            hash = baton_hash64(&below, sizeof below, hash);
        }
    }
    return hash;
}

struct element {
    const struct baton_json *value;
    uint64_t hash;
    uint32_t index;
};

static int by_hash(const void *a, const void *b)
{
    const struct element *left = a, *right = b;
    if (left->hash != right->hash) {
        return left->hash < right->hash ? -1 : 1;
    }
    return (left->index > right->index) - (left->index < right->index);
}

/* The pair whose second comes first, so that the machine's byte order, which decides the order of hashes, has no say. */
static struct baton_value_twins twins_among(const struct element *elements, size_t count)
{
    struct baton_value_twins twins = { .second = UINT32_MAX };
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count && elements[k].hash == elements[i].hash; k++) {
            if (elements[k].index < twins.second && baton_value_equal(elements[i].value, elements[k].value)) {
                twins.is_found = true;
                twins.first = elements[i].index;
                twins.second = elements[k].index;
                break;
            }
        }
    }
    return twins;
}

struct baton_value_twins baton_value_twins(const struct baton_json *array, struct baton_arena *arena)
{
    struct baton_value_twins twins = { .is_found = false };
    if (array->count < 2) {
        return twins;
    }
    struct baton_arena_mark mark = baton_arena_mark(arena);
    struct element *elements = baton_arena_array(arena, array->count, sizeof *elements);
    if (elements == NULL) {
        twins.is_out_of_memory = true;
        return twins;
    }
    uint32_t count = 0;
    for (const struct baton_json *child = array->child; child != NULL; child = child->next) {
        elements[count] = (struct element){ .value = child, .hash = value_hash(child), .index = count };
        count++;
    }
    qsort(elements, count, sizeof *elements, by_hash);
    twins = twins_among(elements, count);
    baton_arena_rollback(arena, mark);
    return twins;
}
