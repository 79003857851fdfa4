/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/arch.c - arch_prctl(2), and that the bases hold.
 */
#include "core/abi/prctl.h"
#include "tests/guest/guest.h"

static uint64_t words[4] = {0, 11, 22, 33};

static uint64_t load_fs(uint64_t offset)
{
    uint64_t value;

    __asm__ volatile("mov %%fs:(%1), %0" : "=r"(value) : "r"(offset));
    return value;
}

static uint64_t load_gs(uint64_t offset)
{
    uint64_t value;

    __asm__ volatile("mov %%gs:(%1), %0" : "=r"(value) : "r"(offset));
    return value;
}

static void use_gs(void)
{
    uint64_t base = 1;

    EXPECT(0, arch_prctl, LX_ARCH_GET_GS, &base);
    CHECK(base == 0);
    EXPECT(0, arch_prctl, LX_ARCH_SET_GS, words);
    CHECK(load_gs(8) == 11 && load_gs(24) == 33);
    EXPECT(0, arch_prctl, LX_ARCH_GET_GS, &base);
    CHECK(base == (uintptr_t)words);
    EXPECT(-EPERM, arch_prctl, LX_ARCH_SET_GS, KERNEL_ADDRESS);
    EXPECT(-EPERM, arch_prctl, LX_ARCH_SET_GS, BAD_ADDRESS);
    EXPECT(-EPERM, arch_prctl, LX_ARCH_SET_GS, -1);
    CHECK(load_gs(16) == 22);
    EXPECT(0, arch_prctl, LX_ARCH_SET_GS, 0);
}

/* The C library's thread pointer makes room and comes back. */
static void use_fs(void)
{
    uint64_t own = 0, base = 0, seen;
    long set, got;

    EXPECT(0, arch_prctl, LX_ARCH_GET_FS, &own);
    CHECK(own != 0 && load_fs(0) == own);
    set = CALL(arch_prctl, LX_ARCH_SET_FS, words);
    seen = load_fs(16);
    got = CALL(arch_prctl, LX_ARCH_GET_FS, &base);
    CALL(arch_prctl, LX_ARCH_SET_FS, own);
    CHECK(set == 0 && got == 0);
    CHECK(seen == 22 && base == (uintptr_t)words);
    CHECK(load_fs(0) == own);
    EXPECT(-EPERM, arch_prctl, LX_ARCH_SET_FS, KERNEL_ADDRESS);
    EXPECT(-EPERM, arch_prctl, LX_ARCH_SET_FS, BAD_ADDRESS);
    CHECK(load_fs(0) == own);
}

static void be_wrong(void)
{
    EXPECT(1, arch_prctl, LX_ARCH_GET_CPUID, 0);
    EXPECT(-EFAULT, arch_prctl, LX_ARCH_GET_FS, NULL);
    EXPECT(-EFAULT, arch_prctl, LX_ARCH_GET_GS, KERNEL_ADDRESS);
    EXPECT(-EFAULT, arch_prctl, LX_ARCH_GET_FS, get_border());
    EXPECT(-EINVAL, arch_prctl, 0, words);
    EXPECT(-EINVAL, arch_prctl, 0x7777, words);
    EXPECT(-EINVAL, arch_prctl, -1, words);
}

int main(void)
{
    use_gs();
    use_fs();
    be_wrong();
    return finish();
}
