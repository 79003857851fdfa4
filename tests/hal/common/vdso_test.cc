// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/common/vdso_test.cc - the vDSO's image: what a C library and the
// kernel expect of its ELF, and what its functions do with the page below it.

#include <gtest/gtest.h>

#include <sys/mman.h>

#include <cstring>
#include <ctime>

#include "core/abi/time.h"
#include "hal/common/vdso.h"
#include "tests/support/vdso_symbol.h"

extern "C" const unsigned char blob_vdso[], blob_vdso_end[];

namespace {

constexpr size_t kPage = 4096;
constexpr const char *kVersion = "LINUX_2.6";

// The image as a program has it, and the page below it, to be filled in.
class Vdso : public testing::Test {
protected:
    void SetUp() override
    {
        size_t size = static_cast<size_t>(blob_vdso_end - blob_vdso);
        size_t whole = (size + kPage - 1) / kPage * kPage;

        ASSERT_LE(whole, 3 * kPage);
        pages_ = mmap(nullptr, kPage + whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(pages_, MAP_FAILED);
        data_ = static_cast<vdso_data *>(pages_);
        image_ = static_cast<char *>(pages_) + kPage;
        memcpy(image_, blob_vdso, size);
        size_ = kPage + whole;
        ASSERT_EQ(mprotect(image_, whole, PROT_READ | PROT_EXEC), 0);
        ASSERT_EQ(vdso_open(image_, &parsed_), 0);
    }
    void TearDown() override { (void)munmap(pages_, size_); }

    template <typename Function> Function *Find(const char *name)
    {
        const void *found = vdso_find(&parsed_, kVersion, name);
        Function *function = nullptr;

        EXPECT_NE(found, nullptr) << name;
        memcpy(&function, &found, sizeof(found));
        return function;
    }
    int64_t Read(int clock)
    {
        lx_timespec t = {-1, -1};
        int error =
            Find<int(int, lx_timespec *)>("__vdso_clock_gettime")(clock, &t);

        return error != 0 ? error : t.tv_sec * 1000000000 + t.tv_nsec;
    }
    // A clock that stands: no tick counts.
    void Stop(uint64_t ns, uint64_t wall_ns)
    {
        data_->flags = VDSO_HAS_TIME;
        data_->ns_per_tick = 0;
        data_->base_ns = ns;
        data_->wall_ns = wall_ns;
    }

    void *pages_ = nullptr;
    size_t size_ = 0;
    vdso_data *data_ = nullptr;
    char *image_ = nullptr;
    vdso_image parsed_ = {};
};

TEST_F(Vdso, HasItsFunctionsAndNoOthers)
{
    const char *const names[] = {"__vdso_clock_gettime", "__vdso_clock_getres",
                                 "__vdso_gettimeofday", "__vdso_time",
                                 "__vdso_getcpu"};
    for (const char *name : names) {
        EXPECT_NE(vdso_find(&parsed_, kVersion, name), nullptr) << name;
        EXPECT_EQ(vdso_find(&parsed_, "LINUX_2.5", name), nullptr) << name;
    }
    EXPECT_EQ(vdso_find(&parsed_, kVersion, "__vdso_nothing"), nullptr);
    EXPECT_EQ(vdso_find(&parsed_, kVersion, "vdso_data"), nullptr);
}

TEST_F(Vdso, IsOneSegmentThatIsNeverWritten)
{
    const auto *header = reinterpret_cast<const Elf64_Ehdr *>(image_);
    const auto *program =
        reinterpret_cast<const Elf64_Phdr *>(image_ + header->e_phoff);
    unsigned loads = 0;

    EXPECT_EQ(header->e_type, ET_DYN);
    EXPECT_EQ(header->e_machine, EM_X86_64);
    for (int i = 0; i < header->e_phnum; i++) {
        EXPECT_EQ(program[i].p_flags & PF_W, 0u);
        EXPECT_EQ(program[i].p_vaddr, program[i].p_offset);
        EXPECT_EQ(program[i].p_memsz, program[i].p_filesz);
        loads += program[i].p_type == PT_LOAD;
    }
    EXPECT_EQ(loads, 1u);
}

TEST_F(Vdso, TellsTheTimeByTheRule)
{
    Stop(UINT64_C(5000000007), UINT64_C(1700000000000000000));
    EXPECT_EQ(Read(LX_CLOCK_MONOTONIC), 5000000007);
    EXPECT_EQ(Read(LX_CLOCK_BOOTTIME), 5000000007);
    EXPECT_EQ(Read(LX_CLOCK_MONOTONIC_COARSE), 5000000007);
    EXPECT_EQ(Read(LX_CLOCK_REALTIME), 1700000005000000007);
    EXPECT_EQ(Read(LX_CLOCK_TAI), 1700000005000000007);
    EXPECT_EQ(Find<int64_t(int64_t *)>("__vdso_time")(nullptr), 1700000005);

    lx_timeval t = {0, 0};
    lx_timezone zone = {1, 1};
    data_->base_ns = 1999999999;
    EXPECT_EQ((Find<int(lx_timeval *, lx_timezone *)>("__vdso_gettimeofday")(
                  &t, &zone)),
              0);
    EXPECT_EQ(t.tv_sec, 1700000001);
    EXPECT_EQ(t.tv_usec, 999999);
    EXPECT_EQ(zone.tz_minuteswest, 0);
}

TEST_F(Vdso, CountsTicks)
{
    Stop(0, 0);
    data_->ns_per_tick = UINT64_C(1) << 31; // half a nanosecond
    int64_t first = Read(LX_CLOCK_MONOTONIC);
    int64_t second = Read(LX_CLOCK_MONOTONIC);
    EXPECT_GT(second, first);
    data_->base_tsc = static_cast<uint64_t>(first) * 2;
    EXPECT_LT(Read(LX_CLOCK_MONOTONIC), first);
}

// Here the system call is the host's.
TEST_F(Vdso, AsksTheKernelOtherwise)
{
    auto host = [](clockid_t clock) {
        timespec t = {};
        clock_gettime(clock, &t);
        return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
    };
    int64_t before = host(CLOCK_MONOTONIC);

    EXPECT_GE(Read(LX_CLOCK_MONOTONIC), before); // flags are 0
    Stop(1, 0);
    EXPECT_EQ(Read(LX_CLOCK_MONOTONIC), 1);
    data_->sequence = 1; // it changes right now
    EXPECT_GE(Read(LX_CLOCK_MONOTONIC), before);
    data_->sequence = 2;
    EXPECT_EQ(Read(LX_CLOCK_MONOTONIC), 1);
    EXPECT_GE(Read(LX_CLOCK_PROCESS_CPUTIME_ID), 0);
    EXPECT_EQ(Read(77), -22);
    EXPECT_EQ(Read(12), -22);
    data_->sequence = 3;
    EXPECT_GT(Find<int64_t(int64_t *)>("__vdso_time")(nullptr), 1600000000);
}

TEST_F(Vdso, TellsResolutions)
{
    auto *getres = Find<int(int, lx_timespec *)>("__vdso_clock_getres");
    lx_timespec t = {5, 5};

    EXPECT_EQ(getres(LX_CLOCK_REALTIME, &t), 0);
    EXPECT_EQ(t.tv_sec, 0);
    EXPECT_EQ(t.tv_nsec, 1);
    EXPECT_EQ(getres(LX_CLOCK_MONOTONIC_COARSE, &t), 0);
    EXPECT_EQ(t.tv_nsec, 4000000);
    EXPECT_EQ(getres(LX_CLOCK_REALTIME, nullptr), 0);
    EXPECT_EQ(getres(77, &t), -22);
}

TEST_F(Vdso, AsksForTheCpuUnlessToldNotTo)
{
    auto *getcpu = Find<int(unsigned *, unsigned *, void *)>("__vdso_getcpu");
    unsigned cpu = ~0u, node = ~0u;

    EXPECT_EQ(getcpu(&cpu, &node, nullptr), 0);
    EXPECT_LT(cpu, 4096u);
    EXPECT_EQ(getcpu(nullptr, nullptr, nullptr), 0);
    data_->flags = VDSO_HAS_CPU;
    EXPECT_EQ(getcpu(&cpu, &node, nullptr), 0); // the host's, by rdtscp
    EXPECT_EQ(node, 0u);
}

} // namespace
