/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/extable.h - instructions that may fault, and where to go on.
 *
 * For inline assembly; labels are local numeric ones as seen from the place of
 * the macro, which comes last in the template.
 */
#ifndef HAL_X86_64_EXTABLE_H
#define HAL_X86_64_EXTABLE_H

#define EXTABLE_STR2(x) #x
#define EXTABLE_STR(x)  EXTABLE_STR2(x)

/* A fault at site goes on at target. */
#define EXTABLE(site, target) \
    ".pushsection .extable, \"a\"\n\t" \
    ".balign 4\n\t" \
    ".long " EXTABLE_STR(site) " - .\n\t" \
                               ".long " EXTABLE_STR(target) " - .\n\t" \
                                                            ".popsection\n\t"

/* A fault at site puts value into the 32-bit operand reg, given as "%0", and
 * goes on at next. */
#define EXTABLE_SET(site, next, reg, value) \
    ".pushsection .text.fixup, \"ax\"\n" \
    "77:\tmovl $" EXTABLE_STR( \
        value) ", " reg "\n\t" \
               "jmp " EXTABLE_STR(next) "\n\t" \
                                        ".popsection\n\t" EXTABLE(site, 77b)

/* Where the CPU has SMAP, the boot code puts STAC or CLAC in the place of a nop
 * of that length (SDM volume 3, 4.6.1). */
#define PATCHED_NOP(list) \
    "7700:\t.byte 0x0f, 0x1f, 0x00\n\t" \
    ".pushsection " list ", \"a\"\n\t" \
    ".quad 7700b\n\t" \
    ".popsection\n\t"
#define STAC_OR_NOP PATCHED_NOP(".patch_stac")
#define CLAC_OR_NOP PATCHED_NOP(".patch_clac")

#endif /* HAL_X86_64_EXTABLE_H */
