/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/cpu.c - hal/cpu.h, and setting a processor up.
 */
#include "hal/x86_64/cpu.h"

#include "core/base/defs.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/common/ptable.h"
#include "hal/context.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/context.h"
#include "hal/x86_64/entry.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"

_Static_assert(offsetof(struct cpu_block, self) == CPU_SELF, "layout.h");
_Static_assert(offsetof(struct cpu_block, scratch) == CPU_SCRATCH, "layout.h");
_Static_assert(offsetof(struct cpu_block, user_top) == CPU_USER_TOP,
               "layout.h");
_Static_assert(offsetof(struct cpu_block, run_sp) == CPU_RUN_SP, "layout.h");
_Static_assert(offsetof(struct cpu_block, local) == CPU_LOCAL, "layout.h");
_Static_assert(offsetof(struct cpu_block, vector) == CPU_VECTOR, "layout.h");

#define CR0_MP             (UINT64_C(1) << 1)
#define CR0_EM             (UINT64_C(1) << 2)
#define CR0_TS             (UINT64_C(1) << 3)
#define CR0_NE             (UINT64_C(1) << 5)
#define CR0_WP             (UINT64_C(1) << 16)
#define CR0_AM             (UINT64_C(1) << 18)

#define CR4_MCE            (UINT64_C(1) << 6)
#define CR4_OSFXSR         (UINT64_C(1) << 9)
#define CR4_OSXMMEXCPT     (UINT64_C(1) << 10)
#define CR4_UMIP           (UINT64_C(1) << 11)
#define CR4_FSGSBASE       (UINT64_C(1) << 16)
#define CR4_OSXSAVE        (UINT64_C(1) << 18)
#define CR4_SMEP           (UINT64_C(1) << 20)
#define CR4_SMAP           (UINT64_C(1) << 21)

/* Segment descriptors: SDM volume 3, 3.4.5. */
#define DESC_CODE64_KERNEL UINT64_C(0x00af9b000000ffff)
#define DESC_DATA_KERNEL   UINT64_C(0x00cf93000000ffff)
#define DESC_DATA_USER     UINT64_C(0x00cff3000000ffff)
#define DESC_CODE64_USER   UINT64_C(0x00affb000000ffff)
#define DESC_TSS           UINT64_C(0x0000890000000000)

enum { IST_STACK_PAGES = 2, IST_HEAD = 16 };

struct cpu_features cpu_features;
struct cpu_block *cpu_blocks[HAL_CPUS_MAX];

static struct cpu_block boot_block __attribute__((aligned(64)));
static uint64_t running; /* atomic */

static bool bit(uint32_t word, unsigned index)
{
    return (word >> index & 1) != 0;
}

const char *cpu_probe(void)
{
    struct cpu_features *f = &cpu_features;
    struct cpuid one = read_cpuid(1, 0);
    struct cpuid ext = read_cpuid(0x80000001, 0);
    struct cpuid seven = {0};

    if (read_cpuid(0, 0).eax >= 7)
        seven = read_cpuid(7, 0);
    f->pge = bit(one.edx, 13);
    f->mce = bit(one.edx, 7);
    f->rdrand = bit(one.ecx, 30);
    f->hypervisor = bit(one.ecx, 31);
    f->smep = bit(seven.ebx, 7);
    f->rdseed = bit(seven.ebx, 18);
    f->smap = bit(seven.ebx, 20);
    f->umip = bit(seven.ecx, 2);
    f->large_1g = bit(ext.edx, 26);
    f->rdtscp = bit(ext.edx, 27);

    if (!bit(ext.edx, 29))
        return "long mode";
    if (!bit(ext.edx, 20))
        return "NX";
    if (!bit(ext.edx, 11))
        return "SYSCALL";
    if (!bit(seven.ebx, 0))
        return "FSGSBASE";
    if (!bit(one.ecx, 26))
        return "XSAVE";
    if (!bit(one.edx, 9) || !bit(one.edx, 16))
        return "a local APIC and PAT";
    f->xsaveopt = bit(read_cpuid(0xd, 1).eax, 0);
    return NULL;
}

static void load_gdt(struct cpu_block *block)
{
    uint64_t base = (uint64_t)&block->tss;
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed))
    gdtr = {sizeof(block->gdt) - 1, (uint64_t)block->gdt};

    block->gdt[SEL_KERNEL_CODE / 8] = DESC_CODE64_KERNEL;
    block->gdt[SEL_KERNEL_DATA / 8] = DESC_DATA_KERNEL;
    block->gdt[SEL_USER_DATA / 8] = DESC_DATA_USER;
    block->gdt[SEL_USER_CODE / 8] = DESC_CODE64_USER;
    block->gdt[SEL_TSS / 8] = DESC_TSS | (sizeof(block->tss) - 1) |
                              (base & 0xffffff) << 16 |
                              (base >> 24 & 0xff) << 56;
    block->gdt[SEL_TSS / 8 + 1] = base >> 32;
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%ss\n\t"
                     "movl %3, %%ds\n\t"
                     "movl %3, %%es\n\t"
                     "movl %3, %%fs\n\t"
                     "movl %3, %%gs\n\t"
                     "lldt %w3\n\t"
                     "ltr %w4"
                     :
                     : "m"(gdtr), "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA),
                       "r"(0), "r"(SEL_TSS)
                     : "rax", "memory");
}

