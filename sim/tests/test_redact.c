/* Redaction: plants (secrets) are put into every place where one can be, and must be gone while all else is the same; readings
 * are texts that only look as if they held one.
 */
#include "sim/redact/redact.h"

#include "engine/base/json.h"
#include "engine/base/prng.h"
#include "engine/base/text.h"
#include "engine/tests/trees.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024 };

static const char plain_value[] = "hunter2 correct horse";   /* no shape */
static const char odd_value[] = "p\"a\\ss/w=\xc3\xb6r d<&>"; /* every spelling differs */

static const struct baton_known_values *values_of(struct baton_arena *arena, const char *one, const char *other)
{
    const struct baton_str values[] = { baton_str_of(one), baton_str_of(other) };
    struct baton_known_values *known;
    cr_assert_eq(baton_known_values_new(&known, arena, values, COUNT(values), NULL), BATON_OK);
    return known;
}

static const struct baton_known_values *usual_values(struct baton_arena *arena)
{
    return values_of(arena, plain_value, odd_value);
}

/* From a copy that ends without a NUL, so that a sanitiser sees a step too far. */
static const char *redacted(struct baton_arena *arena, const struct baton_known_values *values, const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length == 0 ? 1 : length);
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    cr_assert_not_null(copy);
    memcpy(copy, text, length);
    baton_redact_text(&out, values, (struct baton_str){ copy, length });
    free(copy);
    cr_assert(!out.failed);
    const char *kept = baton_arena_copy(arena, baton_text_str(&out).data, out.length);
    baton_text_clear(&out);
    return kept;
}

/* The text with each @ replaced. */
static const char *planted(struct baton_arena *arena, const char *text, const char *what)
{
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    for (; *text != '\0'; text++) {
        if (*text == '@') {
            baton_text_puts(&out, what);
        } else {
            baton_text_putc(&out, *text);
        }
    }
    const char *kept = baton_arena_copy(arena, out.data, out.length);
    baton_text_clear(&out);
    return kept;
}

/* ---- secrets in all places ---- */

