/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text in the place of what is kept of a guest that is saved, and of an interface's alias. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "net/lan.h"

static void check_resume(const char *text)
{
    struct vt_lan lan = {.count = 2, .ports = {{.guest = 0xac110002U}, {.guest = 0}}};
    VT_AUTO_FREE char *again = NULL;

    if (!vt_lan_resume(&lan, text))
        return;
    again = vt_lan_text(&lan);
    if (!vt_lan_resume(&lan, again) || strlen(lan.ports[1].mac) != VT_MAC_TEXT - 1)
        abort();
}

static void check_record(const char *text)
{
    VT_AUTO_FREE char *alias = vt_fmt(VT_LAN_RECORD "%s", text);
    VT_AUTO_FREE char *again = NULL;
    struct vt_lan_record record, same;
    struct vt_lan_port port = {.prefix = 0};

    if (!vt_lan_record_parse(alias, &record))
        return;
    port.guest = record.address;
    port.prefix = record.prefix;
    port.gateway = record.gateway;
    port.guest6 = record.address6;
    port.gateway6 = record.gateway6;
    again = vt_lan_record_text(&port);
    if (!vt_lan_record_parse(again, &same) || same.address != record.address ||
        same.prefix != record.prefix || same.gateway != record.gateway ||
        memcmp(&same.address6, &record.address6, sizeof(same.address6)) != 0 ||
        memcmp(&same.gateway6, &record.gateway6, sizeof(same.gateway6)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);

    check_resume(text);
    check_record(text);
    return 0;
}
