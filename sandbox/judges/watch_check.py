"""Tries to leave by name and by address, over both protocols of the Internet: all has to fail and to be noticed."""

import socket
import urllib.error
import urllib.request

import report as judging

# Addresses for documentation, which nobody has.
ELSEWHERE = [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]

with judging.Report() as report:
    try:
        with urllib.request.urlopen("https://graph.microsoft.com/v1.0/$metadata", timeout=20):
            report.findings.append("a request to graph.microsoft.com was answered")
    except urllib.error.URLError:
        report.count("tries")
    for family, address in ELSEWHERE:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.settimeout(5)
            for what, leave in (
                ("a connection", lambda: tcp.connect((address, 443))),
                ("a datagram", lambda: udp.sendto(b"?", (address, 53))),
            ):
                try:
                    leave()
                    report.findings.append(f"{what} to {address} went out")
                except OSError:
                    report.count("tries")
