/* step_summary.h - the summary of a step of GitHub Actions: a file that each step may add Markdown to (GITHUB_STEP_SUMMARY).
 *
 * GitHub drops the whole summary of a step when its file is over 1024 KiB, so what would go over is not added at all. The
 * text is added in one write. A summary that cannot be added is no failure of the run: a note for people says why.
 */
#ifndef BATON_REPORTS_STEP_SUMMARY_H
#define BATON_REPORTS_STEP_SUMMARY_H

#include "reports/report.h"

enum { BATON_STEP_SUMMARY_BYTES_MAX = 1024 * 1024, BATON_STEP_SUMMARY_NOTE_BYTES = 512 };

/* Adds the Markdown form of the run to the file. Returns NULL, or why it was not added, in `note`. */
const char *baton_step_summary_add(const char *path, const struct baton_report_context *context,
                                   char note[BATON_STEP_SUMMARY_NOTE_BYTES]);

#endif