static const struct plant {
    const char *name, *text;
    const char *secret; /* what may not survive; NULL: the text */
} plants[] = {
    /* in two pieces, so that no scanner of sources takes one for a find */
    { "an OpenAI key",
      "sk-"
      "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3AbCdEfGh4",
      NULL },
    { "an OpenAI project key",
      "sk-"
      "proj-a1B2c3-D4e5F6g7H8i9J0k_L1m2N3o4P5q6R7s8T9u0-V1w2X3y4Z5",
      NULL },
    { "an OpenAI key shown in part", "sk-proj-********************************************Ab12", NULL },
    { "an Anthropic key",
      "sk-"
      "ant-api03-Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe-dCbA_9876543210abcdefghijAA",
      NULL },
    { "an OpenRouter key",
      "sk-"
      "or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      NULL },
    { "a short key", "sk-1234567890abcdef", NULL },
    { "a GitHub token",
      "ghp_"
      "16C7e42F292c6912E7710c838347Ae178B4a",
      NULL },
    { "a GitHub OAuth token",
      "gho_"
      "16C7e42F292c6912E7710c838347Ae178B4a",
      NULL },
    { "a fine-grained GitHub token",
      "github_"
      "pat_11ABCDEFG0abcdefghijkl_MNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456",
      NULL },
    { "an AWS key",
      "AKIA"
      "IOSFODNN7EXAMPLE",
      NULL },
    { "a Google key",
      "AIza"
      "SyA1234567890abcdefghijklmnopqrstuv",
      NULL },
    { "a Slack bot's token",
      "xoxb-"
      "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
      NULL },
    { "a Slack app's token",
      "xoxa-"
      "2-123456789012-123456789012-abcdef0123456789",
      NULL },
    { "a Slack user's token",
      "xoxp-"
      "123456789012-123456789012-abcdef0123456789",
      NULL },
    { "a JSON web token",
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ik1pYSJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_"
      "adQssw5c",
      NULL },
    { "a bearer token", "Bearer 7Fjfp0ZBr1KtDRbnfVdmIw0T/8x+Q==", "7Fjfp0ZBr1KtDRbnfVdmIw0T/8x+Q==" },
    { "a bearer token in small letters", "bearer 550e8400-e29b-41d4-a716-446655440000", "e29b-41d4-a716-446655440000" },
    { "a bearer token in a query", "Bearer%207Fjfp0ZBr1KtDRbnfVdmIw0T", "7Fjfp0ZBr1KtDRbnfVdmIw0T" },
    { "a Groq key",
      "gsk_"
      "abcdefghij0123456789ABCDEFGHIJ0123456789abcdefghijKL",
      NULL },
    { "a Hugging Face token",
      "hf_"
      "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789",
      NULL },
    { "a private key",
      "-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7bq0y3hVzYc5m1s8Hq2Xn0b4\\nKq9Jt3Zs5w8vR2uYp6LmA7==\\n-----END RSA "
      "PRIVATE KEY-----",
      "Kq9Jt3Zs5w8vR2uYp6LmA7" },
    { "a private key that is cut off", "-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKCAQEA7bq0y3hVzYc5m1s8Hq2Xn0b4\\nKq9Jt",
      "Kq9Jt" },
    { "an encrypted private key",
      "-----BEGIN EC PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\nDEK-Info: AES-128-CBC,0F1E2D3C4B5A6978\\n\\n"
      "MIIEpAIBAAKCAQEA7bq0y3hVzYc5m1s8Hq2Xn0b4\\n-----END EC PRIVATE KEY-----",
      "MIIEpAIBAAKCAQEA7bq0y3hVzYc5m1s8Hq2Xn0b4" },
    { "an organisation", "org-AbCdEfGhIjKlMnOpQrStUvWx", NULL },
    { "a home folder", "/home/marigold/notes.txt", "marigold" },
    { "a home folder of a Mac", "/Users/marigold/", "marigold" },
    { "a home folder of Windows", "C:\\\\Users\\\\marigold\\\\notes.txt", "marigold" },
    { "a value that is known", plain_value, NULL },
};

static const struct place {
    const char *name, *text;
} places[] = {
    { "alone", "@" },
    { "in a sentence", "my key is @ (keep it)" },
    { "at the end of a line", "key: @\nnext line" },
    { "after an equals sign", "OPENAI_API_KEY=@" },
    { "in single quotes", "export KEY='@'" },
    { "in double quotes", "KEY=\"@\"" },
    { "in backticks", "use `@` here" },
    { "in bold", "**@**" },
    { "in angle brackets", "<@>" },
    { "in brackets", "[x](@)" },
    { "in a list", "- a\n- @\n- b\n" },
    { "in a table", "| key | @ |" },
    { "in a query", "https://api.example.com/v1?key=@&alt=sse" },
    { "after an encoded blank", "q=token%20@" },
    { "after a colon", "key:@" },
    { "after a comma", "a,@,b" },
    { "after a tab", "a\t@\tb" },
    { "between lines of other systems", "a\r\n@\r\nb" },
    { "in a command", "curl -H 'x-api-key: @' https://api.example.com" },
    { "twice", "@ and @" },
    { "after a byte order mark", "\xef\xbb\xbf@" },
    { "in a message", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"@\"}]}" },
    { "in a part of a message", "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"it is @ \"}]}]}" },
    { "in the system prompt", "{\"system\":[{\"type\":\"text\",\"text\":\"key @\"}]}" },
    { "in the instructions", "{\"instructions\":\"use @\",\"input\":\"x\"}" },
    { "in arguments", "{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"key\\\":\\\"@\\\"}\"}}]}" },
    { "in JSON in JSON in JSON", "{\"arguments\":\"{\\\"body\\\":\\\"{\\\\\\\"key\\\\\\\":\\\\\\\"@\\\\\\\"}\\\"}\"}" },
    { "after an escaped line break", "{\"content\":\"line\\n@\\nline\"}" },
    { "after a line break escaped twice", "{\"arguments\":\"{\\\"t\\\":\\\"line\\\\n@\\\"}\"}" },
    { "after an escaped equals sign", "{\"content\":\"key\\u003d@\"}" },
    { "after one escaped twice", "{\"arguments\":\"{\\\"t\\\":\\\"key\\\\u003d@\\\"}\"}" },
    { "in a tool's result", "{\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"@\"}]}" },
    { "in a call's input",
      "{\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"input\":{\"password\":\"@\"}}]}" },
    { "in a description", "{\"tools\":[{\"description\":\"call with @\"}]}" },
    { "as a key", "{\"messages\":{\"@\":1}}" },
    { "in a list of texts", "{\"stop\":[\"a\",\"@\"]}" },
    { "as a whole text", "[\"@\"]" },
    { "in the user's id", "{\"metadata\":{\"user_id\":\"@\"}}" },
    { "as the user", "{\"user\":\"@\"}" },
    { "as a signature", "{\"content\":[{\"type\":\"thinking\",\"signature\":\"@\"}]}" },
    { "below 70 brackets", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"@\"" },
    { "in a string that never ends", "{\"content\":\"@" },
    { "after JSON", "{\"a\":1} @" },
    { "in the second of two lines of JSON", "{\"a\":1}\n{\"content\":\"@\"}\n" },
    { "in an error", "{\"error\":{\"message\":\"Incorrect API key provided: @. You can find yours\"}}" },
    { "in a header within JSON", "{\"request\":{\"headers\":{\"X-Other\":[\"@\"]}}}" },
    { "in a chunk of a chat", "data: {\"choices\":[{\"delta\":{\"content\":\"@\"}}]}\n\ndata: [DONE]\n\n" },
    { "in a delta of a message",
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a @\"}}\n\n" },
    { "in the arguments of a delta", "data: {\"delta\":{\"partial_json\":\"{\\\"key\\\":\\\"@\"}}\n\n" },
    { "in a response's event", "event: response.created\r\ndata: {\"response\":{\"instructions\":\"@\"}}\r\n\r\n" },
    { "in data of two lines", "data: {\"a\":\ndata: \"@\"}\n\n" },
    { "in data without a blank", "data:{\"a\":\"@\"}\n\n" },
    { "in data that is no JSON", "data: @\n\n" },
    { "in data that is cut off", "data: {\"delta\":{\"text\":\"@" },
    { "in a comment of a stream", ": @\n\ndata: {\"a\":1}\n\n" },
    { "in an event's id", "id: @\ndata: {\"a\":1}\n\n" },
    { "after a stream", "data: {\"a\":1}\n\n@\n" },
};

Test(redact, lets_no_secret_through_in_any_place)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    cr_assert_geq(COUNT(places), 40);
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t k = 0; k < COUNT(plants); k++) {
            struct baton_arena_mark mark = baton_arena_mark(arena);
            const char *secret = plants[k].secret == NULL ? plants[k].text : plants[k].secret;
            const char *before = planted(arena, places[i].text, plants[k].text);
            const char *after = redacted(arena, values, before);
            cr_expect_null(strstr(after, secret), "%s, %s: %s", plants[k].name, places[i].name, after);
            cr_expect_null(strstr(after, secret + strlen(secret) - 5), "the end of %s, %s: %s", plants[k].name,
                           places[i].name, after);
            cr_expect_not_null(strstr(after, BATON_REDACTED), "%s, %s: %s", plants[k].name, places[i].name, after);
            cr_expect_str_eq(redacted(arena, values, after), after, "%s, %s: again", plants[k].name, places[i].name);
            baton_arena_rollback(arena, mark);
        }
    }
    baton_arena_free(arena);
}

