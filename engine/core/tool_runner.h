/* tool_runner.h - really runs tools and context providers. Stands above the run, as an agent as a tool is a run of its own. */
#ifndef BATON_ENGINE_CORE_TOOL_RUNNER_H
#define BATON_ENGINE_CORE_TOOL_RUNNER_H

#include "engine/core/tools.h"

/* The runner that really runs them: `result` texts, `exec` commands side by side, agents as tools in runs of their own,
 * callbacks of the library's user first (run.h). One for the process. */
struct baton_tool_runner *baton_tool_runner_default(void);

#endif
