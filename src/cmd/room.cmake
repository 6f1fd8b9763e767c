# SPDX-License-Identifier: GPL-2.0-or-later
vt_room(cmd BELOW base host config launcher SOURCES command.c flags.c healthcheck.c list.c run.c state.c stop.c)
add_executable(virtainer main.c)
target_link_libraries(virtainer PRIVATE vt_cmd)
install(TARGETS virtainer RUNTIME DESTINATION bin)
