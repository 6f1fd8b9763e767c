/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any PORTS; what is taken says the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/ports.h"
#include "fuzz.h"

static void check(const struct vt_ports *ports)
{
    VT_AUTO_FREE char *text = vt_ports_text(ports);
    VT_AUTO_FREE char *again_text = NULL;
    struct vt_ports again;
    char *wrong;

    if (ports->count == 0 || ports->count > VT_PORTS_MAX ||
        vt_ports_parse(text, &again, &wrong) < 0)
        abort();
    again_text = vt_ports_text(&again);
    if (strcmp(text, again_text) != 0)
        abort();
    for (size_t i = 0; i < again.count; i++) {
        const struct vt_port *port = &again.list[i];

        if (port->first == 0 || port->last < port->first ||
            (port->last != port->first && port->inside != port->first))
            abort();
    }
    free(again.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VT_AUTO_FREE char *text = vt_strndup((const char *)data, size);
    VT_AUTO_FREE char *wrong = NULL;
    struct vt_ports ports;

    if (vt_ports_parse(text, &ports, &wrong) < 0) {
        if (!wrong)
            abort();
        return 0;
    }
    check(&ports);
    free(ports.list);
    return 0;
}
