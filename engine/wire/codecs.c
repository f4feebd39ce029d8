#include "engine/wire/anthropic.h"
#include "engine/wire/chat.h"
#include "engine/wire/responses.h"

static void put_header(struct baton_text *out, const char *name, struct baton_str value)
{
    if (value.data != NULL) {
        baton_text_puts(out, name);
        baton_text_append(out, value.data, value.length);
        baton_text_putc(out, '\n');
    }
}

static void bearer(struct baton_text *out, struct baton_str key)
{
    put_header(out, "Authorization: Bearer ", key);
}

static void anthropic_headers(struct baton_text *out, struct baton_str key)
{
    put_header(out, "x-api-key: ", key);
    put_header(out, "anthropic-version: ", BATON_STR("2023-06-01"));
}

const struct baton_codec baton_codec_chat = {
    .name = "openai-chat",
    .alias = "openai",
    .path = "/chat/completions",
    .base_url = "https://api.openai.com/v1",
    .key_variable = "OPENAI_API_KEY",
    .base_url_variable = "OPENAI_BASE_URL",
    .write_headers = bearer,
    .encode = baton_chat_encode,
    .decode_body = baton_chat_decode_body,
    .decode_event = baton_chat_decode_event,
    .write_native = baton_chat_write_native,
};

const struct baton_codec baton_codec_responses = {
    .name = "openai-responses",
    .path = "/responses",
    .base_url = "https://api.openai.com/v1",
    .key_variable = "OPENAI_API_KEY",
    .base_url_variable = "OPENAI_BASE_URL",
    .write_headers = bearer,
    .encode = baton_responses_encode,
    .decode_body = baton_responses_decode_body,
    .decode_event = baton_responses_decode_event,
    .write_native = baton_responses_write_native,
};

const struct baton_codec baton_codec_anthropic = {
    .name = "anthropic",
    .path = "/v1/messages",
    .base_url = "https://api.anthropic.com",
    .key_variable = "ANTHROPIC_API_KEY",
    .base_url_variable = "ANTHROPIC_BASE_URL",
    .write_headers = anthropic_headers,
    .encode = baton_anthropic_encode,
    .decode_body = baton_anthropic_decode_body,
    .decode_event = baton_anthropic_decode_event,
    .write_native = baton_anthropic_write_native,
};

const struct baton_codec baton_codec_openrouter = {
    .name = "openrouter",
    .path = "/chat/completions",
    .base_url = "https://openrouter.ai/api/v1",
    .key_variable = "OPENROUTER_API_KEY",
    .base_url_variable = "OPENROUTER_BASE_URL",
    .write_headers = bearer,
    .encode = baton_openrouter_encode,
    .decode_body = baton_chat_decode_body,
    .decode_event = baton_chat_decode_event,
    .write_native = baton_chat_write_native,
};

static const struct baton_codec *const codecs[] = { &baton_codec_chat, &baton_codec_responses, &baton_codec_anthropic,
                                                    &baton_codec_openrouter };

const struct baton_codec *baton_codec_at(size_t i)
{
    return i < sizeof codecs / sizeof *codecs ? codecs[i] : NULL;
}

const struct baton_codec *baton_codec_find(struct baton_str name)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (baton_str_is(name, codecs[i]->name) || (codecs[i]->alias != NULL && baton_str_is(name, codecs[i]->alias))) {
            return codecs[i];
        }
    }
    return NULL;
}

enum baton_status baton_codec_headers(const struct baton_codec *codec, struct baton_text *out, struct baton_str key,
                                      struct baton_error *err)
{
    if (key.length == 0 && key.data != NULL) {
        return baton_error_set(err, BATON_EUSAGE, "%s needs a key; set %s", codec->name, codec->key_variable);
    }
    for (size_t i = 0; i < key.length; i++) {
        if (key.data[i] < '!' || key.data[i] > '~') {
            return baton_error_set(err, BATON_EUSAGE, "the key in %s holds a space, line break or other odd byte",
                                   codec->key_variable);
        }
    }
    put_header(out, "Content-Type: ", BATON_STR("application/json"));
    codec->write_headers(out, key);
    return out->failed ? baton_error_set(err, BATON_ELIMIT, "%s: the headers do not fit", codec->name) : BATON_OK;
}
