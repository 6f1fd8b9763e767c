/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/listeners.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/str.h"
#include "net/netlink.h"

/* More are not named. */
#define NAMED_MAX 16

struct search {
    const struct vt_ports *wanted;
    enum vt_protocol protocol; /* that is being asked for */
    struct vt_port found[NAMED_MAX];
    size_t count;
};

static bool is_loopback(const struct inet_diag_msg *socket)
{
    const struct in6_addr *ip6 = (const struct in6_addr *)socket->id.idiag_src;

    if (socket->idiag_family == AF_INET)
        return ntohl(socket->id.idiag_src[0]) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(ip6) || (IN6_IS_ADDR_V4MAPPED(ip6) && ip6->s6_addr[12] == 127);
}

static bool leads_to_guest(const struct vt_ports *ports, enum vt_protocol protocol, uint16_t port)
{
    for (size_t i = 0; i < ports->count; i++) {
        const struct vt_port *p = &ports->list[i];

        if (p->protocol == protocol && port >= p->first && port <= p->last)
            return true;
    }
    return ports->count == 0;
}

/* Ordered by protocol and port, each once: IPv4 and IPv6 are two sockets. */
static void note(struct search *search, uint16_t port)
{
    size_t at = search->count;

    for (size_t i = 0; i < search->count; i++) {
        if (search->found[i].protocol != search->protocol)
            continue;
        if (search->found[i].first == port)
            return;
        if (search->found[i].first > port && i < at)
            at = i;
    }
    if (search->count == NAMED_MAX)
        return;
    memmove(search->found + at + 1, search->found + at,
            (search->count - at) * sizeof(*search->found));
    search->found[at] = (struct vt_port){port, port, port, search->protocol};
    search->count++;
}

static int on_socket(const struct nlmsghdr *message, void *data)
{
    const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
    struct search *search = data;
    uint16_t port;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket))
        return MNL_CB_OK;
    port = ntohs(socket->id.idiag_sport);
    /* A UDP socket with a peer waits for that one only. */
    if (socket->id.idiag_dport == 0 && port > 0 && !is_loopback(socket) &&
        leads_to_guest(search->wanted, search->protocol, port))
        note(search, port);
    return MNL_CB_OK;
}

static void ask(struct search *search, enum vt_protocol protocol, unsigned char family)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct inet_diag_req_v2 *what;
    bool tcp = protocol == VT_PROTOCOL_TCP;

    request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->nlmsg_flags = NLM_F_DUMP;
    what = mnl_nlmsg_put_extra_header(request, sizeof(*what));
    what->sdiag_family = family;
    what->sdiag_protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
    what->idiag_states = 1U << (tcp ? TCP_LISTEN : TCP_CLOSE);
    search->protocol = protocol;
    if (vt_netlink_open_bus(&netlink, NETLINK_SOCK_DIAG, NULL) < 0 ||
        vt_netlink_ask(&netlink, request, on_socket, search) < 0)
        return;
}

char *vt_listeners_hidden(const struct vt_ports *ports)
{
    struct search search = {.wanted = ports};
    struct vt_ports hidden = {.list = search.found};

    ask(&search, VT_PROTOCOL_TCP, AF_INET);
    ask(&search, VT_PROTOCOL_TCP, AF_INET6);
    ask(&search, VT_PROTOCOL_UDP, AF_INET);
    ask(&search, VT_PROTOCOL_UDP, AF_INET6);
    hidden.count = search.count;
    return search.count > 0 ? vt_ports_text(&hidden) : NULL;
}