Test(redact, lets_no_secret_through_in_a_header)
{
    static const char *const names[] = { "Authorization", "x-api-key",  "API-KEY",    "Proxy-Authorization",
                                         "Cookie",        "Set-Cookie", "X-Other",    "x-goog-api-key",
                                         "Referer",       "Location",   "User-Agent", "X-Request-Id" };
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t k = 0; k < COUNT(plants); k++) {
            const char *secret = plants[k].secret == NULL ? plants[k].text : plants[k].secret;
            const struct baton_wire_header header = { baton_str_of(names[i]), baton_str_of(plants[k].text) };
            struct baton_wire_headers out;
            cr_assert_eq(baton_redact_headers(&out, arena, values, (struct baton_wire_headers){ &header, 1 }, NULL),
                         BATON_OK);
            for (size_t h = 0; h < out.count; h++) {
                cr_expect_null(strstr(out.items[h].value.data, secret), "%s in %s", plants[k].name, names[i]);
            }
        }
    }
    baton_arena_free(arena);
}

/* ---- what is no secret ---- */

static const char *const harmless[] = {
    /* ids of calls, replies and items */
    "call_62136354e2f84f4ea16f4eb5f3a1b2c3", "call_vwqy7HyGGnNht9NNfxMnnouY", "toolu_01A09q90qw90lq917835lq9",
    "fc_67ced68352a48191aca3872f9376de86", "fco_01a1fb96-82f9-79d0-8e3b-f76e115e35b9", "msg_01XFDUDYJgAACzvnptvVoYEL",
    "resp_0401f348de3b68550069d6f97bea1081a2b", "rs_68af4030baa48193b0b43b4c2a176a1a",
    "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "gen-1730000000-AbCdEfGhIjKlMnOpQrSt",
    "req_66720340c2e266fc4de99dcc8bcd0543", "run_AbCdEfGhIjKlMnOpQrStUvWx", "thread_abc123DEF456ghi789JKL012",
    "fp_44709d6fcb", "conv_0100000000000000000000000000000000000", "srvtoolu_014hJH82Qum7Td6UV8gDXThB",
    "container_011CPR5CNjB747bTd36fQLFk", "file-AbCdEfGhIjKlMnOpQrStUvWx", "asst_abc123DEF456ghi789JKL012",
    /* uuids and digests */
    "550e8400-e29b-41d4-a716-446655440000", "01a1fb96-8254-7342-b5da-1255e8da6322",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "md5 d41d8cd98f00b204e9800998ecf8427e",
    "user_507f1f77bcf86cd799439011", "user-507f1f77bcf86cd799439011", "org-507f1f77bcf86cd799439011",
    /* base64 */
    "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds/AKIA+sk/ghp/AIza==",
    "gAAAAABpOK-sk-ant-AKIA_ghp_eyJ-x0xb_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQr==",
    "eyJhbGciOiJIUzI1NiJ9", "eyJwYWdlIjoyLCJsaW1pdCI6NTAsImN1cnNvciI6ImFiY2RlZiJ9", "eyJwYWdlIjoyfQ.short.x",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ/home/==",
    /* words that begin as keys do */
    "sk-learn", "sk-SK", "sk-container-id-1", "sk-estimator-doc-link", "sk-toggleable__content",
    "sk-text-repr-fallback", "task-management-for-users-2024", "the asker-reservation-system-v2 of 2024",
    "risk-assessment-2024-q3-final1", "ask-1234567890abcdef", "50%zzsk-1234567890abcdef", "org-mode", "organization",
    "org-chart-of-2024", "user-agent", "user-interface", "user-friendly-documentation", "proj_manager", "AKIA",
    "AKIARA is a film", "AKIAabcdefghijklmnop", "AIza", "AIzawl", "xoxo-hugs-and-kisses-2024", "xoxb", "ghp_",
    "ghp_short", "gho_stwriter", "hf_hub_download_and_cache_everything", "gsk_value", "npm_config_registry",
    "npm_lifecycle_event", "eyJ", "github_pat_", "SG.1",
    /* what tells of keys and holds none */
    "Bearer of bad news", "Bearer authentication", "Authorization: Bearer", "Bearer <token>", "Bearer $TOKEN",
    "Bearer YOUR_ACCESS_TOKEN_HERE", "Bearer {{token}}", "bearer-token-authentication", "Bearer ***",
    "Set sk-... in the environment", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN PGP MESSAGE-----", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ", "api_key", "password: see the vault",
    /* paths that name nobody */
    "/home/", "/home", "/Users/", "/users/42/orders", "/home/{user}/x", "https://example.com/home/products/12",
    "https://example.com/Users/42/", "/Users/42", "/usr/local/lib/", "/root/.config", "~/notes.txt", "./home/page/",
    "the/home/page/", "/home/index.html", "/home?tab=1", "C:\\Windows\\System32\\", "C:\\Users\\", "C:\\\\Users\\mia",
    "Users\\x", "/homes/mia/", "/homework/mia/", "\\\\server\\Users", "${BASE}/home/x/",
    /* what stands in a secret's place */
    "REDACTED", "Bearer REDACTED", "sk-REDACTED", "/home/REDACTED/x", "/Users/REDACTED",
    "Bearer sk-ant-REDACTED1234567890"
};

