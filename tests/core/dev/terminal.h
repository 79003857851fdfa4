// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/terminal.h - a pseudo-terminal and jobs that are written
// down, for tests of core/dev.
#ifndef TESTS_CORE_DEV_TERMINAL_H
#define TESTS_CORE_DEV_TERMINAL_H

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/dev/pty.h"
#include "core/id/pid.h"

namespace terminal {

// What the terminals asked of jobs since the last Jobs::Install().
struct Jobs {
    struct Sent {
        struct pid *group;
        unsigned signal;
    };

    static Jobs &Get()
    {
        static Jobs jobs;
        return jobs;
    }
    // Files come and go on all CPUs.
    static void Count(int *what)
    {
        __atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
    }
    static struct tty *Current()
    {
        if (Get().current != nullptr)
            tty_get(Get().current);
        return Get().current;
    }
    static void Install()
    {
        static const struct tty_jobs table = {
            .signal =
                [](struct pid *group, unsigned signal) {
                    Get().sent.push_back({group, signal});
                },
            .check = [](struct tty *, unsigned) { return Get().check_result; },
            .acquire = [](struct tty *, bool, bool) { return -EPERM; },
            .note_open =
                [](struct tty *, bool may_read) {
                    Count(&Get().opened);
                    if (may_read)
                        Count(&Get().opened_to_read);
                },
            .give_up = [](struct tty *) { return -ENOTTY; },
            .get_group = [](struct tty *, bool, int *) { return -ENOTTY; },
            .get_session = [](struct tty *, bool, int *) { return -ENOTTY; },
            .check_owner = [](struct tty *) { return -ENOTTY; },
            .set_group = [](struct tty *, int) { return -ENOTTY; },
            .detach = [](struct tty *) { Count(&Get().detached); },
            .current = Current,
            .is_capable = [](enum tty_capability) { return Get().capable; },
            .get_owner =
                [](uint32_t *owner, uint32_t *group) {
                    *owner = Get().uid;
                    *group = Get().gid;
                },
            .install = [](struct file *, bool) { return -EMFILE; },
        };
        static const bool ready = [] {
            pty_init_all();
            return true;
        }();

        EXPECT_TRUE(ready);
        Get() = Jobs();
        tty_set_jobs(&table);
    }

    std::vector<Sent> sent;
    int detached = 0;
    int check_result = 0;
    int opened = 0, opened_to_read = 0;
    bool capable = false;
    uint32_t uid = 0, gid = 0;
    struct tty *current = nullptr;
};

// A pair whose slave is open, with what a program and a line do to it.
class Terminal {
public:
    Terminal()
    {
        Jobs::Install();
        EXPECT_EQ(0, pty_create(0, 0, &pty_));
        pty_set_locked(pty_, false);
        EXPECT_EQ(0, tty_open(tty(), &hangups_));
        tty_get(tty());
    }
    ~Terminal()
    {
        Close();
        tty_close(tty());
        tty_put(tty());
    }
    // The master is closed.
    void Close()
    {
        if (!is_closed_)
            pty_close(pty_);
        is_closed_ = true;
    }
    struct tty *tty() { return &pty_->tty; }
    struct pty *pty() { return pty_; }
    unsigned hangups() const { return hangups_; }

    // The line's side.
    size_t Type(const std::string &bytes)
    {
        return tty_receive(tty(), reinterpret_cast<const uint8_t *>(&bytes[0]),
                           bytes.size());
    }
    std::string Output(size_t size = 65536)
    {
        std::vector<uint8_t> bytes(size + 1);
        struct pty_output output;

        pty_peek(pty_, bytes.data(), size, &output);
        pty_take(pty_, &output, output.size);
        return std::string(bytes.begin(), bytes.begin() + long(output.size));
    }

    // The program's side: false when there is nothing to read.
    bool Read(size_t size, std::string *out)
    {
        std::vector<uint8_t> bytes(size + 1);
        struct ldisc_view view;

        if (!tty_peek(tty(), bytes.data(), size, &view))
            return false;
        tty_take(tty(), &view, view.spent);
        out->assign(bytes.begin(), bytes.begin() + long(view.size));
        return true;
    }
    size_t Write(const std::string &bytes)
    {
        size_t done = tty_write(
            tty(), reinterpret_cast<const uint8_t *>(&bytes[0]), bytes.size());

        tty_push(tty());
        return done;
    }
    lx_termios2 Settings()
    {
        lx_termios2 termios;

        tty_get_termios(tty(), &termios);
        return termios;
    }
    void Set(const lx_termios2 &termios) { tty_set_termios(tty(), &termios); }
    // "+ICANON -ECHO VMIN=3 VEOF=^X"
    void Set(const std::string &words);

private:
    struct pty *pty_ = nullptr;
    unsigned hangups_ = 0;
    bool is_closed_ = false;
};

// A pid of the root namespace, as a group.
class Group {
public:
    Group() { EXPECT_EQ(0, pid_alloc(pid_ns_root(), 0, &pid_)); }
    ~Group()
    {
        pid_retire(pid_);
        pid_put(pid_);
    }
    struct pid *Get()
    {
        pid_get(pid_);
        return pid_;
    }
    struct pid *pid() { return pid_; }

private:
    struct pid *pid_ = nullptr;
};

} // namespace terminal

#endif // TESTS_CORE_DEV_TERMINAL_H
