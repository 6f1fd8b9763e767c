/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rules.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#include "base/str.h"
#include "net/netlink.h"
#include "net/nft.h"

/* A list that changes while it is read is read again, so often. */
#define TRIES 10

/* Each rule is a line of a chain, whose first one is about the chain itself. */
unsigned vt_rules_count(const char *ruleset)
{
    unsigned rules = 0;
    bool in_chain = false;

    for (const char *line = ruleset; *line; line += strcspn(line, "\n") + 1) {
        if (vt_startswith(line, "\tchain "))
            in_chain = true;
        else if (vt_startswith(line, "\t}"))
            in_chain = false;
        else if (in_chain && !vt_startswith(line, "\t\ttype "))
            rules++;
    }
    return rules;
}

struct count {
    const uint64_t *upto; /* by family: rules with larger handles do not count; NULL: all do */
    struct vt_rules_mark mark;
};

struct rule {
    bool ours;
    uint64_t handle;
};

static bool is_our_table(const struct nlattr *attr)
{
    return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0 &&
           vt_streq(mnl_attr_get_str(attr), VT_RULES_TABLE);
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
    const struct nfgenmsg *generic = mnl_nlmsg_get_payload(message);
    unsigned family = generic->nfgen_family == NFPROTO_BRIDGE ? VT_RULES_BRIDGE : VT_RULES_INET;
    struct count *count = data;
    struct rule rule = {false, 0};

    (void)mnl_attr_parse(message, sizeof(*generic), on_rule_attr, &rule);
    if (!rule.ours || (count->upto && rule.handle > count->upto[family]))
        return MNL_CB_OK;
    count->mark.rules++;
    if (rule.handle > count->mark.last[family])
        count->mark.last[family] = rule.handle;
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
    generic->nfgen_family = NFPROTO_UNSPEC;
    /* Of all tables: when asked for one, the kernel stops at the first of that name. */
    return vt_netlink_ask(netlink, request, on_rule, count);
}

/* Those with handles up to @upto, or all. */
static int count_rules(const uint64_t *upto, struct vt_rules_mark *ret, struct vt_error *err)
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
                              "cannot read the rules of nftables' tables " VT_RULES_TABLE);
    *ret = count.mark;
    return 0;
}

int vt_rules_read(struct vt_rules_mark *ret, struct vt_error *err)
{
    return count_rules(NULL, ret, err);
}

/* That nftables accepted it says nothing of what others did to it since. */
static int read_back(unsigned meant, struct vt_rules_mark *ret, struct vt_error *err)
{
    struct vt_rules_mark now = {0};
    int r = vt_rules_read(&now, err);

    if (r < 0)
        return r;
    if (now.rules != meant)
        return vt_error_set(err, VT_CAUSE_NETWORK, -EIO,
                            "%u of the %u rules that lead to the guest are in force: another "
                            "process changes nftables' tables " VT_RULES_TABLE
                            " in the container's network",
                            now.rules, meant);
    *ret = now;
    return 0;
}

int vt_rules_apply(const char *fresh, const char *replacing, const char *what,
                   struct vt_rules_mark *ret, struct vt_error *err)
{
    /* In a new container it is always the first; should that fail for another reason, so does the
     * second and says it. */
    if (vt_nft_run(fresh, "", NULL) < 0) {
        int r = vt_nft_run(replacing, what, err);

        if (r < 0)
            return r;
    }
    return read_back(vt_rules_count(fresh), ret, err);
}

bool vt_rules_are_whole(const struct vt_rules_mark *mark)
{
    struct vt_rules_mark now = {0};

    return count_rules(mark->last, &now, NULL) < 0 || now.rules == mark->rules;
}

int vt_rules_listen(struct vt_error *err)
{
    return vt_netlink_listen(NETLINK_NETFILTER, NFNLGRP_NFTABLES, "nftables", err);
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
    (void)snprintf(news->who, VT_RULES_WHO, "%s", mnl_attr_get_str(attr));
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

bool vt_rules_news(int fd, char who[VT_RULES_WHO])
{
    struct news news = {.who = who};

    who[0] = '\0';
    return !vt_netlink_news(fd, on_change, &news) || news.ours;
}
