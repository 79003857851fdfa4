// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/hosted/stub_test.cc - stubs that die or lie, the host's mappings as
// a TLB, and single steps: what hal/user.h and hal/mmu.h do not show, and
// hal/hosted promises all the same.
#include <signal.h>
#include <unistd.h>

#include <thread>

#include <gtest/gtest.h>

#include "core/mem/page.h"
#include "hal/hosted/engine.h"
#include "hal/hosted/user_state.h"
#include "tests/hal/hosted/stub_fixture.h"
#include "tests/support/harness.h"

namespace {

enum { VECTOR_DB = 1, VECTOR_UD = 6, VECTOR_MC = 18 };

constexpr uint64_t kWindow = 16; // pages mapped around one that faulted

const uint8_t kSpin[] = {0xeb, 0xfe};             // jmp .
const uint8_t kCall[] = {0x0f, 0x05, 0x0f, 0x0b}; // syscall; ud2

class StubsTest : public StubTest {
protected:
    void expect_machine_check()
    {
        struct hal_trap trap = run();

        EXPECT_EQ(HAL_TRAP_EXCEPTION, trap.kind);
        EXPECT_EQ(VECTOR_MC, trap.vector);
    }

    // A new address space runs a system call as if nothing had been.
    void expect_sane()
    {
        struct hal_trap trap;

        close();
        open(kCall, sizeof(kCall));
        start(1, 2, 3);
        trap = run();
        EXPECT_EQ(HAL_TRAP_CALL, trap.kind);
        EXPECT_EQ(1u, trap.args[0]);
    }

    void expect_ud()
    {
        struct hal_trap trap = run();

        EXPECT_EQ(HAL_TRAP_EXCEPTION, trap.kind);
        EXPECT_EQ(VECTOR_UD, trap.vector) << std::hex << regs().rip;
    }
};

TEST_F(StubsTest, ADeadStubEndsItsAddressSpaceOnly)
{
    open(kSpin, sizeof(kSpin));
    start();
    kill(stub_pid(), SIGKILL);
    expect_machine_check();
    expect_machine_check();
    expect_sane();
}

TEST_F(StubsTest, AStubThatDiesWhileItRunsIsNoticed)
{
    open(kSpin, sizeof(kSpin));
    start();
    std::thread killer([pid = stub_pid()] {
        usleep(20000);
        kill(pid, SIGKILL);
    });
    expect_machine_check();
    killer.join();
    expect_sane();
}

TEST_F(StubsTest, ASignalFromOutsideIsNoException)
{
    const uint8_t code[] = {
        0x48, 0xff, 0xcf, // 1: dec %rdi
        0x75, 0xfb,       // jnz 1b
        0x0f, 0x05        // syscall
    };

    open(code, sizeof(code));
    start(1000000000);
    std::thread sender([pid = stub_pid()] {
        for (int i = 0; i < 50; i++) {
            kill(pid, i % 2 == 0 ? SIGSEGV : SIGTRAP);
            usleep(1000);
        }
    });
    EXPECT_EQ(HAL_TRAP_CALL, run().kind);
    EXPECT_EQ(0u, regs().rdi);
    sender.join();
}

// User code can write to the control page. Whatever it writes, the kernel gets
// some trap and goes on.
TEST_F(StubsTest, AnyWordInTheControlPageMayLie)
{
    const uint8_t code[] = {
        0x48, 0x89, 0x37, // mov %rsi, (%rdi)
        0x0f, 0x05        // syscall
    };
    harness::Random random(2);
    uint64_t words = sizeof(struct stub_control) / sizeof(uint64_t);

    for (uint64_t i = 0; i < harness::steps(words); i++) {
        uint64_t value = random.below(3) == 0 ? random.next() : random.below(3);

        close();
        open(code, sizeof(code));
        start(STUB_BLOCKS + i * sizeof(uint64_t), value);
        (void)run();
    }
    expect_sane();
}

TEST_F(StubsTest, AWholeBlockMayBeOverwritten)
{
    const uint8_t code[] = {
        0x89, 0xd1, // mov %edx, %ecx
        0x89, 0xf0, // mov %esi, %eax
        0xf3, 0xaa, // rep stosb
        0x0f, 0x05, // syscall
        0xeb, 0xfc  // again
    };

    for (uint64_t byte : {0x00, 0x01, 0x55, 0xff}) {
        close();
        open(code, sizeof(code));
        start(STUB_BLOCKS, byte, STUB_BLOCK_SIZE);
        for (int i = 0; i < 3; i++)
            (void)run();
    }
    expect_sane();
}

TEST_F(StubsTest, TheVsyscallPageIsACall)
{
    const uint8_t code[] = {
        0x48, 0xc7, 0xc0, 0x00, 0x04, 0x60, 0xff, // mov $0x..ff600400, %rax
        0xff, 0xd0,                               // call *%rax
        0x0f, 0x0b                                // ud2
    };
    struct hal_trap trap;

    open(code, sizeof(code));
    start(77);
    trap = run();
    EXPECT_EQ(HAL_TRAP_CALL, trap.kind);
    EXPECT_EQ(HAL_CALL_VSYSCALL, trap.abi);
    EXPECT_EQ(201u, trap.number);
    EXPECT_EQ(77u, trap.args[0]);
    EXPECT_EQ(kCode + 9, regs().rip);
    EXPECT_EQ(kData + PAGE_SIZE, regs().rsp);
}

// Touches rsi pages from rdi on, rdx bytes apart.
const uint8_t kTouch[] = {
    0xfe, 0x07,       // 1: incb (%rdi)
    0x48, 0x01, 0xd7, // add %rdx, %rdi
    0x48, 0xff, 0xce, // dec %rsi
    0x75, 0xf6,       // jnz 1b
    0x0f, 0x0b        // ud2
};

class HostTlbTest : public StubsTest {
protected:
    static constexpr uaddr_t kArea = 0x10000000;

