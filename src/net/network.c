/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/network.h"

#include <errno.h>
#include <libvirt/virterror.h>

#include "host/libvirt_error.h"
#include "net/network_xml.h"

static void network_freep(virNetworkPtr *network)
{
    if (*network)
        (void)virNetworkFree(*network);
}

#define AUTO_NETWORK VT_CLEANUP(network_freep)

/* The network of our name, or NULL. A list, because looking up by name makes libvirt complain when
 * there is none. */
static int find_network(virConnectPtr conn, virNetworkPtr *ret)
{
    virNetworkPtr *networks = NULL;
    int n = virConnectListAllNetworks(conn, &networks, 0);

    if (n < 0)
        return -EIO;
    for (int i = 0; i < n; i++) {
        if (!*ret && vt_streq(virNetworkGetName(networks[i]), VT_NETWORK_NAME))
            *ret = networks[i];
        else
            (void)virNetworkFree(networks[i]);
    }
    free(networks);
    return 0;
}

static bool is_as_planned(virNetworkPtr network, const struct vt_net_plan *plan)
{
    VT_AUTO_FREE char *xml = NULL;
    VT_AUTO_FREE char *bridge = NULL;

    if (virNetworkIsActive(network) != 1)
        return false;
    xml = virNetworkGetXMLDesc(network, 0);
    bridge = vt_fmt("<bridge name='%s'/>", plan->bridge);
    return xml && strstr(xml, "<forward mode='bridge'/>") && strstr(xml, bridge);
}

static int remove_network(virNetworkPtr network)
{
    if (virNetworkIsPersistent(network) == 1 && virNetworkUndefine(network) < 0)
        return -EIO;
    if (virNetworkIsActive(network) == 1 && virNetworkDestroy(network) < 0)
        return -EIO;
    return 0;
}

int vt_network_start(virConnectPtr conn, const struct vt_net_plan *plan, struct vt_error *err)
{
    AUTO_NETWORK virNetworkPtr old = NULL;
    AUTO_NETWORK virNetworkPtr made = NULL;
    VT_AUTO_FREE char *xml = vt_network_xml(plan);

    if (find_network(conn, &old) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot list libvirt's networks");
    if (old && is_as_planned(old, plan))
        return 0;
    if (old && remove_network(old) < 0)
        return vt_error_libvirt(err, VT_CAUSE_LIBVIRT, "cannot replace libvirt's network '%s'",
                                VT_NETWORK_NAME);
    made = virNetworkCreateXML(conn, xml);
    if (!made)
        return vt_error_libvirt(err, VT_CAUSE_NETWORK, "cannot start libvirt's network '%s'",
                                VT_NETWORK_NAME);
    return 0;
}
