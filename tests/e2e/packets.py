#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""What peers.py cannot say with sockets as programs use them: errors of the network, and SCTP without a kernel that has it.

    packets.py error ADDRESS PORT [TTL]    send by UDP; print the ICMP error that comes back, and from whom
    packets.py mtu ADDRESS PORT            send 1400 bytes that nobody may break; print the MTU that comes back, and from whom
    packets.py big ADDRESS PORT BYTES      send a datagram that has to be broken, to `peers.py serve`; print the answer's size
    packets.py sctp ADDRESS PORT           begin an association; print who answers, and the address and port that it sees
    packets.py sctp-serve NAME             answer who begins one, at every port of every address
    packets.py watch INTERFACE             print the end of each frame that comes in, of ARP who asks for whom
    packets.py listen PORT                 print what comes by UDP
    packets.py say ADDRESS PORT TEXT [SOURCE_PORT [SOURCE]]    by UDP, and do not wait
    packets.py advertise                   say to all of the link that this is a router, and what its network is
    packets.py hold ADDRESS PORT           connect by TCP, and go on until standard input ends; then print the answer
    packets.py fill ADDRESS                fill this namespace's table of connections with some to it, that nobody has
    packets.py empty                       and empty it
Each that waits for an answer waits 2 s, and ends with status 1 if nothing comes."""
import contextlib
import os
import select
import socket
import struct
import sys
import time

DEADLINE = 2
# linux/in.h, linux/in6.h: IP_MTU_DISCOVER, IP_RECVERR, and DO and DONT; the same for IPv6.
OPTIONS = {socket.AF_INET: (socket.IPPROTO_IP, 10, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 23, 25)}
PMTUDISC_DONT, PMTUDISC_DO = 0, 2
TTL = {socket.AF_INET: socket.IP_TTL, socket.AF_INET6: socket.IPV6_UNICAST_HOPS}
# linux/errqueue.h: where an error is from. Type and code: RFC 792 and 4443.
ORIGIN_LOCAL = 1
ERRORS = {
    (2, 3, 3): "port-unreachable",
    (2, 11, 0): "time-exceeded",
    (2, 3, 4): "too-big",
    (3, 1, 4): "port-unreachable",
    (3, 3, 0): "time-exceeded",
    (3, 2, 0): "too-big",
}


def connected(address, port):
    family, _, _, _, where = socket.getaddrinfo(address, int(port), type=socket.SOCK_DGRAM)[0]
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(DEADLINE)
    level, discover, errors = OPTIONS[family]
    sock.setsockopt(level, errors, 1)
    sock.setsockopt(level, discover, PMTUDISC_DO)
    sock.connect(where)
    return sock


def read_error(sock):
    """The next that came from the network: its name, whom it is from, its number."""
    deadline = time.monotonic() + DEADLINE
    poll = select.poll()
    poll.register(sock, select.POLLERR)
    while (left := deadline - time.monotonic()) > 0:
        poll.poll(left * 1000)
        with contextlib.suppress(OSError):
            _, ancillary, _, _ = sock.recvmsg(2048, 512, socket.MSG_ERRQUEUE)
            _, origin, kind, code, _, info, _ = struct.unpack_from("=IBBBBII", ancillary[0][2])
            if origin != ORIGIN_LOCAL:
                offender = ancillary[0][2][16:]
                return ERRORS[origin, kind, code], address_text(offender), info
    raise TimeoutError("no error came")


def address_text(data):
    family = struct.unpack_from("=H", data)[0]
    return socket.inet_ntop(family, data[4:8] if family == socket.AF_INET else data[8:24])


def error(address, port, ttl="64"):
    with connected(address, port) as sock:
        sock.setsockopt(OPTIONS[sock.family][0], TTL[sock.family], int(ttl))
        sock.send(b"x")
        print(*read_error(sock)[:2])


def mtu(address, port):
    with connected(address, port) as sock:
        sock.send(bytes(1400))
        name, offender, size = read_error(sock)
        print(size if name == "too-big" else name, offender)


def big(address, port, size):
    with connected(address, port) as sock:
        level, discover, _ = OPTIONS[sock.family]
        sock.setsockopt(level, discover, PMTUDISC_DONT)
        sock.send(bytes(int(size)))
        print(len(sock.recv(65536)))


def serving():
    print("serving as", os.getpid(), flush=True)


def watch(interface):
    everything, arp = 3, 0x0806  # ETH_P_ALL, ETH_P_ARP
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(everything)) as sock:
        sock.bind((interface, everything))
        serving()
        while True:
            frame, (_, protocol, kind, _, _) = sock.recvfrom(2048)
            if kind == socket.PACKET_OUTGOING:
                continue
            if protocol == arp:
                print("arp", socket.inet_ntoa(frame[28:32]), socket.inet_ntoa(frame[38:42]), flush=True)
            else:
                print(frame[-32:].decode("ascii", "replace"), flush=True)


def listen(port):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::", int(port)))
        serving()
        while True:
            print(sock.recv(2048).decode(), flush=True)


def say(address, port, text, source_port="0", source=""):
    family, _, _, _, where = socket.getaddrinfo(address, int(port), type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((source, int(source_port)))
        sock.sendto(text.encode(), where)


def advertise():
    # RFC 4861: hop limit, flags, lifetime, two times, and a prefix on this link.
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 3600, 3600, 0) + socket.inet_pton(socket.AF_INET6, "2001:db8:bad::")
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        where = socket.getaddrinfo("ff02::1%eth0", 0)[0][4]
        sock.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, where)


def hold(address, port):
    with socket.create_connection((address, int(port)), DEADLINE) as sock:
        print("connected", flush=True)
        # The server waits for something, not long.
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            sock.send(b"x")
        sock.shutdown(socket.SHUT_WR)
        print(sock.recv(1024).decode(), end="")


# --- the table of connections (linux/netfilter/nfnetlink_conntrack.h) --------------------------------------------------

CT_NEW, CT_DELETE = 0x100, 0x102  # NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_…
REQUEST, ACK, CREATE_EXCL = 1, 4, 0x600
ORIGINAL, REPLY, STATUS, TIMEOUT = 1, 2, 3, 7
KEPT = 14  # IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED: no other takes its place
LARGEST = "/proc/sys/net/netfilter/nf_conntrack_max"


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data.ljust(-len(data) % 4 + len(data), b"\0")


def nested(kind, *attributes):
    return attribute(kind | 0x8000, b"".join(attributes))


def way(kind, source, destination, source_port, destination_port):
    addresses = nested(1, attribute(1, source), attribute(2, destination))
    ports = attribute(2, source_port), attribute(3, destination_port)
    return nested(kind, addresses, nested(2, attribute(1, bytes([socket.IPPROTO_UDP])), *ports))


def message(kind, flags, body=b""):
    body = struct.pack("=BBH", socket.AF_INET, 0, 0) + body
    return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, 0, 0) + body


def netlink():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    return sock


def fill(address):
    with open(LARGEST, encoding="ascii") as file:
        count = int(file.read())
    own, discard = socket.inet_aton(address), struct.pack("!H", 9)
    rest = attribute(STATUS, struct.pack("!I", KEPT)) + attribute(TIMEOUT, struct.pack("!I", 600))
    with netlink() as sock:
        for first in range(0, count, 1000):
            batch = []
            for number in range(first, first + 1000):
                peer = struct.pack("!HI", number & 0xFFFF, (100 << 24 | 64 << 16) + (number >> 16))
                there = way(ORIGINAL, peer[2:], own, peer[:2], discard)
                batch.append(message(CT_NEW, CREATE_EXCL, there + way(REPLY, own, peer[2:], discard, peer[:2]) + rest))
            sock.send(b"".join(batch))


def empty():
    with netlink() as sock:
        sock.send(message(CT_DELETE, ACK))
        sock.recv(1024)


# --- SCTP (RFC 9260) --------------------------------------------------------------------------------------------------

SCTP, INIT, INIT_ACK, COOKIE = 132, 1, 2, 7
OWN_PORT = 40000


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp_packet(source, destination, tag, kind, cookie=b""):
    chunk = struct.pack("!IIHHI", 0x7669, 65536, 1, 1, 1)
    if cookie:
        chunk += struct.pack("!HH", COOKIE, 4 + len(cookie)) + cookie.ljust(-len(cookie) % 4 + len(cookie), b"\0")
    chunk = struct.pack("!BBH", kind, 0, 4 + len(chunk)) + chunk
    header = struct.pack("!HHI", source, destination, tag)
    return header + struct.pack("<I", crc32c(header + bytes(4) + chunk)) + chunk


def sctp_read(packet, family):
    """Ports, the chunk's kind, and what is in its cookie; nothing of a packet whose checksum is wrong."""
    if family == socket.AF_INET:
        packet = packet[(packet[0] & 15) * 4 :]
    if len(packet) < 32 or struct.unpack_from("<I", packet, 8)[0] != crc32c(packet[:8] + bytes(4) + packet[12:]):
        return 0, 0, 0, b""
    source, destination = struct.unpack_from("!HH", packet)
    cookie = packet[36 : 32 + struct.unpack_from("!H", packet, 34)[0]] if len(packet) > 36 else b""
    return source, destination, packet[12], cookie


