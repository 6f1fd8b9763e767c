#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who talks to whom, packet by packet.

    peers.py serve NAME PORT…              TCP and UDP at all addresses: each caller is told NAME, its address and ours;
                                           by UDP in no fewer bytes than it sent
    peers.py ask tcp|udp ADDRESS PORT      print what a server says; status 1 if nobody does within 2 s
    peers.py silent tcp|udp ADDRESS PORT…  status 0 if nobody answers within 0.7 s, of as many as are given
    peers.py load ADDRESS PORT BYTES       send so many to its TCP server, which says how many came
    peers.py ping ADDRESS                  by ICMP; print how many hops the answer may still go: 64 from a neighbour
    peers.py mss ADDRESS PORT              connect by TCP, and print the largest segment that is sent
    peers.py routes INTERFACE MAC          ask by DHCP; print the routes that are given, and "onlink" or "via" whom
    peers.py request INTERFACE ADDRESS     request that address from DHCP servers, of which there need be none
    peers.py arp INTERFACE OWN ADDRESS     ask who has it; print the MAC address of each that says so to OWN within 0.7 s
"""
import contextlib
import fcntl
import os
import select
import socket
import struct
import sys
import threading
import time

DEADLINE = 2


def plain(address):
    return address.removeprefix("::ffff:")


def listening(kind, port):
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        sock.listen(32)
    return sock


def answer_tcp(sock, name):
    # On its own: the launcher, too, looks whether there is an SSH server, and waits for its words.
    threading.Thread(target=answer_caller, args=(*sock.accept(), name), daemon=True).start()


def answer_caller(connection, peer, name):
    with connection, contextlib.suppress(OSError):
        connection.settimeout(DEADLINE)
        received = 0
        while chunk := connection.recv(65536):
            received += len(chunk)
        own = plain(connection.getsockname()[0])
        connection.sendall(f"{name} {plain(peer[0])} {own} {received}\n".encode())


def answer_udp(sock, name):
    asked, peer = sock.recvfrom(65536)
    sock.sendto(f"{name} {plain(peer[0])}\n".encode().ljust(len(asked)), peer)


def serve(name, *ports):
    answers = {}
    for port in map(int, ports):
        answers[listening(socket.SOCK_STREAM, port)] = answer_tcp
        answers[listening(socket.SOCK_DGRAM, port)] = answer_udp
    print("serving as", os.getpid(), flush=True)
    while True:
        for sock in select.select(list(answers), [], [])[0]:
            with contextlib.suppress(OSError):
                answers[sock](sock, name)


def connected(kind, address, port):
    family, _, _, _, where = socket.getaddrinfo(address, int(port))[0]
    sock = socket.socket(family, kind)
    sock.settimeout(DEADLINE)
    sock.connect(where)
    return sock


def answer_of(protocol, address, port):
    with connected(socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM, address, port) as sock:
        if protocol == "tcp":
            sock.shutdown(socket.SHUT_WR)
        else:
            sock.send(b"who am I?")
        return sock.recv(1024).decode()


def ask(*whom):
    print(answer_of(*whom), end="")


def silent(*whom):
    global DEADLINE
    DEADLINE = 0.7
    answers = []

    def listen(peer):
        with contextlib.suppress(OSError):
            answers.append(answer_of(*peer))

    threads = [threading.Thread(target=listen, args=(whom[i : i + 3],)) for i in range(0, len(whom), 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if answers:
        sys.exit(f"peers.py: somebody answers: {answers}")


def load(address, port, count):
    with connected(socket.SOCK_STREAM, address, port) as sock:
        sock.settimeout(2 * DEADLINE)
        sock.sendall(b"x" * int(count))
        sock.shutdown(socket.SHUT_WR)
        print(sock.recv(1024).decode(), end="")


def ping(address):
    six = ":" in address
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    level, option = (socket.IPPROTO_IPV6, 51) if six else (socket.IPPROTO_IP, 12)  # IPV6_RECVHOPLIMIT, IP_RECVTTL
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM, protocol) as sock:
        sock.settimeout(DEADLINE)
        sock.setsockopt(level, option, 1)
        sock.connect((address, 0))
        sock.send(bytes([128 if six else 8, 0, 0, 0, 0, 0, 0, 1]) + b"virtainer")
        _, ancillary, _, _ = sock.recvmsg(1024, 256)
        print(int.from_bytes(ancillary[0][2], sys.byteorder))


def mss(address, port):
    with connected(socket.SOCK_STREAM, address, port) as sock:
        print(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))


def dhcp_options(packet):
    """The options by their number, of a packet after the magic cookie (RFC 2131 and 2132)."""
    found = {}
    at = 240
    while packet[at] != 255:
        if packet[at] != 0:
            found[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
            at += 1 + packet[at + 1]
        at += 1
    return found


def classless_routes(data):
    """RFC 3442: the prefix, as much of the network as it covers, the router; 0.0.0.0: on the same link."""
    while data:
        used = (data[0] + 7) // 8
        network = socket.inet_ntoa(data[1 : 1 + used].ljust(4, b"\0"))
        router = socket.inet_ntoa(data[1 + used : 5 + used])
        print(f"{network}/{data[0]}", "onlink" if router == "0.0.0.0" else f"via {router}")
        data = data[5 + used :]


# Asked again, as clients do: on a busy machine an answer takes its time.
def answer_to(sock, message):
    end = time.monotonic() + 10
    sock.settimeout(1)
    while True:
        sock.sendto(message, ("255.255.255.255", 67))
        try:
            return sock.recv(2048)
        except TimeoutError:
            if time.monotonic() > end:
                raise


def routes(interface, mac):
    header = bytes([1, 1, 6, 0]) + os.urandom(4) + bytes([0, 0, 128, 0]) + bytes(16)  # "answer by broadcast"
    discover = header + bytes.fromhex(mac.replace(":", "")).ljust(202, b"\0") + bytes.fromhex("63825363")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", 68))
        options = dhcp_options(answer_to(sock, discover + bytes([53, 1, 1, 55, 2, 121, 3, 255])))
    if 121 in options:
        classless_routes(options[121])
    else:
        print("0.0.0.0/0 via", socket.inet_ntoa(options[3][:4]))


def request(interface, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind(("", 68))
        mac = fcntl.ioctl(sock, 0x8927, struct.pack("16s16x", interface.encode()))[18:24]  # SIOCGIFHWADDR
        message = bytes([1, 1, 6, 0]) + os.urandom(4) + bytes(20) + mac.ljust(208, b"\0") + bytes.fromhex("63825363")
        options = bytes([53, 1, 3, 50, 4]) + socket.inet_aton(address) + b"\xff"
        sock.sendto(message + options, ("255.255.255.255", 67))


def arp(interface, own, address):
    kind = 0x0806  # ETH_P_ARP
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind)) as sock:
        sock.bind((interface, kind))
        mac, wanted = sock.getsockname()[4], socket.inet_aton(address)
        # Ethernet, IPv4, 6 and 4 octets, a request (RFC 826).
        question = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(own), bytes(6), wanted)
        sock.send(b"\xff" * 6 + mac + struct.pack("!H", kind) + question)
        deadline = time.monotonic() + 0.7
        while select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
            packet = sock.recv(1514)[14:]
            if packet[6:8] == b"\0\2" and packet[14:18] == wanted:
                print(packet[8:14].hex(":"))


def main():
    command, *arguments = sys.argv[1:]
    try:
        {
            "serve": serve,
            "ask": ask,
            "silent": silent,
            "load": load,
            "ping": ping,
            "mss": mss,
            "routes": routes,
            "request": request,
            "arp": arp,
        }[command](*arguments)
    except OSError as error:
        sys.exit(f"peers.py: {error}")


main()
