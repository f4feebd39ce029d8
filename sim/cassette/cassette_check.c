#include "sim/cassette/cassette_check.h"

#include "engine/base/lines.h"

uint32_t baton_cassette_unused(const struct baton_cassette *cassette, baton_interaction_found *found, void *user)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cassette->count; i++) {
        const struct baton_interaction *it = baton_cassette_at(cassette, i);
        if (!atomic_load_explicit(&it->is_used, memory_order_relaxed)) {
            count++;
            if (found != NULL) {
                found(user, cassette, it);
            }
        }
    }
    return count;
}

enum baton_status baton_cassette_expired(uint32_t *count, const struct baton_cassette *cassette, struct baton_str today,
                                         uint32_t days, baton_interaction_found *found, void *user,
                                         struct baton_error *err)
{
    int64_t now, recorded;
    *count = 0;
    if (!baton_day_parse(today, &now)) {
        return baton_error_set(err, BATON_EUSAGE, "'%.*s' is not a day, as in 2026-11-21", BATON_STR_ARGS(today));
    }
    for (uint32_t i = 0; i < cassette->count; i++) {
        const struct baton_interaction *it = baton_cassette_at(cassette, i);
        struct baton_str day = it->recorded_at.length > 0 ? it->recorded_at : cassette->files[it->file].header.created;
        if (baton_day_parse(day, &recorded) && now - recorded > (int64_t)days) {
            (*count)++;
            if (found != NULL) {
                found(user, cassette, it);
            }
        }
    }
    return BATON_OK;
}

enum baton_status baton_cassette_secrets(uint32_t *count, const char *path, const struct baton_known_values *values,
                                         baton_secret_found *found, void *user, struct baton_error *err)
{
    struct baton_lines lines;
    struct baton_line line;
    bool has_line = false;
    *count = 0;
    enum baton_status status = baton_lines_open(&lines, path, err);
    if (status != BATON_OK) {
        return status;
    }
    status = baton_lines_next(&lines, &line, &has_line, err);
    for (; status == BATON_OK && has_line; status = baton_lines_next(&lines, &line, &has_line, err)) {
        struct baton_secret_search search = baton_secret_search_in(values, line.text);
        struct baton_secret secret;
        while (baton_secret_search_next(&search, &secret)) {
            (*count)++;
            if (found != NULL) {
                found(user, &(struct baton_secret_place){ .path = path,
                                                          .line = line.number,
                                                          .column = (unsigned)secret.start + 1,
                                                          .kind = secret.kind });
            }
        }
    }
    baton_lines_close(&lines);
    return status;
}
