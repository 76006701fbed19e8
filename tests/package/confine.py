"""Runs a command in a root as systemd would by its unit, on a machine where systemd does not run.

What is done: user and group, an empty set of capabilities, NoNewPrivileges, the UMask, LimitNOFILE, ProtectSystem=strict with the
StateDirectory, PrivateTmp, PrivateDevices, ProcSubset=pid, and by seccomp SystemCallFilter, RestrictAddressFamilies and
MemoryDenyWriteExecute. Everything is read from the unit; a setting of these that it does not have is not done.

Threads: one.
"""
import ctypes
import os
import pathlib
import resource
import shlex
import subprocess

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CAPABILITIES_MAX = 64
SCMP_ACT_ALLOW, SCMP_CMP_NE, SCMP_CMP_MASKED_EQ = 0x7FFF0000, 1, 7
PROT_WRITE, PROT_EXEC = 2, 4
EPERM, EAFNOSUPPORT = 1, 97
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}


class Unit:
    """[Service] of a unit file: each key with all that was assigned to it."""

    def __init__(self, path):
        self.values = {}
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                self.values.setdefault(key, []).append(value)

    def one(self, key, default=None):
        return self.values.get(key, [default])[-1]

    def is_on(self, key):
        return self.one(key) == "yes"

    def command(self, key):
        return shlex.split(self.one(key))


