/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

int vt_netlink_open_bus(struct vt_netlink *netlink, int bus, struct vt_error *err)
{
    /* The kernel answers at once; should it ever not, nobody waits for ever. */
    const struct timeval deadline = {.tv_sec = 10};
    struct mnl_socket *opened = mnl_socket_open2(bus, SOCK_CLOEXEC);

    if (!opened || mnl_socket_bind(opened, 0, MNL_SOCKET_AUTOPID) < 0) {
        int r = vt_error_errno(err, VT_CAUSE_NETWORK, errno,
                               "cannot ask the kernel about the container's network");

        if (opened)
            (void)mnl_socket_close(opened);
        return r;
    }
    (void)setsockopt(mnl_socket_get_fd(opened), SOL_SOCKET, SO_RCVTIMEO, &deadline,
                     sizeof(deadline));
    netlink->socket = opened;
    return 0;
}

int vt_netlink_open(struct vt_netlink *netlink, struct vt_error *err)
{
    return vt_netlink_open_bus(netlink, NETLINK_ROUTE, err);
}

void vt_netlink_close(struct vt_netlink *netlink)
{
    if (netlink->socket)
        (void)mnl_socket_close(netlink->socket);
    netlink->socket = NULL;
}

int vt_netlink_ask(struct vt_netlink *netlink, struct nlmsghdr *request, mnl_cb_t callback,
                   void *data)
{
    unsigned port = mnl_socket_get_portid(netlink->socket);
    char buffer[32768];
    int r = MNL_CB_OK;

    request->nlmsg_seq = ++netlink->seq;
    request->nlmsg_flags |= NLM_F_REQUEST;
    /* Not a test of NLM_F_DUMP: its bits mean other things in requests that make something. */
    if (!callback)
        request->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(netlink->socket, request, request->nlmsg_len) < 0)
        return -errno;
    while (r > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(netlink->socket, buffer, sizeof(buffer));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        r = mnl_cb_run(buffer, (size_t)n, netlink->seq, port, callback, data);
    }
    return r < 0 ? -errno : 0;
}

int vt_netlink_dump(struct vt_netlink *netlink, uint16_t type, unsigned char family,
                    mnl_cb_t callback, void *data)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtgenmsg *generic;

    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_DUMP;
    /* The family alone counts, but for some tables the header must be as long as this. */
    generic = mnl_nlmsg_put_extra_header(request, sizeof(struct rtmsg));
    generic->rtgen_family = family;
    return vt_netlink_ask(netlink, request, callback, data);
}

int vt_netlink_listen(int bus, int group, const char *what, struct vt_error *err)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    VT_AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, bus);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot ask for news of %s", what);
    return VT_TAKE_FD(fd);
}

bool vt_netlink_news(int fd, mnl_cb_t callback, void *data)
{
    bool lost = false;
    char buffer[32768];

    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

        if (n >= 0)
            (void)mnl_cb_run(buffer, (size_t)n, 0, 0, callback, data);
        else if (errno == ENOBUFS)
            lost = true;
        else if (errno != EINTR)
            return !lost;
    }
}

struct attrs {
    const struct nlattr **table;
    unsigned max;
};

static int on_attr(const struct nlattr *attr, void *data)
{
    const struct attrs *attrs = data;

    if (mnl_attr_get_type(attr) <= attrs->max)
        attrs->table[mnl_attr_get_type(attr)] = attr;
    return MNL_CB_OK;
}

void vt_netlink_attrs(const struct nlmsghdr *message, size_t offset, const struct nlattr **table,
                      unsigned max)
{
    struct attrs attrs = {table, max};

    (void)mnl_attr_parse(message, (unsigned)offset, on_attr, &attrs);
}

void vt_netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned max)
{
    struct attrs attrs = {table, max};

    (void)mnl_attr_parse_nested(nest, on_attr, &attrs);
}

void vt_netlink_put_mac(struct nlmsghdr *request, uint16_t type, const char *mac)
{
    struct ether_addr bytes = {{0}};

    (void)ether_aton_r(mac, &bytes);
    mnl_attr_put(request, type, sizeof(bytes), &bytes);
}

bool vt_netlink_mac(const struct nlattr *attr, char mac[VT_MAC_TEXT])
{
    const uint8_t *m;

    if (!attr || mnl_attr_get_payload_len(attr) != ETH_ALEN)
        return false;
    m = mnl_attr_get_payload(attr);
    (void)snprintf(mac, VT_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
                   m[5]);
    return true;
}
