"""Sites that a request passes through, as data, and the configuration of the servers that they are made of.

One NGINX, one HAProxy and one Envoy play all parts: each step of a site has a port, an address that it connects from and a log of its
own there.

Threads: one.
"""
import hashlib
import json
import pathlib

from servers import Syslog, free_port, nginx_head

SECRET = "open-sesame-81"
NGINX_OWN = ('$msec|$remote_addr|$remote_port|$status|"$request"|"$http_x_forwarded_for"|"$http_forwarded"|"$http_cloudfront_viewer_address"|'
             '"$http_x_origin_verify"')
NGINX_COMMON = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
HAPROXY_CAPTURES = ("X-Forwarded-For", "Forwarded", "CloudFront-Viewer-Address", "X-Origin-Verify")
ENVOY_JSON = {"start_time": "%START_TIME%", "response_flags": "%RESPONSE_FLAGS%", "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%",
              "protocol": "%PROTOCOL%", "response_code": "%RESPONSE_CODE%", "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
              "downstream_direct_remote_address": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"}

XFF = "carrier: append"
FORWARDED = "carrier: append, header: Forwarded"
VIEWER = ("carrier: header, header: CloudFront-Viewer-Address, fmt: lastcolon, xff: append, "
          f"secret: {{header: X-Origin-Verify, sha256: {hashlib.sha256(SECRET.encode()).hexdigest()}}}")

# Chains, from the innermost hop outwards: (type, network of its peers, the rest). A type is the name of the server where its log has a
# format of its own, so that one chain serves the logs of all.
CHAINS = {
    "one": [("haproxy", "haproxy", XFF)],
    "two": [("nginx", "nginx", XFF), ("haproxy", "haproxy", XFF)],
    "three": [("envoy", "envoy", XFF), ("haproxy", "haproxy", XFF), ("cloudfront", "cdn", XFF)],
    "four": [("nginx", "nginx", XFF), ("envoy", "envoy", XFF), ("haproxy", "haproxy", XFF), ("cloudfront", "cdn", XFF)],
    "ports": [("haproxy", "haproxy", XFF + ", xff_port: true")],
    "preserve": [("haproxy", "haproxy", "carrier: preserve"), ("cloudfront", "cdn", XFF)],
    "remove": [("haproxy", "haproxy", "carrier: remove")],
    "forwarded": [("nginx", "nginx", FORWARDED), ("haproxy", "haproxy", FORWARDED)],
    "viewer": [("haproxy", "haproxy", XFF), ("cloudfront", "cdn", VIEWER)],
    "balancer": [("nlb", "balancer", "carrier: pp")],
}

# NAME: chain; way of a request: `SERVER does` for each step, from the outermost inwards.
SITES = {
    "one": ("one", ["haproxy append", "nginx app"]),
    "two": ("two", ["haproxy append", "nginx append", "nginx app"]),
    "two-envoy": ("two", ["haproxy append", "nginx append", "envoy append", "nginx unseen"]),
    "three": ("three", ["cdn append", "haproxy append", "envoy append", "nginx app"]),
    "four": ("four", ["cdn append", "haproxy append", "envoy append", "nginx append", "nginx app"]),
    "shortcut": ("four", ["haproxy append", "nginx app"]),  # HAProxy passes Envoy by
    "ports": ("ports", ["haproxy ports", "nginx app"]),
    "replace": ("one", ["haproxy replace", "nginx app"]),
    "preserve": ("preserve", ["cdn append", "haproxy preserve", "nginx app"]),
    "remove": ("remove", ["haproxy remove", "nginx app"]),
    "forwarded": ("forwarded", ["haproxy forwarded", "nginx forwarded", "nginx app"]),
    "viewer": ("viewer", ["cdn viewer", "haproxy append", "nginx app"]),
    "stranger": ("viewer", ["strange append", "haproxy append", "nginx app"]),  # at the same provider, without the secret
}
TAKES = {"cdn": "nginx", "strange": "nginx"}  # a provider's edge is played by NGINX


class Step:
    """A server on the way of a site's requests."""

    def __init__(self, plan, folder, site, number, text):
        self.type, self.does = text.split()
        self.server = TAKES.get(self.type, self.type)
        self.site, self.number = site, number
        self.name = f"{site}-{number}"
        self.port = free_port()
        self.connects_from = getattr(plan, self.type)
        self.next = None
        self.log = Syslog() if self.server == "haproxy" else folder / f"{self.name}.log"

    def text(self):
        return b"".join(line + b"\n" for line in self.log.lines) if self.server == "haproxy" else self.log.read_bytes()

    def logs(self):
        """(what the log is, its text, arguments that say how to read it)"""
        if self.server == "haproxy":
            return [("httplog", self.text(), ["-f", "haproxy:" + "|".join(f"{name} len 12000" for name in HAPROXY_CAPTURES)])]
        common = ("common", pathlib.Path(f"{self.log}.common").read_bytes(), [])
        if self.server == "envoy":
            return [("JSON", self.text(), []), common]
        return [("own log_format", self.text(), ["-f", f"nginx:{NGINX_OWN}"]), common]


class Site:
    def __init__(self, plan, folder, name):
        self.name = name
        self.chain, way = SITES[name]
        self.steps = [Step(plan, folder, name, number, text) for number, text in enumerate(way)]
        for step, inner in zip(self.steps, self.steps[1:]):
            step.next = inner


def make_sites(plan, folder, envoy):
    """Those that can be built: `envoy` says that there is one."""
    return {name: Site(plan, folder, name) for name, (_, way) in SITES.items() if envoy or "envoy append" not in way}


def wherefrom_config(plan):
    text = "chains:\n"
    for name, hops in CHAINS.items():
        listed = ", ".join(f"{{type: {kind}, peers: [{plan.networks[network]}], {rest}}}" for kind, network, rest in hops)
        text += f"  {name}: [ {listed} ]\n"
    return text


def steps_of(sites, server):
    return [step for site in sites.values() for step in site.steps if step.server == server]


# --- NGINX ---------------------------------------------------------------------------------------------------------------------------

NGINX_DOES = {
    "append": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "forwarded": "proxy_set_header Forwarded $forwarded_list;",
    "viewer": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Origin-Verify " + SECRET + "; "
              "proxy_set_header CloudFront-Viewer-Address $remote_addr:$remote_port;",
}


def nginx_server(step, version_6):
    listen = f"listen 127.0.0.1:{step.port};" + (f" listen [::1]:{step.port};" if version_6 else "")
    logs = f"access_log {step.log} own; access_log {step.log}.common common;"
    if step.next is None:
        return f"  server {{ {listen} {logs} location / {{ return 200 ok; }} }}\n"
    return (f"  server {{ {listen} {logs} location / {{ {NGINX_DOES[step.does]} proxy_bind {step.connects_from}; "
            f"proxy_pass http://127.0.0.1:{step.next.port}; }} }}\n")


def nginx_config(plan, folder, sites, blocks="", http=""):
    """`blocks`, `http`: more of what stands beside and within the block `http`."""
    outside, temporary = nginx_head(folder)
    servers = "".join(nginx_server(step, plan.is_world) for step in steps_of(sites, "nginx"))
    return f"""
{blocks}{outside}
events {{ worker_connections 512; }}
http {{
  {temporary} large_client_header_buffers 4 32k; proxy_http_version 1.1;
  map $remote_addr $forwarded_element {{ ~^[0-9.]+$ "for=$remote_addr"; default 'for="[$remote_addr]"'; }}
  map $http_forwarded $forwarded_list {{ "" $forwarded_element; default "$http_forwarded, $forwarded_element"; }}
  log_format own '{NGINX_OWN}';
  log_format common '{NGINX_COMMON} "$http_x_forwarded_for"';
{servers}{http}}}
"""


# --- HAProxy -------------------------------------------------------------------------------------------------------------------------

IF_6 = "if { src -m sub : }"
UNLESS_6 = "unless { src -m sub : }"
HAPROXY_DOES = {
    "append": ["option forwardfor"],
    "ports": [f"http-request add-header X-Forwarded-For %[src]:%[src_port] {UNLESS_6}",
              f"http-request add-header X-Forwarded-For [%[src]]:%[src_port] {IF_6}"],
    "replace": ["http-request set-header X-Forwarded-For %[src]"],
    "preserve": [],
    "remove": ["http-request del-header X-Forwarded-For"],
    "forwarded": [f"http-request set-var(txn.element) src,concat(,,),regsub(^,for=) {UNLESS_6}",
                  f"http-request set-var-fmt(txn.element) for=\\\"[%[src]]\\\" {IF_6}",
                  "http-request set-header Forwarded %[req.fhdr(forwarded)],%[var(txn.element)] if { req.fhdr(forwarded) -m found }",
                  "http-request set-header Forwarded %[var(txn.element)] unless { req.fhdr(forwarded) -m found }"],
}


def haproxy_frontend(step, version_6):
    captures = "".join(f"  capture request header {name} len 12000\n" for name in HAPROXY_CAPTURES)
    does = "".join(f"  {line}\n" for line in HAPROXY_DOES[step.does])
    return f"""
frontend {step.name}
  bind 127.0.0.1:{step.port}
{f"  bind [::1]:{step.port}" if version_6 else ""}
  log 127.0.0.1:{step.log.port} len 60000 format raw local0
  option httplog
{captures}{does}  default_backend {step.name}
backend {step.name}
  server next 127.0.0.1:{step.next.port} source {step.connects_from}
"""


def haproxy_config(plan, sites, more=""):
    frontends = "".join(haproxy_frontend(step, plan.is_world) for step in steps_of(sites, "haproxy"))
    return f"""
global
  tune.bufsize 65536
defaults
  mode http
  option dontlognull
  timeout connect 5s
  timeout client 10s
  timeout server 10s
{frontends}{more}"""


# --- Envoy ---------------------------------------------------------------------------------------------------------------------------

def envoy_address(port, address="127.0.0.1"):
    return {"socket_address": {"address": address, "port_value": port}}


def envoy_log(path, how):
    name = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
    return {"name": "envoy.access_loggers.file", "typed_config": {"@type": name, "path": str(path), **how}}


def envoy_listener(step, version_6):
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": step.name, "use_remote_address": True,
        "access_log": [envoy_log(step.log, {"log_format": {"json_format": ENVOY_JSON}}), envoy_log(f"{step.log}.common", {})],
        "http_filters": [{"name": "envoy.filters.http.router",
                          "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"],
                                            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": step.name}}]}]},
    }
    also = [{"address": envoy_address(step.port, "::1")}] if version_6 else []
    return {"name": step.name, "address": envoy_address(step.port), "additional_addresses": also,
            "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}


def envoy_cluster(step):
    endpoint = {"endpoint": {"address": envoy_address(step.next.port)}}
    return {"name": step.name, "type": "STATIC", "connect_timeout": "5s",
            "upstream_bind_config": {"source_address": {"address": step.connects_from, "port_value": 0}},
            "load_assignment": {"cluster_name": step.name, "endpoints": [{"lb_endpoints": [endpoint]}]}}


def envoy_config(plan, sites, listeners, clusters):
    """`listeners`, `clusters`: more of them."""
    steps = steps_of(sites, "envoy")
    return json.dumps({"static_resources": {"listeners": [*(envoy_listener(step, plan.is_world) for step in steps), *listeners],
                                            "clusters": [*(envoy_cluster(step) for step in steps), *clusters]}})
