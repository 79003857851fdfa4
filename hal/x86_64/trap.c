/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/trap.c - what the interrupt stubs call in kernel mode.
 *
 * An exception of kernel code is expected at the places listed in .extable
 * (user copies, XRSTOR) and goes on at the fix-up; anywhere else it is a bug
 * and panics with the registers.
 */
#include "core/base/defs.h"
#include "core/base/log.h"
#include "core/base/panic.h"
#include "hal/cpu.h"
#include "hal/mmu.h"
#include "hal/upcall.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/entry.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/lines.h"
#include "hal/x86_64/shoot.h"
#include "hal/x86_64/smp.h"
#include "hal/x86_64/user.h"

enum {
    VECTOR_DB = 1,
    VECTOR_NMI = 2,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
    VECTOR_DF = 8,
    VECTOR_PF = 14,
    VECTOR_MC = 18
};

/* An interrupt gate: SDM volume 3, 6.14.1. */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

enum { GATE_KERNEL = 0x8e, GATE_USER = 0xee };

static struct gate idt[256] __attribute__((aligned(16)));

/* Addresses relative to the field itself; made by extable.h. */
struct fixup {
    int32_t site;
    int32_t target;
};

extern const struct fixup extable_start[], extable_end[];

static const char *name_of(uint64_t vector)
{
    static const char *const names[] = {
        "divide error",
        "debug",
        "NMI",
        "breakpoint",
        "overflow",
        "bound range",
        "invalid opcode",
        "device not available",
        "double fault",
        "coprocessor overrun",
        "invalid TSS",
        "segment not present",
        "stack fault",
        "general protection",
        "page fault",
        "reserved",
        "x87 floating point",
        "alignment check",
        "machine check",
        "SIMD floating point",
        "virtualisation",
        "control protection",
    };

    return vector < COUNT_OF(names) ? names[vector] : "exception";
}

static uint64_t fixup_of(uint64_t rip)
{
    for (const struct fixup *f = extable_start; f < extable_end; f++) {
        uint64_t site = (uint64_t)&f->site + (uint64_t)(int64_t)f->site;

        if (site == rip)
            return (uint64_t)&f->target + (uint64_t)(int64_t)f->target;
    }
    return 0;
}

static void print_frame(const struct trap_frame *f)
{
    log_print(LOG_EMERG, "rip %016lx rsp %016lx rflags %08lx cs %lx ss %lx",
              f->rip, f->rsp, f->rflags, f->cs, f->ss);
    log_print(LOG_EMERG, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax,
              f->rbx, f->rcx, f->rdx);
    log_print(LOG_EMERG, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx", f->rsi,
              f->rdi, f->rbp, f->r8);
    log_print(LOG_EMERG, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx", f->r9,
              f->r10, f->r11, f->r12);
    log_print(LOG_EMERG, "r13 %016lx r14 %016lx r15 %016lx cr2 %016lx", f->r13,
              f->r14, f->r15, read_cr2());
}

void trap_kernel(uint64_t vector, struct trap_frame *frame)
{
    uint64_t cr2 = read_cr2();
    uint64_t target = fixup_of(frame->rip);

    /* A user copy that faults on its kernel side is a bug like any other. */
    if (target != 0 && (vector != VECTOR_PF || cr2 < HAL_USER_TOP)) {
        frame->rip = target;
        return;
    }
    print_frame(frame);
    if (vector == VECTOR_PF)
        panic("page fault in the kernel at %lx, error %lx", cr2, frame->error);
    panic("%s in the kernel, error %lx", name_of(vector), frame->error);
}

void trap_ist(uint64_t vector, struct trap_frame *frame)
{
    if (vector == VECTOR_NMI) {
        smp_stop_here();
        return; /* nothing else here asks for one */
    }
    if (vector == VECTOR_DB) {
        /* User code cannot arm a breakpoint that hits the kernel, but a
         * single step may end on the first instruction of an entry. */
        write_dr6(0xffff0ff0);
        frame->rflags &= ~(uint64_t)RFLAGS_TF;
        return;
    }
    print_frame(frame);
    if (vector == VECTOR_DF && kmap_is_stack_guard(frame->rsp))
        panic("kernel stack overflow");
    panic("%s", name_of(vector));
}

void trap_interrupt(uint64_t vector)
{
    if (vector == VECTOR_TIMER) {
        apic_end();
        clock_interrupt();
    } else if (vector == VECTOR_KICK) {
        apic_end();
        core_kick();
    } else if (vector == VECTOR_SHOOT) {
        apic_end();
        shoot_interrupt();
    } else if (vector == VECTOR_NUDGE) {
        apic_end(); /* the way back to user mode looks at what it is for */
    } else if (vector != VECTOR_SPURIOUS) {
        lines_interrupt((unsigned)vector);
    }
}

bool trap_user_interrupt(uint64_t vector)
{
    trap_interrupt(vector);
    return user_is_interrupted(cpu_block()->live);
}

static void set_gate(unsigned vector, unsigned type, unsigned ist)
{
    uint64_t entry = (uint64_t)entry_stubs + vector * ENTRY_STUB_SIZE;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)entry,
        .selector = SEL_KERNEL_CODE,
        .ist = (uint8_t)ist,
        .type = (uint8_t)type,
        .offset_middle = (uint16_t)(entry >> 16),
        .offset_high = (uint32_t)(entry >> 32),
    };
}

void trap_load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) idtr = {sizeof(idt) - 1, (uint64_t)idt};

    __asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

void trap_setup(void)
{
    for (unsigned vector = 0; vector < COUNT_OF(idt); vector++)
        set_gate(vector, GATE_KERNEL, 0);
    set_gate(VECTOR_NMI, GATE_KERNEL, IST_NMI);
    set_gate(VECTOR_DB, GATE_KERNEL, IST_DEBUG);
    set_gate(VECTOR_DF, GATE_KERNEL, IST_DOUBLE);
    set_gate(VECTOR_MC, GATE_KERNEL, IST_MACHINE);
    set_gate(VECTOR_BP, GATE_USER, 0);
    set_gate(VECTOR_OF, GATE_USER, 0);
    set_gate(VECTOR_INT80, GATE_USER, 0);
}
