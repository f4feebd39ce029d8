/* Which libcurl a live call gets: looked for when the program runs, judged by what the library says of itself. The libraries
 * that it finds here are made by the test, in a folder of its own that comes first in the loader's search. */
#include "evals/tests/service.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A library that knows its version and nothing else. */
#define SOURCE                                                                                              \
    "#include <curl/curl.h>\n"                                                                              \
    "static const char *const protocols[] = { \"file\", \"http\", %s NULL };\n"                             \
    "curl_version_info_data *curl_version_info(CURLversion stamp)\n"                                        \
    "{\n"                                                                                                   \
    "    static curl_version_info_data version = { .version = \"%s\", .version_num = %s, .features = %s,\n" \
    "                                              .protocols = protocols };\n"                             \
    "    (void)stamp;\n"                                                                                    \
    "    return &version;\n"                                                                                \
    "}\n"

static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4", "libcurl.so" };

static const char *folder_name(struct program *program, const char *name)
{
    return program_text(program, "lib/%s", name);
}

/* A file that no loader takes, under each of the names. */
static void hide_all(struct program *program)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        program_file(program, folder_name(program, names[i]), "This is not a library.\n");
    }
}

static void compile(struct program *program, const char *name, const char *source)
{
    const char *path = program_file(program, folder_name(program, "made.c"), source);
    const char *command = program_text(program, "${CC:-cc} $(pkg-config --cflags libcurl) -shared -fPIC -o '%s' '%s'",
                                       program_path(program, folder_name(program, name)), path);
    cr_assert_eq(system(command), 0, "%s", command);
}

static struct program_run ask(struct service *service)
{
    size_t count = 0;
    while (service->settings[count] != NULL) {
        count++;
    }
    service->settings[count] =
        program_text(&service->program, "LD_LIBRARY_PATH=%s", program_path(&service->program, "lib"));
    service->settings[count + 1] = NULL;
    struct program_run run = ASK(service, "run", service->agents, "Hello, case-1.", "--provider=live", "--retries=0");
    service->settings[count] = NULL;
    return run;
}

Test(libcurl, says_what_to_install_where_there_is_none)
{
    struct service service;
    service_open(&service, "openai-chat", false);
    hide_all(&service.program);
    struct program_run run = ask(&service);
    cr_expect_eq(run.exit_code, 3, "%d %s", run.exit_code, run.err.data);
    cr_expect(program_has(run.err, "live providers need libcurl, which cannot be loaded (") &&
                  program_has(run.err, "libcurl.so.4") && program_has(run.err, "apt-get install libcurl4"),
              "%s", run.err.data);
    cr_expect_eq(service_asked(&service), 0);
    service_close(&service);
}

Test(libcurl, says_what_the_one_that_is_there_lacks)
{
    static const struct {
        const char *https, *version, *number, *features, *says;
    } rows[] = {
        { "\"https\",", "7.76.1", "0x074c01", "~0",
          "'libcurl.so.4' is libcurl 7.76.1; live providers need 7.77 or newer" },
        { "\"https\",", "8.1.0", "0x080100", "~CURL_VERSION_SSL", "'libcurl.so.4' is libcurl 8.1.0 without TLS" },
        { "\"https\",", "8.1.0", "0x080100", "~CURL_VERSION_UNIX_SOCKETS",
          "'libcurl.so.4' is libcurl 8.1.0 without unix sockets" },
        { "", "8.1.0", "0x080100", "~0", "'libcurl.so.4' is libcurl 8.1.0 without https://" },
        { "\"https\",", "7.77.0", "0x074d00", "~0", "'libcurl.so.4' has no curl_global_init" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct service service;
        service_open(&service, "openai-chat", false);
        struct program *program = &service.program;
        hide_all(program);
        unlink(program_path(program, folder_name(program, names[0])));
        compile(program, names[0],
                program_text(program, SOURCE, rows[i].https, rows[i].version, rows[i].number, rows[i].features));
        struct program_run run = ask(&service);
        cr_expect_eq(run.exit_code, 3, "%s: %d %s", rows[i].says, run.exit_code, run.err.data);
        cr_expect(program_has(run.err, rows[i].says), "wanted %s: %s", rows[i].says, run.err.data);
        cr_expect_eq(service_asked(&service), 0);
        service_close(&service);
    }
}

/* The file of the libcurl of this machine. */
static const char *real_library(struct program *program)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL), *symbol;
    Dl_info info;
    cr_assert_not_null(library);
    symbol = dlsym(library, "curl_version_info");
    cr_assert(symbol != NULL && dladdr(symbol, &info) != 0);
    const char *path = program_text(program, "%s", info.dli_fname);
    dlclose(library);
    return path;
}

Test(libcurl, passes_over_one_that_will_not_do)
{
    static const char *const bad[] = { "no library", "too old" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct service service;
        service_open(&service, "openai-chat", false);
        struct program *program = &service.program;
        hide_all(program);
        if (i == 1) {
            unlink(program_path(program, folder_name(program, names[0])));
            compile(program, names[0], program_text(program, SOURCE, "\"https\",", "7.64.0", "0x074000", "~0"));
        }
        const char *second = program_path(program, folder_name(program, names[1]));
        unlink(second);
        cr_assert_eq(symlink(real_library(program), second), 0);
        struct program_run run = ask(&service);
        cr_expect_eq(run.exit_code, 0, "%s: %d %s", bad[i], run.exit_code, run.err.data);
        cr_expect_eq(service_asked(&service), 1);
        service_close(&service);
    }
}
