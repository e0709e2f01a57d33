"""A network that ends at loopback, and the record of every attempt to leave it.

For use inside a network namespace of one's own. Two things notice an attempt: a name server, the only one that programs
find here, notes every name that somebody looks up and knows none; and the kernel counts every packet and connection for
which it has no route, whatever the protocol and whoever asked.
"""

import fcntl
import re
import socket
import struct
import subprocess
import threading
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
NAME_ERROR = 0x8183
NAME_SERVER = ("127.0.0.1", 53)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", 0)
        _, flags = struct.unpack("16sh", fcntl.ioctl(handle, SIOCGIFFLAGS, request))
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def interfaces():
    return [name for _, name in socket.if_nameindex()]


def look_up_here(folder):
    """Makes every program ask the name server of this namespace, and nothing else but the hosts file."""
    replacements = {
        "/etc/resolv.conf": f"nameserver {NAME_SERVER[0]}\noptions attempts:1 timeout:1\n",
        "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    for place, text in replacements.items():
        copy = Path(folder, Path(place).name)
        copy.write_text(text, encoding="utf-8")
        if Path(place).exists():
            subprocess.run(["mount", "--bind", copy, place], check=True)


def unrouted():
    """How many packets and connections the kernel had no route for, since the namespace began."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()]
    names, values = [line for line in lines if line[0] == "Ip:"]
    version_4 = int(values[names.index("OutNoRoutes")])
    found = re.search(r"^Ip6OutNoRoutes\s+(\d+)", Path("/proc/net/snmp6").read_text(encoding="ascii"), re.MULTILINE)
    return version_4 + int(found.group(1))


class NameServer:
    """Knows no name, and keeps the names that it was asked for."""

    def __init__(self):
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(NAME_SERVER)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, caller = self.socket.recvfrom(4096)
            if len(question) < 12:
                continue
            labels, at = [], 12
            while at < len(question) and (length := question[at]):
                labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace"))
                at += 1 + length
            self.asked.append(".".join(labels))
            # The question comes back with "no such name"; additional records, if any, are not repeated.
            header = question[:2] + struct.pack(">HHHHH", NAME_ERROR, 1, 0, 0, 0)
            self.socket.sendto(header + question[12 : at + 5], caller)


class Watch:
    """Everything that tried to leave since this began."""

    def __init__(self, folder):
        raise_loopback()
        if interfaces() != ["lo"]:
            raise SystemExit(f"this namespace has more than loopback: {interfaces()}")
        look_up_here(folder)
        self.names = NameServer()
        self.start = unrouted()

    def attempts(self):
        """The names asked for, each with how often, and the number of packets without a route."""
        counted = {}
        for name in list(self.names.asked):
            counted[name] = counted.get(name, 0) + 1
        found = [f"looked up {name} ({times} times)" for name, times in sorted(counted.items())]
        if packets := unrouted() - self.start:
            found.append(f"{packets} packets or connections to addresses elsewhere")
        return found