Test(redact, leaves_what_is_no_secret_as_it_is)
{
    static const char *const around[] = { "@",
                                          "see @ there",
                                          "{\"id\":\"@\",\"n\":1.50}",
                                          "{ \"messages\" : [ {\"tool_call_id\": \"@\", \"content\":\"\\u00e9 @\"} ] }",
                                          "{\"encrypted_content\":\"@\",\"signature\":\"@\"}",
                                          "event: x\ndata: {\"id\": \"@\"}\n\n" };
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    cr_assert_geq(COUNT(harmless), 60);
    for (size_t i = 0; i < COUNT(harmless); i++) {
        for (size_t k = 0; k < COUNT(around); k++) {
            struct baton_text escaped = baton_text_with_limit(TEXT_BYTES_MAX);
            baton_text_json_string(&escaped, harmless[i], strlen(harmless[i]));
            escaped.data[escaped.length - 1] = '\0';
            const char *text = planted(arena, around[k], k < 2 ? harmless[i] : escaped.data + 1);
            cr_expect_str_eq(redacted(arena, values, text), text, "%s", text);
            baton_text_clear(&escaped);
        }
    }
    baton_arena_free(arena);
}

/* Random bytes only look like a key at times; where they are known to be random, they stay. */
Test(redact, leaves_signatures_as_they_are)
{
    struct baton_arena *arena = tree_arena();
    const char *blob = "EqQB/AKIAIOSFODNN7EXAMPLE/AIza"
                       "SyA1234567890abcdefghijklmnopqrstuv/sk-1234567890abcdef";
    static const char *const kept[] = { "{\"content\":[{\"type\":\"thinking\",\"signature\":\"@\"}]}",
                                        "{\"input\":[{\"type\":\"reasoning\",\"encrypted_content\":\"@\"}]}",
                                        "data: {\"delta\":{\"type\":\"signature_delta\",\"signature\":\"@\"}}\n\n",
                                        "{\"contents\":[{\"parts\":[{\"thoughtSignature\":\"@\"}]}]}" };
    for (size_t i = 0; i < COUNT(kept); i++) {
        const char *text = planted(arena, kept[i], blob);
        cr_expect_str_eq(redacted(arena, NULL, text), text);
    }
    const char *other = planted(arena, "{\"content\":\"@\"}", blob);
    cr_expect_str_neq(redacted(arena, NULL, other), other);
    const char *known = redacted(arena, values_of(arena, "7EXAMPLE/AIzaSy", ""), planted(arena, kept[0], blob));
    cr_expect_null(strstr(known, "7EXAMPLE/AIzaSy"), "a known value goes even there");
    baton_arena_free(arena);
}

