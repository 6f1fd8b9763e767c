/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/neighbour.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define VALID (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct search {
    uint32_t address;
    bool found;
};

int vt_neighbour_watch(struct vt_error *err)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_NEIGH};
    VT_AUTO_CLOSE int fd =
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot ask for news of neighbours");
    return VT_TAKE_FD(fd);
}

static int on_attr(const struct nlattr *attr, void *data)
{
    struct search *search = data;

    if (mnl_attr_get_type(attr) == NDA_DST && mnl_attr_get_payload_len(attr) == sizeof(uint32_t) &&
        ntohl(mnl_attr_get_u32(attr)) == search->address)
        search->found = true;
    return MNL_CB_OK;
}

static int on_neighbour(const struct nlmsghdr *message, void *data)
{
    const struct ndmsg *info = mnl_nlmsg_get_payload(message);

    if (message->nlmsg_type == RTM_NEWNEIGH &&
        mnl_nlmsg_get_payload_len(message) >= sizeof(*info) && info->ndm_family == AF_INET &&
        (info->ndm_state & VALID))
        (void)mnl_attr_parse(message, sizeof(*info), on_attr, data);
    return MNL_CB_OK;
}

bool vt_neighbour_news(int fd, uint32_t address)
{
    struct search search = {address, false};
    char buffer[32768];

    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return search.found || errno == ENOBUFS;
        (void)mnl_cb_run(buffer, (size_t)n, 0, 0, on_neighbour, &search);
    }
}
