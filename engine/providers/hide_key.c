#include "engine/providers/hide_key.h"

#include "engine/providers/limits.h"

#include <string.h>

void baton_hide_key(char *text, const char *key)
{
    const size_t length = key == NULL ? 0 : strlen(key);
    const size_t shown_max = length < BATON_HIDE_KEY_PREFIX_BYTES ? length : BATON_HIDE_KEY_PREFIX_BYTES;
    static const char mark[] = "REDACTED"; /* as in a cassette, so that a replay says the same */
    if (length < sizeof mark - 1) {
        return; /* too short to be a secret, or to be found */
    }
    for (char *at = text; *at != '\0'; at++) {
        size_t same = 0;
        while (same < length && at[same] == key[same]) {
            same++;
        }
        if (same >= shown_max) {
            memcpy(at, mark, sizeof mark - 1);
            memmove(at + sizeof mark - 1, at + same, strlen(at + same) + 1);
            at += sizeof mark - 2;
        }
    }
}
