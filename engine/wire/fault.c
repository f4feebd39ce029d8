#include "engine/wire/fault.h"

#include "engine/base/number.h"

enum { STATUS_DIGITS = 3 };

static const struct {
    const char *name;
    bool is_transient;
} faults[] = {
#define FAULT_ROW(name, text, is_transient) { (text), (is_transient) },
    BATON_FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

/* Words that mean something by themselves, whatever the HTTP status. */
static const struct word {
    const char *text;
    enum baton_provider_fault fault;
} codes[] = {
    { "rate_limit_exceeded", BATON_FAULT_RATE_LIMIT },
    { "too_many_requests", BATON_FAULT_RATE_LIMIT },
    { "insufficient_quota", BATON_FAULT_QUOTA },
    { "billing_hard_limit_reached", BATON_FAULT_QUOTA },
    { "billing_not_active", BATON_FAULT_QUOTA },
    { "insufficient_balance", BATON_FAULT_QUOTA },
    { "server_error", BATON_FAULT_SERVER },
    { "internal_server_error", BATON_FAULT_SERVER },
    { "server_is_overloaded", BATON_FAULT_OVERLOADED },
    { "engine_overloaded", BATON_FAULT_OVERLOADED },
    { "slow_down", BATON_FAULT_OVERLOADED },
    { "invalid_api_key", BATON_FAULT_AUTH },
    { "context_length_exceeded", BATON_FAULT_BAD_REQUEST },
    { "invalid_prompt", BATON_FAULT_BAD_REQUEST },
    { "content_filter", BATON_FAULT_BAD_REQUEST },
    { "model_not_found", BATON_FAULT_NOT_FOUND },
    { "DeploymentNotFound", BATON_FAULT_NOT_FOUND },
};

/* Classes of errors; a 404 may well be an `invalid_request_error`, so the status goes first. */
static const struct word types[] = {
    { "rate_limit_error", BATON_FAULT_RATE_LIMIT },
    { "rate_limit", BATON_FAULT_RATE_LIMIT },
    { "overloaded_error", BATON_FAULT_OVERLOADED },
    { "overloaded", BATON_FAULT_OVERLOADED },
    { "api_error", BATON_FAULT_SERVER },
    { "internal_error", BATON_FAULT_SERVER },
    { "timeout_error", BATON_FAULT_TIMEOUT },
    { "timeout", BATON_FAULT_TIMEOUT },
    { "billing_error", BATON_FAULT_QUOTA },
    { "authentication_error", BATON_FAULT_AUTH },
    { "permission_error", BATON_FAULT_AUTH },
    { "invalid_request_error", BATON_FAULT_BAD_REQUEST },
    { "invalid_request", BATON_FAULT_BAD_REQUEST },
    { "request_too_large", BATON_FAULT_BAD_REQUEST },
    { "not_found_error", BATON_FAULT_NOT_FOUND },
};

static enum baton_provider_fault find(const struct word *words, size_t count, struct baton_str text)
{
    for (size_t i = 0; i < count; i++) {
        if (baton_str_is(text, words[i].text)) {
            return words[i].fault;
        }
    }
    return BATON_FAULT_NONE;
}

static enum baton_provider_fault of_status(int http_status)
{
    switch (http_status) {
    case 401:
    case 403:
        return BATON_FAULT_AUTH;
    case 402:
        return BATON_FAULT_QUOTA;
    case 404:
        return BATON_FAULT_NOT_FOUND;
    case 408:
    case 504:
        return BATON_FAULT_TIMEOUT;
    case 409:
        return BATON_FAULT_CONFLICT;
    case 429:
        return BATON_FAULT_RATE_LIMIT;
    case 503:
    case 529:
        return BATON_FAULT_OVERLOADED;
    default:
        return http_status >= 500   ? BATON_FAULT_SERVER
               : http_status >= 400 ? BATON_FAULT_BAD_REQUEST
                                    : BATON_FAULT_NONE;
    }
}

/* A code of three digits, which OpenRouter writes where others have a word. */
static int status_in(struct baton_str code)
{
    uint64_t status = 0;
    return code.length == STATUS_DIGITS && baton_number_u64(code, &status) ? (int)status : 0;
}

enum baton_provider_fault baton_provider_fault_of(int http_status, struct baton_str code, struct baton_str type)
{
    const enum baton_provider_fault found[] = {
        find(codes, sizeof codes / sizeof *codes, code),
        find(codes, sizeof codes / sizeof *codes, type),
        of_status(http_status),
        find(types, sizeof types / sizeof *types, type),
        find(types, sizeof types / sizeof *types, code),
        of_status(status_in(code)),
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        if (found[i] != BATON_FAULT_NONE) {
            return found[i];
        }
    }
    return BATON_FAULT_SERVER;
}

const char *baton_provider_fault_name(enum baton_provider_fault fault)
{
    return faults[fault].name;
}

bool baton_provider_fault_is_transient(enum baton_provider_fault fault)
{
    return faults[fault].is_transient;
}
