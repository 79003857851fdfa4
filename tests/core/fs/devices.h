// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/devices.h - the devices that core registers at boot, for tests
// of their files; jobs are those of tests/core/dev/terminal.h.
#ifndef TESTS_CORE_FS_DEVICES_H
#define TESTS_CORE_FS_DEVICES_H

#include "core/dev/chardev.h"
#include "core/fs/char_file.h"
#include "core/fs/kmsg.h"
#include "core/fs/tty_file.h"
#include "tests/core/dev/terminal.h"
#include "tests/core/fs/file_fixture.h"

namespace devices {

inline void Install()
{
    terminal::Jobs::Install();
    static const bool ready = [] {
        chardev_init_all();
        EXPECT_EQ(0, chardev_register_memory());
        EXPECT_EQ(0, tty_files_init());
        EXPECT_EQ(0, kmsg_init());
        return true;
    }();

    EXPECT_TRUE(ready);
}

// An open file of a device, closed at the end.
class Opened {
public:
    Opened(uint32_t major, uint32_t minor, unsigned flags)
    {
        EXPECT_EQ(0, char_open(chardev_number(major, minor), flags, &file_));
    }
    explicit Opened(file *f) : file_(f) {}
    ~Opened() { Close(); }
    Opened(const Opened &) = delete;
    Opened &operator=(const Opened &) = delete;

    void Close()
    {
        if (file_ != nullptr)
            file_put(file_);
        file_ = nullptr;
    }
    file *get() { return file_; }
    int64_t Seek(int64_t offset, unsigned whence)
    {
        mutex_lock(&file_->position_lock);
        int64_t at = file_->ops->seek(file_, offset, whence);
        mutex_unlock(&file_->position_lock);
        return at;
    }

private:
    file *file_ = nullptr;
};

} // namespace devices

#endif // TESTS_CORE_FS_DEVICES_H
