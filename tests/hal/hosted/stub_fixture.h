// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/hosted/stub_fixture.h - an address space with one page of code and
// one of data, and a user thread in it.
#ifndef TESTS_HAL_HOSTED_STUB_FIXTURE_H
#define TESTS_HAL_HOSTED_STUB_FIXTURE_H

#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include "core/abi/ptrace.h"
#include "hal/mmu.h"
#include "hal/user.h"

struct host_engine;
struct page;

class StubTest : public testing::Test {
protected:
    static constexpr uaddr_t kCode = 0x400000;
    static constexpr uaddr_t kData = 0x500000;

    void SetUp() override;
    void TearDown() override;

    // A new address space, with this code in it, made the thread's.
    void open(const void *code, size_t size);
    void close();

    void map(uaddr_t at, const struct page *page, unsigned rights);
    void unmap(uaddr_t at, size_t count);

    // Runs user_ until it traps.
    struct hal_trap run();

    // Sets user_ to start at kCode with rdi, rsi, rdx.
    void start(uint64_t rdi = 0, uint64_t rsi = 0, uint64_t rdx = 0);
    struct lx_user_regs regs();

    uint8_t *data();

    // The host process of the address space.
    int stub_pid();

    // CPU 0's thread in it; known once it has run.
    struct host_engine *engine();

    struct hal_mmu *mmu_ = nullptr;
    struct hal_user *user_ = nullptr;
    struct page *code_ = nullptr;
    struct page *data_ = nullptr;
};

#endif // TESTS_HAL_HOSTED_STUB_FIXTURE_H
