# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(net BELOW base host config
        SOURCES addr.c arp.c bridge.c check.c dhcp.c frames.c ip6.c lan.c lan_apply.c lan_record.c lan_restore.c lan_rules.c lease.c link.c
                listeners.c mac.c namespace.c nat.c nat_apply.c neighbour.c netlink.c network.c network_xml.c nft.c plan.c plan6.c rules.c user.c
        LIBRARIES PkgConfig::LIBVIRT PkgConfig::LIBNFTABLES PkgConfig::LIBMNL)
