"""Proxies that tell by the PROXY protocol who connected, each in front of each kind of listener, and their configuration.

Threads: one, and one that takes what fronts send to a plain socket.
"""
import contextlib
import dataclasses
import pathlib
import socket
import ssl
import subprocess
import threading

from servers import free_port, installed
from sites import envoy_address

STREAM_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")  # Debian has it in a package of its own
HOST = "shop.example"
NGINX_PP = '$msec|$remote_addr|$remote_port|$proxy_protocol_addr|$proxy_protocol_port|$status|"$request"|"$http_x_forwarded_for"'
NGINX_REALIP = NGINX_PP + "|$realip_remote_addr|$realip_remote_port"
ALL_TLVS = "ssl,cert-cn,cert-key,cert-sig,ssl-cipher,authority,unique-id,crc32c"


@dataclasses.dataclass
class Front:
    """What writes PROXY headers. `options` are HAProxy's for the server, Envoy's version of the header."""
    name: str
    server: str
    version: int
    options: str = ""
    tls: bool = False
    ports: dict = dataclasses.field(default_factory=dict)  # by target


FRONTS = [
    Front("haproxy-v1", "haproxy", 1, "send-proxy"),
    Front("haproxy-v2", "haproxy", 2, "send-proxy-v2"),
    Front("haproxy-v2-unique-id", "haproxy", 2, "send-proxy-v2 proxy-v2-options unique-id,crc32c"),
    Front("haproxy-v2-tls", "haproxy", 2, f"send-proxy-v2 proxy-v2-options {ALL_TLVS}", tls=True),
    Front("nginx-stream", "nginx", 1),
    Front("envoy-v1", "envoy", 1, "V1"),
    Front("envoy-v2", "envoy", 2, "V2"),
]


def take_all(connection):
    """Up to END and a line end, or what came until the other side was gone."""
    data = b""
    with contextlib.suppress(OSError):
        while not data.endswith(b"END\n"):
            part = connection.recv(65536)
            if not part:
                break
            data += part
    return data


class Capture:
    """Takes all that is sent over each connection, and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.taken = []
        self.thread = threading.Thread(target=self.take)
        self.thread.start()

    def take(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                connection.settimeout(5)
                data = take_all(connection)
            if data == b"STOP END\n":
                return
            if data.endswith(b"END\n"):
                self.taken.append(data.removesuffix(b"END\n"))

    def stop(self):
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"STOP END\n")
        self.thread.join()
        self.socket.close()


class Fronts:
    """All fronts before all targets; `targets`: {name: port}."""

    def __init__(self, plan, folder, targets, envoy):
        self.plan, self.folder, self.targets = plan, folder, targets
        self.fronts = [front for front in FRONTS if front.server != "envoy" or envoy]
        for front in self.fronts:
            front.ports = {target: free_port() for target in targets}
        for name in ("server", "client"):
            self.make_certificate(name)
        (folder / "server.pem").write_bytes((folder / "server.crt").read_bytes() + (folder / "server.key").read_bytes())
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.tls.load_cert_chain(folder / "client.crt", folder / "client.key")

    def make_certificate(self, name):
        subprocess.run([installed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}.example", "-keyout", f"{self.folder}/{name}.key", "-out", f"{self.folder}/{name}.crt"],
                       check=True, capture_output=True)

    def each(self, server):
        return [(front, target, port, f"{front.name}-{target}") for front in self.fronts if front.server == server
                for target, port in front.ports.items()]

    def nginx_stream(self):
        module = f"load_module {STREAM_MODULE};\n" if STREAM_MODULE.exists() else ""
        servers = ""
        for _, target, port, _ in self.each("nginx"):
            also = f" listen [::1]:{port};" if self.plan.is_world else ""
            servers += (f"  server {{ listen 127.0.0.1:{port};{also} proxy_protocol on; proxy_bind {self.plan.balancer}; "
                        f"proxy_pass 127.0.0.1:{self.targets[target]}; }}\n")
        return f"{module}stream {{\n{servers}}}\n"

    def nginx_http(self):
        """Listeners that take the PROXY protocol: one believes it itself, too."""
        servers = ""
        for target, log, more in (("plain", "pp", ""), ("realip", "realip", f"set_real_ip_from {self.plan.networks['balancer']}; "
                                                        "real_ip_header proxy_protocol;")):
            servers += (f"  server {{ listen 127.0.0.1:{self.targets[target]} proxy_protocol; access_log {self.folder}/{target}.log {log}; "
                        f"{more} location / {{ return 200 ok; }} }}\n")
        return f"  log_format pp '{NGINX_PP}';\n  log_format realip '{NGINX_REALIP}';\n{servers}"

    def haproxy(self):
        text = ""
        for front, target, port, name in self.each("haproxy"):
            tls = f" ssl crt {self.folder}/server.pem verify optional ca-file {self.folder}/client.crt" if front.tls else ""
            text += f"\nfrontend {name}\n  mode tcp\n  bind 127.0.0.1:{port}{tls}\n"
            text += f"  bind [::1]:{port}{tls}\n" if self.plan.is_world else ""
            text += f"  unique-id-format id-%ci-%cp\n  default_backend {name}\nbackend {name}\n  mode tcp\n"
            text += f"  server next 127.0.0.1:{self.targets[target]} {front.options} source {self.plan.balancer}\n"
        return text + f"""
backend health_plain
  option httpchk GET /health
  server next 127.0.0.1:{self.targets['plain']} send-proxy-v2 check check-send-proxy inter 200 source {self.plan.balancer}
backend health_lines
  mode tcp
  option tcp-check
  tcp-check connect default
  tcp-check send {health_line()}
  server next 127.0.0.1:{self.targets['lines']} send-proxy-v2 check check-send-proxy inter 200 source {self.plan.balancer}
"""

    def envoy(self):
        """(listeners, clusters)"""
        listeners, clusters = [], []
        for front, target, port, name in self.each("envoy"):
            proxy = {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": name, "cluster": name}
            socket_type = "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
            upstream = {"@type": "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
                        "config": {"version": front.options},
                        "transport_socket": {"name": "envoy.transport_sockets.raw_buffer", "typed_config": {"@type": socket_type}}}
            listeners.append({"name": name, "address": envoy_address(port),
                              "additional_addresses": [{"address": envoy_address(port, "::1")}] if self.plan.is_world else [],
                              "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}]})
            endpoint = {"endpoint": {"address": envoy_address(self.targets[target])}}
            clusters.append({"name": name, "type": "STATIC", "connect_timeout": "5s",
                             "upstream_bind_config": {"source_address": {"address": self.plan.balancer, "port_value": 0}},
                             "transport_socket": {"name": "envoy.transport_sockets.upstream_proxy_protocol", "typed_config": upstream},
                             "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}})
        return listeners, clusters


LINES = '[$time_iso8601] "$request" $status "$http_x_forwarded_for"'  # nothing in it says who the peer is


def line(path, forwarded="-"):
    return f'[2026-03-01T10:00:00+00:00] "GET {path} HTTP/1.1" 200 "{forwarded}"\n'.encode()


def health_line():
    """As HAProxy's configuration has it."""
    return line("/health").decode().replace("\\", "\\\\").replace(" ", "\\ ").replace('"', '\\"').replace("\n", "\\n")
