/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/ioctl.h - request numbers of ioctl(2): ioctl_list(2), ioctl_tty(2).
 */
#ifndef CORE_ABI_IOCTL_H
#define CORE_ABI_IOCTL_H

#define LX_TCGETS      0x5401u
#define LX_TCSETS      0x5402u
#define LX_TCSETSW     0x5403u
#define LX_TCSETSF     0x5404u
#define LX_TCSBRK      0x5409u
#define LX_TCXONC      0x540Au
#define LX_TCFLSH      0x540Bu
#define LX_TIOCEXCL    0x540Cu
#define LX_TIOCNXCL    0x540Du
#define LX_TIOCSCTTY   0x540Eu
#define LX_TIOCGPGRP   0x540Fu
#define LX_TIOCSPGRP   0x5410u
#define LX_TIOCOUTQ    0x5411u
#define LX_TIOCSTI     0x5412u
#define LX_TIOCGWINSZ  0x5413u
#define LX_TIOCSWINSZ  0x5414u
#define LX_FIONREAD    0x541Bu
#define LX_TIOCCONS    0x541Du
#define LX_TIOCPKT     0x5420u
#define LX_FIONBIO     0x5421u
#define LX_TIOCNOTTY   0x5422u
#define LX_TIOCSETD    0x5423u
#define LX_TIOCGETD    0x5424u
#define LX_TCSBRKP     0x5425u
#define LX_TIOCGSID    0x5429u
#define LX_TCGETS2     0x802C542Au
#define LX_TCSETS2     0x402C542Bu
#define LX_TCSETSW2    0x402C542Cu
#define LX_TCSETSF2    0x402C542Du
#define LX_TIOCGPTN    0x80045430u
#define LX_TIOCSPTLCK  0x40045431u
#define LX_TIOCGDEV    0x80045432u
#define LX_TIOCSIG     0x40045436u
#define LX_TIOCVHANGUP 0x5437u
#define LX_TIOCGPKT    0x80045438u
#define LX_TIOCGPTLCK  0x80045439u
#define LX_TIOCGEXCL   0x80045440u
#define LX_TIOCGPTPEER 0x5441u
#define LX_FIONCLEX    0x5450u
#define LX_FIOCLEX     0x5451u
#define LX_FIOASYNC    0x5452u

#endif /* CORE_ABI_IOCTL_H */
