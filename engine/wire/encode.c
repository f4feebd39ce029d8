#include "engine/wire/encode.h"

#include "engine/core/tool_name.h"

void baton_encode_node(struct baton_encoding *encoding, const struct baton_json *node)
{
    baton_jw_raw(&encoding->json, BATON_STR("")); /* the comma, if one is due */
    baton_json_write(encoding->json.out, node);
}

/* A schema must say that it is an object; one that leaves that open is told so. */
static void write_schema(struct baton_encoding *encoding, const struct baton_offer *offer)
{
    struct baton_json_writer *json = &encoding->json;
    const struct baton_json *schema = offer->schema;
    if (schema == NULL || schema->type != BATON_JSON_OBJECT) {
        baton_jw_raw(json, baton_str_of(offer->fallback));
        return;
    }
    baton_jw_open(json, '{');
    if (baton_json_get(schema, "type") == NULL) {
        baton_jw_put_string(json, "type", "object");
    }
    for (const struct baton_json *member = schema->child; member != NULL; member = member->next) {
        baton_jw_key_str(json, member->key);
        baton_encode_node(encoding, member);
    }
    baton_jw_close(json, '}');
}

void baton_encode_offer(struct baton_encoding *encoding, const struct baton_offer *offer, const char *schema_key)
{
    struct baton_json_writer *json = &encoding->json;
    baton_jw_put_str(json, "name", offer->name);
    if (offer->description.length > 0) {
        baton_jw_put_str(json, "description", offer->description);
    }
    baton_jw_key(json, schema_key);
    write_schema(encoding, offer);
}

void baton_encode_choice(struct baton_encoding *encoding, const char *inside)
{
    struct baton_json_writer *json = &encoding->json;
    if (encoding->choice == BATON_TOOLS_NAMED) {
        baton_jw_put_open(json, "tool_choice", '{');
        baton_jw_put_string(json, "type", "function");
        if (inside != NULL) {
            baton_jw_put_open(json, inside, '{');
        }
        baton_jw_put_str(json, "name", encoding->request->tool_choice);
        if (inside != NULL) {
            baton_jw_close(json, '}');
        }
        baton_jw_close(json, '}');
    } else if (encoding->choice != BATON_TOOLS_UNSET) {
        baton_jw_put_str(json, "tool_choice", encoding->request->tool_choice);
    }
    if (encoding->agent->parallel_tool_calls >= 0) {
        baton_jw_put_bool(json, "parallel_tool_calls", encoding->agent->parallel_tool_calls > 0);
    }
}

void baton_encode_stream(struct baton_encoding *encoding)
{
    if (encoding->options->is_stream && !encoding->options->is_normal_form) {
        baton_jw_put_bool(&encoding->json, "stream", true);
    }
}

struct baton_str baton_encode_safe(struct baton_encoding *encoding, struct baton_str text)
{
    char *safe = baton_arena_copy(encoding->request->arena, text.data, text.length);
    if (safe == NULL) {
        encoding->json.out->failed = true;
        return BATON_STR("_");
    }
    for (size_t i = 0; i < text.length; i++) {
        struct baton_str byte = { &safe[i], 1 };
        safe[i] = baton_tool_name_is_safe(byte) ? safe[i] : '_';
    }
    return (struct baton_str){ safe, text.length };
}
