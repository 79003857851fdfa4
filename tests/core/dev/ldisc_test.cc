// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/ldisc_test.cc - core/dev/ldisc.h, and the queues of
// core/dev/tty.h around it.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "core/dev/ldisc.h"
#include "tests/core/dev/terminal.h"
#include "tests/support/harness.h"

namespace {

using terminal::Terminal;

// A script's next piece: bytes that are typed, or a command.
struct Piece {
    std::string bytes, command;
};

uint8_t Control(char c)
{
    return c == '?' ? 0x7f : uint8_t(c & 0x1f);
}

// Takes one byte of a script at *at.
char Unescape(const std::string &text, size_t *at)
{
    char c = text[(*at)++];

    if (c == '^')
        return char(Control(text[(*at)++]));
    if (c == '\\' && text[*at] == 'x') {
        c = char(std::stoi(text.substr(*at + 1, 2), nullptr, 16));
        *at += 3;
        return c;
    }
    return c == '\\' ? text[(*at)++] : c;
}

std::vector<Piece> Parse(const std::string &script)
{
    std::vector<Piece> pieces;

    for (size_t at = 0; at < script.size();) {
        if (script[at] == '{') {
            size_t end = script.find('}', at);

            pieces.push_back({"", script.substr(at + 1, end - at - 1)});
            at = end + 1;
            continue;
        }
        if (pieces.empty() || !pieces.back().command.empty())
            pieces.push_back({});
        pieces.back().bytes += Unescape(script, &at);
    }
    return pieces;
}

std::string Escape(const std::string &bytes)
{
    static const char special[] = "\\<>#.)\"";
    std::string out;
    char text[8];

    for (char c : bytes) {
        auto byte = uint8_t(c);

        snprintf(text, sizeof(text), "\\x%02x", byte);
        if (byte > 0x20 && byte < 0x7f && !strchr(special, c))
            out += c;
        else
            out += text;
    }
    return out;
}

// Runs a script as ldisc_oracle.py does on the host.
class Player {
public:
    std::string Play(const std::string &script)
    {
        for (const Piece &piece : Parse(script)) {
            if (piece.command.empty())
                EXPECT_EQ(piece.bytes.size(), term_.Type(piece.bytes));
            else
                Obey(piece.command[0], piece.command.substr(1));
            ShowOutput();
        }
        for (int i = 0; i < 4 && Read(4096); i++)
            ;
        return shown_;
    }

private:
    void Show(const std::string &token)
    {
        shown_ += (shown_.empty() ? "" : " ") + token;
    }
    void ShowOutput()
    {
        std::string output = term_.Output();

        if (!output.empty())
            Show(">" + Escape(output));
    }
    bool Read(size_t size)
    {
        std::string bytes;

        if (!term_.Read(size, &bytes)) {
            const lx_termios2 now = term_.Settings();
            bool polls = !(now.c_lflag & LX_ICANON) && !now.c_cc[LX_VMIN];

            Show(polls ? "<" : ".");
            return polls;
        }
        Show("<" + Escape(bytes));
        return true;
    }
    void Obey(char what, const std::string &rest)
    {
        if (what == 'S')
            term_.Set(rest);
        else if (what == 'R')
            Read(rest.empty() ? 4096 : std::stoul(rest));
        else if (what == 'W')
            Write(rest.substr(1));
        else if (what == 'F')
            EXPECT_EQ(0, tty_flush(term_.tty(), unsigned(std::stoi(rest))));
        else if (what == 'T')
            EXPECT_EQ(0, tty_flow(term_.tty(), unsigned(std::stoi(rest))));
        else
            Show("#" + std::to_string(tty_count_in(term_.tty())));
    }
    void Write(const std::string &text)
    {
        std::string bytes;

        for (size_t at = 0; at < text.size();)
            bytes += Unescape(text, &at);
        EXPECT_EQ(bytes.size(), term_.Write(bytes));
    }