/* ---- fields ---- */

static const struct reading {
    const char *name, *text, *want;
} readings[] = {
    { "the user of a chat", "{\"model\":\"m\",\"user\":\"mia\",\"n\":1}",
      "{\"model\":\"m\",\"user\":\"REDACTED\",\"n\":1}" },
    { "white space, order and escapes stay",
      "{ \"b\" : [ 1.0, 1e2 ] ,\n\t\"user\" : \"m\\u00e9\" , \"a\":\"\\u00e9\\/\" }",
      "{ \"b\" : [ 1.0, 1e2 ] ,\n\t\"user\" : \"REDACTED\" , \"a\":\"\\u00e9\\/\" }" },
    { "Claude's user", "{\"metadata\":{\"user_id\":\"{\\\"device_id\\\":\\\"a7\\\"}\",\"tag\":\"x\"}}",
      "{\"metadata\":{\"user_id\":\"REDACTED\",\"tag\":\"x\"}}" },
    { "Codex' metadata",
      "{\"client_metadata\":{\"a\":\"x\",\"b\":[\"y\",7,{\"c\":\"z\"}],\"d\":null,\"e\":true},\"f\":7}",
      "{\"client_metadata\":{\"a\":\"REDACTED\",\"b\":[\"REDACTED\",0,{\"c\":\"REDACTED\"}],\"d\":null,\"e\":true},\"f\":7}" },
    { "the others", "{\"safety_identifier\":\"a\",\"prompt_cache_key\":\"b\",\"session_id\":\"c\",\"sessionId\":\"d\"}",
      "{\"safety_identifier\":\"REDACTED\",\"prompt_cache_key\":\"REDACTED\",\"session_id\":\"REDACTED\",\"sessionId\":"
      "\"REDACTED\"}" },
    { "empty and null stay", "{\"user\":\"\",\"prompt_cache_key\":null}", "{\"user\":\"\",\"prompt_cache_key\":null}" },
    { "in a response's event",
      "{\"type\":\"response.created\",\"response\":{\"user\":\"mia\",\"safety_identifier\":\"x\"}}",
      "{\"type\":\"response.created\",\"response\":{\"user\":\"REDACTED\",\"safety_identifier\":\"REDACTED\"}}" },
    { "in a cassette", "{\"request\":{\"user\":\"mia\"},\"response\":{\"body\":{\"metadata\":{\"user_id\":\"u\"}}}}",
      "{\"request\":{\"user\":\"REDACTED\"},\"response\":{\"body\":{\"metadata\":{\"user_id\":\"REDACTED\"}}}}" },
    { "headers in a cassette", "{\"response\":{\"headers\":{\"Set-Cookie\":[\"a=b\"],\"Date\":\"d\"}}}",
      "{\"response\":{\"headers\":{\"Set-Cookie\":[\"REDACTED\"],\"Date\":\"d\"}}}" },
    { "after a byte order mark", "\xef\xbb\xbf{\"user\":\"mia\"}", "\xef\xbb\xbf{\"user\":\"REDACTED\"}" },
    { "an escaped key", "{\"us\\u0065r\":\"mia\"}", "{\"us\\u0065r\":\"REDACTED\"}" },
    { "cut off", "{\"user\":\"mia", "{\"user\":\"REDACTED" },
    { "in an event of two lines", "data: {\"user\"\ndata: :\"mia\"}\n\n", "data: {\"user\"\ndata: :\"REDACTED\"}\n\n" },
    { "each line of several", "{\"user\":\"a\"}\n{\"user\":\"b\"}\n",
      "{\"user\":\"REDACTED\"}\n{\"user\":\"REDACTED\"}\n" },
    { "a user within arguments is the conversation's own",
      "{\"content\":[{\"type\":\"tool_use\",\"input\":{\"user\":\"mia\",\"metadata\":{\"user_id\":\"7\"}}}]}",
      "{\"content\":[{\"type\":\"tool_use\",\"input\":{\"user\":\"mia\",\"metadata\":{\"user_id\":\"7\"}}}]}" },
    { "a schema's property of that name",
      "{\"tools\":[{\"parameters\":{\"properties\":{\"user\":{\"type\":\"string\"},\"session_id\":{\"type\":\"string\"}}}}]}",
      "{\"tools\":[{\"parameters\":{\"properties\":{\"user\":{\"type\":\"string\"},\"session_id\":{\"type\":\"string\"}}}}]}" },
    { "a role of that name", "{\"messages\":[{\"role\":\"user\",\"name\":\"user\",\"content\":\"user\"}]}",
      "{\"messages\":[{\"role\":\"user\",\"name\":\"user\",\"content\":\"user\"}]}" },
    { "a field after a redacted one", "{\"client_metadata\":{\"a\":[{}]},\"model\":\"m\"}",
      "{\"client_metadata\":{\"a\":[{}]},\"model\":\"m\"}" },
    { "Bearer stays, its token goes", "{\"a\":\"Bearer 7Fjfp0ZBr1KtDRbnfVdmIw0T\"}", "{\"a\":\"Bearer REDACTED\"}" },
    { "a path stays, its user goes", "cwd: /home/mia.r/proj, C:\\Users\\Mia Lee\\x and /mnt/c/Users/mia/.",
      "cwd: /home/REDACTED/proj, C:\\Users\\REDACTED\\x and /mnt/c/Users/REDACTED/." },
    { "the end of a path", "<cwd>/home/mia</cwd> \"/Users/mia\" in /home/mia. Or /home/mia:/usr",
      "<cwd>/home/REDACTED</cwd> \"/Users/REDACTED\" in /home/REDACTED. Or /home/REDACTED:/usr" },
    { "a private key over lines",
      "a\n-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq0y3hVzYc5m1s8Hq2Xn0b4\nKq9J\n-----END PRIVATE KEY-----\nb",
      "a\nREDACTED\nb" },
    { "a private key's mark in prose", "it begins with -----BEGIN PRIVATE KEY----- and then comes base64",
      "it begins with REDACTED and then comes base64" },
    { "a key among escapes of all kinds", "{\"a\":\"\\ud83d\\ude00 \\q \\u12 \\ud83d sk-1234567890abcdef \\/\\t\"}",
      "{\"a\":\"\xf0\x9f\x98\x80 \\\\q \\\\u12 \xef\xbf\xbd REDACTED /\\t\"}" },
    { "a key and its quotes", "{\"a\":\"say \\\"sk-1234567890abcdef\\\"\\n\"}", "{\"a\":\"say \\\"REDACTED\\\"\\n\"}" },
    { "nothing", "", "" },
};

