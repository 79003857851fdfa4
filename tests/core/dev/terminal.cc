// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/terminal.cc - settings by name.
#include "tests/core/dev/terminal.h"

#include <sstream>

namespace terminal {

namespace {

struct Flag {
    uint32_t lx_termios2::*field;
    uint32_t bits;
};

const std::map<std::string, Flag> &Flags()
{
    static const std::map<std::string, Flag> flags = {
#define INPUT(name) \
    { \
#name, \
        { \
            &lx_termios2::c_iflag, LX_##name \
        } \
    }
#define OUTPUT(name) \
    { \
#name, \
        { \
            &lx_termios2::c_oflag, LX_##name \
        } \
    }
#define LOCAL(name) \
    { \
#name, \
        { \
            &lx_termios2::c_lflag, LX_##name \
        } \
    }
        INPUT(ISTRIP),  INPUT(INLCR),  INPUT(IGNCR),   INPUT(ICRNL),
        INPUT(IXON),    INPUT(IXANY),  INPUT(IXOFF),   INPUT(PARMRK),
        INPUT(IMAXBEL), INPUT(IUCLC),  INPUT(IUTF8),   OUTPUT(OPOST),
        OUTPUT(ONLCR),  OUTPUT(OCRNL), OUTPUT(ONOCR),  OUTPUT(ONLRET),
        OUTPUT(OLCUC),  OUTPUT(XTABS), LOCAL(ISIG),    LOCAL(ICANON),
        LOCAL(ECHO),    LOCAL(ECHOE),  LOCAL(ECHOK),   LOCAL(ECHONL),
        LOCAL(NOFLSH),  LOCAL(IEXTEN), LOCAL(ECHOCTL), LOCAL(ECHOPRT),
        LOCAL(ECHOKE),
#undef INPUT
#undef OUTPUT
#undef LOCAL
    };
    return flags;
}

const std::map<std::string, unsigned> &Keys()
{
    static const std::map<std::string, unsigned> keys = {
        {"VINTR", LX_VINTR}, {"VQUIT", LX_VQUIT},   {"VERASE", LX_VERASE},
        {"VKILL", LX_VKILL}, {"VEOF", LX_VEOF},     {"VTIME", LX_VTIME},
        {"VMIN", LX_VMIN},   {"VSTART", LX_VSTART}, {"VSTOP", LX_VSTOP},
        {"VSUSP", LX_VSUSP}, {"VEOL", LX_VEOL},     {"VEOL2", LX_VEOL2},
    };
    return keys;
}

void Apply(const std::string &word, lx_termios2 *termios)
{
    size_t at = word.find('=');

    if (at == std::string::npos) {
        const Flag &flag = Flags().at(word.substr(1));

        if (word[0] == '+')
            termios->*flag.field |= flag.bits;
        else
            termios->*flag.field &= ~flag.bits;
        return;
    }
    std::string value = word.substr(at + 1);

    termios->c_cc[Keys().at(word.substr(0, at))] =
        uint8_t(value[0] == '^' ? value[1] & 0x1f : std::stoi(value));
}

} // namespace

void Terminal::Set(const std::string &words)
{
    lx_termios2 termios = Settings();
    std::istringstream in(words);

    for (std::string word; in >> word;)
        Apply(word, &termios);
    Set(termios);
}

} // namespace terminal
