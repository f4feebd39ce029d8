/* call.h - what a callback of the host is asked, and how it answers.
 *
 * One handle for all callbacks that answer with more than yes or no. What it tells depends on who is called:
 *
 *                  agent               name              arguments       messages
 *   provider       who is to speak     ""                ""              what the agent sees
 *   tool           who called          the tool          of the call     ""
 *   context        who will speak      its handoff tool  ""              the whole conversation
 *   filter         who will speak      its handoff tool  ""              the whole conversation
 *   limit          who had the floor   the status        ""              ""
 *
 * and what it may answer:
 *
 *   provider       any of text, tool, handoff, usage; or error: the exchange ends with status `error`; or nothing
 *   tool           text: the result; or error: an error result, which the model gets to read
 *   context        text: instructions added for that agent
 *   filter         text: the messages that the agent gets to see instead, a JSON array as baton_call_messages() gives it;
 *                  what is none ends the exchange with status `error`
 *   limit          text: the last words of the exchange
 *
 * What a kind of call has no use for is passed over; an error there is as good as no answer.
 *
 * Owns:     the handle and all texts that it tells live until the callback returns; texts of answers are copied. All texts
 *           are UTF-8 and end with a NUL; none is NULL but where that is said.
 * Threads:  of the callback's thread only.
 * Errors:   out of memory shows in the function that the callback was called from.
 */
#ifndef BATON_API_CALL_H
#define BATON_API_CALL_H

#include <baton/version.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_call;

/* ---- what is asked ---- */

BATON_API const char *baton_call_conversation(const struct baton_call *call); /* its id */
BATON_API const char *baton_call_agent(const struct baton_call *call);
BATON_API const char *baton_call_name(const struct baton_call *call);
BATON_API const char *baton_call_arguments(const struct baton_call *call); /* JSON, as the model wrote it */

/* From 0: of the conversation, of the exchange; above 0: within an agent that runs as a tool of another. */
BATON_API uint32_t baton_call_exchange(const struct baton_call *call);
BATON_API uint32_t baton_call_turn(const struct baton_call *call);
BATON_API uint32_t baton_call_nesting(const struct baton_call *call);

/* A JSON array of OpenAI chat messages, oldest first, without a system prompt; assistant messages name their `agent`. */
BATON_API const char *baton_call_messages(struct baton_call *call);

/* Of a provider: the agent's instructions, with what a context provider added; else "". */
BATON_API const char *baton_call_instructions(struct baton_call *call);

/* Of a provider: the whole as the body of an OpenAI Chat Completions request, with instructions, messages, tools and the
 * transfer tools that are open now; `model` is "host" where the agents file names none. NULL: the agent cannot be asked so;
 * the exchange will end with status `error`. Else "". */
BATON_API const char *baton_call_request(struct baton_call *call);

/* Whether somebody called baton_run_abort() meanwhile; what takes long should look now and then, and return. */
BATON_API int baton_call_is_aborted(const struct baton_call *call);

/* ---- the answer ---- */

/* A piece of text; pieces add up. Of a provider each goes on at once, as an event `text_delta`. NULL adds nothing. */
BATON_API void baton_call_text(struct baton_call *call, const char *text);

/* It failed, and why. */
BATON_API void baton_call_error(struct baton_call *call, const char *text);

/* The model calls a tool. `id` NULL: one is made up; `arguments` NULL: none. */
BATON_API void baton_call_tool(struct baton_call *call, const char *id, const char *name, const char *arguments);

/* The model hands over: it calls the agent's transfer tool for that target, or `transfer_to_NAME` where it has none, which
 * the run will refuse. `reason` may be NULL. */
BATON_API void baton_call_handoff(struct baton_call *call, const char *agent, const char *reason);

/* Tokens of the call. */
BATON_API void baton_call_usage(struct baton_call *call, int64_t input_tokens, int64_t output_tokens);

#ifdef __cplusplus
}
#endif

#endif
