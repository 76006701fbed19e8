"""Who has which address: clients out in the world, proxies on networks of their own, all of it on one loopback.

A network namespace whose loopback takes every address for its own lets a test look as the world does: public clients, private proxies.
Where none may be made (a container without rights), addresses of 127.0.0.0/8 stand in for all; none of those is global, and there is no
IPv6 among them.

Threads: one; enter_namespace before any other is started.
"""
import ctypes
import os
import pathlib
import subprocess

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


class Plan:
    """Addresses of one kind of network. Those of the hops are what they connect from."""

    def __init__(self, is_world):
        self.is_world = is_world  # clients are global addresses, and some of them IPv6
        inside = "10." if is_world else "127."
        self.haproxy, self.envoy, self.nginx, self.balancer = (f"{inside}{number}.0.10" for number in (1, 2, 3, 9))
        edges = "130.176." if is_world else "127.176."
        self.cdn, self.strange = f"{edges}96.10", f"{edges}97.10"  # ours, and somebody else's at the same provider
        self.networks = {"haproxy": f"{inside}1.0.0/24", "envoy": f"{inside}2.0.0/24", "nginx": f"{inside}3.0.0/24",
                         "balancer": f"{inside}9.0.0/24", "cdn": f"{edges}96.0/20"}
        self.clients = 0

    def client(self, version_6=False):
        """An address that no other request has."""
        self.clients += 1
        if version_6 and self.is_world:
            return f"2001:218::{self.clients:x}"
        first = "81.2" if self.is_world else "127.81"
        return f"{first}.{64 + self.clients // 250}.{self.clients % 250 + 1}"

    def hops(self):
        return {self.haproxy, self.envoy, self.nginx, self.balancer, self.cdn, self.strange}


def leave_network():
    """A network namespace for this process and its children; as root, or as a user who may be root in a namespace. False: neither."""
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    user, group = os.getuid(), os.getgid()
    if unshare(CLONE_NEWNET) == 0:
        return True
    if unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    own = pathlib.Path("/proc/self")
    (own / "setgroups").write_text("deny")
    (own / "uid_map").write_text(f"0 {user} 1")
    (own / "gid_map").write_text(f"0 {group} 1")
    return True


def enter_namespace():
    """The plan of addresses that this machine allows."""
    if not leave_network():
        return Plan(is_world=False)
    for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local 2001:218::/32 dev lo"):
        subprocess.run(["ip", *command.split()], check=True, env={**os.environ, "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"})
    return Plan(is_world=True)
