// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/hosted/window_test.cc - a kick at each instruction of the stub's
// way into user code, one after the other: a debugger's single steps bring the
// stub there. None may be lost, and none may cost a bit of the state. What the
// storm meets by chance, this meets for certain.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <thread>

#include <gtest/gtest.h>

#include "core/abi/sigcontext.h"
#include "hal/hosted/engine.h"
#include "tests/hal/hosted/stub_fixture.h"

extern "C" const unsigned char blob_stub[], blob_stub_end[];

namespace {

const uint8_t kCall[] = {0x0f, 0x05}; // syscall

// stub_resume begins with cmpl $0, kick(%rdi) and ends with iretq.
const uint8_t kBegin[] = {0x83, 0xbf, STUB_AT_KICK, 0, 0, 0, 0};
const uint8_t kEnd[] = {0x48, 0xcf};

uint64_t find_code(uint64_t from, const uint8_t *code, size_t size)
{
    size_t total = static_cast<size_t>(blob_stub_end - blob_stub);
    const void *at = memmem(blob_stub + from, total - from, code, size);

    return at == nullptr
               ? 0
               : static_cast<uint64_t>(static_cast<const unsigned char *>(at) -
                                       blob_stub);
}

// Brings the stub to the n-th instruction of its way in, kicks, and lets go.
class Debugger {
public:
    Debugger(int tid, unsigned n) : tid_(tid), n_(n)
    {
        begin_ = STUB_BASE + find_code(0, kBegin, sizeof(kBegin));
        end_ = STUB_BASE + find_code(begin_ - STUB_BASE, kEnd, sizeof(kEnd)) +
               sizeof(kEnd);
    }

    void operator()()
    {
        ok = stop() && step_to(begin_);
        for (unsigned i = 0; ok && i < n_; i++)
            ok = step();
        at = rip();
        inside = at >= begin_ && at < end_;
        hosted_cpu_raise(hosted_cpu_at(0), HOSTED_IRQ_KICK);
        // The kick shows up first; it is delivered with the letting go.
        ok = ok && ptrace(PTRACE_CONT, tid_, nullptr, nullptr) == 0 &&
             wait() == SIGUSR1;
        ptrace(PTRACE_DETACH, tid_, nullptr, ok ? SIGUSR1 : 0);
    }

    bool ready = false;  // the stub is stopped: the run may begin
    bool ok = false;     // all went as planned
    bool inside = false; // the kick came on the way in
    uint64_t at = 0;

private:
    int wait()
    {
        int status = 0;

        if (waitpid(tid_, &status, __WALL) != tid_ || !WIFSTOPPED(status))
            return -1;
        return WSTOPSIG(status);
    }

    bool stop()
    {
        bool good = ptrace(PTRACE_SEIZE, tid_, nullptr, nullptr) == 0 &&
                    ptrace(PTRACE_INTERRUPT, tid_, nullptr, nullptr) == 0 &&
                    wait() == SIGTRAP;

        __atomic_store_n(&ready, true, __ATOMIC_RELEASE);
        while (__atomic_load_n(&hosted_cpu_at(0)->in_user, __ATOMIC_ACQUIRE) !=
               1)
            sched_yield();
        return good;
    }

    bool step()
    {
        return ptrace(PTRACE_SINGLESTEP, tid_, nullptr, nullptr) == 0 &&
               wait() == SIGTRAP;
    }

    uint64_t rip()
    {
        struct lx_user_regs regs = {}; // the same layout

        (void)ptrace(PTRACE_GETREGS, tid_, nullptr, &regs);
        return regs.rip;
    }

    bool step_to(uint64_t address)
    {
        for (int i = 0; i < 10000; i++) {
            if (rip() == address)
                return true;
            if (!step())
                return false;
        }
        return false;
    }

    int tid_;
    unsigned n_;
    uint64_t begin_, end_;
};

class WindowTest : public StubTest {
protected:
    static constexpr size_t kVectors = 160, kVectorsSize = 256;

    void SetUp() override
    {
        StubTest::SetUp();
        open(kCall, sizeof(kCall));
        start();
        EXPECT_EQ(HAL_TRAP_CALL, run().kind); // its page is mapped now
    }

    // Gives every register a value of its own.
    struct lx_user_regs fill()
    {
        uint8_t image[HAL_FPU_IMAGE_MAX];
        struct lx_user_regs r = {};
        uint64_t *word = &r.r15;

        for (uint64_t i = 0; word + i <= &r.rdi; i++)
            word[i] = 0x0123456789abcdef * (i + 1);
        r.rip = kCode;
        r.rsp = kData + 64;
        r.eflags = 0x8d5;
        r.fs_base = 0x1111000;
        r.gs_base = 0x2222000;
        EXPECT_EQ(0, hal_user_set(user_, &r));
        hal_user_fpu_get(user_, image);
        for (size_t i = 0; i < kVectorsSize; i++)
            image[kVectors + i] = static_cast<uint8_t>(i * 7 + 1);
        EXPECT_EQ(0, hal_user_fpu_set(user_, image, hal_user_fpu_size()));
        return r;
    }

    void expect_kept(const struct lx_user_regs &want)
    {
        struct lx_user_regs got = regs();
        uint8_t image[HAL_FPU_IMAGE_MAX];
        size_t wrong = 0;

        got.rcx = want.rcx; // these two are the call's
        got.r11 = want.r11;
        EXPECT_EQ(0, memcmp(&want.r15, &got.r15,
                            offsetof(struct lx_user_regs, orig_rax)));
        EXPECT_EQ(want.rip + sizeof(kCall), got.rip);
        EXPECT_EQ(want.rsp, got.rsp);
        EXPECT_EQ(want.eflags | 0x202, got.eflags & ~UINT64_C(0x10000));
        EXPECT_EQ(want.fs_base, got.fs_base);
        EXPECT_EQ(want.gs_base, got.gs_base);
        hal_user_fpu_get(user_, image);
        for (size_t i = 0; i < kVectorsSize; i++)
            wrong += image[kVectors + i] != static_cast<uint8_t>(i * 7 + 1);
        EXPECT_EQ(0u, wrong);
    }
};

TEST_F(WindowTest, NoKickIsLostOnTheWayIn)
{
    unsigned inside = 0;
    bool is_last = false;

    for (unsigned n = 0; !is_last && !HasFailure(); n++) {
        struct lx_user_regs want = fill();
        uint32_t before = engine()->order;
        Debugger debugger(engine()->tid, n);
        std::thread thread(std::ref(debugger));

        while (!__atomic_load_n(&debugger.ready, __ATOMIC_ACQUIRE))
            sched_yield();
        EXPECT_EQ(HAL_TRAP_CALL, run().kind);
        thread.join();
        ASSERT_TRUE(debugger.ok) << "step " << n << std::hex << debugger.at;
        EXPECT_EQ(2u, engine()->order - before) << "step " << n;
        expect_kept(want);
        inside += debugger.inside;
        is_last = !debugger.inside;
    }
    EXPECT_GT(inside, 30u);
}

} // namespace
