// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/devpts_test.cc - core/fs/devpts/devpts.h. Run with one CPU and
// with four.

#include <memory>

#include "core/base/fault.h"
#include "core/dev/pty.h"
#include "core/fs/mount.h"
#include "tests/core/fs/devices.h"
#include "tests/core/fs/vfs.h"
#include "tests/core/sched/kthread.h"

namespace {

using kthread::Kthread;
using terminal::Jobs;

class DevptsTest : public testing::Test {
protected:
    void SetUp() override
    {
        devices::Install();
        ASSERT_EQ(0, vfs_.Dir("p"));
    }
    int Mount(const std::string &options, const std::string &where = "p")
    {
        super_source source = {"none", options.c_str(), false};
        const fs_type *type = fs_find("devpts");
        super *super;
        path at;
        int error = type->mount(type, &source, &super);

        if (error != 0)
            return error;
        error = path_find(&vfs_.ask, where.c_str(), &at);
        if (error == 0) {
            error = mount_attach(vfs_.ns, super, &at, 0, "none");
            path_put(&at);
        }
        if (super->ops->show != nullptr) {
            char text[128] = {};

            EXPECT_GT(sizeof(text),
                      super->ops->show(super, text, sizeof(text)));
            shown_ = text;
        }
        super_put(super);
        return error;
    }
    static file *Master()
    {
        file *f = nullptr;

        EXPECT_EQ(0, pty_file_open(LX_O_RDWR, &f));
        return f;
    }
    lx_stat Stat(const std::string &name)
    {
        lx_stat stat = {};

        EXPECT_EQ(0, vfs_.Stat("p/" + name, &stat)) << name;
        return stat;
    }
    Vfs vfs_;
    std::string shown_;
};

TEST_F(DevptsTest, SlavesComeAndGo)
{
    ASSERT_EQ(0, Mount(""));
    EXPECT_EQ((std::vector<std::string>{"ptmx"}), vfs_.List("p"));
    EXPECT_EQ(-ENOENT, vfs_.Find("p/0"));
    file *zero = Master(), *one = Master();
    EXPECT_EQ((std::vector<std::string>{"ptmx", "0", "1"}), vfs_.List("p"));
    EXPECT_EQ(0, vfs_.Find("p/0"));
    file_put(zero);
    EXPECT_EQ((std::vector<std::string>{"ptmx", "1"}), vfs_.List("p"));
    EXPECT_EQ(-ENOENT, vfs_.Find("p/0"));
    EXPECT_EQ(0, vfs_.Find("p/1"));
    file_put(one);
}

TEST_F(DevptsTest, OnlyNumbersAsTheyAreWritten)
{
    file *f = Master();

    ASSERT_EQ(0, Mount(""));
    for (const char *name :
         {"00", "+0", "-0", "0x", "x0", " 0", "1", "1024", "4294967296",
          "18446744073709551616", "99999999999", "ptm", "ptmxx"})
        EXPECT_EQ(-ENOENT, vfs_.Find(std::string("p/") + name)) << name;
    EXPECT_EQ(0, vfs_.Find("p/0"));
    file_put(f);
}

TEST_F(DevptsTest, TheNodesAreTheirMakers)
{
    ASSERT_EQ(0, Mount(""));
    Jobs::Get().uid = 12;
    Jobs::Get().gid = 34;
    file *f = Master();
    EXPECT_EQ(unsigned(LX_S_IFCHR | 0600), Stat("0").st_mode);
    EXPECT_EQ(12u, Stat("0").st_uid);
    EXPECT_EQ(34u, Stat("0").st_gid);
    EXPECT_EQ(chardev_number(PTY_MAJOR, 0), Stat("0").st_rdev);
    EXPECT_EQ(unsigned(LX_S_IFCHR), Stat("ptmx").st_mode);
    EXPECT_EQ(chardev_number(5, 2), Stat("ptmx").st_rdev);
    EXPECT_EQ(unsigned(LX_S_IFDIR | 0755), Stat("").st_mode);
    EXPECT_NE(Stat("0").st_ino, Stat("ptmx").st_ino);
    file_put(f);
}

TEST_F(DevptsTest, Options)
{
    ASSERT_EQ(0, vfs_.Dir("q"));
    Jobs::Get().uid = 12;
    file *f = Master();
    ASSERT_EQ(0, Mount("gid=5,mode=620,ptmxmode=666,uid=7,newinstance,max=9"));
    EXPECT_EQ(",uid=7,gid=5,mode=620,ptmxmode=666", shown_);
    EXPECT_EQ(unsigned(LX_S_IFCHR | 0620), Stat("0").st_mode);
    EXPECT_EQ(7u, Stat("0").st_uid);
    EXPECT_EQ(5u, Stat("0").st_gid);
    EXPECT_EQ(unsigned(LX_S_IFCHR | 0666), Stat("ptmx").st_mode);
    // Each mount for itself.
    lx_stat stat = {};
    ASSERT_EQ(0, Mount("", "q"));
    EXPECT_EQ(",mode=600,ptmxmode=000", shown_);
    EXPECT_EQ(0, vfs_.Stat("q/0", &stat));
    EXPECT_EQ(12u, stat.st_uid);
    for (const char *bad : {"uid", "uid=x", "uid=4294967295", "mode=8",
                            "mode=1777", "ptmxmode=-1", "what", "gid="})
        EXPECT_EQ(-EINVAL, Mount(bad)) << bad;
    file_put(f);
}

// A node may be changed, and another pair of its number has a fresh one.
TEST_F(DevptsTest, ANodeIsOfOnePair)
{
    inode_change change = {};
    path at;

    ASSERT_EQ(0, Mount(""));
    file *f = Master();
    ASSERT_EQ(0, path_find(&vfs_.ask, "p/0", &at));
    change.fields = CHANGE_MODE | CHANGE_UID;
    change.mode = 0622;
    change.uid = 99;
    EXPECT_EQ(0, inode_apply(path_inode(&at), vfs_.root, &change));
    EXPECT_EQ(unsigned(LX_S_IFCHR | 0622), Stat("0").st_mode);
    EXPECT_EQ(99u, Stat("0").st_uid);
    file_put(f);
    EXPECT_EQ(-ENOENT, vfs_.Find("p/0"));
    f = Master();
    EXPECT_EQ(unsigned(LX_S_IFCHR | 0600), Stat("0").st_mode);
    EXPECT_EQ(0u, Stat("0").st_uid);
    // The old one, where it is held, is still what it was.
    EXPECT_EQ(99u, path_inode(&at)->uid);
    path_put(&at);
    file_put(f);
}

TEST_F(DevptsTest, NothingIsMadeOrRemovedByName)
{
    ASSERT_EQ(0, Mount(""));
    file *f = Master(), *made;
    EXPECT_NE(0, vfs_.Dir("p/d"));
    EXPECT_NE(0, vfs_.Open("p/f", LX_O_CREAT | LX_O_RDWR, 0644, &made));
    EXPECT_NE(0, vfs_.Unlink("p/0"));
    EXPECT_NE(0, vfs_.Rename("p/0", "p/1"));
    EXPECT_EQ((std::vector<std::string>{"ptmx", "0"}), vfs_.List("p"));
    file_put(f);
}

TEST_F(DevptsTest, AnOpenNodeIsTheSlave)
{
    ASSERT_EQ(0, Mount("ptmxmode=666"));
    file *master, *slave;
    ASSERT_EQ(0, vfs_.Open("p/ptmx", LX_O_RDWR, 0, &master));
    EXPECT_EQ(-EIO, vfs_.Open("p/0", LX_O_RDWR | LX_O_NOCTTY, 0, &slave));
    pty *pty = pty_find(0);
    pty_set_locked(pty, false);
    tty_put(&pty->tty);
    ASSERT_EQ(0, vfs_.Open("p/0", LX_O_RDWR | LX_O_NOCTTY, 0, &slave));
    EXPECT_EQ(5, files::Write(slave, "hello"));
    EXPECT_EQ("hello", files::Get(master, 100));
    file_put(slave);
    file_put(master);
}

TEST_F(DevptsTest, NoMemory)
{
    const fs_type *type = fs_find("devpts");

    EXPECT_LE(3u, harness::sweep_allocations([type] {
                  super_source source = {"none", "mode=620", false};
                  super *super;
                  int error = type->mount(type, &source, &super);

                  if (error == 0)
                      super_put(super);
                  rcu_barrier();
                  return error;
              }));
    // A fresh node for each pair.
    ASSERT_EQ(0, Mount(""));
    file *f = nullptr;
    for (unsigned k = 1; k < 20; k++) {
        f = Master();
        fault_plan_nth(FAULT_ANY, k);
        int error = vfs_.Find("p/0");
        uint64_t failed = fault_failed();
        fault_plan_nth(FAULT_ANY, 0);
        EXPECT_TRUE(error == 0 || (error == -ENOMEM && failed > 0)) << error;
        EXPECT_EQ(0, vfs_.Find("p/0"));
        file_put(f);
        if (failed == 0) {
            EXPECT_LT(1u, k);
            return;
        }
    }
    ADD_FAILURE() << "it never passes";
}

// Pairs come and go while their nodes are looked up, opened and listed.
TEST_F(DevptsTest, StormFromAllCpus)
{
    uint64_t rounds = harness::steps(300);
    unsigned done = 0;
    uint64_t found = 0;

    ASSERT_EQ(0, Mount(""));
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < 2; n++)
            threads.push_back(std::make_unique<Kthread>([&] {
                for (uint64_t i = 0; i < rounds; i++) {
                    file *f = Master();

                    kthread::Pause();
                    file_put(f);
                }
                __atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL);
            }));
        for (unsigned n = 0; n < 2; n++)
            threads.push_back(std::make_unique<Kthread>([&, n] {
                const std::string name = "p/" + std::to_string(n);

                while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < 2) {
                    lx_stat stat = {};
                    int error = vfs_.Stat(name, &stat);

                    EXPECT_TRUE(error == 0 || error == -ENOENT) << error;
                    if (error == 0) {
                        EXPECT_EQ(chardev_number(PTY_MAJOR, n), stat.st_rdev);
                        __atomic_fetch_add(&found, 1, __ATOMIC_RELAXED);
                    }
                    EXPECT_LE(1u, vfs_.List("p").size());
                    kthread::Pause();
                }
            }));
    }
    EXPECT_LT(0u, found);
    EXPECT_EQ((std::vector<std::string>{"ptmx"}), vfs_.List("p"));
}

} // namespace
