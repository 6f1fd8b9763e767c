# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(cmd BELOW base host config vm launcher
        SOURCES
          command.c
          completion.c
          console.c
          cp.c
          exec.c
          flags.c
          guest.c
          healthcheck.c
          list.c
          log.c
          pause.c
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
install(TARGETS virtainer RUNTIME DESTINATION bin)