IN_ROOT = ("unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"')  # a mount that ends with the command


def inside(root, *command, check=True):
    done = subprocess.run([*IN_ROOT, root, *command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})
    if check and done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: exit {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
    return done


def calls_of(root, name, known):
    """The system calls of a set such as @network-io, as the root's own systemd has it."""
    if not name.startswith("@"):
        return {name}
    if name not in known:
        lines = inside(root, "systemd-analyze", "syscall-filter", "--no-pager", name).stdout.splitlines()
        names = [line.strip() for line in lines[1:] if line.strip() and not line.strip().startswith("#")]
        known[name] = set().union(*(calls_of(root, part, known) for part in names))
    return known[name]


def calls_allowed(unit, root):
    allowed, known = set(), {}
    for value in unit.values.get("SystemCallFilter", []):
        names = set().union(*(calls_of(root, name, known) for name in value.lstrip("~").split()))
        allowed = allowed - names if value.startswith("~") else allowed | names
    # systemd lets these pass whatever the filter says: without them nothing can be started
    return allowed | calls_of(root, "@default", known) | {"execve"}


class Argument(ctypes.Structure):  # struct scmp_arg_cmp
    _fields_ = (("index", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class Filter:
    """A seccomp filter, made before the fork and put in force behind it."""

    def __init__(self, unit, root):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.names = calls_allowed(unit, root)
        self.contexts = [self._of_names()] if "SystemCallFilter" in unit.values else []
        if "RestrictAddressFamilies" in unit.values:
            families = unit.one("RestrictAddressFamilies").split()
            for family in range(46):
                if family not in {FAMILIES[name] for name in families}:
                    self._refuse("socket", EAFNOSUPPORT, (0, SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, family))
        if unit.is_on("MemoryDenyWriteExecute"):
            both = PROT_WRITE | PROT_EXEC
            self._refuse("mmap", EPERM, (2, SCMP_CMP_MASKED_EQ, both, both))
            self._refuse("mprotect", EPERM, (2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC))

    def _of_names(self):
        context = self._context(0x00050000 | EPERM)  # SCMP_ACT_ERRNO
        for name in self.names:
            number = self.library.seccomp_syscall_resolve_name(name.encode())
            if number >= 0 and self.library.seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number, 0, None) != 0:
                raise OSError(f"seccomp: {name} cannot be allowed")
        return context

    def _context(self, otherwise):
        return ctypes.c_void_p(self.library.seccomp_init(otherwise))

    def _refuse(self, name, error, *arguments):
        context = self._context(SCMP_ACT_ALLOW)
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        array = (Argument * len(arguments))(*(Argument(*argument) for argument in arguments))
        if self.library.seccomp_rule_add_array(context, 0x00050000 | error, number, len(arguments), array) != 0:
            raise OSError(f"seccomp: {name} cannot be refused")
        self.contexts.append(context)

    def enforce(self):
        # that of the names last: it need not let pass what puts the others in force
        for context in reversed(self.contexts):
            if self.library.seccomp_load(context) != 0:
                raise OSError("seccomp: the filter cannot be put in force")


class Confinement:
    """`popen` starts a command of the unit; its environment is the one that systemd gives."""

    def __init__(self, unit, root):
        self.unit, self.root = unit, str(root)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.filter = Filter(unit, root)
        users = {line.split(":")[0]: line.split(":") for line in pathlib.Path(root, "etc/passwd").read_text().splitlines()}
        self.user = users[unit.one("User")]
        self.uid, self.gid = int(self.user[2]), int(self.user[3])

    def make_state(self):
        for name in self.unit.one("StateDirectory", "").split():
            path = pathlib.Path(self.root, "var/lib", name)
            path.mkdir(exist_ok=True)
            path.chmod(int(self.unit.one("StateDirectoryMode", "0755"), 8))
            os.chown(path, self.uid, self.gid)

    def _mount(self, source, target, kind, flags, data=None):
        encode = [part if part is None else part.encode() for part in (source, target, kind, data)]
        if self.libc.mount(encode[0], encode[1], encode[2], flags, encode[3]) != 0:
            raise OSError(ctypes.get_errno(), f"mount {target}")

    def _make_view(self):
        """What the process sees of the file system."""
        root, unit = self.root, self.unit
        if self.libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        self._mount(None, "/", None, MS_REC | MS_PRIVATE)
        self._mount(root, root, None, MS_BIND)
        states = [f"{root}/var/lib/{name}" for name in unit.one("StateDirectory", "").split() if "/" not in name]
        for state in states:
            self._mount(state, state, None, MS_BIND)
        self._mount("proc", f"{root}/proc", "proc", MS_NOSUID, "subset=pid,hidepid=invisible" if unit.one("ProcSubset") == "pid" else None)
        if unit.is_on("PrivateTmp"):
            self._mount("tmpfs", f"{root}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
        if unit.is_on("PrivateDevices"):
            self._mount("tmpfs", f"{root}/dev", "tmpfs", MS_NOSUID, "mode=0755")
            for name, (major, minor) in DEVICES.items():
                os.mknod(f"{root}/dev/{name}", 0o20666, os.makedev(major, minor))
                os.chmod(f"{root}/dev/{name}", 0o666)
        if unit.one("ProtectSystem") == "strict":
            self._mount(None, root, None, MS_REMOUNT | MS_BIND | MS_RDONLY)

    def _confine(self):
        try:
            self._confine_by_unit()
        except OSError as problem:  # what Popen says of it is that there was something
            os.write(2, f"confine.py: {problem}\n".encode())
            raise

    def _confine_by_unit(self):
        unit = self.unit
        self._make_view()
        os.chroot(self.root)
        os.chdir("/")
        if unit.one("CapabilityBoundingSet") == "":
            for capability in range(CAPABILITIES_MAX):
                self.libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        files = min(int(unit.one("LimitNOFILE", "1024")), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        os.umask(int(unit.one("UMask", "0022"), 8))
        os.setgroups([self.gid])
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        if unit.is_on("NoNewPrivileges"):
            self.libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        self.filter.enforce()

    def popen(self, command, environment=None, **settings):
        name = self.unit.one("User")
        return subprocess.Popen(command, preexec_fn=self._confine, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "USER": name, "LOGNAME": name, "HOME": self.user[5],
                                     **(environment or {})}, **settings)

    def run(self, command, timeout=120, **settings):
        process = self.popen(command, **settings)
        out, errors = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(command, process.returncode, out, errors)
