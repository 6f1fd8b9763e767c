/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "net/netlink.h"

#define VALID (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)

/* ms; the kernel itself asks as often as this. */
#define CALL_AGAIN 1000

#define DISCARD_PORT 9

/* What is looked for, and how many of them. */
struct search {
    const struct vt_neighbour *list;
    size_t count;
};

static bool is_at(const struct nlattr *attr, const struct vt_neighbour *wanted)
{
    size_t size = wanted->family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

    return attr && mnl_attr_get_payload_len(attr) == size &&
           memcmp(mnl_attr_get_payload(attr), wanted->address, size) == 0;
}

/* An entry of the table, or news of one. */
static int on_neighbour(const struct nlmsghdr *message, void *data)
{
    const struct ndmsg *info = mnl_nlmsg_get_payload(message);
    const struct nlattr *attrs[NDA_MAX + 1] = {NULL};
    const struct search *search = data;

    if (message->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(message) < sizeof(*info) ||
        !(info->ndm_state & VALID))
        return MNL_CB_OK;
    vt_netlink_attrs(message, sizeof(*info), attrs, NDA_MAX);
    for (size_t i = 0; i < search->count; i++) {
        const struct vt_neighbour *wanted = &search->list[i];

        if (info->ndm_family == wanted->family &&
            (wanted->index == 0 || info->ndm_ifindex == wanted->index) &&
            is_at(attrs[NDA_DST], wanted))
            (void)vt_netlink_mac(attrs[NDA_LLADDR], wanted->mac);
    }
    return MNL_CB_OK;
}

int vt_neighbour_watch(struct vt_error *err)
{
    return vt_netlink_listen(NETLINK_ROUTE, RTNLGRP_NEIGH, "neighbours", err);
}

bool vt_neighbour_news(int fd, uint32_t address)
{
    const uint32_t guest = htonl(address);
    char mac[VT_MAC_TEXT] = "";
    const struct vt_neighbour wanted = {.family = AF_INET, .address = &guest, .mac = mac};
    struct search search = {&wanted, 1};

    return !vt_netlink_news(fd, on_neighbour, &search) || mac[0];
}

/* Make the kernel look for it, by a datagram to the port for what is thrown away (RFC 863): it
 * looks with that one's source address, while its own link-local IPv6 address is not ready yet. */
static void call(const struct vt_neighbour *wanted)
{
    VT_AUTO_CLOSE int fd = socket(wanted->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(DISCARD_PORT)};

    if (wanted->family == AF_INET) {
        memcpy(&four.sin_addr, wanted->address, sizeof(four.sin_addr));
        (void)!sendto(fd, "", 1, 0, (const struct sockaddr *)&four, sizeof(four));
        return;
    }
    memcpy(&six.sin6_addr, wanted->address, sizeof(six.sin6_addr));
    if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr))
        six.sin6_scope_id = (uint32_t)wanted->index;
    (void)!sendto(fd, "", 1, 0, (const struct sockaddr *)&six, sizeof(six));
}

static bool all_found(const struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        if (!search->list[i].mac[0])
            return false;
    }
    return true;
}

static int read_table(struct search *search, struct vt_error *err)
{
    VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;
    int r = vt_netlink_open(&netlink, err);

    if (r < 0)
        return r;
    r = vt_netlink_dump(&netlink, RTM_GETNEIGH, AF_UNSPEC, on_neighbour, search);
    return r < 0 ? vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                                  "cannot read the container's table of neighbours")
                 : 0;
}

/* Until @end (ms), or all are found. */
static int listen_until(int fd, int64_t end, struct search *search, struct vt_error *err)
{
    struct pollfd news = {.fd = fd, .events = POLLIN};
    int r = 0;

    for (int64_t now = vt_now_ms(); r == 0 && now < end && !all_found(search); now = vt_now_ms()) {
        if (poll(&news, 1, (int)(end - now)) > 0 && !vt_netlink_news(fd, on_neighbour, search))
            r = read_table(search, err);
    }
    return r;
}

int vt_neighbour_find(const struct vt_neighbour *list, size_t count, int patience,
                      struct vt_error *err)
{
    struct search search = {list, count};
    VT_AUTO_CLOSE int fd = vt_neighbour_watch(err);
    int64_t end = vt_now_ms() + patience;
    int r = fd < 0 ? fd : read_table(&search, err);

    while (r == 0 && vt_now_ms() < end && !all_found(&search)) {
        int64_t again = vt_now_ms() + CALL_AGAIN;

        for (size_t i = 0; i < count; i++) {
            if (!list[i].mac[0])
                call(&list[i]);
        }
        r = listen_until(fd, again < end ? again : end, &search, err);
    }
    return r;
}