Test(redact, follows_the_table_of_fields)
{
    struct baton_arena *arena = tree_arena();
    for (size_t i = 0; i < COUNT(readings); i++) {
        const struct reading *row = &readings[i];
        cr_expect_str_eq(redacted(arena, NULL, row->text), row->want, "%s: %s", row->name,
                         redacted(arena, NULL, row->text));
    }
    baton_arena_free(arena);
}

Test(redact, writes_trees)
{
    struct baton_arena *arena = tree_arena();
    struct tree tree = tree_json(arena, "{ \"user\": \"mia\", \"seed\": 18446744073709551615, \"x\": [1.50, \"at "
                                        "/home/mia/x\"], \"password\": \"hunter2 correct horse\" }");
    struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
    baton_redact_json(&out, usual_values(arena), tree.root);
    cr_expect_str_eq(out.data, "{\"user\":\"REDACTED\",\"seed\":18446744073709551615,\"x\":[1.50,\"at "
                               "/home/REDACTED/x\"],\"password\":\"REDACTED\"}");
    baton_text_clear(&out);
    baton_arena_free(arena);
}

Test(redact, follows_the_table_of_headers)
{
    static const struct {
        const char *name, *value, *want; /* NULL: dropped */
    } rows[] = {
        { "Authorization", "Basic bWlhOnB3", "REDACTED" },
        { "X-API-Key", "short", "REDACTED" },
        { "api-key", "short", "REDACTED" },
        { "X-Goog-Api-Key", "short", "REDACTED" },
        { "Proxy-Authorization", "short", "REDACTED" },
        { "Cookie", "a=b", NULL },
        { "SET-COOKIE", "a=b", NULL },
        { "OpenAI-Organization", "acme", NULL },
        { "openai-project", "proj_1", NULL },
        { "ChatGPT-Account-Id", "1", NULL },
        { "X-Msh-Device-Name", "vm", NULL },
        { "x-msh-device-", "vm", NULL },
        { "X-Claude-Code-Session-Id", "1", NULL },
        { "session-id", "1", NULL },
        { "x-codex-turn-metadata", "{}", NULL },
        { "x-msh-version", "2.1.0", "2.1.0" },
        { "Content-Type", "application/json", "application/json" },
        { "x-request-id", "req_66720340c2e266fc4de99dcc8bcd0543", "req_66720340c2e266fc4de99dcc8bcd0543" },
        { "x-authorization-kind", "a", "a" },
        { "X-Debug", "key sk-1234567890abcdef!", "key REDACTED!" },
        { "x-empty", "", "" },
    };
    struct baton_arena *arena = tree_arena();
    struct baton_wire_header headers[COUNT(rows)];
    for (size_t i = 0; i < COUNT(rows); i++) {
        headers[i] = (struct baton_wire_header){ baton_str_of(rows[i].name), baton_str_of(rows[i].value) };
    }
    struct baton_wire_headers out;
    struct baton_error err;
    cr_assert_eq(baton_redact_headers(&out, arena, NULL, (struct baton_wire_headers){ headers, COUNT(rows) }, &err),
                 BATON_OK);
    size_t next = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].want != NULL) {
            cr_assert_lt(next, out.count);
            cr_expect(baton_str_is(out.items[next].name, rows[i].name), "%s", rows[i].name);
            cr_expect(baton_str_is(out.items[next].value, rows[i].want), "%s", rows[i].name);
            next++;
        }
    }
    cr_expect_eq(next, out.count);
    struct baton_arena *small = baton_arena_new(64);
    cr_expect_eq(baton_redact_headers(&out, small, NULL, (struct baton_wire_headers){ headers, COUNT(rows) }, &err),
                 BATON_ELIMIT);
    baton_arena_free(small);
    baton_arena_free(arena);
}

