# SPDX-License-Identifier: GPL-2.0-or-later
# How every file of ours is compiled: warnings are errors, sanitizers and hardening by preset.
add_compile_definitions(_GNU_SOURCE VT_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wwrite-strings -Wformat=2 -Wvla -Wundef -Wimplicit-fallthrough -Werror)

if(VT_SANITIZE)
  add_compile_options(-fsanitize=${VT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VT_SANITIZE})
endif()

if(VT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(VT_HARDEN)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
                      -fstack-clash-protection -fcf-protection)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
