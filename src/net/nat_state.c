/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/nat_state.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/nat.h"
#include "net/netlink.h"

/* A list that changes while it is read is read again, so often. */
#define TRIES 10

struct count {
    uint64_t upto; /* rules with larger handles do not count */
    struct vt_nat_mark mark;
};

struct rule {
    bool ours;
    uint64_t handle;
};

static bool is_our_table(const struct nlattr *attr)
{
    return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
           vt_streq(mnl_attr_get_str(attr), VT_NAT_TABLE);
}

static int on_rule_attr(const struct nlattr *attr, void *data)
{
    struct rule *rule = data;

    if (mnl_attr_get_type(attr) == NFTA_RULE_TABLE)
        rule->ours = is_our_table(attr);
    if (mnl_attr_get_type(attr) == NFTA_RULE_HANDLE &&
        mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
        rule->handle = be64toh(mnl_attr_get_u64(attr));
    return MNL_CB_OK;
}

static int on_rule(const struct nlmsghdr *message, void *data)
{
    struct count *count = data;
    struct rule rule = {false, 0};

    (void)mnl_attr_parse(message, sizeof(struct nfgenmsg), on_rule_attr, &rule);
    if (!rule.ours || rule.handle > count->upto)
        return MNL_CB_OK;
    count->mark.rules++;
    if (rule.handle > count->mark.last)
        count->mark.last = rule.handle;
    return MNL_CB_OK;
}

static int ask_for_rules(struct vt_netlink *netlink, struct count *count)
{
    char buffer[VT_NETLINK_REQUEST] = "";
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct nfgenmsg *generic;

    request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE;
    request->nlmsg_flags = NLM_F_DUMP;
    generic = mnl_nlmsg_put_extra_header(request, sizeof(*generic));
    generic->nfgen_family = NFPROTO_INET;
    mnl_attr_put_strz(request, NFTA_RULE_TABLE, VT_NAT_TABLE);
    return vt_netlink_ask(netlink, request, on_rule, count);
}

/* Those with handles up to @upto. */
static int count_rules(uint64_t upto, struct vt_nat_mark *ret, struct vt_error *err)
{
    struct count count;
    int r = -EINTR;

    for (unsigned i = 0; r == -EINTR && i < TRIES; i++) {
        /* Its own each time: what is left of a list that was broken off would come first. */
        VT_AUTO_NETLINK struct vt_netlink netlink = VT_NETLINK_INIT;

        count = (struct count){.upto = upto};
        r = vt_netlink_open_bus(&netlink, NETLINK_NETFILTER, err);
        if (r < 0)
            return r;
        r = ask_for_rules(&netlink, &count);
    }
    if (r < 0 && r != -ENOENT)
        return vt_error_errno(err, VT_CAUSE_NETWORK, -r,
                              "cannot read the rules of nftables' table inet " VT_NAT_TABLE);
    *ret = count.mark;
    return 0;
}

int vt_nat_read(struct vt_nat_mark *ret, struct vt_error *err)
{
    return count_rules(UINT64_MAX, ret, err);
}

bool vt_nat_is_whole(const struct vt_nat_mark *mark)
{
    struct vt_nat_mark now = {0, 0};

    return count_rules(mark->last, &now, NULL) < 0 || now.rules == mark->rules;
}

int vt_nat_watch(struct vt_error *err)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    const int group = NFNLGRP_NFTABLES;
    VT_AUTO_CLOSE int fd =
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return vt_error_errno(err, VT_CAUSE_NETWORK, errno, "cannot ask for news of nftables");
    return VT_TAKE_FD(fd);
}

struct news {
    bool pending; /* in the transaction that is being read */
    bool ours;    /* in any */
    char *who;
};

/* The table's name is the first attribute of every kind of message. */
static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
                  NFTA_SET_TABLE == 1,
              "one number for the table's name");

static int on_table_attr(const struct nlattr *attr, void *data)
{
    struct news *news = data;

    if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME && is_our_table(attr))
        news->pending = news->ours = true;
    return MNL_CB_OK;
}

/* A process names itself as it likes. */
static int on_generation_attr(const struct nlattr *attr, void *data)
{
    const struct news *news = data;

    if (mnl_attr_get_type(attr) != NFTA_GEN_PROC_NAME ||
        mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
        return MNL_CB_OK;
    (void)snprintf(news->who, VT_NAT_WHO, "%s", mnl_attr_get_str(attr));
    for (char *c = news->who; *c; c++) {
        if (!isprint((unsigned char)*c))
            *c = '?';
    }
    return MNL_CB_OK;
}

static int on_change(const struct nlmsghdr *message, void *data)
{
    struct news *news = data;

    if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
        mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
        return MNL_CB_OK;
    switch (message->nlmsg_type & 0xffU) {
    case NFT_MSG_DELTABLE:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELSET:
        (void)mnl_attr_parse(message, sizeof(struct nfgenmsg), on_table_attr, news);
        break;
    case NFT_MSG_NEWGEN: /* the last of a transaction: who made it */
        if (news->pending)
            (void)mnl_attr_parse(message, sizeof(struct nfgenmsg), on_generation_attr, news);
        news->pending = false;
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

bool vt_nat_news(int fd, char who[VT_NAT_WHO])
{
    struct news news = {.who = who};
    char buffer[32768];

    who[0] = '\0';
    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return news.ours || errno == ENOBUFS;
        (void)mnl_cb_run(buffer, (size_t)n, 0, 0, on_change, &news);
    }
}
