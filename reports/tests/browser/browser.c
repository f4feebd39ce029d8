#include "reports/tests/browser/browser.h"

#include "engine/base/json_writer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MEMORY_MAX = 512 * 1024 * 1024,
    MESSAGE_MAX = 64 * 1024 * 1024,
    READ_BYTES = 64 * 1024,
    FD_HIGH = 16,
    FOLDERS_OPEN_MAX = 16,
    CLOSE_STEPS = 500,
    CLOSE_STEP_US = 10000
};

extern char **environ;

/* ---- the process ---- */

const char *browser_find(void)
{
    static const char *const names[] = { "chromium", "chromium-browser", "google-chrome", "chrome" };
    static char path[512];
    const char *folders = getenv("PATH");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (const char *at = folders; at != NULL && *at != '\0';) {
            size_t length = strcspn(at, ":");
            snprintf(path, sizeof path, "%.*s/%s", (int)length, at, names[i]);
            if (access(path, X_OK) == 0) {
                return path;
            }
            at += length + (at[length] == ':');
        }
    }
    return NULL;
}

static int high_copy(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH); /* out of the way of 3 and 4, which the browser's ends become */
    cr_assert_geq(copy, 0);
    close(fd);
    return copy;
}

static void make_pipe(int ends[2])
{
    cr_assert_eq(pipe(ends), 0);
    ends[0] = high_copy(ends[0]);
    ends[1] = high_copy(ends[1]);
}

static void start(struct browser *browser, const char *program)
{
    int commands[2], replies[2];
    char profile[96];
    make_pipe(commands);
    make_pipe(replies);
    snprintf(profile, sizeof profile, "--user-data-dir=%s", browser->folder);
    const char *arguments[] = { program,
                                "--headless=new",
                                "--remote-debugging-pipe",
                                "--no-first-run",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--force-color-profile=srgb",
                                profile,
                                "about:blank",
                                geteuid() == 0 ? "--no-sandbox" : NULL, /* root cannot have the sandbox */
                                NULL };
    posix_spawn_file_actions_t plan;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&plan);
    posix_spawn_file_actions_addopen(&plan, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&plan, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&plan, commands[0], 3);
    posix_spawn_file_actions_adddup2(&plan, replies[1], 4);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    int failure = posix_spawn(&browser->pid, program, &plan, &attributes, (char *const *)(uintptr_t)arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&plan);
    cr_assert_eq(failure, 0, "cannot start %s: %s", program, strerror(failure));
    close(commands[0]);
    close(replies[1]);
    browser->to = commands[1];
    browser->from = replies[0];
}

/* ---- messages ---- */

static const struct baton_json *member(const struct baton_json *node, const char *path)
{
    char name[64];
    while (node != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)length, path);
        node = node->type == BATON_JSON_OBJECT ? baton_json_get(node, name) : NULL;
        path += length + (path[length] == '.');
    }
    return node;
}

static struct baton_str text_at(const struct baton_json *node, const char *path)
{
    const struct baton_json *found = member(node, path);
    return found == NULL ? BATON_STR("") : found->text;
}

static void complain(struct browser *browser, const struct baton_json *message, const char *path)
{
    const struct baton_json *what = member(message, path);
    if (what != NULL) {
        baton_json_write(&browser->complaints, what);
        baton_text_putc(&browser->complaints, '\n');
    }
}

static void note_event(struct browser *browser, const struct baton_json *message)
{
    struct baton_str method = text_at(message, "method");
    if (baton_str_is(method, "Page.loadEventFired")) {
        browser->has_loaded = true;
    } else if (baton_str_is(method, "Runtime.exceptionThrown")) {
        complain(browser, message, "params.exceptionDetails");
    } else if (baton_str_is(method, "Runtime.consoleAPICalled")) {
        complain(browser, message, "params");
    } else if (baton_str_is(method, "Log.entryAdded")) {
        complain(browser, message, "params.entry");
    } else if (baton_str_is(method, "Network.requestWillBeSent") &&
               !baton_str_is(text_at(message, "params.type"), "Document")) {
        complain(browser, message, "params.request.url");
    }
}

