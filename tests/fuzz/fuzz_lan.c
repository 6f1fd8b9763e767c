/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text in the place of what is kept of a guest that is saved, and of an interface's alias. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "net/lan.h"
#include "net/lan_record.h"

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
    VT_AUTO_FREE char *third = NULL;
    VT_AUTO_LAN_RECORD struct vt_lan_record record = VT_LAN_RECORD_INIT;
    VT_AUTO_LAN_RECORD struct vt_lan_record same = VT_LAN_RECORD_INIT;
    unsigned left;

    if (!vt_lan_record_parse(alias, "eth0", &record))
        return;
    again = vt_lan_record_text(&record.had, "eth0", record.mac, &left);
    /* The same address can be written shorter than we write it. */
    if (left > 0)
        return;
    if (!vt_lan_record_parse(again, "eth0", &same))
        abort();
    third = vt_lan_record_text(&same.had, "eth0", same.mac, &left);
    if (left > 0 || !vt_streq(third, again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);

    check_resume(text);
    check_record(text);
    return 0;
}
