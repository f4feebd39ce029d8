/* main.c - the program: finds the verb, hands over, turns the outcome into an exit code (DESIGN section 6). */
#include "engine/base/suggest.h"
#include "evals/cli/print.h"
#include "evals/cli/verbs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct baton_environment environment; /* static, as the signal handlers have no other way to it */

static const struct baton_verb *const verbs[] = {
    &baton_verb_eval, &baton_verb_record,  &baton_verb_import, &baton_verb_compare, &baton_verb_merge,
    &baton_verb_run,  &baton_verb_explain, &baton_verb_check,  &baton_verb_graph,   &baton_verb_gates,
};

enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static const char *setting(void *user, const char *name)
{
    (void)user;
    return getenv(name);
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static void look_around(void)
{
    time_t now = time(NULL);
    struct tm parts;
    environment.has_colour = isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR");
    environment.is_ci = is_set("CI");
    environment.step_summary = getenv("GITHUB_STEP_SUMMARY");
    environment.setting = setting;
    if (gmtime_r(&now, &parts) != NULL) {
        strftime(environment.today, sizeof environment.today, "%Y-%m-%d", &parts);
    }
}

/* The flag alone does not end a read() that begins a moment later, so the read is interrupted again and again. */
static void wake_prompt(int signal_number)
{
    (void)signal_number;
    if (environment.is_prompting) {
        alarm(1);
    }
}

static void on_interrupt(int signal_number)
{
    environment.interrupted = 1;
    wake_prompt(signal_number);
}

static void watch_interrupts(void)
{
    struct sigaction action = { .sa_handler = on_interrupt,
                                .sa_flags = (int)SA_RESETHAND }; /* a second Ctrl-C ends at once */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action = (struct sigaction){ .sa_handler = wake_prompt };
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
}

/* The number of a closed standard stream would go to the next file that is opened, and messages would end up in it. */
static void occupy_standard_streams(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* writing to it fails as it does on a closed stream */
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void print_help(FILE *file)
{
    fputs("baton runs, replays and judges conversations that pass between LLM agents.\n\n"
          "  baton eval fixtures/suites/support.yaml      replay recorded conversations and judge their routing\n"
          "  baton run agents.yaml \"My card is broken\"    one conversation\n\n"
          "usage: baton VERB [ARGUMENTS]\n\n",
          file);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        fprintf(file, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
    }
    fputs(
        "\n'baton VERB --help' shows examples and switches.\n"
        "exit codes: 0 gates hold, 1 a gate or an expectation failed, 2 interrupted, 3 provider or disk failed,\n"
        "            4 bad usage or a bad file, 5 nothing selected, 6 not in the cassette, or diverged under --strict,\n"
        "            7 baseline not comparable, 70 a bug of ours\n",
        file);
}

static int unknown_verb(const char *name)
{
    struct baton_suggest suggest;
    char hint[BATON_SUGGEST_TEXT_BYTES];
    baton_suggest_init(&suggest, baton_str_of(name));
    for (size_t i = 0; i < VERB_COUNT; i++) {
        baton_suggest_offer(&suggest, baton_str_of(verbs[i]->name));
    }
    baton_print_line(stderr, "baton: unknown verb '%s'%s%s", name, baton_suggest_text(&suggest, hint),
                     suggest.best.length == 0 ? "; see 'baton --help'" : "");
    return baton_status_exit_code(BATON_EUSAGE);
}

/* Whether nobody reads standard output any more, as behind `| head`. */
static bool is_reader_gone(void)
{
    struct pollfd output = { .fd = STDOUT_FILENO };
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

static int run_verb(const struct baton_verb *verb, int argc, char **argv)
{
    const struct baton_command_line line = { .verb = verb, .argc = argc, .argv = argv, .environment = &environment };
    struct baton_error error = { .status = BATON_OK };
    int exit_code = 0;
    enum baton_status status = verb->run(&line, &exit_code, &error);
    if (status != BATON_OK) {
        char text[BATON_ERROR_TEXT_BYTES + BATON_ERROR_FILE_BYTES + 64];
        fflush(stdout);
        baton_print_line(stderr, "baton: %s", baton_error_format(&error, text, sizeof text));
        return baton_status_exit_code(status);
    }
    bool is_written = fflush(stdout) == 0 && !ferror(stdout); /* an earlier failure leaves nothing to flush */
    if (!is_written && !is_reader_gone()) { /* a reader that has seen enough, as `head`, is no failure */
        fputs("baton: cannot write to standard output\n", stderr);
        return baton_status_exit_code(BATON_EIO);
    }
    return exit_code;
}

int main(int argc, char **argv)
{
    occupy_standard_streams();
    look_around();
    signal(SIGPIPE, SIG_IGN);
    watch_interrupts();
    if (argc < 2) {
        print_help(stderr);
        return baton_status_exit_code(BATON_EUSAGE);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        puts("baton " BATON_VERSION);
        return 0;
    }
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(argv[1], verbs[i]->name) == 0) {
            return run_verb(verbs[i], argc - 2, argv + 2);
        }
    }
    return unknown_verb(argv[1]);
}
