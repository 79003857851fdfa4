/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/hal/hosted/storm_layout.h - where the user code of storm_code.S finds
 * its data; the assembler reads it too.
 */
#ifndef TESTS_HAL_HOSTED_STORM_LAYOUT_H
#define TESTS_HAL_HOSTED_STORM_LAYOUT_H

#define STORM_CODE      0x400000
#define STORM_DATA      0x500000
#define STORM_FRAME     64     /* of each thread in the data page, bytes */
#define STORM_MXCSR     0x9f80 /* flush to zero is on */
#define STORM_DIRECTION 0x400
#define STORM_FLAGS     0x4500 /* NT DF TF */

#endif /* TESTS_HAL_HOSTED_STORM_LAYOUT_H */