    // count pages, to the frames of run in turn.
    void map_area(uint64_t count, const struct page *frames, uint64_t turn)
    {
        struct hal_range range = {kArea, count};
        struct hal_tables tables;

        ASSERT_EQ(0, hal_mmu_reserve(&tables, range));
        for (uint64_t i = 0; i < count; i++)
            hal_mmu_map(mmu_, {kArea + i * PAGE_SIZE, 1},
                        page_addr(frames) + i % turn * PAGE_SIZE,
                        HAL_READ | HAL_WRITE, HAL_NORMAL, &tables);
        hal_mmu_unreserve(&tables);
    }
};

TEST_F(HostTlbTest, OneFaultBringsTheWindowAroundIt)
{
    struct page *frames = page_alloc(4, MEM_WAIT | MEM_ZERO, nullptr);
    uint32_t before;

    ASSERT_NE(nullptr, frames);
    open(kTouch, sizeof(kTouch));
    map_area(kWindow, frames, kWindow);
    start(kData, 1, 0);
    expect_ud(); // the code is mapped now
    start(kArea, kWindow, PAGE_SIZE);
    before = engine()->order;
    expect_ud();
    EXPECT_EQ(2u, engine()->order - before); // the first page, all the rest
    for (uint64_t i = 0; i < kWindow; i++)
        EXPECT_EQ(1, static_cast<uint8_t *>(page_data(frames))[i * PAGE_SIZE]);
    close();
    page_put(frames);
}

// Every page is a host mapping of its own here. Before the host's limit, all
// are forgotten; user code notices nothing.
TEST_F(HostTlbTest, TheHostIsNotAskedForTooManyMappings)
{
    constexpr uint64_t kPages = 70000;
    struct page *frames = page_alloc(1, MEM_WAIT | MEM_ZERO, nullptr);

    ASSERT_NE(nullptr, frames);
    open(kTouch, sizeof(kTouch));
    map_area(kPages, frames, 2);
    start(kArea, kPages / kWindow, kWindow * PAGE_SIZE);
    expect_ud();
    start(kArea, 1, 0);
    expect_ud();
    EXPECT_LT(mmu_->host_maps, 65530u);
    EXPECT_EQ((kPages / kWindow + 1) % 256,
              static_cast<uint8_t *>(page_data(frames))[0]);
    close();
    page_put(frames);
}

// What the host has is not mapped again beside a page that is new.
TEST_F(HostTlbTest, ANewPageCostsOneMapping)
{
    struct page *frames = page_alloc(4, MEM_WAIT | MEM_ZERO, nullptr);
    uint32_t before;

    ASSERT_NE(nullptr, frames);
    open(kTouch, sizeof(kTouch));
    for (uint64_t i = 0; i < kWindow; i += 2)
        map(kArea + i * PAGE_SIZE, frames + i, HAL_READ | HAL_WRITE);
    start(kArea, kWindow / 2, 2 * PAGE_SIZE);
    expect_ud();
    before = mmu_->host_maps;
    map(kArea + PAGE_SIZE, frames + 1, HAL_READ | HAL_WRITE);
    start(kArea, 2, PAGE_SIZE);
    expect_ud();
    EXPECT_EQ(2u, mmu_->host_maps - before); // counted as splitting one
    close();
    page_put(frames);
}

TEST_F(HostTlbTest, AStubThatIsUsedAgainHasNothingLeft)
{
    struct page *frames = page_alloc(0, MEM_WAIT | MEM_ZERO, nullptr);
    struct hal_trap trap;
    int pid;

    ASSERT_NE(nullptr, frames);
    open(kTouch, sizeof(kTouch));
    pid = stub_pid();
    map_area(1, frames, 1);
    start(kArea, 1, 0);
    expect_ud();
    close();
    open(kTouch, sizeof(kTouch));
    EXPECT_EQ(pid, stub_pid());
    start(kArea, 1, 0);
    trap = run();
    EXPECT_EQ(HAL_TRAP_FAULT, trap.kind);
    EXPECT_EQ(kArea, trap.address);
    EXPECT_EQ(1, static_cast<uint8_t *>(page_data(frames))[0]);
    close();
    page_put(frames);
}

TEST_F(HostTlbTest, WhatIsTakenBackIsGoneAtOnce)
{
    struct page *frames = page_alloc(1, MEM_WAIT | MEM_ZERO, nullptr);
    struct hal_trap trap;

    ASSERT_NE(nullptr, frames);
    open(kTouch, sizeof(kTouch));
    for (int i = 0; i < 40; i++) {
        map_area(2, frames, 2);
        start(kArea, 2, PAGE_SIZE);
        expect_ud();
        unmap(kArea + PAGE_SIZE, 1);
        start(kArea, 2, PAGE_SIZE);
        trap = run();
        EXPECT_EQ(HAL_TRAP_FAULT, trap.kind);
        EXPECT_EQ(kArea + PAGE_SIZE, trap.address);
        EXPECT_EQ(HAL_FAULT_USER | HAL_FAULT_WRITE, trap.error);
        unmap(kArea, 2);
    }
    close();
    page_put(frames);
}

// Single steps, as a seed asks for them.
class StepTest : public StubsTest {
protected:
    // Runs code with a stop after so many steps; returns the rounds it took.
    uint32_t step(unsigned steps, struct hal_trap *trap)
    {
        uint32_t before;

        start();
        EXPECT_EQ(HAL_TRAP_CALL, run().kind); // the pages are there now
        start();
        user_->steps = steps;
        before = engine()->order;
        *trap = run();
        return engine()->order - before;
    }
};

TEST_F(StepTest, UserCodeSeesNoTraceFlag)
{
    const uint8_t code[] = {
        0x90,       // nop
        0x9c,       // pushfq
        0x66, 0x9c, // pushfw
        0x66, 0x58, // pop %ax
        0x5b,       // pop %rbx
        0x31, 0xc9, // xor %ecx, %ecx
        0x51, 0x9d, // push %rcx; popfq
        0x0f, 0x05  // syscall
    };
    struct hal_trap trap;

    open(code, sizeof(code));
    for (unsigned steps = 0; steps < 12; steps++) {
        uint32_t rounds = step(steps, &trap);

        EXPECT_EQ(HAL_TRAP_CALL, trap.kind) << steps;
        EXPECT_EQ(steps > 0 && steps <= 8 ? 2u : 1u, rounds) << steps;
        EXPECT_EQ(0u, regs().rax & USER_FLAG_TRACE) << steps;
        EXPECT_EQ(0u, regs().rbx & USER_FLAG_TRACE) << steps;
        EXPECT_EQ(0u, regs().r11 & USER_FLAG_TRACE) << steps;
        EXPECT_EQ(0u, regs().eflags & USER_FLAG_TRACE) << steps;
    }
}

TEST_F(StepTest, TheUsersOwnTraceFlagWorks)
{
    const uint8_t code[] = {
        0x48, 0x85, 0xff,             // test %rdi, %rdi
        0x74, 0x0d,                   // jz the call
        0x9c,                         // pushfq
        0x81, 0x0c, 0x24, 0, 1, 0, 0, // orl $0x100, (%rsp)
        0x9d,                         // popfq
        0x90, 0x90, 0x90,             // nop: the trap comes after the first
        0x90, 0x0f, 0x05              // syscall
    };
    struct hal_trap trap;

    open(code, sizeof(code));
    for (unsigned steps = 0; steps < 12; steps++) {
        step(0, &trap);
        start(1);
        user_->steps = steps;
        trap = run();
        EXPECT_EQ(HAL_TRAP_EXCEPTION, trap.kind) << steps;
        EXPECT_EQ(VECTOR_DB, trap.vector) << steps;
        EXPECT_EQ(kCode + 15, regs().rip) << steps;
        EXPECT_NE(0u, regs().eflags & USER_FLAG_TRACE) << steps;
    }
}

} // namespace