static void fill_inbox(struct browser *browser)
{
    static char buffer[READ_BYTES];
    struct pollfd wait = { .fd = browser->from, .events = POLLIN };
    cr_assert_eq(poll(&wait, 1, BROWSER_SECONDS_MAX * 1000), 1, "the browser says nothing for %d s",
                 BROWSER_SECONDS_MAX);
    ssize_t got = read(browser->from, buffer, sizeof buffer);
    cr_assert_gt(got, 0, "the browser has gone away");
    baton_text_append(&browser->inbox, buffer, (size_t)got);
    cr_assert(!browser->inbox.failed);
}

/* The next message; events are noted on the way. */
static const struct baton_json *next_message(struct browser *browser)
{
    size_t looked_at = 0;
    char *end = NULL;
    while (browser->inbox.length == looked_at ||
           (end = memchr(browser->inbox.data + looked_at, '\0', browser->inbox.length - looked_at)) == NULL) {
        looked_at = browser->inbox.length;
        fill_inbox(browser);
    }
    size_t length = (size_t)(end - browser->inbox.data), rest = browser->inbox.length - length - 1;
    struct baton_source source = { .name = "message",
                                   .text = { baton_arena_copy(browser->arena, browser->inbox.data, length), length } };
    memmove(browser->inbox.data, end + 1, rest);
    browser->inbox.length = rest;
    const struct baton_json *message = NULL;
    struct baton_error error;
    cr_assert_eq(baton_json_parse(&message, browser->arena, &source, &error), BATON_OK, "%s", error.text);
    note_event(browser, message);
    return message;
}

/* Sends a command and gives its result. The parameters are JSON. */
static const struct baton_json *command(struct browser *browser, const char *method, const char *parameters, ...)
    __attribute__((format(printf, 3, 4)));

static const struct baton_json *command(struct browser *browser, const char *method, const char *parameters, ...)
{
    struct baton_text text = baton_text_with_limit(MESSAGE_MAX);
    char *made = NULL;
    va_list args;
    va_start(args, parameters);
    cr_assert_geq(vasprintf(&made, parameters, args), 0);
    va_end(args);
    unsigned number = ++browser->message_last;
    baton_text_printf(&text, "{\"id\":%u,\"method\":\"%s\",\"params\":{%s}", number, method, made);
    if (browser->session.length > 0) {
        baton_text_printf(&text, ",\"sessionId\":\"%.*s\"", (int)browser->session.length, browser->session.data);
    }
    baton_text_putc(&text, '}');
    free(made);
    for (size_t sent = 0; sent <= text.length;) { /* with the NUL */
        ssize_t wrote = write(browser->to, text.data + sent, text.length + 1 - sent);
        cr_assert_gt(wrote, 0, "the browser takes no command: %s", strerror(errno));
        sent += (size_t)wrote;
    }
    baton_text_clear(&text);
    for (;;) {
        const struct baton_json *message = next_message(browser), *id = member(message, "id");
        if (id != NULL && id->number == number) {
            struct baton_str failure = text_at(message, "error.message");
            cr_assert_eq(failure.length, 0u, "%s: %.*s", method, (int)failure.length, failure.data);
            return member(message, "result");
        }
    }
}

/* A text as JSON, with its quotes. */
static const char *quoted(struct browser *browser, const char *text)
{
    struct baton_text made = baton_text_with_limit(MESSAGE_MAX);
    baton_text_json_string(&made, text, strlen(text));
    const char *copy = baton_arena_copy(browser->arena, made.data, made.length);
    baton_text_clear(&made);
    return copy;
}

/* ---- opening and closing ---- */

