/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public keys whose private halves were thrown away. */
#pragma once

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWqTfSmOr+QuRwE9hXoxOx7NKBcmldFRCQjfSmvqj1H"

#define ECDSA                                                                          \
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBL6cgktx" \
    "NmTnotTL7pYJ0aesSIC9WS/upnUkpFKsBrqx2DPwrZgfxRHAdRsEl/P9xxoosOqOIaVdhDeBmhWzF78="

#define RSA                                                                            \
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDazUKbVXocqtCG07kymv76k5KIWZp63NTUkfuWmMEO" \
    "lFX9o5fN+p+k2BYO5RWhP6W1z6FVH7/lxtOQQ03Jq3EVqVtnJoEY2nkTx3sA1HzHJ6EoBBtNkpUyLxve" \
    "+9HmzGazcT7daSF5/WL9wMzXseUxSYXop6EXTj1yPyJOtxo2sDnPmS2mgb1DvJ/zQjF8mK/NpWd/kw/r" \
    "5uDVzrSBthG1JduVfRdPT2v++ViTJ32vkDUAQdsJmGm/NVStKO6RHMMicS49afJ2M9wgvYDyLgzixPb0" \
    "UhbWs4r/o0l+ES6RnVvA8zbfY3Rb6kgxCIv7XRdgkdcArBGC3kWnZa4ZYxRyGHgiiGU+MLqurLnHt0pw" \
    "Cjnaxm3KhcplZHVnURQ9bikDM/N+60AY7t4D9OSXaL9Yg/utLtZdqjWxOb9/VN3PVljMuvbq1AX5HCFm" \
    "RsfHBf35pA2qZF5BArp6rerOwwVTDlChIE54mapPPvI1z2gleWIfBS4y9AxS84UpS6PoOnk="

#define CERTIFICATE                                                                    \
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29" \
    "tAAAAIAz1X2SvaJZoHuxzZtHuLnW6N8Hrqozw6BIyKSnyKhMBAAAAIIWqTfSmOr+QuRwE9hXoxOx7NKB" \
    "cmldFRCQjfSmvqj1HAAAAAAAAAAAAAAABAAAAAmlkAAAABgAAAAJtZQAAAAAAAAAA//////////8AAAA" \
    "AAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5" \
    "nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJ" \
    "taXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACBuAqmK+68xN/BTMSmscxUXBWj" \
    "PeomC9CkKbipGv7z4FwAAAFMAAAALc3NoLWVkMjU1MTkAAABAkE61444Gj4/YeCBqf5oTPxpgAXhL51H" \
    "aUvtFqdIiuuKtIOPtf7l+V7P4ED+EQjfHTU2rerBhMHoFAV72V6ptBA=="
