/* chat.h - OpenAI Chat Completions, and OpenRouter, which is the same with extras. For codecs.c.
 *
 * Many others speak it: give `openai-chat` their base URL. What is sent back of an answer beside text and calls:
 * reasoning_content (DeepSeek, Z.ai), reasoning_details and reasoning (OpenRouter), content in chunks (Mistral).
 */
#ifndef BATON_ENGINE_WIRE_CHAT_H
#define BATON_ENGINE_WIRE_CHAT_H

#include "engine/wire/decode.h"
#include "engine/wire/encode.h"

extern const struct baton_request_form baton_chat_request, baton_openrouter_request;
extern const struct baton_reply_form baton_chat_reply, baton_openrouter_reply;

/* One element of `tool_calls`. */
void baton_chat_write_call(struct baton_json_writer *json, const struct baton_tool_call *call);

#endif
