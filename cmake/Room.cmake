# SPDX-License-Identifier: GPL-2.0-or-later
# vt_room(NAME [SOURCES …] [BELOW room…] [LIBRARIES target…])
#
# One room of src/ as a static library. Its headers are included as "room/header.h"; a room sees only the rooms
# it names with BELOW and what those see, because every room exports its own include directory alone (a directory
# of links in the build tree). An include that points upward or sideways does not compile.
function(vt_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;BELOW;LIBRARIES" ${ARGN})
  set(include ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${include})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${name} ${include}/${name} SYMBOLIC)

  list(TRANSFORM ROOM_SOURCES PREPEND ${name}/)
  list(TRANSFORM ROOM_BELOW PREPEND vt_)
  add_library(vt_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(vt_${name} PUBLIC ${include})
  target_link_libraries(vt_${name} PUBLIC ${ROOM_BELOW} PRIVATE ${ROOM_LIBRARIES})
endfunction()