def sctp(address, port):
    family, _, _, _, where = socket.getaddrinfo(address, 0)[0]
    with socket.socket(family, socket.SOCK_RAW, SCTP) as sock:
        sock.connect(where)
        deadline = time.monotonic() + DEADLINE
        sock.send(sctp_packet(OWN_PORT, int(port), 0, INIT))
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            source, destination, kind, cookie = sctp_read(sock.recv(2048), family)
            if (source, destination, kind) == (int(port), OWN_PORT, INIT_ACK):
                print(cookie.decode())
                return
    raise TimeoutError("no INIT ACK came")


def sctp_serve(name):
    socks = [socket.socket(family, socket.SOCK_RAW, SCTP) for family in (socket.AF_INET, socket.AF_INET6)]
    serving()
    while True:
        for sock in select.select(socks, [], [])[0]:
            packet, peer = sock.recvfrom(2048)
            source, destination, kind, _ = sctp_read(packet, sock.family)
            if kind == INIT:
                cookie = f"{name} {peer[0]} {destination}".encode()
                sock.sendto(sctp_packet(destination, source, 0x7669, INIT_ACK, cookie), (peer[0], 0))


def main():
    command, *arguments = sys.argv[1:]
    try:
        {
            "error": error,
            "mtu": mtu,
            "big": big,
            "watch": watch,
            "listen": listen,
            "say": say,
            "advertise": advertise,
            "hold": hold,
            "fill": fill,
            "empty": empty,
            "sctp": sctp,
            "sctp-serve": sctp_serve,
        }[command](*arguments)
    except OSError as failure:
        sys.exit(f"packets.py: {failure}")


main()
