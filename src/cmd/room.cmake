# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(cmd BELOW base host config vm launcher
        SOURCES
          clean.c
          command.c
          commit.c
          completion.c
          console.c
          cp.c
          disk.c
          exec.c
          flags.c
          guest.c
          healthcheck.c
          image.c
          image_cache.c
          image_fetch.c
          list.c
          log.c
          pause.c
          progress.c
          reboot.c
          run.c
          screenshot.c
          ssh.c
          state.c
          stop.c
          wait.c
          way_in.c
        LIBRARIES PkgConfig::JSONC PkgConfig::LIBVIRT)
add_executable(virtainer main.c)
target_link_libraries(virtainer PRIVATE vt_cmd)
# The same without the libraries that it does not use: --as-needed leaves them out.
add_executable(virtainer-healthcheck healthcheck_main.c)
target_link_libraries(virtainer-healthcheck PRIVATE vt_launcher)
target_link_options(virtainer-healthcheck PRIVATE -Wl,--as-needed)
install(TARGETS virtainer virtainer-healthcheck RUNTIME DESTINATION bin)
# What libvirtd takes for passt (launcher/daemon.c has the directory); it needs no library at all.
add_executable(virtainer-passt passt_main.c)
target_include_directories(virtainer-passt PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties(virtainer-passt PROPERTIES OUTPUT_NAME passt
                      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/libexec)
install(TARGETS virtainer-passt RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/virtainer)
