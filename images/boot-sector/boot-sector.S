# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest in one sector: it shows that a virtual machine runs, types, stops, resets, writes and floods without any
# operating system in it, so that it also runs where no stock Linux does. Real mode throughout, 16 bits.
#
# Typed on the serial port:  i  ignore the power button, or heed it again     q  power off     r  reset
#                            w  write the disk without end, until a key       f  flood the console until a key
# Everything comes back in upper case.

        .code16
        .global start

        .set    SERIAL,         0x3f8
        .set    PM1_STATUS,     0x600           # where SeaBIOS puts the power management registers of q35
        .set    PM1_ENABLE,     0x602
        .set    PM1_CONTROL,    0x604
        .set    POWER_BUTTON,   1 << 8
        .set    SLEEP_ENABLE,   1 << 13         # with sleep type 0: off
        .set    RESET_CONTROL,  0xcf9

        .set    BUFFER,         0x8000          # what is written to the disk
        .set    PACKET,         0x7000          # disk address packet of INT 13h
        .set    DISK,           0x7100          # what INT 13h AH=48h tells of the disk
        .set    CHUNK,          8               # sectors in one write
        .set    FIRST_SECTOR,   2048
        .set    END_SECTOR,     64 * 2048       # 64 MiB

start:
        cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x7c00, %sp
        ljmp    $0, $1f
1:      mov     %dl, drive
        cld

        # Timer and serial port only have to wake `hlt`. The BIOS's own timer handler would do so too, but while the
        # BIOS shows its messages on the serial port that handler also takes what is typed there.
        mov     $wake, %bx
        mov     %bx, 4 * 0x08
        mov     %ax, 4 * 0x08 + 2
        mov     %bx, 4 * 0x0c
        mov     %ax, 4 * 0x0c + 2
        in      $0x21, %al
        and     $~0x11, %al
        out     %al, $0x21

        mov     $serial_setup, %si
        mov     $SERIAL >> 8, %dh
        mov     $SERIAL_SETUPS, %cx
1:      lodsw
        mov     %al, %dl
        mov     %ah, %al
        out     %al, %dx
        loop    1b

        mov     $PM1_ENABLE, %dx                # without this bit a press leaves no trace in the status
        mov     $POWER_BUTTON, %ax
        out     %ax, %dx

        mov     $hello, %si
prompt: call    say
idle:   call    power_button
        cli                                     # no byte may come unseen between the look and `hlt`
        call    typed
        jnz     key
        sti
        hlt
        jmp     idle

key:    sti
        cmp     $'a', %al
        jb      1f
        cmp     $'z', %al
        ja      1f
        and     $~0x20, %al
1:      call    put
        cmp     $'Q', %al
        je      power_off
        cmp     $'W', %al
        je      write
        cmp     $'F', %al
        je      flood
        cmp     $'R', %al
        je      reset
        cmp     $'I', %al
        je      ignore
        cmp     $'\r', %al
        jne     idle
        mov     $'\n', %al
        call    put
        jmp     idle

ignore: mov     $ignoring, %si
        xorb    $1, deaf
        jnz     prompt
        mov     $heeding, %si
        jmp     prompt

reset:  mov     $RESET_CONTROL, %dx
        mov     $0x06, %al
        out     %al, %dx
halt:   hlt
        jmp     halt

power_off:
        mov     $PM1_CONTROL, %dx
        mov     $SLEEP_ENABLE, %ax
        out     %ax, %dx
        jmp     halt

# Takes a press of the power button, if there is one: powers off, or only tells of it.
power_button:
        mov     $PM1_STATUS, %dx
        in      %dx, %ax
        and     $POWER_BUTTON, %ax
        jz      1f
        out     %ax, %dx                        # writing the bit clears it
        mov     $button, %si
        call    say
        cmpb    $0, deaf
        je      power_off
1:      ret

# The typed byte in %al with the zero flag clear, or the zero flag set.
typed:  mov     $SERIAL + 5, %dx
        in      %dx, %al
        test    $0x01, %al
        jz      1f
        mov     $SERIAL, %dx
        in      %dx, %al
1:      ret

# Prints %al. A console that nobody reads loses bytes rather than stopping the guest.
put:    pusha
        xor     %cx, %cx
        mov     %al, %ah
        mov     $SERIAL + 5, %dx
1:      in      %dx, %al
        test    $0x20, %al
        loopz   1b
        mov     $SERIAL, %dx
        mov     %ah, %al
        out     %al, %dx
        popa
        ret

# Prints `boot-sector: `, the text at %si up to its zero byte, and a line end.
say:    push    %si
        mov     $name, %si
        call    text
        pop     %si
        call    text
        mov     $line_end, %si
text:   lodsb
        test    %al, %al
        jz      1f
        call    put
        jmp     text
1:      ret

flood:  mov     $flooding, %si
        call    say
        call    power_button
        call    typed
        jz      flood
        jmp     idle

# Each chunk is filled with the count of chunks so far, and goes behind the one before it.
write:  mov     $DISK, %si
        movw    $0x1e, (%si)
        mov     $0x48, %ah
        mov     drive, %dl
        int     $0x13
        jc      failed
        mov     $END_SECTOR, %ebx
        cmp     %ebx, DISK + 16                 # the lower half of the number of sectors will do
        ja      1f
        mov     DISK + 16, %ebx
1:      sub     $CHUNK, %ebx                    # the last sector at which a chunk may start
        cmp     $FIRST_SECTOR, %ebx
        jl      failed
        xor     %ebp, %ebp
from_first:
        mov     $packet, %si
        mov     $PACKET, %di
        mov     $8, %cx
        rep     movsw
next:   mov     %ebp, %eax
        mov     $BUFFER, %di
        mov     $CHUNK * 512 / 4, %cx
        rep     stosl
        mov     $PACKET, %si
        mov     drive, %dl
        mov     $0x4300, %ax
        int     $0x13
        jc      failed
        inc     %ebp
        test    $0x0f, %bp
        jnz     1f
        mov     $'.', %al                       # one dot for each 64 KiB
        call    put
1:      call    power_button
        call    typed
        jnz     idle
        addl    $CHUNK, PACKET + 8
        cmp     %ebx, PACKET + 8
        ja      from_first
        jmp     next

failed: mov     $failure, %si
        jmp     prompt

wake:   push    %ax
        mov     $0x20, %al
        out     %al, $0x20
        pop     %ax
        iret

serial_setup:   .byte   (SERIAL + 3) & 0xff, 0x83 # 8 bits, no parity; the next two registers are the divisor
                .byte   (SERIAL + 0) & 0xff, 1    # 115200 baud
                .byte   (SERIAL + 1) & 0xff, 0
                .byte   (SERIAL + 3) & 0xff, 0x03
                .byte   (SERIAL + 2) & 0xff, 0x07 # FIFOs on and empty, an interrupt for each byte
                .byte   (SERIAL + 4) & 0xff, 0x0b
                .byte   (SERIAL + 1) & 0xff, 0x01
                .set    SERIAL_SETUPS, (. - serial_setup) / 2

packet:         .byte   16, 0, CHUNK, 0
                .word   BUFFER, 0
                .quad   FIRST_SECTOR

name:           .asciz  "\r\nboot-sector: "
hello:          .asciz  "hello"
button:         .asciz  "power button"
ignoring:       .asciz  "ignoring"
heeding:        .asciz  "heeding"
flooding:       .asciz  "flood"
failure:         .asciz  "failed"
line_end:       .asciz  "\r\n"
deaf:           .byte   0
drive:          .byte   0

        .org    0x1fe
        .word   0xaa55
