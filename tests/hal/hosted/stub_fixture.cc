// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/hosted/stub_fixture.cc - contract in stub_fixture.h.
#include "tests/hal/hosted/stub_fixture.h"

#include "core/base/string.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "hal/cpu.h"
#include "hal/hosted/engine.h"
#include "hal/irq.h"

void StubTest::SetUp()
{
    ASSERT_EQ(0, hal_user_create(&user_));
}

void StubTest::TearDown()
{
    hal_user_destroy(user_);
    close();
}

void StubTest::map(uaddr_t at, const struct page *page, unsigned rights)
{
    struct hal_range range = {at, 1};
    struct hal_tables tables;

    ASSERT_EQ(0, hal_mmu_reserve(&tables, range));
    hal_mmu_map(mmu_, range, page_addr(page), rights, HAL_NORMAL, &tables);
    hal_mmu_unreserve(&tables);
}

void StubTest::unmap(uaddr_t at, size_t count)
{
    struct hal_gather gather = {};

    gather.mmu = mmu_;
    hal_mmu_unmap(&gather, {at, count});
    hal_mmu_flush(&gather);
}

void StubTest::open(const void *code, size_t size)
{
    ASSERT_EQ(0, hal_mmu_create(&mmu_));
    code_ = page_alloc(0, MEM_WAIT | MEM_ZERO, nullptr);
    data_ = page_alloc(0, MEM_WAIT | MEM_ZERO, nullptr);
    ASSERT_NE(nullptr, code_);
    ASSERT_NE(nullptr, data_);
    ASSERT_LE(size, static_cast<size_t>(PAGE_SIZE));
    mem_copy(page_data(code_), code, size);
    map(kCode, code_, HAL_READ | HAL_EXEC);
    map(kData, data_, HAL_READ | HAL_WRITE);
    thread_set_mmu(mmu_);
}

void StubTest::close()
{
    if (mmu_ == nullptr)
        return;
    unmap(0, HAL_USER_TOP / PAGE_SIZE);
    thread_set_mmu(nullptr);
    hal_mmu_destroy(mmu_);
    page_put(code_);
    page_put(data_);
    mmu_ = nullptr;
}

struct hal_trap StubTest::run()
{
    struct hal_trap trap;

    hal_irq_disable();
    hal_user_run(user_, &trap);
    return trap;
}

void StubTest::start(uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
    struct lx_user_regs r;

    hal_user_reset(user_, kCode, kData + PAGE_SIZE);
    hal_user_get(user_, &r);
    r.rdi = rdi;
    r.rsi = rsi;
    r.rdx = rdx;
    ASSERT_EQ(0, hal_user_set(user_, &r));
}

struct lx_user_regs StubTest::regs()
{
    struct lx_user_regs r;

    hal_user_get(user_, &r);
    return r;
}

uint8_t *StubTest::data()
{
    return static_cast<uint8_t *>(page_data(data_));
}

int StubTest::stub_pid()
{
    return mmu_->engines[0].host->pid;
}

struct host_engine *StubTest::engine()
{
    return mmu_->engines[hal_cpu_count() == 1 ? 0 : 1].host;
}
