/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/network_xml.h"

#include "base/xml.h"

char *vt_network_xml(const struct vt_net_plan *plan)
{
    VT_AUTO_XML struct vt_xml xml = VT_XML_INIT;

    vt_xml_begin(&xml, "network");
    vt_xml_text(&xml, "name", VT_NETWORK_NAME);
    /* The bridge is ours (net/bridge.h says why); libvirt only puts the guest's tap on it. */
    vt_xml_empty(&xml, "forward", "mode", "bridge", NULL);
    vt_xml_empty(&xml, "bridge", "name", plan->bridge, NULL);
    vt_xml_end(&xml, "network");
    return vt_xml_take(&xml);
}
