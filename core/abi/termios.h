/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/termios.h - terminals: ioctl_tty(2), termios(3).
 */
#ifndef CORE_ABI_TERMIOS_H
#define CORE_ABI_TERMIOS_H

#include "core/abi/types.h"

#define LX_NCCS 19 /* of the kernel's struct; libc's is longer */

struct lx_termios {
    uint32_t c_iflag;
    uint32_t c_oflag;
    uint32_t c_cflag;
    uint32_t c_lflag;
    uint8_t c_line;
    uint8_t c_cc[LX_NCCS];
};
LX_SIZE_IS(struct lx_termios, 36);

/* The same with speeds in bits per second (TCGETS2). */
struct lx_termios2 {
    uint32_t c_iflag;
    uint32_t c_oflag;
    uint32_t c_cflag;
    uint32_t c_lflag;
    uint8_t c_line;
    uint8_t c_cc[LX_NCCS];
    uint32_t c_ispeed;
    uint32_t c_ospeed;
};
LX_SIZE_IS(struct lx_termios2, 44);

struct lx_winsize {
    uint16_t ws_row;
    uint16_t ws_col;
    uint16_t ws_xpixel;
    uint16_t ws_ypixel;
};
LX_SIZE_IS(struct lx_winsize, 8);

/* c_cc */
#define LX_VINTR              0
#define LX_VQUIT              1
#define LX_VERASE             2
#define LX_VKILL              3
#define LX_VEOF               4
#define LX_VTIME              5
#define LX_VMIN               6
#define LX_VSWTC              7
#define LX_VSTART             8
#define LX_VSTOP              9
#define LX_VSUSP              10
#define LX_VEOL               11
#define LX_VREPRINT           12
#define LX_VDISCARD           13
#define LX_VWERASE            14
#define LX_VLNEXT             15
#define LX_VEOL2              16

/* c_iflag */
#define LX_IGNBRK             0000001u
#define LX_BRKINT             0000002u
#define LX_IGNPAR             0000004u
#define LX_PARMRK             0000010u
#define LX_INPCK              0000020u
#define LX_ISTRIP             0000040u
#define LX_INLCR              0000100u
#define LX_IGNCR              0000200u
#define LX_ICRNL              0000400u
#define LX_IUCLC              0001000u
#define LX_IXON               0002000u
#define LX_IXANY              0004000u
#define LX_IXOFF              0010000u
#define LX_IMAXBEL            0020000u
#define LX_IUTF8              0040000u

/* c_oflag */
#define LX_OPOST              0000001u
#define LX_OLCUC              0000002u
#define LX_ONLCR              0000004u
#define LX_OCRNL              0000010u
#define LX_ONOCR              0000020u
#define LX_ONLRET             0000040u
#define LX_TABDLY             0014000u
#define LX_XTABS              0014000u

/* c_cflag */
#define LX_CSIZE              0000060u
#define LX_CS5                0000000u
#define LX_CS6                0000020u
#define LX_CS7                0000040u
#define LX_CS8                0000060u
#define LX_CSTOPB             0000100u
#define LX_CREAD              0000200u
#define LX_PARENB             0000400u
#define LX_PARODD             0001000u
#define LX_HUPCL              0002000u
#define LX_CLOCAL             0004000u
#define LX_CBAUD              0010017u
#define LX_CBAUDEX            0010000u
#define LX_BOTHER             0010000u
#define LX_B9600              0000015u
#define LX_B38400             0000017u
#define LX_B115200            0010002u

/* c_lflag */
#define LX_ISIG               0000001u
#define LX_ICANON             0000002u
#define LX_XCASE              0000004u
#define LX_ECHO               0000010u
#define LX_ECHOE              0000020u
#define LX_ECHOK              0000040u
#define LX_ECHONL             0000100u
#define LX_NOFLSH             0000200u
#define LX_TOSTOP             0000400u
#define LX_ECHOCTL            0001000u
#define LX_ECHOPRT            0002000u
#define LX_ECHOKE             0004000u
#define LX_IEXTEN             0100000u

/* TCFLSH, TCXONC (tcflush(3), tcflow(3)) */
#define LX_TCIFLUSH           0u
#define LX_TCOFLUSH           1u
#define LX_TCIOFLUSH          2u
#define LX_TCOOFF             0u
#define LX_TCOON              1u
#define LX_TCIOFF             2u
#define LX_TCION              3u

/* Control bytes of packet mode: ioctl_tty(2), TIOCPKT. */
#define LX_TIOCPKT_DATA       0u
#define LX_TIOCPKT_FLUSHREAD  1u
#define LX_TIOCPKT_FLUSHWRITE 2u
#define LX_TIOCPKT_STOP       4u
#define LX_TIOCPKT_START      8u
#define LX_TIOCPKT_NOSTOP     16u
#define LX_TIOCPKT_DOSTOP     32u

#endif /* CORE_ABI_TERMIOS_H */
