/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/ports.h"

#include <errno.h>

#include "base/str.h"
#include "config/list.h"

/* Room for "65535-65535/sctp" and blanks around it. */
#define ITEM_MAX 63

static const char *const protocol_names[] = {"tcp", "udp", "sctp"};

const char *vt_protocol_name(enum vt_protocol protocol)
{
    return protocol_names[protocol];
}

/* A port from *@at on, which moves past it. */
static bool read_port(const char **at, uint16_t *ret)
{
    unsigned number = 0;
    const char *digit = *at;

    for (; *digit >= '0' && *digit <= '9' && number <= UINT16_MAX; digit++)
        number = number * 10 + (unsigned)(*digit - '0');
    if (digit == *at || number == 0 || number > UINT16_MAX)
        return false;
    *ret = (uint16_t)number;
    *at = digit;
    return true;
}

static bool read_protocol(const char *at, enum vt_protocol *ret)
{
    if (*at == '\0') {
        *ret = VT_PROTOCOL_TCP;
        return true;
    }
    for (size_t i = 0; *at == '/' && i < VT_ARRAY_SIZE(protocol_names); i++) {
        if (vt_streq(at + 1, protocol_names[i])) {
            *ret = (enum vt_protocol)i;
            return true;
        }
    }
    return false;
}

static bool read_item(const char *at, struct vt_port *ret)
{
    if (!read_port(&at, &ret->first))
        return false;
    ret->last = ret->first;
    ret->inside = ret->first;
    if (*at == '-' && (at++, !read_port(&at, &ret->last) || ret->last < ret->first))
        return false;
    if (*at == ':' && ret->last != ret->first)
        return false;
    if (*at == ':' && (at++, !read_port(&at, &ret->inside)))
        return false;
    return read_protocol(at, &ret->protocol);
}

static const struct vt_port *find_overlap(const struct vt_ports *ports, const struct vt_port *port)
{
    for (size_t i = 0; i < ports->count; i++) {
        const struct vt_port *other = &ports->list[i];

        if (other->protocol == port->protocol && other->first <= port->last &&
            port->first <= other->last)
            return other;
    }
    return NULL;
}

/* Why @port cannot be added, or NULL. */
static char *add(struct vt_ports *ports, const struct vt_port *port)
{
    const struct vt_port *other = find_overlap(ports, port);

    if (other)
        return vt_fmt("port %u/%s is in it twice, and can lead to one place only",
                      other->first > port->first ? other->first : port->first,
                      vt_protocol_name(port->protocol));
    if (ports->count == VT_PORTS_MAX)
        return vt_fmt("give at most %d ports or ranges", VT_PORTS_MAX);
    ports->list[ports->count++] = *port;
    return NULL;
}

int vt_ports_parse(const char *text, struct vt_ports *ret, char **ret_wrong)
{
    struct vt_ports ports = {vt_calloc(VT_PORTS_MAX, sizeof(*ports.list)), 0};
    char *wrong = NULL;

    for (const char *from = text; !wrong; from++) {
        const char *end = from + strcspn(from, ",");
        char item[ITEM_MAX + 1];
        struct vt_port port;

        if (vt_list_item(from, end, item, sizeof(item)) && read_item(item, &port))
            wrong = add(&ports, &port);
        else
            wrong = vt_strdup("give ports with commas between them, such as "
                              "22,6000-6010/udp,8080:80/tcp");
        if (*end == '\0')
            break;
        from = end;
    }
    if (!wrong) {
        *ret = ports;
        return 0;
    }
    free(ports.list);
    *ret_wrong = wrong;
    return -EINVAL;
}

char *vt_ports_text(const struct vt_ports *ports)
{
    struct vt_buf out = VT_BUF_INIT(65536);

    for (size_t i = 0; i < ports->count; i++) {
        const struct vt_port *port = &ports->list[i];

        vt_buf_addf(&out, "%s%u", i > 0 ? "," : "", port->first);
        if (port->last != port->first)
            vt_buf_addf(&out, "-%u", port->last);
        if (port->inside != port->first)
            vt_buf_addf(&out, ":%u", port->inside);
        vt_buf_addf(&out, "/%s", vt_protocol_name(port->protocol));
    }
    return vt_buf_take(&out);
}