    Terminal term_;
    std::string shown_;
};

struct LdiscCase {
    const char *name, *script, *transcript;
};

const LdiscCase kCases[] = {
#define CASE(name, script, transcript) {name, script, transcript},
#include "tests/core/dev/ldisc_cases.inc"
#undef CASE
};

TEST(Ldisc, DoesWhatLinuxDoes)
{
    for (const LdiscCase &c : kCases) {
        SCOPED_TRACE(std::string(c.name) + ": " + c.script);
        EXPECT_EQ(c.transcript, Player().Play(c.script));
    }
    EXPECT_LT(150u, std::size(kCases));
}

// termios(3): a line holds 4095 bytes and its end.
TEST(Ldisc, LosesWhatAFullLineCannotHold)
{
    Terminal term;
    std::string line;

    term.Set("-ECHO");
    EXPECT_EQ(5000u, term.Type(std::string(5000, 'x')));
    EXPECT_FALSE(term.Read(8192, &line));
    EXPECT_EQ(1u, term.Type("\n"));
    EXPECT_TRUE(term.Read(8192, &line));
    EXPECT_EQ(std::string(4095, 'x') + "\n", line);
}

TEST(Ldisc, KeepsTheLastByteOfAFullLine)
{
    Terminal term;
    std::string line;

    term.Set("-ECHO");
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(1000u, term.Type(std::string(1000, char('a' + i))));
    term.Type("\n");
    EXPECT_TRUE(term.Read(8192, &line));
    EXPECT_EQ(4096u, line.size());
    EXPECT_EQ("ee\n", line.substr(4093));
}

TEST(Ldisc, TakesNoMoreBehindWholeLines)
{
    Terminal term;
    std::string line;

    term.Set("-ECHO");
    EXPECT_EQ(10u, term.Type("some line\n"));
    EXPECT_EQ(4085u, term.Type(std::string(5000, 'x')));
    EXPECT_FALSE(tty_has_room(term.tty()));
    EXPECT_EQ(0u, pty_poll(term.pty()) & 4u);
    EXPECT_TRUE(term.Read(8192, &line));
    EXPECT_TRUE(tty_has_room(term.tty()));
    EXPECT_EQ(10u, term.Type(std::string(10, 'x')));
}

TEST(Ldisc, RawInputStopsWhereTheQueueIsFull)
{
    Terminal term;
    std::string bytes;

    term.Set("-ICANON -ECHO -ISIG -IXON -ICRNL");
    EXPECT_EQ(4095u, term.Type(std::string(5000, 'x')));
    EXPECT_EQ(0u, term.Type("y"));
    EXPECT_TRUE(term.Read(8192, &bytes));
    EXPECT_EQ(4095u, bytes.size());
    EXPECT_EQ(1u, term.Type("y"));
}

// Writers leave room for echo, which is lost only when there is none at all.
TEST(Ldisc, OutputIsBounded)
{
    Terminal term;

    EXPECT_EQ(size_t(LDISC_OUT_MAX),
              term.Write(std::string(LDISC_OUT_SIZE, 'x')));
    EXPECT_EQ(0u, term.Write("y"));
    term.Type("abc");
    EXPECT_EQ(size_t(LDISC_OUT_MAX) + 3, tty_count_out(term.tty()));
    term.Set("-ICANON");
    for (int i = 0; i < 8; i++) {
        std::string bytes;

        EXPECT_EQ(1000u, term.Type(std::string(1000, 'z')));
        EXPECT_TRUE(term.Read(4096, &bytes));
    }
    EXPECT_EQ(size_t(LDISC_OUT_SIZE), tty_count_out(term.tty()));
    EXPECT_EQ(size_t(LDISC_OUT_SIZE), term.Output().size());
    EXPECT_EQ(1u, term.Write("y"));
}

// A newline is two bytes or none, a tab all its spaces or none.
TEST(Ldisc, OutputIsNotCutInsideACharacter)
{
    Terminal term;

    term.Set("+XTABS");
    EXPECT_EQ(4u, term.Write("abc\r"));
    EXPECT_EQ(size_t(LDISC_OUT_MAX) - 6,
              term.Write(std::string(LDISC_OUT_MAX - 6, 'x')));
    EXPECT_EQ(0u, term.Write("\t"));
    EXPECT_EQ(1u, term.Write("x"));
    EXPECT_EQ(0u, term.Write("\n"));
    EXPECT_EQ(1u, term.Write("y"));
}

// Rules of the raw mode, of lines and of both queues, against plain models:
// what goes in comes out, whatever the sizes.
TEST(Ldisc, WalkLosesNothing)
{
    harness::Random random(20);
    Terminal term;
    std::deque<char> input, output;

    term.Set("-ICANON -ECHO -ISIG -IXON -ICRNL -OPOST");
    for (int step = 0; step < int(harness::steps(20000)); step++) {
        std::string bytes(random.below(700), '\0');
        std::string got;
        size_t done;

        for (char &c : bytes)
            c = char(random.next());
        switch (random.below(4)) {
        case 0:
            done = term.Type(bytes);
            input.insert(input.end(), bytes.begin(),
                         bytes.begin() + long(done));
            EXPECT_TRUE(done == bytes.size() || input.size() == 4095);
            break;
        case 1:
            if (!term.Read(bytes.size(), &got))
                got.clear();
            EXPECT_EQ(got, std::string(input.begin(),
                                       input.begin() + long(got.size())));
            EXPECT_EQ(std::min(bytes.size(), input.size()), got.size());
            input.erase(input.begin(), input.begin() + long(got.size()));
            break;
        case 2:
            done = term.Write(bytes);
            output.insert(output.end(), bytes.begin(),
                          bytes.begin() + long(done));
            EXPECT_TRUE(done == bytes.size() || output.size() == LDISC_OUT_MAX);
            break;
        default:
            got = term.Output(bytes.size());
            EXPECT_EQ(got, std::string(output.begin(),
                                       output.begin() + long(got.size())));
            EXPECT_EQ(std::min(bytes.size(), output.size()), got.size());
            output.erase(output.begin(), output.begin() + long(got.size()));
            break;
        }
        if (HasFailure())
            return;
    }
}

// Any keys in any mode: the counts agree, and reading what is there empties it.
TEST(Ldisc, WalkThroughSettingsStaysSound)
{
    static const char *const words[] = {
        "+ICANON", "-ICANON", "+ECHO",  "-ECHO",   "+ECHOPRT", "-ECHOPRT",
        "+IUTF8",  "-IUTF8",  "+XTABS", "-XTABS",  "+PARMRK",  "-PARMRK",
        "+OPOST",  "-OPOST",  "+ISIG",  "-ISIG",   "+NOFLSH",  "-NOFLSH",
        "+IXON",   "-IXON",   "VEOL=0", "VEOL=97", "+ISTRIP",  "-ISTRIP"};
    static const char keys[] =
        "\x7f\x15\x17\x04\n\r\t\x16\x12\x03\x13\x11 a\xc3";
    harness::Random random(20);
    Terminal term;

    for (int step = 0; step < int(harness::steps(20000)); step++) {
        std::string bytes(random.below(40), '\0');
        std::string got;

        for (char &c : bytes)
            c = keys[random.below(sizeof(keys) - 1)];
        if (random.below(4) == 0)
            term.Set(words[random.below(std::size(words))]);
        term.Type(bytes);
        term.Write(bytes);
        if (random.below(3) == 0)
            term.Output(random.below(9000));
        if (random.below(3) != 0)
            continue;
        size_t count = tty_count_in(term.tty()), sum = 0;
        while (term.Read(1 + random.below(100), &got))
            sum += got.size();
        ASSERT_EQ(count, sum);
        ASSERT_EQ(0u, tty_count_in(term.tty()));
    }
}

} // namespace
