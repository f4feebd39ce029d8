/* chat.h - OpenAI Chat Completions, and OpenRouter, which is the same with extras. For codec.c.
 *
 * Many others speak it: give `openai-chat` their base URL. What is sent back of an answer beside text and calls:
 * reasoning_content (DeepSeek, Z.ai), reasoning_details and reasoning (OpenRouter), content in chunks (Mistral).
 */
#ifndef BATON_ENGINE_WIRE_CHAT_H
#define BATON_ENGINE_WIRE_CHAT_H

#include "engine/wire/decode.h"

extern const struct baton_codec baton_codec_chat, baton_codec_openrouter;

enum baton_status baton_chat_encode(struct baton_text *out, const struct baton_request *request,
                                    const struct baton_encode_options *options, struct baton_error *err);
enum baton_status baton_openrouter_encode(struct baton_text *out, const struct baton_request *request,
                                          const struct baton_encode_options *options, struct baton_error *err);
enum baton_status baton_chat_decode_body(struct baton_decoder *decoder, const struct baton_json *root);
enum baton_status baton_chat_decode_event(struct baton_decoder *decoder, const struct baton_sse_event *event);
void baton_chat_write_native(const struct baton_decoder *decoder, struct baton_text *out);

/* One element of `tool_calls`. */
void baton_chat_write_call(struct baton_json_writer *json, const struct baton_tool_call *call);

#endif
