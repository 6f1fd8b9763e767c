/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against libvirt's test driver, which keeps networks in memory and touches nothing. */
#include "net/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "views.h"

static int open_driver(void **state)
{
    *state = virConnectOpen("test:///default");
    return *state ? 0 : -1;
}

static int close_driver(void **state)
{
    return virConnectClose(*state);
}

/* Assert that the network is there, active and on @bridge; returns its UUID, owned by the caller.
 */
static char *uuid_on(virConnectPtr conn, const char *bridge)
{
    virNetworkPtr network = virNetworkLookupByName(conn, VT_NETWORK_NAME);
    char uuid[VIR_UUID_STRING_BUFLEN] = "";
    char *on;

    assert_non_null(network);
    assert_int_equal(virNetworkIsActive(network), 1);
    on = virNetworkGetBridgeName(network);
    assert_string_equal(on, bridge);
    free(on);
    assert_int_equal(virNetworkGetUUIDString(network, uuid), 0);
    (void)virNetworkFree(network);
    return vt_strdup(uuid);
}

static void it_is_made_kept_and_replaced(void **state)
{
    struct vt_net_plan plan = {.bridge = "virbr1"};
    VT_AUTO_FREE char *first = NULL;
    VT_AUTO_FREE char *again = NULL;
    VT_AUTO_FREE char *other = NULL;

    assert_int_equal(vt_network_start(*state, &plan, NULL), 0);
    first = uuid_on(*state, "virbr1");
    assert_int_equal(vt_network_start(*state, &plan, NULL), 0);
    again = uuid_on(*state, "virbr1");
    assert_string_equal(first, again);
    (void)snprintf(plan.bridge, sizeof(plan.bridge), "virbr2");
    assert_int_equal(vt_network_start(*state, &plan, NULL), 0);
    other = uuid_on(*state, "virbr2");
    assert_string_not_equal(first, other);
}

static void a_persistent_one_of_that_name_gives_way(void **state)
{
    const struct vt_net_plan plan = {.bridge = "virbr1"};
    VT_AUTO_FREE char *uuid = NULL;
    virNetworkPtr foreign =
        virNetworkDefineXML(*state, "<network><name>" VT_NETWORK_NAME "</name>"
                                    "<forward mode='bridge'/><bridge name='br0'/></network>");

    assert_non_null(foreign);
    (void)virNetworkFree(foreign);
    assert_int_equal(vt_network_start(*state, &plan, NULL), 0);
    uuid = uuid_on(*state, "virbr1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_made_kept_and_replaced, open_driver, close_driver),
        cmocka_unit_test_setup_teardown(a_persistent_one_of_that_name_gives_way, open_driver,
                                        close_driver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
