// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/boot_options_test.cc - core/proc/boot_options.h.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/base/log.h"
#include "core/proc/boot_options.h"
#include "tests/core/fs/vfs.h"
#include "tests/support/harness.h"

namespace {

boot_options Parse(const std::string &line)
{
    static boot_options o;
    boot_options_parse(line.c_str(), &o);
    return o;
}

TEST(BootOptions, ReadsWhatItKnowsAndPassesOverTheRest)
{
    static boot_options o;
    boot_options_parse(
        "console=ttyS0  loglevel=3 strace=write,mmap\tfault=nth:7 "
        "quux foo=\"a b\" init=/x rdinit=/y -- one \"two words\" -- loglevel=1",
        &o);
    EXPECT_EQ(3, o.log_level);
    EXPECT_STREQ("write,mmap", o.strace);
    EXPECT_STREQ("nth:7", o.fault_plan);
    EXPECT_STREQ("/y", o.init);
    ASSERT_EQ(4u, o.arg_count);
    EXPECT_STREQ("one", o.args[0]);
    EXPECT_STREQ("two words", o.args[1]);
    EXPECT_STREQ("--", o.args[2]);
    EXPECT_STREQ("loglevel=1", o.args[3]);
}

TEST(BootOptions, PlacesAreRandomUnlessToldOtherwise)
{
    EXPECT_FALSE(Parse("quiet").fixed_places);
    EXPECT_TRUE(Parse("quiet norandmaps").fixed_places);
    EXPECT_FALSE(Parse("norandmaps=1 -- norandmaps").fixed_places);
}

std::vector<std::string> Environment(const std::string &line)
{
    boot_options o = Parse(line);
    return std::vector<std::string>(o.env, o.env + o.env_count);
}

using Words = std::vector<std::string>;

TEST(BootOptions, UnknownWordsWithAValueAreEnvironment)
{
    EXPECT_EQ((Words{"HOME=/", "TERM=linux"}), Environment(""));
    EXPECT_EQ((Words{"HOME=/", "TERM=linux", "kb_row=fork", "X=", "Y=a b"}),
              Environment("kb_row=fork quux X= Y=\"a b\" -- Z=1"));
    EXPECT_EQ((Words{"HOME=/root", "TERM=vt100"}),
              Environment("TERM=vt100 HOME=/root"));
    EXPECT_EQ((Words{"HOME=/", "TERM=linux", "a=2"}), Environment("a=1 a=2"));
    EXPECT_EQ((Words{"HOME=/", "TERM=linux", "roots=1", "roo=1"}),
              Environment("roots=1 roo=1"));
}

TEST(BootOptions, LinuxsOwnAndModulesWordsAreNot)
{
    EXPECT_EQ((Words{"HOME=/", "TERM=linux"}),
              Environment("console=ttyS0 root=/dev/vda ro panic=-1 mem=1G "
                          "cyphera.stdin=framed virtio_mmio.device=4K@1 =x "
                          "loglevel=3 strace=1 fault=nth:7 init=/x rdinit=/y"));
}

TEST(BootOptions, LogLevels)
{
    EXPECT_EQ(LOG_CONSOLE_DEFAULT, Parse("").log_level);
    EXPECT_EQ(LOG_CONSOLE_QUIET, Parse("quiet").log_level);
    EXPECT_EQ(LOG_DEBUG + 1, Parse("debug").log_level);
    EXPECT_EQ(LOG_CONSOLE_DEFAULT, Parse("loglevel=99").log_level);
    EXPECT_EQ(LOG_CONSOLE_DEFAULT, Parse("loglevel=x").log_level);
    EXPECT_EQ(LOG_CONSOLE_DEFAULT, Parse("loglevels=1").log_level);
}

TEST(BootOptions, RdinitBeatsInit)
{
    static boot_options o;
    boot_options_parse("rdinit=/a init=/b", &o);
    EXPECT_STREQ("/a", o.init);
}

TEST(BootOptions, BoundsHold)
{
    static boot_options o;
    std::string many = "--";
    for (int i = 0; i < 200; i++)
        many += " a";
    boot_options_parse(many.c_str(), &o);
    EXPECT_EQ(unsigned{BOOT_WORDS_MAX}, o.arg_count);
    boot_options_parse(std::string(10000, 'x').c_str(), &o);
    boot_options_parse("\"unended quote", &o);
    EXPECT_EQ(0u, o.arg_count);
}

class InitCommandTest : public testing::Test {
protected:
    void Add(const char *path, const std::string &data)
    {
        vfs_.Write(path, data, 0755);
    }
    int Find(const char *line)
    {
        boot_options_parse(line, &options_);
        int error = init_command_find(&vfs_.ask, &options_, &command_);
        if (error != 0)
            return error;
        strings_.assign(command_.args.strings, command_.args.strings_size);
        argc_ = command_.args.argc;
        envc_ = command_.args.envc;
        init_command_free(&command_);
        return 0;
    }

    Vfs vfs_;
    boot_options options_;
    init_command command_;
    std::string strings_;
    unsigned argc_ = 0, envc_ = 0;
};

const std::string kEnvironment("HOME=/\0TERM=linux\0", 18);

TEST_F(InitCommandTest, TheArgvFileComesFirstAndGoes)
{
    Add("cyphera.argv", std::string("/a\0\0c\0", 6));
    Add("init", "");
    EXPECT_EQ(0, Find("init=/x"));
    EXPECT_EQ(std::string("/a\0\0c\0", 6) + kEnvironment, strings_);
    EXPECT_EQ(3u, argc_);
    EXPECT_EQ(2u, envc_);
    EXPECT_EQ(0, Find("init=/x"));
    EXPECT_EQ(std::string("/x\0", 3) + kEnvironment, strings_);
}

TEST_F(InitCommandTest, TheUsualPlacesInOrder)
{
    EXPECT_EQ(-ENOENT, Find(""));
    Add("init", "");
    EXPECT_EQ(0, Find("-- b c"));
    EXPECT_EQ(std::string("/init\0b\0c\0", 10) + kEnvironment, strings_);
    EXPECT_EQ(3u, argc_);
}

TEST_F(InitCommandTest, DamagedArgvFiles)
{
    Add("cyphera.argv", "/no-nul");
    EXPECT_EQ(-EINVAL, Find(""));
    Add("cyphera.argv", "");
    EXPECT_EQ(-EINVAL, Find(""));
    Add("cyphera.argv", std::string("\0", 1));
    EXPECT_EQ(-EINVAL, Find(""));
    Add("cyphera.argv", std::string(EXEC_STRINGS_MAX + 1, '\0'));
    EXPECT_EQ(-E2BIG, Find(""));
    std::string full(EXEC_STRINGS_MAX, 'a');
    full.back() = '\0';
    Add("cyphera.argv", full);
    EXPECT_EQ(-E2BIG, Find("")); // no room for the environment
}

} // namespace