/* ---- the finder ---- */

/* Each secret's place and kind, a line each; returns how many there are. */
static size_t find_all(const struct baton_known_values *values, struct baton_str text, struct baton_text *found)
{
    struct baton_secret_search search = baton_secret_search_in(values, text);
    struct baton_secret secret;
    size_t count = 0;
    for (; baton_secret_search_next(&search, &secret); count++) {
        baton_text_printf(found, "%zu-%zu %s\n", secret.start, secret.end, baton_secret_kind_text(secret.kind));
    }
    return count;
}

Test(secrets, have_place_and_kind)
{
    struct baton_arena *arena = tree_arena();
    struct baton_text seen = baton_text_with_limit(TEXT_BYTES_MAX);
    static const char text[] = "k sk-1234567890abcdef ghp_"
                               "16C7e42F292c6912E7710c838347Ae178B4a AKIAIOSFODNN7EXAMPLE "
                               "Bearer 7Fjfp0ZBr1KtDRbnfVdmIw0T /home/mia/x hunter2 correct horse "
                               "org-AbCdEfGhIjKlMnOpQrStUvWx eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ "
                               "-----BEGIN PRIVATE KEY-----";
    size_t count = find_all(usual_values(arena), baton_str_of(text), &seen);
    cr_expect_eq(count, 9);
    cr_expect_str_eq(seen.data,
                     "2-21 an API key\n22-62 an access token\n63-83 a cloud access key\n"
                     "91-115 a bearer token\n122-125 a user's name in a path\n128-149 a known value\n"
                     "150-178 an account id\n179-213 a JSON web token\n214-241 a private key\n",
                     "%s", seen.data);
    baton_text_clear(&seen);
    baton_arena_free(arena);
}

Test(secrets, are_not_found_in_what_was_redacted)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    struct baton_text seen = baton_text_with_limit(TEXT_BYTES_MAX);
    for (size_t k = 0; k < COUNT(plants); k++) {
        const char *text = redacted(arena, values, planted(arena, "a @ b", plants[k].text));
        cr_expect_eq(find_all(values, baton_str_of(text), &seen), 0, "%s: %s", plants[k].name, seen.data);
    }
    baton_text_clear(&seen);
    baton_arena_free(arena);
}