static void attach(struct browser *browser)
{
    const struct baton_json *targets = member(command(browser, "Target.getTargets", "%s", ""), "targetInfos");
    cr_assert_not_null(targets);
    for (const struct baton_json *target = targets->child; target != NULL; target = target->next) {
        if (baton_str_is(text_at(target, "type"), "page")) {
            struct baton_str id = text_at(target, "targetId");
            browser->session = text_at(command(browser, "Target.attachToTarget",
                                               "\"targetId\":\"%.*s\",\"flatten\":true", (int)id.length, id.data),
                                       "sessionId");
            return;
        }
    }
    cr_assert_fail("the browser has no page");
}

void browser_open(struct browser *browser, unsigned width, unsigned height)
{
    const char *program = browser_find();
    static const char missing[] = "no Chromium in PATH; .ci/packages browser installs one";
    if (program == NULL && getenv("CI") == NULL) {
        fprintf(stderr, "skipped: %s\n", missing);
        cr_skip_test("%s", missing);
    }
    cr_assert_not_null(program, "%s", missing);
    signal(SIGPIPE, SIG_IGN);
    *browser = (struct browser){ .arena = baton_arena_new(MEMORY_MAX),
                                 .folder = "build/browser-XXXXXX",
                                 .inbox = baton_text_with_limit(MESSAGE_MAX),
                                 .complaints = baton_text_with_limit(MESSAGE_MAX) };
    cr_assert_not_null(browser->arena);
    mkdir("build", 0777);
    cr_assert_not_null(mkdtemp(browser->folder), "no scratch folder: %s", strerror(errno));
    start(browser, program);
    attach(browser);
    static const char *const domains[] = { "Page.enable", "Runtime.enable", "Log.enable", "Network.enable" };
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        command(browser, domains[i], "%s", "");
    }
    browser_prefer(browser, "light");
    browser_resize(browser, width, height);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void browser_close(struct browser *browser)
{
    int status;
    close(browser->to); /* at the end of its commands it ends */
    for (int i = 0; i < CLOSE_STEPS && waitpid(browser->pid, &status, WNOHANG) == 0; i++) {
        usleep(CLOSE_STEP_US);
    }
    kill(-browser->pid, SIGKILL); /* what is left of its group */
    waitpid(browser->pid, &status, 0);
    close(browser->from);
    nftw(browser->folder, remove_one, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
    baton_text_clear(&browser->inbox);
    baton_text_clear(&browser->complaints);
    baton_arena_free(browser->arena);
}

const char *browser_complaints(const struct browser *browser)
{
    return baton_text_str(&browser->complaints).data;
}

/* ---- what a user does ---- */

void browser_go(struct browser *browser, const char *path)
{
    char *full = realpath(path, NULL);
    cr_assert_not_null(full, "%s: %s", path, strerror(errno));
    browser->has_loaded = false;
    command(browser, "Page.navigate", "\"url\":\"file://%s\"", full);
    free(full);
    while (!browser->has_loaded) {
        next_message(browser);
    }
}

void browser_resize(struct browser *browser, unsigned width, unsigned height)
{
    command(browser, "Emulation.setDeviceMetricsOverride",
            "\"width\":%u,\"height\":%u,\"deviceScaleFactor\":1,\"mobile\":%s", width, height,
            width < 600 ? "true" : "false");
}

void browser_prefer(struct browser *browser, const char *scheme)
{
    command(browser, "Emulation.setEmulatedMedia",
            "\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]", scheme);
}

static const struct baton_json *evaluate(struct browser *browser, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static const struct baton_json *evaluate(struct browser *browser, const char *format, va_list args)
{
    char *expression = NULL;
    cr_assert_geq(vasprintf(&expression, format, args), 0);
    const struct baton_json *result =
        command(browser, "Runtime.evaluate", "\"expression\":%s,\"returnByValue\":true", quoted(browser, expression));
    struct baton_str failure = text_at(result, "exceptionDetails.exception.description");
    cr_assert_null(member(result, "exceptionDetails"), "%s: %.*s", expression, (int)failure.length, failure.data);
    free(expression);
    return member(result, "result.value");
}

struct baton_str browser_text(struct browser *browser, const char *expression, ...)
{
    va_list args;
    va_start(args, expression);
    const struct baton_json *value = evaluate(browser, expression, args);
    va_end(args);
    cr_assert(value != NULL && value->type == BATON_JSON_STRING, "%s: no text", expression);
    return value->text;
}

double browser_number(struct browser *browser, const char *expression, ...)
{
    va_list args;
    va_start(args, expression);
    const struct baton_json *value = evaluate(browser, expression, args);
    va_end(args);
    cr_assert(value != NULL && value->type == BATON_JSON_NUMBER, "%s: no number", expression);
    return value->number;
}

bool browser_holds(struct browser *browser, const char *expression, ...)
{
    va_list args;
    va_start(args, expression);
    const struct baton_json *value = evaluate(browser, expression, args);
    va_end(args);
    cr_assert(value != NULL && value->type == BATON_JSON_BOOLEAN, "%s: neither true nor false", expression);
    return value->boolean;
}

void browser_click(struct browser *browser, const char *selector)
{
    const char *name = quoted(browser, selector);
    cr_assert(browser_holds(browser, "document.querySelector(%s) !== null", name), "no %s to click", selector);
    browser_holds(browser,
                  "document.querySelector(%s).scrollIntoView({ block: 'center', inline: 'center' }) === undefined",
                  name);
    double x =
        browser_number(browser, "(r => r.x + r.width / 2)(document.querySelector(%s).getBoundingClientRect())", name);
    double y =
        browser_number(browser, "(r => r.y + r.height / 2)(document.querySelector(%s).getBoundingClientRect())", name);
    static const char *const types[] = { "mousePressed", "mouseReleased" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        command(browser, "Input.dispatchMouseEvent",
                "\"type\":\"%s\",\"x\":%.2f,\"y\":%.2f,\"button\":\"left\",\"clickCount\":1", types[i], x, y);
    }
}

void browser_press(struct browser *browser, const char *key)
{
    static const struct {
        const char *key, *text;
        int code;
    } keys[] = { { "Tab", "", 9 },        { "Enter", "\\r", 13 }, { "Escape", "", 27 },     { " ", " ", 32 },
                 { "ArrowLeft", "", 37 }, { "ArrowUp", "", 38 },  { "ArrowRight", "", 39 }, { "ArrowDown", "", 40 },
                 { "Home", "", 36 },      { "End", "", 35 } };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].key, key) == 0) {
            command(browser, "Input.dispatchKeyEvent",
                    "\"type\":\"keyDown\",\"key\":\"%s\",\"windowsVirtualKeyCode\":%d,\"text\":\"%s\"", key,
                    keys[i].code, keys[i].text);
            command(browser, "Input.dispatchKeyEvent", "\"type\":\"keyUp\",\"key\":\"%s\",\"windowsVirtualKeyCode\":%d",
                    key, keys[i].code);
            return;
        }
    }
    cr_assert_fail("no key '%s'", key);
}

void browser_type(struct browser *browser, const char *text)
{
    command(browser, "Input.insertText", "\"text\":%s", quoted(browser, text));
}

/* ---- pictures ---- */

static int digit_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

struct baton_str browser_picture(struct browser *browser)
{
    struct baton_str text = text_at(command(browser, "Page.captureScreenshot", "\"format\":\"png\""), "data");
    char *bytes = baton_arena_alloc(browser->arena, text.length);
    size_t length = 0;
    unsigned bits = 0, held = 0;
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < text.length && digit_of(text.data[i]) >= 0; i++) {
        bits = bits << 6 | (unsigned)digit_of(text.data[i]);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[length++] = (char)(bits >> held & 0xff);
        }
    }
    return (struct baton_str){ bytes, length };
}
