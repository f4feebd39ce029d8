#include "engine/core/tool_name.h"

#include "engine/base/hash.h"
#include "engine/core/agents.h"

#include <stdio.h>
#include <string.h>

static bool is_safe(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool baton_tool_name_is_safe(struct baton_str name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (!is_safe(name.data[i])) {
            return false;
        }
    }
    return name.length >= 1 && name.length <= BATON_TOOL_NAME_BYTES_MAX;
}

struct baton_str baton_transfer_name(struct baton_arena *arena, enum baton_name_rule rule, struct baton_str agent_name)
{
    enum { HASH_BYTES = 9 }; /* _ and 8 digits */
    size_t prefix = strlen(BATON_TRANSFER_PREFIX);
    size_t length = prefix + agent_name.length;
    char *name = baton_arena_alloc(arena, length + 1);
    if (name == NULL) {
        return (struct baton_str){ NULL, 0 };
    }
    memcpy(name, BATON_TRANSFER_PREFIX, prefix);
    memcpy(name + prefix, agent_name.data, agent_name.length);
    name[length] = '\0';
    for (size_t i = prefix; rule == BATON_NAME_SAFE && i < length; i++) {
        name[i] = is_safe(name[i]) ? name[i] : '_';
    }
    if (rule == BATON_NAME_SAFE && length > BATON_TOOL_NAME_BYTES_MAX) {
        char digits[BATON_HASH_HEX_BYTES];
        baton_hash_hex(baton_hash128(agent_name.data, agent_name.length), digits);
        length = BATON_TOOL_NAME_BYTES_MAX;
        snprintf(name + length - HASH_BYTES, HASH_BYTES + 1, "_%.8s", digits);
    }
    return (struct baton_str){ name, length };
}

/* The key that stands in braces at `text`, or -1. */
static int key_at(const char *text, const char *const *keys, size_t count)
{
    for (size_t i = 0; text[0] == '{' && i < count; i++) {
        size_t length = strlen(keys[i]);
        if (strncmp(text + 1, keys[i], length) == 0 && text[1 + length] == '}') {
            return (int)i;
        }
    }
    return -1;
}

struct baton_str baton_template_fill(struct baton_arena *arena, const char *template_text, const char *const *keys,
                                     const struct baton_str *values, size_t count)
{
    size_t length = 0;
    char *out = NULL;
    for (int pass = 0; pass < 2; pass++) { /* measure, then write */
        length = 0;
        for (const char *p = template_text; *p != '\0';) {
            int key = key_at(p, keys, count);
            struct baton_str piece = key < 0 ? (struct baton_str){ p, 1 } : values[key];
            if (out != NULL && piece.length > 0) {
                memcpy(out + length, piece.data, piece.length);
            }
            length += piece.length;
            p += key < 0 ? 1 : strlen(keys[key]) + 2;
        }
        if (pass == 0 && (out = baton_arena_alloc(arena, length + 1)) == NULL) {
            return (struct baton_str){ NULL, 0 };
        }
    }
    out[length] = '\0';
    return (struct baton_str){ out, length };
}
