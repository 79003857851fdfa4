// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/smp_test.cc - several threads, on several CPUs where there are,
// in one address space and in clones that share its pages.

#include "tests/core/sched/kthread.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

using kthread::Kthread;

constexpr uaddr_t kAt = 0x20000000;
constexpr unsigned kThreads = 4, kPages = 130;

class SmpVmTest : public VmTest {
protected:
    // Runs body(number) in kThreads threads at once.
    static void Together(const std::function<void(unsigned)> &body)
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned i = 0; i < kThreads; i++)
            threads.emplace_back(new Kthread([&body, i] {
                body(i);
                thread_set_mmu(nullptr);
            }));
    }
    static void Put(struct aspace *as, uaddr_t at, uint8_t byte)
    {
        EXPECT_EQ(0, copy_out(as, at, &byte, 1));
    }
    static int Get(struct aspace *as, uaddr_t at)
    {
        uint8_t byte = 0;

        return copy_in(as, &byte, at, 1) != 0 ? -EFAULT : byte;
    }
};

// All race for the same pages; each page is made once.
TEST_F(SmpVmTest, FaultsInOneAddressSpace)
{
    MapAt(kAt, kPages * kPage, kRW);
    Together([this](unsigned me) {
        Use(as_);
        for (unsigned i = 0; i < kPages; i++) {
            (void)Get(as_, kAt + i * kPage + me); // the zero page first
            Put(as_, kAt + i * kPage + me, static_cast<uint8_t>(i + me + 1));
        }
    });
    EXPECT_EQ(uint64_t{kPages}, Resident());
    for (unsigned i = 0; i < kPages; i++)
        for (unsigned me = 0; me < kThreads; me++)
            EXPECT_EQ(static_cast<uint8_t>(i + me + 1),
                      Read(kAt + i * kPage + me));
}

// Threads that map, write and unmap beside each other.
TEST_F(SmpVmTest, MapsAndUnmaps)
{
    Together([this](unsigned me) {
        Use(as_);
        for (uint64_t turn = harness::steps(60); turn > 0; turn--) {
            struct map_request request = {0,       8 * kPage, kRW, kPrivate,
                                          nullptr, 0,         0};
            uaddr_t at = 0;

            EXPECT_EQ(0, aspace_map(as_, &request, &at));
            for (unsigned i = 0; i < 8; i++)
                Put(as_, at + i * kPage, static_cast<uint8_t>(me + 1));
            for (unsigned i = 0; i < 8; i++)
                EXPECT_EQ(static_cast<int>(me + 1), Get(as_, at + i * kPage));
            EXPECT_EQ(0, aspace_unmap(as_, at, 8 * kPage));
        }
    });
    EXPECT_EQ(0u, Resident());
}

// Each thread clones, writes to its clone, and finds what it wrote and what the
// others did not.
TEST_F(SmpVmTest, ClonesShareAndPart)
{
    MapAt(kAt, kPages * kPage, kRW);
    for (unsigned i = 0; i < kPages; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i)));
    Together([this](unsigned me) {
        harness::Random random(me);

        for (uint64_t turn = harness::steps(30); turn > 0; turn--) {
            struct aspace *as = nullptr;
            bool written[kPages] = {};

            ASSERT_EQ(0, aspace_clone(as_, nullptr, &as));
            Use(as);
            for (unsigned n = 0; n < 12; n++) {
                uint64_t i = random.below(kPages);

                Put(as, kAt + i * kPage, static_cast<uint8_t>(200 + me));
                written[i] = true;
            }
            if (random.below(4) == 0) {
                Use(as_); // the parent writes too: always the same byte
                Put(as_, kAt + kPage, 1);
                Use(as);
            }
            for (unsigned i = 0; i < kPages; i++)
                EXPECT_EQ(written[i] ? 200 + static_cast<int>(me)
                                     : static_cast<int>(i),
                          Get(as, kAt + i * kPage));
            EXPECT_TRUE(turn % 8 != 0 || aspace_check(as));
            thread_set_mmu(nullptr);
            aspace_put(as);
        }
    });
    for (unsigned i = 0; i < kPages; i++)
        EXPECT_EQ(static_cast<int>(i), Read(kAt + i * kPage));
}

} // namespace
