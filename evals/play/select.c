#include "evals/play/select.h"

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/number.h"
#include "evals/results/failed_ids.h"

enum baton_status baton_selection_read_shard(struct baton_selection *selection, const char *text,
                                             struct baton_error *err)
{
    struct baton_str rest = baton_str_of(text);
    uint64_t index = 0, count = 0;
    if (text == NULL) {
        return BATON_OK;
    }
    bool is_read = baton_number_take_u64(&rest, &index) && baton_str_starts(rest, "/") &&
                   baton_number_u64(baton_str_after(rest, 1), &count);
    if (!is_read || index < 1 || index > count || count > BATON_SHARDS_MAX) {
        return baton_error_set(err, BATON_EUSAGE, "--shard must be I/N with I from 1 to N, not '%s'", text);
    }
    selection->shard_index = (uint32_t)index - 1;
    selection->shard_count = (uint32_t)count;
    return BATON_OK;
}

bool baton_selection_has(const struct baton_selection *selection, struct baton_str id)
{
    return selection->shard_count <= 1 ||
           baton_hash64(id.data, id.length, 0) % selection->shard_count == selection->shard_index;
}

enum baton_status baton_selector_init(struct baton_selector *selector, const struct baton_selection *selection,
                                      struct baton_error *err)
{
    *selector = (struct baton_selector){ .selection = selection };
    if (selection->filter.data == NULL) {
        return BATON_OK;
    }
    enum baton_status status = baton_pattern_compile_lasting(&selector->filter, selection->filter, err);
    return status == BATON_OK ? BATON_OK : BATON_EUSAGE;
}

void baton_selector_clear(struct baton_selector *selector)
{
    baton_pattern_free(selector->filter);
    selector->filter = NULL;
}

static bool has_tag(const struct baton_conversation *conversation, struct baton_str wanted)
{
    for (const struct baton_json *tag = conversation->tags == NULL ? NULL : conversation->tags->child; tag != NULL;
         tag = tag->next) {
        if (baton_str_equal(tag->text, wanted)) {
            return true;
        }
    }
    return false;
}

enum baton_status baton_selector_takes(const struct baton_selector *selector,
                                       const struct baton_conversation *conversation, bool *out,
                                       struct baton_error *err)
{
    const struct baton_selection *selection = selector->selection;
    *out = selection->tag.data == NULL || has_tag(conversation, selection->tag);
    *out = *out &&
           (selection->only == NULL || baton_counter_get(selection->only, baton_failed_ids_key(conversation->id)) > 0);
    if (!*out || selector->filter == NULL) {
        return BATON_OK;
    }
    enum baton_match found = baton_pattern_match(selector->filter, conversation->id);
    *out = found == BATON_MATCH_YES;
    return found != BATON_MATCH_LIMIT
               ? BATON_OK
               : baton_error_set(err, BATON_EUSAGE, "the pattern of --filter takes too many steps; make it simpler");
}
