/* URLs of listeners.
 *
 * Threads: pure functions. */
#include "ingest/listen_url.h"

#include <string.h>

static bool parse_proxy(const char *text, enum listen_proxy *proxy) {
    static const char *const names[] = {
        [LISTEN_PROXY_OFF] = "off", [LISTEN_PROXY_V1] = "v1", [LISTEN_PROXY_V2] = "v2", [LISTEN_PROXY_AUTO] = "auto"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *proxy = (enum listen_proxy)i;
        return true;
    }
    return false;
}

enum status listen_url_parse(const char *url, struct listen_url *out, struct error *error) {
    static const char scheme[] = "tcp://", proxy[] = "proxy=";
    const char *at = url + (strncmp(url, scheme, strlen(scheme)) == 0 ? strlen(scheme) : 0);
    const char *query = strchr(at, '?');
    struct slice address = {at, query != NULL ? (size_t)(query - at) : strlen(at)};
    *out = (struct listen_url){.proxy = LISTEN_PROXY_OFF};
    if (at == url || !ip_parse_endpoint(address, &out->at) || (out->at.address.family == IP_V6 && at[0] != '['))
        return error_set(error, STATUS_USAGE,
                         "input %s: expected tcp://ADDRESS:PORT with an IP address, such as tcp://127.0.0.1:5140 or "
                         "tcp://[::1]:5140",
                         url);
    if (query != NULL &&
        (strncmp(query + 1, proxy, strlen(proxy)) != 0 || !parse_proxy(query + 1 + strlen(proxy), &out->proxy)))
        return error_set(error, STATUS_USAGE, "input %s: expected ?proxy=off, v1, v2 or auto behind the port", url);
    return STATUS_OK;
}
