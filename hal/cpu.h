/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/cpu.h - the CPUs of the machine.
 *
 * CPUs have numbers 0 .. hal_cpu_count()-1; 0 is the one that boots.
 */
#ifndef HAL_CPU_H
#define HAL_CPU_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* How many CPUs the machine offers; at least 1, constant. */
unsigned hal_cpu_count(void);

/* The CPU this runs on. Only of use while the caller cannot move. */
unsigned hal_cpu_self(void);

/*
 * Starts CPU cpu, which calls core_cpu_main(cpu) with interrupts off on a
 * stack of its own. Returns 0, -EINVAL for a number out of range or a CPU that
 * runs, -EIO when it did not answer, -ENOMEM. May sleep; CPU 0 calls it.
 */
HAL_MUST_USE int hal_cpu_start(unsigned cpu);

/* One pointer per CPU, for core's per-CPU data; NULL until set. */
void hal_cpu_set_local(void *local);
void *hal_cpu_local(void);

/*
 * Waits until an interrupt may have arrived. Called with interrupts off;
 * enables them and waits in one step, so that one that came just before is not
 * slept through. Returns with interrupts on, after their handlers have run.
 */
void hal_cpu_idle(void);

/* Makes core_kick() run on that CPU (it may be this one) in interrupt context,
 * soon. Several kicks may become one; none is lost. */
void hal_cpu_kick(unsigned cpu);

/* In a loop that waits for another CPU: lets it run. Takes interrupts where
 * they are enabled; hosted yields its host core after a bounded spin. */
void hal_cpu_relax(void);

/* Stops this CPU for good, interrupts off. For panic. */
HAL_NORETURN void hal_cpu_halt(void);

enum { HAL_BACKTRACE_MAX = 32 };

/*
 * Return addresses of the callers, innermost first, as integers; at most max.
 * Never faults, whatever the stack looks like. Returns how many.
 */
size_t hal_backtrace(uint64_t *pc, size_t max);

/*
 * The name of the function that pc lies in and the distance from its start;
 * false when it is not known. name stays valid.
 */
bool hal_symbol(uint64_t pc, const char **name, uint64_t *offset);

HAL_DECLS_END

#endif /* HAL_CPU_H */
