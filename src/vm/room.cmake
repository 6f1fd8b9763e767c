# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(vm BELOW base host config SOURCES accel.c agent.c agent_run.c agent_wire.c connect.c console.c domain.c domain_xml.c guest_clean.c migration.c osinfo.c screenshot.c session.c ssh.c ssh_text.c typing.c way.c
        LIBRARIES PkgConfig::LIBVIRT PkgConfig::LIBVIRT_QEMU PkgConfig::JSONC)
include(GNUInstallDirs)
target_compile_definitions(vt_vm PUBLIC VT_DATA_ROOT="${CMAKE_INSTALL_FULL_DATADIR}")
# What libosinfo knows, as a table. Its own memory is not ours to check.
add_executable(osinfo-table osinfo_table.c)
target_link_libraries(osinfo-table PRIVATE PkgConfig::LIBOSINFO)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/osinfo
                   COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:osinfo-table>
                           > ${PROJECT_BINARY_DIR}/osinfo
                   DEPENDS osinfo-table VERBATIM)
add_custom_target(osinfo ALL DEPENDS ${PROJECT_BINARY_DIR}/osinfo)
install(FILES ${PROJECT_BINARY_DIR}/osinfo DESTINATION ${CMAKE_INSTALL_DATADIR}/virtainer)
