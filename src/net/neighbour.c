/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "net/netlink.h"

#define VALID (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

struct search {
    uint32_t address;
    bool found;
};

int vt_neighbour_watch(struct vt_error *err)
{
    return vt_netlink_listen(NETLINK_ROUTE, RTNLGRP_NEIGH, "neighbours", err);
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

    return !vt_netlink_news(fd, on_neighbour, &search) || search.found;
}
