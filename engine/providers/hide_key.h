/* hide_key.h - cuts a key out of a text that quotes it.
 *
 * Owns:     nothing.
 */
#ifndef BATON_ENGINE_PROVIDERS_HIDE_KEY_H
#define BATON_ENGINE_PROVIDERS_HIDE_KEY_H

/* Writes REDACTED wherever the text quotes the key, or its beginning (BATON_HIDE_KEY_PREFIX_BYTES); the text only gets shorter.
 * A key of less than 8 bytes, or NULL, is none. */
void baton_hide_key(char *text, const char *key);

#endif