static void set_control_registers(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t cr0 = read_cr0();
    uint64_t cr4 = read_cr4();

    cr0 &= ~(CR0_EM | CR0_TS);
    cr0 |= CR0_MP | CR0_NE | CR0_WP | CR0_AM;
    write_cr0(cr0);

    cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;
    cr4 |= f->mce ? CR4_MCE : 0;
    cr4 |= f->pge ? CR4_PGE : 0;
    cr4 |= f->umip ? CR4_UMIP : 0;
    cr4 |= f->smep ? CR4_SMEP : 0;
    cr4 |= f->smap ? CR4_SMAP : 0;
    write_cr4(cr4);
}

static void set_syscall_entry(void)
{
    write_msr(MSR_STAR,
              (uint64_t)SEL_USER_STAR << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
    write_msr(MSR_LSTAR, (uint64_t)entry_syscall);
    /* What user code may set and the kernel must not run with. */
    write_msr(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
                              RFLAGS_NT | RFLAGS_RF | RFLAGS_AC);
}

void cpu_claim_block(void)
{
    cpu_block_init(&boot_block, 0, 0);
    boot_block.state = CPU_RUNS;
    cpu_publish(&boot_block);
    write_msr(MSR_GS_BASE, (uint64_t)&boot_block);
}

void cpu_block_init(struct cpu_block *block, unsigned number, uint32_t apic_id)
{
    mem_set(block, 0, sizeof(*block));
    block->self = block;
    block->number = number;
    block->apic_id = apic_id;
    block->deadline = HAL_CLOCK_NEVER;
    block->tss.io_map = sizeof(block->tss);
}

int cpu_stack_create(struct cpu_block *block, unsigned index)
{
    uint64_t top;
    int error;

    if (index == CPU_BOOT_STACK) {
        error = kmap_stack_create(KMAP_STACK_PAGES, &top);
        if (error == 0)
            context_boot_setup(block, top);
        return error;
    }
    error = kmap_stack_create(IST_STACK_PAGES, &top);
    if (error != 0)
        return error;
    /* entry.S finds the block above what the processor pushes. */
    top -= IST_HEAD;
    *(uint64_t *)top = (uint64_t)block;
    block->tss.ist[index] = top;
    return 0;
}

void cpu_stack_destroy(struct cpu_block *block, unsigned index)
{
    if (index == CPU_BOOT_STACK)
        hal_context_destroy(block->boot_context);
    else
        kmap_stack_destroy(block->tss.ist[index] + IST_HEAD, IST_STACK_PAGES);
}

void cpu_publish(struct cpu_block *block)
{
    __atomic_store_n(&cpu_blocks[block->number], block, __ATOMIC_RELEASE);
    (void)__atomic_fetch_or(&running, UINT64_C(1) << block->number,
                            __ATOMIC_SEQ_CST);
}

uint64_t cpu_running(void)
{
    return __atomic_load_n(&running, __ATOMIC_SEQ_CST);
}

void cpu_setup(struct cpu_block *block)
{
    load_gdt(block);
    write_msr(MSR_GS_BASE, (uint64_t)block);
    write_msr(MSR_KERNEL_GS_BASE, 0);
    write_msr(MSR_PAT, PTABLE_PAT);
    set_control_registers();
    set_syscall_entry();
    if (cpu_features.rdtscp)
        write_msr(MSR_TSC_AUX, block->number); /* for user code */
}

void cpu_log_exposure(void)
{
    const struct cpu_features *f = &cpu_features;
    uint64_t caps = 0;

    if (read_cpuid(0, 0).eax >= 7 && bit(read_cpuid(7, 0).edx, 29))
        caps = read_msr(MSR_ARCH_CAPS);
    log_debug("x86_64: smep %d smap %d umip %d; kernel tables stay mapped in "
              "user mode (no KPTI): meltdown %s",
              f->smep, f->smap, f->umip,
              (caps & 1) ? "not possible" : "possible on affected models");
}

unsigned hal_cpu_self(void)
{
    return cpu_block()->number;
}

void hal_cpu_set_local(void *local)
{
    cpu_block()->local = local;
}

void *hal_cpu_local(void)
{
    void *local;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(local) : "i"(CPU_LOCAL));
    return local;
}

void hal_cpu_idle(void)
{
    /* sti takes effect after the next instruction, so nothing comes between
     * (SDM volume 2, STI). */
    __asm__ volatile("sti\n\thlt" : : : "memory");
}

void hal_cpu_kick(unsigned cpu)
{
    unsigned saved = hal_irq_save();

    if (cpu == hal_cpu_self()) {
        apic_kick_self(VECTOR_KICK);
    } else {
        ASSERT(cpu < HAL_CPUS_MAX && cpu_block_of(cpu) != NULL);
        apic_send(cpu_block_of(cpu)->apic_id, VECTOR_KICK);
    }
    hal_irq_restore(saved);
}

void hal_cpu_relax(void)
{
    pause_cpu();
}

void hal_cpu_halt(void)
{
    for (;;)
        __asm__ volatile("cli\n\thlt" : : : "memory");
}

unsigned hal_irq_save(void)
{
    uint64_t flags = read_rflags();

    interrupts_off();
    return (flags & RFLAGS_IF) ? 1 : 0;
}

void hal_irq_restore(unsigned saved)
{
    if (saved)
        interrupts_on();
}

void hal_irq_disable(void)
{
    interrupts_off();
}

void hal_irq_enable(void)
{
    interrupts_on();
}

bool hal_irq_are_off(void)
{
    return (read_rflags() & RFLAGS_IF) == 0;
}