/* ---- hostile texts ---- */

static const char *const hostile[] = { "sk-",
                                       "sk-*",
                                       "sk-aaaaaaaaaaaaaaaaaaaaaaa",
                                       "Bearer ",
                                       "bearer+",
                                       "eyJ",
                                       "eyJaaaaaaaaaa.",
                                       "eyJaaaaaaaaaa.eyJaaaaaaaaaa=",
                                       "-----BEGIN ",
                                       "-----BEGIN PRIVATE KEY-----",
                                       "-----BEGIN PRIVATE KEY-----\nA: b\n",
                                       "/home/",
                                       "/home/a",
                                       "C:\\Users\\",
                                       "C:\\Users\\ a",
                                       "\\",
                                       "\\\"",
                                       "\"",
                                       "[",
                                       "{\"a\":",
                                       "\"a\" \n",
                                       "data:",
                                       "data: {\n",
                                       "data: {\"a\":\"",
                                       "data: [\"a\"\n",
                                       "\ndata:\n",
                                       "%20",
                                       "\\u0041",
                                       "hunter2 correct hors",
                                       "hunter2 correct horse",
                                       "hunter2 ",
                                       "AKIA",
                                       "xoxb-1",
                                       "-",
                                       "\xff" };

Test(redact, takes_time_in_line_with_the_length, .timeout = 30)
{
    enum { LENGTH = 1024 * 1024 };
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        for (int is_json = 0; is_json < 2; is_json++) {
            struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX), out = baton_text_with_limit(TEXT_BYTES_MAX);
            baton_text_puts(&text, is_json ? "{" : "");
            while (text.length < LENGTH) {
                baton_text_puts(&text, hostile[i]);
            }
            baton_redact_text(&out, values, baton_text_str(&text));
            cr_expect(!out.failed, "%s", hostile[i]);
            baton_text_clear(&text);
            baton_text_clear(&out);
        }
    }
    baton_arena_free(arena);
}

Test(redact, any_piece_of_a_text_is_redacted_for_good)
{
    struct baton_arena *arena = tree_arena();
    const struct baton_known_values *values = usual_values(arena);
    struct baton_prng prng;
    baton_prng_seed(&prng, 3);
    for (unsigned round = 0; round < 3000; round++) {
        struct baton_arena_mark mark = baton_arena_mark(arena);
        struct baton_text text = baton_text_with_limit(TEXT_BYTES_MAX);
        for (uint64_t i = baton_prng_below(&prng, 8) + 1; i > 0; i--) {
            const char *piece = baton_prng_below(&prng, 2) == 0 ? plants[baton_prng_below(&prng, COUNT(plants))].text
                                                                : hostile[baton_prng_below(&prng, COUNT(hostile))];
            size_t length = strlen(piece), skip = baton_prng_below(&prng, 4) == 0 ? baton_prng_below(&prng, length) : 0;
            baton_text_append(&text, piece + skip, length - skip);
            baton_text_puts(&text, baton_prng_below(&prng, 2) == 0 ? " " : "");
        }
        const char *once = redacted(arena, values, text.data);
        cr_expect_null(strstr(once, plain_value), "%s", once);
        cr_expect_str_eq(redacted(arena, values, once), once, "twice: %s", text.data);
        baton_text_clear(&text);
        baton_arena_rollback(arena, mark);
    }
    baton_arena_free(arena);
}

Test(redact, every_allocation_may_fail)
{
    struct baton_arena *arena = tree_arena();
    const char *const value = odd_value;
    const char *text = "{\"user\":\"mia\",\"a\":[\"sk-1234567890abcdef \\n x\"],\"b\":1}\n";
    const struct baton_str values[] = { baton_str_of(value) };
    bool is_done = false;
    uint64_t n = 0;
    while (!is_done) {
        struct baton_text out = baton_text_with_limit(TEXT_BYTES_MAX);
        struct baton_known_values *known;
        baton_arena_fail_after(++n);
        enum baton_status status = baton_known_values_new(&known, arena, values, 1, NULL);
        cr_assert(status == BATON_OK || (status == BATON_ELIMIT && known == NULL), "allocation %llu",
                  (unsigned long long)n);
        baton_redact_text(&out, known, baton_str_of(text));
        baton_arena_fail_after(0);
        is_done = status == BATON_OK && !out.failed;
        cr_assert(!is_done || strstr(out.data, "mia") == NULL);
        cr_assert_lt(n, 1000);
        baton_text_clear(&out);
    }
    cr_expect_gt(n, 8);
    baton_arena_free(arena);
}
