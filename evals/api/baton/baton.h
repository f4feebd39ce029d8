/* baton.h - baton as a library: runs conversations that pass between LLM agents, and scores them.
 *
 *   <baton/version.h>    which baton this is
 *   <baton/error.h>      what went wrong
 *   <baton/agents.h>     agents, tools and handoffs, from a file
 *   <baton/run.h>        a conversation: a message in; events, an answer and a record out
 *   <baton/callbacks.h>  the host's tools, context, filters and guards; with <baton/call.h> and <baton/event.h>
 *   <baton/provider.h>   the host answers for the models
 *   <baton/live.h>       live services do
 *   <baton/replay.h>     recordings and simulated models do
 *   <baton/score.h>      judgements, figures, gates
 *
 * Compile and link with `pkg-config --cflags --libs baton` (and --static for libbaton.a). All of it is C11 and C++.
 *
 * Handles:  opaque; what makes one names what gives it back. Close in reverse order: scores and runs, providers, agents.
 * Structs:  plain; those to be filled by the host come from a function that fills every default. `reserved` stays 0.
 * Texts:    UTF-8, ending with a NUL; given ones are copied, those given out are borrowed, and each header says until when.
 *           Where the words of models, tools or users go on to a terminal, they may hold what it obeys: clean them.
 * NULL:     allowed for whatever is not required; what is required and NULL is BATON_ERROR_USAGE, or for a getter "" or 0.
 * Threads:  handles are independent. Agents and providers may be shared by threads; runs and scores are one thread's.
 * Process:  the library never exits, prints, reads the environment, or sets signals or the locale. Its state beside handles:
 *           libcurl is loaded, and set up, once, by the first live provider; and cJSON, which baton reads JSON with, has hooks of
 *           baton's from the moment the library is loaded, which are malloc() and free() for everybody else. A host with hooks
 *           of its own sets them after that, which is any time in main(); after dlopen() where it loads the library so.
 */
#ifndef BATON_API_BATON_H
#define BATON_API_BATON_H

#include <baton/agents.h>
#include <baton/call.h>
#include <baton/callbacks.h>
#include <baton/error.h>
#include <baton/event.h>
#include <baton/live.h>
#include <baton/provider.h>
#include <baton/replay.h>
#include <baton/run.h>
#include <baton/score.h>
#include <baton/version.h>

#endif
