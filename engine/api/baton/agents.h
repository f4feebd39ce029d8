/* agents.h - the agents of a file: their instructions, tools, and the handoffs between them.
 *
 * The form of the file is the README's ("Agents"). Everything is checked when it is opened: an unknown key, agent, tool or
 * profile is BATON_ERROR_INPUT with its place and the nearest known name.
 *
 * Owns:     the handle owns all of it. It must outlive every provider, run and score that was made with it; then
 *           baton_agents_close(). Names that are handed out live as long as the handle.
 * Threads:  any number may use one at once; nothing changes it.
 * Limits:   1024 agents, 4096 tools, 64 MiB of text.
 */
#ifndef BATON_API_AGENTS_H
#define BATON_API_AGENTS_H

#include <baton/error.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct baton_agents;

/* Reads a file: YAML where its name ends in .yaml or .yml, else JSON; `-` is standard input. NULL on an error. */
BATON_API struct baton_agents *baton_agents_open(const char *path, struct baton_error_info *error);

/* The same from a text, of which a copy is kept. `name` stands for it in messages, its ending says which form the text has,
 * and relative paths in it are seen from there; NULL: "agents.yaml". JSON is YAML too. */
BATON_API struct baton_agents *baton_agents_open_text(const char *text, const char *name,
                                                      struct baton_error_info *error);

/* NULL is allowed. */
BATON_API void baton_agents_close(struct baton_agents *agents);

/* How many there are, and the name of each, from 0, in the order of the file; NULL past the end. */
BATON_API size_t baton_agents_count(const struct baton_agents *agents);
BATON_API const char *baton_agents_name(const struct baton_agents *agents, size_t index);

/* The agent that conversations begin with. */
BATON_API const char *baton_agents_entry(const struct baton_agents *agents);

#ifdef __cplusplus
}
#endif

#endif
