/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/network_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden.h"
#include "views.h"

static void the_network_is_as_reviewed(void **state)
{
    VT_AUTO_NET_VIEW struct vt_net_view view = VT_NET_VIEW_INIT;
    VT_AUTO_NET_PLAN struct vt_net_plan plan = {.replace = false};
    VT_AUTO_FREE char *xml = NULL;
    char asked[] = "192.168.100";

    (void)state;
    docker_view(&view);
    plan_of(&view, asked, &plan);
    xml = vt_network_xml(&plan);
    vt_assert_golden("net/network.xml", xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_is_as_reviewed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
