#include "sim/import/forms.h"

#include "sim/import/trace_http.h"
#include "sim/import/vcr.h"

static const struct baton_import_form forms[] = {
    { "vcr", "cassettes of vcrpy (YAML or JSON)", baton_vcr_read },
};

const struct baton_import_form *baton_import_form_at(size_t i)
{
    return i < sizeof forms / sizeof *forms ? &forms[i] : NULL;
}

enum baton_status baton_import_read(struct baton_trace *out, struct baton_arena *arena,
                                    const struct baton_import_form *form, const char *path,
                                    const struct baton_import_options *options, struct baton_error *err)
{
    struct baton_recorded_calls calls;
    struct baton_source *source = baton_arena_zero(arena, sizeof *source);
    *out = (struct baton_trace){ .count = 0 };
    if (source == NULL) {
        return baton_error_over_limit(err, "'%s'", path);
    }
    enum baton_status status = baton_source_load(source, arena, path, BATON_FILE_BYTES_MAX, err);
    if (status != BATON_OK) {
        return status;
    }
    status = form->read_http(&calls, arena, source, err);
    return status == BATON_OK ? baton_trace_from_http(out, arena, &calls, options, err) : status;
}
