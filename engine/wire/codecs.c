#include "engine/wire/codecs.h"

#include "engine/wire/anthropic.h"
#include "engine/wire/chat.h"
#include "engine/wire/responses.h"

static const struct baton_codec codecs[] = {
    {
        .name = "openai-chat",
        .alias = "openai",
        .path = "/chat/completions",
        .base_url = "https://api.openai.com/v1",
        .key_variable = "OPENAI_API_KEY",
        .base_url_variable = "OPENAI_BASE_URL",
        .key_header = "Authorization: Bearer ",
        .request = &baton_chat_request,
        .reply = &baton_chat_reply,
    },
    {
        .name = "openai-responses",
        .path = "/responses",
        .base_url = "https://api.openai.com/v1",
        .key_variable = "OPENAI_API_KEY",
        .base_url_variable = "OPENAI_BASE_URL",
        .key_header = "Authorization: Bearer ",
        .request = &baton_responses_request,
        .reply = &baton_responses_reply,
    },
    {
        .name = "anthropic",
        .path = "/v1/messages",
        .base_url = "https://api.anthropic.com",
        .key_variable = "ANTHROPIC_API_KEY",
        .base_url_variable = "ANTHROPIC_BASE_URL",
        .key_header = "x-api-key: ",
        .fixed_headers = "anthropic-version: 2023-06-01\n",
        .request = &baton_anthropic_request,
        .reply = &baton_anthropic_reply,
    },
    {
        .name = "openrouter",
        .path = "/chat/completions",
        .base_url = "https://openrouter.ai/api/v1",
        .key_variable = "OPENROUTER_API_KEY",
        .base_url_variable = "OPENROUTER_BASE_URL",
        .key_header = "Authorization: Bearer ",
        .request = &baton_openrouter_request,
        .reply = &baton_openrouter_reply,
    },
};

const struct baton_codec *baton_codec_at(size_t i)
{
    return i < sizeof codecs / sizeof *codecs ? &codecs[i] : NULL;
}

const struct baton_codec *baton_codec_find(struct baton_str name)
{
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        if (baton_str_is(name, codecs[i].name) || (codecs[i].alias != NULL && baton_str_is(name, codecs[i].alias))) {
            return &codecs[i];
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
    baton_text_puts(out, "Content-Type: application/json\n");
    if (key.data != NULL) {
        baton_text_puts(out, codec->key_header);
        baton_text_append(out, key.data, key.length);
        baton_text_putc(out, '\n');
    }
    if (codec->fixed_headers != NULL) {
        baton_text_puts(out, codec->fixed_headers);
    }
    return out->failed ? baton_error_set(err, BATON_ELIMIT, "%s: the headers do not fit", codec->name) : BATON_OK;
}
