#include "engine/base/document.h"

#include "engine/base/yaml.h"

enum baton_status baton_document_load(const struct baton_json **out, struct baton_source *source,
                                      struct baton_arena *arena, const char *path, struct baton_error *err)
{
    *out = NULL;
    enum baton_status status = baton_source_load(source, arena, path, BATON_FILE_BYTES_MAX, err);
    if (status != BATON_OK) {
        return status;
    }
    bool is_yaml = baton_path_ends(path, "yaml") || baton_path_ends(path, "yml");
    return (is_yaml ? baton_yaml_parse : baton_json_parse)(out, arena, source, err);
}
